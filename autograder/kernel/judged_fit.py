"""What happens to ``fit`` and ``evaluate`` while a notebook is graded.

The judge trains, and the network is left as Keras would leave it: weights, optimizer, History, printed lines. (At home Keras
does its work: home.py.)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere, ProtocolError
from autograder.common.i18n import _
from autograder.common.wire import protocol
from autograder.common.wire.description import DataRecord, FitRecord, digest
from autograder.common.wire.messages import Evaluate, Fit, TrainedHere, dump
from autograder.kernel.describe import describe_callback, describe_compile, describe_model
from autograder.kernel.predict import is_one_of, predict
from autograder.kernel.trainings import Trainings, wrapped

# Arguments of fit that change nothing when they have these values; with any other one the notebook trains by itself.
_PLAIN_FIT: dict[str, tuple[Any, ...]] = {
    "class_weight": (None,), "sample_weight": (None,), "initial_epoch": (0,),
    "steps_per_epoch": (None,), "validation_steps": (None,), "validation_freq": (1,),
}  # fmt: skip
_PLAIN_EVALUATE: dict[str, tuple[Any, ...]] = {"sample_weight": (None,), "steps": (None,), "callbacks": (None, [])}


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
        remember_initial_values()

    # ---- fit

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.original_fit is not None
        try:
            request, call = self._fit_request(model, args, kwargs)
            document, frames = dump(request)
            answer, arrays = protocol.ask(self.address, document, frames)
            if answer.get("type") == "cannot":
                raise CannotTrainHere(str(answer.get("reason", "")))
        except (CannotTrainHere, ProtocolError, TypeError, ValueError) as error:
            return self._fit_here(model, args, kwargs, str(error))
        if answer.get("type") == "limit":
            raise RuntimeError(_("This training was refused: {reason}.", reason=answer.get("reason")))
        return self._take_over(model, call, answer, arrays)

    def _fit_request(self, model: Any, args: Any, kwargs: Any) -> tuple[Fit, dict[str, Any]]:
        assert self.original_fit is not None
        call = self.arguments(self.original_fit, model, args, kwargs)
        if not isinstance(call["callbacks"], (list, tuple, type(None))):
            raise CannotTrainHere(_("fit() was called with callbacks"))
        for name, plain in _PLAIN_FIT.items():
            if not is_one_of(call[name], plain):
                raise CannotTrainHere(_("fit() was called with {name}", name=name))
        if not getattr(model, "compiled", False):
            raise CannotTrainHere(_("compile() was not called"))
        x, y, validation = self.split(call)
        samples = self.recogniser.samples(x, y)
        if validation is not None and (not isinstance(validation, tuple) or len(validation) != 2):
            raise CannotTrainHere(_("the validation data are not a pair of arrays"))
        if not model.built:
            model.build((None, *samples.shape))
        description = describe_model(model, {}).without_weights()
        request = Fit(
            type="fit",
            model=description,
            samples=samples,
            validation=self.recogniser.samples(*validation) if validation is not None else None,
            epochs=operator.index(call["epochs"]),
            batch_size=operator.index(call["batch_size"] or 32),
            shuffle=bool(call["shuffle"]),
            callbacks=tuple(describe_callback(callback) for callback in call["callbacks"] or ()),
            start=self._start(model),
            optimizer_start=self._optimizer_start(model),
        )
        return request, {**call, "samples": len(samples.rows)}

    def _start(self, model: Any) -> str:
        now = digest(_arrays(weights_of(model)))
        if now in self._known:
            return now
        if not all(is_initial(weight) for weight in weights_of(model)):
            raise CannotTrainHere(_("the weights were set by hand or trained in another way"))
        return ""

    def _optimizer_start(self, model: Any) -> str:
        optimizer = model.optimizer
        if not optimizer.built or int(optimizer.iterations) == 0:
            return ""
        return digest(_arrays(optimizer.variables))

    def _take_over(self, model: Any, call: dict[str, Any], answer: dict[str, Any], frames: list[bytes]) -> Any:
        model.optimizer.build(model.trainable_variables)
        variables = [*weights_of(model), *model.optimizer.variables]
        if len(variables) != len(frames):
            raise ProtocolError(_("the judge's answer does not fit the network"))
        for variable, frame in zip(variables, frames, strict=True):
            dtype = np.asarray(variable.value).dtype
            variable.assign(np.frombuffer(frame, dtype).reshape(tuple(variable.shape)))
        self._known.add(digest(_arrays(weights_of(model))))
        return _replay(model, call, answer["history"])

    def _fit_here(self, model: Any, args: Any, kwargs: Any, reason: str) -> Any:
        assert self.original_fit is not None
        with _many_steps_at_once(model, self.arguments(self.original_fit, model, args, kwargs)):
            history = self.original_fit(model, *args, **kwargs)
        self._claim(model, args, kwargs, history, reason)
        return history

    def _claim(self, model: Any, args: Any, kwargs: Any, history: Any, reason: str) -> None:
        try:
            call = self.arguments(self.original_fit, model, args, kwargs)  # type: ignore[arg-type]
            compiled = describe_compile(model)
            record = None
            if compiled is not None:
                record = FitRecord(
                    epochs=len(history.epoch), batch_size=int(call["batch_size"] or 32), data=DataRecord(samples=0),
                    compiled=compiled, reason=reason[:4000],
                )  # fmt: skip
            claim = TrainedHere(
                type="trained_here", weights=digest(_arrays(weights_of(model))), reason=reason[:4000], fit=record
            )
            document, frames = dump(claim)
            protocol.ask(self.address, document, frames)
        except Exception:  # the judge then knows no more than it would have known
            pass

    # ---- evaluate

    def evaluate(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.original_evaluate is not None
        try:
            call = self.arguments(self.original_evaluate, model, args, kwargs)
            for name, plain in _PLAIN_EVALUATE.items():
                if not is_one_of(call[name], plain):
                    raise CannotTrainHere(_("evaluate() was called with {name}", name=name))
            key = digest(_arrays(weights_of(model)))
            if call.get("kwargs") or key not in self._known:
                raise CannotTrainHere(_("the judge does not know these weights"))
            samples = self.recogniser.samples(call["x"], call["y"])
            request = Evaluate(
                type="evaluate", model=describe_model(model, {}).without_weights(), weights=key, samples=samples
            )
            answer, _frames = protocol.ask(self.address, *dump(request))
            if answer.get("type") != "evaluated":
                raise CannotTrainHere(str(answer.get("reason", "")))
        except (CannotTrainHere, ProtocolError, TypeError, ValueError):
            return self.original_evaluate(model, *args, **kwargs)
        return _evaluated(model, call, answer["metrics"], len(samples.rows))


# Callbacks of Keras that act between epochs only.
_EPOCH_CALLBACKS = {
    "EarlyStopping",
    "History",
    "ReduceLROnPlateau",
    "LearningRateScheduler",
    "TerminateOnNaN",
    "CSVLogger",
}


@contextmanager
def _many_steps_at_once(model: Any, call: dict[str, Any]) -> Iterator[None]:
    """Run an epoch's steps as one graph: the same bits as step by step, about three times faster (``steps_per_execution``).

    Only where nobody can tell: arrays, and no callback that wants to see single batches.
    """
    callbacks = call["callbacks"] or []
    plain = isinstance(callbacks, list) and all(type(callback).__name__ in _EPOCH_CALLBACKS for callback in callbacks)
    own = getattr(model, "steps_per_execution", None)
    if not plain or own != 1 or call["steps_per_epoch"] or not isinstance(call["x"], np.ndarray) or model.run_eagerly:
        yield
        return
    model.steps_per_execution = max(1, math.ceil(len(call["x"]) / (call["batch_size"] or 32)))
    try:
        yield
    finally:
        model.steps_per_execution = own


def weights_of(model: Any) -> list[Any]:
    """``model.weights`` without the seeds of dropout, which are no weights."""
    return [weight for weight in model.weights if "seed_generator" not in weight.path]


def _arrays(variables: list[Any]) -> list[Any]:
    return [np.asarray(variable.value) for variable in variables]


def _metric_names(model: Any, measured: dict[str, float]) -> dict[str, float]:
    """The judge always measures accuracy; a notebook sees what it compiled with, under the names it gave."""
    compiled = describe_compile(model)
    kept = dict(measured)
    if compiled is None or not compiled.metrics:
        kept = {name: value for name, value in kept.items() if not name.endswith("accuracy")}
    configured = model._compile_config.config.get("metrics") if compiled and compiled.metrics else None
    if isinstance(configured, (list, tuple)) and len(configured) == 1 and not isinstance(configured[0], (list, tuple)):
        own = (
            configured[0]
            if isinstance(configured[0], str)
            else getattr(configured[0], "name", None) or configured[0].__name__
        )
        kept = {name.replace("accuracy", own): value for name, value in kept.items()}
    return kept


def _replay(model: Any, call: dict[str, Any], history: dict[str, list[float]]) -> Any:
    """Print what Keras prints and return its History, from the numbers that the judge measured."""
    import keras

    steps = math.ceil(call["samples"] / (call["batch_size"] or 32))
    callbacks = keras.callbacks.CallbackList(
        None, add_history=True, add_progbar=call["verbose"] != 0, verbose=1 if call["verbose"] == "auto" else call["verbose"],
        epochs=call["epochs"], steps=steps, model=model,
    )  # fmt: skip
    callbacks.on_train_begin()
    for epoch in range(len(history["loss"])):
        callbacks.on_epoch_begin(epoch)
        callbacks.on_epoch_end(epoch, _metric_names(model, {name: values[epoch] for name, values in history.items()}))
    callbacks.on_train_end()
    return model.history


def _evaluated(model: Any, call: dict[str, Any], measured: dict[str, float], samples: int) -> Any:
    import keras

    logs = _metric_names(model, measured)
    if call["verbose"]:
        steps = math.ceil(samples / (call["batch_size"] or 32))
        keras.utils.Progbar(steps, verbose=1).update(steps, sorted(logs.items()), finalize=True)
    if call["return_dict"]:
        return logs
    values = [logs.pop("loss"), *logs.values()]
    return values if len(values) > 1 else values[0]


def remember_initial_values() -> None:
    """From now on every Keras variable knows the digest of its first value, so that weights set by hand are noticed."""
    import keras

    original = keras.Variable.__init__
    if getattr(original, "_autograder", None):
        return

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        try:
            object.__setattr__(self, "_autograder_initial", digest([np.asarray(self.value)]))
        except Exception:  # inside a graph there is no value yet
            object.__setattr__(self, "_autograder_initial", None)

    initialise._autograder = True  # type: ignore[attr-defined]
    keras.Variable.__init__ = initialise


def is_initial(variable: Any) -> bool:
    first = getattr(variable, "_autograder_initial", None)
    return first is None or first == digest([np.asarray(variable.value)])
