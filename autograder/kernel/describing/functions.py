"""Functions that are given as activations: Keras's by their names, and those of a notebook's own by what they give, however they are written.

What is told is what the judge trains: a function that only seems to be an activation gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograder.common.keras_tables import allowed, keras_names
from autograder.kernel.describing.plain import OWN_MODULES, plain, unheard
from autograder.kernel.describing.structure import leaving_nothing, unnoticed

# Of samples no two of which are alike, on both sides of 0, and where no activation has a corner; by the number of axes.
_NUMBERS = {
    len(shape): np.linspace(-6.97, 7.03, 126, dtype=np.float32).reshape(shape)[..., ::-1]
    for shape in ((9, 14), (3, 6, 7), (3, 3, 2, 7))
}


def activation_name(function: Any) -> str:
    """Keras's name for an activation, also when it was given as TensorFlow's function or as a layer.

    ``custom:`` and its own name for a function that gives what none of Keras's does; what it is made with for a layer that does something else.
    """
    if function is None:
        return "linear"
    kind = type(function)
    if kind.__module__.startswith("keras.src.layers."):  # activation=keras.layers.ReLU()
        config = {key: plain(value) for key, value in function.get_config().items()}
        if kind.__name__ == "Activation":
            return activation_name(function.activation)
        name = keras_names.activation_of(kind.__name__, config)
        own = {key: value for key, value in config.items() if key in keras_names.settings("layers", kind.__name__)}
        return name or allowed.with_settings(kind.__name__, own)
    name = str(getattr(function, "__name__", kind.__name__)).removesuffix("_v2")  # tf.nn.softmax_v2
    name = keras_names.canonical("activations", {"logistic": "sigmoid"}.get(name, name)) or name
    module = str(getattr(function, "__module__", "")) + "."
    if module.startswith(OWN_MODULES):
        return name[:200]
    return same_activation(function, settings=True) or f"custom:{name}"[:200]


@unheard
def same_activation(function: Callable[[Any], Any], axes: int = 2, settings: bool = False) -> str:
    """The name of Keras's activation that gives what `function` gives of samples of so many `axes`, slopes too; '' where none does.

    `settings`: of one with settings, too.
    """
    import keras

    if axes not in _NUMBERS:
        return ""
    try:
        with unnoticed(), leaving_nothing(getattr(function, "__self__", function)):
            given = _given(function, axes)
            if given is None or not all(map(np.array_equal, given, _given(function, axes) or ())):
                return ""
            names = sorted(keras_names.known("activations"), key=lambda name: name not in allowed.ACTIVATIONS)
            found = next((name for name in names if _gives(keras.activations.get(name), axes, given)), "")
            return found or (_with_settings(axes, given) if settings else "")
    except Exception:  # whatever such a function raises
        return ""


def _given(function: Callable[[Any], Any], axes: int) -> list[np.ndarray[Any, Any]] | None:
    """What a function gives, and how that changes with what it is given; None for no tensor of the same form."""
    import tensorflow as tf

    numbers = tf.constant(_NUMBERS[axes])
    with tf.GradientTape() as tape:
        tape.watch(numbers)
        answer = function(numbers)
        if not tf.is_tensor(answer) or answer.dtype != numbers.dtype or answer.shape != numbers.shape:
            return None
        weighed = tf.reduce_sum(answer * _NUMBERS[axes][::-1])
    slopes = tape.gradient(weighed, numbers)
    return None if slopes is None else [answer.numpy(), slopes.numpy()]


def _with_settings(axes: int, given: list[np.ndarray[Any, Any]]) -> str:
    """One of Keras's with settings, which its answer to the smallest number tells; '' where it is none."""
    import keras

    lowest = _NUMBERS[axes].argmin()
    first, answer = float(_NUMBERS[axes].flat[lowest]), float(given[0].flat[lowest])
    slope, alpha = round(answer / first, 5), round(answer / (np.exp(first) - 1), 5)
    for kind, settings in (("LeakyReLU", {"negative_slope": slope}), ("ELU", {"alpha": alpha})):
        if 0 < next(iter(settings.values())) < 100 and _gives(getattr(keras.layers, kind)(**settings), axes, given):
            return allowed.with_settings(kind, settings)
    approximate = {"approximate": True}
    is_gelu = _gives(partial(keras.activations.gelu, **approximate), axes, given)
    return allowed.with_settings("gelu", approximate) if is_gelu else ""


def _gives(function: Callable[[Any], Any], axes: int, given: list[np.ndarray[Any, Any]]) -> bool:
    try:
        own = _given(function, axes)
    except Exception:  # one that needs more than numbers
        return False
    return own is not None and all(
        np.allclose(one, other, rtol=1e-4, atol=1e-5) for one, other in zip(own, given, strict=True)
    )
