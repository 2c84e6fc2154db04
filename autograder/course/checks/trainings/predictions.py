"""Checks on what a network predicts."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from autograder.common.data.base import MAX_NUMBERS
from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.common.wire.description import (
    ArrayDescription,
    ListDescription,
    ModelDescription,
)
from autograder.course.checks.base import Check, Facts, Split, Verdict, failed, passed, show, undecided
from autograder.course.checks.in_words import number, split_name
from autograder.course.checks.plain_values import Meaning, plain
from autograder.course.checks.trainings.training import trainings

MEANINGS = {
    "class": N_("One class for each sample: np.argmax(..., axis=1) takes the largest of its probabilities."),
    "yes or no": N_("One class for each sample: the network has one output, which says yes where it is above a half."),
    "labels": N_(
        "A row for each sample, a column for each label: 1 where its own output is above a half, for as many as are."
    ),
    "numbers": N_("Hand in the numbers as predict() gives them, for each sample."),
}


class Predictions(Check):
    """What the network itself says of each sample of a split: its class, yes or no, yes or no for each label, or its numbers."""

    type: Literal["predictions"] = "predictions"
    model: str
    split: Split = "holdout"
    tolerance: float = Field(default=0.002, ge=0, lt=1)
    trained: bool = False
    accepts = (ArrayDescription, ListDescription)
    wanted = N_("an array of numbers")
    values_named = ("model",)

    def describe(self) -> str:
        return _("`{of}` holds what the network predicts for {split}", of=self.of, split=split_name(self.split))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        model = facts.of(self.model)
        if not isinstance(model, ModelDescription):
            return failed(_("a network"), show(model))
        if self.trained and isinstance(untrained := trainings(model, self.model in facts.elsewhere), Verdict):
            return untrained
        try:
            meant = facts.lab.meaning(model)
            given = self._misshapen(value, meant, model, facts)
            if isinstance(given, Verdict):
                return given
            agreement = facts.lab.agreement(model, self.split, given)
            if 1 - agreement <= self.tolerance:
                return passed(_("the network's own"))
            hint = self._hint(given, agreement, meant, model, facts)
        except CannotRebuild as error:
            return undecided(error)
        own = _("the network's own predictions for {split}", split=split_name(self.split))
        return failed(own, _("{share:.1%} of them are the network's", share=agreement), hint)

    def _misshapen(
        self, value: Any, meant: Meaning, model: ModelDescription, facts: Facts
    ) -> npt.NDArray[Any] | Verdict:
        """The answers as an array, (n,) of one output, else (n, outputs) of labels and numbers; or what it is instead."""
        samples, outputs = facts.lab.size(self.split), model.outputs or 1
        shape = (samples, outputs) if outputs > 1 and meant in ("labels", "numbers") else (samples,)
        given = numbers(value)
        found = show(value) if given is None else given.shape
        if given is not None and len(shape) == 1 and given.shape[1:] == (1,):  # a column says the same
            given = given[:, 0]
        if meant == "numbers" and given is not None and given.shape == shape:
            return given
        if given is not None and given.shape == shape and np.array_equal(given, np.rint(given)):
            return given.astype(np.int64)
        said = (
            N_("an array of shape {shape}") if meant == "numbers" else N_("an array of shape {shape} of whole numbers")
        )
        hint = "" if given is None else _misshapen(given, shape, meant, outputs)
        if not hint and given is not None and given.ndim and given.shape[1:] == shape[1:] and len(given) != samples:
            hint = _("Predict {split}: it has {number} samples.", split=split_name(self.split), number=number(samples))
        return failed(_(said, shape=shape), found, hint or _(MEANINGS[meant]))

    def _hint(
        self, given: npt.NDArray[Any], agreement: float, meant: Meaning, model: ModelDescription, facts: Facts
    ) -> str:
        def agrees(other: npt.NDArray[Any]) -> bool:
            with contextlib.suppress(CannotRebuild):
                return 1 - facts.lab.agreement(model, self.split, other) <= self.tolerance
            return False

        if given.ndim == 1 and len(given) > 2 and np.ptp(given) and (np.diff(given) >= 0).all() | (np.diff(given) <= 0).all():  # fmt: skip
            return _("They are sorted: leave them in the order of the samples.")
        if meant == "class" and any(agrees(given + step) for step in (-1, 1)):
            return _("Classes are counted from 0: np.argmax(..., axis=1) gives them as they are.")
        if meant in ("yes or no", "labels") and agrees(1 - given):
            return _("Yes and no are exchanged: 1 is yes, where an output is above a half.")
        if np.array_equal(given, np.squeeze(facts.lab.labels(self.split))):
            return _("These are the targets, which the data say: hand in what the network predicts.")
        argmax = (meant == "yes or no" and not given.any()) or (meant == "labels" and (given.sum(1) == 1).all())
        if argmax or (meant == "numbers" and any(np.array_equal(given, given.round(digits)) for digits in range(4))):
            return _(MEANINGS[meant])
        if meant == "class" and agreement < 0.01:
            return _("Hardly any of them are: np.argmax takes the class of the largest probability, np.argmin that of the smallest.")  # fmt: skip
        return _(
            "Predict {split} with this very network, scaled and prepared as what it was trained on.",
            split=split_name(self.split),
        )


def _misshapen(given: npt.NDArray[Any], shape: tuple[int, ...], meant: Meaning, outputs: int) -> str:
    """What was done where an array of `shape` is asked for; '' where that isn't known."""
    if meant == "class" and outputs > 1 and given.shape == (outputs,):
        return _(
            "That is a sample for each class: along axis 1, np.argmax(..., axis=1), it is a class for each sample."
        )
    if len(shape) == 2 and given.shape == shape[::-1]:
        return _("That is a row for each output: .T makes it a row for each sample.")
    if meant == "labels" and given.shape == shape[:1]:
        return _("Several labels of a sample may be yes, or none: argmax takes one of them. Compare each output with a half.")  # fmt: skip
    return ""


def numbers(value: Any) -> npt.NDArray[Any] | None:
    """Finite numbers in an array or a list, True as 1, in float64; None for anything else."""
    try:
        array = value.data if isinstance(value, ArrayDescription) else np.asarray(plain(value, MAX_NUMBERS))
    except (TypeError, ValueError):
        return None
    if array is None or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        return None
    return array.astype(float)
