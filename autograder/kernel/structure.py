"""How a network's layers hang together: whether they follow one another, also in a class of the student's own."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.common.wire.description import MAX_FAN_IN, THE_INPUT
from autograder.kernel.plain import unheard

# A class that brings one of these of its own does not train, or answer, as Keras's networks do.
_OF_KERAS = ("__call__", "compute_loss", "compute_metrics", "evaluate", "fit", "make_test_function", "make_train_function",
             "predict", "predict_step", "test_step", "train_on_batch", "train_step")  # fmt: skip


def is_own(model: Any) -> bool:
    """Whether the network is of a class that the student wrote."""
    return not type(model).__module__.startswith("keras.src.models.")


def input_shape(model: Any) -> tuple[int | None, ...] | None:
    """The shape of a batch, None for the number of samples; None while it isn't known."""
    with contextlib.suppress(AttributeError, ValueError, TypeError):
        return axes(model.input_shape)
    with contextlib.suppress(Exception):  # a class of the student's own, built by its first call
        shape = axes(tuple(model.get_build_config()["input_shape"]))
        return (None, *shape[1:]) if shape else None
    return None


def output_shapes(model: Any, layers: list[Any]) -> Iterator[tuple[int | None, ...] | None]:
    """What each layer of a chain makes of the network's input: in a class of the student's own no layer knows it."""
    shape = input_shape(model)
    for layer in layers:
        try:
            shape = axes(tuple(layer.compute_output_shape(shape))) if shape else None
        except Exception:  # a layer of the student's own
            shape = None
        yield shape


@unheard
def built_copy(model: Any, batch_shape: tuple[int | None, ...]) -> Any:
    """A network like `model`, which isn't built, for batches of a shape; `model` and the notebook's random numbers are as they were.

    Raises CannotTrainHere where that would run code of the notebook's own.
    """
    for kind in map(type, model.layers):
        if not kind.__module__.startswith("keras.src.layers."):
            raise CannotTrainHere(_("{kind} is not one of Keras's layers", kind=kind.__name__))
    with unnoticed():
        copy = type(model).from_config(model.get_config())
        copy.build(batch_shape)
    return copy


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """What is made in between leaves the notebook's random numbers, and the names that Keras counts, as they were."""
    from keras.src.backend.common import global_state

    names = global_state.get_global_attribute("object_name_uids", {})
    before, numbers = dict(names), random.getstate()
    try:
        yield
    finally:
        names.clear()
        names.update(before)
        random.setstate(numbers)


def axes(shape: Any) -> tuple[int | None, ...] | None:
    if not isinstance(shape, tuple) or any(axis is not None and not isinstance(axis, int) for axis in shape):
        return None
    return shape


def is_chain(model: Any, layers: list[Any]) -> bool:
    """Whether the layers follow one another and nothing else happens: always so in a plain Sequential."""
    import keras

    if isinstance(model, keras.Sequential) and _inherits(type(model), keras.Sequential):
        return True
    if is_own(model):
        return _is_own_chain(model, layers)
    if not hasattr(model, "operations") or len(model.inputs) != 1 or len(model.outputs) != 1:
        return False
    operations = [op for op in model.operations if type(op).__name__ != "InputLayer"]
    if [id(op) for op in operations] != [id(layer) for layer in layers]:
        return False  # an operation that is no layer, such as x + 1
    tensor = model.inputs[0]
    for layer in layers:
        if len(layer._inbound_nodes) < 1 or not any(node.input_tensors == [tensor] for node in layer._inbound_nodes):
            return False
        tensor = next(node for node in layer._inbound_nodes if node.input_tensors == [tensor]).output_tensors[0]
    return tensor is model.outputs[0]


def graph(model: Any, layers: list[Any]) -> list[tuple[int, ...]] | None:
    """For each of the layers of a functional network the numbers of those that it takes, -1 for the network's input.

    None where it has several inputs or outputs, where a layer is called more than once, and where more happens than layers do.
    """
    if is_own(model) or not hasattr(model, "operations") or len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    if [id(op) for op in model.operations if type(op).__name__ != "InputLayer"] != [id(layer) for layer in layers]:
        return None
    made = {id(model.inputs[0]): THE_INPUT}
    found = []
    for number, layer in enumerate(layers):
        nodes = [node for node in layer._inbound_nodes if all(id(tensor) in made for tensor in node.input_tensors)]
        if len(layer._inbound_nodes) != 1 or len(nodes) != 1 or not _plainly_called(nodes[0]):
            return None
        found.append(tuple(made[id(tensor)] for tensor in nodes[0].input_tensors))
        made[id(nodes[0].output_tensors[0])] = number
    if made.get(id(model.outputs[0])) != len(layers) - 1 or any(len(taken) > MAX_FAN_IN for taken in found):
        return None
    return found


def _plainly_called(node: Any) -> bool:
    """Whether a layer gets layers and nothing else; whether it trains, the network says."""
    others = {key: value for key, value in node.arguments.kwargs.items() if key != "training"}
    return all(value is None for value in others.values()) and len(node.arguments.args) == 1


def _inherits(kind: type, base: type) -> bool:
    """Whether a class is called, trained and asked as the `base` that it was derived from."""
    return all(getattr(kind, name, None) is getattr(base, name, None) for name in (*_OF_KERAS, "call"))


def _is_own_chain(model: Any, layers: list[Any]) -> bool:
    """For a class of the student's own: its `call`, followed on a symbolic input, calls each layer once, in the order of `layers`."""
    import keras

    shape = input_shape(model)
    if shape is None or any(getattr(type(model), name, None) != getattr(keras.Model, name) for name in _OF_KERAS):
        return False
    if sum(len(layer.weights) for layer in layers) != len(model.weights):
        return False  # weights of its own
    before = [(layer, len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in layers]
    try:
        with unnoticed():
            inputs = keras.Input(batch_shape=shape)
            followed = keras.Model(inputs, model.call(inputs))
        return is_chain(followed, layers)
    except Exception:  # what student code raises, or can't be followed
        return False
    finally:
        for layer, inbound, outbound in before:  # the layers are as they were
            del layer._inbound_nodes[inbound:], layer._outbound_nodes[outbound:]
