"""Checks on a network's layers: which they are, what they are called, and whether they are the student's own objects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from autograder.common import keras_names
from autograder.common.i18n import N_, _
from autograder.common.results import Status
from autograder.common.wire.description import Component, LayerDescription, ModelDescription
from autograder.course.checks.base import Check, Facts, Verdict, failed, passed, undecided
from autograder.course.checks.layer_specs import ONCE, SOME, LayerSpec, same_setting, shown, unplaced, value_text
from autograder.course.checks.ranges import Range

CUSTOM = "custom:"  # begins the name of an activation that isn't Keras's
SHOWN = ("units", "filters", "kernel_size", "pool_size", "activation", "rate")  # of a layer's settings, in this order


class ModelCheck(Check):
    """A check on a network. `needs_weights`: it can say nothing of a network that was not built yet.

    `own`: it must not be a network that the question already has under another name.
    """

    own: bool = False

    accepts = (ModelDescription,)
    wanted = N_("a Keras network")
    needs_weights: ClassVar[bool] = False

    def __call__(self, facts: Facts) -> Verdict:
        value = facts.of(self.of)
        if self.own and isinstance(value, ModelDescription) and value.same_as:
            same = _("the same network as `{name}`", name=value.same_as)
            return failed(_("a network of its own"), same, _("`b = a` only gives a network a second name: make another network."))  # fmt: skip
        if self.needs_weights and isinstance(value, ModelDescription) and value.topology == "unbuilt":
            if value.custom:
                return undecided(value.custom)
            if not value.layers:
                return failed(_("a network that knows its input"), _("no layers"), _("The network has no layers yet: give them to this very network."))  # fmt: skip
            return failed(
                _("a network that knows its input"),
                _("the network has no weights yet"),
                _("Put keras.Input(shape=...) first, or give the first layer an input_shape."),
            )
        return super().__call__(facts)


class Effective(NamedTuple):
    """A layer as it works: with the activation that a layer behind it applies. `doubt`: why it can't be told what it does."""

    type: str
    settings: dict[str, Any]
    doubt: str = ""
    times: Range | None = None


def effective(model: ModelDescription) -> list[Effective]:
    """The layers, with Activation, ReLU and Softmax layers merged into a linear layer before them.

    A linear last layer under a loss with ``from_logits=True`` counts with the activation that the loss applies.
    """
    layers = [Effective(layer.type, dict(layer.config), "" if layer.keras else layer.custom) for layer in model.layers]
    found = _merged(layers, [activation_layer(layer) for layer in model.layers])
    logits = model.compiled is not None and model.compiled.loss.settings.get("from_logits") is True
    if logits and found and found[-1].settings.get("activation") == "linear":
        assert model.compiled is not None
        found[-1].settings["activation"] = applied_by(model.compiled.loss.type)
    return found


def applied_by(loss: str) -> str:
    """The activation that a loss with ``from_logits=True`` applies to the outputs."""
    return "sigmoid" if loss.startswith("binary") else "softmax"


def asked(specs: Sequence[LayerSpec]) -> list[Effective]:
    """The layers that are asked for, merged in the same way."""
    layers: list[Effective] = []
    alone: list[Any] = []
    for spec in specs:
        own = dict(spec.settings)
        layers.append(Effective(spec.type, own, times=spec.amount))
        several = own.get("activation") if spec.type == "Activation" else None
        known = spec.type in keras_names.ACTIVATION_LAYERS and not isinstance(several, Range)
        alone.append(keras_names.activation_of(spec.type, own, 2) if known else several or "")
    return _merged(layers, alone)


def _merged(layers: Sequence[Effective], alone: Sequence[str]) -> list[Effective]:
    """`alone`: the activation that each layer applies when it does nothing else, or ''."""
    found: list[Effective] = []
    for layer, own, joins in zip(layers, alone, joining(layers, alone), strict=True):
        if joins is not None:
            found[-1].settings["activation"] = joins
        elif own:
            found.append(Effective("Activation", {"activation": own}, layer.doubt, layer.times))
        else:
            found.append(layer)
    return found


def joining(layers: Sequence[Effective], alone: Sequence[str]) -> list[str | None]:
    """For each layer the activation that the layer before it ends with then; None for a layer that stands for itself."""
    joins: list[str | None] = []
    before: str | None = None  # the activation of the layer before, where it takes one
    for layer, own in zip(layers, alone, strict=True):
        if own and before is not None and (before == "linear" or own == "linear"):
            joins.append(own if before == "linear" else before)
        else:
            joins.append(None)
        if joins[-1] is not None:
            before = joins[-1]
        elif own:
            before = own
        else:
            takes = "activation" in layer.settings or "activation" in keras_names.settings("layers", layer.type)
            before = str(layer.settings.get("activation") or "linear") if takes and not layer.doubt else None
    return joins


def merged(model: ModelDescription) -> list[str | None]:
    """`joining` for the layers of a network."""
    layers = [Effective(layer.type, layer.config) for layer in model.layers]
    return joining(layers, [activation_layer(layer) for layer in model.layers])


def activation_layer(layer: LayerDescription) -> str:
    """The activation function that a layer of its own applies, or ''."""
    rank = len(layer.output_shape) if layer.output_shape else None
    return keras_names.activation_of(layer.type, layer.config, rank) if layer.keras else ""


def without_activations(model: ModelDescription) -> list[LayerDescription]:
    """The layers but those that only apply an activation: a network has the same others however it writes these."""
    return [layer for layer in model.layers if layer.type not in keras_names.ACTIVATION_LAYERS]


class Layers(ModelCheck):
    """The layers in order; or, with `match`, layers that are among the network's. Input layers don't count; activations may be
    strings, functions or layers of their own."""

    type: Literal["layers"] = "layers"
    layers: tuple[LayerSpec, ...]
    match: Literal["all", "in_order", "any_order"] = "all"
    asks = ("layers",)

    def describe(self) -> str:
        texts = {
            "all": N_("Layers: {layers}"),
            "in_order": N_("Among its layers, in this order: {layers}"),
            "any_order": N_("Among its layers: {layers}"),
        }
        return _(texts[self.match], layers=", ".join(map(str, self.layers)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        model: ModelDescription = value
        found, wanted = effective(model), asked(self.layers)
        expected = ", ".join(map(str, self.layers))
        actual = ", ".join(_name(layer) for layer in found) or _("no layers")
        if model.custom:
            return undecided(model.custom)
        if not found and self.match != "all":  # what is asked not to be there isn't in an empty network either
            return failed(expected, actual, _("The network has no layers yet."))
        if model.topology == "graph" and self.match != "any_order":
            return undecided(_("the network is not a chain of layers ({actual})", actual=actual))
        if self.match != "all" or any(layer.times for layer in wanted):
            verdict = self._several(found, wanted, expected, actual)
            odd = (
                model.topology == "graph" and verdict.status is Status.FAILED
            )  # which activation ends which layer isn't told
            return undecided(_("the network is not a chain of layers ({actual})", actual=actual)) if odd else verdict
        doubts = [layer.doubt for layer in found if layer.doubt]
        if len(found) != len(wanted):
            if doubts:
                return undecided(doubts[0])
            return failed(
                expected,
                actual,
                _("The network should have {wanted} layers, and has {found}.", wanted=len(wanted), found=len(found)),
            )
        for place, (one, own) in enumerate(zip(wanted, found, strict=True), 1):
            if own.doubt:
                continue
            hint, doubt = difference(one, own)
            if hint:
                return failed(expected, actual, _("Layer {place}: {hint}", place=place, hint=hint))
            doubts += [_("layer {place}: {why}", place=place, why=doubt)] if doubt else []
        return undecided(doubts[0]) if doubts else passed(actual)

    def _several(self, found: list[Effective], wanted: list[Effective], expected: str, actual: str) -> Verdict:
        """Where layers may stand in any number, or others between them."""
        doubts = [layer.doubt for layer in found if layer.doubt]
        fits: list[list[bool]] = []
        for one in wanted:
            differing = [difference(one, own) if not own.doubt else ("?", "") for own in found]
            doubts += [doubt for _hint, doubt in differing if doubt]
            fits.append([not hint and not doubt for hint, doubt in differing])
        amounts = [one.times or (SOME if self.match == "any_order" else ONCE) for one in wanted]
        counts = [sum(row) for row in fits]
        if self.match == "any_order":
            missed = [
                at
                for at, (count, amount) in enumerate(zip(counts, amounts, strict=True))
                if not amount.holds(count, int.__eq__)
            ]
        else:
            missed = unplaced(fits, amounts, others=self.match == "in_order")
        if not missed and not (doubts and any(amount.at_most is not None or amount.any_of for amount in amounts)):
            return passed(actual)
        if doubts:
            return undecided(doubts[0])
        spec, count = wanted[missed[0]], counts[missed[0]]
        hint = _(
            "Look for {layer}: {number} of the layers are like it, and not where it is asked for.",
            layer=_name(spec),
            number=count,
        )
        if not count:
            hint = _("No layer is like {layer}.", layer=_name(spec))
        elif self.match == "any_order":
            hint = _(
                "{number} of the layers are like {layer}, and there should be {times}.",
                number=count,
                layer=_name(spec),
                times=amounts[missed[0]],
            )
        return failed(expected, actual, hint)


def _name(layer: Effective) -> str:
    settings = {key: layer.settings[key] for key in SHOWN if layer.settings.get(key) not in (None, "linear")}
    return shown(layer.type, settings)


def difference(wanted: Effective, found: Effective) -> tuple[str, str]:
    """What differs, in words for a student; and what can't be told, for the teacher."""
    if found.type != wanted.type:
        return _("it is {found}, and should be {wanted}.", found=found.type, wanted=wanted.type), ""
    doubt = ""
    for key, value in wanted.settings.items():
        given = found.settings.get(key)
        if same_setting(given, value, key):
            continue
        if key == "activation":
            if str(given).startswith(CUSTOM):
                doubt = _("its activation is a function of its own, {name}", name=str(given).removeprefix(CUSTOM))
                continue
            return _activation_differs(str(given), str(value)), ""
        if isinstance(given, Component) and given.custom:
            doubt = _("its {key} is {type}: {why}", key=key, type=given.type, why=given.custom)
            continue
        return _setting_differs(key, given, value), ""
    return "", doubt


def _activation_differs(given: str, wanted: str) -> str:
    if given in ("linear", "None"):
        return _("it has no activation, and should have {wanted}.", wanted=wanted)
    return _("its activation is {found}, and should be {wanted}.", found=given, wanted=wanted)


def _setting_differs(key: str, given: Any, wanted: Any) -> str:
    if key == "units":
        return _("it has {found} units, and should have {wanted}.", found=given, wanted=wanted)
    if key == "rate":
        return _("its rate is {found}, and should be {wanted}.", found=given, wanted=wanted)
    return _(
        "its {key} is {found}, and should be {wanted}.", key=key, found=value_text(given), wanted=value_text(wanted)
    )


class LayerNames(ModelCheck):
    """The names of the layers, in order; or, with `default`, that no layer was given a name."""

    type: Literal["layer_names"] = "layer_names"
    names_: tuple[str, ...] = Field(default=(), alias="names")
    default: bool = False
    asks = ("names_", "default")

    def describe(self) -> str:
        if self.default:
            return _("Layers without names of their own")
        return _("Layer names: {names}", names=", ".join(self.names_))

    def problem(self) -> str:
        twice = sorted({name for name in self.names_ if self.names_.count(name) > 1})
        return _("two layers can't both be called '{name}'", name=twice[0]) if twice else ""

    def decide(self, value: Any, facts: Facts) -> Verdict:
        names = [layer.name for layer in without_activations(value)]
        if self.default:
            if not names:  # nothing is named, and nothing was made
                return undecided(value.custom) if value.custom else failed(_("names that Keras makes up"), _("none"))
            named = [layer.name for layer in without_activations(value) if not made_up(layer)]
            if not named:
                return passed(", ".join(names))
            return failed(_("names that Keras makes up"), ", ".join(named), _("Leave name=... out."))
        if list(self.names_) in (names, [layer.name for layer in value.layers]):
            return passed(", ".join(self.names_))
        if value.custom and sorted(names) == sorted(self.names_):
            return undecided(value.custom)
        example = self.names_[0]
        return failed(
            ", ".join(self.names_),
            ", ".join(names) or _("none"),
            _("Give each layer its name when you make it: keras.layers.Dense(..., name='{name}').", name=example),
        )


def made_up(layer: LayerDescription) -> bool:
    """Whether a layer has a name as Keras makes it up: its class in snake case, and a counter from the second on."""
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", layer.type)))
    return re.fullmatch(rf"{snake.lower()}(_[1-9]\d*)?", layer.name) is not None


class SameLayers(ModelCheck):
    """The network is made of the very layer objects that were handed in under these names."""

    type: Literal["same_layers"] = "same_layers"
    layers: tuple[str, ...]
    asks = ("layers",)
    values_named = ("layers",)

    def describe(self) -> str:
        return _("Made of the layer objects {layers}", layers=", ".join(self.layers))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        same = [layer.same_as for layer in value.layers if layer.same_as]
        if same == list(self.layers):
            return passed(", ".join(same))
        if value.custom and sorted(same) == sorted(self.layers):
            return undecided(value.custom)
        return failed(
            _("a network of the objects {layers}", layers=", ".join(self.layers)),
            _("it uses {same}", same=", ".join(same)) if same else _("it uses none of them"),
            _(
                "Make {layers} first, then keras.Sequential([..., {list}]).",
                layers=_(" and ").join(self.layers),
                list=", ".join(self.layers),
            ),
        )
