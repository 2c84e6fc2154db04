"""`autograder try`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.common import (
    AMISS,
    UNDECIDED,
    Commands,
    CourseFile,
    Isolation,
    Language,
    MemoFolder,
    NoMemo,
    err,
    fail,
    out,
)
from autograder.common.errors import AutograderError
from autograder.common.files import deliver, unwritable
from autograder.common.i18n import _, asked_for, known, speak

if TYPE_CHECKING:
    from autograder.classroom.one_notebook import Tried

SUMMARY = "GITHUB_STEP_SUMMARY"  # a file that GitHub shows on the page of a workflow's run
app = Commands()


@app.command("try", epilog="Example: autograder try two_layer.ipynb --junit results.xml")
def try_(
    notebook: Annotated[
        Path, typer.Argument(help="The notebook, as the student has it.", show_default=False)
    ],
    checks: Annotated[
        Path | None,
        typer.Option("--checks", help="checks.yml; by default the one beside the notebook, or else course.yml."),
    ] = None,
    course: CourseFile = None,
    assignment: Annotated[
        str, typer.Option("--assignment", "-a", help="Which one, where the notebook doesn't say it.")
    ] = "",
    isolation: Isolation = None,
    language: Language = "",
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML, for CI.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON, not as a table.")] = False,
    memo: MemoFolder = None,
    no_memo: NoMemo = False,
) -> None:  # fmt: skip
    """Run one notebook as it is run for grading, and say what the visible checks find; it is graded by nobody.

    It needs the notebook and its checks.yml, or the course. In a GitHub workflow the table is on the page of the run too. Exit code 0:
    full marks by the visible checks; 1: less; 3: nothing is wrong, and something is undecided.
    """
    from autograder.classroom.one_notebook import source_of, try_notebook
    from autograder.networks.memo import default_folder

    chosen: Any = isolation.value if isolation else None
    try:
        speak(known(language) or asked_for())
        if chosen == "none":
            err.print(_("[yellow]Isolation is off: the notebook can read and change whatever you can.[/]"))
        source = source_of(notebook, checks, course)
        with err.status(_("running the notebook beside the judge")):
            folder = None if no_memo else (memo or default_folder())
            tried = try_notebook(
                notebook, source, assignment=assignment, isolation=chosen, memo=folder, language=language
            )  # fmt: skip
        _show(tried, as_json, junit)
    except AutograderError as error:
        fail(error)
    if not tried.full:
        raise typer.Exit(AMISS if tried.failed else UNDECIDED)


def _show(tried: Tried, as_json: bool, junit: Path | None) -> None:
    """In the terminal, in a workflow's page where there is one, and in the file `junit`. Raises AutograderError."""
    from autograder.classroom.pages.one_notebook import later, markdown, table, total
    from autograder.common.i18n import speaking

    if as_json:
        print(tried.report.to_json(), end="")
    with speaking(tried.report.language):
        if not as_json:
            out.print(table(tried.report), highlight=False)
            for said in (*tried.report.remarks, total(tried.report), later(tried.hidden)):
                if said:
                    out.say(said)
        page = markdown(tried.report, tried.hidden)
    try:
        if junit is not None:
            deliver(junit, tried.junit())
        if summary := os.environ.get(SUMMARY):
            with open(summary, "a", encoding="utf-8") as stream:
                stream.write(page)
    except OSError as error:
        raise unwritable(junit, error) from error
