"""From a description to a network: built by the judge out of the allow-list, never from a kernel's files or Keras configs.

Every class is looked up in a fixed table, every setting is validated by exact type, names are the judge's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import _
from autograder.common.keras_tables import allowed
from autograder.common.wire.description import (
    THE_INPUT,
    CompileDescription,
    Component,
    LayerDescription,
    ModelDescription,
)
from autograder.networks.size import size

MAX_LAYERS = 60


def architecture(model: ModelDescription) -> str:
    """Canonical JSON of everything that determines a network but its weights and names. Raises CannotRebuild."""
    if model.topology == "unbuilt":
        raise CannotRebuild(_("the network has no weights yet"))
    shape = model.input_shape[1:] if model.input_shape else None
    if not shape or any(axis is None or not 0 < axis <= 10_000 for axis in shape) or len(shape) > 4:
        raise CannotRebuild(_("the network's input has the shape {shape}", shape=model.input_shape))
    if not 0 < len(model.layers) <= MAX_LAYERS:
        raise CannotRebuild(_("the network has {count} layers", count=len(model.layers)))
    layers: list[list[Any]] = [[layer.type, layer.trainable, _settings_of_layer(layer)] for layer in model.layers]
    if model.topology == "graph":
        for layer, inputs in zip(layers, _wiring(model), strict=True):
            layer.append(inputs)
    return json.dumps({"input": shape, "layers": layers}, sort_keys=True)


def _wiring(model: ModelDescription) -> list[list[int]]:
    """What each layer of a graph takes: layers before it, so that it has no circle, and each is taken by one behind it.

    Raises CannotRebuild for any other graph.
    """
    taken = {THE_INPUT, len(model.layers) - 1}
    for number, layer in enumerate(model.layers):
        inputs, merges = layer.inputs, layer.type in allowed.MERGES
        if not all(THE_INPUT <= one < number for one in inputs) or (len(inputs) < 2 if merges else len(inputs) != 1):
            raise CannotRebuild(
                model.beyond
                or _("the network is not a chain of layers, nor a graph of layers that each are called once")
            )
        taken.update(inputs)
    if len(taken) != len(model.layers) + 1:
        raise CannotRebuild(_("a layer of the network leads nowhere"))
    return [list(layer.inputs) for layer in model.layers]


def _settings_of_layer(layer: LayerDescription) -> dict[str, Any]:
    if layer.custom or layer.type not in allowed.LAYERS:
        raise CannotRebuild(layer.custom or _("the grader does not know the layer {type}", type=layer.type))
    fields = {**allowed.LAYERS[layer.type], "dtype": "dtype"}
    if set(layer.config) - set(fields):
        raise CannotRebuild(
            _("layer {name} ({type}) has settings that the grader does not know", name=layer.name, type=layer.type)
        )
    given = {
        field: _setting(kind, layer.config[field], f"layer {layer.name} ({layer.type}): {field}")
        for field, kind in fields.items()
        if field in layer.config
    }
    return {field: value for field, value in given.items() if fields[field] not in allowed.ONLY_CHECKED}


def _setting(kind: str, value: Any, place: str) -> Any:
    tables = {"initializer": allowed.INITIALIZERS, "regularizer": allowed.REGULARIZERS, "rate": allowed.SCHEDULES}
    value = allowed.settled(kind, value)
    if kind in tables and isinstance(value, Component):
        return _component(value, tables[kind], place)
    if kind == "regularizer" and value is None:
        return None
    if kind == "activation" and (made := allowed.activation_with_settings(value)):
        return list(made)
    if kind == "rate" and allowed.fits("number", value) and value is not None:
        return float(value)
    if isinstance(value, Component) or not allowed.fits(kind, value):
        shown = value.type if isinstance(value, Component) else value
        raise CannotRebuild(_("{place} is {shown!r}, which the grader does not rebuild", place=place, shown=shown))
    return None if kind == "ignored" else value


def _component(value: Component, table: Mapping[str, Mapping[str, str]], place: str) -> list[Any]:
    if value.custom or value.type not in table:
        raise CannotRebuild(_("{place} is {type}, which the grader does not rebuild", place=place, type=value.type))
    fields = table[value.type]
    if set(value.settings) - set(fields):
        raise CannotRebuild(
            _("{place}: {type} has settings that the grader does not know", place=place, type=value.type)
        )
    kept = {
        field: kind for field, kind in fields.items() if field in value.settings and kind not in allowed.ONLY_CHECKED
    }
    for field, kind in fields.items():
        if field in value.settings and kind in allowed.ONLY_CHECKED:
            _setting(kind, value.settings[field], f"{place}: {field}")
    return [
        value.type,
        {field: _setting(kind, value.settings[field], f"{place}: {field}") for field, kind in kept.items()},
    ]


_ACCURACY = {
    "sparse_categorical_crossentropy": "SparseCategoricalAccuracy",
    "categorical_crossentropy": "CategoricalAccuracy",
}  # what "accuracy" stands for


def compile_settings(compiled: CompileDescription, metrics: Sequence[Component] = ()) -> str:
    """Canonical JSON of optimizer, loss and metrics (accuracy, if there are none). Raises CannotRebuild.

    `metrics`: classes of Keras with their settings. What ``compile`` was given under other names determines no training.
    """
    optimizer = _component(compiled.optimizer, allowed.OPTIMIZERS, "optimizer")
    loss = _component(compiled.loss, allowed.LOSSES, "loss")
    accuracy: list[Any] = [_ACCURACY.get(loss[0]), {}]
    found = (_component(metric, allowed.METRICS, "metric") for metric in metrics)
    measured = ["accuracy" if one == accuracy else one for one in found] or ["accuracy"]
    return json.dumps({"optimizer": optimizer, "loss": loss, "metrics": measured}, sort_keys=True)


def constant_rate(settings: str) -> float | None:
    """The learning rate of ``compile_settings``'s JSON, or None where a schedule says it."""
    rate = json.loads(settings)["optimizer"][1].get("learning_rate")
    return rate if isinstance(rate, float) else None


def without_rate(settings: str) -> str:
    """What a compiled network depends on: any constant learning rate can be set in one."""
    document = json.loads(settings)
    if isinstance(document["optimizer"][1].get("learning_rate"), float):
        document["optimizer"][1]["learning_rate"] = 0.0
    return json.dumps(document, sort_keys=True)


def measuring_accuracy(settings: str) -> str:
    """The same settings with accuracy as the only metric."""
    return json.dumps({**json.loads(settings), "metrics": ["accuracy"]}, sort_keys=True)


def loss_of(settings: str) -> tuple[str, bool]:
    """The loss of ``compile_settings``'s JSON, and whether it takes logits."""
    name, options = json.loads(settings)["loss"]
    return name, options.get("from_logits") is True


def one_hot(plan: str, settings: str) -> int:
    """How many columns the labels have that such a network is evaluated with; 0: numbers of classes."""
    output, loss = size(plan).output, json.loads(settings)["loss"][0]
    return output[-1] if output and output[-1] > 1 and not loss.startswith("sparse") else 0


def check_targets(plan: str, settings: str, labels: int, one_hot: int) -> None:
    """Raises CannotRebuild unless loss and outputs take such labels: numbers below `labels`, or so many `one_hot` columns.

    Keras raises, or broadcasts, where they don't fit: only it can show that as it is.
    """
    output, loss = size(plan).output, json.loads(settings)["loss"][0]
    width = output[-1] if len(output) == 1 else 0
    fits = {
        "sparse_categorical_crossentropy": not one_hot and labels <= width,
        "categorical_crossentropy": one_hot == width,
    }.get(loss, one_hot == width or (not one_hot and width == 1))
    if not width or not fits:
        raise CannotRebuild(_("the labels do not fit the network's outputs"))


def build(plan: str, seed: int) -> Any:
    """A network of ``architecture``'s JSON, with weights drawn by its own initializers from `seed`."""
    import keras

    size(plan)
    document = json.loads(plan)
    keras.utils.set_random_seed(seed)
    begin = keras.Input(shape=tuple(document["input"]))
    chain = all(len(layer) == 3 for layer in document["layers"])
    model, tensors = keras.Sequential([begin]) if chain else None, {THE_INPUT: begin}
    for number, (kind, trainable, settings, *inputs) in enumerate(document["layers"]):
        try:
            arguments = {field: _construct(kind, field, value) for field, value in settings.items()}
            layer = getattr(keras.layers, kind)(**arguments)
            layer.trainable = trainable
            if model is not None:
                model.add(layer)
            else:
                given = [tensors[one] for one in inputs[0]]
                tensors[number] = layer(given if kind in allowed.MERGES else given[0])
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise CannotRebuild(
                _("layer {number} ({kind}) can't be built: {error}", number=number + 1, kind=kind, error=error)
            ) from error
    return model if model is not None else _of_graph(begin, tensors, len(document["layers"]))


def _of_graph(begin: Any, tensors: dict[int, Any], layers: int) -> Any:
    """The network whose last tensor is that of its last layer. Raises CannotRebuild where Keras puts the layers in another order.

    Weights go by the order of layers.
    """
    import keras

    model = keras.Model(begin, tensors[layers - 1])
    order = [id(layer) for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    if order != [id(tensors[number]._keras_history.operation) for number in range(layers)]:
        raise CannotRebuild(_("the layers of the network stand in an order that Keras doesn't give them"))
    return model


def _construct(kind: str, field: str, value: Any) -> Any:
    import keras

    sort = allowed.LAYERS[kind].get(field)
    if sort == "activation" and isinstance(value, list):
        return activation_of(*value)
    if sort == "initializer" and value is not None:
        return getattr(keras.initializers, value[0])(**value[1])
    if sort == "regularizer" and value is not None:
        return getattr(keras.regularizers, value[0])(**value[1])
    if sort == "one axis":
        return tuple(value) or None
    if sort == "sides" and len(value) > 2:
        return tuple(value[:2]), tuple(value[2:])
    return tuple(value) if isinstance(value, list) else value


def activation_of(kind: str, settings: Mapping[str, Any]) -> Any:
    """A layer of Keras's that is one, or its function with settings."""
    import keras

    layer = getattr(keras.layers, kind, None)
    return layer(**settings) if layer else partial(getattr(keras.activations, kind), **settings)


def compile_model(model: Any, settings: str) -> None:
    """Compile `model` with ``compile_settings``'s JSON."""
    import keras

    document = json.loads(settings)
    kind, options = document["optimizer"]
    rate = options.get("learning_rate")
    (kind_of_loss, settings_of_loss), measured = document["loss"], document["metrics"]
    try:
        if isinstance(rate, list):
            options = {**options, "learning_rate": getattr(keras.optimizers.schedules, rate[0])(**rate[1])}
        optimizer = getattr(keras.optimizers, kind)(**options)
        loss = getattr(keras.losses, allowed.LOSS_CLASSES[kind_of_loss])(**settings_of_loss)
        metrics = [
            one if isinstance(one, str) else getattr(keras.metrics, one[0])(**one[1], name=f"{one[0]}_{number}")
            for number, one in enumerate(measured)
        ]
    except (ValueError, TypeError) as error:
        raise CannotRebuild(_("the optimizer {kind} can't be made: {error}", kind=kind, error=error)) from error
    # jit_compile stays off here: the whole epoch is compiled, see train.py.
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics, jit_compile=False)


def structure(plan: str) -> str:
    """Of ``architecture``'s JSON, what a network's weights belong to: which layers are frozen is no part of it."""
    document = json.loads(plan)
    document["layers"] = [[kind, *others] for kind, _trainable, *others in document["layers"]]
    return json.dumps(document, sort_keys=True)


def begins_with(longer: str, shorter: str) -> bool:
    """Whether the chain of layers whose `structure` is `longer` is that of `shorter`, with or without others behind it."""
    whole, begin = json.loads(longer), json.loads(shorter)
    layers = begin.pop("layers")
    chain = all(len(layer) == 2 for layer in whole["layers"])
    own = whole.pop("layers")
    return whole == begin and own[: len(layers)] == layers and (chain or own == layers)
