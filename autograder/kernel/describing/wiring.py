"""How a network's layers hang together: which of them takes which, also in networks within it and in a class of the student's own."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from autograder.common.wire.description import MAX_FAN_IN, MAX_LAYERS, THE_INPUT
from autograder.kernel.describing.functions import same_activation
from autograder.kernel.describing.operations import called, layer_in_place_of
from autograder.kernel.describing.plain import text, unheard
from autograder.kernel.describing.structure import (
    FOLLOWED,
    axes,
    brings,
    input_shape,
    is_followed,
    is_network,
    is_own,
    layers_of,
    leaving_nothing,
    set_on,
    trains_otherwise,
    unnoticed,
)
from autograder.kernel.describing.weights import weights_of


class Step(NamedTuple):
    """A layer in its place, or one that does what an operation there does.

    `takes`: the layers that it is given, by their numbers, -1 for the network's input. `given`, `shape`: the tensors that it takes, and
    the shape of what it gives, where they are known. `known_as`: the layer of the notebook's own that begins with it.
    """

    layer: Any
    takes: tuple[int, ...]
    given: Any = ()
    shape: tuple[int | None, ...] | None = None
    known_as: Any = None


def name_of(step: Step, named: set[int]) -> str:
    """A layer's; of what a layer of the notebook's own begins with that one's, where it was given."""
    from keras.src.utils.naming import to_snake_case

    outer = step.known_as
    if outer is not None and not outer.name.startswith(to_snake_case(type(outer).__name__)):
        return text(outer.name)
    return text(step.layer.name) if id(step.layer) in named else ""  # operations have no names


Followed = dict[int, list[Step] | None]  # by the network's identity, while it lives


_kept: ContextVar[Followed | None] = ContextVar("followed", default=None)


@unheard
def trains_as_keras(model: Any) -> bool:
    """Whether Keras's own steps train the network, and its layers are called as they are described: also in a class with a `call` of its own."""
    if set_on(model):
        return False
    return not is_own(model) or (brings(model) <= FOLLOWED and (not model.built or steps(model) is not None))


def answers(model: Any) -> list[Any]:
    """What a network that is built gives, without values: a class of the student's own is followed."""
    import keras

    found = getattr(model, "outputs", None)
    return found or [keras.KerasTensor((steps(model) or [Step(model, ())])[-1].shape, "float32")]


def steps(model: Any, beyond: list[str] | None = None) -> list[Step] | None:
    """The layers of a network that is built, and those of the networks within it in their place; None where that can't be told.

    So weights come in the order of the network's own. Networks within it that can't be followed stand there themselves. `beyond` gets the
    name of an operation that no layer does.
    """
    kept = _kept.get()
    if kept is None or not is_own(model):
        return _all_steps(model, [] if beyond is None else beyond)
    if id(model) not in kept:
        kept[id(model)] = _all_steps(model, [])
    return kept[id(model)]


@contextmanager
def followed_once(kept: Followed) -> Iterator[None]:
    """In between a class of the student's own is followed once, and not again where `kept` comes from before; outside each time."""
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)


def _all_steps(model: Any, beyond: list[str]) -> list[Step] | None:
    with unnoticed():
        plain = _steps(model, beyond)
    if plain is None or not any(is_network(step.layer) or is_followed(step.layer) for step in plain):
        return plain
    found = _unfolded(plain, is_told(model))
    return found if found is not None and len(found) <= MAX_LAYERS and _has_all_weights(model, found) else plain


def is_chain(found: list[Step]) -> bool:
    """Whether the layers follow one another."""
    return [step.takes for step in found] == [(number - 1,) for number in range(len(found))]


def _steps(model: Any, beyond: list[str]) -> list[Step] | None:
    import keras

    if is_own(model):
        return _of_a_class(model, beyond)
    if isinstance(model, keras.Sequential):
        return [Step(layer, (number - 1,)) for number, layer in enumerate(layers_of(model))]
    found = _of_a_graph(model, beyond)
    return found if found is not None and _has_all_weights(model, found) else None


def _has_all_weights(model: Any, found: list[Step]) -> bool:
    """Whether the layers have the weights of the network, each once and in its order."""
    held = [id(weight) for step in found for weight in weights_of(step.layer)]
    return held == [id(weight) for weight in weights_of(model)]


def _of_a_graph(model: Any, beyond: list[str]) -> list[Step] | None:
    """Of a functional network. None where it has several inputs or outputs, and where more happens than layers do."""
    import keras

    if not hasattr(model, "operations") or len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    made = {id(model.inputs[0]): THE_INPUT}
    found: list[Step] = []
    for call, given in _but_for_masks(_calls(model), model.outputs[0]):
        layer = call.operation
        takes = tuple(made.get(id(tensor), MAX_LAYERS) for tensor in given)
        if not isinstance(layer, keras.layers.Layer):
            layer = layer_in_place_of(call)
            beyond += [] if layer else [text(called(call.operation))]
        elif not _plainly_called(call):
            return None
        if layer is None or len(call.outputs) != 1 or not all(one < len(found) for one in takes):
            return None
        made[id(call.outputs[0])] = len(found)
        found.append(Step(layer, takes, given, axes(call.outputs[0].shape)))
    ends = made.get(id(model.outputs[0])) == len(found) - 1
    return found if ends and all(0 < len(step.takes) <= MAX_FAN_IN for step in found) else None


def _calls(model: Any) -> list[Any]:
    """The calls that a functional network is made of, in Keras's order of its operations: a layer may be called several times."""
    order = {id(operation): number for number, operation in enumerate(model.operations)}
    calls = [(-depth, order[id(call.operation)], at, call)
             for depth, some in model._nodes_by_depth.items() for at, call in enumerate(some)]  # fmt: skip
    return [call for *_place, call in sorted(calls, key=lambda one: one[:3]) if call.input_tensors]


def _but_for_masks(calls: list[Any], answer: Any) -> list[tuple[Any, list[Any]]]:
    """Those of the calls that `answer` comes from, each with the tensors that it gets: what only makes masks, Keras makes of the layers themselves."""
    needed, kept = {id(answer)}, []
    for call in reversed(calls):
        if any(id(tensor) in needed for tensor in call.outputs):
            masks = set(map(id, _handed_on(call)))
            given = [tensor for tensor in call.input_tensors if id(tensor) not in masks]
            needed.update(map(id, given))
            kept.append((call, given))
    return kept[::-1]


def _handed_on(call: Any) -> list[Any]:
    """The masks with which a layer is called, where they are those of the tensors that it gets."""
    import keras
    from keras.src.backend import get_keras_mask

    masks = keras.tree.flatten(call.arguments.kwargs.get("mask"))
    own = [get_keras_mask(tensor) for tensor in keras.tree.flatten(call.arguments.args)]
    return masks if len(masks) == len(own) and all(map(operator.is_, masks, own)) else []


def _plainly_called(call: Any) -> bool:
    """Whether a layer gets layers and nothing else; whether it trains, the network says."""
    handed = {"training", "mask"} if _handed_on(call) else {"training"}
    given = [*call.arguments.args, *(value for key, value in call.arguments.kwargs.items() if key not in handed)]
    return sum(value is not None for value in given) == 1


def is_told(model: Any) -> bool:
    """Whether Keras tells a network that it is in training: what a class calls that doesn't ask for it is as in prediction all the time."""
    return bool(model._call_has_training_arg)


def _unfolded(plain: list[Step], told: bool) -> list[Step] | None:
    """`told`: whether the layers get to know that they are in training."""
    found: list[Step] = []
    last = {THE_INPUT: THE_INPUT}  # by the number of a layer that of the last one in its place
    for number, step in enumerate(plain):
        begin = tuple(last[one] for one in step.takes)
        if is_network(step.layer) or is_followed(step.layer):
            own = _within(step, told)
            inner = _unfolded(own, told) if own else None
            if not inner or len(begin) != 1:
                return None
            # What it gives there: by itself a Sequential says nothing of it.
            inner[-1] = inner[-1]._replace(shape=step.shape or inner[-1].shape)
            if not is_network(step.layer):
                inner[0] = inner[0]._replace(known_as=step.layer)
            place = {THE_INPUT: begin[0], **{one: one + len(found) for one in range(len(inner))}}
            found += [one._replace(takes=tuple(place[which] for which in one.takes)) for one in inner]
        elif not told and trains_otherwise(step.layer):
            return None
        else:
            found.append(step._replace(takes=begin))
        last[number] = len(found) - 1
    return found


def _within(step: Step, told: bool) -> list[Step] | None:
    """What a network within another does, or a layer of the notebook's own."""
    if is_network(step.layer):
        return _steps(step.layer, []) if _passes_on(step) and not is_own(step.layer) else None
    given = step.given or [tensor for node in step.layer._inbound_nodes for tensor in node.input_tensors]
    shapes = {axes(tensor.shape) for tensor in given}
    types = {step.layer.dtype_policy.name, *(tensor.dtype for tensor in given)}
    if len(shapes) != 1 or None in shapes or types != {"float32"}:
        return None
    shape = shapes.pop()
    with unnoticed():
        found = _followed(step.layer, shape, [], told)
        if found and (len(found) == 1 or found[-1].shape != shape):
            return found
        simpler = _as_an_activation(step.layer, shape)
        return simpler if simpler and (not found or simpler[0].layer.activation.__name__ != "linear") else found


def _as_an_activation(layer: Any, shape: Any) -> list[Step] | None:
    """Where several operations are one of Keras's activations."""
    import keras

    more = weights_of(layer) or any(map(trains_otherwise, layer._flatten_layers()))
    name = "" if more else same_activation(layer.call, len(shape))
    if not name or layer._losses:
        return None
    made = keras.layers.Activation(name)
    made(keras.KerasTensor(shape))
    return [Step(made, (THE_INPUT,), shape=shape)]


def _passes_on(step: Step) -> bool:
    """Whether a network within another does nothing with what it is given but give it to its layers."""
    network: Any = step.layer
    takes = getattr(network, "inputs", None)
    given = step.given or [tensor for node in network._inbound_nodes for tensor in node.input_tensors]
    if not takes or len(takes) != 1 or network.dtype_policy.name != "float32" or not given or network._losses:
        return False
    return all(
        tensor.dtype == takes[0].dtype and tensor.shape[1:] == takes[0].shape[1:]  # Keras adds and takes axes of one
        for tensor in given
    )


def _of_a_class(model: Any, beyond: list[str]) -> list[Step] | None:
    """Of a class of the student's own."""
    shape = input_shape(model)
    return None if shape is None or not brings(model) <= FOLLOWED else _followed(model, shape, beyond, is_told(model))


def _followed(model: Any, shape: Any, beyond: list[str], told: bool) -> list[Step] | None:
    """What the `call` of a network or a layer, followed on a symbolic input, does, in training and else where it is `told` which."""
    import keras

    found: list[Step] | None = None
    with leaving_nothing(model), _as_they_were(list(model._flatten_layers(include_self=False))):
        try:
            for training in (True, False) if told else (None,):
                inputs = keras.Input(batch_shape=shape)
                how = {"training": training} if told and model._call_has_training_arg else {}
                with _in_training(training):
                    outputs = model.call(inputs, **how)
                if any(layer._losses for layer in model._flatten_layers()):
                    return None  # add_loss()
                followed = _of_a_graph(keras.Model(inputs, outputs), beyond)
                if followed is None or not all(_told(step.layer, training) for step in followed):
                    return None
                if found is not None and not (len(found) == len(followed) and all(map(_alike, found, followed))):
                    return None
                found = followed
            said = tuple(model.compute_output_shape(shape)) if "compute_output_shape" in brings(model) else None
        except Exception:  # what student code raises, or can't be followed
            return None
    if not found or (said is not None and axes(said) != found[-1].shape):
        return None  # Keras believes what a class says of itself
    return found if _has_all_weights(model, found) else None


@contextmanager
def _as_they_were(layers: list[Any]) -> Iterator[None]:
    """The layers have afterwards been called as often as before."""
    before = [(layer, len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in layers]
    try:
        yield
    finally:
        for layer, inbound, outbound in before:
            del layer._inbound_nodes[inbound:], layer._outbound_nodes[outbound:]


@contextmanager
def _in_training(training: bool | None) -> Iterator[None]:
    """In between layers are called as within a call of Keras's that is told this: they inherit it."""
    from keras.src.backend.common import global_state
    from keras.src.layers.layer import CallContext

    before, within = global_state.get_global_attribute("current_call_ctx"), CallContext(entry_layer=None)
    within.training = training
    global_state.set_global_attribute("current_call_ctx", within)
    try:
        yield
    finally:
        global_state.set_global_attribute("current_call_ctx", before)


def _told(layer: Any, training: bool | None) -> bool:
    """Whether a layer to which it matters was last told that it is in training or not, as the network was."""
    said = layer._inbound_nodes[-1].arguments.kwargs.get("training")
    if is_network(layer) or is_followed(layer):  # a look within decides
        return not layer._call_has_training_arg or said is training
    return not trains_otherwise(layer) or (said is training and training is not None)


def _alike(one: Step, other: Step) -> bool:
    """Whether the same happens in both: by the same layer or, in place of an operation, by ones that were made with the same."""
    if one.takes != other.takes or one.layer is other.layer:
        return one.takes == other.takes
    made = [
        (type(step.layer), {key: value for key, value in step.layer.get_config().items() if key != "name"}, [*map(id, step.layer.weights)])
        for step in (one, other)
    ]  # fmt: skip
    return made[0] == made[1]
