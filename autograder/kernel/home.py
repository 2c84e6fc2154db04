"""`check` at home: looks at the work, prints what it found, and returns the points of the visible checks.

The only part of ``kernel/`` that knows the course, its checks and how networks are measured; while grading it isn't even there.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from autograder.common.data import FashionMnist
from autograder.common.errors import AutograderError, CannotTrainHere, CourseError, DataError, OtherData
from autograder.common.exhibits import Exhibit
from autograder.common.hints import for_error, meant
from autograder.common.i18n import _, asked_for, language
from autograder.common.outcome_table import Hidden, show_check
from autograder.common.pressed_hints import show_hint
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.wire.description import CompileDescription, DataRecord, FitRecord, ModelDescription
from autograder.common.wire.messages import SamplesMessage
from autograder.course.checks.accuracy import Accuracy
from autograder.course.checks.base import Facts
from autograder.course.checks.calls import calls_for
from autograder.course.checks.exhibit import portray
from autograder.course.checks.registry import decide
from autograder.course.released_checks import HiddenCheck, VisibleCourse, VisibleQuestion, locate, read
from autograder.kernel.describe_compile import describe_compile
from autograder.kernel.notebook_errors import NotebookErrors
from autograder.kernel.progress import Stage, State, show_progress
from autograder.kernel.student import Student
from autograder.kernel.trainings import Trainings
from autograder.networks.lab import CourseLab, data_record


class Recorder(Trainings):
    """At home: every ``fit`` is Keras's own; a `FitRecord` is kept for each network, with the data as far as recognised."""

    def __init__(self, record: Callable[[SamplesMessage], DataRecord]) -> None:
        super().__init__()
        self._record = record
        self._fits: weakref.WeakKeyDictionary[Any, list[FitRecord]] = weakref.WeakKeyDictionary()

    def fits(self, model: Any) -> tuple[FitRecord, ...]:
        return tuple(self._fits.get(model, ()))

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        assert self.original_fit is not None
        compiled = describe_compile(model)
        went_on = compiled is not None and int(model.optimizer.iterations) > 0
        history = self.original_fit(model, *args, **kwargs)
        try:
            call = self.arguments(self.original_fit, model, args, kwargs)
            if compiled is not None:
                fits = self._fits.setdefault(model, [])
                record = self._fit_record(call, compiled, history)
                after = describe_compile(model)
                if after is not None and after != compiled:  # a callback changed the learning rate
                    record = record.model_copy(update={"learning_rates": _rates(compiled, after)})
                if went_on and fits and _same_way(fits[-1], record):
                    fits[-1] = fits[-1].joined(record)
                else:
                    fits.append(record)
        except Exception:  # writing down must never spoil a student's training
            pass
        return history

    def _fit_record(self, call: dict[str, Any], compiled: Any, history: Any) -> FitRecord:
        try:
            x, y, _weights, _validation = self.split(call)
            data = self._record(self.recogniser.samples(x, y))
        except CannotTrainHere as error:
            data = DataRecord(samples=error.samples if isinstance(error, OtherData) else 0)
        return FitRecord(
            epochs=len(history.epoch), batch_size=int(call["batch_size"] or 32), data=data, compiled=compiled,
            history={str(name): tuple(map(float, values)) for name, values in history.history.items()},
        )  # fmt: skip


def _rates(*compiled: CompileDescription) -> tuple[float, ...]:
    rates = tuple(one.optimizer.settings.get("learning_rate") for one in compiled)
    return rates if all(isinstance(rate, float) for rate in rates) else ()  # type: ignore[return-value]


def _same_way(one: FitRecord, other: FitRecord) -> bool:
    """Whether two trainings differ in nothing but their learning rate and their number of epochs."""
    ways = []
    for fit in (one, other):
        optimizer = fit.compiled.optimizer
        settings = {name: value for name, value in optimizer.settings.items() if name != "learning_rate"}
        data = {name: value for name, value in fit.data.model_dump(context={"frames": []}).items() if name != "lookup"}
        ways.append((fit.batch_size, data, optimizer.type, settings, fit.compiled.loss))
    return ways[0] == ways[1]


class HomeLab(CourseLab):
    """A lab that says it when the data set can't be had, instead of leaving every check undecided."""

    missing: DataError | None = None

    @property
    def data(self) -> FashionMnist:
        try:
            return super().data
        except DataError as error:
            self.missing = error
            raise

    def complain(self) -> None:
        error, self.missing = self.missing, None
        if error is not None:
            raise error


class HomeStudent(Student):
    """`results`: of this kernel, by question, the last one last. `hinted`: how many hints of a question were shown."""

    trainings: Recorder

    def __init__(self) -> None:
        self._course: VisibleCourse | None = None
        self._lab: HomeLab | None = None
        self.results: dict[str, Answered] = {}
        self.hinted: dict[str, int] = {}
        super().__init__(Recorder(lambda samples: data_record(samples, self.lab)))
        self.errors = NotebookErrors(lambda: self.language)
        self.errors.watch()

    @property
    def course(self) -> VisibleCourse:
        if self._course is None:
            self._course = read(
                Path(os.environ["AUTOGRADER_COURSE"]) if "AUTOGRADER_COURSE" in os.environ else locate(Path.cwd())
            )
        return self._course

    @property
    def language(self) -> str:
        """What the environment asks for, or the language of the released file; '' while that can't be read."""
        if asked_for():
            return asked_for()
        try:
            return self.course.language
        except AutograderError:
            return ""

    @property
    def lab(self) -> HomeLab:
        if self._lab is None:
            self._lab = HomeLab(*self.course.holdout, self.course.root)
        return self._lab

    def _known_about(self, model: Any, described: ModelDescription) -> ModelDescription:
        return described.model_copy(update={"fits": self.trainings.fits(model)})

    def check(self, place: str, value: Any, named: dict[str, Any], given: bool, hidden: bool) -> float | None:
        question = self.course.question(place)
        objects = {question.first_name: value, **named} if given else named
        values = self.values(value, named, given, question.first_name)
        checks = (*question.checks, *(question.secret if hidden else ()))
        later = () if hidden else question.hidden
        values = self.answer(values, objects, calls_for((*checks, *later), values, self.course.seed))
        facts = Facts(values, self.lab, seed=self.course.seed)
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
        decided = any(outcome.status in (Status.PASSED, Status.FAILED) for outcome in outcomes)
        if self.course.released:
            return Points(result.points) if decided else None
        return result.points if decided or hidden else None  # plain nbgrader reads it off the cell's output

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
    """Send file descriptor 2 nowhere: TensorFlow's C++ side logs there, and nbgrader scores a cell with stderr as zero."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # some editors run kernels without it
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _explained(error: BaseException | None) -> dict[str, str]:
    """What the cell just before raised, if there is a hint for it: it often explains what `check` misses."""
    hint = for_error(type(error).__name__, str(error)) if isinstance(error, Exception) else ""
    if not hint or isinstance(error, NotImplementedError):
        return {}
    return {"problem": _("The cell just before raised {kind}.", kind=type(error).__name__), "hint": hint}
