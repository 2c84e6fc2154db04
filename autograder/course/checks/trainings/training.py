"""Checks on how a network was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.results import Status
from autograder.common.showing.readable import shorten
from autograder.common.wire.description import DataRecord, FitRecord, MappingDescription, ModelDescription, digest
from autograder.course.checks.answers.arrays import NOT_PREPARED, OTHER_IMAGES, pixels_text, scaling_hint
from autograder.course.checks.base import (
    Facts,
    Language,
    Split,
    Verdict,
    failed,
    number,
    passed,
    refusal,
    undecided,
)
from autograder.course.checks.forms import Form
from autograder.course.checks.in_words import FITTED, MADE_AGAIN, TRAIN_IT, other_keys, shared, split_name
from autograder.course.checks.networks.compiling import OptimizerCheck, optimizer_text
from autograder.course.checks.networks.model_check import ModelCheck
from autograder.course.checks.networks.object_settings import Made
from autograder.course.checks.trainings.explaining_trainings import on_other_data, torn

NUMBERS = {
    "train": N_("{number} training images"),
    "holdout": N_("{number} hold-out images"),
    "test": N_("{number} test images"),
}
ROWS = {"train": N_("{number} training rows"), "holdout": N_("{number} hold-out rows"), "test": N_("{number} test rows")}  # fmt: skip


def trainings(model: ModelDescription, another: bool = False) -> tuple[FitRecord, ...] | Verdict:
    """The trainings that explain the network's weights, or why they aren't known. `another` of its name was trained."""
    if model.undecided:
        return undecided(model.origin)
    if on_other_data(model):
        return Verdict(Status.SKIPPED, actual=_("not looked at, because the network was trained on other data"))
    if model.origin:
        return failed(_("weights that come out of fit()"), model.origin, _(FITTED))
    if not model.fits:
        return failed(
            _("a trained network"),
            _("fit() has not run to its end on this network"),
            _(MADE_AGAIN if another else TRAIN_IT),
        )
    return model.fits


class _TrainedCheck(ModelCheck):
    """A check on a network's training; with `entries`, on the training of each of those networks of a dictionary.

    `enough` of them do where other checks ask for each by itself: a loop that ended with an error then costs what it didn't train.
    """

    entries: tuple[str, ...] | None = None
    enough: int | None = Field(default=None, gt=0)

    def problem(self) -> str:
        if self.enough is not None and self.enough > len(self.entries or ()):
            return _("enough is {number}, more than there are entries", number=self.enough)
        return super().problem()

    def form(self) -> Form:
        return super().form() if self.entries is None else Form(kind="dictionary")

    def known_trainings(self, model: ModelDescription, facts: Facts) -> tuple[FitRecord, ...] | Verdict:
        """As `trainings`; on other data how it was trained may be right all the same, and only the kernel says so."""
        found = trainings(model, self.of in facts.elsewhere)
        return undecided(model.origin) if isinstance(found, Verdict) and found.status is Status.SKIPPED else found

    def heading(self, language: Language = "") -> str:
        own = super().heading(language)
        return own if self.title or self.entries is None else f"{', '.join(self.entries)}: {own}"

    def __call__(self, facts: Facts) -> Verdict:
        if self.entries is None:
            return super().__call__(facts)
        if problem := refusal(facts, self.of, self.form()):
            return problem
        networks: Mapping[str, Any] = facts.of(self.of).items
        missing = [key for key in self.entries if key not in networks]
        trained = [key for key in self.entries if key in networks and _trained_or_not_told(networks[key])]
        judged = trained if self.enough and len(trained) >= self.enough else self.entries
        if missing and judged is self.entries:
            if self.hidden:
                return failed(", ".join(self.entries), ", ".join(networks))
            keys = ", ".join(missing)
            hint = other_keys(missing, networks.keys() - {*self.entries}) or _("Did the cell that trains it end with an error?")  # fmt: skip
            return failed(_("a network under {keys}", keys=keys), _("missing: {keys}", keys=keys), hint)
        found = {key: self._of_one(key, networks[key], facts) for key in judged}
        for status in (Status.FAILED, Status.UNDECIDED):
            for key, verdict in found.items():
                if verdict.status is status:
                    expected = f"{key}: {verdict.expected}" if verdict.expected else ""
                    return Verdict(
                        status, expected, f"{key}: {verdict.actual}", shared(self.of, networks) or verdict.hint
                    )
        return passed(shorten("; ".join(dict.fromkeys(verdict.actual for verdict in found.values()))))

    def _of_one(self, key: str, network: Any, facts: Facts) -> Verdict:
        """What the same check finds of the network under `key`, as if it had been handed in by that name."""
        one = self.model_copy(update={"of": key, "entries": None})
        return one(replace(facts, values={**facts.values, key: network}))


def _trained_or_not_told(network: Any) -> bool:
    return not isinstance(network, ModelDescription) or bool(network.fits or network.undecided or network.origin)


class FitCheck(_TrainedCheck):
    """A check on all trainings of a network together."""

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        raise NotImplementedError

    def decide(self, value: Any, facts: Facts) -> Verdict:
        fits = self.known_trainings(value, facts)
        return fits if isinstance(fits, Verdict) else self.judge(fits, facts)


# Numbers for each sample can say anything, what was learned from other images too.
WEIGHTED = N_("the samples were weighted one by one: a person has to look at how")


class TrainedOn(FitCheck):
    """Every training used each row of `split` once an epoch, and nothing else, with its true labels.

    With `part`, some of the rows are enough, as ``validation_split`` leaves them: nothing else all the same.
    """

    type: Literal["trained_on"] = "trained_on"
    split: Split = "train"
    part: bool = False
    scaling: Literal["unit", "raw"] | None = None
    prepared: str = ""

    def problem(self) -> str:
        return (
            _("give either 'scaling', of images, or 'prepared', of a table") if self.scaling and self.prepared else ""
        )

    def describe(self) -> str:
        split = split_name(self.split)
        said = _("Trained on {split}", split=split)
        if self.part:
            said = _("Trained on part of {split}, and on nothing else", split=split)
        said += _(", prepared as `{name}`", name=self.prepared) if self.prepared else ""
        return said + (_(", scaled to 0 to 1") if self.scaling == "unit" else "")

    @property
    def _asked(self) -> bool:
        """Whether it is said what the data look like: others are then a mistake, and not the grader's limit."""
        return self.scaling is not None or bool(self.prepared)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        if self._asked and (other := on_other_data(value)):
            return self.judge(other, facts)
        return super().decide(value, facts)

    def refuses(self, values: Mapping[str, Any]) -> set[str]:
        """The digests of the weights of a question's networks that were trained on other data, where it says on which."""
        found = values.get(self.of)
        several = found.items.values() if isinstance(found, MappingDescription) and self.entries else (found,)
        networks = [one for one in several if isinstance(one, ModelDescription)]
        return {digest(one.weights) for one in networks if self._asked and on_other_data(one)}

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        parts = {part: facts.lab.size(part) for part in ("train", "holdout", "test")}
        for fit in fits:
            problem = self._problem(fit.data, parts)
            if isinstance(problem, Verdict):
                return problem
            if problem:
                return failed(self.describe(), *problem)
        if any(fit.data.weighted == "samples" for fit in fits):
            return undecided(_(WEIGHTED))
        return passed(self.describe())

    def _problem(self, data: DataRecord, parts: Mapping[str, int]) -> tuple[str, str] | Verdict | None:
        """What is wrong with the data of a training, and a hint. `parts`: how many samples each part of the data set has."""
        used = {"train": data.train, "holdout": data.holdout, "test": data.test}
        words = ROWS if data.prepared else NUMBERS
        text = _(" and ").join(_(words[part], number=number(n)) for part, n in used.items() if n) or _(
            "{number} samples of other data", number=number(data.samples)
        )
        if not data.recognised:
            if not data.samples or not self._asked:  # they may be the images, changed in a way that is allowed
                return undecided(_("what it was trained on could not be recognised"))
            if self.prepared:
                return text, _(NOT_PREPARED)
            return text, _(OTHER_IMAGES)
        within = ("train", "holdout") if self.split == "all_train" else (self.split,)
        wanted = {part: n if part in within else 0 for part, n in parts.items()}
        outside = any(n for part, n in used.items() if part not in within)
        if outside or (not self.part and (used != wanted or data.distinct != data.samples)):
            hint = _(
                "Train on the training split only: what is used to train can't be used to judge how well it "
                "generalises."
            )
            if not outside:
                every = N_("Use all {number} images of {split}, each once.")
                every = N_("Use all {number} rows of {split}, each once.") if data.prepared else every
                hint = _(every, number=number(sum(wanted.values())), split=split_name(self.split))
            elif self.split != "train":
                hint = _("Train on {split}, and on nothing else.", split=split_name(self.split))
            return text, hint
        if said := torn([data]):
            changed = N_("{number} changed targets") if data.prepared else N_("{number} changed labels")
            return _(changed, number=number(data.changed_labels)), said
        if self.prepared and data.prepared != self.prepared:
            return _("{text}, prepared as `{name}`", text=text, name=data.prepared), _(NOT_PREPARED)
        if self.scaling and data.scaling != self.scaling:
            found = f"{text}, {pixels_text(data.scaling, data.lookup)}"
            return found, scaling_hint(self.scaling, data.scaling, data.lookup)
        return None


CONTINUED = N_(
    "A second fit() goes on from the weights of the first, and compile() does not reset them either: build a fresh network "
    "(run the cell that makes it again), and train that once."
)


class Fresh(FitCheck):
    """Trained from fresh weights with one optimizer on the same data, in one call of ``fit`` or in several."""

    type: Literal["fresh"] = "fresh"

    def describe(self) -> str:
        return _("Trained once, from fresh weights")

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        if len(fits) == 1:  # calls of fit that go on with the same optimizer and data are one record
            return passed(_("one training"))
        shown = [optimizer_text(fit.compiled.optimizer, ()).removesuffix("()") for fit in fits]
        return failed(
            _("one training of a fresh network"),
            _("{count} trainings, one after another ({used})", count=len(fits), used=", ".join(shown)),
            _(CONTINUED),
        )


class TrainedWith(_TrainedCheck, OptimizerCheck):
    """The optimizer that the last training really used."""

    type: Literal["trained_with"] = "trained_with"

    def describe(self) -> str:
        return _("Trained with {asked}", asked=self.asked())

    def class_given(self, value: Any) -> str:
        return value.fits[-1].compiled.optimizer.type if value.fits else ""

    def decide_alone(self, value: Any, facts: Facts) -> Verdict:
        fits = self.known_trainings(value, facts)
        if isinstance(fits, Verdict):
            return fits
        used = fits[-1].compiled.optimizer
        rates = set(fits[-1].learning_rates)
        earned = self.compared(used, "").status is Status.PASSED
        scheduled = isinstance(self.settings.get("learning_rate"), Made)
        if "learning_rate" in self.wanted_settings() and len(rates) > 1 and earned and not scheduled:
            return failed(
                self.asked_alone(),
                _("{optimizer}, and the learning rate changed to {rates} later", optimizer=optimizer_text(used),
                  rates=", ".join(f"{rate:g}" for rate in fits[-1].learning_rates[1:4])),
                _("A callback or an assignment changed it while the network was training."),
            )  # fmt: skip
        elsewhere = N_("The network was trained with {used}, not with {asked}: an optimizer counts only when compile(optimizer=...) gets it, before fit().")  # fmt: skip
        return self.compared(used, _(elsewhere, used=optimizer_text(used), asked=self.equals))
