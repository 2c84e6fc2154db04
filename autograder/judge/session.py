"""One submission in front of the judge: what was trained, what was handed in, and what it is worth."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from autograder.common.errors import AutograderError, CannotRebuild, CannotTrainHere, CourseError, ProtocolError
from autograder.common.i18n import _
from autograder.common.results import Outcome, QuestionResult
from autograder.common.showing.exhibits import Exhibit
from autograder.common.wire import handins, protocol
from autograder.common.wire.description import (
    DataRecord,
    FitRecord,
    ModelDescription,
    digest,
    with_networks,
)
from autograder.common.wire.handins import HandIns, Kept
from autograder.common.wire.messages import Evaluate, Fit, HandIn, TrainedHere, parse
from autograder.course.checks.answers.calls import Answer, asked, called, calls_for, named, takes_networks
from autograder.course.checks.answers.other_questions import networks
from autograder.course.checks.base import Facts
from autograder.course.checks.exhibit import portray
from autograder.course.checks.in_words import STEPPED
from autograder.course.checks.registry import decide
from autograder.course.checks.trainings.training import TrainedOn
from autograder.course.course import Course, Question
from autograder.judge.trainings import Lineage, Trainings
from autograder.networks.accepted_trainings import check_rows
from autograder.networks.budget import Budget
from autograder.networks.build import architecture
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from autograder.networks.size import Size

log = logging.getLogger(__name__)
MAX_REQUESTS = 5_000
MAX_SAMPLES = 4 << 20  # bytes of arrays of a request for training or measuring, for both parts of the data
MAX_PLAIN = 8 << 20  # bytes of arrays of a question where no network is asked for
MAX_HELD = 512 << 20  # bytes that all hand-ins of a submission take here
OBJECTS = 20  # how many bytes one of a document takes once it is read


@dataclass
class Session:
    """Answers the requests of one kernel. Whatever a request holds, the answer is data or a ProtocolError."""

    course: Course
    assignment: str
    lab: CourseLab
    memo: Memo
    claims: dict[str, TrainedHere] = field(default_factory=dict)
    handed: dict[str, dict[str, Any]] = field(default_factory=dict)  # by question, and by name ('': without one)
    held: dict[str, int] = field(default_factory=dict)  # bytes, by question
    avoid: Sequence[Sequence[int]] = ()  # parameters and values of networks that judges died of
    busy: Callable[[Size | None], object] = lambda net: None  # is told which network the work of the moment is about
    requests: int = 0
    seconds: dict[str, float] = field(
        default_factory=dict
    )  # by what was done: train, recall, evaluate, hand_in, decide

    def __post_init__(self) -> None:
        self.lab.budget = budget = Budget(self.course.limits.parameters, avoid=self.avoid, begins=self.busy)
        self.trainings = Trainings(self.course, self.lab, self.memo, budget)

    @property
    def trained(self) -> dict[str, tuple[Lineage, ...]]:
        """What is known of weights, by their digest: the trainings that they came out of, the latest first."""
        return self.trainings.known

    def lineage(self, model: ModelDescription, weights: str) -> Lineage | None:
        """How a network's weights, which have the digest `weights`, came about. Of several ways to the same weights: the one with the network's own settings.

        Raises CannotRebuild for a network that can't be rebuilt.
        """
        ways = self.trainings.ways(weights, architecture(model), longer=True)
        own = (one for one in ways if one.fits[-1].compiled == model.compiled)
        return next(own, ways[0] if ways else None)

    @property
    def fits(self) -> int:
        return self.trainings.calls

    @property
    def trained_now(self) -> int:
        return self.trainings.trained_now

    def admit(self, document: dict[str, Any], text: int, arrays: int) -> None:
        """Whether so many bytes of document and of arrays may come in. Raises ProtocolError for more than any check could accept."""
        named = document.get("question")
        if document.get("type") != "hand_in" or not isinstance(named, str):
            if arrays > MAX_SAMPLES:
                raise ProtocolError(_("a message of {size:,} bytes is too large", size=text + arrays))
            return
        key = named.rpartition(".")[2]
        question = self.course.assignment(self.assignment).questions.get(key)
        if arrays > (protocol.MAX_FRAMES if question is not None and takes_networks(question.checks) else MAX_PLAIN):
            raise ProtocolError(_("a message of {size:,} bytes is too large", size=text + arrays))
        if question is not None:
            others = sum(size for other, size in self.held.items() if other != key)
            if others + OBJECTS * text + arrays > MAX_HELD:
                raise ProtocolError(_("what this notebook handed in is too large in all"))
            self.held[key] = OBJECTS * text + arrays

    def answer(self, document: dict[str, Any], frames: Sequence[bytes]) -> Answer:
        self.requests += 1
        if self.requests > MAX_REQUESTS:
            raise ProtocolError(_("a notebook may ask the grader {number} times at most", number=MAX_REQUESTS))
        started, misses = time.perf_counter(), self.memo.misses
        request = parse(document, frames)
        if isinstance(request, (Fit, Evaluate)):
            check_rows(request, self.lab.data)
        try:
            match request:
                case HandIn():
                    return self._hand_in(request)
                case Fit():
                    return self.trainings.fit(request)
                case Evaluate():
                    return self.trainings.evaluate(request)
                case TrainedHere():
                    self.claims[request.weights] = request
                    return {"type": "noted"}, ()
            raise ProtocolError(_("this request is not known"))
        except (CannotRebuild, CannotTrainHere) as error:
            return {"type": "cannot", "reason": str(error)}, ()
        finally:
            self.busy(None)
            trained = self.memo.misses > misses
            kind = ("train" if trained else "recall") if isinstance(request, Fit) else request.type
            self.spent(kind, time.perf_counter() - started)

    def spent(self, kind: str, seconds: float) -> None:
        self.seconds[kind] = self.seconds.get(kind, 0.0) + seconds

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
        self.handed[key] = {name: with_networks(value, self._with_provenance) for name, value in request.values.items()}
        return {"type": "taken"}, ()

    def _with_provenance(self, value: ModelDescription) -> ModelDescription:
        """What the kernel says about trainings is replaced by what the judge knows."""
        key = digest(value.weights)
        if key in self.trained:
            return value.model_copy(update=self._explained(value, key))
        touched = bool(value.origin or value.fits)
        claim = self.claims.get(key) or (self._claim_beside(value) if touched else None)
        if claim is not None:
            if key in self.claims and claim.fit and self.course.sandbox_training == "accepted":
                return value.model_copy(update={"fits": (claim.fit,), "origin": "", "undecided": False})
            reason = _("this network was not trained by the grader: {reason}", reason=claim.reason)
            return value.model_copy(update={"fits": _of_other_data(claim), "origin": reason, "undecided": True})
        if touched and value.undecided:  # as the kernel says: a person has to look, whoever says so
            return value.model_copy(update={"fits": (), "origin": _(STEPPED)})
        origin = _("weights that do not come out of fit() in this notebook") if touched else ""
        return value.model_copy(update={"fits": (), "origin": origin, "undecided": False})

    def _claim_beside(self, model: ModelDescription) -> TrainedHere | None:
        """A training in the kernel that `model`, which can't be built here, may come out of: weights of an epoch between, say, that a callback kept."""
        try:
            architecture(model)
        except CannotRebuild:
            claims = [one for one in self.claims.values() if one.fit is not None and one.fit.compiled == model.compiled]
            return claims[-1] if claims else None
        return None

    def _explained(self, model: ModelDescription, weights: str) -> dict[str, Any]:
        """Trained weights explain a network only if it is the network that was trained."""
        try:
            lineage = self.lineage(model, weights)
        except CannotRebuild as error:
            return {"fits": (), "origin": str(error), "undecided": True}
        if lineage is None:
            return {"fits": (), "origin": _("weights that were trained in another network"), "undecided": False}
        return {"fits": lineage.fits, "origin": "", "undecided": False}

    def results(self, language: str) -> list[QuestionResult]:
        """The outcomes of everything that was handed in, in the order of the course."""
        found = []
        questions = self.course.assignment(self.assignment).questions
        elsewhere = networks(named(handed, questions[key]) for key, handed in self.handed.items())
        asked = ((check, key) for key in self.handed for check in questions[key].checks if isinstance(check, TrainedOn))
        refused = set[str]().union(*(check.refuses(named(self.handed[key], questions[key])) for check, key in asked))
        settled = partial(_settled, refused)
        for key, question in questions.items():
            if key in self.handed:
                handed = self.handed[key]
                if refused:
                    handed = {name: with_networks(value, settled) for name, value in handed.items()}
                values = named(handed, question)
                facts = Facts(values, self.lab, self.course.seed, elsewhere)
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
            try:
                answer, own = handins.answer(values, called(values, question, self.course.seed), arrays)
            except handins.TooLarge:
                return handins.dropped(self.assignment)
            looked_at = set[str]().union(*(check.names() for check in question.checks))
            answers[key] = answer.model_copy(update={"lacks": tuple(sorted(looked_at - {*named(values, question)}))})
            arrays |= own
        measured = self.lab.asked.ordered()
        return Kept(HandIns(assignment=self.assignment, answers=answers, measured=measured), arrays).capped()


def _settled(refused: Container[str], model: ModelDescription) -> ModelDescription:
    """A network that a check refuses for what it was trained on: what else depends on its training waits for nobody."""
    return (
        model.model_copy(update={"undecided": False}) if model.undecided and digest(model.weights) in refused else model
    )


def _of_other_data(claim: TrainedHere) -> tuple[FitRecord, ...]:
    """The training that a kernel tells of, where it was on other data than the course's: believed, as it can only cost points."""
    if claim.fit is None or not claim.fit.data.samples or claim.fit.data.recognised:
        return ()
    return (claim.fit.model_copy(update={"data": DataRecord(samples=claim.fit.data.samples), "history": {}}),)


def refusal(error: AutograderError) -> Answer:
    return {"type": "refused", "reason": str(error)}, ()
