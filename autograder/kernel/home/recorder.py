"""At home: what each network was trained on, and whether the grader can repeat it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from math import ceil
from typing import Any, NamedTuple

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


class _Begun(NamedTuple):
    """A call of ``fit``, before it: `steps` that the optimizer had counted, and the `reason` why the grader can't repeat it."""

    args: Any
    kwargs: dict[str, Any]
    compiled: CompileDescription
    steps: int
    reason: str


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
        self._begun: weakref.WeakKeyDictionary[Any, _Begun] = weakref.WeakKeyDictionary()
        self._begun_with: set[str] = set()  # digests of weights with which networks that were never trained began
        self._left: dict[str, tuple[FitRecord, ...]] = {}  # by the digest of weights that these trainings ended with

    def fits(self, model: Any) -> tuple[FitRecord, ...]:
        """Its trainings; of a network that was copied or loaded those of the one that had its weights."""
        self._note(model)
        return tuple(self._fits.get(model, ())) or self._left.get(digest_of(model), ())

    def untrained(self, model: Any) -> bool:
        """Whether its weights are those that a first ``fit`` began with: it had no epochs, or failed at its first batch."""
        return digest_of(model) in self._begun_with

    def is_known(self, model: Any) -> bool:
        """Whether its weights are those that a ``fit`` ended with, or began with."""
        return self.untrained(model) or digest_of(model) in self._left

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Steps:
        assert self.original_fit is not None
        self._note(model)
        compiled = describe_compile(model)
        if compiled is not None:
            steps = int(model.optimizer.iterations)
            if not steps:
                self._begun_with.add(digest_of(model))
            self._begun[model] = _Begun(args, kwargs, compiled, steps, self._why_not_there(model, args, kwargs))
        history = yield partial(self.original_fit, model, *args, **kwargs)
        self._note(model, history)
        return history

    def _note(self, model: Any, history: Any = None) -> None:
        """What the last ``fit`` has trained. Of one that ended with an error nobody hears: it is looked at when somebody asks, without a `history`."""
        begun = self._begun.pop(model, None)
        if begun is None or (history is None and self.untrained(model)):
            return
        with suppress(Exception):  # writing down must never spoil a student's training
            record, fits = self._fit_record(model, begun, history), self._fits.setdefault(model, [])
            if begun.steps and fits and _same_way(fits[-1], record):
                fits[-1] = fits[-1].joined(record)
            else:
                fits.append(record)
            self._left[digest_of(model)] = tuple(fits)
            self.ended(model)

    def _why_not_there(self, model: Any, args: Any, kwargs: Any) -> str:
        try:
            return self._refusal(model, self.arguments(self.original_fit, model, args, kwargs))[:4000]  # type: ignore[arg-type]
        except Exception:  # Keras says what is wrong
            return ""

    def _fit_record(self, model: Any, begun: _Begun, history: Any) -> FitRecord:
        """Raises CannotTrainHere where it has not trained a whole number of epochs."""
        assert self.original_fit is not None
        call = self.arguments(self.original_fit, model, begun.args, begun.kwargs)
        try:
            samples, size = self._read(model, call)
            data = self._record(samples)
        except CannotTrainHere as error:
            data, size = DataRecord(samples=error.samples if isinstance(error, OtherData) else 0), 0
            if isinstance(error, OtherData) and call["y"] is not None:  # arrays
                size = int(call["batch_size"] or BATCH_SIZE)
        if history is not None:
            logged, epochs, rest = history.history, len(history.epoch), 0
        else:
            epochs, rest = divmod(int(model.optimizer.iterations) - begun.steps, ceil(data.samples / size))
            logged = {}
        if rest or not epochs:
            raise CannotTrainHere("")
        after = describe_compile(model)
        changed = after is not None and after != begun.compiled  # a callback changed the learning rate
        return FitRecord(
            epochs=epochs, batch_size=size, data=data, compiled=begun.compiled, reason=begun.reason,
            callbacks=(describe_callbacks(call["callbacks"]),),
            learning_rates=_rates(begun.compiled, after, logged) if changed and after else (),
            history={str(name): tuple(map(float, values)) for name, values in logged.items()},
        )  # fmt: skip

    def _read(self, model: Any, call: dict[str, Any]) -> tuple[SamplesMessage | ArraysMessage, int]:
        """The samples of an epoch of a call of ``fit``, and the size of its batches, as a graded kernel reads them.

        Raises CannotTrainHere for what isn't recognised, and for what no epoch can be read of once more: code of the notebook's, a
        dataset without an end, a part of the data.
        """
        from keras.src.backend.tensorflow.trainer import TFEpochIterator

        *given, _validation = self.split(call)
        data = data_of(self, model, given, call["batch_size"], call["steps_per_epoch"], call["class_weight"])
        if data.samples is not None:
            return data.samples, data.batch_size
        rows = getattr(call["x"], "cardinality", None)
        if rows is None or int(rows()) < 0 or call["steps_per_epoch"] is not None:
            raise CannotTrainHere("")
        epoch = TFEpochIterator(model.distribute_strategy, **data.given)
        read = done(ReadEpoch(model, epoch, lambda: None, first=True, eagerly=True).samples(
            self.recogniser, ordered=False, any_sizes=False
        ))  # fmt: skip
        assert read is not None  # it is the first
        samples, size = read
        return samples, int(size)


def _rates(before: CompileDescription, after: CompileDescription, logged: Mapping[str, Any]) -> tuple[float, ...]:
    """The rates that a training had, one after another; those between the first and the last as Keras's callbacks logged them."""
    first, last = (one.optimizer.settings.get("learning_rate") for one in (before, after))
    if not isinstance(first, float) or not isinstance(last, float):
        return ()
    rates = [first]
    for rate in (*map(shortest, logged.get("learning_rate", ())), last):
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
