"""A network's weights in a kernel: which they are, and whether somebody has set them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.common.wire.description import digest


def weights_of(model: Any) -> list[Any]:
    """``model.weights`` without the seeds of dropout, which are no weights."""
    return [weight for weight in model.weights if "seed_generator" not in weight.path]


def array_of(variable: Any) -> Any:
    """The value of a Keras variable, read once. ``np.asarray(variable.value)`` is the same through six layers of TensorFlow."""
    value = variable.value
    return np.asarray(value.value() if hasattr(value, "handle") else value)  # within an autocast it is a tensor


def arrays_of(variables: list[Any]) -> list[Any]:
    return [array_of(variable) for variable in variables]


def digest_of(model: Any) -> str:
    """Of all weights of a network: how the judge and a kernel speak of them."""
    return digest(arrays_of(weights_of(model)))


def remember_initial_values() -> None:
    """From now on every Keras variable knows the digest of its first value, so that weights set by hand are noticed."""
    import keras

    original = keras.Variable.__init__
    if getattr(original, "_autograder", None):
        return

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        try:
            object.__setattr__(self, "_autograder_initial", digest([array_of(self)]))
        except Exception:  # inside a graph there is no value yet
            object.__setattr__(self, "_autograder_initial", None)

    initialise._autograder = True  # type: ignore[attr-defined]
    keras.Variable.__init__ = initialise


def is_initial(variable: Any) -> bool:
    first = getattr(variable, "_autograder_initial", None)
    return first is None or first == digest([array_of(variable)])


def is_fresh(model: Any) -> bool:
    """Whether all weights are as they were drawn."""
    return all(is_initial(weight) for weight in weights_of(model))
