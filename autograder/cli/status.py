"""`autograder status`."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.common import CourseFile, err, escaped, fail, out, the_course
from autograder.common.errors import AutograderError

if TYPE_CHECKING:
    from autograder.classroom.grading.state import State
    from autograder.course.course import Course

app = typer.Typer()


@app.command(epilog="Example: autograder status --json")
def status(
    course: CourseFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for a machine to read.")] = False,
) -> None:
    """What `autograder grade` is doing, from another terminal: how far it is, what each worker grades, what waits for a person."""
    try:
        found = figures(the_course(course))
    except AutograderError as error:
        fail(error)
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


def figures(course: Course) -> dict[str, Any]:
    """The run of the moment, or the last one, and what is finished in all.

    `state` is one of never, running, finished, stopped (by Ctrl-C), failed (by an error) and killed (it ended without a word).
    """
    from autograder.classroom.grading.journal import Journal
    from autograder.classroom.grading.state import read
    from autograder.course.checks.base import shorten

    journal = Journal(course.root)
    run, running = read(journal), journal.busy()
    entries = list(journal.entries())
    undecided = [
        {"student": shorten(student, 60), "assignment": assignment, "questions": list(entry.undecided)}
        for student, assignment, entry in entries
        if entry.undecided
    ]
    return {
        "state": _state(run, running), "run": run.model_dump(mode="json") | {"saved": run.saved} if run else None,
        "graded": len(entries), "undecided": undecided,
    }  # fmt: skip


def _state(run: State | None, running: bool) -> str:
    if running:
        return "running"
    if run is None:
        return "never"
    return run.phase if run.phase in ("finished", "stopped", "failed") else "killed"


_SAID = {
    "never": "No run yet: `autograder grade` starts one.",
    "running": "Running",
    "finished": "Finished",
    "stopped": "Stopped by Ctrl-C: the same command goes on from there",
    "failed": "Ended by an error",
    "killed": "Killed: the same command goes on from there",
}
_PHASES = {
    "starting": "starting workers",
    "references": "grading the reference solutions",
    "stopping": "finishing what runs, then stopping",
}


def show(found: dict[str, Any]) -> None:
    from rich.table import Table

    run, state = found["run"], found["state"]
    said = _SAID[state]
    if run is not None:
        if state == "running" and run["phase"] in _PHASES:
            said += f": {_PHASES[run['phase']]}"
        began = _ago(run["started"])
        ended = "" if state == "running" else f", ended {_ago(run['updated'])} ago"
        said += f" (began {began} ago{ended}; process {run['pid']} on {run['host']})"
    out.print(escaped(said), highlight=False, soft_wrap=True, style="bold")
    if run is not None:
        _show_run(run, state)
    out.print(f"{found['graded']} graded in all", highlight=False)
    if found["undecided"]:
        table = Table(title="Undecided: these wait for a person, or for another try", title_justify="left")
        for column in ("student", "assignment", "questions"):
            table.add_column(column)
        for one in found["undecided"]:
            table.add_row(escaped(one["student"]), one["assignment"], ", ".join(one["questions"]))
        out.print(table)


def _show_run(run: dict[str, Any], state: str) -> None:
    from rich.table import Table

    counts = f"{run['done']} of {run['total']} done, {run['again']} of them unchanged since they were graded"
    counts += f": {run['passed']} full marks, {run['failed']} lost points, {run['undecided']} undecided"
    out.print(counts, highlight=False, soft_wrap=True)
    out.print(f"{run['fits']} trainings asked for, {run['saved']} of them saved", highlight=False)
    if run["message"]:
        out.print(escaped(run["message"]), highlight=False, soft_wrap=True, style="red")
    if state == "running":
        table = Table(
            title=f"{len(run['busy'])} busy, {run['idle']} idle, {run['joining']} starting", title_justify="left"
        )
        for column in ("worker", "grades", "since"):
            table.add_column(column)
        for one in run["busy"]:
            table.add_row(escaped(one["worker"]), escaped(f"{one['student']} {one['assignment']}"), _ago(one["since"]))
        out.print(table)
        if run["dashboard"]:
            out.print(f"Dask's dashboard: {run['dashboard']}", highlight=False, soft_wrap=True)
    for name, why in run["refused"].items():
        err.print(f"[yellow]worker {escaped(name)} was refused: {escaped(why)}[/]", highlight=False, soft_wrap=True)
    if run["log"]:
        out.print(f"Log: {run['log']}", highlight=False)


def _ago(moment: str) -> str:
    seconds = (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(moment)).total_seconds()
    return str(dt.timedelta(seconds=max(0, round(seconds))))
