"""`autograder export-autograder`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.common import Commands, CourseFile, fail, out, the_course, write
from autograder.common.errors import AutograderError
from autograder.common.i18n import _

app = Commands()


class ContainerChoice(StrEnum):
    gradescope = "gradescope"


@app.command(epilog="Example: autograder export-autograder gradescope --assignment two_layer")
def export_autograder(
    platform: Annotated[ContainerChoice, typer.Argument(help="Whose container grades.", show_default=False)],  # noqa: ARG001 - there is one so far
    assignment: Annotated[
        str, typer.Option("--assignment", "-a", help="Which; needed where the course has several.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The zip to write; by default <assignment>-autograder.zip in this folder."),
    ] = None,
    visible: Annotated[
        bool, typer.Option("--visible", help="Leave out hidden checks: nothing of them is in the zip.")
    ] = False,
    course: CourseFile = None,
) -> None:
    """Write an autograder that a platform runs by itself: for Gradescope the zip with setup.sh and run_autograder.

    It grades each submission in a container of its own, as this machine would. Where that container allows no sandbox, student code can
    read what is in the zip: --visible leaves nothing in it to be read.
    """
    from autograder.authoring.containers import archive
    from autograder.course.course import find

    try:
        file = (course or find()).resolve()
        the = the_course(file)
        if not assignment and len(the.assignments) > 1:
            known = ", ".join(the.assignments)
            raise AutograderError(
                _("an autograder is for one assignment"),
                _("Name it with --assignment: there are {assignments}.", assignments=known),
                misused=True,
            )
        name = assignment or next(iter(the.assignments))
        target = output or Path(f"{name}-autograder.zip")
        content = archive(the, file, name, visible=visible)
        write(target, content, _("Name another place with --output."))
    except AutograderError as error:
        fail(error)
    said = _(
        "{file}: {megabytes} MB, for Gradescope's Configure Autograder",
        file=target,
        megabytes=f"{len(content) / 1e6:.1f}",
    )
    out.say(said)
