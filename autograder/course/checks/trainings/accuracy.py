"""Checks on what a network has learned, measured by the grader."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from autograder.common.data.prepared import ONE_HOT, RAW
from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.course.checks.base import Facts, Split, Verdict, failed, number, passed, undecided
from autograder.course.checks.in_words import split_name
from autograder.course.checks.networks.model_check import ModelCheck
from autograder.course.checks.ranges import ACCURACY, Aim, between, out_of_reach
from autograder.course.checks.trainings.explaining_trainings import why_low
from autograder.course.checks.trainings.metric_names import MetricName, measure
from autograder.course.checks.trainings.training import WEIGHTED, trainings


class OnSplit(ModelCheck):
    """A number that the grader measures on a split. Weights must come out of trainings that did not see that split."""

    split: Split = "holdout"
    targets: str = RAW
    safe_hints = True

    def problem(self) -> str:
        if self.split in ("train", "all_train"):
            said = N_("what networks train on says nothing of them: split is '{split}', and can be 'holdout' or 'test'")
            return _(said, split=self.split)
        return ""

    def decide(self, value: Any, facts: Facts) -> Verdict:
        fits = trainings(value, self.of in facts.elsewhere)
        if isinstance(fits, Verdict):
            return fits
        seen = sum(getattr(fit.data, self.split, 0) for fit in fits)
        if seen:
            said = N_("trained on {number} images of {split}")
            hint = N_("Accuracy on images that were trained on says nothing: train on the training split only.")
            if any(fit.data.prepared for fit in fits):
                said = N_("trained on {number} rows of {split}")
                hint = N_(
                    "What is measured on rows that were trained on says nothing: train on the training split only."
                )
            return failed(self.describe(), _(said, number=number(seen), split=split_name(self.split)), _(hint))
        if any(fit.data.weighted == "samples" for fit in fits):
            return undecided(_(WEIGHTED))
        of_table = any(fit.data.prepared or fit.where == "judge" for fit in fits)
        if of_table and not all(
            fit.data.recognised for fit in fits
        ):  # rows of this very split, slightly moved, for all we know
            return undecided(_("what it was trained on could not be recognised"))
        if aims := {fit.data.targets for fit in fits} - {"", self.targets, ONE_HOT if self.targets == RAW else ""}:
            return failed(
                self.describe(),
                _("trained on the targets `{name}`", name=", ".join(sorted(aims))),
                _("What is measured is in the units of the data: train on the targets as they are."),
            )
        try:
            reached = measure(facts.lab, value, self.split, self.aim().metric)
        except CannotRebuild as error:
            return undecided(error)
        aim = self.aim()
        if aim.reached(reached):
            return passed(f"{reached:.4f}")
        bounds = between(aim.at_least, aim.at_most)
        return failed(bounds, f"{reached:.4f}", why_low(value, facts.lab.size("train")))

    def aim(self) -> Aim:
        raise NotImplementedError


class Accuracy(OnSplit):
    """Accuracy on a split, measured by the grader. Weights must come out of trainings that did not see that split."""

    type: Literal["accuracy"] = "accuracy"
    at_least: float = Field(gt=0, le=1)

    def aim(self) -> Aim:
        return Aim(ACCURACY, self.split, self.at_least)

    def describe(self) -> str:
        return _("Accuracy of at least {at_least:g} on {split}", at_least=self.at_least, split=split_name(self.split))


class Metric(OnSplit):
    """Loss or another metric on a split, measured by the grader, between bounds. Weights must come out of trainings that did not see
    that split."""

    type: Literal["metric"] = "metric"
    metric: MetricName
    at_least: float | None = None
    at_most: float | None = None
    asks = ("at_least", "at_most")

    def problem(self) -> str:
        return super().problem() or out_of_reach(self.metric, self.at_least, self.at_most)

    def aim(self) -> Aim:
        return Aim(self.metric, self.split, self.at_least, self.at_most)

    def describe(self) -> str:
        bounds = between(self.at_least, self.at_most)
        return _("{metric} of {bounds} on {split}", metric=self.metric, bounds=bounds, split=split_name(self.split))
