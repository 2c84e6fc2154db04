"""Checks on whole numbers of a training: epochs, and the size of its mini-batches."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.wire.description import FitRecord
from autograder.course.checks.base import Facts, Verdict, failed, passed, undecided
from autograder.course.checks.ranges import within
from autograder.course.checks.trainings.training import CONTINUED, FitCheck


class _Counted(FitCheck):
    """A whole number of a training: that one, or one between bounds."""

    equals: int | None = Field(default=None, gt=0)
    at_most: int | None = Field(default=None, gt=0)
    at_least: int | None = Field(default=None, gt=0)
    asks = ("equals", "at_most", "at_least")

    def problem(self) -> str:
        if self.equals is not None and (self.at_most is not None or self.at_least is not None):
            return _("give either 'equals' or bounds")
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            return _("at_least is {low}, more than at_most, {high}", low=self.at_least, high=self.at_most)
        return super().problem()

    def asked(self) -> str:
        limits = {
            N_("{number}"): self.equals,
            N_("at most {number}"): self.at_most,
            N_("at least {number}"): self.at_least,
        }
        return ", ".join(_(words, number=n) for words, n in limits.items() if n is not None)

    def is_asked(self, number: int) -> bool:
        return (number == self.equals) if self.equals is not None else within(number, self.at_least, self.at_most)


class Epochs(_Counted):
    """Epochs of all trainings of a network together."""

    type: Literal["epochs"] = "epochs"

    def describe(self) -> str:
        return _("Epochs: {asked}", asked=self.asked())

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        total = sum(fit.epochs for fit in fits)
        if self.is_asked(total):
            return passed(total)
        few, calls = total < (self.equals or self.at_least or 0), sum(fit.calls for fit in fits)
        if calls > 1:
            parts = " + ".join(str(fit.epochs) for fit in fits)
            return failed(
                self.describe(),
                _("{total} ({parts}, in {count} calls of fit)", total=total, parts=parts, count=calls)
                if len(fits) > 1
                else _("{total} (in {count} calls of fit)", total=total, count=calls),
                _("The epochs of all calls of fit() count together: these are too few.")
                if len(fits) == 1 and few
                else _(CONTINUED),
            )
        ended = N_("Set it in fit(..., epochs=...). A callback such as EarlyStopping can end it before.")
        return failed(self.describe(), total, _(ended if few else N_("Set it in fit(..., epochs=...).")))


class BatchSize(_Counted):
    """The size of the mini-batches, the same in every training of a network."""

    type: Literal["batch_size"] = "batch_size"

    def describe(self) -> str:
        return _("Batch size {size}", size=self.asked())

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        sizes = sorted({fit.batch_size for fit in fits})
        if 0 in sizes:  # at home, of what no epoch can be read
            return undecided(_("what it was trained on could not be recognised"))
        hint = _("Set it by its name, fit(..., batch_size=...), and a dataset's by .batch(...): it is also what a number behind the targets, without a name, sets.")  # fmt: skip
        return (
            passed(sizes[0])
            if len(sizes) == 1 and self.is_asked(sizes[0])
            else failed(self.asked(), ", ".join(map(str, sizes)), hint)
        )
