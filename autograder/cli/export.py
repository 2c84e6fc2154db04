"""`autograder export`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.common import (
    UNDECIDED,
    Amiss,
    CourseFile,
    err,
    escaped,
    fail,
    out,
    the_course,
    the_language,
    the_students,
    there,
)
from autograder.common.errors import AutograderError
from autograder.common.files import deliver
from autograder.common.i18n import _, ngettext

if TYPE_CHECKING:
    from autograder.classroom.export.grades import Person, Sheet
    from autograder.course.course import Course

app = typer.Typer()


class FormatName(StrEnum):
    csv = "csv"
    canvas = "canvas"
    moodle = "moodle"
    gradescope = "gradescope"
    junit = "junit"
    json = "json"


@app.command(epilog="Example: autograder export --format canvas --assignment two_layer --output canvas.csv")
def export(
    format: Annotated[
        FormatName,
        typer.Option(
            "--format", "-f",
            help="csv: a row a student; canvas, moodle: what their gradebooks import; gradescope: a results.json for "
            "each submission; junit: XML for CI; json: everything.",
        ),
    ] = FormatName.csv,
    assignment: Annotated[
        list[str] | None, typer.Option("--assignment", "-a", help="Only this one (repeatable).")
    ] = None,
    student: Annotated[list[str] | None, typer.Option("--student", "-s", help="Only this one (repeatable).")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write, folder for gradescope; by default the terminal.")
    ] = None,
    decided: Annotated[
        bool, typer.Option("--decided", help="Leave out students with nothing that is decided in these assignments.")
    ] = False,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", help="CSV of the class, as for collect: names, addresses, logins, Canvas ids; else course.yml's."),
    ] = None,
    worksheet: Annotated[
        Path | None, typer.Option("--worksheet", help="Moodle's grading worksheet of one assignment, to be filled in.")
    ] = None,
    course: CourseFile = None,
    language: Annotated[str, typer.Option(help="Of titles and of what students read: a language of the course; by default the course's first.")] = "",
) -> None:  # fmt: skip
    """Write grades for another system: points by question and in total, manual scores and late penalties included.

    A submission that is undecided (waits for a person) or missing is marked as such and never counts as zero; then the
    command ends with 3. What each format holds is in docs/exporting.md.
    """
    from autograder.classroom.export import FORMATS
    from autograder.common.i18n import speaking

    amiss = Amiss()
    try:
        the = the_course(course)
        chosen = FORMATS[format.value]
        worksheet = worksheet and there(worksheet)
        if chosen.folder and output is None:
            raise AutograderError(
                _("{format} is a file for each submission", format=format.value),
                _("Name a folder with --output."),
                misused=True,
            )
        people = _people(the, roster)
        language = the_language(the, language) or the.language
        sheet = collected(the, assignment or [], student or [], language, people, amiss)
        if decided:
            sheet = _only_decided(sheet)
        with speaking(language):
            files = chosen.files(sheet) if worksheet is None else _filled(the, worksheet, sheet, format.value)
        _write(files, output, chosen.folder)
    except AutograderError as error:
        fail(error)
    undecided = _say(sheet, output, len(files) if chosen.folder else 0)
    amiss.end()
    if undecided:
        raise typer.Exit(UNDECIDED)


def _people(course: Course, path: Path | None) -> dict[str, Person]:
    """Who the roster knows, by student, and what the gradebook knows of them and others. Raises CollectError for a mistake in a roster."""
    from autograder.classroom.collect.roster import of_course
    from autograder.classroom.export.grades import Person
    from autograder.classroom.gradebook.people import known

    found: dict[str, Person] = {}
    rosters = (known(course), of_course(course, path and there(path)))
    for row in [row for one in rosters if one is not None for row in one.people]:
        last_first = ", ".join(filter(None, [row.column("last"), row.column("first")]))
        said = {
            "student": row.id, "name": row.column("name") or last_first, "email": row.column("email"), "login": row.column("login"),
            "canvas_id": row.column("canvas"), "sis_id": row.column("sis") or row.column("number"), "section": row.column("section"),
        }  # fmt: skip
        before = found.get(row.id, Person(student=row.id))
        found[row.id] = before.model_copy(update={name: text for name, text in said.items() if text})
    return found


def collected(
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
    from autograder.classroom.export.grades import disagreements, make
    from autograder.classroom.folder import Folder, Place
    from autograder.classroom.gradebook.book import Book
    from autograder.classroom.gradebook.database import address, exists, shown

    for name in assignments:
        course.assignment(name)
    remedy = _("Run `autograder grade` first.")
    url = address(course)
    if not exists(url):
        raise AutograderError(_("there is no gradebook {database}", database=shown(url)), remedy)
    with Book(url, course.course.id) as book:
        entries, everybody = book.entries(), sorted({*book.students(), *people})
    the_students(course, students, everybody)
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
    folder = Folder(course.root)
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
    matching = {place: report for place, report in reports.items() if place not in odd}
    return make(
        course, entries, matching,
        students=students or everybody, assignments=assignments, people=people, language=language,
    )  # fmt: skip


def _filled(course: Course, worksheet: Path, sheet: Sheet, format_name: str) -> dict[str, str]:
    """Moodle's worksheet with the grades of the sheet's one assignment. Raises AutograderError."""
    from autograder.classroom.folder import Folder
    from autograder.classroom.give_back import PLATFORMS, fill
    from autograder.classroom.give_back.origin import origin

    if format_name != "moodle" or len(sheet.parts) != 1:
        raise AutograderError(
            _("a worksheet is Moodle's, and of one assignment"),
            _("Name both: --format moodle --assignment NAME."),
            misused=True,
        )
    folder, grades = Folder(course.root), {grade.student: grade for grade in sheet.grades}
    found = {grade.student: origin(folder, grade, PLATFORMS["moodle"]) for grade in sheet.grades}
    numbers = {place.number: student for student, place in found.items() if place is not None and place.number}
    filled = fill(worksheet, grades, numbers, sheet.parts[0].out_of)
    said = ngettext("{number} row is filled in", "{number} rows are filled in", filled.rows)
    if filled.unknown:
        said += _(
            "; nobody here is {people}",
            people=", ".join(filled.unknown[:10]) + (", ..." if len(filled.unknown) > 10 else ""),
        )
    err.print(escaped(said), highlight=False, soft_wrap=True)
    return {"worksheet.csv": filled.text}


def _only_decided(sheet: Sheet) -> Sheet:
    rows = [(person, grades) for person, grades in sheet.rows() if any(grade.total is not None for grade in grades)]
    return sheet.model_copy(
        update={
            "people": tuple(person for person, _ in rows),
            "grades": tuple(grade for _, grades in rows for grade in grades),
        }
    )


def _write(files: dict[str, str], output: Path | None, folder: bool) -> None:
    """Each file whole or not at all. Raises AutograderError."""
    if output is None:
        for text in files.values():
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        return
    for name, text in files.items():
        path = output / name if folder else output
        try:
            deliver(path, text)
        except OSError as error:
            raise AutograderError(
                _("{path} can't be written: {strerror}", path=path, strerror=error.strerror),
                _("Name another place with --output."),
            ) from error


def _say(sheet: Sheet, output: Path | None, files: int) -> int:
    """A line on what was written, one on what is undecided and one on what is missing; how many are undecided."""
    by_status: dict[str, list[str]] = {"undecided": [], "missing": []}
    for grade in sheet.grades:
        by_status.setdefault(grade.status.value, []).append(f"{grade.student} {grade.assignment}")
    if output is not None:
        what = _("{files} files in {output}", files=files, output=output) if files else str(output)
        graded = len(sheet.grades) - len(by_status["missing"])
        out.print(
            _(
                "{what}: {graded} submissions of {students} students",
                what=escaped(what),
                graded=graded,
                students=len(sheet.people),
            ),
            highlight=False,
        )
    for status, remedy in (("undecided", _(": a person has to look, in formgrader")), ("missing", "")):
        if by_status[status]:
            shown = ", ".join(by_status[status][:10]) + (", ..." if len(by_status[status]) > 10 else "")
            said = _(status)
            say = f"{len(by_status[status])} {said}{remedy} ({shown})"
            err.print(escaped(say), highlight=False, soft_wrap=True)
    return len(by_status["undecided"])
