"""`autograder demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli import report
from autograder.cli.common import (
    Amiss,
    Commands,
    CourseFile,
    Isolation,
    Workers,
    err,
    escaped,
    fail,
    link,
    out,
    the_course,
    the_reports,
)
from autograder.cli.grade import run, show
from autograder.cli.settings import settings_from
from autograder.common.errors import AutograderError
from autograder.common.i18n import _

if TYPE_CHECKING:
    from autograder.course.course import Course

app = Commands()


def pages(course: Course, target: Path) -> None:
    """Make the page of the class and those of its students, and end with one of each to open."""
    from autograder.authoring.demo import SHOWN
    from autograder.classroom.folder import FORMGRADER, Folder
    from autograder.classroom.pages.student_page.publish import write_all

    amiss, page = Amiss(), Folder(target).class_page
    found = the_reports(course, [], [], "", amiss)
    with err.status(_("writing pages")):
        write_all(course, found, "")
    report.make(course, found, page, FORMGRADER, True, "")
    out.print()
    shown = Folder(target).page(SHOWN)
    for path in (page, *((shown,) if shown.is_file() else ())):
        out.say(link(path))


@app.command(epilog="Example: autograder demo --folder /tmp/demo")
def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to make it; by default demo/ in this folder.")] = None,
    course: CourseFile = None,
    students: Annotated[int, typer.Option(min=1, max=12, help="How many of the twelve students take part.")] = 12,
    workers: Workers = 0,
    isolation: Isolation = None,
    verbose: Annotated[bool, typer.Option("--verbose/--quiet", help="A line for each failed check.")] = True,
) -> None:
    """Make a class of twelve synthetic students, grade it, and show where everything is."""
    from autograder.authoring import demo as demonstration
    from autograder.classroom.folder import Folder
    from autograder.common.data import data_sets

    try:
        data_sets.source().install()
        source = the_course(demonstration.course_file(course))
        target = (folder or Path("demo")).resolve()
        text = _("A class of {count} students in {folder}", count=students, folder=escaped(str(target)))
        out.print(text, highlight=False)
        path = demonstration.make(source, target, students)
        settings, copy = settings_from(path, isolation, workers, "", None, False, False, True)
        done = run(Folder(target).submitted, copy, settings, [], [], Amiss())
        show(done, copy, verbose)
        out.print(demonstration.explain(target, students), highlight=False, soft_wrap=True)
        pages(copy, target)
    except AutograderError as error:
        fail(error)
