"""`check` at home: looks at the work, prints what it found, and returns the points of the visible checks.

The only part of ``kernel/`` that knows the course, its checks and how networks are measured; while grading it isn't even there.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from autograder.common.cells import left_empty
from autograder.common.data import data_sets, own_images
from autograder.common.data.base import DataSet
from autograder.common.data.prepared import Prepared
from autograder.common.errors import AutograderError, CourseError, DataError
from autograder.common.hints.for_errors import for_error, meant
from autograder.common.hints.pressed_hints import show_hint
from autograder.common.i18n import _, language
from autograder.common.i18n import asked_for as language_of_environment
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.showing.exhibits import Exhibit
from autograder.common.showing.outcome_table import Hidden, show_check
from autograder.common.wire.description import (
    ModelDescription,
    with_networks,
)
from autograder.common.wire.messages import Fit
from autograder.course.checks.answers.calls import calls_for
from autograder.course.checks.answers.other_questions import networks
from autograder.course.checks.base import Check, Facts
from autograder.course.checks.exhibit import portray
from autograder.course.checks.in_words import STEPPED
from autograder.course.checks.registry import decide
from autograder.course.checks.trainings.accuracy import Accuracy
from autograder.course.earnable import names_prepared
from autograder.course.packages import not_promised
from autograder.course.released_checks import HiddenCheck, VisibleCourse, VisibleQuestion, locate, read
from autograder.course.settings import DataSettings
from autograder.kernel.check_in_both_modes import Student
from autograder.kernel.describing.recognised_samples import shared
from autograder.kernel.home.notebook_errors import NotebookErrors
from autograder.kernel.home.progress import Stage, State, show_progress
from autograder.kernel.home.recorder import Recorder
from autograder.kernel.home.would_train import GraderAtHome, missing_there
from autograder.networks.accepted_trainings import asked_for, pay, within
from autograder.networks.budget import Budget
from autograder.networks.lab import CourseLab, data_record
from autograder.networks.own_files import require_readable


def _file() -> Path:
    return Path(os.environ["AUTOGRADER_COURSE"]) if "AUTOGRADER_COURSE" in os.environ else locate(Path.cwd())


def has_networks() -> bool:
    """Whether the course of this notebook has any; also where that can't be read."""
    try:
        return read(_file()).networks
    except AutograderError:
        return True


class HomeLab(CourseLab):
    """A lab that says it when the data set can't be had, instead of leaving every check undecided."""

    missing: AutograderError | None = None

    def __init__(self, settings: DataSettings | None = None, root: Path | None = None) -> None:
        super().__init__(settings, root)
        self.apart = False

    @property
    def data(self) -> DataSet:
        try:
            return super().data
        except DataError as error:
            self.missing = error
            raise

    @property
    def prepared(self) -> Prepared | None:
        try:
            return super().prepared
        except CourseError as error:
            self.missing = error
            raise

    def complain(self) -> None:
        error, self.missing = self.missing, None
        if error is not None:
            raise error


class HomeStudent(Student):
    """`results`: of this kernel, by question, the last one last. `hinted`: how many hints of a question were shown.

    `assignment`: whose notebook it is, where course.yml itself is read: a folder has its assignment's name.
    """

    trainings: Recorder

    def __init__(self, assignment: str = "") -> None:
        self._assignment = assignment or Path.cwd().name
        self._course: VisibleCourse | None = None
        self._lab: HomeLab | None = None
        self.results: dict[str, Answered] = {}
        self.hinted: dict[str, int] = {}
        self._handed: dict[str, dict[str, Any]] = {}  # by question, what was handed in last
        self._told_of: set[str] = set()  # modules
        grader = GraderAtHome(self._would_train)
        shared.name = self._data_set
        shared.load = lambda name: self.lab.data if name == own_images.IMAGES else data_sets.load(name)
        shared.orders = lambda: [self.lab.rows("train"), self.lab.rows("holdout")]  # as while grading
        super().__init__(Recorder(lambda samples: data_record(samples, self.lab), grader.refusal), has_networks())
        self.errors = NotebookErrors(lambda: self.language)
        self.errors.watch(self.hand_in_what_is_there)

    @property
    def course(self) -> VisibleCourse:
        if self._course is None:
            self._course = read(_file(), self._assignment)
        return self._course

    @property
    def language(self) -> str:
        """What the environment asks for, or the language of the released file; '' while that can't be read."""
        if language_of_environment():
            return language_of_environment()
        try:
            return self.course.language
        except AutograderError:
            return ""

    def _data_set(self) -> str:
        try:
            return self.course.data.name if self.course.networks else ""
        except AutograderError:
            return data_sets.USUAL

    @property
    def lab(self) -> HomeLab:
        if self._lab is None:
            self._lab = HomeLab(self.course.data, self.course.root)
        return self._lab

    def _would_train(self, request: Fit) -> None:
        """As the judge decides it. Raises CannotRebuild."""
        plan, settings, *_others = asked_for(request, self.lab.data)
        within(request.epochs, self.course.grader.epochs)
        pay(Budget(self.course.grader.parameters), request, plan, settings)

    def _known_about(self, model: Any, described: ModelDescription) -> ModelDescription:
        known: dict[str, Any] = {"fits": self.trainings.fits(model)}
        if not self.trainings.is_known(model) and self.trainings.stepped(model):
            known = {"fits": (), "origin": _(STEPPED), "undecided": True}
        return described.model_copy(update=known)

    def check(self, place: str, value: Any, named: dict[str, Any], given: bool, hidden: bool) -> float | None:
        question = self.course.question(place)
        self._require_prepared(place)
        objects = {question.first_name: value, **named} if given else named
        values = self.values(value, named, given, question.first_name)
        checks = (*question.checks, *(question.secret if hidden else ()))
        later = () if hidden else question.hidden
        values = self.answer(values, objects, calls_for((*checks, *later), values, self.course.seed))
        self._handed[place] = values
        self.note(objects)
        facts = Facts(values, self.lab, self.course.seed, networks(self._handed.values()))
        with _quiet():
            outcomes = decide(checks, facts, language())
            self.lab.complain()
        result = QuestionResult(
            question=place, title=question.title, out_of=sum((check.points for check in checks), 0.0), outcomes=outcomes,
            exhibit=_structure(question.checks, outcomes, values, self.lab),
        )  # fmt: skip
        result = result if result.status is Status.PASSED else result.model_copy(update=_explained(self.errors.last))
        told = tuple(_told(check, facts, outcomes) for check in later)
        self.results.pop(place, None)
        self.results[place] = Answered(result, told)
        show_check(result, told)
        self._say_what_differs(checks, outcomes, values)
        decided = any(outcome.status in (Status.PASSED, Status.FAILED) for outcome in outcomes)
        if self.course.released:
            return Points(result.points) if decided else None
        return result.points if decided or hidden else None  # plain nbgrader reads it off the cell's output

    def take_what_is_there(self, place: str, value: Any, named: dict[str, Any]) -> None:
        if named or value is not None:  # of nothing the error says enough
            super().take_what_is_there(place, value, named)

    def _require_prepared(self, place: str) -> None:
        """The arrays that a question's checks name: without them the right answer would be none. Raises CourseError."""
        asked = [(at, check) for at, check in self.course.checks(place) if names_prepared(check)]
        if asked:
            require_readable(self.lab, _file(), asked)

    def _say_what_differs(self, checks: Sequence[Check], outcomes: Sequence[Outcome], values: dict[str, Any]) -> None:
        """What passed here and can't be decided there; and packages that are not there."""
        graded_as = {name: _as_graded(value) for name, value in values.items()}
        there = {name: value for name, (value, _why) in graded_as.items()}
        reasons = dict.fromkeys(reason for _value, why in graded_as.values() for reason in why)
        if reasons and self.course.grader.training != "accepted":
            with _quiet():
                graded = decide(checks, Facts(there, self.lab, seed=self.course.seed), language())
            pairs = zip(outcomes, graded, strict=True)
            if any(here.status is Status.PASSED and later.status is not here.status for here, later in pairs):
                print(_("A person will have to look at this when it is graded: {reason}.", reason="; ".join(reasons)))
        names = [name for name in dict.fromkeys(self.errors.modules()) if name not in self._told_of]
        if names and (missing := not_promised(names, self.course.grader.packages, self.course.networks)):
            print(missing_there(missing))
        self._told_of.update(names)

    def progress(self, assignment: str) -> None:
        """Show what is left of `assignment`; '' for the one that was checked last, or all that the file holds."""
        last = next((place.partition(".")[0] for place in reversed(self.results)), "")
        wanted = assignment or last
        questions = {
            place: question
            for place, question in self.course.questions.items()
            if not wanted or place.startswith(f"{wanted}.")
        }
        if not questions:
            known = sorted({place.partition(".")[0] for place in self.course.questions})
            raise CourseError(_("there is no assignment '{name}' here", name=assignment), meant(assignment, known))
        show_progress([state(place, question, self.results.get(place)) for place, question in questions.items()])

    def hint(self, place: str) -> None:
        """Show the next hint for `place`, and the last one again when there is no other; '' for the question that was checked last."""
        place = place or next(reversed(self.results), "") or next(reversed(self.hinted), "")
        if not place:
            raise CourseError(_("a question is missing"), _('Name it: check.hint("assignment.question").'))
        question = self.course.question(place)
        if not question.hints:
            print(_("There is no hint for {place}. check() says what is missing.", place=place))
            return
        number = min(self.hinted.get(place, 0) + 1, len(question.hints))
        self.hinted[place] = number
        show_hint(place, question.title, number, question.hints)
        if number == len(question.hints):
            print(_("This is the last hint."))


class Points(float):
    """What `check` returns: a number that Jupyter doesn't write below the table, where it would read like a verdict."""

    def _ipython_display_(self) -> None:
        """Nothing is shown."""


def _told(check: HiddenCheck, facts: Facts, outcomes: Sequence[Outcome]) -> Hidden:
    """What there is to say of a hidden check: nothing of its form where a visible check has said the same."""
    wrong = check.refusal(facts)
    if wrong is None:
        return Hidden(check.title, check.points, looked_at=check.form.kind != "any")
    if any(outcome.actual == wrong.actual for outcome in outcomes if outcome.status is Status.FAILED):
        return Hidden(check.title, check.points)
    return Hidden(check.title, check.points, True, wrong.expected, wrong.actual, wrong.hint)


class Answered(NamedTuple):
    """What `check` last said of a question: of its visible checks, and of the forms of its hidden ones."""

    result: QuestionResult
    later: tuple[Hidden, ...] = ()


def _as_graded(value: Any) -> tuple[Any, list[str]]:
    """`value` as it is when graded, where nothing is known of networks that the grader can't train; and why it can't."""
    reasons: list[str] = []

    def untold(network: ModelDescription) -> ModelDescription:
        own = [fit.reason for fit in network.fits if fit.reason]
        reasons.extend(own)
        return network.model_copy(update={"fits": (), "origin": own[0], "undecided": True}) if own else network

    return with_networks(value, untold), reasons


def state(place: str, question: VisibleQuestion, answered: Answered | None) -> State:
    """How far the question at `place` is: done when its check cell ran with values, and nothing that it showed is open."""
    out_of = sum((check.points for check in question.checks), 0.0)
    hidden = sum((check.points for check in question.hidden), 0.0)
    if answered is None:
        return State(place, question.title, Stage.UNANSWERED, 0.0, out_of, hidden)
    seen = {check.id for check in question.checks}
    outcomes = [outcome for outcome in answered.result.outcomes if outcome.check in seen]
    earned = sum((outcome.points for outcome in outcomes), 0.0)
    malformed = [one for one in answered.later if one.found]
    if any(outcome.status in (Status.FAILED, Status.SKIPPED) for outcome in outcomes) or malformed:
        partly = earned or (not outcomes and len(malformed) < len(answered.later))
        none = not outcomes and not partly
        stage = Stage.PARTLY if partly else Stage.UNANSWERED if none else Stage.NOT_YET
    else:
        stage = Stage.DONE if outcomes else Stage.ANSWERED
    return State(place, question.title, stage, earned, out_of, hidden)


def _structure(checks: Any, outcomes: Any, values: Any, lab: CourseLab) -> Exhibit | None:
    """The networks that are asked about; no accuracy is measured for a drawing."""
    try:
        shown = portray([check for check in checks if not isinstance(check, Accuracy)], outcomes, values, lab)
    except Exception:  # a drawing must never spoil a check
        return None
    return shown


@contextmanager
def _quiet() -> Iterator[None]:
    """Send nowhere what is logged and warned while networks are measured: it isn't about the student's code, and nbgrader scores
    a cell with stderr as zero. TensorFlow's C++ side writes to file descriptor 2, its Python side to a log."""
    logged = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"), _nowhere(2):
            yield
    finally:
        logging.disable(logged)


@contextmanager
def _nowhere(descriptor: int) -> Iterator[None]:
    sys.stderr.flush()
    try:
        kept = os.dup(descriptor)
    except OSError:  # some editors run kernels without it
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    try:
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(nothing)


def _explained(error: BaseException | None) -> dict[str, str]:
    """What the cell just before raised, if there is a hint for it: it often explains what `check` misses."""
    hint = for_error(type(error).__name__, str(error)) if isinstance(error, Exception) else ""
    if not hint or left_empty(type(error).__name__, str(error)):
        return {}
    return {"problem": _("The cell just before raised {kind}.", kind=type(error).__name__), "hint": hint}
