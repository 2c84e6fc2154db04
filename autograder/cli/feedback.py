"""`autograder feedback`."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.cli.common import Amiss, CourseFile, err, escaped, fail, link, out, the_course, the_reports
from autograder.common.errors import AutograderError
from autograder.common.i18n import _, ngettext

app = typer.Typer()
FEW = 5  # pages: so many links are read, of more the first is an example


@app.command(epilog="Example: autograder feedback two_layer --student alice --language ko")
def feedback(
    assignment: Annotated[list[str] | None, typer.Argument(help="Only these assignments; by default all.")] = None,
    student: Annotated[list[str] | None, typer.Option("--student", "-s", help="Only this one (repeatable).")] = None,
    language: Annotated[
        str, typer.Option(help="Of the pages: en or ko; by default the language that was graded in.")
    ] = "",
    course: CourseFile = None,
) -> None:
    """Make a page for each student and assignment from the reports: feedback/<student>/<assignment>/<assignment>.html.

    A page stands alone: it needs no internet. `nbgrader release_feedback` gives it back to students who handed in through
    nbgrader's exchange.
    """
    from autograder.classroom.folder import Folder
    from autograder.classroom.pages.publish import write_all

    amiss = Amiss()
    try:
        the = the_course(course)
        found = the_reports(the, assignment or [], student or [], language, amiss)
        other = sum(bool(language) and report.language != language for report in found)
        with err.status(_("writing pages")):
            done = write_all(the, found, language)
    except AutograderError as error:
        fail(error)
    said = ngettext(
        "{number} page in {folder}", "{number} pages in {folder}", len(done), folder=Folder(the.root).feedback
    )
    out.print(escaped(said), highlight=False, soft_wrap=True)
    for page in done if len(done) <= FEW else done[:1]:
        out.print(link(page.path), markup=False, highlight=False, soft_wrap=True)
    if other:
        note = ngettext(
            "{number} of them was graded in another language, and its hints stay in it: grade it again with --language.",
            "{number} of them were graded in another language, and their hints stay in it: grade them again with --language.",
            other,
        )
        err.print(f"[yellow]{escaped(note)}[/]", highlight=False, soft_wrap=True)
    if not all(page.releasable for page in done):
        number = sum(not page.releasable for page in done)
        note = ngettext(
            "{number} of them did not come through nbgrader's exchange: give it back yourself.",
            "{number} of them did not come through nbgrader's exchange: give them back yourself.",
            number,
        )
        err.print(escaped(note), highlight=False, soft_wrap=True)
    amiss.end()
