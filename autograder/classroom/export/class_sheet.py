"""The class's sheet of grades, from its gradebook, reports and roster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograder.classroom.collect.roster import of_course
from autograder.classroom.export.grades import Person, Sheet, disagreements, make
from autograder.classroom.folder import Folder, Place
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address, exists, shown
from autograder.classroom.gradebook.outdated import tell_outdated
from autograder.classroom.gradebook.people import known
from autograder.common.errors import AutograderError
from autograder.common.i18n import _
from autograder.course.course import Course


def people_of(course: Course, roster: Path | None = None) -> dict[str, Person]:
    """Who the roster knows (by default the course's own), by student, and what the gradebook knows of them and others.

    Raises CollectError for a mistake in a roster.
    """
    found: dict[str, Person] = {}
    rosters = (known(course), of_course(course, roster))
    for row in [row for one in rosters if one is not None for row in one.people]:
        last_first = ", ".join(filter(None, [row.column("last"), row.column("first")]))
        said = {
            "student": row.id, "name": row.column("name") or last_first, "email": row.column("email"), "login": row.column("login"),
            "canvas_id": row.column("canvas"), "sis_id": row.column("sis") or row.column("number"), "section": row.column("section"),
        }  # fmt: skip
        before = found.get(row.id, Person(student=row.id))
        found[row.id] = before.model_copy(update={name: text for name, text in said.items() if text})
    return found


def sheet_of(
    course: Course,
    assignments: list[str],
    students: list[str],
    language: str,
    people: dict[str, Person],
    amiss: Callable[[AutograderError], None],
) -> Sheet:
    """The sheet of what is in the gradebook; `amiss` is told where reports say something else. Raises AutograderError.

    A submission whose report can't be used is exported without its checks. `people` are in the sheet even if they handed in nothing.
    """
    for name in assignments:
        course.assignment(name)
    remedy = _("Run `autograder grade` first.")
    url = address(course)
    if not exists(url):
        raise AutograderError(_("there is no gradebook {database}", database=shown(url)), remedy)
    folder = Folder(course.root)
    with Book(url, course.course.id) as book:
        entries, everybody = book.entries(), sorted({*book.students(), *people})
        deducted = book.deducted_before(course)
    folder.require_students(students, everybody)
    entries = [entry for entry in entries if not students or entry.student in students]
    if assignments:
        entries = [entry for entry in entries if entry.assignment in assignments]
    if not entries:
        names = ", ".join([*students, *assignments])
        raise AutograderError(
            _("the gradebook holds no grades of {names}", names=names) if names else _("the gradebook holds no grades"),
            remedy,
            misused=bool(names),
        )
    reports = {(r.student, r.assignment): r for r in folder.read_reports(course.assignments, amiss=amiss)}
    of_these = {(entry.student, entry.assignment) for entry in entries}
    reports = {
        place: report
        for place, report in reports.items()
        if (not students or place[0] in students) and (not assignments or place[1] in assignments)
    }
    odd = disagreements(entries, reports)
    for name, of_assignment in odd:
        report = folder.relative(folder.report(Place(name, of_assignment)))
        say = (
            _("{report} has other points than the gradebook, which counts", report=report)
            if (name, of_assignment) in of_these
            else _("{report} is not in the gradebook, which counts", report=report)
        )
        amiss(AutograderError(say, _("Run `autograder grade` again.")))
    tell_outdated(deducted, of_these, amiss)
    matching = {place: report for place, report in reports.items() if place not in odd}
    return make(
        course, entries, matching,
        students=students or everybody, assignments=assignments, people=people, language=language,
    )  # fmt: skip


def with_decisions(sheet: Sheet) -> Sheet:
    """`sheet` without students of whom nothing is decided."""
    rows = [(person, grades) for person, grades in sheet.rows() if any(grade.total is not None for grade in grades)]
    return sheet.model_copy(
        update={
            "people": tuple(person for person, _ in rows),
            "grades": tuple(grade for _, grades in rows for grade in grades),
        }
    )
