"""Writes autograder/common/keras_tables/keras_names.json: every name that the installed Keras takes, and what it stands for: ``make names``.

And class_names.json: the classes of Keras and scikit-learn whose objects a check can ask for, with the settings that they tell.

The grader's side never imports Keras to know these; a test compares the file with the Keras that is installed.
"""

from __future__ import annotations

import importlib
import inspect
import json
import math
import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file or imported by a test

from tools import setting_kinds

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
TABLES = Path(__file__).resolve().parent.parent / "autograder" / "common" / "keras_tables"
TARGET, CLASSES = TABLES / "keras_names.json", TABLES / "class_names.json"


def names() -> dict[str, Any]:
    """``aliases`` by kind, from each name to the canonical one; ``settings`` by kind and class, with their defaults.

    A setting is ``[default]``, or ``[]`` when it can't be left out.
    """
    import keras
    from keras.src import activations, initializers, losses, metrics, optimizers, regularizers
    from keras.src.utils.naming import to_snake_case

    own = {"losses": losses, "metrics": metrics, "optimizers": optimizers, "activations": activations,
           "initializers": initializers, "regularizers": regularizers}  # fmt: skip
    aliases = {kind: dict(module.ALL_OBJECTS_DICT) for kind, module in own.items()}
    # What can be given as an object or a function only, such as keras.optimizers.Lamb.
    for kind, known in aliases.items():
        for name, thing in vars(getattr(keras, kind)).items():
            if callable(thing) and name not in ("get", "serialize", "deserialize"):
                known.setdefault(name.lower() if kind == "optimizers" else name, thing)
    aliases["layers"] = _classes(keras.layers, keras.layers.Layer)
    canonical: dict[str, Callable[[Any], str]] = {
        "losses": lambda thing: _function_of(thing, "fn") or to_snake_case(thing.__name__),
        "metrics": lambda thing: _metric(thing, to_snake_case),
    }
    classes = {"layers": aliases["layers"], "optimizers": _classes(keras.optimizers, keras.optimizers.Optimizer)}
    return {
        "aliases": {
            kind: {name: canonical.get(kind, _name)(thing) for name, thing in sorted(known.items())}
            for kind, known in aliases.items()
        },
        "settings": {
            kind: {thing.__name__: _settings(thing) for _, thing in sorted(found.items())}
            for kind, found in classes.items()
        },
        "takes": {"layers": {name: setting_kinds.of_keras(thing) for name, thing in sorted(aliases["layers"].items())}},
    }


def _classes(module: Any, base: type) -> dict[str, type]:
    return {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, base) and thing is not base
    }


def _name(thing: Any) -> str:
    return str(thing.__name__)


def _function_of(thing: Any, attribute: str) -> str:
    """The name of the function that an object of this class calls, where it is one of Keras's."""
    if not inspect.isclass(thing):
        return ""
    try:
        return str(getattr(getattr(thing(), attribute, None), "__name__", ""))
    except TypeError:  # a class that can't be made without settings
        return ""


def _metric(thing: Any, to_snake_case: Callable[[str], str]) -> str:
    if not inspect.isclass(thing):
        return str(thing.__name__)
    own = _function_of(thing, "_fn")
    if thing.__name__ == "Accuracy":
        return "Accuracy"  # compares labels with the outputs themselves: not what the name `accuracy` stands for
    return own if own in (to_snake_case(thing.__name__), thing.__name__) else to_snake_case(thing.__name__)


def _settings(thing: Any) -> dict[str, Any]:
    """What a class can be made with, and the value of each when it is left out ("required": it can't be)."""
    found = {}
    for name, parameter in inspect.signature(thing.__init__).parameters.items():
        if name in ("self", "name", "dtype") or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        found[name] = [] if parameter.default is parameter.empty else [_plain(parameter.default)]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def text() -> str:
    """One line a kind of names, and one a class."""
    found = names()
    aliases = [f"{_json(kind)}: {_json(known)}" for kind, known in found["aliases"].items()]
    settings = [
        f"{_json(kind)}: {{\n" + ",\n".join(f"{_json(name)}: {_json(own)}" for name, own in classes.items()) + "\n}"
        for kind, classes in found["settings"].items()
    ]
    takes = [f"{_json(name)}: {_json(own)}" for name, own in found["takes"]["layers"].items()]
    return (
        '{"aliases": {\n' + ",\n".join(aliases) + '\n}, "settings": {\n' + ",\n".join(settings)
        + '\n}, "takes": {"layers": {\n' + ",\n".join(takes) + "\n}}}\n"
    )  # fmt: skip


def classes() -> dict[str, dict[str, dict[str, str]]]:
    """By library and class, what an object of it tells of itself (`kernel.describing.describe_things`), and what each of these takes;
    ``parts``: what stands in settings only."""
    import keras

    schedules = keras.optimizers.schedules
    told = _classes(keras.callbacks, keras.callbacks.Callback) | _classes(schedules, schedules.LearningRateSchedule)
    by_class = told | _classes(keras.optimizers, keras.optimizers.Optimizer)
    calm = (schedules.LearningRateSchedule, keras.optimizers.Optimizer)  # nothing of theirs is negative
    kinds = {
        name: setting_kinds.of_keras(thing, 0 if issubclass(thing, calm) else -math.inf)
        for name, thing in by_class.items()
    }
    ours = {name: {key: kinds[name][key] for key in _told(thing)} for name, thing in told.items()}
    ours |= {name: kinds[name] for name in by_class.keys() - told.keys()}
    theirs, parts = _of_sklearn()
    callbacks = {name: ours.pop(name) for name in sorted(_classes(keras.callbacks, keras.callbacks.Callback))}
    return {
        "callbacks": callbacks, "keras": dict(sorted(ours.items())), "sklearn": theirs,
        "parts": {name: {} for name in parts},
    }  # fmt: skip


def _told(thing: Any) -> list[str]:
    """Of what a callback or schedule is made with, what it keeps under that name."""
    own = inspect.signature(thing.__init__).parameters.values()
    settings = [one.name for one in own if one.name not in ("self", "name") and one.kind is one.POSITIONAL_OR_KEYWORD]
    needed = [one.name for one in own if one.name in settings and one.default is one.empty]
    for value in ("x.keras", 1, [1, 2], [1.0, 2.0, 3.0]):  # whichever it takes
        try:
            made = thing(
                **{
                    key: [1, 2] if key == "boundaries" else [1.0, 0.5, 0.1] if key == "values" else value
                    for key in needed
                }
            )
            kept = made.get_config() if hasattr(made, "get_config") else vars(made)
            return [key for key in settings if key in kept]
        except Exception:  # another value may do
            continue
    return settings  # it needs another package


def _of_sklearn() -> tuple[dict[str, dict[str, str]], list[str]]:
    """scikit-learn's public classes that have parameters, with these; and those that split rows."""
    import sklearn

    found, parts = {}, []
    for name in (one.name for one in pkgutil.iter_modules(sklearn.__path__) if one.name in sklearn.__all__):
        module = importlib.import_module(f"sklearn.{name}")
        public = {name: vars(module).get(name) for name in getattr(module, "__all__", ())}
        more = vars(module.kernels) if module.__name__ == "sklearn.gaussian_process" else {}
        for name, thing in {**public, **more}.items():
            if not inspect.isclass(thing) or name.startswith(("_", "Base")):
                continue
            if hasattr(thing, "get_params"):
                takes = setting_kinds.of_sklearn(thing)
                found[name] = {
                    key: takes.get(key, "any")
                    for key in inspect.signature(thing.__init__).parameters
                    if key not in ("self", "args", "kwargs", "params")
                }
            elif module.__name__ == "sklearn.model_selection":
                parts.append(name)
    return dict(sorted(found.items())), sorted(parts)


def text_of_classes() -> str:
    """One line a class."""
    kinds = [
        f"{_json(kind)}: {{\n" + ",\n".join(f"{_json(name)}: {_json(own)}" for name, own in known.items()) + "\n}"
        for kind, known in classes().items()
    ]
    return "{" + ",\n".join(kinds) + "}\n"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


if __name__ == "__main__":
    for target, content in ((TARGET, text()), (CLASSES, text_of_classes())):
        target.write_text(content, "utf-8")
        print(target)
