"""Checks on what a network was compiled with: optimizer, loss and metrics."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import field_validator

from autograder.common.i18n import N_, _
from autograder.common.keras_tables import allowed, class_names, keras_names
from autograder.common.wire.description import CompileDescription, Component, ModelDescription
from autograder.course.checks.base import (
    Facts,
    Verdict,
    failed,
    name_of_keras,
    passed,
    undecided,
    unknown_key,
)
from autograder.course.checks.fitting import unfitting
from autograder.course.checks.networks.effective_layers import activation_layer, applied_by
from autograder.course.checks.networks.layer_specs import impossible
from autograder.course.checks.networks.model_check import ModelCheck
from autograder.course.checks.networks.object_settings import Made, Setting, same_made, told_inside, wanted_text
from autograder.course.checks.one_of import OneOf, OneOfMade
from autograder.course.checks.ranges import Range

_UNIMPORTANT = {
    "name",
    "ema_momentum",
    "ema_overwrite_frequency",
}  # nothing without use_ema, which is asked for by itself


SHOWN = ("learning_rate", "momentum", "nesterov")


def optimizer_text(optimizer: Component, keys: Sequence[str] = SHOWN) -> str:
    parts = [f"{key}={_plain(optimizer.settings[key])}" for key in keys if key in optimizer.settings]
    return f"{optimizer.type}({', '.join(parts)})"


def _plain(value: Any) -> str:
    return value.type if isinstance(value, Component) else str(value)


def _schedule(value: Any) -> bool:
    return isinstance(value, str) and bool(re.search(r"Decay|Schedule", value))


class OptimizerCheck(OneOfMade, ModelCheck):
    """`others`: settings that are not named may be anything, or must be at their defaults."""

    others: Literal["any", "default"] = "any"

    @field_validator("equals")
    @classmethod
    def _is_an_optimizer(cls, name: str) -> str:
        return name_of_keras("optimizers", name)

    @field_validator("any_of")
    @classmethod
    def _are_optimizers(cls, several: tuple[Made, ...]) -> tuple[Made, ...]:
        for one in several:
            name_of_keras("optimizers", one.type)
        return several

    def wrong_alone(self) -> str:
        known = keras_names.settings("optimizers", self.equals)
        for key in self.settings:
            if key not in known:
                return unknown_key(key, list(known), self.equals)
        kinds = allowed.OPTIMIZERS.get(self.equals, {})
        for key, value in self.settings.items():
            for one in value.any_of if isinstance(value, Range) else () if isinstance(value, Made) else (value,):
                kind = "number" if kinds.get(key) == "rate" and not _schedule(one) else kinds.get(key, "")
                if problem := impossible(kind, key, one, self.equals):
                    return problem
            if problem := unfitting(class_names.takes(self.equals, key), key, value, self.equals):
                return problem
        return ""

    def wanted_settings(self) -> dict[str, Setting]:
        """What each setting must be, as far as it may not be anything."""
        known = keras_names.settings("optimizers", self.equals) if self.others == "default" else {}
        defaults = {
            key: setting.default
            for key, setting in known.items()
            if not setting.required and key not in _UNIMPORTANT and _is_setting(setting.default)
        }
        return {**defaults, **self.settings}

    def compared(self, optimizer: Component, elsewhere: str) -> Verdict:
        """`elsewhere`: the hint for an optimizer of another class."""
        if optimizer.custom:
            return undecided(optimizer.custom)
        if optimizer.type != self.equals:
            return failed(self.asked_alone(), optimizer_text(optimizer), elsewhere)
        for key, value in self.wanted_settings().items():
            given = optimizer.settings.get(key)
            if key not in optimizer.settings and key not in self.settings:
                continue  # another version of Keras does not know it
            if isinstance(given, Component) and given.custom:
                return undecided(given.custom)
            if not same_made(given, value, key):
                shown = optimizer_text(optimizer, list(dict.fromkeys((*SHOWN, key))))
                seen = told_inside(given, value) or _plain(given)
                hint = _("{key} is {found}, and should be {wanted}.", key=key, found=seen, wanted=wanted_text(value))
                if key not in self.settings:
                    hint = _("{key} is {found}: leave it at its default, {wanted}.", key=key, found=_plain(given), wanted=value)  # fmt: skip
                return failed(self.asked_alone(), shown, hint)
        return passed(optimizer_text(optimizer))


def _is_setting(default: Any) -> bool:
    return default is None or isinstance(default, (bool, int, float))


def compiled(model: ModelDescription) -> CompileDescription | Verdict:
    if model.compiled is None:
        return failed(
            _("a compiled network"),
            _("compile() has not run to its end on this network"),
            _(
                "Call compile() on this very network, before the cell that checks it; where it ended with an error, mend that first."
            ),
        )
    return model.compiled


class Optimizer(OptimizerCheck):
    """The optimizer given to ``compile``, as a string or an object, with the settings that are asked for."""

    type: Literal["optimizer"] = "optimizer"

    def describe(self) -> str:
        return _("Compiled with {asked}", asked=self.asked())

    def class_given(self, value: Any) -> str:
        return value.compiled.optimizer.type if value.compiled else ""

    def decide_alone(self, value: Any, facts: Facts) -> Verdict:
        found = compiled(value)
        if isinstance(found, Verdict):
            return found
        if self.own and value.optimizer_of:
            return failed(
                _("an optimizer of its own"),
                _("the optimizer object of `{name}`", name=value.optimizer_of),
                _("An optimizer remembers the network that it trains: make another object for each compile()."),
            )
        return self.compared(
            found.optimizer, _("Give the optimizer to compile(optimizer=...), by name or as an object.")
        )


class Loss(OneOf, ModelCheck):
    """The loss, by string, function or object. With ``from_logits=True`` the last layer must not be a softmax."""

    type: Literal["loss"] = "loss"
    any_of: tuple[str, ...] = ()

    @field_validator("equals")
    @classmethod
    def _is_a_loss(cls, name: str) -> str:
        return name_of_keras("losses", name)

    @field_validator("any_of")
    @classmethod
    def _are_losses(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name_of_keras("losses", name) for name in names)

    def describe(self) -> str:
        return _("Loss {loss}", loss=self.asked())

    def class_given(self, value: Any) -> str:
        return value.compiled.loss.type if value.compiled else ""

    def decide_alone(self, value: Any, facts: Facts) -> Verdict:
        found = compiled(value)
        if isinstance(found, Verdict):
            return found
        if found.loss.custom:
            return undecided(found.loss.custom)
        if found.loss.type == "crossentropy" and self.equals.endswith("crossentropy"):
            return undecided(_("which crossentropy this is shows only when it has seen labels"))
        if found.loss.type != self.equals:
            hint = _LOSS_HINTS.get((self.equals, found.loss.type), "")
            if found.loss.type == "none":
                return failed(self.equals, _("none"), _("Give compile() a loss: loss='{name}'.", name=self.equals))
            return failed(self.equals, found.loss.type, hint)
        activation = applied_by(found.loss.type)
        last = value.layers[-1] if value.layers else None
        ends = last is not None and activation in (last.config.get("activation"), activation_layer(last))
        if found.loss.settings.get("from_logits") is True and ends:
            return failed(
                _("{loss} on probabilities", loss=self.equals),
                _("from_logits=True after a {activation}", activation=activation),
                _(
                    "Either leave from_logits out, or leave the {activation} out: both together apply it twice.",
                    activation=activation,
                ),
            )
        return passed(found.loss.type)


class _Hints(dict[tuple[str, str], str]):
    """Hints by what was asked and what was found, translated when they are taken."""

    def get(self, key: tuple[str, str], default: str = "") -> str:  # type: ignore[override]
        return _(self[key]) if key in self else default


_LOSS_HINTS = _Hints({
    ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        N_("The labels are whole numbers, not one-hot vectors: that is what the word sparse stands for."),
    ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        N_("The labels are one-hot vectors; sparse is for whole numbers."),
    ("sparse_categorical_crossentropy", "binary_crossentropy"):
        N_("binary_crossentropy is for two classes and one output."),
    ("categorical_crossentropy", "binary_crossentropy"):
        N_("binary_crossentropy is for two classes and one output."),
    ("sparse_categorical_crossentropy", "mean_squared_error"):
        N_("mean_squared_error is for numbers, not for classes."),
    ("categorical_crossentropy", "mean_squared_error"):
        N_("mean_squared_error is for numbers, not for classes."),
})  # fmt: skip


class Metrics(ModelCheck):
    """Metrics that must be among those given to ``compile``, however spelled."""

    type: Literal["metrics"] = "metrics"
    includes: tuple[str, ...]
    asks = ("includes",)

    @field_validator("includes")
    @classmethod
    def _are_metrics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name_of_keras("metrics", name) for name in names)

    def describe(self) -> str:
        return _("Metrics {metrics}", metrics=", ".join(self.includes))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = compiled(value)
        if isinstance(found, Verdict):
            return found
        # `accuracy` is one of these, by the loss: describing it so is all the same.
        word = keras_names.ACCURACY_OF.get(found.loss.type)
        wanted = ["accuracy" if name == word else name for name in self.includes]
        names = [metric.type for metric in found.metrics if not metric.custom]
        unknown = [m.type for m in found.metrics if not m.custom and not m.settings and not _is_known(m.type)]
        if unknown and all(name in names for name in wanted):
            hint = _("Keras has no metric '{name}', and fit() will refuse it: leave it out.", name=unknown[0])
            return failed(", ".join(self.includes), ", ".join(names), hint)
        if all(name in names for name in wanted):
            return passed(", ".join(names))
        own = [metric for metric in found.metrics if metric.custom and metric.type not in keras_names.METRIC_ARGUMENTS]
        if own:  # which it measures can't be told, whatever its name is
            return undecided(own[0].custom)
        shown = ["keras.metrics.Accuracy()" if m.type == "Accuracy" else m.type for m in found.metrics]
        missing = next(name for name in wanted if name not in names)
        hint = _("Give compile() a list: metrics=['{name}'].", name=missing)
        if found.metrics:
            hint = _("The list lacks '{name}': write metrics=['{name}'].", name=missing)
        if any(metric.type == "loss_weights" for metric in found.metrics):
            hint = _(
                "The third argument of compile() is loss_weights: name the metrics, metrics=['{name}'].", name=missing
            )
        if missing == "accuracy" and "Accuracy" in names:
            hint = _(
                "keras.metrics.Accuracy() compares labels with the outputs themselves; write metrics=['accuracy']."
            )
        return failed(", ".join(self.includes), ", ".join(shown) or _("none"), hint)


def _is_known(metric: str) -> bool:
    return metric in ("accuracy", "Accuracy") or bool(keras_names.canonical("metrics", metric))
