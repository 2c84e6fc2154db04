"""How a network's layers hang together: whether they follow one another, also in a class of the student's own."""

from __future__ import annotations

import contextlib
import inspect
import random
from collections.abc import Iterator
from typing import Any

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.common.wire.description import MAX_FAN_IN, MAX_LAYERS, THE_INPUT
from autograder.kernel.describing.plain import unheard

# What a class may bring and still train and answer as the network of Keras's that it was derived from.
_HARMLESS = {"__init__", "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__abstractmethods__",
             "__repr__", "__str__", "get_config", "from_config"}  # fmt: skip
_FOLLOWED = {"build", "call", "compute_output_shape"}  # how its layers are made and called can be seen


def brings(model: Any) -> set[str]:
    """What of Keras's the student's own class has in its own way: nothing, for one of Keras's or one that only makes its layers."""
    kinds = type(model).__mro__
    given = [kind for kind in kinds if kind.__module__.startswith(("keras.", "tensorflow.")) or kind is object]
    own = {name for kind in kinds if kind not in given for name in vars(kind)}
    return {name for name in own - _HARMLESS if any(name in vars(kind) for kind in given)}


def is_own(model: Any) -> bool:
    """Whether the network is of a class that the student wrote, and that is no network of Keras's by another name."""
    import keras
    from keras.src.models.functional import Functional

    return bool(brings(model)) or not (isinstance(model, (keras.Sequential, Functional)))


@unheard
def trains_as_keras(model: Any) -> bool:
    """Whether Keras's own steps train the network, and its layers are called as they are described: also in a class with a `call` of its own."""
    if any(
        name in vars(model)
        for name in ("train_step", "test_step", "compute_loss", "compute_metrics", "_symbolic_build")
    ):
        return False
    return not is_own(model) or (brings(model) <= _FOLLOWED and (not model.built or is_chain(model, model.layers)))


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


def answers(model: Any) -> list[Any]:
    """What a network that is built gives, without values: a class of the student's own is followed layer by layer."""
    import keras

    found = getattr(model, "outputs", None)
    return found or [keras.KerasTensor([*output_shapes(model, model.layers)][-1], "float32")]


@unheard
def build_by_a_call(model: Any, form: tuple[str, tuple[int | None, ...]]) -> None:
    """Has a class of the notebook's own make its weights as its first batch, of that type and shape, would."""
    import keras
    from keras.src.backend import compute_output_spec

    compute_output_spec(model, keras.KerasTensor(form[1], form[0]), training=False)


@unheard
def built_copy(model: Any, batch_shape: tuple[int | None, ...]) -> Any:
    """A network like `model`, which isn't built, for batches of a shape; `model` and the notebook's random numbers are as they were.

    Raises CannotTrainHere where that would run code of the notebook's own.
    """
    for layer in model._flatten_layers(include_self=False):
        kind = type(layer)
        if not kind.__module__.startswith("keras.src.layers.") and (not is_network(layer) or is_own(layer)):
            raise CannotTrainHere(_("{kind} is not one of Keras's layers", kind=kind.__name__))
    with unnoticed():
        own: Any = next(base for base in type(model).__mro__ if base.__module__.startswith("keras."))
        copy = own.from_config(own.get_config(model))
        copy.build(batch_shape)
    return copy


@contextlib.contextmanager
def undone_if_it_fails(model: Any) -> Iterator[None]:
    """A network that isn't built, and all that belongs to it, is again as the notebook made it where what is done in between fails."""
    if all(layer.built for layer in model._flatten_layers()):
        yield
        return
    kept = [*_contents(model, set())]
    try:
        with unnoticed(only_failures=True):
            yield
    except Exception:
        for container, content in kept:
            kind: Any = next(kind for kind in _CONTAINERS if isinstance(container, kind))
            kind.clear(container)  # Keras's own lists notice what they are told by their own methods
            (kind.extend if kind is list else kind.update)(container, content)
        raise


_CONTAINERS = (list, dict, set)


def _contents(thing: Any, seen: set[int]) -> Iterator[tuple[Any, Any]]:
    """The attributes of a thing of Keras's and of those that it is made of, and the lists and the like among them, each with a copy."""
    from keras.src.saving.keras_saveable import KerasSaveable
    from keras.src.utils.tracking import Tracker

    thing = vars(thing) if isinstance(thing, (KerasSaveable, Tracker)) else getattr(thing, "__wrapped__", thing)
    if not isinstance(thing, (*_CONTAINERS, tuple)) or id(thing) in seen:
        return
    seen.add(id(thing))
    if not isinstance(thing, tuple):
        yield thing, thing.copy()
    held = getattr(thing, "_storage", ())  # where a list of TensorFlow's has its items a second time
    for part in [*(thing.values() if isinstance(thing, dict) else thing), held]:
        yield from _contents(part, seen)


@contextlib.contextmanager
def unnoticed(*, only_failures: bool = False) -> Iterator[None]:
    """What is made in between leaves the notebook's random numbers, and the names that Keras counts, as they were."""
    from keras.src.backend.common import global_state

    names = global_state.get_global_attribute("object_name_uids", {})
    before, numbers = dict(names), random.getstate()
    done = False
    try:
        yield
        done = True
    finally:
        if not (only_failures and done):
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

    if isinstance(model, keras.Sequential) and not is_own(model):
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


def layers_of(model: Any) -> list[Any]:
    """Its layers without the one that begins it. A Sequential leaves that out itself: one further down stands in the way."""
    import keras

    whole = isinstance(model, keras.Sequential)
    return [layer for layer in model.layers if whole or type(layer).__name__ != "InputLayer"]


def is_network(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.Model)


def unfolded(model: Any) -> list[tuple[Any, tuple[int, ...]]] | None:
    """The layers of a network that is built, and those of the networks within it in their place, each with what it takes as in `graph`.

    So weights come in the order of the network's own. None where that can't be followed, or something would be lost.
    """
    found = _unfolded(model)
    if found is None or len(found) > MAX_LAYERS or len({id(layer) for layer, _taken in found}) < len(found):
        return None
    return found if sum(len(layer.weights) for layer, _taken in found) == len(model.weights) else None


def _unfolded(model: Any) -> list[tuple[Any, tuple[int, ...]]] | None:
    layers = layers_of(model)
    wires = [(number - 1,) for number in range(len(layers))] if is_chain(model, layers) else graph(model, layers)
    if wires is None:
        return None
    found: list[tuple[Any, tuple[int, ...]]] = []
    last = {THE_INPUT: THE_INPUT}  # by the number of a layer that of the last one in its place
    for number, (layer, taken) in enumerate(zip(layers, wires, strict=True)):
        begin = tuple(last[one] for one in taken)
        if is_network(layer):
            inner = _unfolded(layer) if _passes_on(layer) and not is_own(layer) else None
            if not inner or len(begin) != 1:
                return None
            place = {THE_INPUT: begin[0], **{one: one + len(found) for one in range(len(inner))}}
            found += [(one, tuple(place[which] for which in within)) for one, within in inner]
        else:
            found.append((layer, begin))
        last[number] = len(found) - 1
    return found


def _passes_on(network: Any) -> bool:
    """Whether a network within another does nothing with what it is given but give it to its layers."""
    given = getattr(network, "inputs", None)
    nodes = network._inbound_nodes
    if not given or len(given) != 1 or network.dtype_policy.name != "float32" or not nodes or network._losses:
        return False
    return all(
        len(node.input_tensors) == 1
        and node.input_tensors[0].dtype == given[0].dtype
        and node.input_tensors[0].shape[1:] == given[0].shape[1:]  # Keras adds and takes axes of one
        for node in nodes
    )


def _plainly_called(node: Any) -> bool:
    """Whether a layer gets layers and nothing else; whether it trains, the network says."""
    others = {key: value for key, value in node.arguments.kwargs.items() if key != "training"}
    return all(value is None for value in others.values()) and len(node.arguments.args) == 1


def _told(layer: Any, training: bool | None) -> bool:
    """Whether a layer was last called as in training or not, as the network was, or leaves that to Keras."""
    return layer._inbound_nodes[-1].arguments.kwargs.get("training") in (None, training)


def _is_own_chain(model: Any, layers: list[Any]) -> bool:
    """For a class of the student's own: its `call`, followed on a symbolic input, calls each layer once, in the order of `layers`."""
    import keras

    shape = input_shape(model)
    if shape is None or not brings(model) <= _FOLLOWED:
        return False
    if sum(len(layer.weights) for layer in layers) != len(model.weights):
        return False  # weights of its own
    before = [(layer, len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in layers]
    try:
        with unnoticed():
            said = tuple(model.compute_output_shape(shape)) if "compute_output_shape" in brings(model) else None
            if said is not None and axes(said) != [*output_shapes(model, layers)][-1]:
                return False  # Keras believes what a class says of itself
            told = "training" in inspect.signature(model.call).parameters
            for training in (True, False) if told else (None,):
                inputs = keras.Input(batch_shape=shape)
                followed = keras.Model(inputs, model.call(inputs, training=training) if told else model.call(inputs))
                if not is_chain(followed, layers) or not all(_told(layer, training) for layer in layers):
                    return False
        return True
    except Exception:  # what student code raises, or can't be followed
        return False
    finally:
        for layer, inbound, outbound in before:  # the layers are as they were
            del layer._inbound_nodes[inbound:], layer._outbound_nodes[outbound:]
