"""Alternatives and mutants of a solution: one small YAML file each, in ``tests/alternatives/`` and ``tests/mutants/``.

Both say how a notebook differs from the perfect one. An *alternative* is right and written differently: it earns every
point. A *mutant* has one mistake: it names the checks that it loses, and what the student must read there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import nbformat
from nbformat import NotebookNode
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from autograder.authoring.solved_notebooks import edited, solved
from autograder.common.cells import grade_id_of
from autograder.common.errors import CourseError, ReleaseError
from autograder.common.i18n import _
from autograder.common.models import Written
from autograder.common.showing.nearest_name import nearest
from autograder.course.course import Assignment, Course
from autograder.course.yaml_faults import explain
from autograder.course.yaml_file import read_yaml

ALTERNATIVES, MUTANTS = Path("tests/alternatives"), Path("tests/mutants")  # in the course's folder


class NewCell(Written):
    """A cell that the student added, before or after the cell of an id or grade id."""

    before: str = ""
    after: str = ""
    source: str
    kind: Literal["code", "markdown"] = "code"

    @model_validator(mode="after")
    def _one_place(self) -> NewCell:
        if bool(self.before) == bool(self.after):
            raise ValueError("say either 'before' or 'after' which cell it stands")
        return self


class Move(Written):
    """Cells that the student moved: they stand, in this order, before another one."""

    cells: tuple[str, ...] = Field(min_length=1)
    before: str


class Variant(Written):
    """`why`: what is special about it. `edits`: as `solved_notebooks.edited` takes them. `language`: of the notebook, and of what its student reads; by default the course's first."""

    why: str = Field(min_length=1)
    language: str = ""
    edits: dict[str, str | tuple[tuple[str, str], ...]] = Field(default={})
    cells: tuple[NewCell, ...] = ()
    moves: tuple[Move, ...] = ()
    path: Path = Field(default=Path(), exclude=True)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def assignment(self) -> str:
        return self.path.parent.name

    def notebook(self, course: Course) -> NotebookNode:
        """What this student hands in. Raises CourseError when an edit finds no cell or no such text."""
        if self.language and self.language not in course.course.languages:
            raise CourseError(
                _("{path}: language: the course has no '{language}'", path=self.path, language=self.language),
                _("It has {names}.", names=", ".join(course.course.languages)),
            )
        try:
            notebook = edited(solved(course, self.assignment, self.language), self.edits)
        except ReleaseError as error:
            raise CourseError(
                _("{path}: edits: {error}", path=self.path, error=error), _("Look at the solution: was it changed?")
            ) from error
        for new in self.cells:
            make = nbformat.v4.new_code_cell if new.kind == "code" else nbformat.v4.new_markdown_cell
            cell = make(new.source)
            cell["id"] = f"added-{len(notebook.cells)}"  # the same in every run
            notebook.cells.insert(self._index(notebook, new.before or new.after) + bool(new.after), cell)
        for move in self.moves:
            moved = [notebook.cells[self._index(notebook, name)] for name in move.cells]
            notebook.cells = [cell for cell in notebook.cells if not any(cell is other for other in moved)]
            place = self._index(notebook, move.before)
            notebook.cells[place:place] = moved
        return notebook

    def _index(self, notebook: NotebookNode, name: str) -> int:
        names = [{cell.get("id"), grade_id_of(cell)} for cell in notebook.cells]
        for index, own in enumerate(names):
            if name in own:
                return index
        raise CourseError(
            _("{path}: there is no cell '{name}'", path=self.path, name=name), _("Name a cell by its id or grade id.")
        )


class Alternative(Variant):
    """Right, and written differently."""


def _phrases(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Mutant(Variant):
    """One mistake. `loses`: by check (``question.check``) or question (all of its checks), what the student must read there.

    `skips`: checks that are not looked at, because one that they need is lost.
    """

    loses: dict[str, Annotated[tuple[str, ...], BeforeValidator(_phrases)]] = Field(min_length=1)
    skips: tuple[str, ...] = ()

    def expected(self, assignment: Assignment) -> Mapping[str, str]:
        """The status of every check that must not pass, by ``question.check``. Raises CourseError for an unknown one."""
        every = check_places(assignment)
        statuses = dict.fromkeys(self.skips, "skipped")
        for place in self.loses:
            checks = [place] if "." in place else [check for check in every if check.startswith(f"{place}.")]
            statuses |= dict.fromkeys(checks or [place], "failed")
        for place in statuses:
            if place not in every:
                known = [*every, *assignment.questions]
                guess = nearest(place, known)
                raise CourseError(
                    _("{path}: '{check}' is not a check of this assignment", path=self.path, check=place),
                    _("Did you mean '{name}'?", name=guess) if guess else _("It has {names}.", names=", ".join(every)),
                )
        return statuses


def check_places(assignment: Assignment) -> dict[str, float]:
    """The points of every check, by ``question.check``."""
    return {
        f"{name}.{check.id}": check.points
        for name, question in assignment.questions.items()
        for check in question.checks
        if check.type != "manual"  # no mistake loses what only people tell
    }


Kind = TypeVar("Kind", bound=Variant)


def _read(path: Path, kind: type[Kind]) -> Kind:
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise CourseError(
            _(
                "{path} should hold keys such as 'why' and 'edits', and holds {found}",
                path=path,
                found=f"{document!r:.80}",
            )
        )
    if "path" in document:
        raise CourseError(_("{path}: '{key}' is not a key of such a file", path=path, key="path"), _("Remove it."))
    try:
        return kind.model_validate({**document, "path": path})
    except ValidationError as error:
        raise CourseError(explain(path, error, kind), _("docs/verifying.md shows the format.")) from None


def files(course: Course, folder: Path, assignment: str) -> list[Path]:
    """The files of an assignment in `folder`, which is `ALTERNATIVES` or `MUTANTS`."""
    course.assignment(assignment)
    return sorted((course.root / folder / assignment).glob("*.yml"))


def read_alternative(path: Path) -> Alternative:
    """Raises CourseError that names file, key and value."""
    return _read(path, Alternative)


def read_mutant(path: Path, course: Course) -> Mutant:
    """Raises CourseError that names file, key and value; also for a check that the course doesn't have."""
    mutant = _read(path, Mutant)
    mutant.expected(course.assignment(mutant.assignment))
    return mutant
