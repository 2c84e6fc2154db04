"""What checks on tables, figures and objects of libraries ask for, stated a second time: as these libraries themselves say it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autograder.authoring.verify.bench.stand_in import StandIns
from autograder.authoring.verify.slips.trainings import Objects, trainings
from autograder.course.checks.networks.object_settings import Made
from autograder.course.checks.ranges import Range


def table(check: Any, objects: Objects, _: StandIns) -> Any:
    """Names, types and length as pandas gives them; numbers by their sums."""
    frame = objects[check.of]
    names = [*map(str, frame.columns)]
    seen: list[Any] = (
        [names if check.others == "none" else [name in names for name in check.columns]] if check.columns else []
    )
    seen += [(name, str(frame[name].dtype).rstrip("0123456789")) for name in check.kinds]
    seen += [frame.shape[0]] if check.rows is not None else []
    if check.reference:
        numbers = frame.select_dtypes("number")
        seen += [
            numbers.sum().tolist(),
            (numbers.to_numpy() * np.arange(1, len(frame) + 1)[:, None]).sum(axis=0).tolist(),
        ]
    return seen


def figure(check: Any, objects: Objects, _: StandIns) -> Any:
    """Of what is asked for, how often it is there in any drawing."""
    given = objects[check.of]
    parts = given if isinstance(given, (list, tuple, np.ndarray)) else [given]
    figures = {id(part.figure): part.figure for part in np.ravel(np.asarray(parts, object))}
    axes = [one for own in figures.values() for one in own.get_axes()]
    seen: list[Any] = []
    for drawing in check.drawings:
        for key, getter in (("title", "get_title"), ("xlabel", "get_xlabel"), ("ylabel", "get_ylabel")):
            if getattr(drawing, key):
                texts = [getattr(one, getter)() for one in axes]
                seen.append([bool(text) for text in texts] if getattr(drawing, key) is True else texts)
        seen += [[one.get_xscale(), one.get_yscale()] for one in axes if drawing.xscale or drawing.yscale]
        seen += [len(one.lines) >= drawing.lines for one in axes if drawing.lines]
        seen += [one.get_legend() is not None for one in axes if drawing.legend]
    return seen


def made(check: Any, objects: Objects, _: StandIns) -> Any:
    """Its class, and the attributes that are asked for."""
    given = objects[check.of]
    if check.any_of:
        return one_of(given, check.any_of), check.fitted and _learned(given)
    seen = [_setting(given, key, wanted) for key, wanted in check.settings.items()]
    return type(given).__name__, seen, check.fitted and _learned(given)


def one_of(given: Any, several: Any) -> Any:
    """Whether it is one of several; else its class, and what it has of their settings."""
    alike = [one for one in several if one.type == type(given).__name__]
    return any(all(map(partial(_has, given), one.settings.items())) for one in alike) or (
        type(given).__name__, [[_setting(given, key, wanted) for key, wanted in one.settings.items()] for one in alike]
    )  # fmt: skip


def _has(given: Any, asked: tuple[str, Any]) -> bool:
    key, wanted = asked
    if isinstance(wanted, Range):
        return _setting(given, key, wanted) is True
    found = getattr(given, key) if not hasattr(given, "get_params") else _parameters(given)[key]
    if isinstance(wanted, Made):
        return type(found).__name__ == wanted.type and all(map(partial(_has, found), wanted.settings.items()))
    if isinstance(wanted, float):
        return bool(np.isclose(float(found), wanted, rtol=1e-6))
    return bool(found == wanted)


def callbacks(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    """For each call of ``fit`` and each callback that is asked for: whether one of that class was given, and what it has of the settings."""
    calls = [one.callbacks for one in trainings(check, objects, stand_ins)]
    if not calls:
        raise ValueError("not trained")
    seen: list[Any] = []
    for asked in check.includes:
        several = getattr(asked, "any_of", ())
        for given in calls:
            told = [
                [_setting(one, key, value) for key, value in wanted.settings.items()]
                for wanted in several or (asked,)
                for one in given
                if type(one).__name__ == wanted.type
            ]
            seen += [told] if told not in seen else []
    return seen


def _setting(given: Any, key: str, wanted: Any) -> Any:
    """A setting, or the step of a pipeline; of an object inside of another its class and what is asked of that."""
    own = _parameters(given) if hasattr(given, "get_params") else {}
    found = own[key] if key in own else _step_like(given, wanted) if hasattr(given, "steps") else getattr(given, key)
    if isinstance(wanted, Range):
        between = (
            wanted.at_least is None or found >= wanted.at_least,
            wanted.at_most is None or found <= wanted.at_most,
        )
        return (all(between) and (not wanted.any_of or found in wanted.any_of)) or repr(found)
    if not isinstance(wanted, Made):
        return repr(found)
    return type(found).__name__, [_setting(found, name, one) for name, one in wanted.settings.items()]


def _parameters(given: Any) -> dict[str, Any]:
    """As scikit-learn reads them: to a search, no folds are as many as it takes unasked, and unshuffled ones their number."""
    found: dict[str, Any] = given.get_params()
    if "refit" in found and "cv" in found:
        from sklearn.base import is_classifier
        from sklearn.model_selection import check_cv

        def read(cv: Any) -> Any:
            return check_cv(cv, [0, 1], classifier=is_classifier(given))

        folds = read(found["cv"])
        number = getattr(folds, "n_splits", 0)
        found["cv"] = number if number and repr(read(number)) == repr(folds) else folds
    return found


def _step_like(pipeline: Any, wanted: Any) -> Any:
    """The step of that kind: what it is called is free, as make_pipeline() has it."""
    return next(step for _name, step in pipeline.steps if type(step).__name__ == wanted.type)


def _learned(given: Any) -> bool:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(given)
    except NotFittedError:
        return False
    return not hasattr(given, "param_grid") or hasattr(given, "best_params_")


def estimator(check: Any, objects: Objects) -> Any:
    """What it is made with, and the number that is said of it: what it reaches is measured where it is fitted."""
    given = objects[check.of]
    if not hasattr(given, "get_params") or not _learned(given):
        raise TypeError("no estimator that has learned")
    return repr(given), round(float(objects[check.reported]), 4) if check.reported else None


def made_of_loss(network: Any, name: str) -> float:
    return float(network.compute_loss(np.zeros((3, 1)), *asked_of_loss(name)))


def asked_of_loss(name: str) -> tuple[Any, Any]:
    """Targets and answers for a loss of that name."""
    if "categorical" not in name:  # one number for each question
        numbers = np.array([[0.0], [1.0], [1.0]], np.float32)
        return numbers, numbers * 0.7 + 0.1
    classes = np.array([1, 2, 3])
    answers = np.full((3, 10), 0.05, np.float32)
    answers[[0, 1, 2], [1, 4, 2]] = 0.55
    return (classes if name.startswith("sparse") else np.eye(10, dtype=np.float32)[classes]), answers
