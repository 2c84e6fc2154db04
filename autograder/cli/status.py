"""`autograder status`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.common import Commands, CourseFile, err, escaped, fail, out, the_course
from autograder.common.errors import AutograderError
from autograder.common.i18n import N_, _
from autograder.common.showing.readable import json_text, shorten

if TYPE_CHECKING:
    from autograder.classroom.grading.state import State
    from autograder.course.course import Course

app = Commands()


@app.command(epilog="Example: autograder status --json")
def status(
    course: CourseFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for a machine to read.")] = False,
) -> None:
    """What `autograder grade` is doing, from another terminal: how far it is, what each worker grades, what waits for a person."""
    try:
        the = the_course(course)
        found = figures(the)
    except AutograderError as error:
        fail(error)
    if as_json:
        print(json_text(found))
    else:
        show(found)


def figures(course: Course) -> dict[str, Any]:
    """The run of the moment, or the last one, and what is finished in all.

    `state` is one of never, running, finished, stopped (by Ctrl-C), failed (by an error), killed (it ended without a word) and
    unknown (something was graded, and no word is left of the run).
    """
    from autograder.classroom.grading.journal import Journal
    from autograder.classroom.grading.state import read

    journal = Journal(course.root)
    run, running = read(journal), journal.busy()
    entries = list(journal.entries())
    undecided = [
        {"student": shorten(student, 60), "assignment": assignment, "questions": list(entry.undecided)}
        for student, assignment, entry in entries
        if entry.undecided
    ]
    return {
        "state": _state(run, running, graded=bool(entries)), "run": run.model_dump(mode="json") | {"saved": run.saved} if run else None,
        "graded": len(entries), "undecided": undecided,
    }  # fmt: skip


def _state(run: State | None, running: bool, graded: bool) -> str:
    if running:
        return "running"
    if run is None:
        return "unknown" if graded else "never"
    return run.phase if run.phase in ("finished", "stopped", "failed") else "killed"


_SAID = {
    "never": N_("No run yet: `autograder grade` starts one."),
    "running": N_("Running"),
    "finished": N_("Finished"),
    "stopped": N_("Stopped by Ctrl-C: the same command goes on from there"),
    "failed": N_("Ended by an error"),
    "unknown": N_("Of the last run no word is left: the same command makes what is missing"),
    "killed": N_("Killed: the same command goes on from there"),
}
_PHASES = {
    "starting": N_("starting workers"),
    "references": N_("grading the reference solutions"),
    "stopping": N_("finishing what runs, then stopping"),
}


def show(found: dict[str, Any]) -> None:
    from rich.table import Table

    run, state = found["run"], found["state"]
    said = _(_SAID[state])
    if run is not None:
        phase = _PHASES.get(run["phase"], "")
        if state == "running" and phase:
            said += ": " + _(phase)
        times = [_("began {time} ago", time=_ago(run["started"]))]
        if state != "running":
            times.append(_("ended {time} ago", time=_ago(run["updated"])))
        times.append(_("process {pid} on {host}", pid=run["pid"], host=run["host"]))
        said += f" ({', '.join(times)})"
    out.say(said, "bold")
    if run is not None:
        _show_run(run, state)
    out.print(_("{count} graded in all", count=found["graded"]), highlight=False)
    if found["undecided"]:
        table = Table(title=_("Undecided: these wait for a person, or for another try"), title_justify="left")
        for column in (N_("student"), N_("assignment"), N_("questions")):
            table.add_column(_(column))
        for one in found["undecided"]:
            table.add_row(escaped(one["student"]), one["assignment"], ", ".join(one["questions"]))
        out.print(table)


def _show_run(run: dict[str, Any], state: str) -> None:
    from rich.table import Table

    counts = _(
        "{done} of {total} done, {again} of them unchanged since they were graded: {passed} full marks, {failed} lost points, "
        "{undecided} undecided",
        **{name: run[name] for name in ("done", "total", "again", "passed", "failed", "undecided")},
    )
    out.print(counts, highlight=False, soft_wrap=True)
    out.print(
        _("{fits} trainings asked for, {saved} of them saved", fits=run["fits"], saved=run["saved"]), highlight=False
    )
    if run["message"]:
        out.say(run["message"], "red")
    if state == "running":
        table = Table(
            title=_(
                "{busy} busy, {idle} idle, {joining} starting",
                busy=len(run["busy"]), idle=run["idle"], joining=run["joining"],
            ),
            title_justify="left",
        )  # fmt: skip
        for column in (N_("worker"), N_("grades"), N_("since")):
            table.add_column(_(column))
        for one in run["busy"]:
            table.add_row(escaped(one["worker"]), escaped(f"{one['student']} {one['assignment']}"), _ago(one["since"]))
        out.print(table)
        if run["dashboard"]:
            out.print(_("Dask's dashboard: {link}", link=run["dashboard"]), highlight=False, soft_wrap=True)
    for name, why in run["refused"].items():
        said = _("worker {name} was refused: {why}", name=name, why=why)
        err.say(said, "yellow")
    if run["log"]:
        out.say(_("Log: {path}", path=run["log"]))


def _ago(moment: str) -> str:
    seconds = (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(moment)).total_seconds()
    return str(dt.timedelta(seconds=max(0, round(seconds))))
