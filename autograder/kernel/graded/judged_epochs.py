"""What the judge does of ``fit`` and ``evaluate``: epochs of a training, and passes that measure (see `judged_iterator`)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.common.errors import CannotTrainHere, ProtocolError
from autograder.common.i18n import _
from autograder.common.wire.description import Component
from autograder.common.wire.messages import Evaluate, Fit, optimizer_digest
from autograder.kernel.describing.weights import (
    array_for,
    arrays_of,
    count_draws,
    digest_of,
    has_value,
    is_fresh,
    weights_of,
)
from autograder.kernel.graded.judged_iterator import JudgedEpochs


@dataclass
class Known:
    """Digests of what the judge gave to this notebook: `weights`, and `optimizers` that counted on: what they were, and how many steps."""

    weights: set[str] = field(default_factory=set)
    optimizers: dict[str, tuple[str, int]] = field(default_factory=dict)


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
        callbacks: tuple[Component, ...] = (),
    ) -> None:
        super().__init__(*args)
        self.epochs, self.shuffle, self.validation = epochs, shuffle, validation
        self.known, self.careful, self.callbacks = known, careful, callbacks
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
            callbacks=self.callbacks,
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
        own = model.steps_per_execution == 1 and not self.eagerly and not model.jit_compile
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
            self.rows.extend(frames[:1])
        self.build(trains=False)
        self.measured(self.rows.popleft())()
