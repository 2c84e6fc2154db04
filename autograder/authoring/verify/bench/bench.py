"""Runs the code of a notebook in this process, and decides what its check cells hand in.

What a cell of arrays computes is kept: it is the same for every notebook in which that cell is the same. So a notebook takes
hundredths of a second, and hundreds of them take a minute.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.authoring.verify.bench.arrays import large
from autograder.authoring.verify.bench.concerned import concerned, dependences
from autograder.authoring.verify.bench.stand_in import StandInLab, StandIns, reachable
from autograder.common.code_names import modules, python
from autograder.common.machine.garbage import kept_from_collections
from autograder.common.results import Status
from autograder.course.cell_dependencies import Uses, question_cells, touched, uses
from autograder.course.checks.answers.calls import calls_for
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from autograder.course.course import Course

_NOTHING = object()
Observer = Callable[[str, Mapping[str, Any], StandIns], Mapping[str, Any]]


@dataclass
class Answered:
    """What came of a notebook: the status of each check by ``question.check``, and why; what an observer saw of each question.

    `errors`: by place, the exceptions of cells.
    """

    statuses: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)


class Bench:
    """One assignment of a course, ready to run its notebook in many versions. Imports Keras, and changes it for good."""

    def __init__(
        self, course: Course, assignment: str, notebook: NotebookNode, observe: Observer | None = None
    ) -> None:
        os.environ["AUTOGRADER_COURSE"] = str(course.root / "course.yml")
        from autograder.kernel.check import start
        from autograder.kernel.home.check_at_home import HomeStudent

        self.course, self.assignment, self.observe = course, assignment, observe
        self.questions = {name: reachable(question) for name, question in course.assignment(assignment).checked.items()}
        self.stand_ins = StandIns()
        self.keras: Any = self._keras() if course.networks else None
        self.student = HomeStudent(assignment)
        self.stand_ins.student = self.student
        start(self.student)  # one that a cell's import made would be on the data of the course, not of the assignment
        self.student._lab = self.lab = StandInLab(course.on(assignment).data, course.root)
        self.cells = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
        self.places = question_cells(notebook)
        self.names: dict[str, Any] = {}  # that the cells of the last run bound
        self.imports = {place for place, source in enumerate(self.cells) if modules(source)}
        self.right: Answered | None = None  # what came of the solution
        self.untried: list[str] = []  # the checks that it passes after a real training alone
        self.arrays = self.stand_ins.arrays
        self._remember_arrays()

    def _keras(self) -> Any:
        from autograder.common.machine.determinism import settle

        with kept_from_collections():
            import keras
            import tensorflow

        settle(tensorflow)
        self.stand_ins.install()
        return keras

    def _remember_arrays(self) -> None:
        recogniser = self.student.trainings.recogniser
        look = recogniser.rows
        recogniser.rows = lambda array: self.arrays.look(array, "rows", lambda: look(array))  # type: ignore[method-assign]

    def heavy(self) -> frozenset[int]:
        """The answer cells that compute large arrays: known after the first run."""
        answers = {place for one in self.places.values() for place in one.answers}
        kept = self.arrays.statements
        return frozenset(place for place in answers if kept.intersection(_statements(self.cells[place])))

    def run(self, changed: Mapping[int, str], order: Sequence[int] | None = None, whole: bool = False) -> Answered:
        """The solution with the cells at the places in `changed` as given there; in another `order` of cells.

        Questions that nothing of it concerns are answered as in the solution, once that was run, and not run again unless the `whole` is.
        """
        every = dependences(self.cells, changed)
        questions = dict(self.places)
        if self.right is not None and order is None and not whole and not self.imports & changed.keys():
            questions = concerned(self.places, every, changed)
        needed = _needed(every, questions) | self.imports | changed.keys()
        answered = self._answered(questions)
        names: dict[str, Any] = {"__name__": "__main__"}
        self.names.clear()  # the functions of a cell hold its names, and these its arrays: no count of references frees them
        self.names = names
        if self.keras is not None:
            self.keras.utils.clear_session(free_memory=False)  # names of layers begin anew
        self.stand_ins.forget()
        lasting = not any(_writes_in_place(source) for source in changed.values())
        checks = {one.check: name for name, one in self.places.items()}
        for place in order if order is not None else range(len(self.cells)):
            source = changed.get(place, self.cells[place])
            if not source or place not in needed:
                continue
            names["check"] = self._collector(answered) if place in checks else lambda *_args, **_named: None
            try:
                self._cell(source, names, lasting and place not in checks)
            except Exception as error:
                answered.errors[place] = f"{type(error).__name__}: {error}"
        self.arrays.stay()
        for name, question in self.questions.items():
            for check in question.checks:
                answered.statuses.setdefault(f"{name}.{check.id}", "failed")  # nothing was handed in
        if self.right is None and not changed and order is None:
            self.right = answered
            if self.stand_ins.trainings:
                self.untried = [at for at, status in answered.statuses.items() if status != "passed"]
        for at in self.untried:
            answered.statuses.pop(at, None)
        return answered

    def _answered(self, questions: Mapping[str, Any]) -> Answered:
        """What is known before anything runs: all but these `questions` are answered as in the solution."""
        if self.right is None:
            return Answered()
        known = {
            f"{name}.{check.id}"
            for name, one in self.questions.items()
            if name not in questions
            for check in one.checks
        }
        statuses, reasons, seen = (
            {place: value for place, value in of.items() if place in known}
            for of in (self.right.statuses, self.right.reasons, self.right.seen)
        )
        return Answered(statuses, reasons, seen)

    def _cell(self, source: str, names: dict[str, Any], lasting: bool) -> None:
        """Statement by statement where arrays last: beside functions and dictionaries, which don't, they do too."""
        for text in _statements(source) if lasting else [python(source)]:
            self._statement(text, names, lasting)

    def _statement(self, text: str, names: dict[str, Any], lasting: bool) -> None:
        about = uses(text) if lasting else Uses()
        met = {name: names.get(name) for name in sorted(about.reads | about.writes) if name != "check"}
        if lasting and (known := self.arrays.found(text, met)) is not None:
            names.update(known)
            return
        before = {name: names.get(name) for name in about.writes}
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            exec(compile(text, "<cell>", "exec"), names)
        written = {name: names[name] for name in about.writes if name in names and "[" not in name}
        made = {name: value for name, value in written.items() if value is not before[name]}
        if any(map(large, made.values())) and all(map(_plain, written.values())):
            self.arrays.keep(text, met, made)

    def _collector(self, answered: Answered) -> Callable[..., None]:
        def collect(place: str, value: Any = _NOTHING, /, *, hidden: bool = False, **named: Any) -> None:  # noqa: ARG001 - as `check` is called
            key = place.partition(".")[2]
            question = self.questions[key]
            if any(f"{key}.{check.id}" in answered.statuses for check in question.checks):
                return
            first, given = question.first_name(), value is not _NOTHING
            objects = {first: value, **named} if given else named
            values = self.student.values(value, named, given, first)
            values = self.student.answer(values, objects, calls_for(question.checks, values, self.course.seed))
            for outcome in decide(
                question.checks, Facts(values, self.lab, seed=self.course.seed), self.course.language
            ):
                status = Status.PASSED if outcome.waits else outcome.status  # people tell, whatever is written
                answered.statuses[f"{key}.{outcome.check}"] = status.value
                answered.reasons[f"{key}.{outcome.check}"] = f"{outcome.actual} {outcome.hint}".strip()
            if self.observe is not None:
                answered.seen |= self.observe(key, objects, self.stand_ins)

        return collect


def _statements(source: str) -> list[str]:
    """The top-level statements of a cell, each as Python writes it. Raises SyntaxError."""
    return [ast.unparse(node) for node in ast.parse(python(source)).body]


def _needed(every: Sequence[Uses], places: Mapping[str, Any]) -> set[int]:
    """The cells that answers and checks need; figures are not drawn."""
    wanted = {place for one in places.values() for place in (*one.answers, one.check)}
    while True:
        reads = {path for place in wanted for path in every[place].reads}
        more = {
            place
            for place, one in enumerate(every)
            if place not in wanted and touched(one.writes, reads) and not _draws(one)
        }
        if not more:
            return wanted
        wanted |= more


def _draws(one: Uses) -> bool:
    return {"fig", "axes"} <= one.writes


def _plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return isinstance(value, (np.ndarray, np.generic, int, float, str, types.ModuleType)) or value is None


def _writes_in_place(source: str) -> bool:
    """Whether a cell may change an array that another notebook uses too."""
    try:
        nodes = list(ast.walk(ast.parse(python(source))))
    except SyntaxError:
        return False
    stores = any(
        isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) and not isinstance(n.slice, ast.Constant)
        for n in nodes
    )
    return stores or any(isinstance(n, ast.AugAssign) for n in nodes) or any(way in source for way in _IN_PLACE)


_IN_PLACE = ("out=", ".shuffle(", ".sort(", ".fill(", ".put(", ".resize(", "copyto(")
