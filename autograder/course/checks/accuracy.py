"""Checks on what a network has learned, measured by the grader."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.common.wire.description import FitRecord, MappingDescription, ModelDescription, ScalarDescription
from autograder.course.checks.base import Check, Facts, Split, Verdict, failed, number, passed, show, undecided
from autograder.course.checks.network import ModelCheck
from autograder.course.checks.training import WEIGHTED, split_name, trainings


class Accuracy(ModelCheck):
    """Accuracy on a split, measured by the grader. Weights must come out of trainings that did not see that split."""

    type: Literal["accuracy"] = "accuracy"
    split: Split = "holdout"
    at_least: float = Field(gt=0, le=1)
    safe_hints = True

    def describe(self) -> str:
        return _("Accuracy of at least {at_least:g} on {split}", at_least=self.at_least, split=split_name(self.split))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        fits = trainings(value)
        if isinstance(fits, Verdict):
            return fits
        seen = sum(getattr(fit.data, self.split, 0) for fit in fits)
        if seen:
            return failed(
                self.describe(),
                _("trained on {number} images of {split}", number=number(seen), split=split_name(self.split)),
                _("Accuracy on images that were trained on says nothing: train on the training split only."),
            )
        if any(fit.data.weighted == "samples" for fit in fits):
            return undecided(_(WEIGHTED))
        try:
            accuracy = facts.lab.evaluate(value, self.split)["accuracy"]
        except CannotRebuild as error:
            return undecided(error)
        if accuracy >= self.at_least:
            return passed(f"{accuracy:.4f}")
        return failed(_("at least {at_least:g}", at_least=self.at_least), f"{accuracy:.4f}", _why_low(fits))


def _why_low(fits: tuple[FitRecord, ...]) -> str:
    if any(fit.data.scaling == "raw" for fit in fits):
        return _("The pixels were not scaled: they run to 255, expected 0 to 1. Divide by 255.0.")
    if any(fit.data.changed_labels for fit in fits):
        return _("Labels and images no longer belong together: split both in one call.")
    return _("Look at the layers, the optimizer and the number of epochs: something keeps the network from learning.")


class Evaluation(Check):
    """A number that the student got from ``evaluate`` agrees with the grader's own evaluation of that network."""

    type: Literal["evaluation"] = "evaluation"
    model: str
    split: Split = "holdout"
    metric: Literal["loss", "accuracy"] = "accuracy"
    tolerance: float = Field(default=0.002, gt=0)
    accepts = (ScalarDescription,)
    wanted = N_("a number")

    def names(self) -> set[str]:
        return {self.of, self.model}

    def describe(self) -> str:
        return _(
            "`{of}` is the network's {metric} on {split}", of=self.of, metric=self.metric, split=split_name(self.split)
        )

    def decide(self, value: Any, facts: Facts) -> Verdict:
        return compare_evaluation(value.value, facts.of(self.model), self.split, self.metric, self.tolerance, facts)


class Evaluations(Check):
    """A dictionary of such numbers, one for each network of a dictionary of networks."""

    type: Literal["evaluations"] = "evaluations"
    models: str
    split: Split = "holdout"
    metric: Literal["loss", "accuracy"] = "accuracy"
    tolerance: float = Field(default=0.002, gt=0)
    accepts = (MappingDescription,)
    wanted = N_("a dictionary")

    def names(self) -> set[str]:
        return {self.of, self.models}

    def describe(self) -> str:
        return _(
            "`{of}` holds each network's {metric} on {split}",
            of=self.of,
            metric=self.metric,
            split=split_name(self.split),
        )

    def decide(self, value: Any, facts: Facts) -> Verdict:
        models = facts.of(self.models)
        if not isinstance(models, MappingDescription):
            return failed(_("a dictionary of networks as `{models}`", models=self.models), show(models))
        for key, item in value.items.items():
            verdict = compare_evaluation(
                getattr(item, "value", None), models.items.get(key), self.split, self.metric, self.tolerance, facts
            )
            if verdict.hint or verdict.expected or not verdict.credit:
                expected = f"{key}: {verdict.expected}" if verdict.expected else ""
                return verdict._replace(expected=expected, actual=f"{key}: {verdict.actual}")
        return passed(show(value))


def compare_evaluation(number_: Any, model: Any, split: str, metric: str, tolerance: float, facts: Facts) -> Verdict:
    if not isinstance(model, ModelDescription):
        return failed(_("a network"), show(model))
    if model.compiled is None:
        return failed(_("a compiled network"), _("compile() was not called on this network"))
    if type(number_) not in (int, float):
        return failed(
            _("a number"), show(number_), _("model.evaluate(...) returns the loss and the accuracy: take one of them.")
        )
    try:
        measured = facts.lab.evaluate(model, split)[metric]
    except CannotRebuild as error:
        return undecided(error)
    if abs(number_ - measured) <= tolerance:
        return passed(f"{number_:.4f}")
    return failed(
        f"{measured:.4f}", f"{number_:.4f}", _("Evaluate this very network on {split}.", split=split_name(split))
    )
