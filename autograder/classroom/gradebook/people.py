"""Whom nbgrader's gradebook knows by name, address or number: a roster where there is no other."""

from __future__ import annotations

from typing import Any

from autograder.classroom.collect.roster import Person, Roster
from autograder.common.i18n import _
from autograder.course.course import Course

_SQLITE = "sqlite:///"


def known(course: Course) -> Roster | None:
    """Whom the gradebook knows by more than an id, as ``nbgrader db student add`` and ``import`` enter it; None for nobody.

    It is not the whole class: `collect` and `grade` enter whoever hands in. Raises GradebookError.
    """
    file = course.gradebook.removeprefix(_SQLITE)
    if file != course.gradebook and not (course.root / file).is_file():
        return None  # before nbgrader is imported, which takes a second
    from nbgrader.api import Student

    from autograder.classroom.gradebook.book import Book
    from autograder.classroom.gradebook.database import address, translated

    with Book(address(course), course.course.id) as book, translated(book.url):
        rows = book._db.query(
            Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id
        ).all()
    people = sorted((_person(row) for row in rows), key=lambda person: person.id)
    return Roster(_("the gradebook"), people, whole=False) if any(len(person.fields) > 1 for person in people) else None


def _person(row: Any) -> Person:
    # nbgrader's number in the learning platform is Canvas's: Moodle's files have a participant's, which is another one in each assignment.
    student, first, last, email, number = (str(cell or "").strip() for cell in row)
    fields = {"id": student, "first": first, "last": last, "email": email, "canvas": number}
    return Person(student, 0, {name: text for name, text in fields.items() if text})
