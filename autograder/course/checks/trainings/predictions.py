"""Checks on what a network predicts."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from autograder.common.data.base import MAX_ROWS
from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.common.wire.description import (
    ArrayDescription,
    ListDescription,
    ModelDescription,
)
from autograder.course.checks.base import Check, Facts, Split, Verdict, failed, passed, show, undecided
from autograder.course.checks.in_words import number, split_name
from autograder.course.checks.plain_values import plain
from autograder.course.checks.trainings.training import trainings

LARGEST = N_("One class for each sample: np.argmax(..., axis=1) takes the largest of its probabilities.")
YES_OR_NO = N_("One class for each sample: the network has one output, which says yes where it is above a half.")


class Predictions(Check):
    """The class of each sample of a split, as the network itself gives it: the place of its largest answer."""

    type: Literal["predictions"] = "predictions"
    model: str
    split: Split = "holdout"
    tolerance: float = Field(default=0.002, ge=0, lt=1)
    trained: bool = False
    accepts = (ArrayDescription, ListDescription)
    wanted = N_("an array of whole numbers")
    values_named = ("model",)

    def describe(self) -> str:
        return _(
            "`{of}` holds the classes that the network predicts for {split}", of=self.of, split=split_name(self.split)
        )

    def decide(self, value: Any, facts: Facts) -> Verdict:
        model = facts.of(self.model)
        if not isinstance(model, ModelDescription):
            return failed(_("a network"), show(model))
        if self.trained and isinstance(untrained := trainings(model, self.model in facts.elsewhere), Verdict):
            return untrained
        samples = facts.lab.size(self.split)
        classes = _classes(value)
        column = model.outputs == 1 and classes is not None and classes.shape == (samples, 1)
        if classes is not None and column:  # of answers, as predict() gives it
            classes = classes[:, 0]
        if classes is not None and classes.ndim == 1 and len(classes) != samples:
            hint = _("Predict {split}: it has {number} samples.", split=split_name(self.split), number=number(samples))
            if model.layers and (model.layers[-1].output_shape or ())[1:] == classes.shape:
                hint = _(
                    "That is a sample for each class: along axis 1, np.argmax(..., axis=1), it is a class for each sample."
                )
            return failed(_("an array of shape {shape} of whole numbers", shape=(samples,)), classes.shape, hint)
        if classes is None or classes.shape != (samples,):
            found = classes.shape if classes is not None else show(value)
            hint = _(YES_OR_NO if model.outputs == 1 else LARGEST)
            return failed(_("an array of shape {shape} of whole numbers", shape=(samples,)), found, hint)
        try:
            agreement = facts.lab.agreement(model, self.split, classes)
        except CannotRebuild as error:
            return undecided(error)
        if 1 - agreement <= self.tolerance:
            return passed(_("the network's own"))
        return failed(
            _("the network's own predictions for {split}", split=split_name(self.split)),
            _("{share:.1%} of them are the network's", share=agreement),
            self._hint(classes, agreement, model, facts),
        )

    def _hint(self, classes: npt.NDArray[Any], agreement: float, model: ModelDescription, facts: Facts) -> str:
        if len(classes) > 2 and (np.all(np.diff(classes) >= 0) or np.all(np.diff(classes) <= 0)) and np.ptp(classes):
            return _("They are sorted: leave them in the order of the samples.")
        for step in (-1, 1):
            with contextlib.suppress(CannotRebuild):
                if 1 - facts.lab.agreement(model, self.split, classes + step) <= self.tolerance:
                    return _("Classes are counted from 0: np.argmax(..., axis=1) gives them as they are.")
        if agreement < 0.01 and model.outputs != 1:
            return _("Hardly any of them are: np.argmax takes the class of the largest probability, np.argmin that of the smallest.")  # fmt: skip
        return _(
            "Predict {split} with this very network, scaled and prepared as what it was trained on.",
            split=split_name(self.split),
        )


def _classes(value: Any) -> npt.NDArray[Any] | None:
    """Whole numbers in an array or a list, 3.0 for 3 too, and True for 1; None for anything else."""
    try:
        array = value.data if isinstance(value, ArrayDescription) else np.asarray(plain(value, MAX_ROWS))
    except (TypeError, ValueError):
        return None
    if array is None or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        return None
    return array.astype(np.int64) if np.array_equal(array, np.rint(array.astype(float))) else None
