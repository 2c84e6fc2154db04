"""Checks on a network's structure: layers, names, parameters and shapes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from autograder.common.allowed import ACTIVATIONS
from autograder.common.hints import nearest
from autograder.common.i18n import N_, _
from autograder.common.wire.description import FunctionDescription, LayerDescription, ModelDescription
from autograder.course.checks.base import Check, Facts, Verdict, failed, number, passed, undecided

_ACTIVATION_LAYERS = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu", "ELU": "elu"}


class ModelCheck(Check):
    accepts = (ModelDescription,)
    wanted = N_("a Keras network")

    def __call__(self, facts: Facts) -> Verdict:
        value = facts.of(self.of)
        if isinstance(value, ModelDescription) and value.topology == "unbuilt":
            return failed(
                _("a network that knows its input"),
                _("the network has no weights yet"),
                _("Put keras.Input(shape=...) first, or give the first layer an input_shape."),
            )
        return super().__call__(facts)


class LayerSpec(BaseModel):
    """A layer that is asked for. Fields left out may be anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: str
    units: int | None = Field(default=None, gt=0)
    activation: str | None = None
    rate: float | None = None

    def __str__(self) -> str:
        parts = [str(part) for part in (self.units, self.activation, self.rate) if part is not None]
        return f"{self.type}({', '.join(parts)})"


def effective(model: ModelDescription) -> list[tuple[str, dict[str, Any]]]:
    """Layers as (type, settings), with Activation, ReLU and Softmax layers merged into a linear layer before them.

    A linear last layer under a loss with ``from_logits=True`` counts as softmax: the loss applies it.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for layer, activation in zip(model.layers, merged(model), strict=True):
        if activation is not None:
            found[-1][1]["activation"] = activation
        else:
            found.append((layer.type, dict(layer.config)))
    logits = model.compiled is not None and model.compiled.loss.settings.get("from_logits") is True
    if logits and found and found[-1][1].get("activation") == "linear":
        found[-1][1]["activation"] = "softmax"
    return found


def merged(model: ModelDescription) -> list[Any]:
    """For each layer the activation that it gives to the linear layer before it; None for a layer that stands for itself."""
    found: list[Any] = []
    linear = False
    for layer in model.layers:
        own = layer.config.get("activation") if layer.type == "Activation" else _plain_activation(layer)
        found.append(own if linear else None)
        linear = own == "linear" if found[-1] is not None else layer.config.get("activation") == "linear"
    return found


def _plain_activation(layer: LayerDescription) -> str | None:
    name = _ACTIVATION_LAYERS.get(layer.type)
    plain = all(value in (None, 0, 0.0, -1) for key, value in layer.config.items())
    return name if name and (plain or name in ("leaky_relu", "elu")) else None


class Layers(ModelCheck):
    """The layers in order. Input layers don't count; activations may be strings, functions or layers of their own."""

    type: Literal["layers"] = "layers"
    layers: tuple[LayerSpec, ...]

    def describe(self) -> str:
        return _("Layers: {layers}", layers=", ".join(map(str, self.layers)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        model: ModelDescription = value
        found = effective(model)
        expected = ", ".join(map(str, self.layers))
        actual = ", ".join(_name(kind, config) for kind, config in found) or _("no layers")
        if model.topology == "graph":
            return undecided(_("the network is not a chain of layers ({actual})", actual=actual))
        if len(found) != len(self.layers):
            return failed(
                expected,
                actual,
                _(
                    "The network should have {wanted} layers, and has {found}.",
                    wanted=len(self.layers),
                    found=len(found),
                ),
            )
        for place, (wanted, (kind, config)) in enumerate(zip(self.layers, found, strict=True), 1):
            hint = _difference(wanted, kind, config)
            if hint:
                return failed(expected, actual, _("Layer {place}: {hint}", place=place, hint=hint))
        return passed(actual)


def _name(kind: str, config: dict[str, Any]) -> str:
    parts = [str(config[key]) for key in ("units", "activation", "rate") if config.get(key) not in (None, "linear")]
    return f"{kind}({', '.join(parts)})"


def _difference(wanted: LayerSpec, kind: str, config: dict[str, Any]) -> str:
    if kind != wanted.type:
        return _("it is {found}, and should be {wanted}.", found=kind, wanted=wanted.type)
    if wanted.units is not None and config.get("units") != wanted.units:
        return _("it has {found} units, and should have {wanted}.", found=config.get("units"), wanted=wanted.units)
    if wanted.rate is not None and config.get("rate") != wanted.rate:
        return _("its rate is {found}, and should be {wanted}.", found=config.get("rate"), wanted=wanted.rate)
    if wanted.activation is not None and config.get("activation") != wanted.activation:
        name = str(config.get("activation"))
        if name == "linear":
            return _("it has no activation, and should have {wanted}.", wanted=wanted.activation)
        guess = "" if name in ACTIVATIONS else nearest(name, sorted(ACTIVATIONS))
        said = _("its activation is {found}, and should be {wanted}.", found=name, wanted=wanted.activation)
        return " ".join([said, _("Did you mean {guess}?", guess=guess)]) if guess else said
    return ""


class LayerNames(ModelCheck):
    """The names of the layers, in order."""

    type: Literal["layer_names"] = "layer_names"
    names_: tuple[str, ...] = Field(alias="names")

    def describe(self) -> str:
        return _("Layer names: {names}", names=", ".join(self.names_))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        names = [layer.name for layer in value.layers if layer.type not in ("Activation", *_ACTIVATION_LAYERS)]
        if names == list(self.names_):
            return passed(", ".join(names))
        return failed(
            ", ".join(self.names_), ", ".join(names), _("Give each layer its name: Dense(..., name='hidden1').")
        )


class SameLayers(ModelCheck):
    """The network is made of the very layer objects that were handed in under these names."""

    type: Literal["same_layers"] = "same_layers"
    layers: tuple[str, ...]

    def describe(self) -> str:
        return _("Made of the layer objects {layers}", layers=", ".join(self.layers))

    def names(self) -> set[str]:
        return {self.of, *self.layers}

    def decide(self, value: Any, facts: Facts) -> Verdict:
        same = [layer.same_as for layer in value.layers if layer.same_as]
        if same == list(self.layers):
            return passed(", ".join(same))
        return failed(
            _("a network of the objects {layers}", layers=", ".join(self.layers)),
            _("it uses {same}", same=", ".join(same)) if same else _("it uses none of them"),
            _(
                "Make {layers} first, then keras.Sequential([..., {list}]).",
                layers=_(" and ").join(self.layers),
                list=", ".join(self.layers),
            ),
        )


class Parameters(ModelCheck):
    """Parameter counts, counted from the weights themselves."""

    type: Literal["parameters"] = "parameters"
    total: int | None = None
    trainable: int | None = None
    per_layer: tuple[int, ...] | None = None

    def describe(self) -> str:
        parts = [_("{total} in total", total=number(self.total))] if self.total is not None else []
        parts += [_("{trainable} trainable", trainable=number(self.trainable))] if self.trainable is not None else []
        parts += [" + ".join(number(n) for n in self.per_layer)] if self.per_layer else []
        return _("Parameters: {parts}", parts=", ".join(parts))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        layers = [layer for layer in value.layers if layer.type not in ("Activation", *_ACTIVATION_LAYERS)]
        counts = tuple(layer.parameters for layer in layers)
        total, trainable = sum(counts), sum(layer.parameters for layer in layers if layer.trainable)
        actual = _(
            "{total} in total, {trainable} trainable ({parts})",
            total=number(total),
            trainable=number(trainable),
            parts=" + ".join(number(n) for n in counts),
        )
        hint = _("A Dense layer has inputs x units weights and units biases: which layer differs?")
        if self.total is not None and total != self.total:
            return failed(self.describe(), actual, hint)
        if self.trainable is not None and trainable != self.trainable:
            return failed(self.describe(), actual, _("Some weights are frozen: leave trainable at True."))
        if self.per_layer is not None and counts != self.per_layer:
            return failed(self.describe(), actual, hint)
        return passed(actual)


class InputShape(ModelCheck):
    """The shape of one sample, without the batch axis."""

    type: Literal["input_shape"] = "input_shape"
    shape: tuple[int, ...]

    def describe(self) -> str:
        return _("Input shape {shape}", shape=shape(self.shape))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        actual = value.input_shape[1:] if value.input_shape else None
        if actual == self.shape:
            return passed(shape(actual))
        hint = _(
            "The network should take samples of shape {shape}: keras.Input(shape={shape}).", shape=shape(self.shape)
        )
        if actual == (28, 28):
            hint = (
                _("The network takes whole images: reshape the data to rows of 784, and say so in keras.Input.")
                + " "
                + hint
            )
        elif actual == (784,):
            hint = _("The network takes rows of 784 numbers; Flatten needs the images as they are.") + " " + hint
        return failed(shape(self.shape), shape(actual) if actual else _("unknown"), hint)


class OutputShapes(ModelCheck):
    """The output shape of each layer, batch axis first (null: None)."""

    type: Literal["output_shapes"] = "output_shapes"
    shapes: tuple[tuple[int | None, ...], ...]

    def describe(self) -> str:
        return _("Output shapes {shapes}", shapes=", ".join(map(shape, self.shapes)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = [layer.output_shape for layer in value.layers if layer.type not in ("Activation", *_ACTIVATION_LAYERS)]
        actual = ", ".join(shape(item) for item in found)
        if found == list(self.shapes):
            return passed(actual)
        return failed(
            self.describe(), actual or _("none"), _("The last axis is the number of units, the first the batch: None.")
        )


class WeightShapes(ModelCheck):
    """The shapes of ``model.weights``, in order."""

    type: Literal["weight_shapes"] = "weight_shapes"
    shapes: tuple[tuple[int, ...], ...]

    def describe(self) -> str:
        return _("Weights of shapes {shapes}", shapes=", ".join(map(shape, self.shapes)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = [tuple(array.shape) for array in value.weights]
        actual = ", ".join(shape(item) for item in found)
        return passed(actual) if found == list(self.shapes) else failed(self.describe(), actual or _("none"))


class Builds(ModelCheck):
    """A function without arguments that returns a network, and raises nothing."""

    type: Literal["builds"] = "builds"
    wanted = N_("a function that returns a network")

    def describe(self) -> str:
        return _("{of}() makes a network without an error", of=self.of)

    def arguments(self, seed: int) -> list[tuple[Any, ...]]:
        return [()]

    def __call__(self, facts: Facts) -> Verdict:
        if self.of in facts.values and not isinstance(facts.of(self.of), (FunctionDescription,)):
            return failed(
                _(self.wanted),
                _("not a function"),
                _("Hand in the function itself: {of}, without parentheses.", of=self.of),
            )
        return super().__call__(facts)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        return passed(_("it does"))


def shape(axes: tuple[int | None, ...] | None) -> str:
    return str(axes)
