"""What kind of network an object is, and how one is built without a trace of it."""

from __future__ import annotations

import contextlib
import inspect
import operator
import random
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.kernel.describing.plain import OWN_MODULES, unheard
from autograder.kernel.describing.weights import is_adapted


class _Empty:
    """Has what the Python that runs puts into every class: `__static_attributes__` and `__firstlineno__` from 3.13 on."""


# What a class may bring and still train and answer as the network of Keras's that it was derived from.
_HARMLESS = {*vars(_Empty), "__init__", "__qualname__", "__annotations__", "__annotate__", "__abstractmethods__",
             "__repr__", "__str__", "get_config", "from_config"}  # fmt: skip
# What a notebook calls itself, before, between and after epochs: it runs there, whatever became of it.
CALLED = {
    "__init__", "__repr__", "__str__", "fit", "evaluate", "predict", "predict_on_batch", "train_on_batch", "test_on_batch", "compile",
    "summary", "save", "save_weights", "load_weights", "export", "to_json", "get_config", "from_config", "get_compile_config",
    "compile_from_config", "count_params", "get_weights", "set_weights", "get_layer", "add", "pop", "adapt",
}  # fmt: skip
_SET_BY_KERAS = {"build", "quantize"}  # on every layer; and on a network that is compiled:
_SET_BY_COMPILE = {"loss"}
FOLLOWED = {"build", "call", "compute_output_shape"}  # how its layers are made and called can be seen


def brings(model: Any) -> set[str]:
    """What of Keras's the student's own class has in its own way: nothing, for one of Keras's or one that only makes its layers."""
    kinds = type(model).__mro__
    given = [kind for kind in kinds if kind.__module__.startswith(("keras.", "tensorflow.")) or kind is object]
    own = {name for kind in kinds if kind not in given for name in vars(kind)}
    return {name for name in own - _HARMLESS if any(name in vars(kind) for kind in given)}


def of_keras(layer: Any) -> Any:
    """The class of a layer; Keras's own that it is derived from, where that does all that it does."""
    kind = type(layer)
    if kind.__module__.startswith(OWN_MODULES) or brings(layer):
        return kind
    return next(base for base in kind.__mro__ if base.__module__.startswith(OWN_MODULES))


def is_followed(layer: Any) -> bool:
    """Whether what a layer does can be seen by following its `call`, and nobody is told of it: one of a function or a class of the notebook's."""
    kind = of_keras(layer)
    if kind.__module__.startswith(OWN_MODULES):
        return str(kind.__name__) == "Lambda" and str(kind.__module__).startswith("keras.src.layers.")
    return not is_network(layer) and brings(layer) <= FOLLOWED and not set_on(layer)


def trains_otherwise(layer: Any) -> bool:
    """Whether a layer of Keras's does something else in training."""
    kind = of_keras(layer).__name__
    dropped = getattr(layer, "dropout", 0) or getattr(layer, "recurrent_dropout", 0)  # within sequences
    return (
        "Dropout" in kind
        or "Noise" in kind
        or kind.startswith("Random")
        or kind == "BatchNormalization"
        or bool(dropped)
    )


def set_on(thing: Any) -> set[str]:
    """The methods that a notebook set on a thing of Keras's, in place of those of its class."""
    kind = type(thing)
    methods = {name for name in vars(thing) if inspect.isroutine(getattr(kind, name, None))}
    return methods - CALLED - _SET_BY_KERAS - (_SET_BY_COMPILE if is_network(thing) else set())


def is_own(model: Any) -> bool:
    """Whether the network is of a class that the student wrote, and that is no network of Keras's by another name."""
    import keras
    from keras.src.models.functional import Functional

    return bool(brings(model)) or not (isinstance(model, (keras.Sequential, Functional)))


def runs_code(model: Any) -> bool:
    """Whether Keras calls code of the notebook's where it traces a network that the judge trains: of its class, of a Lambda or an activation."""
    if is_own(model):
        return True
    layers = list(model._flatten_layers(include_self=False))
    activations = [one.activation for one in layers if getattr(one, "activation", None) is not None]
    own = any(not f"{one.__module__}.".startswith(OWN_MODULES) for one in activations) or any(map(is_followed, layers))
    # Others are left to Keras; so is what makes the weights of a layer of the notebook's, which may look by whom it is called.
    return own and all(
        (is_followed(one) and one.built) or of_keras(one).__module__.startswith(OWN_MODULES) for one in layers
    )


def input_shape(model: Any) -> tuple[int | None, ...] | None:
    """The shape of a batch, None for the number of samples; None while it isn't known."""
    with contextlib.suppress(AttributeError, ValueError, TypeError):
        return axes(model.input_shape)
    with contextlib.suppress(Exception):  # a class of the student's own, built by its first call
        shape = axes(tuple(model.get_build_config()["input_shape"]))
        return (None, *shape[1:]) if shape else None
    return None


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
        for layer, again in zip(*(filter(is_adapted, one._flatten_layers()) for one in (model, copy)), strict=True):
            if layer.built:
                again.adapt_mean.assign(layer.adapt_mean)
                again.adapt_variance.assign(layer.adapt_variance)
                again.finalize_state()
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
        _put_back(kept)
        raise


_CONTAINERS = (list, dict, set)
MAX_FUNCTIONS = 50  # that one names, and those that these name


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
def leaving_nothing(thing: Any) -> Iterator[None]:
    """What a class of the notebook's does in between to its network or layer, to itself, and to what its functions name or close over, or
    a function does to these, is undone."""
    kinds = [kind for kind in type(thing).__mro__ if not f"{kind.__module__}.".startswith((*OWN_MODULES, "builtins."))]
    held = getattr(thing, "__dict__", {})
    arguments = held.get("arguments")  # of a Lambda
    given = [thing, held.get("function"), *(arguments.values() if isinstance(arguments, dict) else ())]
    given += [one for kind in kinds for one in vars(kind).values()]
    called = [one if isinstance(one, FunctionType) else vars(type(one)).get("__call__") for one in given]
    functions = _with_called([one for one in called if isinstance(one, FunctionType) and _is_the_notebooks(one)])
    names = [(one.__globals__, name) for one in functions for name in _names(one.__code__)]
    cells = [(cell, cell.cell_contents) for one in functions for cell in _filled(one)]
    before = [(space, name, space.get(name, names)) for space, name in names]
    own = [(kind, dict(vars(kind))) for kind in kinds]
    named = [
        *given,
        *(one for *_place, one in before),
        *(one for _cell, one in cells),
        *(one for function in functions for one in function.__defaults__ or ()),
    ]
    things = [thing for thing in named if isinstance(thing, _CONTAINERS)]
    others = (one for one in named if not isinstance(one, (type, ModuleType, FunctionType)))
    things += [vars(one) for one in others if isinstance(getattr(one, "__dict__", None), dict)]
    seen, numbers, drawn = set[int](), np.random.get_state(), random.getstate()
    kept = [held for one in [thing, *things] for held in _contents(one, seen)]
    try:
        yield
    finally:
        np.random.set_state(numbers)
        random.setstate(drawn)
        for cell, content in cells:
            cell.cell_contents = content
        for space, name, value in before:
            if value is names:
                space.pop(name, None)
            elif space.get(name) is not value:
                space[name] = value
        for kind, attributes in own:
            for name in {*vars(kind), *attributes}:
                if name not in attributes:
                    delattr(kind, name)
                elif vars(kind).get(name) is not attributes[name]:
                    setattr(kind, name, attributes[name])
        _put_back([(container, content) for container, content in kept if not _is_as(container, content)])


def _with_called(functions: list[FunctionType]) -> list[FunctionType]:
    """And those of the notebook's that they name."""
    found = {id(one): one for one in functions}
    for function in functions:
        held = [function.__globals__.get(name) for name in _names(function.__code__)]
        held += [cell.cell_contents for cell in _filled(function)]
        for one in held:
            known = id(one) in found or len(found) >= MAX_FUNCTIONS
            if isinstance(one, FunctionType) and not known and _is_the_notebooks(one):
                found[id(one)] = one
                functions.append(one)
    return functions


def _filled(function: FunctionType) -> list[CellType]:
    """The cells that a function closes over and that hold something."""
    return [cell for cell in function.__closure__ or () if "empty" not in repr(cell).split(": ")[-1]]


def _is_the_notebooks(function: FunctionType) -> bool:
    return not f"{function.__module__}.".startswith(OWN_MODULES)


def _names(code: CodeType) -> set[str]:
    """What a function and those within it may name of their module."""
    return {*code.co_names}.union(*(_names(one) for one in code.co_consts if isinstance(one, CodeType)))


def _is_as(container: Any, content: Any) -> bool:
    items = (container.items(), content.items()) if isinstance(container, dict) else (container, content)
    flat = [[part for item in one for part in (item if isinstance(container, dict) else (item,))] for one in items]
    return len(flat[0]) == len(flat[1]) and all(map(operator.is_, *flat))


def _put_back(kept: list[tuple[Any, Any]]) -> None:
    for container, content in kept:
        kind: Any = next(kind for kind in _CONTAINERS if isinstance(container, kind))
        kind.clear(container)  # Keras's own lists notice what they are told by their own methods
        (kind.extend if kind is list else kind.update)(container, content)


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


def layers_of(model: Any) -> list[Any]:
    """Its layers without the one that begins it. A Sequential leaves that out itself: one further down stands in the way."""
    import keras

    whole = isinstance(model, keras.Sequential)
    return [layer for layer in model.layers if whole or type(layer).__name__ != "InputLayer"]


def is_network(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.Model)
