"""`autograder release`."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.cli.common import AMISS, Commands, CourseFile, OfAssignments, escaped, fail, named, out, the_course
from autograder.common.errors import AutograderError
from autograder.common.i18n import _

app = Commands()


@app.command(epilog="Example: autograder release two_layer && git add assignments")
def release(
    assignment: OfAssignments = None,
    course: CourseFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if assignments/ is out of date.")
    ] = False,
) -> None:
    """Make what students receive (assignments/) from the instructors' notebooks (solutions/), in every language."""
    from autograder.authoring import release as releases

    try:
        the = the_course(course)
        chosen = named(the, assignment)
        if check:
            stale = releases.stale(the, chosen)
            for path in stale:
                out.print(_("out of date: {path}", path=escaped(str(path))), highlight=False)
            if stale:
                raise typer.Exit(AMISS)
            out.print(_("assignments/ is up to date"))
            return
        for path in releases.release(the, chosen or list(the.assignments)):
            out.say(path)
    except AutograderError as error:
        fail(error)
