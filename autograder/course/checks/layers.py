"""Checks on a network's layers: which they are, what they are called, and whether they are the student's own objects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from autograder.common import keras_names
from autograder.common.i18n import N_, _
from autograder.common.models import Written
from autograder.common.wire.description import Component, LayerDescription, ModelDescription
from autograder.course.checks.base import Check, Facts, Verdict, failed, name_of_keras, passed, undecided, unknown_key

CUSTOM = "custom:"  # begins the name of an activation that isn't Keras's
SHOWN = ("units", "filters", "kernel_size", "pool_size", "activation", "rate")  # of a layer's settings, in this order


class ModelCheck(Check):
    """A check on a network. `needs_weights`: it can say nothing of a network that was not built yet."""

    accepts = (ModelDescription,)
    wanted = N_("a Keras network")
    needs_weights: ClassVar[bool] = False

    def __call__(self, facts: Facts) -> Verdict:
        value = facts.of(self.of)
        if self.needs_weights and isinstance(value, ModelDescription) and value.topology == "unbuilt":
            if value.custom:
                return undecided(value.custom)
            return failed(
                _("a network that knows its input"),
                _("the network has no weights yet"),
                _("Put keras.Input(shape=...) first, or give the first layer an input_shape."),
            )
        return super().__call__(facts)


class LayerSpec(Written, extra="allow"):
    """A layer that is asked for, and the settings it must have, by their names in Keras. Those left out may be anything."""

    type: str
    units: int | None = Field(default=None, gt=0)
    activation: str | None = None
    rate: float | None = Field(default=None, ge=0, lt=1)

    @field_validator("type")
    @classmethod
    def _is_a_layer(cls, name: str) -> str:
        return name_of_keras("layers", name)

    @field_validator("activation")
    @classmethod
    def _is_an_activation(cls, name: str | None) -> str | None:
        return name if name is None else name_of_keras("activations", name)

    @model_validator(mode="after")
    def _takes_them(self) -> LayerSpec:
        known = keras_names.settings("layers", self.type)
        for key, value in self.settings.items():
            if key not in known:
                raise ValueError(unknown_key(key, list(known), _("a layer {type}", type=self.type)))
            if key.endswith("_initializer") and isinstance(value, str):
                name_of_keras("initializers", value)
            if key.endswith("_regularizer") and isinstance(value, str):
                name_of_keras("regularizers", value)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What is asked for, without what may be anything."""
        own = {"units": self.units, "activation": self.activation, "rate": self.rate}
        return {key: value for key, value in own.items() if value is not None} | (self.model_extra or {})

    def __str__(self) -> str:
        return _shown(self.type, self.settings)


def _shown(kind: str, settings: dict[str, Any]) -> str:
    parts = [str(settings[key]) for key in ("units", "activation", "rate") if key in settings]
    parts += [f"{key}={_value(value)}" for key, value in settings.items() if key not in ("units", "activation", "rate")]
    return f"{kind}({', '.join(parts)})"


def _value(value: Any) -> str:
    if isinstance(value, Component):
        return value.type
    return str(tuple(value) if isinstance(value, list) else value)


class Effective(NamedTuple):
    """A layer as it works: with the activation that a layer behind it applies. `doubt`: why it can't be told what it does."""

    type: str
    settings: dict[str, Any]
    doubt: str = ""


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
    layers, alone = [], []
    for spec in specs:
        own = dict(spec.settings)
        layers.append(Effective(spec.type, own))
        alone.append(keras_names.activation_of(spec.type, own, 2) if spec.type in keras_names.ACTIVATION_LAYERS else "")
    return _merged(layers, alone)


def _merged(layers: Sequence[Effective], alone: Sequence[str]) -> list[Effective]:
    """`alone`: the activation that each layer applies when it does nothing else, or ''."""
    found: list[Effective] = []
    for layer, own, joins in zip(layers, alone, joining(layers, alone), strict=True):
        if joins is not None:
            found[-1].settings["activation"] = joins
        elif own:
            found.append(Effective("Activation", {"activation": own}, layer.doubt))
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
    """The layers in order. Input layers don't count; activations may be strings, functions or layers of their own."""

    type: Literal["layers"] = "layers"
    layers: tuple[LayerSpec, ...]
    asks = ("layers",)

    def describe(self) -> str:
        return _("Layers: {layers}", layers=", ".join(map(str, self.layers)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        model: ModelDescription = value
        found, wanted = effective(model), asked(self.layers)
        expected = ", ".join(map(str, self.layers))
        actual = ", ".join(_name(layer) for layer in found) or _("no layers")
        if model.custom:
            return undecided(model.custom)
        if model.topology == "graph":
            return undecided(_("the network is not a chain of layers ({actual})", actual=actual))
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


def _name(layer: Effective) -> str:
    settings = {key: layer.settings[key] for key in SHOWN if layer.settings.get(key) not in (None, "linear")}
    return _shown(layer.type, settings)


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
    return _("its {key} is {found}, and should be {wanted}.", key=key, found=_value(given), wanted=_value(wanted))


def same_setting(given: Any, wanted: Any, key: str) -> bool:
    """Whether two values of a setting mean the same to Keras: 3 and (3, 3), ``he_normal`` and HeNormal, 0.1 as float32."""
    if isinstance(given, Component):
        kind: Any = "regularizers" if key.endswith("_regularizer") else "initializers"
        return not given.custom and given.type == keras_names.canonical(kind, str(wanted))
    if isinstance(wanted, list):
        wanted = tuple(wanted)
    if isinstance(given, tuple) and type(wanted) is int:
        return all(length == wanted for length in given)
    if isinstance(given, tuple) and isinstance(wanted, tuple):
        return given == wanted
    if isinstance(given, bool) or isinstance(wanted, bool):
        return given is wanted
    if isinstance(given, (int, float)) and isinstance(wanted, (int, float)):
        return abs(given - wanted) <= 1e-6 * max(1.0, abs(wanted))
    return bool(given == wanted)


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
