"""Checks on a number that a student got by evaluating a network: the grader measures it again."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.common.keras_tables.keras_names import canonical
from autograder.common.results import Status
from autograder.common.wire.description import MappingDescription, ModelDescription, ScalarDescription, entry
from autograder.course.checks.answers.values import AT_LEAST
from autograder.course.checks.base import Check, Facts, Split, Verdict, failed, malformed, passed, show, undecided
from autograder.course.checks.forms import MEASURED, Form
from autograder.course.checks.in_words import one_network, split_name
from autograder.course.checks.networks.compiling import compiled
from autograder.course.checks.plain_values import Kind
from autograder.course.checks.ranges import ACCURACY
from autograder.course.checks.trainings.explaining_trainings import torn
from autograder.course.checks.trainings.metric_names import ERRORS, MetricName, called, measure
from autograder.course.checks.trainings.training import trainings


class _Evaluated(Check):
    """What the checks on ``evaluate`` share. `trained`: whether the network must come out of ``fit``."""

    split: Split = "holdout"
    metric: MetricName = ACCURACY
    tolerance: float = Field(default=0.002, gt=0)
    trained: bool = False

    def compared(
        self,
        given: Any,
        model: Any,
        facts: Facts,
        others: Mapping[str, Any] | None = None,
        name: str = "",
        place: str = "",
    ) -> Verdict:
        """The verdict on one number for one network; `others` that were measured too, by the name of their number. `name`: of the network; `place`: of the number, in a dictionary."""
        if not isinstance(model, ModelDescription):
            return failed(_("a network"), show(model))
        if isinstance(uncompiled := compiled(model), Verdict):
            return uncompiled
        if self.trained and isinstance(untrained := trainings(model, name in facts.elsewhere), Verdict):
            return untrained
        if found := Form(kind=self.kind).problem(given, place or self.of):
            return malformed(found.expected, show(given), found.hint)
        number_: Any = given.value
        try:
            measured = {**facts.lab.evaluate(model, self.split), self.metric: self._measure(model, self.split, facts)}
        except CannotRebuild as error:
            return undecided(error)
        right = measured[self.metric]
        near = abs(number_ - right) <= self.tolerance  # which another number may be too
        if near and (self._is(number_, right) or self._is_rounded(number_, measured)):
            return passed(f"{number_:.4f}")
        hint = ("" if near else self._hint(number_, measured, model, facts)) or self._another(
            number_, model, facts, others or {}
        )
        if near and not hint:
            return passed(f"{number_:.4f}")
        return failed(f"{right:.4f}", f"{number_:.4f}", hint or self._guessed(number_, measured, model, facts))

    @property
    def kind(self) -> Kind:
        """Of the number's form: one of several that ``evaluate`` returns."""
        return self.metric if self.metric in MEASURED else "metric"  # type: ignore[return-value]

    def _measure(self, model: ModelDescription, split: str, facts: Facts) -> float:
        return measure(facts.lab, model, split, self.metric)

    def _is(self, number_: float, measured: float) -> bool:
        """Whether it is that very number, not one like it, whatever the check tolerates: as splits are large, no two are by chance."""
        return abs(number_ - measured) <= min(self.tolerance / 20, max(1e-4, 1e-5 * abs(measured)))

    def _hint(self, number_: float, measured: Mapping[str, float], model: ModelDescription, facts: Facts) -> str:
        """What was done with the right number."""
        if self._is_rounded(number_, measured):  # before another number is found that it is by chance
            return _("This is rounded: hand in the number as evaluate() returns it.")
        for other, value in self._mistakable(measured, model, facts):
            if abs(number_ - value) <= self.tolerance < abs(value - measured[self.metric]):
                if other in MEASURED and self.metric in MEASURED:
                    hint = N_("This is the {other}: model.evaluate(...) returns the loss first, then the metrics.")
                    return _(hint, other=called(other))
                return _(
                    "This is the {other}, and the {metric} is asked for.",
                    other=called(other),
                    metric=called(self.metric),
                )
        if self.metric == ACCURACY and abs(number_ / 100 - measured[ACCURACY]) <= self.tolerance:
            return _("Hand in the accuracy as a share, 0 to 1, not in per cent.")
        if self.metric == ACCURACY and number_ > 100:
            return _("This counts answers: divide by how many there are in all, and it is a share from 0 to 1.")
        if any(getattr(fit.data, self.split, 0) for fit in model.fits):
            # It was split otherwise: whatever number of the course's own parts this is near, it is so by chance.
            return _("The network was trained on samples of {split}: split the data as the text asks, then train and evaluate again.", split=split_name(self.split))  # fmt: skip
        return self._prepared_otherwise(number_, model, facts)

    def _prepared_otherwise(self, number_: float, model: ModelDescription, facts: Facts) -> str:
        """Where it is that very network's number, on samples made otherwise than those that it was trained on."""
        data = model.fits[-1].data if model.fits else None
        own = (data.prepared or data.scaling) if data else ""
        for name in facts.lab.preparations:
            with contextlib.suppress(CannotRebuild, NotImplementedError):
                found = name != own and measure(facts.lab, model, self.split, self.metric, name)
                if not found or not self._is(number_, found):  # one that is only near it may be of an early epoch
                    continue
                if data and data.prepared:
                    return _(
                        "That is its {metric} on {split} prepared as `{name}`, and it was trained on rows prepared as `{trained}`: prepare "
                        "both alike.",
                        metric=called(self.metric), split=split_name(self.split), name=name, trained=own,
                    )  # fmt: skip
                if name == "raw":
                    return _("The images that you evaluated on run to 255: scale them as those that you trained on.")
                return _(
                    "The images that you evaluated on run from 0 to 1, and those that you trained on don't: scale both alike."
                )
        return ""

    def _mistakable(
        self, measured: Mapping[str, float], model: ModelDescription, facts: Facts
    ) -> Iterator[tuple[str, float]]:
        """Other numbers of the same network on the same rows, by name."""
        of_numbers = model.compiled is not None and canonical("losses", model.compiled.loss.type) in ERRORS
        yield from (
            (name, measured[name]) for name in MEASURED if name != self.metric and not (of_numbers and name == ACCURACY)
        )
        for other in ERRORS if of_numbers or self.metric in ERRORS else ():
            with contextlib.suppress(CannotRebuild, NotImplementedError):
                yield other, measure(facts.lab, model, self.split, other)

    def _is_rounded(self, number_: float, measured: Mapping[str, float]) -> bool:
        """Whether it is the right number, rounded to some digits."""
        return any(abs(number_ - round(measured[self.metric], digits)) < 1e-9 for digits in range(1, 5))

    def _another(self, number_: float, model: ModelDescription, facts: Facts, others: Mapping[str, Any]) -> str:
        """Where it is the number of another split, of an epoch of the training, or of another network."""
        words = {"metric": called(self.metric), "split": split_name(self.split)}
        for split in ("train", "test", "holdout"):
            with contextlib.suppress(CannotRebuild, NotImplementedError):
                if split != self.split and self._is(number_, self._measure(model, split, facts)):
                    return _(
                        "That is its {metric} on {other}: evaluate it on {split}.", other=split_name(split), **words
                    )
        validated = model.fits[-1].history.get(f"val_{self.metric}", ()) if model.fits else ()
        if validated and self._is(number_, validated[-1]):  # an earlier epoch of the same number is chance
            said = N_(
                "That is its {metric} on the validation data of fit(), which are not those of {split}: compare the images and the labels."
            )
            return torn(fit.data for fit in model.fits) or _(said, **words)
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
                    if other is not model and self._is(number_, self._measure(other, split, facts)):
                        found = {"name": name, "other": split_name(split), **words}
                        return _(
                            "That is the {metric} of `{name}` on {other}: evaluate this network on {split}.", **found
                        )
        return ""

    def _guessed(self, number_: float, measured: Mapping[str, float], model: ModelDescription, facts: Facts) -> str:
        if self.metric == ACCURACY and abs(1 - number_ - measured[ACCURACY]) <= self.tolerance / 20:
            return _("This is the share of wrong answers: count those that equal their targets, ==.")
        if said := torn(
            fit.data for fit in model.fits
        ):  # then the hold-out's are torn too, mostly, and nobody can tell which number that gives
            return said
        of_classes = False
        with contextlib.suppress(CannotRebuild):
            of_classes = facts.lab.meaning(model) == "class"
        if of_classes and self.metric == ACCURACY and number_ < measured[ACCURACY] / 100:
            return _(
                "Hardly an answer counts as right here: compare the class of each image with its own target, number by number."
            )
        classes = (model.outputs or 1) if of_classes else 1
        guessing = {ACCURACY: 2 / classes, "loss": math.log(classes) / 1.5}.get(self.metric)
        sign = 1 if self.metric == ACCURACY else -1
        if guessing is not None and classes > 2 and sign * number_ < sign * guessing < sign * measured[self.metric]:
            return _(
                "A network that only guesses gets this, and yours is better: was it evaluated before fit(), was it another network, "
                "or do samples and targets no longer belong together?"
            )
        return _("Evaluate this very network on {split}, on all of it.", split=split_name(self.split))


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
            metric=called(self.metric),
            split=split_name(self.split),
        )

    def form(self) -> Form:
        return Form(kind=self.kind)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        return self.compared(value, facts.of(self.model), facts, name=self.model)


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
            metric=called(self.metric),
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
            verdict = self.compared(item, models.items.get(key), facts, networks, place=entry(self.of, key))
            if verdict.hint or verdict.expected or verdict.status is not Status.PASSED:
                expected = f"{key}: {verdict.expected}" if verdict.expected else ""
                return verdict._replace(expected=expected, actual=f"{key}: {verdict.actual}")
        return passed(show(value))
