"""Operations on a network's tensors that are layers by another name: ``y + x`` is Add, ``keras.activations.relu(x)`` an Activation.

Each is looked up by its class in Keras. What no layer does exactly so stays an operation, and the network that has it can't be told.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.kernel.describing.plain import unheard

# By the class of an operation the function of Keras that it is, where that is an activation at its defaults.
_ACTIVATIONS = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Silu": "silu", "Softplus": "softplus", "Softsign": "softsign",
    "Selu": "selu", "HardSigmoid": "hard_sigmoid", "Tanh": "tanh", "Exp": "exponential",
}  # fmt: skip
# As Python writes an operation that it has a sign for: students know it by that.
_SIGNS = {
    "GetItem": "x[...]", "Matmul": "@", "Power": "**", "TrueDivide": "/", "Divide": "/", "FloorDivide": "//", "Mod": "%", "Absolute": "abs(x)",
    "Greater": ">", "GreaterEqual": ">=", "Less": "<", "LessEqual": "<=", "LogicalAnd": "&", "LogicalOr": "|",
    "LogicalNot": "~", "Negative": "-x", "Add": "+", "Subtract": "-", "Multiply": "*",
}  # fmt: skip
_MERGES = ("Add", "Multiply", "Maximum", "Minimum", "Subtract")


def called(operation: Any) -> str:
    """An operation by its class in Keras, and as it is written."""
    kind = type(operation).__name__
    return f"{kind} ({_SIGNS[kind]})" if kind in _SIGNS else kind


@unheard
def layer_in_place_of(call: Any) -> Any:
    """A layer of Keras, fresh and already called, that gives what the operation of this `call` gives; None where there is none.

    `call`: the node of a graph. The layer's name is the operation's.
    """
    import keras

    kind = type(call.operation)
    if not kind.__module__.startswith(("keras.src.ops.", "keras.src.activations.")) or len(call.outputs) != 1:
        return None
    given = [*call.arguments.args, *call.arguments.kwargs.values()]
    tensors, made = call.input_tensors, call.outputs[0]
    found = _made(call.operation, given, tensors, made)
    if found is None:
        return None
    type_of_layer, settings = found
    layer = getattr(keras.layers, type_of_layer)(**settings, name=call.operation.name, dtype=made.dtype)
    fresh = [keras.KerasTensor(tensor.shape, tensor.dtype) for tensor in tensors]
    answer = layer(fresh if len(fresh) > 1 else fresh[0])
    return layer if (answer.shape, answer.dtype) == (made.shape, made.dtype) else None


def _made(operation: Any, given: list[Any], tensors: list[Any], made: Any) -> tuple[str, dict[str, Any]] | None:
    """The class of a layer, and what it is made with."""
    kind, shape = type(operation).__name__, tuple(tensors[0].shape) if tensors else ()
    if kind in _ACTIVATIONS:
        return "Activation", {"activation": _ACTIVATIONS[kind]}
    if kind in ("Softmax", "LogSoftmax") and operation.axis in (-1, len(shape) - 1):
        return "Activation", {"activation": "softmax" if kind == "Softmax" else "log_softmax"}
    if kind in ("Reshape", "ExpandDims", "Squeeze"):
        same = _known(shape) and _known(made.shape) and math.prod(shape[1:]) == math.prod(made.shape[1:])
        return ("Reshape", {"target_shape": tuple(made.shape[1:])}) if same else None
    if kind in ("Concatenate", *_MERGES) and len(tensors) > 1:
        return _merge(operation, kind, given, tensors)
    if kind in _OF_A_NUMBER and len(tensors) == 1 and len(given) == 2:
        first = given[0] is tensors[0]
        number: Any = given[1 if first else 0]
        return _OF_A_NUMBER[kind](float(number), first) if _is_number(number) else None
    if kind == "GetItem" and len(tensors) == 1 and len(given) == 2:
        return _cut(given[1], shape, tuple(made.shape))
    return _OTHERS[kind](operation, shape) if kind in _OTHERS else None


def _cut(key: Any, shape: tuple[Any, ...], made: tuple[Any, ...]) -> tuple[str, dict[str, Any]] | None:
    """``x[:, 2:-2]`` of samples with channels is a Cropping, ``x[..., None]`` a Reshape."""
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    whole = [part is None or part is Ellipsis or (isinstance(part, slice) and part == slice(None)) for part in parts]
    if all(whole):
        return (
            ("Reshape", {"target_shape": made[1:]}) if _known(shape) and _known(made) and parts[0] is not None else None
        )
    places = len(shape) - 2
    if len(parts) == len(shape) and whole[-1]:
        del parts[-1]  # all channels
    slices = all(isinstance(part, slice) for part in parts)
    if places not in (1, 2) or len(parts) > places + 1 or not slices or not whole[0]:
        return None
    sides = []
    for part, length in zip((*parts[1:], *[slice(None)] * places), shape[1:-1], strict=False):
        if length is None or part.step not in (None, 1):
            return None
        first, end, _step = part.indices(length)
        if first >= end:
            return None
        sides.append((first, length - end))
    return f"Cropping{places}D", {"cropping": tuple(sides) if places > 1 else sides[0]}


def _known(shape: Any) -> bool:
    """Whether all but the number of samples is known."""
    return len(shape) > 1 and shape[0] is None and None not in shape[1:]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def _merge(operation: Any, kind: str, given: list[Any], tensors: list[Any]) -> tuple[str, dict[str, Any]] | None:
    if kind == "Concatenate":
        return kind, {"axis": operation.axis}
    # Layers of Keras stretch tensors of other ranks from the front, operations from the end.
    alike = len(given) == len(tensors) and len({len(tensor.shape) for tensor in tensors}) == 1
    return (kind, {}) if alike else None


def _rescaling(scale: float, offset: float) -> tuple[str, dict[str, Any]] | None:
    if (scale, offset) == (1, 0):
        return "Activation", {"activation": "linear"}  # sum() begins with 0 +
    return ("Rescaling", {"scale": scale, "offset": offset}) if scale else None


def _divided(number: float, tensor_first: bool) -> tuple[str, dict[str, Any]] | None:
    return _rescaling(1 / number, 0.0) if tensor_first and number else None


# What an operation does with a tensor and a number, by whether the tensor comes first.
_OF_A_NUMBER: dict[str, Callable[[float, bool], tuple[str, dict[str, Any]] | None]] = {
    "Add": lambda number, _first: _rescaling(1.0, number),
    "Subtract": lambda number, first: _rescaling(1.0, -number) if first else _rescaling(-1.0, number),
    "Multiply": lambda number, _first: _rescaling(number, 0.0),
    "Divide": _divided,
    "TrueDivide": _divided,
    "Maximum": lambda number, _first: None if number else ("Activation", {"activation": "relu"}),
}


def _permuted(operation: Any, shape: tuple[Any, ...]) -> tuple[str, dict[str, Any]] | None:
    axes = tuple(axis % len(shape) for axis in operation.axes or ())
    return ("Permute", {"dims": axes[1:]}) if axes and axes[0] == 0 else None


def _pooled_whole(kind: str) -> Callable[[Any, tuple[Any, ...]], tuple[str, dict[str, Any]] | None]:
    def made(operation: Any, shape: tuple[Any, ...]) -> tuple[str, dict[str, Any]] | None:
        given = operation.axis if isinstance(operation.axis, (list, tuple)) else ()
        along = sorted(axis % len(shape) for axis in given)
        whole = (
            len(shape) in (3, 4)
            and along == list(range(1, len(shape) - 1))
            and operation.__dict__.get("initial") is None
        )
        return (f"Global{kind}Pooling{len(shape) - 2}D", {"keepdims": bool(operation.keepdims)}) if whole else None

    return made


def _approximate_gelu(x: Any) -> Any:
    import keras

    return keras.activations.gelu(x, approximate=True)


_OTHERS: dict[str, Callable[[Any, tuple[Any, ...]], tuple[str, dict[str, Any]] | None]] = {
    "ReLU": lambda operation, _shape: ("ReLU", {key: getattr(operation, key) for key in ("max_value", "negative_slope", "threshold")}),
    "LeakyRelu": lambda operation, _shape: ("LeakyReLU", {"negative_slope": operation.negative_slope}),
    "Elu": lambda operation, _shape: ("ELU", {"alpha": operation.alpha}),
    "Gelu": lambda operation, _shape: ("Activation", {"activation": _approximate_gelu if operation.approximate else "gelu"}),
    "Negative": lambda _operation, _shape: _rescaling(-1.0, 0.0),
    "Transpose": _permuted,
    "Mean": _pooled_whole("Average"),
    "Max": _pooled_whole("Max"),
}  # fmt: skip
