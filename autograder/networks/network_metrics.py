"""scikit-learn's metrics of what a network answers: numbers as they are, or classes read off its outputs as its loss means them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import _
from autograder.course.checks.plain_values import Meaning

REGRESSION = {
    "r2_score", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "median_absolute_error", "max_error",
    "explained_variance_score",
}  # fmt: skip
NEAR = 1e-3  # of the spread of a network's numbers
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


def meaning(outputs: int, classes: int, targets: npt.NDArray[Any], loss: tuple[str, bool]) -> Meaning:
    """What a network's answers stand for, by the `targets` that it learned and by its `loss`.

    `classes`: how many the targets number, 0 where they number none. Raises CannotRebuild where nobody can tell.
    """
    name, _logits = loss
    yes_or_no = bool(np.isin(targets, (0, 1)).all())
    if targets.ndim == 2 and targets.shape[1] > 1 and yes_or_no and (targets.sum(1) == 1).all():
        classes = targets.shape[1]  # as vectors
    binary = name.startswith("binary")
    if outputs == 1 and binary and classes in (0, 2):
        return "yes or no"
    if outputs > 1 and (
        outputs == classes or (outputs > classes and not binary and (classes or "categorical" in name))
    ):
        return "class"
    if not classes and outputs > 1 and binary:
        return "labels"
    if not classes and outputs and not yes_or_no and "categorical" not in name:
        return "numbers"
    raise CannotRebuild(_("the network does not answer with one number for each class"))


def chosen(answers: npt.NDArray[Any], meant: Meaning, logits: bool) -> npt.NDArray[Any]:
    """What a network's `answers` (n, outputs) say: classes (n,), the largest; yes or no, 1 or 0, (n,); `labels` (n, outputs) of
    such; numbers as they are, (n,) of one output. Raises CannotRebuild for answers of another shape."""
    if answers.ndim != 2:
        raise CannotRebuild(_("the network does not answer with one number for each class"))
    if meant == "class":
        largest: npt.NDArray[Any] = answers.argmax(1)
        return largest
    said = answers if meant == "numbers" else (answers > (0.0 if logits else 0.5)).astype(np.int64)
    return said[:, 0] if said.shape[1] == 1 else said


def agreeing(own: npt.NDArray[Any], given: npt.NDArray[Any], meant: Meaning) -> int:
    """Of how many samples `given` is what the network itself says, `own`: of numbers, as near as sums in another order are."""
    same = own == given
    if meant == "numbers":
        same = np.abs(own - given) <= NEAR * (np.std(own, axis=0) + np.abs(own) / 10)
    return int(np.count_nonzero(same.all(1) if same.ndim == 2 else same))


def _classes(targets: npt.NDArray[Any], answers: npt.NDArray[Any], loss: str, logits: bool) -> tuple[Any, Any]:
    """Numbers of classes; of several answers that each say yes or no, one column for each."""
    if "categorical" in loss:
        return (targets.argmax(1) if targets.ndim == 2 else targets.astype(int)), answers.argmax(1)
    return np.rint(targets).astype(int), (answers > (0.0 if logits else 0.5)).astype(int)
