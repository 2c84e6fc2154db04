"""``predict`` in a notebook that is being graded: Keras's answer, in large batches and without the graph it makes first."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograder.kernel.describing.plain import is_one_of
from autograder.kernel.graded import keras_itself
from autograder.kernel.graded.traced import (
    Form,
    as_traced,
    form_of_arrays,
    is_kerass,
    is_refused_by_name,
    traced_before,
)
from autograder.kernel.in_place import Steps

LARGE = 4096  # samples in a batch: 13 MB of float32 images
MAX_VALUES = 32_000_000  # outputs of all layers for one batch: 128 MB of float32, which small convolutions stay within
# Arguments that change nothing when they have these values; with any other one Keras's own predict answers.
_PLAIN: dict[str, tuple[Any, ...]] = {"steps": (None,), "callbacks": (None, [])}


def predict(original: Callable[..., Any], model: Any, *args: Any, **kwargs: Any) -> Steps:
    """``predict`` in batches of at least `LARGE` samples: what it costs is mostly the number of batches, and the graph."""
    import keras

    try:
        call = dict(inspect.signature(original).bind(model, *args, **kwargs).arguments)
    except TypeError:  # Keras says it in its own words
        return (yield partial(original, model, *args, **kwargs))
    x, batch_size, verbose = call["x"], call.get("batch_size"), call.get("verbose", "auto")
    plain = all(is_one_of(call.get(name), allowed) for name, allowed in _PLAIN.items())
    # Code of the notebook's sees the shapes of its batches.
    plain = plain and all(type(one).__module__.startswith("keras.") for one in model._flatten_layers())
    plain = plain and not keras_itself.changed()
    plain = plain and (model.predict_function is None or is_kerass(model.predict_function))
    plain = plain and not is_refused_by_name(model)
    numbers = isinstance(x, np.ndarray) and x.dtype.kind in "biuf"  # of texts only Keras says what is wrong
    size = 32 if batch_size is None else batch_size  # as Keras has it
    # What isn't built takes its shape, and so the size of a batch, from the first batch.
    if not plain or not numbers or type(size) is not int or size < 1 or not len(x) or not model.built:
        return (yield partial(original, model, *args, **kwargs))
    form = form_of_arrays(x, len(x), size)
    answers = _forward(model, x, max(size, min(LARGE, MAX_VALUES // _values(model))), form)
    if answers is None:
        if model.predict_function is not None:
            yield from traced_before(model.predict_function, form, list)
        return (yield partial(original, model, *args, **kwargs))
    if verbose:
        steps = math.ceil(len(x) / size)
        keras.utils.Progbar(steps, verbose=1 if verbose == "auto" else verbose).update(steps, finalize=True)
    return answers


def _values(model: Any) -> int:
    """Outputs of all layers for one sample, which a network holds on to until its answer is there."""
    try:
        return max(1, int(sum(math.prod(layer.output.shape[1:]) for layer in model.layers)))
    except Exception:  # layers whose output has no shape yet, or several
        return MAX_VALUES


def _forward(model: Any, x: np.ndarray[Any, Any], size: int, form: Form) -> np.ndarray[Any, Any] | None:
    """The outputs of a network of Keras's own layers, without the graph that ``predict`` makes first (0.2 s).

    None where ``predict`` has to do it, or to say what is wrong.
    """
    import keras

    if type(model).__name__ not in ("Sequential", "Functional"):
        return None
    made = model.predict_function
    try:
        # As predict does it, but before TensorFlow copies what it is given.
        kind = keras.config.floatx() if x.dtype.kind == "f" else x.dtype
        batches = (x[start : start + size].astype(kind) for start in range(0, len(x), size))
        model.make_predict_function()  # as predict leaves it; making it traces nothing
        with as_traced(model, model.predict_function, form):
            parts = [model(_in_its_structure(model, batch), training=False) for batch in batches]
    except Exception:
        model.predict_function = made
        return None
    if not all(keras.ops.is_tensor(part) for part in parts):
        return None
    model.stop_predicting = False  # as predict leaves it
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _in_its_structure(model: Any, batch: Any) -> Any:
    """A functional network made with a list of one input warns where it is called with an array, and not where it predicts for one."""
    import keras

    structure = getattr(model, "_inputs_struct", None)
    return batch if structure is None else keras.tree.pack_sequence_as(structure, [batch])
