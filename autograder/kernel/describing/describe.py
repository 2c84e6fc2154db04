"""From a live object to its description: the only code that looks into a student's networks. Runs in the kernel.

It never judges. What it can't describe faithfully it names (`custom`, `OtherDescription`) instead of guessing.
"""

from __future__ import annotations

import inspect
import math
from array import array
from collections import deque
from collections.abc import Callable, KeysView, Mapping, ValuesView
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from autograder.common.errors import GraderFault
from autograder.common.i18n import _
from autograder.common.keras_tables import allowed, keras_names
from autograder.common.wire.arrays import DTYPES, MAX_DIMENSIONS
from autograder.common.wire.description import (
    SMALL_ARRAY,
    ArrayDescription,
    FailureDescription,
    FunctionDescription,
    LayerDescription,
    ListDescription,
    MappingDescription,
    ModelDescription,
    OtherDescription,
    ScalarDescription,
    entry,
)
from autograder.kernel.describing.describe_compile import describe_compile
from autograder.kernel.describing.functions import activation_name
from autograder.kernel.describing.plain import (
    component_of_config,
    is_one_of,
    loaded_keras,
    number,
    of_pandas,
    plain,
    text,
    unheard,
)
from autograder.kernel.describing.structure import (
    axes,
    build_by_a_call,
    input_shape,
    is_network,
    is_own,
    layers_of,
    of_keras,
    set_on,
    unnoticed,
)
from autograder.kernel.describing.weights import arrays_of, is_adapted, weights_of
from autograder.kernel.describing.wiring import is_chain, name_of, steps
from autograder.kernel.in_place import is_fault_of_a_call

MAX_DEPTH, MAX_ITEMS = 6, 1000
_SEQUENCES = (list, tuple, range, deque, array, KeysView, ValuesView)  # a namedtuple too


Told = Callable[[Any, ModelDescription, str], ModelDescription]  # by whoever knows more of a network than it shows


def describe(
    value: Any, *, names: Mapping[int, str] | None = None, told: Told | None = None, place: str = "", depth: int = 0
) -> Any:
    """The description of any object. `names` maps ``id(object)`` to the name it was handed in under.

    `told` adds to the description of each network, wherever in `value` it stands, what is known about it; `place` is how it is
    written: ``models['adam']``.
    """
    keras = loaded_keras()
    inner = partial(describe, names=names, told=told, depth=depth + 1)
    if (scalar := _scalar(value)) is not None:
        return scalar
    if isinstance(value, BaseException):
        return FailureDescription(error=text(type(value).__name__), message=text(value, 4000))
    if keras and isinstance(value, keras.Model):
        described = describe_model(value, names or {})
        return told(value, described, place) if told else described
    if keras and isinstance(value, keras.layers.Layer):
        return describe_layer(value, names or {})
    if type(value).__name__ == "TensorShape" and type(value).__module__.startswith("tensorflow."):
        value = tuple(value.as_list()) if value.rank is not None else value  # what `weight.shape` is
    if of_pandas(value) and _is_named(value):
        value = value.to_dict()
    if of_pandas(value) or (keras and (keras.ops.is_tensor(value) or isinstance(value, keras.Variable))):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "OUS" and value.size <= MAX_ITEMS:
        value = value.tolist()  # names, or a ragged list such as [(784, 100), (100,)]
        if not isinstance(value, list) and depth < MAX_DEPTH:
            return inner(value, place=place)
    if isinstance(value, _SEQUENCES) and _many(value) and (numbers := _numbers(value)) is not None:
        value = numbers  # a class for each image, say, or an array's tolist()
    if depth < MAX_DEPTH and isinstance(value, _SEQUENCES) and len(value) <= MAX_ITEMS:
        return ListDescription(items=tuple(inner(item, place=f"{place}[{at}]") for at, item in enumerate(value)))
    if depth < MAX_DEPTH and isinstance(value, Mapping) and len(value) <= 200:
        items = {text(key): inner(item, place=entry(place, text(key))) for key, item in value.items()}
        return MappingDescription(items=items)
    if isinstance(value, np.ndarray):
        return describe_array(value)
    if callable(value) and not isinstance(value, type):
        return FunctionDescription(name=text(getattr(value, "__name__", "")))
    return OtherDescription(type=type(value).__name__[:200])


def _is_named(value: Any) -> bool:
    """Whether a Series has a name for each of its numbers: it is read as a dictionary is."""
    index: Any = value.index if type(value).__name__ == "Series" else ()
    return 0 < len(index) <= 200 and index.is_unique and all(isinstance(name, str) for name in index)


def _scalar(value: Any) -> ScalarDescription | OtherDescription | None:
    """A single number, text or truth value in whatever type; None for anything else."""
    if value is None or isinstance(value, (bool, np.bool_)):
        return ScalarDescription(value=None if value is None else bool(value))
    if isinstance(value, (int, np.integer)):
        whole = int(value)
        return ScalarDescription(value=whole) if abs(whole) < 2**63 else OtherDescription(type="a very large integer")
    if isinstance(value, (float, np.floating, Fraction, Decimal)):
        try:
            return ScalarDescription(value=number(value))
        except (OverflowError, ValueError):
            return OtherDescription(type="a very large number")
    if isinstance(value, (str, bytes)):  # numpy's str_ too: an element of an array of names; a tensor's text is bytes
        said = value if isinstance(value, str) else value.decode("utf-8", "replace")
        return ScalarDescription(value=text(said, 4000))
    return None


def _many(values: Any) -> bool:
    """Whether it holds more than is described one by one, by itself or in rows as long as the first."""
    first = values[0] if isinstance(values, (list, tuple)) and values else None
    return len(values) * max(1, len(first) if isinstance(first, (list, tuple)) else 1) > MAX_ITEMS


def _numbers(values: Any) -> np.ndarray[Any, Any] | None:
    """A long list of numbers, or of rows of the same length, as an array; None for a list of anything else."""
    if not all(isinstance(value, (int, float, np.integer, np.floating, list, tuple, np.ndarray)) for value in values):
        return None
    try:
        made = np.array(list(values))
    except (ValueError, OverflowError):  # rows of several lengths
        return None
    return made if made.dtype.kind in "biuf" else None


def describe_array(array: np.ndarray[Any, Any]) -> ArrayDescription | ScalarDescription:
    from autograder.kernel.describing.recognised_samples import shared

    if array.dtype.newbyteorder("<").str not in DTYPES or array.ndim > MAX_DIMENSIONS:
        return OtherDescription(type=text(f"array of {array.dtype}"))  # type: ignore[return-value]
    if array.ndim == 0:
        return ScalarDescription(value=number(array[()]) if array.dtype.kind == "f" else array.item())
    facts: dict[str, Any] = {"dtype": array.dtype.name, "shape": array.shape}
    may_be = shared.images and array.ndim in (2, 3, 4) and array.size > shared.data.values
    recognised = shared.rows(array) if may_be else None
    if array.size:
        known = recognised.range() if recognised else None
        low, high = known or (float(array.min()), float(array.max()))
        facts["finite"] = math.isfinite(low) and math.isfinite(high)
        if facts["finite"]:
            facts |= {"minimum": low, "maximum": high}
    if recognised is not None:
        facts |= {"rows": recognised.rows, "lookup": recognised.lookup}
    elif array.nbytes <= SMALL_ARRAY:
        facts["data"] = array
    elif (
        array.size <= SMALL_ARRAY
        and facts["finite"]
        and low >= 0
        and high <= 1
        and np.array_equal(bits := array.astype(np.uint8), array)
    ):
        facts["data"] = bits  # one-hot vectors of many rows
    return ArrayDescription(**facts)


@unheard
def describe_model(model: Any, names: Mapping[int, str], *, weights: bool = True) -> ModelDescription:
    """`weights`: with their values; a request to train says by their digest which they are."""
    beyond: list[str] = []
    found = steps(model, beyond) if model.built else None
    whole = input_shape(model) if model.built else None
    if found is not None and is_own(model) and whole and not all(layer.built for layer in model._flatten_layers()):
        with unnoticed():  # build() of a class of the student's own makes no weights, and its first batch would
            build_by_a_call(model, ("float32", whole))
        found = steps(model, beyond := [])  # those of a network within it, too, which wasn't built before
    layers = layers_of(model) if found is None else [step.layer for step in found]
    topology: Any = "unbuilt" if not model.built else "chain" if found is not None and is_chain(found) else "graph"
    if topology == "graph" and not all(layer.built for layer in layers):
        topology = "unbuilt"  # build() of a class of the student's own says that it is built, and makes no weights
    described = tuple(describe_layer(layer, names, weights=weights) for layer in layers)
    if found is not None:
        named = {id(layer) for layer in model._flatten_layers()}
        described = tuple(
            one.model_copy(update={
                "output_shape": _of_any_batch(step.shape or one.output_shape, whole), "inputs": step.takes if topology == "graph" else (),
                "name": name_of(step, named), "same_as": one.same_as or names.get(id(step.known_as), ""),
            }) for one, step in zip(described, found, strict=True)
        )  # fmt: skip
    own = ""
    if is_own(model) and found is None:
        own = _("{kind} is a class of its own: how its layers are called can't be told", kind=type(model).__name__)
        if model.built and sum(len(layer.weights) for layer in layers) != len(model.weights):
            own = _("{kind} is a class of its own, with weights outside its layers", kind=type(model).__name__)
    return ModelDescription(
        name=text(model.name),
        topology=topology,
        input_shape=whole,
        layers=described,
        compiled=describe_compile(model),
        custom=own[:4000],
        beyond=_("none of Keras's layers does {operation} as it is done here", operation=beyond[0]) if beyond else "",
    )


def _of_any_batch(shape: Any, whole: Any) -> Any:
    """The shape that a layer gives. A network within a network of samples in any number may have been called with a few, and knows these."""
    return (None, *shape[1:]) if shape and whole and whole[0] is None else shape


@unheard
def describe_layer(layer: Any, names: Mapping[int, str], *, weights: bool = True) -> LayerDescription:
    kind = of_keras(layer)
    own = not kind.__module__.startswith("keras.src.layers.")
    custom = _("{kind} is not one of Keras's layers", kind=kind.__name__) if own else ""
    if is_network(layer):
        custom = _("how the layers of a network within a network are called can't be told")
    config: dict[str, Any] = {}
    if not custom:
        if kind.__name__ not in allowed.LAYERS:
            custom = _("the grader does not know the layer {kind}", kind=kind.__name__)
        settings = _config(layer)
        if settings is None:
            custom, own = custom or _("the settings of the layer {kind} can't be told", kind=kind.__name__), True
        config = settings or {}
        if layer.dtype_policy.name != "float32":
            config["dtype"] = text(layer.dtype_policy.name)
    try:
        shape = axes(layer.output.shape)
    except (AttributeError, ValueError):
        shape = None
    held = weights_of(layer)
    learning = {id(weight) for weight in layer.trainable_weights}
    return LayerDescription(
        type=kind.__name__[:200],
        name=text(layer.name),
        config=config,
        output_shape=shape,
        weights=tuple(arrays_of(held)) if weights else (),
        trainable=bool(layer.trainable),
        # Some weights are never trained: the moving statistics of BatchNormalization.
        learning=tuple(id(weight) in learning for weight in held),
        adapts=is_adapted(layer),
        same_as=names.get(id(layer), ""),
        custom=custom[:4000],
        keras=not own,
    )


def _written_down(layer: Any, kind: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    """``get_config()`` but for activations: Keras can't write every function down, such as a partial one."""
    import keras

    own = {field: vars(layer)[field] for field, sort in fields.items() if sort == "activation" and field in vars(layer)}
    vars(layer).update(dict.fromkeys(own, keras.activations.linear))
    try:
        return dict(kind.get_config(layer))
    finally:
        vars(layer).update(own)


def _config(layer: Any) -> dict[str, Any] | None:
    """A Keras layer's settings: those of the allow-list, or all that it can be made with where it isn't on it. None where they can't be told."""
    made = of_keras(layer)
    kind = made.__name__
    fields = allowed.LAYERS.get(kind)
    try:
        raw = _written_down(layer, made, fields or {})
    except Exception:  # one that was made in an unusual way, such as a Lambda
        return None
    if fields is not None:
        known = {field: _setting(field, sort, raw.get(field), layer) for field, sort in fields.items()}
        return known | _unusual(layer, {key: value for key, value in raw.items() if key not in fields}) | _untold(layer)
    return {
        field: _setting(field, field.rpartition("_")[2], raw.get(field), layer)
        for field in list(keras_names.settings("layers", kind))[:40]
        if field in raw
    }


_OF_ANY_LAYER = {"name", "trainable", "dtype", "seed"}


def _unusual(layer: Any, others: dict[str, Any]) -> dict[str, Any]:
    """Of the settings that no allow-list names, those that aren't at their default: the judge doesn't build such a layer."""
    usual = inspect.signature(of_keras(layer).__init__).parameters
    given = {key: value for key, value in others.items() if key not in _OF_ANY_LAYER and value is not None}
    return {
        key[:200]: plain(value)
        for key, value in given.items()
        if not is_one_of(value, (usual[key].default if key in usual else False,))
    }


def _untold(layer: Any) -> dict[str, Any]:
    """What a layer does in another way than its settings tell: by a method that was set on it, or by the scope that it was made in."""
    scope = {"RematScope": "set"} if getattr(layer, "_remat_mode", None) is not None else {}
    return {name[:200]: "set" for name in set_on(layer)} | scope


def _setting(field: str, sort: str, value: Any, layer: Any) -> Any:
    if sort == "activation":
        return activation_name(getattr(layer, field, None))
    if sort == "statistics":  # those of a layer that was adapted are no arguments of its
        numbers = tuple(map(float, np.ravel(getattr(layer, field)))) if layer.built else ()
        return numbers if layer.axis or not numbers else numbers[0]
    if sort in ("initializer", "regularizer"):
        return None if value is None else component_of_config(value)
    if sort == "sides" and isinstance(value, (list, tuple)):
        value = [side for pair in value for side in (pair if isinstance(pair, (list, tuple)) else (pair,))]
    found = plain(value)
    return found[0] if sort == "axis" and isinstance(found, tuple) and len(found) == 1 else found


def call(function: Callable[..., Any], arguments: tuple[Any, ...], told: Told | None = None) -> tuple[Any, bool]:
    """What a student's function gives for copies of `arguments`, as a description, and whether it changed them in place; its
    exception as a failure."""
    copies = tuple(np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments)
    try:
        given = function(*copies)
    except GraderFault:  # of a network, say, that the function calls
        raise
    except Exception as error:
        given = error
    try:
        result = describe(given, told=told)
    except Exception as error:
        if is_fault_of_a_call(error):
            raise
        result = describe(error)
    return result, not all(map(np.array_equal, copies, arguments))
