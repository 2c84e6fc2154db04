"""What Keras iterates over where the judge does the epochs, inside its own ``fit`` and ``evaluate``.

Keras does all it always does (callbacks, validation, History, printed lines, checks of arguments); only where it would go through
the batches of an epoch, the judge is asked for the epoch's result: weights, optimizer, and what the metrics are read off. What the
judge can't take on, or fails at, goes through Keras's own batches from that very epoch on. So whatever goes wrong here, a student's
training does not.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere, ProtocolError
from autograder.common.i18n import _
from autograder.common.wire.messages import ArraysMessage, SamplesMessage
from autograder.kernel.describing.describe import describe_model
from autograder.kernel.describing.describe_compile import build_by_shape, describe_compile, describe_metrics
from autograder.kernel.describing.structure import build_by_a_call, built_copy, is_own, runs_code, undone_if_it_fails
from autograder.kernel.describing.weights import array_of
from autograder.kernel.describing.wiring import answers, trains_as_keras
from autograder.kernel.graded.epoch_data import EpochData, ReadEpoch, Step, begin
from autograder.kernel.graded.fit_arguments import count_steps, nothing_within
from autograder.kernel.graded.traced import (
    Form,
    as_traced,
    form_of,
    form_of_arrays,
    is_broken,
    is_kerass,
    is_refused_by_name,
    runs_eagerly,
    tracing,
    warn_as_traced,
)
from autograder.kernel.in_place import Call, flattened, told

Ask = Callable[
    [Any], tuple[dict[str, Any], list[bytes]]
]  # a request to the judge; raises CannotTrainHere, ProtocolError


class StopIterationCaught:
    """What Keras's own iterator does with what is raised in an epoch, where that iterates; entered and left by Keras."""

    def __init__(self, epochs: JudgedEpochs) -> None:
        self._epochs = epochs

    @told
    def __enter__(self) -> None:
        """Nothing is raised yet."""

    @told
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool | None:
        real = self._epochs._real
        if not isinstance(error, Exception) or not self._epochs.reason or real is None:
            return None
        by_keras = real.catch_stop_iteration()
        by_keras.__enter__()
        caught: bool | None = by_keras.__exit__(kind, error, trace)
        return caught


class JudgedEpochs:
    """What Keras gets as `x`, and iterates over: an epoch is one step by the judge, or Keras's own batches of `data`.

    Where the samples of `data` aren't known, each epoch is read as Keras reads it. `reason`: why the judge was left, once it was.
    """

    any_sizes = False  # whether batches of any size do
    function = ""  # of Keras: what is done here in its place
    stops = ""  # what a notebook sets to have Keras end a pass after the batch

    def __init__(self, model: Any, data: EpochData, ask: Ask) -> None:
        self.model, self.data, self.ask = model, data, ask
        self.reason = ""
        self.listeners: list[Any] = []  # the callbacks of its pass
        self._known: SamplesMessage | ArraysMessage | None = data.samples
        self.batch_size = data.batch_size
        self._arguments: dict[str, Any] = {}
        self.traces = True  # whether Keras would trace its function now
        self.results: dict[str, Any] = {}  # what the metrics say that Keras's function would have been traced with
        self.eagerly = False  # whether Keras would trace nothing
        self._opened: Any = None
        self._read_by: Callable[[], Any] = lambda: None

    @property
    def _real(self) -> Any:
        """Keras's own iterator over the data, where there is one. It belongs to Keras: what both refer to is gone with the last of its names."""
        return self._read_by() or self._opened

    def judge(self) -> None:
        """Have the judge do one epoch, and leave the network as it says. Raises when it can't; then nothing has changed."""
        raise NotImplementedError

    @property
    def samples(self) -> SamplesMessage | ArraysMessage:
        if self._known is None:
            raise CannotTrainHere(_("the data are not arrays"))
        return self._known

    @property
    def stepwise(self) -> bool:
        """Whether a callback counts the steps."""
        return count_steps(self.listeners)

    @property
    def batches(self) -> int:
        return math.ceil(len(self.samples) / self.batch_size)

    def read_by(self, real: Any) -> Any:
        """`real` becomes Keras's own iterator over the data as the notebook gave them, and says where it is iterated over that this is judged."""
        real.judged, self._read_by = self, weakref.ref(real)
        return real

    @told
    def opened(self, arguments: dict[str, Any]) -> JudgedEpochs:
        """In place of ``TFEpochIterator(**arguments)``."""
        self._arguments = {key: value for key, value in arguments.items() if key != "x"}
        if self.data.samples is None:
            self._open()
        return self

    def real(self) -> Any:
        """Keras's own iterator over the same data, opened where it wasn't yet; nothing is judged any more."""
        if self._real is None:
            self._open()
        real = self._real
        if vars(real).pop("judged", None):
            real.__class__ = type(real).__base__
        return real

    def _open(self) -> None:
        from keras.src.backend.tensorflow import trainer

        self._opened = trainer.TFEpochIterator(**{**self._arguments, **self.data.given})

    @property
    @told
    def num_batches(self) -> int:
        return self.batches if self._real is None else self._real.num_batches

    @told
    def reset(self) -> None:
        if self._real is not None:
            self._real.reset()

    def __iter__(self) -> Iterator[Step]:
        """Frames of ours are on the stack while the judge works, and not while Keras's own iterator does."""
        return flattened(self._epoch())

    def _epoch(self) -> Generator[Call, Any, Iterable[Step]]:
        own: Any = None
        at_once = self.model.steps_per_execution
        if not self.reason:
            try:
                function = getattr(self.model, self.function).made()
                self.eagerly = runs_eagerly(self.model, function)
                if not is_kerass(function):
                    raise CannotTrainHere(_("the notebook changed {name}, which Keras trains by", name=self.function))
                if getattr(self.model, self.stops):
                    raise CannotTrainHere(_("a callback stops within an epoch"))
                nothing_within(self.model, self.listeners)
                if is_broken(function):
                    raise CannotTrainHere(_("Keras failed at this network before"))
                form = self._form()
                if is_own(self.model) and form[-1][0] != "0":  # a list of images
                    raise CannotTrainHere(_("the data are not arrays"))
                # What the notebook's own `call` prints and counts, it does where Keras traces it; and Keras asks code for data after that.
                shows = self.data.is_code() or is_refused_by_name(self.model)
                shows = runs_code(self.model) or (shows and not self.eagerly)
                if shows and (trace := tracing(function, form, self._spec)):
                    with as_traced(self.model, function, form, by_keras=True):
                        yield trace
                if self.data.samples is None:
                    first = self._known is None
                    own = ReadEpoch(self.model, self._real, self.ran_out, first=first, eagerly=self.eagerly)
                    found = yield from own.samples(
                        self.data.recogniser, ordered=self.data.ordered, any_sizes=self.any_sizes
                    )
                    if found is None:
                        own.used()
                        return ()
                    self._known, self.batch_size = found
                with undone_if_it_fails(self.model), as_traced(self.model, function, form) as self.traces:
                    if self.model.steps_per_execution != at_once:  # Keras then goes through more batches, or fewer
                        raise CannotTrainHere(
                            _("the notebook changed {name}, which Keras trains by", name="steps_per_execution")
                        )
                    self.judge()
                    self.results = self.model.get_metrics_result()
                if self.data.samples is None:
                    own.used()
            except Exception as error:  # ours, whatever it is: the student's own training goes on
                self.reason = str(error) or type(error).__name__
        if self.reason:
            if own and own.failed_at_once and (waiting := self._to_trace()):
                with as_traced(self.model, *waiting[:2], by_keras=True):
                    yield waiting[2]
            return own or begin(self._real or self.real())
        after = math.ceil(self.batches / at_once) * at_once
        steps = range(0, after, at_once if self.stepwise else after)
        judged = [(step, (step + at_once if self.stepwise else after) - 1, self) for step in steps]
        return chain(judged, own.left()) if own else judged

    def _to_trace(self) -> tuple[Any, Form, Call] | None:
        """Keras's function, for what and how it is traced: before its data are asked for, which then fail. None where it has been."""
        with suppress(CannotTrainHere):
            function, form = getattr(self.model, self.function).made(), self._form()
            if not self.eagerly and (trace := tracing(function, form, self._spec)):
                return function, form, trace
        return None

    def _form(self) -> Form:
        if self._real is not None:
            return form_of(self._real._distributed_dataset.element_spec)
        samples, given = self.samples, self.data.given
        weights = None if samples.weights is None else samples.weights
        return form_of_arrays((given["x"], given["y"], weights), len(samples), self.batch_size)

    def _spec(self) -> Any:
        """What TensorFlow says of the batches that Keras makes of the data: of arrays, of as many of their rows as show it."""
        import keras
        from keras.src.backend.tensorflow import trainer

        if self._real is not None:
            return self._real._distributed_dataset.element_spec
        rows = self.batch_size + bool(len(self.samples) % self.batch_size)
        given = {
            key: keras.tree.map_structure(lambda one: one[:rows] if hasattr(one, "shape") else one, value)
            for key, value in self.data.given.items()
            if key != "class_weight"
        }
        how = {**self._arguments, **self.data.given, **given, "batch_size": self.batch_size, "steps_per_epoch": None}
        return trainer.TFEpochIterator(**how)._distributed_dataset.element_spec

    def ran_out(self) -> None:
        """Keras asked for one batch more than there is."""

    @told
    def catch_stop_iteration(self) -> StopIterationCaught:
        return StopIterationCaught(self)

    def described(self) -> dict[str, Any]:
        """The network and what measures it. Nothing is built: Keras may refuse the data before it builds anything."""
        if not self.model.built and is_own(self.model):  # at home: while grading Keras has traced it by now
            build_by_a_call(self.model, self._form()[0])
        if not trains_as_keras(self.model):
            raise CannotTrainHere(_("the network's class or its training step is the notebook's own"))
        network = self.model if self.model.built else built_copy(self.model, self._batch_shape())
        compiled = describe_compile(self.model, answers(network))
        model = describe_model(network, {}, weights=False).model_copy(update={"compiled": compiled})
        if doubt := next((layer.custom for layer in model.layers if layer.custom), ""):
            raise CannotTrainHere(doubt)  # as the judge would, before anything else is said of such a network's weights
        return {
            "model": model,
            "metrics": describe_metrics(self.model, self._tensors(network)),
            "samples": self.samples,
        }

    def _batch_shape(self) -> tuple[int | None, ...]:
        """Of the first batch: where Keras traces it, of any length unless all have the same."""
        rows = min(self.batch_size, len(self.samples)) if self.eagerly else self._form()[0][1][0]
        return rows, *self.samples.shape

    def _tensors(self, network: Any) -> tuple[Any, Any]:
        """Of what shapes labels and the answers of `network` are."""
        import keras

        labels = keras.KerasTensor((None, self.samples.one_hot) if self.samples.one_hot else (None,), "float32")
        return labels, keras.KerasTensor((None, *answers(network)[0].shape[1:]), "float32")

    def build(self, *, trains: bool) -> None:
        """What Keras builds, and says, when it sees the first batch; the optimizer only where it `trains`."""
        from keras.src.backend import name_scope

        model = self.model
        if not model.built:
            model.build(self._batch_shape())
        self._build_part(model._compile_loss)  # Keras says what is wrong with it before it trains
        optimizer = model.optimizer
        if trains and model.trainable_weights and optimizer is not None and not optimizer.built:
            with name_scope(
                optimizer.name, caller=optimizer
            ):  # as where it is first applied: some make variables that say it
                optimizer.build(model.trainable_variables)
        self._build_part(model._compile_metrics)
        build_by_shape(model._compile_metrics, self._tensors(model))
        if self.traces:
            spec = None if self._real is None else self._real._distributed_dataset.element_spec
            warn_as_traced(model, spec[0] if isinstance(spec, tuple) else self.data.given["x"], trains=trains)

    def _build_part(self, part: Any) -> None:
        if part is not None and not part.built:
            part.build(*self._tensors(self.model))

    def measured(self, row: bytes) -> Callable[[], None]:
        """Adds to the variables that the metrics are read off: Keras resets them before, but not those of one that another network had.

        Raises ProtocolError unless they fit.
        """
        variables = self.model.metrics_variables
        values = np.frombuffer(row, np.float64)
        sizes = [math.prod(variable.shape) for variable in variables]
        if sum(sizes) != len(values):
            raise ProtocolError(_("the judge's answer does not fit the network"))
        parts = np.split(values, np.cumsum(sizes)[:-1])

        def assign() -> None:
            for variable, part in zip(variables, parts, strict=True):
                variable.assign(array_of(variable) + part.reshape(tuple(variable.shape)))

        return assign
