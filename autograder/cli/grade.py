"""`autograder grade`; `demo` runs and shows a class with it, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.common import (
    INTERRUPTED,
    UNDECIDED,
    Amiss,
    Commands,
    CourseFile,
    Isolation,
    Language,
    MemoFolder,
    NoMemo,
    OfAssignments,
    OfStudents,
    Workers,
    err,
    fail,
    named,
    out,
    there,
)
from autograder.cli.progress_bar import bar
from autograder.cli.settings import settings_from
from autograder.common.errors import AutograderError
from autograder.common.i18n import _
from autograder.common.showing.readable import json_text, shorten

if TYPE_CHECKING:
    from autograder.classroom.grading.grade_class import Done, Settings
    from autograder.classroom.grading.state import State
    from autograder.course.course import Course

app = Commands()


@app.command(
    epilog="Example: autograder grade submitted --assignment two_layer --student alice --verbose",
)
def grade(
    submitted: Annotated[
        Path | None, typer.Argument(help="Folder of submissions: <student>/<assignment>/<assignment>.ipynb.")
    ] = None,
    assignment: OfAssignments = None,
    student: OfStudents = None,
    course: CourseFile = None,
    workers: Workers = 0,
    scheduler: Annotated[
        str, typer.Option(help="Grade on a running Dask cluster, such as tcp://host:8786, and not on this machine.")
    ] = "",
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Serve Dask's dashboard on this machine (needs Bokeh).")
    ] = False,
    isolation: Isolation = None,
    language: Language = "",
    force: Annotated[bool, typer.Option("--force", help="Grade again what was graded already.")] = False,
    all_cells: Annotated[
        bool, typer.Option("--all-cells", help="Run the release's illustrations too; the grades are the same.")
    ] = False,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Don't grade the reference solutions first.")
    ] = False,
    memo: MemoFolder = None,
    no_memo: NoMemo = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for each failed check.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Scores, times and trainings as JSON, not as a table.")
    ] = False,
) -> None:
    """Grade submissions: notebooks to autograded/, reports to reports/, scores and comments to the gradebook.

    Ctrl-C once finishes what runs and stops; twice stops at once. Whatever ends it, the same command goes on from there:
    what is unchanged is not graded again. `autograder status` shows from another terminal what it does; logs/ keeps it.
    """
    from autograder.classroom.folder import Folder
    from autograder.common.hints.for_errors import meant

    amiss = Amiss()
    try:
        settings, the_course = settings_from(
            course,
            isolation,
            workers,
            language,
            memo,
            no_memo,
            force,
            not no_reference,
            scheduler,
            dashboard,
            submitted,
        )
        settings = replace(settings, all_cells=all_cells)
        names = list(assignment or ())
        if (
            submitted and str(submitted) in the_course.assignments and not submitted.is_dir()
        ):  # no folder: the first of the names
            names, submitted = [str(submitted), *names], None
        remedy = meant(str(submitted), ["submitted", *the_course.assignments])
        folder = there(submitted, remedy) if submitted else Folder(the_course.root).submitted
        done = run(folder, the_course, settings, named(the_course, names), student or [], amiss)
        if as_json:
            print(json_text([figures(result) for result in done]))
        else:
            show(done, the_course, verbose)
    except AutograderError as error:
        fail(error)
    except KeyboardInterrupt:
        err.print(_("Stopped. What was graded is kept: the same command goes on from there."))
        raise typer.Exit(INTERRUPTED) from None
    if any(result.undecided for result in done):
        raise typer.Exit(UNDECIDED)
    amiss.end()


def figures(done: Done) -> dict[str, Any]:
    """One submission for a machine to read; `seconds` and `stages` are wall time, 0 for what was graded before."""
    report = done.report
    return {
        "student": report.student, "assignment": report.assignment, "points": report.points, "out_of": report.out_of,
        "undecided": report.undecided, "again": done.unchanged, "why": list(done.why), "seconds": done.seconds, "fits": done.fits,
        "trained": done.trained, "stages": done.stages,
    }  # fmt: skip


def reasons(done: list[Done]) -> dict[str, list[str]]:
    """Whose submissions were graded again, by what had changed, the most frequent first."""
    found: dict[str, list[str]] = {}
    for result in done:
        if result.why:
            found.setdefault("; ".join(result.why), []).append(f"{result.student} {result.assignment}")
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def run(
    folder: Path, course: Course, settings: Settings, assignments: list[str], students: list[str], amiss: Amiss
) -> list[Done]:
    from autograder.classroom.find_submissions import find_submissions
    from autograder.classroom.grading.grade_class import grade_class

    submissions = find_submissions(folder, course, assignments, students, amiss=amiss)
    with bar(_("reading"), len(submissions), left=True) as progress:

        def on_done(done: Done) -> None:
            progress.step(shorten(f"{done.student} {done.assignment}"))

        refused: set[str] = set()

        def on_state(state: State) -> None:
            progress.beside(counts(state))
            for name in state.refused.keys() - refused:
                refused.add(name)
                progress.say(
                    shorten(_("worker {name} was refused: {why}", name=name, why=state.refused[name]), 500), "yellow"
                )

        def on_notice(text: str) -> None:
            progress.say(text, "yellow")

        return grade_class(submissions, course, settings, on_done, progress.at, on_state, on_notice)


def counts(state: State) -> str:
    """How it goes, in a line: what was found, and what needn't be trained again."""
    parts = [_("{count} full marks", count=state.passed), _("{count} lost points", count=state.failed)]
    if state.undecided:
        parts.append(_("{count} undecided", count=state.undecided))
    if state.fits:
        parts.append(_("{saved} of {fits} trainings saved", saved=state.saved, fits=state.fits))
    return ", ".join(parts)


def show(done: list[Done], course: Course, verbose: bool) -> None:
    from autograder.classroom.gradebook.book import Book
    from autograder.classroom.gradebook.database import address
    from autograder.classroom.pages.summary import class_table, failed_checks

    with Book(address(course), course.course.id) as book:
        penalties = {(score.student, score.assignment): score.penalty for score in book.scores()}
    if verbose:
        for result in done:
            for line in failed_checks(result.report):
                out.print(line, highlight=False, soft_wrap=True)
    for result in done:
        if result.warning:
            err.say(shorten(result.warning), "yellow")
    out.print(class_table(done, course.assignments, penalties))
    for reason, who in reasons(done).items():
        shown = ", ".join(who if verbose else who[:3]) + ("" if verbose or len(who) <= 3 else ", …")
        text = _(
            "{count} graded again, because {reason}: {who}", count=len(who), reason=reason, who=shorten(shown, 100_000)
        )
        err.say(text)
    again = sum(result.unchanged for result in done)
    fits = sum(result.fits for result in done)
    text = _(
        "{graded} graded, {again} unchanged since they were graded; {fits} trainings asked for. Gradebook: {gradebook}",
        graded=len(done) - again, again=again, fits=fits, gradebook=address(course),
    )  # fmt: skip
    err.say(text)
