"""How the weights of one notebook came about: every epoch that the judge trained for it, from which state, on what.

A notebook may go on from any state that the judge gave it, whatever way the weights took meanwhile (a file, a callback that keeps
the best). What it says about its trainings is never believed: weights and optimizer states are known by their digests.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.common.errors import CannotRebuild, CannotTrainHere
from autograder.common.i18n import _
from autograder.common.wire.description import MAX_CALLBACKS, Component, FitRecord, digest
from autograder.common.wire.messages import Digest, Evaluate, Fit, optimizer_digest
from autograder.course.checks.answers.calls import Answer
from autograder.course.course import Course
from autograder.networks.accepted_trainings import asked_for, network, pay, samples_for, within
from autograder.networks.budget import Budget
from autograder.networks.build import (
    begins_with,
    constant_rate,
    structure,
    without_rate,
)
from autograder.networks.fit_spec import FitResult, FitSpec, Measured, State, measure_key
from autograder.networks.lab import CourseLab, data_record
from autograder.networks.memo import Memo
from autograder.networks.size import size

MAX_RECORDS = 50  # trainings of one network that differ from each other: what a hand-in can carry


@dataclass(frozen=True)
class Lineage:
    """Weights that came out of our trainings of the network `plan`: how, and what is needed to go on from them."""

    plan: str
    fits: tuple[FitRecord, ...]
    state: State  # without its arrays: the memo has them
    optimizer: Digest  # of the optimizer's state that the last of these trainings left
    specs: tuple[FitSpec, ...] = ()  # the same trainings, as they would be repeated
    keys: frozenset[str] = frozenset()  # of all states on the way


@dataclass
class Trainings:
    """The trainings of one notebook. What it may ask for is bounded by `budget`, whether the memo knows the result or not."""

    course: Course
    lab: CourseLab
    memo: Memo
    budget: Budget
    # By digest of weights. Several trainings may end with the same: of networks or settings that differ in nothing that matters.
    known: dict[str, tuple[Lineage, ...]] = field(default_factory=dict)  # the latest first
    calls: int = 0
    trained_now: int = 0  # of the calls, those of which an epoch was not known already
    _counted: bool = False

    def fit(self, request: Fit) -> Answer:
        """Raises CannotRebuild or CannotTrainHere for what the judge doesn't train: the notebook then trains as written."""
        request = request.model_copy(
            update={"samples": self.lab.own(request.samples), "validation": self.lab.own(request.validation)}
        )
        if request.first:
            self.calls, self._counted = self.calls + 1, False
        misses = self.memo.misses
        spec, base = self._spec(request)
        try:
            result = self.memo.fit(spec, lambda: self.lab.trainer)
        except ValueError as error:
            raise CannotRebuild(_("this training does not fit the network: {error}", error=error)) from error
        finally:
            if self.memo.misses > misses and not self._counted:
                self.trained_now, self._counted = self.trained_now + 1, True
        self._remember(request, spec, result, base)
        measured = [[_shown(one, request.metrics) for one in part] for part in (result.epochs, result.validation)]
        arrays = (*result.weights, *result.optimizer_state)
        answer = {
            "type": "trained", "weights": len(result.weights), "epochs": len(measured[0]), "validated": len(measured[1]),
            "dtypes": [array.dtype.str for array in arrays],
        }  # fmt: skip
        return answer, (*arrays, *measured[0], *measured[1])

    def evaluate(self, request: Evaluate) -> Answer:
        """Raises as `fit` does."""
        plan, settings = network(request.model, request.metrics)
        lineage = next(iter(self.ways(request.weights, plan)), None)
        net = size(plan)
        if lineage is None:
            raise CannotRebuild(_("the weights do not come from a training of the grader"))
        samples = samples_for(self.lab.own(request.samples), request.model, plan, settings, self.lab.data)
        self.budget.evaluate(net, len(samples.rows))
        key = measure_key(lineage.state.key, settings, samples)
        measured = self.memo.measured(
            key, lambda: self.lab.trainer.measure(plan, settings, self._state(lineage).weights, samples)
        )
        self.lab.teach(plan, settings, request.weights, samples, measured.logs)
        return {"type": "evaluated"}, (_shown(measured, request.metrics),)

    def ways(self, weights: str, plan: str, longer: bool = False) -> tuple[Lineage, ...]:
        """How weights with this digest came out of trainings of the network `plan`: the latest first, mostly one, or none.

        `longer`: or out of trainings of all but its last layers, which then have no weights, as a Softmax behind a network of logits.
        """
        same = begins_with if longer else operator.eq
        return tuple(one for one in self.known.get(weights, ()) if same(structure(plan), structure(one.plan)))

    # ---- what is asked for

    def _spec(self, request: Fit) -> tuple[FitSpec, Lineage | None]:
        plan, settings, samples, validation = asked_for(request, self.lab.data)
        base, start = self._start(request, plan)
        spec = FitSpec(
            plan, settings, samples, request.epochs, request.batch_size, request.shuffle, self.course.seed, start,
            bool(request.optimizer_start), validation,
        )  # fmt: skip
        within(spec.before + request.epochs, self.course.limits.epochs)
        pay(self.budget, request, plan, settings)
        return spec, base

    def _start(self, request: Fit, plan: str) -> tuple[Lineage | None, State | None]:
        """Where the training begins: what explains it, and the state itself."""
        if not request.start:
            if request.optimizer_start:
                # Momentum remembers what was trained on: another training's state would carry its data over.
                raise CannotRebuild(_("the optimizer was used before, on other weights"))
            return None, None
        ways = self.ways(request.start, plan)
        if not ways:
            raise CannotRebuild(_("the weights do not come from a training of this network by the grader"))
        lineage = next((one for one in ways if one.optimizer == request.optimizer_start), ways[0])
        if request.optimizer_start in ("", lineage.optimizer):
            return lineage, self._state(lineage)
        # Weights of one epoch and the optimizer of a later one of the same training: a callback gave back the best weights.
        later = (one for every in self.known.values() for one in every if lineage.state.key in one.keys)
        other = next((one for one in later if one.optimizer == request.optimizer_start), None)
        if other is None:
            raise CannotRebuild(_("the optimizer's state does not come from the training of these weights"))
        state = self._state(other)
        key = digest([np.frombuffer(f"{one.state.key}".encode(), np.uint8) for one in (lineage, other)])
        return other, replace(state, key=key, weights=self._state(lineage).weights)

    def _state(self, lineage: Lineage) -> State:
        return self.memo.state(lineage.state.key, lambda: self._again(lineage))

    def _again(self, lineage: Lineage) -> State:
        """The state of `lineage` trained once more: the memo no longer has it."""
        state: State | None = None
        for spec in lineage.specs:
            start = state if spec.start is not None else None
            state = self.memo.fit(replace(spec, start=start, validation=None), lambda: self.lab.trainer).state
        if state is None or state.key != lineage.state.key:
            raise CannotRebuild(_("the grader no longer has these weights"))
        return state

    # ---- what is known afterwards

    def _remember(self, request: Fit, spec: FitSpec, result: FitResult, base: Lineage | None) -> None:
        assert request.model.compiled is not None
        fits, specs, keys = (base.fits, base.specs, base.keys) if base else ((), (), frozenset())
        rate = constant_rate(spec.settings)
        record = FitRecord(
            epochs=request.epochs,
            batch_size=request.batch_size,
            data=data_record(request.samples, self.lab),
            compiled=request.model.compiled,
            callbacks=(request.callbacks,),
            history={name: tuple(values) for name, values in result.history.items()},
            where="judge",
        )
        bare = replace(spec, start=spec.start.bare() if spec.start else None)
        if specs and spec.keeps_optimizer and _same_way(specs[-1], spec):
            fits = (*fits[:-1], fits[-1].joined(record, int(request.first)))
            if specs[-1].settings == spec.settings:
                bare, specs = replace(specs[-1], epochs=specs[-1].epochs + spec.epochs), specs[:-1]
        else:
            fits = (*fits, record)
        if len(fits) > MAX_RECORDS:
            raise CannotTrainHere(_("the network was trained in more than {number} ways", number=MAX_RECORDS))
        optimizer = optimizer_digest(result.optimizer_state, rate is not None)
        lineage = Lineage(spec.plan, fits, result.state.bare(), optimizer, (*specs, bare), keys | set(spec.keys()))
        key = digest(result.weights)
        before = self.known.get(key, ())
        for same in (one for one in before if one.state.key == lineage.state.key):
            fits = tuple(map(_either, lineage.fits, same.fits)) if len(lineage.fits) == len(same.fits) else lineage.fits
            lineage = replace(lineage, fits=fits)
        others = (one for one in before if one.state.key != lineage.state.key)
        self.known[key] = (lineage, *others)[:MAX_RECORDS]


def _either(one: FitRecord, other: FitRecord) -> FitRecord:
    """Of two trainings that led to the very same weights, nobody can say which network came out of which: callbacks of either are both's."""
    if len(one.callbacks) != len(other.callbacks):
        return one
    calls = (
        (*own, *(more for more in others if more not in own))[:MAX_CALLBACKS]
        for own, others in zip(one.callbacks, other.callbacks, strict=True)
    )
    return one.model_copy(update={"callbacks": tuple(calls)})


def _same_way(one: FitSpec, other: FitSpec) -> bool:
    """Whether two trainings differ in nothing but their learning rate and their number of epochs."""
    ways = [
        (spec.plan, without_rate(spec.settings), spec.samples.key(), spec.batch_size, spec.shuffle)
        for spec in (one, other)
    ]
    return ways[0] == ways[1]


def _shown(measured: Measured, metrics: Sequence[Component]) -> Any:
    """What the notebook's own metrics are read off, float64 in one row: without the accuracy that it didn't ask for."""
    variables = measured.variables if metrics else measured.variables[:2]
    return np.concatenate([np.ravel(variable).astype(np.float64) for variable in variables])
