"""Layers as they work: each with the activation that a layer behind it applies, and with the layers that it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograder.common.keras_tables import keras_names
from autograder.common.wire.description import LayerDescription, ModelDescription
from autograder.course.checks.networks.layer_specs import LayerSpec
from autograder.course.checks.ranges import Range

CUSTOM = "custom:"  # begins the name of an activation that isn't Keras's
Taken = tuple[int, ...]  # of a layer: those that it takes, by their numbers, and -1 for the network's input


class Effective(NamedTuple):
    """A layer as it works: with the activation that a layer behind it applies. `doubt`: why it can't be told what it does.

    `takes`: the layers that it takes; of a layer that is asked for, None where it may take any.
    """

    type: str
    settings: dict[str, Any]
    doubt: str = ""
    times: Range | None = None
    takes: Taken | None = None


def wiring(model: ModelDescription) -> list[Taken] | None:
    """Of each layer, which it takes; None for a graph that doesn't tell."""
    if model.topology != "graph":
        return chain(len(model.layers))
    inputs = [layer.inputs for layer in model.layers]
    return inputs if all(one and max(one) < number for number, one in enumerate(inputs)) else None


def chain(layers: int) -> list[Taken]:
    """One behind another."""
    return [(number - 1,) for number in range(layers)]


def effective(model: ModelDescription) -> list[Effective]:
    """The layers, with Activation, ReLU and Softmax layers merged into a linear layer before them.

    A linear last layer under a loss with ``from_logits=True`` counts with the activation that the loss applies.
    """
    layers = [
        Effective(layer.type, {**layer.config, "trainable": layer.trainable}, "" if layer.keras else layer.custom)
        for layer in model.layers
    ]
    found, groups = _merged(layers, list(map(activation_layer, model.layers)), wiring(model) or chain(len(layers)))
    logits = model.compiled is not None and model.compiled.loss.settings.get("from_logits") is True
    if logits and found and (last := found[groups[-1]]).settings.get("activation") == "linear":
        assert model.compiled is not None
        last.settings["activation"] = applied_by(model.compiled.loss.type)
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
    taken = [
        before if spec.takes is None else tuple(number - 1 for number in spec.takes)
        for spec, before in zip(specs, chain(len(specs)), strict=True)
    ]
    found, groups = _merged(layers, alone, taken)
    told = {group for number, group in enumerate(groups) if specs[number].takes and groups.index(group) == number}
    return [one if number in told else one._replace(takes=None) for number, one in enumerate(found)]


def _merged(
    layers: Sequence[Effective], alone: Sequence[str], taken: Sequence[Taken]
) -> tuple[list[Effective], list[int]]:
    """The layers as they work, and of each of `layers` the number of the one that it is part of.

    `alone`: the activation that each layer applies when it does nothing else, or ''.
    """
    found: list[Effective] = []
    groups: list[int] = []
    for layer, own, takes, joins in zip(layers, alone, taken, _joining(layers, alone, taken), strict=True):
        takes = tuple(groups[number] if number >= 0 else number for number in takes)
        if joins is not None:
            found[takes[0]].settings["activation"] = joins
            groups.append(takes[0])
            continue
        groups.append(len(found))
        if own:
            layer = Effective("Activation", {"activation": own}, layer.doubt, layer.times)
        found.append(layer._replace(takes=takes))
    return found, groups


def _joining(layers: Sequence[Effective], alone: Sequence[str], taken: Sequence[Taken]) -> list[str | None]:
    """For each layer the activation that the layer before it ends with then; None for a layer that stands for itself."""
    users = Counter(number for takes in taken for number in set(takes))
    joins: list[str | None] = []
    ends: list[str | None] = []  # of each layer, the activation that it ends with, where it takes one
    for layer, own, takes in zip(layers, alone, taken, strict=True):
        alone_behind = len(takes) == 1 and takes[0] >= 0 and users[takes[0]] == 1
        before = ends[takes[0]] if alone_behind else None
        if own and before is not None and (before == "linear" or own == "linear"):
            joins.append(own if before == "linear" else before)
        else:
            joins.append(None)
        if joins[-1] is not None:
            ends.append(joins[-1])
        elif own:
            ends.append(own)
        else:
            has_one = "activation" in layer.settings or "activation" in keras_names.settings("layers", layer.type)
            ends.append(str(layer.settings.get("activation") or "linear") if has_one and not layer.doubt else None)
    return joins


_GATHERED = ("Add", "Multiply", "Maximum", "Minimum", "Concatenate")  # a sum in a sum is part of it


def gathered(layers: Sequence[Effective]) -> list[Effective]:
    """The layers without those that one behind them can do as well: x + y + z is one sum, (x + y) / 2 a mean, x / 127.5 - 1 one rescaling."""
    layers = list(layers)
    while (found := next(_pairs(layers), None)) is not None:
        number, one, whole = found
        takes = tuple(
            inner
            for taken in layers[number].takes or ()
            for inner in (layers[one].takes or () if taken == one else (taken,))
        )
        layers[number] = whole._replace(takes=takes)
        del layers[one]
        layers = [
            layer._replace(takes=layer.takes and tuple(taken - (taken > one) for taken in layer.takes))
            for layer in layers
        ]
    return layers


def _pairs(layers: Sequence[Effective]) -> Iterator[tuple[int, int, Effective]]:
    """Each layer that is alone in taking another, that one, and what both are together where that is one layer."""
    users = Counter(taken for layer in layers for taken in layer.takes or ())
    for number, layer in enumerate(layers):
        for one in layer.takes or ():
            alone = one >= 0 and users[one] == 1 and not (layer.times or layers[one].times)
            whole = _together(layers[one], layer) if alone and not (layer.doubt or layers[one].doubt) else None
            if whole is not None:
                yield number, one, whole


def _together(first: Effective, second: Effective) -> Effective | None:
    """What does all that both layers do, or None."""
    own, other = ({**layer.settings, "trainable": True} for layer in (first, second))
    if first.type == second.type and first.type in _GATHERED:
        return second if own == other else None
    if second.type != "Rescaling":
        return None
    scale, offset = other.get("scale"), other.get("offset", 0.0)
    if first.type == "Rescaling":
        numbers = (own.get("scale"), own.get("offset", 0.0), scale, offset)
        if not all(isinstance(one, (int, float)) for one in numbers):
            return None
        a, b, c, d = map(float, numbers)
        return second._replace(settings={**second.settings, "scale": a * c, "offset": b * c + d})
    several = len(first.takes or ())
    mean = first.type == "Add" and isinstance(scale, float) and abs(scale * several - 1) < 1e-6 and offset == 0
    return Effective("Average", {"trainable": second.settings.get("trainable", True)}) if mean else None


def groups_of(model: ModelDescription) -> list[int]:
    """Of each layer of a network, the number of the effective one that it is part of."""
    layers = [Effective(layer.type, dict(layer.config)) for layer in model.layers]
    return _merged(layers, list(map(activation_layer, model.layers)), wiring(model) or chain(len(layers)))[1]


def activation_layer(layer: LayerDescription) -> str:
    """The activation function that a layer of its own applies, or ''."""
    rank = len(layer.output_shape) if layer.output_shape else None
    return keras_names.activation_of(layer.type, layer.config, rank) if layer.keras else ""


def without_activations(model: ModelDescription) -> list[LayerDescription]:
    """The layers but those that only apply an activation: a network has the same others however it writes these."""
    return [layer for layer in model.layers if layer.type not in keras_names.ACTIVATION_LAYERS]
