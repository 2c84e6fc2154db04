"""`autograder new-assignment`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.common import Commands, CourseFile, fail, out
from autograder.common.errors import AutograderError
from autograder.common.i18n import _

app = Commands()


@app.command(
    "new-assignment",
    epilog='Example: autograder new-assignment dropout --title "Dropout" --title-ko "드롭아웃"',
)
def new_assignment(
    assignment: Annotated[
        str,
        typer.Option(
            "--assignment", "-a", help="Its name: small letters, digits and underscores, such as my_assignment."
        ),
    ] = "",
    title: Annotated[str, typer.Option("--title", help="What students read; by default made of the name.")] = "",
    title_ko: Annotated[str, typer.Option("--title-ko", help="The same in Korean.")] = "",
    due: Annotated[str, typer.Option("--due", help="Like 2027-04-11T23:59:00+09:00; by default in 30 days.")] = "",
    task: Annotated[
        str, typer.Option("--task", help="What it is about: network, cnn, regression or sklearn.")
    ] = "network",
    course: CourseFile = None,
) -> None:
    """Begin an assignment: source notebook, entry in course.yml, mutants, an alternative and a test, ready to be changed.

    What is made passes `autograder release` and `autograder verify` at once. With --course and a file that doesn't exist, a
    course is begun there.
    """
    from autograder.authoring.scaffold.make import new_assignment
    from autograder.authoring.scaffold.parts import New
    from autograder.course.course import find

    try:
        path: Path = course or find()
        for made in new_assignment(path, New(assignment, title, title_ko, due, task=task)):
            out.say(made)
    except AutograderError as error:
        fail(error)
    option = f" --course {path}" if course else ""
    text = _(
        "Next: autograder release {name}{option} && autograder verify {name}{option}, then change it step by step.",
        name=assignment, option=option,
    )  # fmt: skip
    out.say(text)
