"""One submission in front of the judge: what was trained, what was handed in, and what it is worth."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.common.errors import AutograderError, CannotRebuild, CannotTrainHere, CourseError, ProtocolError
from autograder.common.exhibits import Exhibit
from autograder.common.i18n import _
from autograder.common.results import Outcome, QuestionResult
from autograder.common.wire import handins
from autograder.common.wire.description import (
    FitRecord,
    FunctionDescription,
    ListDescription,
    MappingDescription,
    ModelDescription,
    digest,
)
from autograder.common.wire.handins import HandIns, Kept
from autograder.common.wire.messages import Evaluate, Fit, HandIn, SamplesMessage, TrainedHere, parse
from autograder.course.checks.base import Facts
from autograder.course.checks.calls import Answer, asked, called, calls_for, named
from autograder.course.checks.exhibit import portray
from autograder.course.checks.registry import decide
from autograder.course.course import Course, Question
from autograder.networks.build import architecture, callback_settings, compile_settings, size
from autograder.networks.lab import CourseLab, data_record
from autograder.networks.memo import Memo
from autograder.networks.train import Arrays, FitResult, FitSpec, Samples

log = logging.getLogger(__name__)
MAX_REQUESTS = 500
MAX_FITS = 60
MAX_VALUES = 400_000_000  # outputs of all layers for one batch: 1.6 GB of float32
MAX_WORK = 10**13  # multiplications of all forward passes of one training: some 10 minutes
MAX_KEPT = 1 << 30  # bytes of weights and optimizer states that one notebook's trainings may leave with the judge


@dataclass
class Lineage:
    """Weights that came out of our trainings of the network `plan`: how, and the arrays themselves."""

    plan: str
    fits: tuple[FitRecord, ...]
    weights: Arrays
    optimizer: str  # digest of the optimizer's state that the last of these trainings left
    specs: tuple[FitSpec, ...] = ()  # the same trainings, as they would be repeated


@dataclass
class Session:
    """Answers the requests of one kernel. Whatever a request holds, the answer is data or a ProtocolError."""

    course: Course
    assignment: str
    lab: CourseLab
    memo: Memo
    trained: dict[str, Lineage] = field(default_factory=dict)
    optimizers: dict[str, Arrays] = field(default_factory=dict)
    claims: dict[str, TrainedHere] = field(default_factory=dict)
    handed: dict[str, dict[str, Any]] = field(default_factory=dict)  # by question, and by name ('': without one)
    requests: int = 0
    fits: int = 0
    trained_now: int = 0  # of the fits, those that were not known already
    kept: int = 0
    seconds: dict[str, float] = field(
        default_factory=dict
    )  # by what was done: train, recall, evaluate, hand_in, decide

    def answer(self, document: dict[str, Any], frames: Sequence[bytes]) -> Answer:
        self.requests += 1
        if self.requests > MAX_REQUESTS:
            raise ProtocolError(_("a notebook may ask the grader {number} times at most", number=MAX_REQUESTS))
        started, known = time.perf_counter(), self.memo.misses
        request = parse(document, frames)
        try:
            match request:
                case HandIn():
                    return self._hand_in(request)
                case Fit():
                    return self._fit(request)
                case Evaluate():
                    return self._evaluate(request)
                case TrainedHere():
                    self.claims[request.weights] = request
                    return {"type": "noted"}, ()
            raise ProtocolError(_("this request is not known"))
        finally:
            trained = self.memo.misses - known
            self.trained_now += trained
            kind = ("train" if trained else "recall") if isinstance(request, Fit) else request.type
            self.spent(kind, time.perf_counter() - started)

    def spent(self, kind: str, seconds: float) -> None:
        self.seconds[kind] = self.seconds.get(kind, 0.0) + seconds

    # ---- trainings

    def _samples(self, message: SamplesMessage, input_shape: tuple[int | None, ...] | None) -> Samples:
        if len(message.labels) != len(message.rows):
            raise ProtocolError(_("there are not as many labels as rows"))
        if message.shape != (input_shape or ())[1:] or int(np.prod(message.shape)) != 784:
            raise CannotRebuild(_("the network takes samples of another shape than {shape}", shape=message.shape))
        return Samples(message.rows, message.labels, message.lookup.astype(np.float32), message.shape)

    def _fit(self, request: Fit) -> Answer:
        limits = self.course.limits
        if request.epochs > limits.epochs:
            return _limit(
                _(
                    "{epochs} epochs asked for, and the course allows {allowed}",
                    epochs=request.epochs,
                    allowed=limits.epochs,
                )
            )
        self.fits += 1
        if self.kept > MAX_KEPT:
            return _limit(_("the networks trained in this notebook are too large in all"))
        if self.fits > MAX_FITS:
            return _limit(_("a notebook may train {number} times at most", number=MAX_FITS))
        try:
            if request.model.compiled is None:
                raise CannotRebuild(_("compile() was not called"))
            plan, settings = architecture(request.model), compile_settings(request.model.compiled)
            net, rows = size(plan), len(request.samples.rows)
            if net.parameters > limits.parameters:
                return _limit(
                    _(
                        "the network has {parameters:,} parameters, and the course allows {allowed:,}",
                        parameters=net.parameters,
                        allowed=limits.parameters,
                    )
                )
            if net.work * rows * request.epochs > MAX_WORK:
                raise CannotRebuild(_("this training is too long for the grader"))
            if net.values * min(request.batch_size, rows) > MAX_VALUES:
                raise CannotRebuild(_("the network is too large for such a batch"))
            samples = self._samples(request.samples, request.model.input_shape)
            validation = self._validation(request, samples)
            start = self._start(request, plan)
            spec = FitSpec(
                plan, settings, samples, request.epochs, request.batch_size, request.shuffle, self.course.seed,
                start.weights if start else None,
                self.optimizers[request.optimizer_start] if request.optimizer_start else None,
                validation,
                callback_settings(request.callbacks),
                request.validation is not None,
            )  # fmt: skip
            result = self.memo.fit(spec.key(), lambda: self.lab.trainer.fit(spec))
        except (CannotRebuild, CannotTrainHere) as error:
            return {"type": "cannot", "reason": str(error)}, ()
        except ValueError as error:
            raise ProtocolError(_("this training does not fit the network: {error}", error=error)) from error
        self._remember(request, spec, result, start)
        history = result.history
        if request.validation is None:
            history = {name: values for name, values in history.items() if not name.startswith("val_")}
        return {"type": "trained", "history": history, "weights": len(result.weights)}, (
            *result.weights,
            *result.optimizer_state,
        )

    def _validation(self, request: Fit, samples: Samples) -> Samples:
        """The hold-out unless the student validates on something else: so asking for validation or not is one training."""
        if request.validation is not None:
            return self._samples(request.validation, request.model.input_shape)
        return Samples(self.lab.rows("holdout"), self.lab.labels("holdout"), samples.lookup, samples.shape)

    def _start(self, request: Fit, plan: str) -> Lineage | None:
        if not request.start:
            if request.optimizer_start:
                # Momentum remembers what was trained on: another training's state would carry its data over.
                raise CannotRebuild(_("the optimizer was used before, on other weights"))
            return None
        lineage = self.trained.get(request.start)
        if lineage is None or lineage.plan != plan:
            raise CannotRebuild(_("the weights do not come from a training of this network by the grader"))
        if request.optimizer_start not in ("", lineage.optimizer):
            raise CannotRebuild(_("the optimizer's state does not come from the training of these weights"))
        return lineage

    def _remember(self, request: Fit, spec: FitSpec, result: FitResult, start: Lineage | None) -> None:
        assert request.model.compiled is not None
        record = FitRecord(
            epochs=len(result.history["loss"]),
            batch_size=request.batch_size,
            data=data_record(request.samples, self.lab),
            compiled=request.model.compiled,
            history={name: tuple(values) for name, values in result.history.items()},
            where="judge",
        )
        state = digest(result.optimizer_state)
        fits, specs = (start.fits, start.specs) if start else ((), ())
        self.trained[digest(result.weights)] = Lineage(
            spec.plan, (*fits, record), result.weights, state, (*specs, spec)
        )
        self.optimizers[state] = result.optimizer_state
        self.kept += sum(array.nbytes for array in (*result.weights, *result.optimizer_state))

    def _evaluate(self, request: Evaluate) -> Answer:
        lineage = self.trained.get(request.weights)
        if lineage is None:
            return {"type": "cannot", "reason": _("the weights do not come from a training of the grader")}, ()
        try:
            model = _with_weights(request.model, lineage.weights)
            measured = self.lab.measure(model, self._samples(request.samples, request.model.input_shape))
        except CannotRebuild as error:
            return {"type": "cannot", "reason": str(error)}, ()
        return {"type": "evaluated", "metrics": dict(measured)}, ()

    # ---- questions

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """What was handed in, by question and name."""
        questions = self.course.assignment(self.assignment).questions
        return {key: named(values, questions[key]) for key, values in self.handed.items()}

    def _hand_in(self, request: HandIn) -> Answer:
        name, dot, key = request.question.partition(".")
        if name != self.assignment or not dot:
            raise ProtocolError(
                _(
                    "'{question}' is not a question of the assignment '{assignment}'",
                    question=request.question,
                    assignment=self.assignment,
                )
            )
        try:
            _name, question = self.course.question(request.question)
        except CourseError as error:
            raise ProtocolError(f"{error}. {error.remedy}") from error
        values = named(request.values, question)
        calls = calls_for(question.checks, values, self.course.seed)
        if calls and not request.answered:
            return asked(calls)
        self.handed[key] = {name: self._with_provenance(value) for name, value in request.values.items()}
        return {"type": "taken"}, ()

    def _with_provenance(self, value: Any) -> Any:
        """What the kernel says about trainings is replaced by what the judge knows."""
        if isinstance(value, MappingDescription):
            items = {key: self._with_provenance(item) for key, item in value.items.items()}
            return value.model_copy(update={"items": items})
        if isinstance(value, ListDescription):
            return value.model_copy(update={"items": tuple(self._with_provenance(item) for item in value.items)})
        if isinstance(value, FunctionDescription):
            results = {key: tuple(map(self._with_provenance, given)) for key, given in value.results.items()}
            return value.model_copy(update={"results": results})
        if not isinstance(value, ModelDescription):
            return value
        key = digest(value.weights)
        if key in self.trained:
            return value.model_copy(update=self._explained(value, self.trained[key]))
        if key in self.claims:
            claim = self.claims[key]
            fits = (claim.fit,) if claim.fit and self.course.sandbox_training == "accepted" else ()
            reason = "" if fits else _("this network was not trained by the grader: {reason}", reason=claim.reason)
            return value.model_copy(update={"fits": fits, "origin": reason, "undecided": not fits})
        origin = _("weights that do not come out of fit() in this notebook") if value.origin or value.fits else ""
        return value.model_copy(update={"fits": (), "origin": origin, "undecided": False})

    def _explained(self, model: ModelDescription, lineage: Lineage) -> dict[str, Any]:
        """Trained weights explain a network only if it is the network that was trained."""
        try:
            same = architecture(model) == lineage.plan
        except CannotRebuild as error:
            return {"fits": (), "origin": str(error), "undecided": True}
        origin = "" if same else _("weights that were trained in another network")
        return {"fits": lineage.fits if same else (), "origin": origin, "undecided": False}

    def results(self, language: str) -> list[QuestionResult]:
        """The outcomes of everything that was handed in, in the order of the course."""
        found = []
        for key, question in self.course.assignment(self.assignment).questions.items():
            if key in self.handed:
                values = named(self.handed[key], question)
                facts = Facts(values, self.lab, seed=self.course.seed)
                outcomes = decide(question.checks, facts, language)
                title = question.title.in_language(language)
                exhibit = self._exhibit(question, outcomes, values)
                found.append(
                    QuestionResult(
                        question=key, title=title, out_of=question.points, outcomes=outcomes, exhibit=exhibit
                    )
                )
        return found

    def _exhibit(self, question: Question, outcomes: Sequence[Outcome], values: dict[str, Any]) -> Exhibit | None:
        try:
            return portray(question.checks, outcomes, values, self.lab)
        except Exception as error:  # a picture that can't be made must not cost a mark
            log.warning("no exhibit for %s (%s: %s)", question.title.in_language(""), type(error).__name__, error)
            return None

    def keep(self) -> Kept:
        """What was handed in, so that it can be judged again: `results` must have been asked for before."""
        answers: dict[str, handins.Answer] = {}
        arrays: dict[str, bytes] = {}
        for key, values in self.handed.items():
            _, question = self.course.question(f"{self.assignment}.{key}")
            answers[key], own = handins.answer(values, called(values, question, self.course.seed))
            arrays |= own
        measured = self.lab.asked.ordered()
        return Kept(HandIns(assignment=self.assignment, answers=answers, measured=measured), arrays).capped()


def _limit(reason: str) -> Answer:
    return {"type": "limit", "reason": reason}, ()


def _with_weights(model: ModelDescription, weights: Arrays) -> ModelDescription:
    """All weights on the last layer: only their order matters to a rebuilt network."""
    layers = [layer.model_copy(update={"weights": ()}) for layer in model.layers]
    if layers:
        layers[-1] = layers[-1].model_copy(update={"weights": weights})
    return model.model_copy(update={"layers": tuple(layers)})


def refusal(error: AutograderError) -> Answer:
    return {"type": "refused", "reason": str(error)}, ()
