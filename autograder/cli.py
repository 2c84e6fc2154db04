"""The command line: thin commands over the package, and the only place that exits.

Exit codes: 0 done; 1 done, and something is not as it should be (a stale release); 2 wrong use; 3 done, but checks are
undecided and wait for a person; 4 an error that stopped the command (course.yml, gradebook, sandbox, ...); 130 stopped
by Ctrl-C, after finishing what ran.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autograder.errors import AutograderError

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.grade import Done, Settings

app = typer.Typer(
    help="Grade notebooks on deep neural networks: in a sandbox, by a judge that never runs student code.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done; 1 something is not as it should be; 2 wrong use; 3 some checks wait for a person; 4 an error.",
)
memo_app = typer.Typer(help="The trainings that are known already, and need not run again.", no_args_is_help=True)
app.add_typer(memo_app, name="memo")
out = Console()
err = Console(stderr=True)

UNDECIDED, ERROR, INTERRUPTED = 3, 4, 130


class IsolationChoice(StrEnum):
    bubblewrap = "bubblewrap"
    none = "none"


CourseFile = Annotated[
    Path | None, typer.Option("--course", help="course.yml; by default the one in this folder or above it.")
]
Memo = Annotated[Path | None, typer.Option("--memo", help="Folder of known trainings; by default in your cache.")]
NoMemo = Annotated[bool, typer.Option("--no-memo", help="Train everything anew, and keep nothing.")]


def fail(error: AutograderError) -> NoReturn:
    err.print(f"[bold red]autograder:[/] {_escaped(str(error))}", highlight=False, soft_wrap=True)
    if error.remedy:
        err.print(_escaped(error.remedy), highlight=False, soft_wrap=True)
    raise typer.Exit(ERROR)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _course(path: Path | None) -> Course:
    from autograder.course import load

    return load(path)


@app.command(
    epilog="Example: autograder grade submitted --assignment two_layer --student alice --verbose",
)
def grade(
    submitted: Annotated[
        Path | None, typer.Argument(help="Folder of submissions: <student>/<assignment>/<assignment>.ipynb.")
    ] = None,
    assignment: Annotated[
        list[str] | None, typer.Option("--assignment", "-a", help="Only this one (repeatable).")
    ] = None,
    student: Annotated[list[str] | None, typer.Option("--student", "-s", help="Only this one (repeatable).")] = None,
    course: CourseFile = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=0, help="Processes; 0: as cores and memory allow.")
    ] = 0,
    isolation: Annotated[IsolationChoice | None, typer.Option(help="Instead of course.yml's.")] = None,
    language: Annotated[str, typer.Option(help="Of feedback: en or ko.")] = "en",
    force: Annotated[bool, typer.Option("--force", help="Grade again what was graded already.")] = False,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Don't grade the reference solutions first.")
    ] = False,
    memo: Memo = None,
    no_memo: NoMemo = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for each failed check.")] = False,
) -> None:
    """Grade submissions: notebooks to autograded/, reports to reports/, scores and comments to the gradebook."""
    try:
        settings, the_course = _settings(course, isolation, workers, language, memo, no_memo, force, not no_reference)
        folder = submitted or the_course.root / "submitted"
        done = _grade(folder, the_course, settings, assignment or [], student or [])
        _show(done, the_course, verbose)
    except AutograderError as error:
        fail(error)
    except KeyboardInterrupt:
        err.print("Stopped. What was graded is kept: the same command goes on from there.")
        raise typer.Exit(INTERRUPTED) from None
    if any(result.report.undecided for result in done):
        raise typer.Exit(UNDECIDED)


def _settings(
    course: Path | None, isolation: IsolationChoice | None, workers: int, language: str, memo: Path | None,
    no_memo: bool, force: bool, reference: bool,
) -> tuple[Settings, Course]:  # fmt: skip
    from autograder.course import find
    from autograder.grade import Settings, default_workers
    from autograder.memo import default_folder
    from autograder.sandbox import bubblewrap

    path = (course or find()).resolve()
    the_course = _course(path)
    if language not in the_course.course.languages:
        raise AutograderError(
            f"the course has no language '{language}'", f"It has {', '.join(the_course.course.languages)}."
        )
    chosen: Any = isolation.value if isolation else the_course.isolation
    if chosen == "bubblewrap" and (reason := bubblewrap.available()):
        raise AutograderError("submissions can't be isolated on this machine", reason)
    if chosen == "none":
        err.print(
            "[yellow]Isolation is off: submissions can read and change whatever you can. Only for submissions you trust.[/]"
        )
    folder = None if no_memo else (memo or default_folder())
    return Settings(path, chosen, workers or default_workers(), folder, language, force, reference), the_course


def _grade(folder: Path, course: Course, settings: Settings, assignments: list[str], students: list[str]) -> list[Done]:
    from autograder.checks.base import shorten
    from autograder.grade import find_submissions, grade_class

    submissions = find_submissions(folder, course, assignments, students)
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("reading", total=len(submissions))

        def on_done(done: Done) -> None:
            name = shorten(f"{done.submission.student} {done.submission.assignment}")
            progress.update(task, advance=1, description=_escaped(name))

        return grade_class(
            submissions, course, settings, on_done, lambda what: progress.update(task, description=_escaped(what))
        )


def _show(done: list[Done], course: Course, verbose: bool) -> None:
    from autograder.checks.base import shorten
    from autograder.gradebook import Book, address
    from autograder.report.summary import class_table, failed_checks

    reports = [result.report for result in done]
    with Book(address(course), course.course.id) as book:
        penalties = {(score.student, score.assignment): score.penalty for score in book.scores()}
    if verbose:
        for report in reports:
            for line in failed_checks(report):
                out.print(line, highlight=False, soft_wrap=True)
    for result in done:
        if result.warning:
            err.print(f"[yellow]{_escaped(shorten(result.warning))}[/]", highlight=False, soft_wrap=True)
    out.print(class_table(reports, course.assignments, penalties))
    again = sum(result.again for result in done)
    fits = sum(result.fits for result in done)
    err.print(
        f"{len(done) - again} graded, {again} unchanged since they were graded; "
        f"{fits} trainings asked for. Gradebook: {_escaped(address(course))}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


@app.command(epilog="Example: autograder release two_layer && git add assignments")
def release(
    assignments: Annotated[list[str] | None, typer.Argument(help="Which; by default all.")] = None,
    course: CourseFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if assignments/ is out of date.")
    ] = False,
) -> None:
    """Make what students receive (assignments/) from the instructors' notebooks (solutions/), in every language."""
    from autograder import release as releases

    try:
        the_course = _course(course)
        if check:
            stale = releases.stale(the_course)
            for path in stale:
                out.print(f"out of date: {_escaped(str(path))}", highlight=False)
            if stale:
                raise typer.Exit(1)
            out.print("assignments/ is up to date")
            return
        for path in releases.release(the_course, assignments or list(the_course.assignments)):
            out.print(_escaped(str(path)), highlight=False)
    except AutograderError as error:
        fail(error)


@app.command(epilog="Example: autograder demo --folder /tmp/demo")
def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to make it; by default demo/ in this folder.")] = None,
    course: CourseFile = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=0)] = 0,
    isolation: Annotated[IsolationChoice | None, typer.Option(help="Instead of course.yml's.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose/--quiet", help="A line for each failed check.")] = True,
) -> None:
    """Make a class of twelve synthetic students, grade it, and show where everything is."""
    from autograder import data
    from autograder import demo as demonstration

    try:
        data.install()
        the_course = _course(course)
        target = (folder or Path("demo")).resolve()
        out.print(f"A class of {len(demonstration.STUDENTS)} students in {_escaped(str(target))}", highlight=False)
        path = demonstration.make(the_course, target)
        settings, the_course = _settings(path, isolation, workers, "en", None, False, False, True)
        done = _grade(target / "submitted", the_course, settings, [], [])
        _show(done, the_course, verbose)
        out.print(demonstration.explain(target), highlight=False, soft_wrap=True)
    except AutograderError as error:
        fail(error)


@memo_app.command("info", epilog="Example: autograder memo info")
def memo_info(memo: Memo = None) -> None:
    """How many trainings are known, and how much room they take."""
    from autograder.memo import Memo as Store
    from autograder.memo import default_folder

    store = Store(memo or default_folder())
    entries = store.entries()
    size = sum(size for _, size, _ in entries) / 1e6
    out.print(
        f"{len(entries)} trainings, {size:,.1f} MB of {store.limit / 1e6:,.0f} MB, in {store.folder}", highlight=False
    )


@memo_app.command("clear", epilog="Example: autograder memo clear")
def memo_clear(memo: Memo = None) -> None:
    """Forget all known trainings."""
    from autograder.memo import Memo as Store
    from autograder.memo import default_folder

    out.print(f"{Store(memo or default_folder()).clear()} trainings forgotten")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
