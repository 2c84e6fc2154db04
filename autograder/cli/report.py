"""`autograder report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.classroom.folder import CLASS_PAGE, FORMGRADER
from autograder.cli.common import (
    Amiss,
    Commands,
    CourseFile,
    OfAssignments,
    err,
    fail,
    link,
    named,
    out,
    the_course,
    the_reports,
    write,
)
from autograder.common.errors import AutograderError
from autograder.common.i18n import _, ngettext

if TYPE_CHECKING:
    from autograder.common.results import Report
    from autograder.course.course import Course

app = Commands()


@app.command(epilog="Example: autograder report --output class.html --assignment two_layer")
def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(CLASS_PAGE),
    assignment: OfAssignments = None,
    formgrader: Annotated[
        str, typer.Option(help="Formgrader's address, for links to what waits for a person.")
    ] = FORMGRADER,
    similar: Annotated[
        bool, typer.Option("--similar/--no-similar", help="Compare the notebooks with one another.")
    ] = True,
    language: Annotated[
        str, typer.Option(help="Of the page: a language of the course; by default the course's first.")
    ] = "",
    course: CourseFile = None,
) -> None:
    """Make a page of the class from the reports: scores, checks and slips, accuracy, what waits for a person.

    It is one file that works offline, for instructors only: it names students.
    """
    from autograder.classroom.folder import Folder

    amiss = Amiss()
    try:
        the = the_course(course)
        found = the_reports(the, named(the, assignment), [], language, amiss)
        make(the, found, output, formgrader, similar, language)
    except AutograderError as error:
        fail(error)
    said = ngettext("{file}: {number} submission", "{file}: {number} submissions", len(found), file=output)
    out.say(said)
    out.say(link(output))
    unmade = sum(not Folder(the.root).page(one).is_file() for one in found)
    if unmade:
        note = ngettext(
            "It links to {number} feedback page that isn't there yet: `autograder feedback` makes it.",
            "It links to {number} feedback pages that aren't there yet: `autograder feedback` makes them.",
            unmade,
        )
        err.say(note)
    amiss.end()


def make(course: Course, found: list[Report], output: Path, formgrader: str, similar: bool, language: str) -> None:
    """Write the page of the class. Raises AutograderError."""
    from autograder.classroom.folder import Folder
    from autograder.classroom.pages.class_page.material import gather
    from autograder.classroom.pages.class_page.page import class_page
    from autograder.classroom.pages.class_page.since import keep

    with err.status(_("writing the page")):
        material = gather(course, found, formgrader, compare=similar, beside=output.parent)
        write(output, class_page(material, course, language or course.language), _("Name another place with --output."))
        keep(Folder(course.root), material.looks)
