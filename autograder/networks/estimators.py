"""scikit-learn's estimators, made anew from their descriptions, fitted, and measured: the only code that does this in the judge.

What a kernel says of an estimator is its word. So nothing of it is used but the name of a class that is listed here and settings that are
listed beside it, as plain values; it is fitted anew on the course's rows, in a child process with limits of processor time and memory, and
what was not seeded gets the course's seed.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from importlib.metadata import version
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from autograder.common.digests import sha256
from autograder.common.errors import CannotRebuild, CourseError
from autograder.common.i18n import _
from autograder.common.machine.confined import OverLimit, confined
from autograder.common.machine.versions import code_digest
from autograder.common.wire.description import Component, digest

SECONDS, MEGABYTES = 20, 1024  # of one fit, with measuring
MOST_VALUES = 20_000_000  # numbers of the features
MOST_FITTED = 200_000  # of those that it is fitted to, where what it reaches on these is measured too
FITTED = "fitted_"  # begins the name of that
DEPTH = 4  # of pipelines and ensembles inside of others
# How large a setting may be that decides how long a fit takes: whoever asks for more learns so at once.
MOST = {
    "n_estimators": 2_000, "max_iter": 100_000, "n_neighbors": 10_000, "degree": 20, "n_components": 10_000, "hidden_layer_sizes": 4_000,
    "n_iter_no_change": 10_000, "batch_size": 1_000_000, "max_leaf_nodes": 1_000_000, "max_depth": 1_000_000, "max_fun": 1_000_000,
}  # fmt: skip
# Settings that change no number are left out, whatever they are.
UNHEARD = {
    "n_jobs", "verbose", "copy", "copy_X", "copy_X_train", "memory", "warm_start", "cache_size", "transform_input",
}  # fmt: skip
_OF_PIPELINES = {"steps", "memory", "transform_input", "verbose"}  # scikit-learn takes no step of these names
_TREE = "criterion max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features max_leaf_nodes min_impurity_decrease ccp_alpha random_state"
_FOREST = f"{_TREE} n_estimators bootstrap oob_score max_samples"
_BOOST = f"{_TREE} loss learning_rate n_estimators subsample validation_fraction n_iter_no_change tol"
_NEAR = "n_neighbors weights algorithm leaf_size p metric"
_SV = "C kernel degree gamma coef0 shrinking tol max_iter"
_MLP = (
    "hidden_layer_sizes activation solver alpha batch_size learning_rate learning_rate_init power_t max_iter shuffle tol momentum "
    "nesterovs_momentum early_stopping validation_fraction beta_1 beta_2 epsilon n_iter_no_change max_fun random_state"
)
# By class: its module, and the settings that it is made with.
ALLOWED = {
    "LinearRegression": ("linear_model", "fit_intercept positive"),
    "Ridge": ("linear_model", "alpha fit_intercept max_iter tol solver positive random_state"),
    "Lasso": ("linear_model", "alpha fit_intercept max_iter tol selection positive random_state"),
    "LogisticRegression": (
        "linear_model",
        "C penalty solver max_iter tol fit_intercept class_weight l1_ratio dual intercept_scaling random_state",
    ),
    "KNeighborsClassifier": ("neighbors", _NEAR),
    "KNeighborsRegressor": ("neighbors", _NEAR),
    "DecisionTreeClassifier": ("tree", f"{_TREE} splitter class_weight"),
    "DecisionTreeRegressor": ("tree", f"{_TREE} splitter"),
    "RandomForestClassifier": ("ensemble", f"{_FOREST} class_weight"),
    "RandomForestRegressor": ("ensemble", _FOREST),
    "GradientBoostingClassifier": ("ensemble", _BOOST),
    "GradientBoostingRegressor": ("ensemble", f"{_BOOST} alpha"),
    "SVC": ("svm", f"{_SV} class_weight probability decision_function_shape break_ties random_state"),
    "SVR": ("svm", f"{_SV} epsilon"),
    "MLPClassifier": ("neural_network", _MLP),
    "MLPRegressor": ("neural_network", f"{_MLP} loss"),
    "StandardScaler": ("preprocessing", "with_mean with_std"),
    "MinMaxScaler": ("preprocessing", "feature_range clip"),
    "PCA": ("decomposition", "n_components whiten svd_solver tol iterated_power random_state"),
}
SEARCHES = ("GridSearchCV", "RandomizedSearchCV")  # what they found is rebuilt, as an estimator of its own
FOUND = "best_estimator_"
Array = npt.NDArray[Any]


class Data(NamedTuple):
    """Features and targets to fit to, and to measure on: in the order of ``train_test_split``."""

    train: Array
    test: Array
    train_targets: Array
    test_targets: Array


def data(lab: Any, split: Literal["holdout", "test"], place: str) -> Data:
    """What an estimator is fitted to and measured on: the data set's training rows and its `split` or, where `place` names a function
    of the course's, what that gives, in the order of ``train_test_split``. Raises CourseError.
    """
    if place:
        given = tuple(map(np.asarray, lab.reference(place)()))
        if len(given) != 4:
            raise CourseError(_("{place} should give four arrays, as train_test_split does", place=place))
        return Data(*given)
    fitted, measured = lab.rows("train" if split == "holdout" else "all_train"), lab.rows(split)
    features, targets = lab.data.features.reshape(len(lab.data), -1), lab.data.targets
    return Data(features[fitted], features[measured], targets[fitted], targets[measured])


def key(made: Component, given: Data, seed: int) -> str:
    """Of all that determines what `measure` says."""
    return sha256("\0".join([repr(made), str(seed), digest(given), version("scikit-learn"), code_digest(__name__)]))


def measure(made: Component, given: Data, seed: int, *, apart: bool = True) -> dict[str, float]:
    """Metrics of the estimator that `made` describes, fitted to the training rows. `apart`: in a child process with limits.

    Raises CannotRebuild for what is not on the list, for settings that scikit-learn refuses, and for what takes too long.
    """
    described(made)
    if given.train.size + given.test.size > MOST_VALUES:
        raise CannotRebuild(_("these are more numbers than the grader fits an estimator to"))

    def fit() -> dict[str, Any]:
        try:
            return {"metrics": _fitted(made, given, seed)}
        except CannotRebuild:
            raise
        except MemoryError:
            raise
        except Exception as error:  # scikit-learn says what is wrong with settings
            return {"refused": f"{type(error).__name__}: {error}"[:300]}

    try:
        answer = confined(fit, seconds=SECONDS, megabytes=MEGABYTES) if apart else fit()
    except OverLimit as error:
        raise CannotRebuild(_("the grader could not fit {type} again: {error}", type=made.type, error=error)) from error
    if "refused" in answer:
        raise CannotRebuild(_("{type} can't be fitted: {error}", type=made.type, error=answer["refused"]))
    return {name: float(value) for name, value in answer["metrics"].items()}


def _fitted(made: Component, given: Data, seed: int) -> dict[str, float]:
    from sklearn import metrics
    from sklearn.base import is_classifier
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():  # numbers must not depend on how many cores there are
        warnings.simplefilter("ignore")
        estimator = build(made, seed)
        estimator.fit(given.train, given.train_targets)

        def reached(features: Array, targets: Array) -> dict[str, float]:
            answers = estimator.predict(features)
            if is_classifier(estimator):
                ways = {
                    "accuracy": metrics.accuracy_score, "balanced_accuracy": metrics.balanced_accuracy_score, "f1_macro": partial(metrics.f1_score, average="macro"),
                }  # fmt: skip
                found = {}
                for name, way in ways.items():
                    with suppress(ValueError):  # not every one is of several yes or no
                        found[name] = way(targets, answers)
                return found
            squared = metrics.mean_squared_error(targets, answers)
            return {
                "r2": metrics.r2_score(targets, answers), "mae": metrics.mean_absolute_error(targets, answers), "mse": squared, "rmse": squared**0.5,
            }  # fmt: skip

        fitted = reached(given.train, given.train_targets) if given.train.size <= MOST_FITTED else {}
        return reached(given.test, given.test_targets) | {f"{FITTED}{name}": value for name, value in fitted.items()}


def described(made: Component, depth: int = 0) -> Component:
    """What is rebuilt for `made`, once all of it is known to be on the list. Raises CannotRebuild."""
    if depth > DEPTH:
        raise CannotRebuild(_("estimators inside of others, deeper than the grader builds them"))
    if made.type in SEARCHES:
        found = made.settings.get(FOUND)
        if not isinstance(found, Component):
            raise CannotRebuild(_("{type} has found nothing yet, so there is nothing to fit again", type=made.type))
        return described(found, depth + 1)
    if made.type == "Pipeline":
        for one in _steps(made).values():
            if one is not None and one != "passthrough":
                if not isinstance(one, Component):
                    raise CannotRebuild(_("a step of the pipeline is no estimator that the grader knows"))
                described(one, depth + 1)
        return made
    if made.type not in ALLOWED:
        raise CannotRebuild(_("the grader does not fit {type} again", type=made.type))
    settings(made)
    return made


def _steps(made: Component) -> dict[str, Any]:
    """Of a pipeline, by the names that a student chose: a step may be called as a setting of another estimator."""
    return {name: one for name, one in made.settings.items() if name not in _OF_PIPELINES}


def settings(made: Component) -> dict[str, Any]:
    """What it is made with. Raises CannotRebuild for a setting that is not listed, and for a value that is no plain one."""
    listed, usual = ALLOWED[made.type][1].split(), _defaults(made.type)
    found: dict[str, Any] = {}
    for name, value in made.settings.items():
        if name in UNHEARD or name not in usual:
            continue
        plain = _plain(value, made.type, name)
        if name in listed:
            numbers = plain if isinstance(plain, tuple) else (plain,)
            most = MOST.get(name, 1e12)
            many = len(numbers) > 20 or any(type(one) in (int, float) and not abs(one) <= most for one in numbers)
            if many:
                said = _(
                    "{type} with {name}={value} is more than the grader fits", type=made.type, name=name, value=plain
                )
                raise CannotRebuild(said)
            found[name] = plain
        elif plain != usual[name]:
            raise CannotRebuild(_("the grader does not fit {type} with {name} set", type=made.type, name=name))
    return found


def _plain(value: Any, kind: str, name: str) -> Any:
    """A number, text, truth value, None, or a tuple of numbers, which a description writes as text."""
    if not isinstance(value, Component):
        return value
    try:
        parsed = ast.literal_eval(value.type) if value.type[:1] in "([" and not value.settings else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        parsed = None
    if not isinstance(parsed, (tuple, list)) or any(type(one) not in (int, float) for one in parsed):
        raise CannotRebuild(_("{type} has a {name} that is no plain value", type=kind, name=name))
    return tuple(parsed)


@lru_cache(maxsize=64)
def _defaults(kind: str) -> Mapping[str, Any]:
    parameters = inspect.signature(_class(kind).__init__).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


def _class(kind: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(importlib.import_module(f"sklearn.{ALLOWED[kind][0]}"), kind)
    return found


def build(made: Component, seed: int) -> Any:
    """The estimator, unfitted. Raises CannotRebuild as `described`."""
    made = described(made)
    if made.type == "Pipeline":
        from sklearn.pipeline import Pipeline

        steps = _steps(made).items()
        return Pipeline([(name, build(one, seed) if isinstance(one, Component) else one) for name, one in steps])
    given = settings(made)
    if "random_state" in ALLOWED[made.type][1].split() and given.get("random_state") is None:
        given["random_state"] = seed
    return _class(made.type)(**given)
