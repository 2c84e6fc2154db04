"""The numbers that the grader measures of a network, by name, and one of them measured."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from autograder.common.hints.for_errors import meant_inside
from autograder.common.i18n import _
from autograder.common.keras_tables import keras_names
from autograder.common.wire.description import ModelDescription
from autograder.course.checks.base import Lab
from autograder.course.checks.forms import MEASURED

# scikit-learn's, by its names: the grader hands them its own targets and what the network answers.
SCORES = (
    "r2_score", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "median_absolute_error", "max_error",
    "explained_variance_score", "accuracy_score", "balanced_accuracy_score", "f1_score", "precision_score", "recall_score", "roc_auc_score",
)  # fmt: skip
ERRORS = tuple(name for name in SCORES if name.endswith("_error"))  # of which less is better
_SAME_IN_KERAS = ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error")


def _measured(name: str) -> str:
    if name in MEASURED or name in SCORES:
        return name
    found = keras_names.canonical("metrics", name)
    if found != "accuracy" and found not in _SAME_IN_KERAS:
        raise ValueError(
            _(
                "the grader doesn't measure {metric}: {meant}",
                metric=name,
                meant=meant_inside(name, [*MEASURED, *SCORES]),
            )
        )
    return found


MetricName = Annotated[str, AfterValidator(_measured)]


def called(metric: str) -> str:
    """A metric in people's words."""
    return _(MEASURED[metric]) if metric in MEASURED else metric


def measure(lab: Lab, model: ModelDescription, split: str, metric: str, prepared: str = "") -> float:
    """What `lab` finds on its own rows of `split`. Raises CannotRebuild where it can't."""
    found = lab.metric(model, split, metric, prepared) if metric in SCORES else lab.evaluate(model, split, prepared)
    return found[metric]
