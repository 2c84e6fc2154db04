"""Checks on compile settings, on how a network was trained, and on what it has learned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.wire.description import Component, DataRecord, FitRecord, ModelDescription
from autograder.course.checks.base import Facts, Split, Verdict, compiled, failed, number, passed, undecided
from autograder.course.checks.network import ModelCheck

Setting = bool | int | float | str
SPLITS = {
    "all_train": N_("all 60,000 training images"),
    "train": N_("the training split"),
    "holdout": N_("the hold-out"),
    "test": N_("the test images"),
}


def split_name(split: str) -> str:
    return _(SPLITS[split])


RATE_TOLERANCE = 1e-6  # relative: settings are stored as float32


def optimizer_text(optimizer: Component, keys: tuple[str, ...] = ("learning_rate", "momentum", "nesterov")) -> str:
    parts = [f"{key}={_plain(optimizer.settings[key])}" for key in keys if key in optimizer.settings]
    return f"{optimizer.type}({', '.join(parts)})"


def _plain(value: Any) -> str:
    return value.type if isinstance(value, Component) else str(value)


def settings_differ(optimizer: Component, kind: str, settings: dict[str, Setting]) -> bool:
    return optimizer.type != kind or any(not _equal(optimizer.settings.get(key), v) for key, v in settings.items())


def _equal(actual: Any, wanted: Setting) -> bool:
    if isinstance(wanted, bool) or isinstance(actual, bool):
        return actual is wanted
    if isinstance(wanted, (int, float)) and isinstance(actual, (int, float)):
        return abs(actual - wanted) <= RATE_TOLERANCE * max(1.0, abs(wanted))
    return bool(actual == wanted)


class _OptimizerCheck(ModelCheck):
    equals: str
    settings: dict[str, Setting] = Field(default={})

    def asked(self) -> str:
        settings = ", ".join(f"{key}={value}" for key, value in self.settings.items())
        return f"{self.equals}({settings})"

    def compared(self, optimizer: Component, hint: str) -> Verdict:
        if not settings_differ(optimizer, self.equals, self.settings):
            return passed(optimizer_text(optimizer))
        if optimizer.custom and optimizer.type == self.equals:
            return undecided(optimizer.custom)
        return failed(self.asked(), optimizer_text(optimizer), hint)


class Optimizer(_OptimizerCheck):
    """The optimizer given to ``compile``, as a string or an object, with the settings that are asked for."""

    type: Literal["optimizer"] = "optimizer"

    def describe(self) -> str:
        return _("Compiled with {asked}", asked=self.asked())

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = compiled(value)
        if isinstance(found, Verdict):
            return found
        return self.compared(
            found.optimizer, _("Give the optimizer to compile(optimizer=...), by name or as an object.")
        )


class Loss(ModelCheck):
    """The loss, by string, function or object. With ``from_logits=True`` the last layer must not be a softmax."""

    type: Literal["loss"] = "loss"
    equals: str

    def describe(self) -> str:
        return _("Loss {loss}", loss=self.equals)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = compiled(value)
        if isinstance(found, Verdict):
            return found
        if found.loss.type != self.equals:
            hint = ""
            if found.loss.type == "categorical_crossentropy":
                hint = _(
                    "The labels are integers 0 to 9, not one-hot vectors: that is what the word sparse stands for."
                )
            return failed(self.equals, found.loss.type, hint)
        last = value.layers[-1].config.get("activation") if value.layers else None
        softmax = last == "softmax" or (bool(value.layers) and value.layers[-1].type == "Softmax")
        if found.loss.settings.get("from_logits") is True and softmax:
            return failed(
                _("{loss} on probabilities", loss=self.equals),
                _("from_logits=True after a softmax"),
                _("Either leave from_logits out, or leave the softmax out: both together apply it twice."),
            )
        return passed(found.loss.type)


class Metrics(ModelCheck):
    """Metrics that must be among those given to ``compile``, however spelled."""

    type: Literal["metrics"] = "metrics"
    includes: tuple[str, ...]

    def describe(self) -> str:
        return _("Metrics {metrics}", metrics=", ".join(self.includes))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = compiled(value)
        if isinstance(found, Verdict):
            return found
        names = [metric.type for metric in found.metrics if not metric.custom]
        if all(name in names for name in self.includes):
            return passed(", ".join(names))
        return failed(", ".join(self.includes), ", ".join(m.type for m in found.metrics) or _("none"),
                      _("metrics is a list: metrics=['accuracy']."))  # fmt: skip


def trainings(model: ModelDescription) -> tuple[FitRecord, ...] | Verdict:
    """The trainings that explain the network's weights, or why they aren't known."""
    if model.undecided:
        return undecided(model.origin)
    if model.origin:
        return failed(_("weights that come out of fit()"), model.origin)
    if not model.fits:
        return failed(
            _("a trained network"),
            _("fit() was not called on this network"),
            _("Train it with fit() before this cell."),
        )
    return model.fits


class _FitCheck(ModelCheck):
    def judge(self, fits: tuple[FitRecord, ...]) -> Verdict:
        raise NotImplementedError

    def decide(self, value: Any, facts: Facts) -> Verdict:
        fits = trainings(value)
        return fits if isinstance(fits, Verdict) else self.judge(fits)


# Numbers for each sample can say anything, what was learned from other images too.
WEIGHTED = N_("the samples were weighted one by one: a person has to look at how")


class TrainedOn(_FitCheck):
    """Every training used each row of `split` once an epoch, and nothing else, with its true labels."""

    type: Literal["trained_on"] = "trained_on"
    split: Split = "train"
    scaling: Literal["unit", "raw"] | None = None

    def describe(self) -> str:
        return _("Trained on {split}", split=split_name(self.split)) + (
            _(", scaled to 0 to 1") if self.scaling == "unit" else ""
        )

    def judge(self, fits: tuple[FitRecord, ...]) -> Verdict:
        for fit in fits:
            problem = self._problem(fit.data)
            if problem:
                return failed(self.describe(), *problem)
        if any(fit.data.weighted == "samples" for fit in fits):
            return undecided(_(WEIGHTED))
        return passed(self.describe())

    def _problem(self, data: DataRecord) -> tuple[str, str] | None:
        sizes = {
            "all_train": (48000, 12000, 0),
            "train": (48000, 0, 0),
            "holdout": (0, 12000, 0),
            "test": (0, 0, 10000),
        }
        parts = {
            N_("{number} training images"): data.train,
            N_("{number} hold-out images"): data.holdout,
            N_("{number} test images"): data.test,
        }
        text = _(" and ").join(_(words, number=number(n)) for words, n in parts.items() if n) or _(
            "{number} samples of other data", number=number(data.samples)
        )
        if not data.recognised:
            return text, _("Train on the images of Fashion-MNIST that the text asks for.")
        if tuple(parts.values()) != sizes[self.split] or data.distinct != data.samples:
            hint = _(
                "Train on the training split only: what is used to train can't be used to judge how well it "
                "generalises."
            )
            if data.holdout == data.test == 0:
                hint = _(
                    "Use all {number} images of {split}, each once.",
                    number=number(sum(sizes[self.split])),
                    split=split_name(self.split),
                )
            return text, hint
        if data.changed_labels:
            return _("{number} changed labels", number=number(data.changed_labels)), _(
                "The labels must belong to the images, row by row."
            )
        if self.scaling and data.scaling != self.scaling:
            hint = (
                _("Pixels run to 255, expected 0 to 1: divide by 255.0.")
                if data.scaling == "raw"
                else _("Divide by 255.0.")
            )
            return _("{images}, scaling: {scaling}", images=text, scaling=data.scaling), hint
        return None


class Epochs(_FitCheck):
    """Epochs of all trainings of a network together."""

    type: Literal["epochs"] = "epochs"
    equals: int | None = None
    at_most: int | None = None
    at_least: int | None = None

    def describe(self) -> str:
        limits = {
            N_("{number}"): self.equals,
            N_("at most {number}"): self.at_most,
            N_("at least {number}"): self.at_least,
        }
        asked = ", ".join(_(words, number=n) for words, n in limits.items() if n is not None)
        return _("Epochs: {asked}", asked=asked)

    def judge(self, fits: tuple[FitRecord, ...]) -> Verdict:
        total = sum(fit.epochs for fit in fits)
        wrong = (
            (self.equals is not None and total != self.equals)
            or (self.at_most is not None and total > self.at_most)
            or (self.at_least is not None and total < self.at_least)
        )
        if not wrong:
            return passed(total)
        calls = sum(fit.calls for fit in fits)
        if calls > 1:
            parts = " + ".join(str(fit.epochs) for fit in fits)
            return failed(
                self.describe(),
                _("{total} ({parts}, in {count} calls of fit)", total=total, parts=parts, count=calls)
                if len(fits) > 1
                else _("{total} (in {count} calls of fit)", total=total, count=calls),
                _(CONTINUED),
            )
        return failed(self.describe(), total, _("Set it in fit(..., epochs=...)."))


CONTINUED = N_(
    "compile() does not reset weights, so a second fit() goes on from the first: build a fresh network "
    "(run the cell that makes it again), and train that once."
)


class BatchSize(_FitCheck):
    """The size of the mini-batches, the same in every training of a network."""

    type: Literal["batch_size"] = "batch_size"
    equals: int

    def describe(self) -> str:
        return _("Batch size {size}", size=self.equals)

    def judge(self, fits: tuple[FitRecord, ...]) -> Verdict:
        sizes = sorted({fit.batch_size for fit in fits})
        return passed(sizes[0]) if sizes == [self.equals] else failed(self.equals, ", ".join(map(str, sizes)))


class Fresh(_FitCheck):
    """Trained from fresh weights with one optimizer on the same data, in one call of ``fit`` or in several."""

    type: Literal["fresh"] = "fresh"

    def describe(self) -> str:
        return _("Trained once, from fresh weights")

    def judge(self, fits: tuple[FitRecord, ...]) -> Verdict:
        if len(fits) == 1:
            return passed(_("one training"))
        used = ", ".join(optimizer_text(fit.compiled.optimizer, ()).removesuffix("()") for fit in fits)
        return failed(
            _("one training of a fresh network"),
            _("{count} trainings, one after another ({used})", count=len(fits), used=used),
            _(CONTINUED),
        )


class TrainedWith(_OptimizerCheck):
    """The optimizer that the last training really used."""

    type: Literal["trained_with"] = "trained_with"

    def describe(self) -> str:
        return _("Trained with {asked}", asked=self.asked())

    def decide(self, value: Any, facts: Facts) -> Verdict:
        fits = trainings(value)
        if isinstance(fits, Verdict):
            return fits
        used = fits[-1].compiled.optimizer
        rates = set(fits[-1].learning_rates)
        if (
            "learning_rate" in self.settings
            and len(rates) > 1
            and not settings_differ(used, self.equals, self.settings)
        ):
            return failed(
                self.asked(),
                _("{optimizer}, and the learning rate changed to {rates} later", optimizer=optimizer_text(used),
                  rates=", ".join(f"{rate:g}" for rate in fits[-1].learning_rates[1:4])),
                _("A callback or an assignment changed it while the network was training."),
            )  # fmt: skip
        return self.compared(
            used,
            _(
                "The network was trained with {used}, not with the optimizer that you made: an optimizer "
                "counts only when compile(optimizer=...) gets it, before fit().",
                used=optimizer_text(used),
            ),
        )
