"""Looks again at a call that `watch` noted: Keras's own loops do on the network as it was what the call said, batch by batch and without a graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from tests.transparency.watch import KERAS, Call, Epoch, State

# What Keras has traced is no longer what such a network is.
CHANGED = re.compile(r"\.(activation|rate|clipvalue|\w+_regularizer)\s*=[^=]|trainable|quantize|lora")
DATASETS = (keras.utils.PyDataset, type(iter("")), type(_ for _ in ()))


class Unknown(Exception):
    """Nothing can be said about this call: it leaves nothing to look at, or what it had is gone."""


def tolerance(call: Call) -> float:
    types = {layer.compute_dtype for layer in call.model.layers}
    return 2e-3 if types <= {"float32", "float64"} else 5e-2


def differing(said: dict[str, Any], found: dict[str, Any], how: float = 2e-3) -> Iterator[str]:
    for key in said:
        if key not in found:
            yield f"{key} is not there"
        elif not np.allclose(np.float64(said[key]), np.float64(found[key]), how, how / 10, equal_nan=True):
            yield f"{key} is {np.round(found[key], 5)}, said is {np.round(said[key], 5)}"


def compiled(call: Call, state: State, code: str, *, eagerly: bool = True) -> Any:
    """The network of a call as it was; `eagerly`: to be run batch by batch. Raises Unknown."""
    model = call.model
    if model is None or len(model.weights) != len(state.weights) or not state.weights or CHANGED.search(code):
        raise Unknown
    settings = dict(call.settings)
    optimizer = settings.pop("type").from_config(settings) if settings else "sgd"
    how = {"run_eagerly": True, "jit_compile": False, "steps_per_execution": 1} if eagerly else {}
    model.compile(**{**call.compiled, "optimizer": optimizer, **how})
    for weight, value in zip(model.weights, state.weights, strict=True):
        if weight.shape != value.shape:
            raise Unknown
        weight.assign(value)
    if state.optimizer and settings:
        optimizer.build(model.trainable_variables)
        for variable, value in zip(
            optimizer.variables, state.optimizer, strict=False
        ):  # one that wasn't built has the first
            if variable.shape != value.shape:  # a failed call left it without a value
                raise Unknown
            variable.assign(value)
    for metric in metrics_of(call):  # Keras resets those of a network that it has built
        metric.reset_state()
    return model


def metrics_of(call: Call) -> list[Any]:
    """Those that were given as objects."""
    given = keras.tree.flatten([call.compiled.get("metrics"), call.compiled.get("weighted_metrics")])
    return [metric for metric in given if isinstance(metric, keras.Metric)]


def measured(call: Call, state: State, code: str, data: tuple[Any, Any, Any], **how: Any) -> dict[str, Any]:
    x, y, weights = data
    own_metrics = any(
        not type(metric).__module__.startswith("keras.") for metric in metrics_of(call)
    )  # maybe of batches
    if isinstance(x, DATASETS) or x is None or own_metrics or none(data):
        raise Unknown
    model = compiled(call, state, code)
    if not how and hasattr(x, "shape"):
        how = {"batch_size": len(x)}
    return KERAS["evaluate"](model, x, y, sample_weight=weights, verbose=0, return_dict=True, **how)


def none(data: tuple[Any, Any, Any] | None) -> bool:
    """Whether there are no rows in an array."""
    return data is not None and isinstance(data[0], np.ndarray) and not len(data[0])


def rows_of(call: Call) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any] | None]:
    """What a fit trains on, and what it validates on: images, labels, weights."""
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    given = call.given
    data, validation = (given["x"], given.get("y"), given.get("sample_weight")), None
    if given.get("validation_data") is not None:
        validation = given["validation_data"]
        validation = (
            (*validation, None, None)[:3] if isinstance(validation, (tuple, list)) else (validation, None, None)
        )
    elif given.get("validation_split"):
        data, validation = train_validation_split(data, validation_split=given["validation_split"])
    if given.get("class_weight") is not None:
        if data[1] is None:
            raise Unknown
        data = (*data[:2], class_weight_to_sample_weights(np.asarray(data[1]), given["class_weight"]))
    return data, validation


def own(epoch: Epoch, *, of_validation: bool) -> dict[str, Any]:
    """The numbers of an epoch that are of its training, or of its validation."""
    numbers = {key: value for key, value in epoch.logs.items() if key.startswith("val_") == of_validation}
    return {key.removeprefix("val_"): value for key, value in numbers.items() if key != "learning_rate"}


def of_fit(call: Call) -> list[Epoch]:
    """Raises Unknown."""
    if call.name != "fit" or not call.epochs or any(epoch.ended is None for epoch in call.epochs):
        raise Unknown
    return call.epochs


def is_at_once(call: Call) -> bool:
    """Whether nobody could see the network between the epochs of a fit: it was then already what it is after the last."""
    seen = any(type(one) not in (keras.callbacks.History, keras.callbacks.ProgbarLogger) for one in call.callbacks)
    last = call.epochs[-1].ended
    return not seen and len(call.epochs) > 1 and all(epoch.ended.trained_as(last) for epoch in call.epochs)
