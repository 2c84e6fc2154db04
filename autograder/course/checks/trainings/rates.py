"""A check on learning rates: what schedules and callbacks do, seen by what comes of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from autograder.common.i18n import _
from autograder.common.wire.description import Component, FitRecord
from autograder.course.checks.base import Facts, Verdict, failed, passed, undecided
from autograder.course.checks.networks.layer_specs import same_number
from autograder.course.checks.trainings.training import FitCheck

FALLING = frozenset(
    {"ExponentialDecay", "InverseTimeDecay", "CosineDecay", "PolynomialDecay"}
)  # Keras's schedules that only fall

CHANGING = frozenset({"ReduceLROnPlateau", "LearningRateScheduler"})  # Keras's callbacks that set a learning rate


class LearningRates(FitCheck):
    """The learning rates that a training had, one after another, whatever lowered them: a callback, an assignment or a second `fit`."""

    type: Literal["learning_rates"] = "learning_rates"
    equals: tuple[Annotated[float, Field(ge=0)], ...] = ()
    falls: bool = False
    asks = ("equals", "falls")

    def problem(self) -> str:
        return _("give either 'equals' or 'falls'") if self.equals and self.falls else ""

    def describe(self) -> str:
        rates = ", ".join(f"{rate:g}" for rate in self.equals)
        return (
            _("Learning rates: {rates}", rates=rates) if self.equals else _("A learning rate that falls while training")
        )

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        rates: list[float] = []
        for fit in fits:
            first = fit.compiled.optimizer.settings.get("learning_rate")
            if isinstance(first, Component):
                falling = first.type in FALLING and not first.custom
                return (
                    passed(first.type)
                    if self.falls and falling
                    else undecided(_("the learning rate is {type}, step by step", type=first.type))
                )
            rates += [
                rate for rate in fit.learning_rates or (first,) if isinstance(rate, float) and rates[-1:] != [rate]
            ]
        actual = ", ".join(f"{rate:g}" for rate in rates)
        if self.falls:
            right = len(rates) > 1 and all(later < before for before, later in pairwise(rates))
        else:
            right = len(rates) == len(self.equals) and all(map(same_number, rates, self.equals))
        return passed(actual) if right else failed(self.describe(), actual, _hint(fits))


def _hint(fits: tuple[FitRecord, ...]) -> str:
    """By what `fit` was given: a callback that changes rates may have had no reason to, or changed them otherwise."""
    given = [one.type for fit in fits for call in fit.callbacks for one in call if one.type in CHANGING or one.custom]
    if not given:
        return _("Give fit() the callback that changes it, such as callbacks=[...].")
    return _("{callback} was given to fit() and has not changed it so: compare its settings with the text, and what it monitors.", callback=given[0])  # fmt: skip
