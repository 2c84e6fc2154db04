"""An epoch by the judge inside Keras's own ``fit`` and ``evaluate``.

Keras does all it always does (callbacks, validation, History, printed lines, checks of arguments); only where it would go through
the batches of an epoch, the judge is asked for the epoch's result: weights, optimizer, and what the metrics are read off. What the
judge can't take on, or fails at, goes through Keras's own batches from that very epoch on. So whatever goes wrong here, a student's
training does not.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere, ProtocolError
from autograder.common.i18n import _
from autograder.common.wire.messages import ArraysMessage, Evaluate, Fit, SamplesMessage, optimizer_digest
from autograder.kernel.describing.describe import describe_model
from autograder.kernel.describing.describe_compile import describe_compile, describe_metrics
from autograder.kernel.describing.structure import (
    answers,
    build_by_a_call,
    built_copy,
    is_own,
    trains_as_keras,
    undone_if_it_fails,
)
from autograder.kernel.describing.weights import (
    array_for,
    array_of,
    arrays_of,
    count_draws,
    digest_of,
    has_value,
    is_fresh,
    weights_of,
)
from autograder.kernel.graded.epoch_data import EpochData, ReadEpoch, Step
from autograder.kernel.graded.traced import Form, as_traced, form_of, form_of_arrays, is_broken, warn_as_traced
from autograder.kernel.in_place import leaving_no_frame

Ask = Callable[
    [Any], tuple[dict[str, Any], list[bytes]]
]  # a request to the judge; raises CannotTrainHere, ProtocolError


@dataclass
class Known:
    """Digests of what the judge gave to this notebook: `weights`, and `optimizers` that counted on: what they were, and how many steps."""

    weights: set[str] = field(default_factory=set)
    optimizers: dict[str, tuple[str, int]] = field(default_factory=dict)


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
        self.stepwise = False  # whether a callback counts the steps
        self._known: SamplesMessage | ArraysMessage | None = data.samples
        self.batch_size = data.batch_size
        self._arguments: dict[str, Any] = {}
        self.traces = True  # whether Keras would trace its function now
        self.results: dict[str, Any] = {}  # what the metrics say that Keras's function would have been traced with
        self._real: Any = None

    def judge(self) -> None:
        """Have the judge do one epoch, and leave the network as it says. Raises when it can't; then nothing has changed."""
        raise NotImplementedError

    @property
    def samples(self) -> SamplesMessage | ArraysMessage:
        if self._known is None:
            raise CannotTrainHere(_("the data are not arrays"))
        return self._known

    @property
    def batches(self) -> int:
        return math.ceil(len(self.samples) / self.batch_size)

    def opened(self, arguments: dict[str, Any]) -> JudgedEpochs:
        """In place of ``TFEpochIterator(**arguments)``."""
        self._arguments = arguments
        if self.data.samples is None:
            self._open()
        return self

    def real(self) -> Any:
        """Keras's own iterator over the same data, opened where it wasn't yet."""
        if self._real is None:
            self._open()
        return self._real

    def _open(self) -> None:
        from keras.src.backend.tensorflow import trainer

        self._real = trainer.TFEpochIterator(**{**self._arguments, **self.data.given})

    @property
    def num_batches(self) -> int:
        return self.batches if self._real is None else self._real.num_batches

    def reset(self) -> None:
        if self._real is not None:
            self._real.reset()

    def __iter__(self) -> Iterator[Step]:
        """Frames of ours are on the stack while the judge works, and not while Keras's own iterator does."""
        return chain.from_iterable(self._parts())

    @leaving_no_frame
    def _parts(self) -> Iterator[Iterable[Step]]:
        own: Any = self._real
        if not self.reason:
            try:
                function = getattr(self.model, self.function).made()
                if getattr(self.model, self.stops):
                    raise CannotTrainHere(_("a callback stops within an epoch"))
                if is_broken(function):
                    raise CannotTrainHere(_("Keras failed at this network before"))
                if self.data.samples is None:
                    own = ReadEpoch(self._real, self.ran_out, first=self._known is None)
                    found = own.samples(self.data.recogniser, ordered=self.data.ordered, any_sizes=self.any_sizes)
                    if found is None:
                        own.used()
                        return
                    self._known, self.batch_size = found
                with undone_if_it_fails(self.model), as_traced(self.model, function, self._form()) as self.traces:
                    self.judge()
                    self.results = self.model.get_metrics_result()
                if self.data.samples is None:
                    own.used()
            except Exception as error:  # ours, whatever it is: the student's own training goes on
                self.reason = str(error) or type(error).__name__
                own = own or self.real()
        if self.reason:
            yield own
        else:
            at_once = self.model.steps_per_execution
            after = math.ceil(self.batches / at_once) * at_once
            steps = range(0, after, at_once if self.stepwise else after)
            yield [(step, (step + at_once if self.stepwise else after) - 1, self) for step in steps]

    def _form(self) -> Form:
        if self._real is not None:
            return form_of(self._real._distributed_dataset.element_spec)
        samples, given = self.samples, self.data.given
        weights = None if samples.weights is None else samples.weights
        return form_of_arrays((given["x"], given["y"], weights), len(samples), self.batch_size)

    def ran_out(self) -> None:
        """Keras asked for one batch more than there is."""

    @contextmanager
    def catch_stop_iteration(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self.reason or self._real is None:
                raise
            with self._real.catch_stop_iteration():
                raise error

    def described(self) -> dict[str, Any]:
        """The network and what measures it. Nothing is built: Keras may refuse the data before it builds anything."""
        if not self.model.built and is_own(self.model):  # nobody else knows how
            build_by_a_call(self.model, self._form()[0])
        if not trains_as_keras(self.model):
            raise CannotTrainHere(_("the network's class or its training step is the notebook's own"))
        network = self.model if self.model.built else built_copy(self.model, self._batch_shape())
        compiled = describe_compile(self.model, answers(network))
        model = describe_model(network, {}, weights=False).model_copy(update={"compiled": compiled})
        return {
            "model": model,
            "metrics": describe_metrics(self.model, self._tensors(network)),
            "samples": self.samples,
        }

    def _batch_shape(self) -> tuple[int | None, ...]:
        return self._form()[0][1][0], *self.samples.shape  # of the first array, the length of a batch

    def _tensors(self, network: Any) -> tuple[Any, Any]:
        """Of what shapes labels and the answers of `network` are."""
        import keras

        labels = keras.KerasTensor((None, self.samples.one_hot) if self.samples.one_hot else (None,), "float32")
        return labels, keras.KerasTensor((None, *answers(network)[0].shape[1:]), "float32")

    def build(self, *, trains: bool) -> None:
        """What Keras builds, and says, when it sees the first batch; the optimizer only where it `trains`."""
        model = self.model
        if not model.built:
            model.build(self._batch_shape())
        if trains and model.trainable_weights and model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        for part in (model._compile_metrics, model._compile_loss):
            if part is not None and not part.built:
                part.build(*self._tensors(model))
        if self.traces:
            warn_as_traced(model, self.data.given["x"], self.samples.shape, trains=trains)

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


class TrainingEpochs(JudgedEpochs):
    """Epochs of ``fit``. `epochs`: to ask for at once: all, or 1 where a callback may change something in between."""

    function, stops = "train_function", "stop_training"

    def __init__(
        self,
        *args: Any,
        epochs: int,
        shuffle: bool,
        validation: EvaluationEpochs | None,
        known: Known,
        careful: bool,
    ) -> None:
        super().__init__(*args)
        self.epochs, self.shuffle, self.validation = epochs, shuffle, validation
        self.known, self.careful = known, careful
        self._rows: deque[bytes] = deque()
        self._first = True

    def judge(self) -> None:
        if not self._rows:
            self._ask()
        self.measured(self._rows.popleft())()

    def _ask(self) -> None:
        at_once = self.validation if self.epochs > 1 else None
        request = Fit(
            type="fit", **self.described(), validation=at_once.samples if at_once else None,
            epochs=self.epochs, batch_size=self.batch_size, shuffle=self.shuffle, first=self._first,
            start=self._start(), optimizer_start=self._optimizer_start(),
        )  # fmt: skip
        answer, frames = self.ask(request)
        counted = self._judged_optimizer()[1]
        self.build(trains=True)
        variables = [*weights_of(self.model), *self.model.optimizer.variables]
        dtypes, epochs, validated = answer["dtypes"], answer["epochs"], answer["validated"]
        if len(variables) != len(dtypes) or len(frames) != len(dtypes) + epochs + validated or epochs != self.epochs:
            raise ProtocolError(_("the judge's answer does not fit the network"))
        arrays = [array_for(*one) for one in zip(variables, dtypes, frames, strict=False)]
        rows = frames[len(dtypes) :]
        self.measured(rows[0])  # before anything is assigned
        if self.careful and any(not np.isfinite(np.frombuffer(row)[0]) for row in rows[:epochs]):
            raise CannotTrainHere(_("the loss is no number, and a callback stops at the batch where that happens"))
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        count_draws(self.model, epochs * self.batches)
        if counted:
            self._count(counted)
        self._first = False
        self.known.weights.add(digest_of(self.model))
        self._rows.extend(rows[:epochs])
        if at_once:
            at_once.rows.extend(rows[epochs:])

    def ran_out(self) -> None:
        """Keras's graph counts a step where no batch comes any more, unless XLA compiled it: the counter and nothing else moves on."""
        model = self.model
        own = model.steps_per_execution == 1 and not model.run_eagerly and not model.jit_compile
        if own and model.optimizer is not None:
            self._count(1)

    def _count(self, steps: int) -> None:
        known, (judged, more) = self.known.optimizers, self._judged_optimizer()
        self.model.optimizer.iterations.assign_add(steps)
        known[self._optimizer()] = judged, more + steps

    def _judged_optimizer(self) -> tuple[str, int]:
        """As the judge knows the optimizer, and how many steps it has counted since."""
        now = self._optimizer()
        return self.known.optimizers.get(now, (now, 0))

    def _start(self) -> str:
        fresh = is_fresh(self.model)
        if fresh and not int(self.model.optimizer.iterations):
            return ""  # whatever else has such weights
        now = digest_of(self.model)
        if now in self.known.weights and self.model.built:  # not those of a part that was trained alone
            return now
        if not fresh:
            raise CannotTrainHere(_("the weights were set by hand or trained in another way"))
        return ""

    def _optimizer_start(self) -> str:
        if not all(map(has_value, self.model.optimizer.variables)):
            raise CannotTrainHere(_("Keras failed at this network before"))
        if int(self.model.optimizer.iterations) == 0:
            return ""
        return self._judged_optimizer()[0]

    def _optimizer(self) -> str:
        optimizer = self.model.optimizer
        rate = getattr(optimizer, "_learning_rate", None)
        variables = optimizer.variables
        return optimizer_digest(arrays_of(variables), len(variables) > 1 and variables[1] is rate)


class EvaluationEpochs(JudgedEpochs):
    """One pass of ``evaluate``, or of the validation in ``fit``: `rows` waits for what came along with the training."""

    any_sizes = True
    function, stops = "test_function", "stop_evaluating"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.rows: deque[bytes] = deque()

    def judge(self) -> None:
        if not self.rows:
            request = Evaluate(type="evaluate", weights=digest_of(self.model), **self.described())
            _answer, frames = self.ask(request)
            self.build(trains=False)
            self.rows.extend(frames[:1])
        self.measured(self.rows.popleft())()
