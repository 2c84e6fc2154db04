"""What a submission lost points for, mistake by mistake: each with the later questions that probably come right when it is repaired.

A loss is put down to the earliest mistake that explains it: an exception or a broken limit that the grader followed, the same words about
a value that both questions look at, or a check that measures what the mistake went into. What nothing before explains is a mistake itself.
So the losses of a report add up to what it lost: a crashed notebook is one mistake, and not eight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from autograder.common.errors import CourseError
from autograder.common.i18n import _, speaking
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.course.checks.answers import arrays, functions, values
from autograder.course.checks.base import Check
from autograder.course.checks.networks import compiling, layers, named_layers, size
from autograder.course.checks.trainings import accuracy, counted, evaluation, predictions, training
from autograder.course.course import Course
from autograder.course.question_dependencies import Needed, needed_by

# What a mistake spoils for whatever is made of it ...
_SHAPE, _DATA, _NETWORK, _COMPILING, _TRAINING, _ALL = "shape", "data", "network", "compiling", "training", "all"
_STRUCTURE = (
    layers.Layers, size.Builds, size.InputShape, size.OutputShapes, size.WeightShapes, size.Parameters,
)  # fmt: skip
_SPOILS: tuple[tuple[tuple[type[Check], ...], str], ...] = (
    (_STRUCTURE, _NETWORK), ((compiling.Loss, compiling.OptimizerCheck), _COMPILING),
    ((training.TrainedOn, counted.Epochs, training.Fresh), _TRAINING),
)  # fmt: skip
_BY_HAND = (values.ValueCheck, values.Choice, functions.Function)
_SPOILS_NOTHING = (
    *_BY_HAND, values.Keys, values.Winner, compiling.Metrics, named_layers.LayerNames, named_layers.SameLayers, counted.BatchSize,
    accuracy.Accuracy, predictions.Predictions, evaluation.Evaluation, evaluation.Evaluations,
)  # fmt: skip
# ... and what a check's verdict rests on beside the answer itself; all but answers by hand also on that something was made at all.
_RESTS: tuple[tuple[tuple[type[Check], ...], frozenset[str]], ...] = (
    ((accuracy.Accuracy,), frozenset({_SHAPE, _DATA, _NETWORK, _COMPILING, _TRAINING})),
    ((evaluation.Evaluations,), frozenset({_SHAPE, _DATA, _COMPILING, _TRAINING})),
    ((evaluation.Evaluation, predictions.Predictions, training.TrainedOn), frozenset({_SHAPE, _DATA})),
    (_STRUCTURE, frozenset({_NETWORK})),
)  # fmt: skip


def _spoils(check: Check | None) -> str:
    """What a lost check says is spoiled; '' for what nothing is made of. A check of another package may look at anything."""
    if isinstance(check, arrays.ArrayCheck):
        return _DATA if check.shape is None else _SHAPE
    if isinstance(check, _SPOILS_NOTHING):
        return ""
    return next((spoils for kinds, spoils in _SPOILS if isinstance(check, kinds)), _ALL)


def _rests(check: Check | None) -> frozenset[str]:
    if isinstance(
        check, arrays.ArrayCheck
    ):  # rows are compared whatever their scaling: a shape alone comes from before
        return frozenset({_SHAPE} if check.shape is not None else ())
    return next((rests for kinds, rests in _RESTS if isinstance(check, kinds)), frozenset())


@dataclass
class Loss:
    """One mistake. `question`: where it is, or '' for a cell of no question, which `place` names then.

    `outcomes`: of its own question, what it cost; `following`: points by later question; `whole`: those of them that lost nothing else.
    `problem`: why the question has no answer, if it has none; `unanswered`, `broken`: because nobody wrote one, because a limit was broken.
    """

    question: str = ""
    place: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    problem: str = ""
    hint: str = ""
    unanswered: bool = False
    broken: bool = False
    following: dict[str, float] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    spoils: frozenset[str] = frozenset()

    @property
    def own(self) -> float:
        return round(sum(_lost(outcome) for outcome in self.outcomes), 6)

    @property
    def points(self) -> float:
        return round(self.own + sum(self.following.values()), 6)

    @property
    def gain(self) -> float:
        """What its repair probably brings: its own points, and those of the questions that come right with it."""
        return round(self.own + sum(self.following[key] for key in self.whole), 6)

    @property
    def check(self) -> str:
        """The check that says it: the first of those it cost; '' for a question without an answer."""
        return "" if self.problem or not self.outcomes else self.outcomes[0].check

    @property
    def said(self) -> str:
        """The mistake in words, as helpful as there are any: a hint, or why there is no answer, or what the first check found."""
        if self.problem:
            return self.hint or self.problem
        return next((outcome.hint or outcome.actual for outcome in self.outcomes), "")


def losses(report: Report, course: Course) -> list[Loss]:
    """The mistakes of a submission, in the order of its questions. What waits for a person isn't lost."""
    return _Reading(report, course).read()


def _lost(outcome: Outcome) -> float:
    return 0.0 if outcome.status is Status.UNDECIDED else max(0.0, outcome.out_of - outcome.points)


class _Reading:
    def __init__(self, report: Report, course: Course) -> None:
        self.report = report
        try:
            self.needed: Needed = needed_by(course, report.assignment)
            questions = course.assignment(report.assignment).questions
        except CourseError:  # the course is another one than was graded
            self.needed, questions = {}, {}
        self.checks = {(key, check.id): check for key, question in questions.items() for check in question.checks}
        self.found: list[Loss] = []
        self.explained: dict[str, Loss] = {}  # by question that lost something: the mistake that it comes from, or is
        with speaking(report.language):
            self.unanswered = _("This question was not answered.")

    def read(self) -> list[Loss]:
        for result in self.report.questions:
            if any(_lost(outcome) for outcome in result.outcomes):
                self._question(result)
        lost = {q.question: round(sum(map(_lost, q.outcomes)), 6) for q in self.report.questions}
        for loss in self.found:
            loss.whole = tuple(key for key, points in loss.following.items() if points >= lost[key] - 1e-9)
        return self.found

    def _question(self, result: QuestionResult) -> None:
        followed = self._followed(result)
        if followed is not None:
            self._follow(followed, result.question, result.outcomes)
            self.explained[result.question] = followed
            return
        own: list[Outcome] = []
        roots: dict[str, Loss] = {}
        for outcome in result.outcomes:
            if not _lost(outcome):
                continue
            root = self._root(result, outcome, roots)
            if root is None:
                own.append(outcome)
            else:
                roots[outcome.check] = root
                self._follow(root, result.question, [outcome])
        if roots:
            self.explained[result.question] = next(iter(roots.values()))
        if own:
            self.found.append(
                Loss(
                    question=result.question, outcomes=own, problem=result.problem, hint=result.hint,
                    unanswered=result.problem == self.unanswered, broken=self._broken(result) != "", spoils=self._spoils(result, own),
                )
            )  # fmt: skip
            self.explained[result.question] = self.found[-1]

    def _follow(self, root: Loss, question: str, outcomes: Iterable[Outcome]) -> None:
        lost = sum(map(_lost, outcomes))
        root.following[question] = round(root.following.get(question, 0.0) + lost, 6)

    def _followed(self, result: QuestionResult) -> Loss | None:
        """The mistake that kept the whole question from being answered, as the grader followed it."""
        cause = self.report.first_cause
        if cause is not None and result.question in cause.questions:
            return self.explained.get(cause.question) or self._place(cause.place, cause.sentence)
        if said := self._broken(result):
            return next((loss for loss in self.found if said in loss.problem.lower()), None)
        told = (question for question in self.explained if f"“{self._title(question)}”" in result.problem)
        return next((self.explained[question] for question in told), None)

    def _broken(self, result: QuestionResult) -> str:
        """The broken limit that a question's problem tells of; '' if it tells of none."""
        told = result.problem.lower()
        sentences = (broken.sentence.rstrip(".").lower() for broken in self.report.breaks)
        return next((said for said in sentences if said and said in told), "")

    def _place(self, place: str, said: str) -> Loss:
        known = next((loss for loss in self.found if loss.place == place), None)
        if known is None:
            known = Loss(place=place, problem=said, spoils=frozenset({_ALL}))
            self.found.append(known)
        return known

    def _title(self, question: str) -> str:
        return next(result.title for result in self.report.questions if result.question == question)

    def _root(self, result: QuestionResult, outcome: Outcome, roots: dict[str, Loss]) -> Loss | None:
        """The earlier mistake that explains one lost check; None if nothing does."""
        if result.problem == self.unanswered:
            return None
        check = self.checks.get((result.question, outcome.check))
        if outcome.status is Status.SKIPPED and check is not None and check.needs:
            return next((roots[need] for need in check.needs if need in roots), None)
        for loss in self.found:
            if result.question not in self.needed.get(loss.question, ()):
                continue
            if any(_same_words(outcome, other) for other in loss.outcomes) or self._comes_from(check, result, loss):
                return loss
        return None

    def _comes_from(self, check: Check | None, result: QuestionResult, loss: Loss) -> bool:
        if result.problem and loss.spoils:  # a cell that raised, on what was spoiled before
            return True
        if isinstance(check, _BY_HAND):
            return False
        if _ALL in loss.spoils:
            return True
        return bool(_rests(check) & loss.spoils)

    def _spoils(self, result: QuestionResult, own: Iterable[Outcome]) -> frozenset[str]:
        if result.problem:
            return frozenset({_ALL})
        return frozenset(_spoils(self.checks.get((result.question, outcome.check))) for outcome in own) - {""}


def _same_words(one: Outcome, other: Outcome) -> bool:
    if one.hint and other.hint:
        return one.hint == other.hint
    return bool(one.actual) and (one.actual, one.expected) == (other.actual, other.expected)
