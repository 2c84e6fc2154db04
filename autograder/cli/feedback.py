"""`autograder feedback`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.common import (
    Amiss,
    Commands,
    CourseFile,
    OfAssignments,
    OfStudents,
    err,
    fail,
    link,
    named,
    out,
    the_course,
    the_reports,
)
from autograder.common.errors import AutograderError
from autograder.common.files import unwritable
from autograder.common.i18n import _, ngettext

if TYPE_CHECKING:
    from autograder.classroom.export.grades import Grade
    from autograder.common.results import Report
    from autograder.course.course import Course

app = Commands()


class ZipChoice(StrEnum):
    """The names of `give_back.PLATFORMS`, without importing them."""

    moodle = "moodle"
    canvas = "canvas"
    gradescope = "gradescope"


FEW = 5  # pages: so many links are read, of more the first is an example


@app.command(epilog="Example: autograder feedback two_layer --student alice --language ko")
def feedback(
    assignment: OfAssignments = None,
    student: OfStudents = None,
    language: Annotated[
        str, typer.Option(help="Of the pages: a language of the course; by default the language that was graded in.")
    ] = "",
    zip: Annotated[
        ZipChoice | None,
        typer.Option(
            "--zip",
            help="Also an archive for each assignment, of all who have a page, as this platform takes feedback back.",
        ),
    ] = None,
    course: CourseFile = None,
) -> None:
    """Make a page for each student and assignment from the reports: feedback/<student>/<assignment>/<assignment>.html.

    A page stands alone: it needs no internet. `nbgrader release_feedback` gives it back to students who handed in through
    nbgrader's exchange; --zip makes what Moodle, Canvas or Gradescope take, for those who were collected from there.
    """
    from autograder.classroom.folder import Folder
    from autograder.classroom.pages.student_page.publish import write_all

    amiss = Amiss()
    try:
        the = the_course(course)
        found = the_reports(the, named(the, assignment), student or [], language, amiss)
        other = sum(bool(language) and report.language != language for report in found)
        with err.status(_("writing pages")):
            done = write_all(the, found, language)
            zips = _zips(the, found, language, zip.value, amiss) if zip else []
    except AutograderError as error:
        fail(error)
    said = ngettext(
        "{number} page in {folder}", "{number} pages in {folder}", len(done), folder=Folder(the.root).feedback
    )
    out.say(said)
    for page in done if len(done) <= FEW else done[:1]:
        out.say(link(page.path))
    if other:
        note = ngettext(
            "{number} of them was graded in another language: what is known in that alone (short facts, what authors wrote) stays in it.",
            "{number} of them were graded in another language: what is known in that alone (short facts, what authors wrote) stays in it.",
            other,
        )
        err.say(note, "yellow")
    for path in zips:
        out.say(path)
    if zip is None and not all(page.releasable for page in done):
        number = sum(not page.releasable for page in done)
        note = ngettext(
            "{number} of them did not come through nbgrader's exchange: give it back yourself.",
            "{number} of them did not come through nbgrader's exchange: give them back yourself.",
            number,
        )
        err.say(note)
    amiss.end()


def _zips(course: Course, found: list[Report], language: str, platform: str, amiss: Amiss) -> list[str]:
    """Lines on the archives that were written; `amiss` is told who of those `found` is in none. Raises AutograderError.

    An archive is of the whole assignment, also where a few pages are made anew: it holds all who have a page by now.
    """
    from autograder.classroom.export.class_sheet import sheet_of
    from autograder.classroom.folder import Folder, Place
    from autograder.classroom.give_back import PLATFORMS, archives

    folder = Folder(course.root)
    places = {Place(report.student, report.assignment): language or report.language for report in found}
    asked = set(places)
    for report in folder.read_reports({place.assignment for place in asked}, amiss=lambda error: None):  # told before
        if folder.page(report).is_file():
            places.setdefault(Place(report.student, report.assignment), report.language)
    grades: dict[Place, Grade] = {}
    for number, spoken in enumerate(sorted(set(places.values()))):
        sheet = sheet_of(course, [], [], spoken, {}, (lambda error: None) if number else amiss)  # told once
        own = {Place(grade.student, grade.assignment): grade for grade in sheet.grades}
        grades |= {place: grade for place, grade in own.items() if places.get(place) == spoken}
    lines = []
    try:
        made = archives(folder, platform, places, grades)
    except OSError as error:
        raise unwritable(folder.feedback, error) from error
    title = PLATFORMS[platform].title
    for archive in made:
        if archive.given:
            said = {"file": folder.relative(archive.path), "platform": title}
            lines.append(
                ngettext(
                    "{file}: {number} student, for {platform}", "{file}: {number} students, for {platform}",
                    len(archive.given), **said,
                )
            )  # fmt: skip
        for team in archive.differing:
            message = _(
                "{assignment}: {students} are one team with one file, and their grades differ: it shows the best",
                assignment=archive.assignment, students=", ".join(team),
            )  # fmt: skip
            amiss(AutograderError(message, _("Each one's own grade is in `autograder export`.")))
        left = [name for name in archive.left if Place(name, archive.assignment) in asked]
        if left:
            listed = ", ".join(left[:10]) + (", ..." if len(left) > 10 else "")
            message = _("{assignment}: not in the archive: {students}", assignment=archive.assignment, students=listed)
            remedy = _("They were not collected from {platform}, or there is nothing to give back.", platform=title)
            amiss(AutograderError(message, remedy))
    return lines
