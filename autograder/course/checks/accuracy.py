"""Checks on what a network has learned, measured by the grader."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from autograder.common import keras_names
from autograder.common.data.prepared import ONE_HOT, RAW
from autograder.common.errors import CannotRebuild
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import N_, _
from autograder.common.results import Status
from autograder.common.wire.description import FitRecord, MappingDescription, ModelDescription, ScalarDescription
from autograder.course.checks.base import (
    Check,
    Facts,
    Split,
    Verdict,
    failed,
    malformed,
    number,
    passed,
    show,
    undecided,
)
from autograder.course.checks.causes import torn, why_low
from autograder.course.checks.compiling import compiled
from autograder.course.checks.forms import MEASURED, Form
from autograder.course.checks.in_words import one_network
from autograder.course.checks.layers import ModelCheck
from autograder.course.checks.ranges import ACCURACY, Aim, between, out_of_reach
from autograder.course.checks.training import WEIGHTED, split_name, trainings
from autograder.course.checks.values import AT_LEAST

# scikit-learn's metrics, by its names: the grader hands them its own targets and what the network answers.
SCORES = (
    "r2_score", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "median_absolute_error", "max_error",
    "explained_variance_score", "accuracy_score", "balanced_accuracy_score", "f1_score", "precision_score", "recall_score", "roc_auc_score",
)  # fmt: skip
LOSS = "loss"
_AS_SCORES = {
    name: name for name in ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error")
}  # of Keras's names, those that are the same number


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
        fits = trainings(value)
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
            return self.judge(self.measured(value, facts), fits)
        except CannotRebuild as error:
            return undecided(error)

    def aim(self) -> Aim:
        raise NotImplementedError

    def measured(self, model: ModelDescription, facts: Facts) -> Mapping[str, float]:
        """What the grader finds on its own rows of the split. Raises CannotRebuild where it can't."""
        return facts.lab.evaluate(model, self.split)

    def judge(self, measured: Mapping[str, float], fits: tuple[FitRecord, ...]) -> Verdict:
        raise NotImplementedError


class Accuracy(OnSplit):
    """Accuracy on a split, measured by the grader. Weights must come out of trainings that did not see that split."""

    type: Literal["accuracy"] = "accuracy"
    at_least: float = Field(gt=0, le=1)

    def aim(self) -> Aim:
        return Aim(ACCURACY, self.split, self.at_least)

    def describe(self) -> str:
        return _("Accuracy of at least {at_least:g} on {split}", at_least=self.at_least, split=split_name(self.split))

    def judge(self, measured: Mapping[str, float], fits: tuple[FitRecord, ...]) -> Verdict:
        accuracy = measured["accuracy"]
        if accuracy >= self.at_least:
            return passed(f"{accuracy:.4f}")
        return failed(_("at least {at_least:g}", at_least=self.at_least), f"{accuracy:.4f}", why_low(fits))


class Metric(OnSplit):
    """Loss or another metric on a split, measured by the grader, between bounds. Weights must come out of trainings that did not see
    that split."""

    type: Literal["metric"] = "metric"
    metric: str
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)
    asks = ("at_least", "at_most")

    @field_validator("metric")
    @classmethod
    def _is_a_metric(cls, name: str) -> str:
        if name == LOSS or name in SCORES:
            return name
        found = keras_names.canonical("metrics", name)
        if found != "accuracy" and found not in _AS_SCORES:
            said = meant(name, ["loss", "accuracy", *SCORES])
            raise ValueError(_("the grader doesn't measure {metric}: {meant}", metric=name, meant=said))
        return _AS_SCORES.get(found, found)

    def problem(self) -> str:
        return super().problem() or out_of_reach(self.metric, self.at_least, self.at_most)

    def aim(self) -> Aim:
        return Aim(self.metric, self.split, self.at_least, self.at_most)

    def measured(self, model: ModelDescription, facts: Facts) -> Mapping[str, float]:
        return (
            facts.lab.score(model, self.split, self.metric) if self.metric in SCORES else super().measured(model, facts)
        )

    def describe(self) -> str:
        bounds = between(self.at_least, self.at_most)
        return _("{metric} of {bounds} on {split}", metric=self.metric, bounds=bounds, split=split_name(self.split))

    def judge(self, measured: Mapping[str, float], fits: tuple[FitRecord, ...]) -> Verdict:
        number_ = measured[self.metric]
        return (
            passed(f"{number_:.4f}")
            if self.aim().reached(number_)
            else failed(between(self.at_least, self.at_most), f"{number_:.4f}", why_low(fits))
        )


class _Evaluated(Check):
    """What the checks on ``evaluate`` share. `trained`: whether the network must come out of ``fit``."""

    split: Split = "holdout"
    metric: Literal["loss", "accuracy"] = "accuracy"
    tolerance: float = Field(default=0.002, gt=0)
    trained: bool = False

    def compared(self, given: Any, model: Any, facts: Facts, others: Mapping[str, Any] | None = None) -> Verdict:
        """The verdict on one number for one network; `others` that were measured too, by the name of their number."""
        if not isinstance(model, ModelDescription):
            return failed(_("a network"), show(model))
        if isinstance(uncompiled := compiled(model), Verdict):
            return uncompiled
        if self.trained and isinstance(untrained := trainings(model), Verdict):
            return untrained
        if found := Form(kind=self.metric).problem(given, self.of):
            return malformed(found.expected, show(given), found.hint)
        number_: Any = given.value
        try:
            measured = facts.lab.evaluate(model, self.split)
        except CannotRebuild as error:
            return undecided(error)
        right = measured[self.metric]
        near = abs(number_ - right) <= self.tolerance  # which another number may be too
        if near and (self._is(number_, right) or self._is_rounded(number_, measured, (3, 4))):
            return passed(f"{number_:.4f}")
        hint = ("" if near else self._hint(number_, measured, model, facts)) or self._another(
            number_, model, facts, others or {}
        )
        if near and not hint:
            return passed(f"{number_:.4f}")
        return failed(f"{right:.4f}", f"{number_:.4f}", hint or self._guessed(number_, measured, model))

    def _is(self, number_: float, measured: float) -> bool:
        """Whether it is that very number, not one like it, whatever the check tolerates: as splits are large, no two are by chance."""
        return abs(number_ - measured) <= min(self.tolerance / 20, max(1e-4, 1e-5 * abs(measured)))

    def _hint(self, number_: float, measured: Mapping[str, float], model: ModelDescription, facts: Facts) -> str:
        """What was done with the right number."""
        other = "loss" if self.metric == "accuracy" else "accuracy"
        if abs(number_ - measured[other]) <= self.tolerance:
            return _(
                "This is the {other}: model.evaluate(...) returns the loss first, then the metrics.",
                other=_(MEASURED[other]),
            )
        if self.metric == "accuracy" and abs(number_ / 100 - measured["accuracy"]) <= self.tolerance:
            return _("Hand in the accuracy as a share, 0 to 1, not in per cent.")
        if self.metric == "accuracy" and number_ > 100:
            return _("This counts answers: divide by how many there are in all, and it is a share from 0 to 1.")
        with contextlib.suppress(CannotRebuild, NotImplementedError):
            unscaled = facts.lab.evaluate(model, self.split, scaling="raw")
            if self._is(number_, unscaled[self.metric]):  # one that is near it may be of an early epoch
                return _("The images that you evaluated on run to 255: scale them as those that you trained on.")
        return ""

    def _is_rounded(self, number_: float, measured: Mapping[str, float], to: tuple[int, ...]) -> bool:
        """Whether it is the right number, rounded `to` so many digits."""
        return any(abs(number_ - round(measured[self.metric], digits)) < 1e-9 for digits in to)

    def _another(self, number_: float, model: ModelDescription, facts: Facts, others: Mapping[str, Any]) -> str:
        """Where it is the number of another split, of an epoch of the training, or of another network."""
        words = {"metric": _(MEASURED[self.metric]), "split": split_name(self.split)}
        for split in ("train", "test", "holdout"):
            with contextlib.suppress(CannotRebuild, NotImplementedError):
                if split != self.split and self._is(number_, facts.lab.evaluate(model, split)[self.metric]):
                    return _(
                        "That is its {metric} on {other}: evaluate it on {split}.", other=split_name(split), **words
                    )
        for fit in model.fits:
            for name, values in fit.history.items():  # what was validated last is the trained network, on whatever data
                earlier = {self.metric: values, f"val_{self.metric}": values[:-1]}.get(name, ())
                epoch = next((number for number, one in enumerate(earlier, 1) if self._is(number_, one)), 0)
                if epoch:
                    return _(
                        "That is the {metric} that fit() measured in epoch {epoch}: evaluate the trained network on {split}.",
                        epoch=epoch, **words,
                    )  # fmt: skip
        for split in dict.fromkeys((self.split, "holdout", "test")):
            for name, other in {**facts.elsewhere, **others}.items():
                with contextlib.suppress(CannotRebuild, NotImplementedError):
                    if other is not model and self._is(number_, facts.lab.evaluate(other, split)[self.metric]):
                        found = {"name": name, "other": split_name(split), **words}
                        return _(
                            "That is the {metric} of `{name}` on {other}: evaluate this network on {split}.", **found
                        )
        return ""

    def _guessed(self, number_: float, measured: Mapping[str, float], model: ModelDescription) -> str:
        if self._is_rounded(number_, measured, (1, 2)):
            return _("This is rounded: hand in the number as evaluate() returns it.")
        if self.metric == "accuracy" and abs(1 - number_ - measured["accuracy"]) <= self.tolerance / 20:
            return _("This is the share of wrong answers: count those that equal their targets, ==.")
        if said := torn(
            fit.data for fit in model.fits
        ):  # then the hold-out's are torn too, mostly, and nobody can tell which number that gives
            return said
        if self.metric == "accuracy" and number_ < measured["accuracy"] / 100:
            return _(
                "Hardly an answer counts as right here: compare the class of each image with its own target, number by number."
            )
        classes = ((model.layers[-1].output_shape if model.layers else None) or (1,))[-1] or 1
        guessing = {"accuracy": 2 / classes, "loss": math.log(classes) / 1.5}[self.metric]
        sign = 1 if self.metric == "accuracy" else -1
        if classes > 2 and sign * number_ < sign * guessing < sign * measured[self.metric]:
            return _(
                "A network that only guesses gets this, and yours is better: was it evaluated before fit(), was it another network, "
                "or do samples and targets no longer belong together?"
            )
        return _("Evaluate this very network on {split}.", split=split_name(self.split))


class Evaluation(_Evaluated):
    """A number that the student got from ``evaluate`` agrees with the grader's own evaluation of that network."""

    type: Literal["evaluation"] = "evaluation"
    model: str
    accepts = (ScalarDescription,)
    wanted = N_("a number")
    values_named = ("model",)

    def describe(self) -> str:
        return _(
            "`{of}` is the network's {metric} on {split}",
            of=self.of,
            metric=_(MEASURED[self.metric]),
            split=split_name(self.split),
        )

    def form(self) -> Form:
        return Form(kind=self.metric)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        return self.compared(value, facts.of(self.model), facts)


class Evaluations(_Evaluated):
    """A dictionary of such numbers, one for each network of a dictionary of networks."""

    type: Literal["evaluations"] = "evaluations"
    models: str
    enough: int = Field(default=1, gt=0)
    accepts = (MappingDescription,)
    wanted = N_("a dictionary")
    values_named = ("models",)

    def describe(self) -> str:
        return _(
            "`{of}` holds each network's {metric} on {split}",
            of=self.of,
            metric=_(MEASURED[self.metric]),
            split=split_name(self.split),
        )

    def decide(self, value: Any, facts: Facts) -> Verdict:
        models = facts.of(self.models)
        if not isinstance(models, MappingDescription):
            return failed(_("a dictionary of networks as `{models}`", models=self.models), show(models))
        if not value.items:
            return failed(_("a dictionary of numbers"), _("an empty dictionary"))
        if len(value.items) < self.enough:
            return failed(_(AT_LEAST, number=self.enough), show(value))
        networks = {
            key: one for key, one in models.items.items() if key in value.items and isinstance(one, ModelDescription)
        }
        if self.trained and one_network(self.models, networks):
            return failed(_("another network under each name"), _("the same network under all of them"))
        for key, item in value.items.items():
            verdict = self.compared(item, models.items.get(key), facts, networks)
            if verdict.hint or verdict.expected or verdict.status is not Status.PASSED:
                expected = f"{key}: {verdict.expected}" if verdict.expected else ""
                return verdict._replace(expected=expected, actual=f"{key}: {verdict.actual}")
        return passed(show(value))
