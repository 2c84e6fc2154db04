"""Words for the cells of a notebook: what nbgrader's metadata say of them, and where they stand.

The only file that knows where nbgrader writes that. It takes cells as they come, of a student's notebook too: what is no
metadata of nbgrader says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

KEY = "nbgrader"  # in a cell's metadata


def grading_of(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """What nbgrader knows of a cell; empty for a cell that it doesn't know."""
    metadata = cell.get("metadata")
    found = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def grade_id_of(cell: Mapping[str, Any]) -> str:
    """nbgrader's name of a cell; '' for one that nbgrader doesn't know."""
    found = grading_of(cell).get("grade_id")
    return found if isinstance(found, str) else ""


def is_answer(cell: Mapping[str, Any]) -> bool:
    """Whether students write in it, and what they write counts."""
    return bool(grading_of(cell).get("solution"))


def is_check(cell: Mapping[str, Any]) -> bool:
    """Whether it is worth points that checks decide."""
    return bool(grading_of(cell).get("grade")) and not is_answer(cell)


def is_task(cell: Mapping[str, Any]) -> bool:
    """Whether it asks for cells of the student's own, which a person grades."""
    return bool(grading_of(cell).get("task"))


def is_manual(cell: Mapping[str, Any]) -> bool:
    """Whether it is worth points that a person gives: an answer, or a task."""
    return is_task(cell) or (bool(grading_of(cell).get("grade")) and is_answer(cell))


def is_locked(cell: Mapping[str, Any]) -> bool:
    """Whether students are kept from changing it."""
    return bool(grading_of(cell).get("locked"))


def left_empty(error: str, message: str) -> bool:
    """Whether that is what an answer cell raises until it is answered: a NotImplementedError with a text is somebody else's."""
    return error == "NotImplementedError" and not message.strip()


def mark(cell: NotebookNode, grade_id: str, **others: Any) -> None:
    """Make `cell` nbgrader's, under the name `grade_id`; `others` are nbgrader's words: ``solution``, ``points``, ..."""
    cell.metadata[KEY] = type(cell)(**others, grade_id=grade_id)


def cells_by_id(notebook: NotebookNode) -> dict[str, tuple[int, NotebookNode]]:
    """Code cells by nbgrader's grade id, with their index."""
    found: dict[str, tuple[int, NotebookNode]] = {}
    for index, cell in enumerate(notebook.cells):
        grade_id = grade_id_of(cell)
        if cell.cell_type == "code" and grade_id:
            found.setdefault(grade_id, (index, cell))
    return found
