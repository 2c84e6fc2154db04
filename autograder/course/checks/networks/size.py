"""Checks on a network's size: its parameters and its shapes. Those on its layers are in ``layers.py`` and ``named_layers.py``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.wire.description import FunctionDescription, LayerDescription, ModelDescription
from autograder.course.checks.base import Facts, Verdict, failed, malformed, number, passed, undecided
from autograder.course.checks.forms import Form
from autograder.course.checks.networks.effective_layers import without_activations
from autograder.course.checks.networks.model_check import ModelCheck

Length = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]


class Parameters(ModelCheck):
    """Parameter counts, counted from the weights themselves."""

    type: Literal["parameters"] = "parameters"
    total: Count | None = None
    trainable: Count | None = None
    per_layer: tuple[Count, ...] | None = None
    asks = ("total", "trainable", "per_layer")
    needs_weights = True

    def describe(self) -> str:
        parts = [_("{total} in total", total=number(self.total))] if self.total is not None else []
        parts += [_("{trainable} trainable", trainable=number(self.trainable))] if self.trainable is not None else []
        parts += [" + ".join(number(n) for n in self.per_layer)] if self.per_layer else []
        return _("Parameters: {parts}", parts=", ".join(parts))

    def problem(self) -> str:
        if self.per_layer and self.total is not None and sum(self.per_layer) != self.total:
            return _("per_layer adds up to {sum}, and total is {total}", sum=sum(self.per_layer), total=self.total)
        if self.total is not None and self.trainable is not None and self.trainable > self.total:
            return _("there can't be more trainable parameters than parameters")
        return ""

    def decide(self, value: Any, facts: Facts) -> Verdict:
        layers = without_activations(value)
        every = tuple(layer.parameters for layer in value.layers)
        counts = tuple(layer.parameters for layer in layers)
        total, trainable = sum(every), sum(layer.trainable_parameters for layer in value.layers)
        actual = _(
            "{total} in total, {trainable} trainable ({parts})",
            total=number(total),
            trainable=number(trainable),
            parts=" + ".join(number(n) for n in counts) or "0",
        )
        # Whether a layer that counts nothing may be there is for `layers` to say.
        right = self.per_layer is None or _counting(self.per_layer) == _counting(every)
        if self.total in (None, total) and self.trainable in (None, trainable) and right:
            return passed(actual)
        if value.doubt and (self.total in (None, total) or not every):
            return undecided(value.doubt)  # only the order of its layers differs, as far as can be told
        return failed(self.describe(), actual, self._hint(value, layers, counts, total))

    def _hint(
        self, model: ModelDescription, layers: list[LayerDescription], counts: tuple[int, ...], total: int
    ) -> str:
        if self.total in (None, total) and self.per_layer in (None, counts):
            learned = sum(layer.trainable_parameters for layer in model.layers)
            if self.trainable is not None and learned > self.trainable:
                return _("More is trained than should be: set trainable to False on what is frozen, before compile().")
            if all(layer.trainable for layer in layers):
                return _("Not all parameters are trained: the moving statistics of BatchNormalization are not.")
            return _("Some weights are frozen: leave trainable at True.")
        differing = layers
        if self.per_layer and len(self.per_layer) == len(layers):
            differing = [
                layer for layer, n, wanted in zip(layers, counts, self.per_layer, strict=True) if n != wanted
            ] or layers
        if all(layer.type == "Dense" for layer in differing if layer.parameters or layer.type == "Dense"):
            return _("A Dense layer has inputs x units weights and units biases: which layer differs?")
        if all(layer.type.startswith("Conv") for layer in differing):
            return _("A convolution has a kernel of height x width x channels for each filter, and a bias for each.")
        return _("model.summary() shows the parameters of each layer: which one differs?")


def _counting(parameters: tuple[int, ...]) -> list[int]:
    return [count for count in parameters if count]


class InputShape(ModelCheck):
    """The shape of one sample, without the batch axis."""

    type: Literal["input_shape"] = "input_shape"
    shape: tuple[Length | None, ...]
    asks = ("shape",)
    needs_weights = True

    def describe(self) -> str:
        return _("Input shape {shape}", shape=shape(self.shape))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        actual = value.input_shape[1:] if value.input_shape else None
        if actual == self.shape:
            return passed(shape(actual))
        if actual is None and value.custom:
            return undecided(value.custom)
        return failed(shape(self.shape), shape(actual) if actual is not None else _("unknown"), self._hint(actual))

    def _hint(self, actual: tuple[int | None, ...] | None) -> str:
        hint = _(
            "The network should take samples of shape {shape}: keras.Input(shape={shape}).", shape=shape(self.shape)
        )
        if not actual or None in actual or None in self.shape:
            return hint
        if actual == self.shape[:-1] and self.shape[-1] == 1:
            return _("The last axis, for the channels, is missing.") + " " + hint
        if math.prod(n or 0 for n in actual) != math.prod(n or 0 for n in self.shape):
            return hint
        if len(self.shape) == 1:
            return (
                _("The network takes whole images: reshape the data to rows of {length}, and say so in keras.Input.",
                  length=self.shape[0]) + " " + hint
            )  # fmt: skip
        if len(actual) == 1:
            return (
                _("The network takes rows of {length} numbers; Flatten needs the images as they are.", length=actual[0])
                + " "
                + hint
            )
        return hint


class OutputShapes(ModelCheck):
    """The output shape of each layer, batch axis first (null: None)."""

    type: Literal["output_shapes"] = "output_shapes"
    shapes: tuple[tuple[Length | None, ...], ...]
    asks = ("shapes",)
    needs_weights = True

    def describe(self) -> str:
        return _("Output shapes {shapes}", shapes=", ".join(map(shape, self.shapes)))

    def problem(self) -> str:
        fixed = next((one for one in self.shapes if one[:1] != (None,)), None)
        said = N_("{shape} has no batch axis, which comes first: [null, {axes}]")
        return "" if fixed is None else _(said, shape=list(fixed), axes=", ".join(map(str, fixed)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = [layer.output_shape for layer in without_activations(value)]
        actual = ", ".join(shape(item) for item in found)
        every = [layer.output_shape for layer in value.layers]
        if _of_any_batch(self.shapes) in map(_of_any_batch, (found, every, [x.output_shape for x in _shaping(value)])):
            return passed(actual)
        inside = value.doubt and found[-1:] == list(self.shapes[-1:])
        if inside or (None in found and (value.topology != "chain" or len(found) == len(self.shapes))):
            return undecided(value.doubt or _("the output shapes of its layers can't be told"))
        return failed(
            self.describe(), actual or _("none"), _("The last axis is the number of units, the first the batch: None.")
            if all(layer.type in ("Dense", "Flatten") for layer in without_activations(value)) else "",
        )  # fmt: skip


def _of_any_batch(shapes: Iterable[Any]) -> list[Any]:
    """The first batch that a network without an Input meets says how many samples all shapes have from then on: nobody chose that number."""
    return [(None, *one[1:]) if one else one for one in shapes]


def _shaping(model: ModelDescription) -> list[LayerDescription]:
    """The layers but those that pass the shape of the layer before them on, and have no weights: such as Dropout."""
    layers = without_activations(model)
    if model.topology != "chain":
        return layers
    before = [None, *(layer.output_shape for layer in layers)]
    return [
        layer
        for layer, shape_before in zip(layers, before, strict=False)
        if layer.parameters or layer.output_shape is None or layer.output_shape != shape_before
    ]


class WeightShapes(ModelCheck):
    """The shapes of ``model.weights``, in order."""

    type: Literal["weight_shapes"] = "weight_shapes"
    shapes: tuple[tuple[Length, ...], ...]
    asks = ("shapes",)
    needs_weights = True

    def describe(self) -> str:
        return _("Weights of shapes {shapes}", shapes=", ".join(map(shape, self.shapes)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found = [tuple(array.shape) for array in value.weights]
        actual = ", ".join(shape(item) for item in found)
        if found == list(self.shapes):
            return passed(actual)
        if value.custom and sorted(found) == sorted(self.shapes):
            return undecided(value.custom)
        return failed(self.describe(), actual or _("none"))


class Builds(ModelCheck):
    """A function without arguments that returns a network, and raises nothing."""

    type: Literal["builds"] = "builds"
    wanted = N_("a function that returns a network")

    def describe(self) -> str:
        return _("{of}() makes a network without an error", of=self.of)

    def arguments(self, seed: int) -> list[tuple[Any, ...]]:
        return [()]

    def form(self) -> Form:
        return Form(kind="function")

    def __call__(self, facts: Facts) -> Verdict:
        if self.of in facts.values and not isinstance(facts.of(self.of), (FunctionDescription,)):
            return malformed(
                _(self.wanted),
                _("not a function"),
                _("Hand in the function itself, not what it returns: def {of}(): ... makes it.", of=self.of),
            )
        return super().__call__(facts)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        return passed(_("it does"))


def shape(axes: tuple[int | None, ...] | None) -> str:
    return str(axes)
