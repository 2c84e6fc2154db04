"""What happens to ``fit`` and ``evaluate`` while a notebook is graded: the judge trains, inside Keras's own loops.

Here the arguments of a call are read, as Keras would read them. Where they are nothing for the judge, Keras gets them as they are.
(At home Keras does its work: home.py.)
"""

from __future__ import annotations

import math
import operator
from functools import partial
from typing import Any

from autograder.common.errors import CannotTrainHere, OtherData
from autograder.common.i18n import _
from autograder.common.wire import protocol
from autograder.common.wire.description import DataRecord, FitRecord
from autograder.common.wire.messages import SamplesMessage, TrainedHere, dump
from autograder.kernel.describe_compile import describe_compile
from autograder.kernel.judged_epochs import (
    EvaluationEpochs,
    JudgedEpochs,
    TrainingEpochs,
    install_iterator,
    judged_steps,
)
from autograder.kernel.predict import is_one_of, predict
from autograder.kernel.trainings import Trainings, wrapped
from autograder.kernel.weights import digest_of, remember_initial_values

BATCH_SIZE = 32  # Keras's
# What callbacks may overwrite to see single batches: the judge has none to show.
_OF_BATCHES = tuple(
    f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")
)  # fmt: skip
# Keras's own that overwrite them and still act between epochs only, by a setting.
_BY_EPOCH = {"ModelCheckpoint": "save_freq", "BackupAndRestore": "save_freq", "TensorBoard": "update_freq"}


class JudgeClient(Trainings):
    """While grading: asks the judge at the socket `address`; what it can't take on runs here, as written."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self._known: set[str] = set()  # digests of weights that the judge gave

    def install(self) -> None:
        import keras

        if getattr(keras.Model.predict, "_autograder", None) is None:
            keras.Model.predict = wrapped(keras.Model.predict, partial(predict, keras.Model.predict))
        super().install()
        install_iterator()
        remember_initial_values()

    def _ask(self, request: Any) -> tuple[dict[str, Any], list[bytes]]:
        answer, frames = protocol.ask(self.address, *dump(request))
        if answer.get("type") == "cannot":
            raise CannotTrainHere(str(answer.get("reason", "")))
        return answer, frames

    # ---- fit

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.original_fit is not None
        epochs, reason, other = None, "", 0
        try:
            call = self.arguments(self.original_fit, model, args, kwargs)
            epochs = self._training(model, call)
        except Exception as error:  # not for the judge, or ours: Keras has the arguments as they are
            reason = str(error) or type(error).__name__
            other = error.samples if isinstance(error, OtherData) else 0
        if epochs is None:
            history = self.original_fit(model, *args, **kwargs)
            self._claim(model, history, kwargs.get("batch_size"), reason, other)
            return history
        given = {
            **call, "x": epochs, "y": None, "sample_weight": None, "class_weight": None, "validation_split": 0.0,
            "validation_data": (epochs.validation,) if epochs.validation else None,
        }  # fmt: skip
        with judged_steps(model):
            history = self.original_fit(**given)
        if epochs.reason:
            self._claim(model, history, epochs.batch_size, epochs.reason)
        return history

    def _training(self, model: Any, call: dict[str, Any]) -> TrainingEpochs:
        """Raises CannotTrainHere, and other things, for what is nothing for the judge."""
        import keras

        _own_loops(model)
        callbacks = _flat(call["callbacks"])
        seen = _see_batches(callbacks)
        if seen:
            raise CannotTrainHere(_("the callback {name} acts within epochs", name=seen))
        x, y, weights, validation = self.split(call)
        batch_size = operator.index(BATCH_SIZE if call["batch_size"] is None else call["batch_size"])
        samples = self.recogniser.samples(x, y, _sample_weights(y, call["class_weight"], weights))
        batches = math.ceil(len(samples.rows) / batch_size)
        if not is_one_of(call["steps_per_epoch"], (None, batches)):
            raise CannotTrainHere(_("fit() was called with {name}", name="steps_per_epoch"))
        judged = None
        if validation is not None:
            size = operator.index(call["validation_batch_size"] or batch_size)
            try:
                judged = self._evaluation(model, validation, size, call["validation_steps"])
            except OtherData as error:  # says nothing of what was trained on
                raise CannotTrainHere(_("the validation data: {reason}", reason=error)) from error
        epochs = operator.index(call["epochs"])
        if keras.config.max_epochs():
            epochs = min(epochs, keras.config.max_epochs())
        plain = all(type(one) in (keras.callbacks.History, keras.callbacks.ProgbarLogger) for one in callbacks)
        at_once = plain and (judged is None or is_one_of(call["validation_freq"], (1,)))
        data = {"x": _formed(call["x"], x), "y": y, "sample_weight": weights, "class_weight": call["class_weight"]}
        training = TrainingEpochs(
            model, samples, batch_size, data, self._ask,
            epochs=max(1, epochs - operator.index(call["initial_epoch"])) if at_once else 1,
            shuffle=bool(call["shuffle"]), validation=judged, known=self._known,
            careful=any(type(one) is keras.callbacks.TerminateOnNaN for one in callbacks),
        )  # fmt: skip
        training.stepwise = any(type(one).__name__ == "TensorBoard" for one in callbacks)
        return training

    def _claim(self, model: Any, history: Any, batch_size: Any, reason: str, other: int = 0) -> None:
        """`other`: how many samples of data that are not the course's it was trained on."""
        try:
            compiled = describe_compile(model)
            record = None
            if compiled is not None:
                record = FitRecord(
                    epochs=len(history.epoch), batch_size=int(batch_size or BATCH_SIZE), data=DataRecord(samples=other),
                    compiled=compiled, reason=reason[:4000],
                )  # fmt: skip
            self._ask(TrainedHere(type="trained_here", weights=digest_of(model), reason=reason[:4000], fit=record))
        except Exception:  # the judge then knows no more than it would have known
            pass

    # ---- evaluate

    def evaluate(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.original_evaluate is not None
        judged: Any = None
        try:
            if isinstance(kwargs.get("x"), JudgedEpochs):  # the validation in fit
                judged, call = kwargs["x"], kwargs
            else:
                call = self.arguments(self.original_evaluate, model, args, kwargs)
                others = call.pop("kwargs", {})
                if others or digest_of(model) not in self._known or _see_batches(_flat(call["callbacks"])):
                    raise CannotTrainHere(_("the judge does not know these weights"))
                _own_loops(model)
                del call["self"]
                size = operator.index(call["batch_size"] or BATCH_SIZE)
                judged = self._evaluation(model, (call["x"], call["y"], call["sample_weight"]), size, call["steps"])
        except Exception:  # Keras has the arguments as they are
            judged = None
        if judged is None:
            return self.original_evaluate(model, *args, **kwargs)
        given = {**call, "x": judged, "y": None, "sample_weight": None}
        with judged_steps(model):
            return self.original_evaluate(model, **given)

    def _evaluation(self, model: Any, data: Any, batch_size: int, steps: Any) -> EvaluationEpochs:
        x, y, weights = (*data, None)[:3]
        samples: SamplesMessage = self.recogniser.samples(x, y, weights)
        if not is_one_of(steps, (None, math.ceil(len(samples.rows) / batch_size))):
            raise CannotTrainHere(_("not all batches are evaluated"))
        return EvaluationEpochs(model, samples, batch_size, {"x": x, "y": y, "sample_weight": weights}, self._ask)


def _formed(form: Any, images: Any) -> Any:
    """`images` in a list where the notebook's `form` is one."""
    return type(form)([images]) if type(form) in (list, tuple) else images


def _own_loops(model: Any) -> None:
    """Raises CannotTrainHere unless `model` is trained by Keras's own steps."""
    if not getattr(model, "compiled", False):
        raise CannotTrainHere(_("compile() was not called"))
    own = type(model).__module__.startswith("keras.src.models.")
    steps = ("train_step", "test_step", "compute_loss", "compute_metrics", "_symbolic_build")
    if not own or any(step in vars(model) for step in steps):
        raise CannotTrainHere(_("the network's class or its training step is the notebook's own"))
    settings = model._compile_config.config
    if settings.get("loss_weights") or settings.get("weighted_metrics") or model._distribute_strategy is not None:
        raise CannotTrainHere(_("compile() was called with more than optimizer, loss and metrics"))


def _flat(callbacks: Any) -> list[Any]:
    import keras

    return keras.tree.flatten(callbacks) if callbacks else []


def _see_batches(callbacks: list[Any]) -> str:
    """The name of the first callback that acts within epochs, or ''."""
    import keras

    for callback in callbacks:
        kind = type(callback)
        own = kind.__module__.startswith("keras.src.callbacks.") and kind.__name__ != "CallbackList"
        if own and (kind in (keras.callbacks.ProgbarLogger, keras.callbacks.TerminateOnNaN)):
            continue
        if own and getattr(callback, _BY_EPOCH.get(kind.__name__, ""), None) == "epoch":
            continue
        for name in _OF_BATCHES:
            if name in vars(callback) or getattr(kind, name, None) is not getattr(keras.callbacks.Callback, name):
                return str(kind.__name__)
    return ""


def _sample_weights(y: Any, class_weight: Any, sample_weight: Any) -> Any:
    """Weights of samples, also where they are said by class. Raises ValueError where Keras does."""
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise ValueError("class_weight and sample_weight")
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    return class_weight_to_sample_weights(y, class_weight)
