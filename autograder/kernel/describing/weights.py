"""A network's weights in a kernel: which they are, and whether somebody has set them."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from autograder.common.errors import ProtocolError
from autograder.common.i18n import _
from autograder.common.wire.arrays import DTYPES
from autograder.common.wire.description import digest
from autograder.kernel.in_place import Steps, called_by_c
from autograder.kernel.object_notes import Notes

_initial: Notes[str] = Notes()  # the digest of a variable's first value, '' where nobody can tell it
_drawn: set[str] = set()  # digests of all first values: weights that were copied from a fresh network are fresh ones


def weights_of(model: Any) -> list[Any]:
    """``model.weights`` without the seeds of dropout, which are no weights, and without what a Normalization was adapted to, which no training changes."""
    fixed = {id(weight) for layer in model._flatten_layers() if is_adapted(layer) for weight in layer.weights}
    return [weight for weight in model.weights if "seed_generator" not in weight.path and id(weight) not in fixed]


def is_adapted(layer: Any) -> bool:
    """Whether it is a layer of Keras's that took its numbers from data, or will."""
    kind = type(layer)
    return (
        kind.__name__ == "Normalization"
        and kind.__module__.startswith("keras.src.layers.")
        and layer.input_mean is None
    )


def array_of(variable: Any) -> Any:
    """The value of a Keras variable, read once. ``np.asarray(variable.value)`` is the same through six layers of TensorFlow."""
    value = variable.value
    return np.asarray(value.value() if hasattr(value, "handle") else value)  # within an autocast it is a tensor


def array_for(variable: Any, dtype: Any, frame: bytes) -> np.ndarray[Any, Any]:
    """What the judge gave for a variable. Raises ProtocolError for what doesn't fit `variable`."""
    shape = tuple(variable.shape)
    if dtype not in DTYPES or len(frame) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ProtocolError(_("the judge's answer does not fit the network"))
    return np.frombuffer(frame, dtype).reshape(shape)


def arrays_of(variables: list[Any]) -> list[Any]:
    return [array_of(variable) for variable in variables]


def digest_of(model: Any) -> str:
    """Of all weights of a network: how the judge and a kernel speak of them."""
    return digest(arrays_of(weights_of(model)))


def count_draws(model: Any, steps: int) -> None:
    """Moves the seeds of a network on as so many steps of a training do, of which each draws once in a layer that draws."""
    for layer in model._flatten_layers(include_self=False):
        settings = vars(layer)
        generator = settings.get("seed_generator")
        if generator is not None and (settings.get("rate") or settings.get("stddev")):
            generator.state.assign_add(np.array([0, steps], generator.state.dtype))


def remember_initial_values() -> None:
    """From now on every Keras variable knows the digest of its first value, so that weights set by hand are noticed."""
    owner = _owner()
    original = owner._initialize
    if isinstance(original, property):
        return

    def initialised(variable: Any, value: Any) -> Steps:
        yield partial(original, variable, value)  # it may call an initializer of the notebook's
        try:
            first = digest([array_of(variable)])
        except Exception:  # inside a graph there is no value yet
            first = _will_be(value)
        _initial.set(variable, first)
        if first:
            _drawn.add(first)

    owner._initialize = property(lambda variable: called_by_c(partial(initialised, variable)))


def _will_be(value: Any) -> str:
    """The digest of what a variable begins with that is made in a graph, where `value` is called later; '' where that can't be told.

    Keras's own initializers draw the same each time; of the notebook's none is called again, nor is a generator of seeds.
    """
    import keras
    import tensorflow as tf

    try:
        (drawing,) = (cell.cell_contents for cell in value.__closure__ if callable(cell.cell_contents))
        own = type(drawing).__module__.startswith("keras.src.initializers.")
        if not own or isinstance(getattr(drawing, "seed", None), keras.random.SeedGenerator):
            return ""
        with tf.init_scope():
            return digest([np.asarray(value())])
    except Exception:
        return ""


def _owner() -> Any:
    """The class of variables that gives them their first value."""
    import keras

    return next(kind for kind in keras.Variable.__mro__ if "_initialize" in vars(kind))


def has_value(variable: Any) -> bool:
    """One that was made in a graph which failed has none, and what is trained with it fails beside Keras."""
    return bool(array_of(variable).shape == tuple(variable.shape))


def is_initial(variable: Any) -> bool:
    """Whether a variable's value is one that an initialiser made, for it or for another.

    A copy that Keras didn't make isn't initial, nor is one without a value. At home, where nothing is remembered, every other is.
    """
    if not has_value(variable):
        return False
    first = _initial.get(variable)
    if first is None:
        return not isinstance(_owner()._initialize, property)
    now = digest([array_of(variable)])
    return now == first or now in _drawn


def is_fresh(model: Any) -> bool:
    """Whether all weights are as they were drawn."""
    return all(is_initial(weight) for weight in weights_of(model))
