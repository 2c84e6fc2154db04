"""At home: what each network was trained on, and whether the grader can repeat it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from autograder.common.errors import CannotTrainHere, OtherData
from autograder.common.wire.description import CompileDescription, DataRecord, FitRecord
from autograder.common.wire.messages import ArraysMessage, SamplesMessage
from autograder.kernel.describing.describe_compile import describe_compile, shortest
from autograder.kernel.describing.describe_things import describe_callbacks
from autograder.kernel.describing.weights import digest_of
from autograder.kernel.graded.epoch_data import ReadEpoch
from autograder.kernel.graded.fit_arguments import BATCH_SIZE, data_of
from autograder.kernel.in_place import Steps, done
from autograder.kernel.keras_methods import Trainings


class Recorder(Trainings):
    """At home: every ``fit`` is Keras's own; a `FitRecord` is kept for each network, with the data as far as recognised."""

    def __init__(
        self,
        record: Callable[[SamplesMessage | ArraysMessage], DataRecord],
        refusal: Callable[[Any, dict[str, Any]], str] = lambda model, call: "",
    ) -> None:
        super().__init__()
        self._record, self._refusal = record, refusal
        self._fits: weakref.WeakKeyDictionary[Any, list[FitRecord]] = weakref.WeakKeyDictionary()
        self._left: dict[str, tuple[FitRecord, ...]] = {}  # by the digest of weights that these trainings ended with

    def fits(self, model: Any) -> tuple[FitRecord, ...]:
        """Its trainings; of a network that was copied or loaded those of the one that had its weights."""
        return tuple(self._fits.get(model, ())) or self._left.get(digest_of(model), ())

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Steps:
        assert self.original_fit is not None
        compiled = describe_compile(model)
        went_on = compiled is not None and int(model.optimizer.iterations) > 0
        reason = self._why_not_there(model, args, kwargs) if compiled is not None else ""
        history = yield partial(self.original_fit, model, *args, **kwargs)
        try:
            call = self.arguments(self.original_fit, model, args, kwargs)
            if compiled is not None:
                fits = self._fits.setdefault(model, [])
                record = self._fit_record(model, call, compiled, history).model_copy(update={"reason": reason})
                after = describe_compile(model)
                if after is not None and after != compiled:  # a callback changed the learning rate
                    record = record.model_copy(update={"learning_rates": _rates(compiled, after, history)})
                if went_on and fits and _same_way(fits[-1], record):
                    fits[-1] = fits[-1].joined(record)
                else:
                    fits.append(record)
                self._left[digest_of(model)] = tuple(fits)
        except Exception:  # writing down must never spoil a student's training
            pass
        return history

    def _why_not_there(self, model: Any, args: Any, kwargs: Any) -> str:
        try:
            return self._refusal(model, self.arguments(self.original_fit, model, args, kwargs))[:4000]  # type: ignore[arg-type]
        except Exception:  # Keras says what is wrong
            return ""

    def _fit_record(self, model: Any, call: dict[str, Any], compiled: Any, history: Any) -> FitRecord:
        try:
            samples, size = self._read(model, call)
            data = self._record(samples)
        except CannotTrainHere as error:
            data, size = DataRecord(samples=error.samples if isinstance(error, OtherData) else 0), 0
            if isinstance(error, OtherData) and call["y"] is not None:  # arrays
                size = int(call["batch_size"] or BATCH_SIZE)
        return FitRecord(
            epochs=len(history.epoch), batch_size=size, data=data, compiled=compiled,
            callbacks=(describe_callbacks(call["callbacks"]),),
            history={str(name): tuple(map(float, values)) for name, values in history.history.items()},
        )  # fmt: skip

    def _read(self, model: Any, call: dict[str, Any]) -> tuple[SamplesMessage | ArraysMessage, int]:
        """The samples of an epoch of a call of ``fit``, and the size of its batches, as a graded kernel reads them.

        Raises CannotTrainHere for what isn't recognised, and for what no epoch can be read of once more: code of the notebook's, a
        dataset without an end, a part of the data.
        """
        from keras.src.backend.tensorflow.trainer import TFEpochIterator

        *given, _validation = self.split(call)
        data = data_of(self, given, call["batch_size"], call["steps_per_epoch"], call["class_weight"])
        if data.samples is not None:
            return data.samples, data.batch_size
        rows = getattr(call["x"], "cardinality", None)
        if rows is None or int(rows()) < 0 or call["steps_per_epoch"] is not None:
            raise CannotTrainHere("")
        epoch = TFEpochIterator(model.distribute_strategy, **data.given)
        read = done(ReadEpoch(epoch, lambda: None, first=True, eagerly=True).samples(
            self.recogniser, ordered=False, any_sizes=False
        ))  # fmt: skip
        assert read is not None  # it is the first
        samples, size = read
        return samples, int(size)


def _rates(before: CompileDescription, after: CompileDescription, history: Any) -> tuple[float, ...]:
    """The rates that a training had, one after another; those between the first and the last as Keras's callbacks logged them."""
    first, last = (one.optimizer.settings.get("learning_rate") for one in (before, after))
    if not isinstance(first, float) or not isinstance(last, float):
        return ()
    rates = [first]
    for rate in (*map(shortest, history.history.get("learning_rate", ())), last):
        if rate != rates[-1]:
            rates.append(rate)
    return tuple(rates[-1000:])


def _same_way(one: FitRecord, other: FitRecord) -> bool:
    """Whether two trainings differ in nothing but their learning rate and their number of epochs."""
    ways = []
    for fit in (one, other):
        optimizer = fit.compiled.optimizer
        settings = {name: value for name, value in optimizer.settings.items() if name != "learning_rate"}
        data = {name: value for name, value in fit.data.model_dump(context={"frames": []}).items() if name != "lookup"}
        ways.append((fit.batch_size, data, optimizer.type, settings, fit.compiled.loss))
    return ways[0] == ways[1]
