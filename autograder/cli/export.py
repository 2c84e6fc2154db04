"""`autograder export`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.common import (
    UNDECIDED,
    Amiss,
    Commands,
    CourseFile,
    OfAssignments,
    OfStudents,
    err,
    escaped,
    fail,
    named,
    out,
    the_course,
    the_language,
    there,
    write,
)
from autograder.common.errors import AutograderError
from autograder.common.i18n import _, ngettext

if TYPE_CHECKING:
    from autograder.classroom.export.grades import Sheet
    from autograder.course.course import Course

app = Commands()


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
    assignment: OfAssignments = None,
    student: OfStudents = None,
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
    from autograder.classroom.export.class_sheet import people_of, sheet_of, with_decisions
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
        people = people_of(the, roster and there(roster))
        language = the_language(the, language) or the.language
        sheet = sheet_of(the, named(the, assignment), student or [], language, people, amiss)
        if decided:
            sheet = with_decisions(sheet)
        with speaking(language):
            files = chosen.files(sheet) if worksheet is None else _filled(the, worksheet, sheet, format.value)
        _write(files, output, chosen.folder)
    except AutograderError as error:
        fail(error)
    undecided = _say(sheet, output, len(files) if chosen.folder else 0)
    amiss.end()
    if undecided:
        raise typer.Exit(UNDECIDED)


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
    err.say(said)
    return {"worksheet.csv": filled.text}


def _write(files: dict[str, str], output: Path | None, folder: bool) -> None:
    """Each file whole or not at all. Raises AutograderError."""
    if output is None:
        for text in files.values():
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        return
    for name, text in files.items():
        write(output / name if folder else output, text, _("Name another place with --output."))


def _say(sheet: Sheet, output: Path | None, files: int) -> int:
    """A line on what was written, one on what is undecided and one on what is missing; how many are undecided."""
    by_status: dict[str, list[str]] = {"undecided": [], "missing": []}
    for grade in sheet.grades:
        by_status.setdefault(grade.status.value, []).append(f"{grade.student} {grade.assignment}")
    if output is not None:
        what = _("{files} files in {output}", files=files, output=output) if files else str(output)
        graded = len(sheet.grades) - len(by_status["missing"])
        text = _(
            "{what}: {graded} submissions of {students} students",
            what=escaped(what), graded=graded, students=len(sheet.people),
        )  # fmt: skip
        out.print(text, highlight=False)
    for status, remedy in (("undecided", _(": a person has to look, in formgrader")), ("missing", "")):
        if by_status[status]:
            shown = ", ".join(by_status[status][:10]) + (", ..." if len(by_status[status]) > 10 else "")
            said = _(status)
            say = f"{len(by_status[status])} {said}{remedy} ({shown})"
            err.say(say)
    return len(by_status["undecided"])
