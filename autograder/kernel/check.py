"""What a notebook imports: ``from autograder import check``.

At home `check` looks at the work, prints what it found, and returns the points of the visible checks (plain nbgrader takes
that as partial credit). While grading it hands the values over to the judge, and judges nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from autograder.common.data import FashionMnist
from autograder.common.errors import AutograderError, CourseError, DataError, ProtocolError
from autograder.common.exhibits import Exhibit
from autograder.common.hints import for_error, meant
from autograder.common.i18n import _, asked_for, language, speaking
from autograder.common.outcome_table import show_check
from autograder.common.results import QuestionResult, Status
from autograder.common.wire import protocol
from autograder.common.wire.description import FunctionDescription, MappingDescription, ModelDescription, decode
from autograder.common.wire.messages import HandIn, SamplesMessage, dump
from autograder.course.checks.accuracy import Accuracy
from autograder.course.checks.base import Facts
from autograder.course.checks.calls import calls_for
from autograder.course.checks.exhibit import portray
from autograder.course.checks.registry import decide
from autograder.course.released_checks import VisibleCourse, locate, read
from autograder.kernel.describe import call, describe
from autograder.kernel.judged_fit import JudgeClient, Recorder, Trainings, is_initial, weights_of
from autograder.kernel.progress import show_progress, state
from autograder.networks.lab import CourseLab, data_record


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


class Student:
    """The state behind `check` in one kernel."""

    def __init__(self) -> None:
        self._course: VisibleCourse | None = None
        self._lab: HomeLab | None = None
        self.results: dict[str, QuestionResult] = {}  # of this kernel, the last one last
        address = os.environ.get(protocol.JUDGE, "")
        self.address = address
        self.trainings: Trainings = JudgeClient(address) if address else Recorder(self._data_record)
        self.trainings.install()

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
        if asked_for() or self.address:
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

    def _data_record(self, samples: SamplesMessage) -> Any:
        return data_record(samples, self.lab)

    def values(self, value: Any, named: dict[str, Any], given: bool, first: str) -> dict[str, Any]:
        """Described values by name. Networks carry what is known about their training."""
        objects = {first: value, **named} if given else named
        names = {id(item): name for name, item in objects.items() if isinstance(item, keras.layers.Layer)}
        return {name: self._described(item, names) for name, item in objects.items()}

    def _described(self, item: Any, names: dict[int, str]) -> Any:
        described = describe(item, names=names)
        if isinstance(described, ModelDescription):
            return self._with_fits(item, described)
        if isinstance(described, MappingDescription) and isinstance(item, dict):
            items = {
                key: self._with_fits(item[key], inner) if isinstance(inner, ModelDescription) and key in item else inner
                for key, inner in described.items.items()
            }
            return described.model_copy(update={"items": items})
        return described

    def _with_fits(self, model: Any, described: ModelDescription) -> ModelDescription:
        if isinstance(self.trainings, Recorder):
            return described.model_copy(update={"fits": self.trainings.fits(model)})
        touched = not all(is_initial(weight) for weight in weights_of(model))
        return described.model_copy(update={"origin": "touched" if touched else ""})

    def answer(self, values: dict[str, Any], objects: dict[str, Any], calls: Any) -> dict[str, Any]:
        """`values` with the results of the calls that checks ask for."""
        for name, checks in calls.items():
            function = values[name]
            results = {
                check: tuple(call(objects[name], arguments) for arguments in tuples) for check, tuples in checks.items()
            }
            values[name] = FunctionDescription(name=function.name, results={**function.results, **results})
        return values

    # ---- at home

    def check(self, place: str, value: Any, named: dict[str, Any], given: bool, hidden: bool) -> float:
        question = self.course.question(place)
        objects = {question.first_name: value, **named} if given else named
        values = self.values(value, named, given, question.first_name)
        checks = (*question.checks, *(question.secret if hidden else ()))
        values = self.answer(values, objects, calls_for(checks, values, self.course.seed))
        with _quiet():
            outcomes = decide(checks, Facts(values, self.lab, seed=self.course.seed), language())
            self.lab.complain()
        result = QuestionResult(
            question=place, title=question.title, out_of=sum((check.points for check in checks), 0.0), outcomes=outcomes,
            exhibit=_structure(question.checks, outcomes, values, self.lab),
        )  # fmt: skip
        result = result if result.status is Status.PASSED else result.model_copy(update=_last_error())
        self.results[place] = result
        show_check(result, () if hidden else tuple((h.title, h.points) for h in question.hidden))
        return result.points

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

    # ---- while grading

    def hand_in(self, place: str, value: Any, named: dict[str, Any], given: bool) -> None:
        objects = {"": value, **named} if given else named
        values = self.values(value, named, given, "")
        answer, frames = self._send(place, values, answered=False)
        if answer.get("type") == "call":
            arguments = decode(answer["arguments"], frames)
            calls: dict[str, dict[str, list[Any]]] = {}
            for name, check, _number, keys in answer["calls"]:
                own = name if name in objects else ""
                calls.setdefault(own, {}).setdefault(check, []).append(tuple(_argument(arguments[key]) for key in keys))
            self._send(place, self.answer(values, objects, calls), answered=True)
        print(_("Handed in: {place}", place=place))

    def _send(self, place: str, values: dict[str, Any], answered: bool) -> Any:
        request = HandIn(type="hand_in", question=place, values=values, answered=answered)
        return protocol.ask(self.address, *dump(request))


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


def _last_error() -> dict[str, str]:
    """The last exception of this notebook, if there is a hint for it: it often explains what `check` misses."""
    error = getattr(sys, "last_value", None)
    hint = for_error(type(error).__name__, str(error)) if isinstance(error, Exception) else ""
    if not hint or isinstance(error, NotImplementedError):
        return {}
    return {"problem": _("The last error in this notebook was {kind}.", kind=type(error).__name__), "hint": hint}


def _argument(described: Any) -> Any:
    return described.data if hasattr(described, "data") else described.value


_NOTHING = object()
_student: Student | None = None


def start() -> Student:
    """Install the hooks, once. Not done on import: the process that forks kernels imports this module too."""
    global _student
    if _student is None:
        _student = Student()
    return _student


def _structure(checks: Any, outcomes: Any, values: Any, lab: CourseLab) -> Exhibit | None:
    """The networks that are asked about; no accuracy is measured for a drawing."""
    try:
        shown = portray([check for check in checks if not isinstance(check, Accuracy)], outcomes, values, lab)
    except Exception:  # a drawing must never spoil a check
        return None
    return shown


class Checker:
    """What notebooks call ``check``: see `__call__` and `progress`."""

    def __call__(self, question: str, value: Any = _NOTHING, /, *, hidden: bool = False, **named: Any) -> float | None:
        """Check your work on a question, such as ``check("two_layer.model", model)``.

        Shows what is right, what isn't yet, and a hint; returns the points of the visible checks. Further checks, which
        are hidden, run when the notebook is graded.
        """
        given = value is not _NOTHING
        student = start()
        with speaking(student.language):
            try:
                if student.address:
                    student.hand_in(question, value, named, given)
                    return None
                return student.check(question, value, named, given, hidden)
            except ProtocolError as error:
                print(_("This could not be handed in: {error}", error=error))
            except AutograderError as error:
                print(_("check() can't look at this: {error}. {remedy}", error=error, remedy=error.remedy))
        return None

    def progress(self, assignment: str = "") -> None:
        """Show what is left of the assignment: each question with its points, as far as it was checked in this kernel."""
        student = start()
        with speaking(student.language):
            if student.address:  # while grading there is nobody to read it
                return
            try:
                student.progress(assignment)
            except AutograderError as error:
                print(_("check() can't look at this: {error}. {remedy}", error=error, remedy=error.remedy))


check = Checker()
