"""`autograder doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.cli.common import AMISS, Commands, CourseFile, escaped, out
from autograder.common.showing.readable import json_text

app = Commands()
COLOURS = {"ok": "green", "warning": "yellow", "bad": "red"}
MARKS = {"ok": "✓", "warning": "!", "bad": "✗"}


@app.command(epilog="Example: autograder doctor --deep")
def doctor(
    course: CourseFile = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also import TensorFlow and train a small network.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a machine to read.")] = False,
) -> None:
    """Look at everything that grading needs, a line each, with the remedy for what is missing; exit 1 if something is."""
    from autograder.authoring.doctor import Mark, examine

    findings = []
    for finding in examine(course, deep):
        findings.append(finding)
        if as_json:
            continue
        colour, mark = COLOURS[finding.mark], MARKS[finding.mark]
        said = f"[{colour}]{mark}[/] [bold]{finding.subject:14}[/] {escaped(finding.says)}"
        out.print(said, highlight=False, soft_wrap=True)
        if finding.remedy:
            out.say(f"  {'':14} {finding.remedy}")
    if as_json:
        print(json_text([finding.__dict__ for finding in findings]))
    if any(finding.mark is Mark.BAD for finding in findings):
        raise typer.Exit(AMISS)
