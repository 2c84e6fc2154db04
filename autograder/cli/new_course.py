"""`autograder new-course`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.common import Commands, fail, out
from autograder.common.errors import AutograderError
from autograder.common.i18n import LANGUAGES, _

app = Commands()


@app.command("new-course", epilog="Example: autograder new-course my-course --language en --task cnn")
def new_course(
    folder: Annotated[Path, typer.Argument(help="The course's folder: it is made.")],
    title: Annotated[str, typer.Option("--title", help="Of the course; by default its folder's name.")] = "",
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="Of the course: en, ko, fr, pt-BR, ...; several times, the first counts most."),
    ] = None,
    assignment: Annotated[str, typer.Option("--assignment", "-a", help="The first one's name; by default first.")] = "",
    task: Annotated[
        str, typer.Option("--task", help="What it is about: network, cnn, regression or sklearn.")
    ] = "network",
) -> None:
    """Begin a course: course.yml, a first assignment that proves itself, and what Git, nbgrader and GitHub need."""
    from autograder.authoring.scaffold.make import new_course
    from autograder.authoring.scaffold.parts import New

    try:
        for made in new_course(
            folder, New(assignment or "first", languages=tuple(language or LANGUAGES), task=task), title
        ):
            out.say(made)
    except AutograderError as error:
        fail(error)
    text = _(
        "Next: cd {folder} && autograder release && autograder verify, then change it step by step.", folder=folder
    )
    out.say(text)
