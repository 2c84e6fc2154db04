"""The cells of an assignment in nbgrader's gradebook, and the rows that a submission has for each."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Comment, Grade, GradeCell, SolutionCell, SourceCell, TaskCell

from autograder.common.cells import grade_id_of, grading_of, is_answer, is_check, is_locked, is_manual, is_task
from autograder.common.errors import GradebookError
from autograder.common.i18n import _


def reconcile(db: Any, notebook: Any, source: NotebookNode) -> None:
    """Add and remove cells: nbgrader refuses to, once there are submissions."""
    kept: dict[type[Any], set[str]] = {GradeCell: set(), TaskCell: set(), SolutionCell: set(), SourceCell: set()}
    there = {
        GradeCell: {cell.name for cell in notebook.grade_cells},
        TaskCell: {cell.name for cell in notebook.task_cells},
        SolutionCell: {cell.name for cell in notebook.solution_cells},
        SourceCell: {cell.name for cell in notebook.source_cells},
    }
    for cell in source.cells:
        name = grade_id_of(cell)
        if not name or not (is_check(cell) or is_answer(cell) or is_locked(cell) or is_task(cell)):
            continue
        kept[SourceCell].add(name)
        if name not in there[SourceCell]:
            db.add(SourceCell(name=name, cell_type=cell.cell_type, notebook=notebook))
        if is_check(cell) or is_manual(cell):
            kind = TaskCell if is_task(cell) else GradeCell
            kept[kind].add(name)
            if name not in there[kind]:
                points = float(grading_of(cell)["points"])
                db.add(kind(name=name, max_score=points, cell_type=cell.cell_type, notebook=notebook))
        if is_answer(cell):
            kept[SolutionCell].add(name)
            if name not in there[SolutionCell]:
                db.add(SolutionCell(name=name, notebook=notebook))
    lost = [cell for cell in [*worth(notebook), *notebook.solution_cells] if cell.name not in kept[type(cell)]]
    for cell in lost:
        _remove(db, cell, notebook)
    for cell in [cell for cell in notebook.source_cells if cell.name not in kept[SourceCell]]:
        db.delete(cell)
    db.flush()
    db.expire_all()
    for submitted in notebook.submissions:
        complete(db, submitted, notebook)


def _remove(db: Any, cell: Any, notebook: Any) -> None:
    """Remove a cell and what the grader wrote about it. Raises GradebookError if a person wrote something."""
    rows = [
        *db.query(Grade).filter(Grade.cell_id == cell.id),
        *db.query(Comment).filter(Comment.cell_id == cell.id),
    ]
    human = ("manual_score", "extra_credit", "manual_comment")
    if any(getattr(row, name, None) is not None for row in rows for name in human):
        message = _(
            "'{name}' left the assignment '{assignment}', and the gradebook has manual grades for it",
            name=cell.name, assignment=notebook.name,
        )  # fmt: skip
        remedy = _("Bring the question back, or clear those scores and comments in formgrader.")
        raise GradebookError(message, remedy)
    for row in [*rows, cell]:
        db.delete(row)


def complete(db: Any, submitted: Any, notebook: Any) -> None:
    """Add the rows that the cells of `notebook` need in a submission."""
    graded = {grade.cell_id for grade in submitted.grades}
    commented = {comment.cell_id for comment in submitted.comments}
    new = [Grade(cell_id=cell.id, notebook=submitted) for cell in worth(notebook) if cell.id not in graded]
    spoken = [*notebook.solution_cells, *notebook.task_cells]
    new += [Comment(cell_id=cell.id, notebook=submitted) for cell in spoken if cell.id not in commented]
    db.add_all(new)
    db.flush()


def worth(notebook: Any) -> list[Any]:
    """Its cells that are worth points, whoever gives them."""
    return [*notebook.grade_cells, *notebook.task_cells]
