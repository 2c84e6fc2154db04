"""What writing into the gradebook would change, found by writing and taking it back: nothing that decides a grade can be left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Assignment, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import event

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import translated
from autograder.classroom.gradebook.due import effective
from autograder.common.errors import GradebookError
from autograder.common.i18n import speaking
from autograder.common.results import Report
from autograder.course.course import Course


@dataclass(frozen=True)
class Preview:
    """What would be written of a report: `changed` if that isn't there yet; the late penalty there and then, in points."""

    changed: bool
    before: float | None
    after: float | None


def preview(book: Book, course: Course, reports: Sequence[tuple[Report, dt.datetime | None]]) -> list[Preview]:
    """For each report, handed in at a moment, what `prepare` and `write` would change; the gradebook stays as it is."""
    session: Any = book._db()
    changed: list[Any] = []

    def flushing(session: Any, *_others: Any) -> None:
        changed.extend((*session.new, *session.deleted, *filter(session.is_modified, session.dirty)))

    found = []
    with translated(book.url):
        event.listen(session, "before_flush", flushing)
        try:
            for name in {report.assignment for report, _ in reports}:
                row = session.query(Assignment).filter(Assignment.name == name).one_or_none()
                if row is not None:
                    row.duedate = effective(course, name, row.duedate)[0]
            session.flush()
            for report, moment in reports:
                changed.clear()
                before = _penalty(book, report)
                try:
                    with speaking(report.language):
                        book._write(report, course, moment)
                    session.flush()
                except GradebookError:  # the gradebook doesn't have the assignment, or other questions
                    found.append(Preview(True, before, before))
                    continue
                found.append(Preview(bool(changed), before, _penalty(book, report)))
        finally:
            event.remove(session, "before_flush", flushing)
            session.rollback()
    return found


def _penalty(book: Book, report: Report) -> float | None:
    rows = book._db.query(SubmittedNotebook.late_submission_penalty)
    rows = rows.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
    rows = rows.join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    found = rows.filter(Assignment.name == report.assignment, SubmittedAssignment.student_id == report.student).first()
    return None if found is None or found[0] is None else float(found[0])
