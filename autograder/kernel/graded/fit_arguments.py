"""The arguments of ``fit`` and ``evaluate``, read as Keras would read them: what they ask the judge for, if anything."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import GeneratorType
from typing import Any

from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.kernel.describing.structure import runs_code, set_on
from autograder.kernel.describing.wiring import trains_as_keras
from autograder.kernel.graded import keras_itself
from autograder.kernel.graded.by_name import fed
from autograder.kernel.graded.epoch_data import EpochData
from autograder.kernel.keras_methods import Trainings

BATCH_SIZE = 32  # Keras's
# What callbacks may overwrite to see single batches: the judge has none to show.
_OF_BATCHES = tuple(
    f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")
)  # fmt: skip
# Keras's own that overwrite them and still act between epochs only, by a setting.
_BY_EPOCH = {"ModelCheckpoint": "save_freq", "BackupAndRestore": "save_freq", "TensorBoard": "update_freq"}


@dataclass(frozen=True)
class Asked:
    """What a call of ``fit`` asks the judge for."""

    train: EpochData
    validation: EpochData | None
    callbacks: list[Any]


def asked_for(trainings: Trainings, model: Any, call: dict[str, Any]) -> Asked:
    """Whether the judge can take on a call of ``fit``, as far as can be told before it: raises CannotTrainHere, with the reason.

    Other exceptions are for what Keras won't take either.
    """
    callbacks = _between_epochs(model, call)
    *given, validated = trainings.split(call)
    size = call["batch_size"]
    train = data_of(trainings, model, given, size, call["steps_per_epoch"], call["class_weight"], not call["shuffle"])
    if validated is None:
        return Asked(train, None, callbacks)
    try:
        validation = data_of(
            trainings, model, validated, call["validation_batch_size"] or size, call["validation_steps"]
        )
    except CannotTrainHere:  # Keras measures on them what the judge has trained
        validation = _unread(trainings, validated)
    return Asked(train, validation, callbacks)


def evaluated(trainings: Trainings, model: Any, call: dict[str, Any]) -> EpochData:
    """What a call of ``evaluate`` measures on. Raises as `asked_for` does."""
    _between_epochs(model, call)
    return data_of(trainings, model, (call["x"], call["y"], call["sample_weight"]), call["batch_size"], call["steps"])


def data_of(
    trainings: Trainings,
    model: Any,
    given: Sequence[Any],
    batch_size: Any,
    steps: Any,
    class_weight: Any = None,
    ordered: bool = False,
) -> EpochData:
    """What an epoch of `model` on the x, y and weights in `given` is made of. Raises CannotTrainHere for arrays that aren't recognised."""
    import keras
    from keras.src.trainers.data_adapters import is_tf_dataset

    x, y, weights = given
    if is_tf_dataset(x) or isinstance(x, (keras.utils.PyDataset, GeneratorType)):
        return _unread(trainings, given, class_weight)
    samples = trainings.recogniser.samples(*fed(model, (x, y, _sample_weights(y, class_weight, weights))))
    rows = len(samples)
    size = operator.index((math.ceil(rows / steps) if steps else BATCH_SIZE) if batch_size is None else batch_size)
    if size < 1:
        raise ValueError("batch_size")
    data = _unread(trainings, given, class_weight, ordered)
    whole = math.ceil(rows / size)
    cut = keras.config.max_steps_per_epoch() or whole
    return replace(data, samples=samples, batch_size=size) if steps in (None, whole) and cut >= whole else data


def _unread(trainings: Trainings, given: Sequence[Any], class_weight: Any = None, ordered: bool = False) -> EpochData:
    """Data of which each epoch is read as Keras reads it."""
    x, y, weights = given
    arguments = {"x": x, "y": y, "sample_weight": weights, "class_weight": class_weight}
    return EpochData(arguments, trainings.recogniser, ordered=ordered)


def _between_epochs(model: Any, call: dict[str, Any]) -> list[Any]:
    """The callbacks of a call. Raises CannotTrainHere unless all that is the notebook's own happens between epochs."""
    _own_loops(model)
    callbacks = callbacks_of(call)
    nothing_within(model, callbacks)
    return callbacks


def nothing_within(model: Any, callbacks: list[Any]) -> None:
    """Raises CannotTrainHere where something of the notebook's would run within the next epoch, as far as that stands beside the network."""
    if seen := _see_batches(callbacks):
        raise CannotTrainHere(_("the callback {name} acts within epochs", name=seen))
    measures = [*(getattr(model, "metrics", None) or ()), *(getattr(model._compile_loss, "_flat_losses", None) or ())]
    parts = [model.optimizer, *measures, getattr(model, "loss", None)]
    own = keras_itself.changed() or next(
        (name for part in parts if hasattr(part, "__dict__") for name in set_on(part)), ""
    )
    if own:
        raise CannotTrainHere(_("the notebook changed {name}, which Keras trains by", name=own[:200]))


def _own_loops(model: Any) -> None:
    """Raises CannotTrainHere unless `model` is trained by Keras's own steps."""
    import tensorflow as tf

    if not getattr(model, "compiled", False):
        raise CannotTrainHere(_("compile() has not run to its end on this network"))
    if operator.index(model.steps_per_execution) < 1:
        raise ValueError("steps_per_execution")
    eagerly = runs_code(model) and (model.run_eagerly or tf.config.functions_run_eagerly())  # then it sees each batch
    if eagerly or not trains_as_keras(model):
        raise CannotTrainHere(_("the network's class or its training step is the notebook's own"))
    settings = model._compile_config.config
    if settings.get("loss_weights") or settings.get("weighted_metrics") or model._distribute_strategy is not None:
        raise CannotTrainHere(_("compile() was called with more than optimizer, loss and metrics"))


def count_steps(callbacks: list[Any]) -> bool:
    """Whether one of the callbacks counts the steps of an epoch, though it does nothing with them."""
    return any(type.__getattribute__(type(one), "__name__") == "TensorBoard" for one in callbacks)


def callbacks_of(call: dict[str, Any]) -> list[Any]:
    import keras

    return keras.tree.flatten(call["callbacks"]) if call["callbacks"] else []


def _see_batches(callbacks: list[Any]) -> str:
    """The name of the first callback that acts within epochs, or ''. Looks, and asks the notebook's objects nothing: that may be heard."""
    import keras

    for callback in callbacks:
        kind = type(callback)
        place, name = inspect.getattr_static(kind, "__module__", ""), type.__getattribute__(kind, "__name__")
        own = isinstance(place, str) and place.startswith("keras.src.callbacks.") and name != "CallbackList"
        if own and (kind in (keras.callbacks.ProgbarLogger, keras.callbacks.TerminateOnNaN)):
            continue
        if own and name in _BY_EPOCH and getattr(callback, _BY_EPOCH[name]) == "epoch":
            continue
        for hook in (*_OF_BATCHES, "__getattribute__"):
            if inspect.getattr_static(callback, hook, None) is not inspect.getattr_static(
                keras.callbacks.Callback, hook
            ):
                return str(name)
    return ""


def _sample_weights(y: Any, class_weight: Any, sample_weight: Any) -> Any:
    """Weights of samples, also where they are said by class. Raises ValueError where Keras does."""
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise ValueError("class_weight and sample_weight")
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    return class_weight_to_sample_weights(y, class_weight)
