"""What people did in formgrader, and where a submission is found there. Reads nbgrader's gradebook and never writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbgrader.api import Assignment, BaseCell, Comment, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.classroom.folder import Place
from autograder.common.errors import GradebookError
from autograder.common.i18n import _


def remarks(url: str) -> dict[Place, dict[str, str]]:
    """Comments that a person wrote, by student and assignment, then by question. Raises GradebookError."""
    found: dict[Place, dict[str, str]] = {}
    with _session(url) as session:
        rows = (
            session.query(SubmittedAssignment.student_id, Assignment.name, BaseCell.name, Comment.manual_comment)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(Comment, Comment.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Comment.cell_id)
            .filter(Comment.manual_comment.isnot(None))
            .order_by(BaseCell.name)
        )
        for student, assignment, cell, text in rows:
            said = found.setdefault(Place(student, assignment), {})
            question = cell.removesuffix("-answer")
            said[question] = "\n".join(filter(None, [said.get(question), text.strip()]))
    return found


def pages(url: str, home: str) -> dict[Place, str]:
    """Formgrader's address of each submitted notebook. Raises GradebookError."""
    with _session(url) as session:
        rows = (
            session.query(SubmittedAssignment.student_id, Assignment.name, SubmittedNotebook.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        )
        return {
            Place(student, assignment): f"{home.rstrip('/')}/submissions/{key}/" for student, assignment, key in rows
        }


@contextmanager
def _session(url: str) -> Iterator[Any]:
    try:
        engine = create_engine(url)
        try:
            with Session(engine) as session:
                yield session
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        remedy = _("Check the key 'gradebook' of course.yml, and that the database can be reached.")
        raise GradebookError(_("the gradebook can't be read: {reason}", reason=reason), remedy) from error
