"""scikit-learn's metrics of what a network answers: numbers as they are, or classes read off its outputs as its loss means them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import _

REGRESSION = {
    "r2_score", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "median_absolute_error", "max_error",
    "explained_variance_score",
}  # fmt: skip
AVERAGED = {"f1_score", "precision_score", "recall_score"}  # over classes, each counting as much


def score(name: str, targets: npt.NDArray[Any], answers: npt.NDArray[Any], loss: tuple[str, bool]) -> float:
    """`loss`: its name, and whether it takes logits. Raises CannotRebuild where targets and answers don't go with the metric."""
    from sklearn import metrics

    answers = answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers
    if not np.isfinite(
        answers
    ).all():  # a training that went astray: scikit-learn would refuse to measure it, and the grader seem to be at fault
        return float("nan")
    try:
        if name in REGRESSION:
            return float(getattr(metrics, name)(targets, answers))
        if name == "roc_auc_score":
            return float(metrics.roc_auc_score(targets, answers))
        truth, found = _classes(targets, answers, *loss)
        options: dict[str, Any] = {}
        if name in AVERAGED:
            binary = truth.ndim == 1 and set(np.unique(truth)) <= {0, 1} and set(np.unique(found)) <= {0, 1}
            options = {"average": "binary" if binary else "macro", "zero_division": 0}
        return float(getattr(metrics, name)(truth, found, **options))
    except ValueError as error:
        raise CannotRebuild(_("{metric} can't be measured: {error}", metric=name, error=error)) from error


def chosen(answers: npt.NDArray[Any], classes: int, loss: tuple[str, bool]) -> npt.NDArray[Any]:
    """The class that each of a network's `answers` (n, outputs) stands for: the largest, or of one output a yes or no.

    `classes`: how many there are, 0 where nobody knows. Raises CannotRebuild where it answers with no class.
    """
    outputs = answers.shape[1] if answers.ndim == 2 else 0
    name, logits = loss
    if outputs == 1 and name.startswith("binary") and classes in (0, 2):
        return (answers[:, 0] > (0.0 if logits else 0.5)).astype(np.int64)
    if outputs > 1 and (outputs == classes or (outputs > classes and not name.startswith("binary"))):
        largest: npt.NDArray[Any] = answers.argmax(1)
        return largest
    raise CannotRebuild(_("the network does not answer with one number for each class"))


def _classes(targets: npt.NDArray[Any], answers: npt.NDArray[Any], loss: str, logits: bool) -> tuple[Any, Any]:
    """Numbers of classes; of several answers that each say yes or no, one column for each."""
    if "categorical" in loss:
        return (targets.argmax(1) if targets.ndim == 2 else targets.astype(int)), answers.argmax(1)
    return np.rint(targets).astype(int), (answers > (0.0 if logits else 0.5)).astype(int)
