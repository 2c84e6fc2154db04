"""Notebooks as students would hand them in: the release with the solution filled in, and versions of it with edits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, is_locked
from autograder.common.errors import ReleaseError
from autograder.common.i18n import _
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook
from autograder.course.source_notebook import source_notebook

_MARKERS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)
Edits = Mapping[str, str | Sequence[tuple[str, str]]]


def solved(course: Course, assignment: str, language: str = "") -> NotebookNode:
    """The released notebook (in the course's first language unless another is named) with every answer cell filled in from the solution: what a perfect student hands in."""
    notebook = released_notebook(course, assignment, language)
    sources = {grade_id_of(cell): cell.source for cell in source_notebook(course, assignment).cells}
    for cell in notebook.cells:
        grade_id = grade_id_of(cell)
        if grade_id and not is_locked(cell):
            cell.source = _MARKERS.sub("", sources[grade_id]).rstrip()
    return notebook


def edited(notebook: NotebookNode, edits: Edits) -> NotebookNode:
    """`notebook` with cells changed, by cell id or grade id: to a new source, or by (old, new) replacements.

    Raises ReleaseError when a cell or an old text isn't there: an edit that changes nothing would prove nothing.
    """
    changed = nbformat.from_dict(notebook)
    cells = {cell.id: cell for cell in changed.cells} | {
        grade_id_of(cell): cell for cell in changed.cells if grade_id_of(cell)
    }
    for name, edit in edits.items():
        if name not in cells:
            raise ReleaseError(_("there is no cell '{name}' to edit", name=name))
        if isinstance(edit, str):
            cells[name].source = edit
            continue
        for old, new in edit:
            if old not in cells[name].source:
                raise ReleaseError(_("cell '{name}' does not hold {text!r}", name=name, text=old))
            cells[name].source = cells[name].source.replace(old, new)
    return changed


def hand_in(notebook: NotebookNode, submitted: Path, student: str, assignment: str, timestamp: str = "") -> Path:
    """Write ``submitted/<student>/<assignment>/<assignment>.ipynb``, with nbgrader's timestamp.txt when given."""
    folder = submitted / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{assignment}.ipynb"
    nbformat.write(notebook, path)
    if timestamp:
        (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")
    return path
