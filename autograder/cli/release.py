"""`autograder release`."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.cli.common import AMISS, CourseFile, escaped, fail, out, the_course
from autograder.common.errors import AutograderError
from autograder.common.i18n import _

app = typer.Typer()


@app.command(epilog="Example: autograder release two_layer && git add assignments")
def release(
    assignments: Annotated[list[str] | None, typer.Argument(help="Which; by default all.")] = None,
    course: CourseFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if assignments/ is out of date.")
    ] = False,
) -> None:
    """Make what students receive (assignments/) from the instructors' notebooks (solutions/), in every language."""
    from autograder.authoring import release as releases

    try:
        the = the_course(course)
        if check:
            stale = releases.stale(the)
            for path in stale:
                out.print(_("out of date: {path}", path=escaped(str(path))), highlight=False)
            if stale:
                raise typer.Exit(AMISS)
            out.print(_("assignments/ is up to date"))
            return
        for path in releases.release(the, assignments or list(the.assignments)):
            out.print(escaped(str(path)), highlight=False)
    except AutograderError as error:
        fail(error)
