"""From tables, figures, callbacks, schedules, optimizers and estimators to their descriptions, as far as students hand them in by themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograder.common.i18n import _
from autograder.common.wire.description import (
    MAX_CALLBACKS,
    SHOWN_AXES,
    SHOWN_COLUMNS,
    SMALL_ARRAY,
    AxesDescription,
    Component,
    FigureDescription,
    ObjectDescription,
    Sort,
    TableDescription,
)
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_compile import describe_optimizer
from autograder.kernel.describing.plain import component_of_config, plain, text, unheard

_SORTS: dict[str, Sort] = {"b": "boolean", "i": "integer", "u": "integer", "f": "float", "M": "time", "m": "time"}


@unheard
def describe_thing(value: Any) -> TableDescription | FigureDescription | ObjectDescription | None:
    """What `value` is where it is such a thing; None for everything else, and for what can't be looked into."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    look: Callable[[Any], Any] | None = _LOOKS.get(library)
    try:
        return look(value) if look else None
    except Exception:  # an object that was taken apart, or a class that only says it is of the library
        return None


# ---- pandas


def _table(value: Any) -> TableDescription | None:
    if type(value).__name__ != "DataFrame" or len(value.columns) > SHOWN_COLUMNS:
        return None
    names = [text(name) for name in value.columns]
    series = [value.iloc[:, at] for at in range(len(names))]
    small = sum(one.to_numpy().nbytes for one in series) <= SMALL_ARRAY
    values = {name: describe(one.to_numpy()) for name, one in zip(names, series, strict=True)} if small else {}
    return TableDescription(
        rows=len(value),
        columns={name: _sort(one) for name, one in zip(names, series, strict=True)},
        values={name: one for name, one in values.items() if one.kind in ("array", "list")},
        whole=describe(value),
    )


def _sort(series: Any) -> Sort:
    kind = getattr(series.dtype, "kind", "O")
    if kind == "O":  # texts, in older versions of pandas
        return "text" if all(isinstance(item, str) for item in series.iloc[:1000]) else "other"
    return _SORTS.get(kind, "text" if str(series.dtype).startswith(("str", "string")) else "other")


# ---- matplotlib


def _figure(value: Any) -> FigureDescription | None:
    axes = getattr(value, "axes", None)  # of a figure a list; of a line or bars where they are drawn
    drawn: Iterable[Any] = (
        axes if isinstance(axes, (list, tuple)) else [value if hasattr(value, "get_xlabel") else axes]
    )
    shown = [one for one in drawn if hasattr(one, "get_xlabel") and one.get_label() != "<colorbar>"][:SHOWN_AXES]
    return FigureDescription(axes=tuple(map(_axes, shown))) if shown or isinstance(axes, list) else None


def _axes(one: Any) -> AxesDescription:
    lines = one.get_lines()
    legend = one.get_legend()
    titles = [title for where in ("center", "left", "right") if (title := one.get_title(loc=where).strip())]
    outer = getattr(one.figure, "_suptitle", None)
    return AxesDescription(
        title=text(titles[0] if titles else outer.get_text() if outer is not None else ""),
        xlabel=text(one.get_xlabel()), ylabel=text(one.get_ylabel()), xscale=text(one.get_xscale()), yscale=text(one.get_yscale()),
        lines=len(lines), points=min((len(line.get_xdata()) for line in lines), default=0), bars=len(one.patches),
        scatters=len(one.collections), images=len(one.get_images()),
        legend=tuple(text(entry.get_text()) for entry in legend.get_texts()[:50]) if legend is not None else (),
    )  # fmt: skip


# ---- Keras and scikit-learn


def _of_keras(value: Any) -> ObjectDescription | None:
    import keras

    made: Component | None = None
    if isinstance(value, keras.callbacks.Callback):
        made = _callback(value)
    elif isinstance(value, keras.optimizers.Optimizer):
        made = describe_optimizer(value)
    elif isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        made = component_of_config(keras.optimizers.schedules.serialize(value))
    return ObjectDescription(library="keras", made=made) if made is not None else None


@unheard
def describe_callbacks(given: Any) -> tuple[Component, ...]:
    """What ``fit`` got as callbacks; those of a class of the notebook's own by the class of Keras below it."""
    import keras

    every = given.callbacks if isinstance(given, keras.callbacks.CallbackList) else given
    own = [one for one in keras.tree.flatten(every) if isinstance(one, keras.callbacks.Callback)]
    return tuple(map(_callback, own[:MAX_CALLBACKS]))


def _callback(value: Any) -> Component:
    kind = next(one for one in type(value).__mro__ if one.__module__.startswith("keras."))
    custom = "" if kind is type(value) else _("{name} is not one of Keras's own", name=text(type(value).__name__))
    own = [name for name in inspect.signature(kind).parameters if name in vars(value)][:40]
    return Component(type=kind.__name__, settings={one: _setting(one, vars(value)[one]) for one in own}, custom=custom)


def _setting(name: str, value: Any) -> Any:
    value = abs(value) if name == "min_delta" else value  # EarlyStopping turns it round for what should fall
    found = plain(value)
    return found if not isinstance(found, tuple) else Component(type=str(found)[:200])


def _of_sklearn(value: Any) -> ObjectDescription | None:
    if isinstance(value, type) or not hasattr(value, "get_params"):
        return None
    return ObjectDescription(
        library="sklearn", made=_estimator(value), fitted=_learned(value),
    )  # fmt: skip


def _learned(value: Any) -> bool:
    """As scikit-learn says: what learns has attributes that end with _, and a pipeline has learned when its last step has."""
    from sklearn.utils.validation import check_is_fitted

    if getattr(value, "refit", False) and not hasattr(value, "best_estimator_"):
        return False  # a search whose fit ended with an error has attributes of that kind already
    try:
        check_is_fitted(value)
    except Exception:  # NotFittedError, and TypeError for what never learns
        return False
    return True


def _estimator(value: Any, depth: int = 0) -> Component:
    """Its parameters; the steps of a pipeline by their names."""
    parameters = dict(value.get_params(deep=False))
    steps = parameters.get("steps", parameters.get("transformers"))
    if isinstance(steps, list):
        parameters |= {str(step[0]): step[1] for step in steps}
    if hasattr(value, "best_estimator_"):  # what a search over settings found
        parameters = {"best_estimator_": value.best_estimator_, **parameters}
    if "cv" in parameters:
        parameters["cv"] = _folds(value, parameters["cv"])
    settings: dict[str, Any] = {}
    for name, one in list(parameters.items())[:40]:
        nested = hasattr(one, "get_params") and not isinstance(one, type) and depth < 3
        settings[text(name)] = _estimator(one, depth + 1) if nested else _setting("", one)
    return Component(type=type(value).__name__[:200], settings=settings)


def _folds(value: Any, cv: Any) -> Any:
    """Folds that aren't shuffled as their number, which scikit-learn takes for the same; to a search, None is 5 of them."""
    from sklearn.base import is_classifier
    from sklearn.model_selection import KFold, StratifiedKFold

    usual = StratifiedKFold if is_classifier(value) else KFold
    if cv is None and hasattr(value, "refit"):
        return 5
    return cv.n_splits if type(cv) is usual and not cv.shuffle else cv


_LOOKS: dict[str, Callable[[Any], Any]] = {
    "pandas": _table,
    "matplotlib": _figure,
    "keras": _of_keras,
    "sklearn": _of_sklearn,
}


def first_axes(value: Any) -> Any:
    """What ``plt.plot`` and ``plt.subplots`` return: of several drawn things, or an array of axes, the figure that they are in."""
    if isinstance(value, np.ndarray) and value.dtype == object and value.size:
        value = value.flat[0]
    elif isinstance(value, (list, tuple)) and value:
        value = value[0]
    else:
        return value
    of_matplotlib = type(value).__module__.partition(".")[0] == "matplotlib"
    return getattr(value, "figure", None) if of_matplotlib else None
