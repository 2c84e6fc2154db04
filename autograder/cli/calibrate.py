"""`autograder calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.common import (
    AMISS,
    INTERRUPTED,
    Commands,
    CourseFile,
    Isolation,
    MemoFolder,
    NoMemo,
    OfAssignments,
    err,
    escaped,
    fail,
    named,
    out,
    the_course,
)
from autograder.cli.progress_bar import bar
from autograder.common.errors import AutograderError
from autograder.common.i18n import _

if TYPE_CHECKING:
    from autograder.authoring.calibration.thresholds import Threshold
    from autograder.course.course import Course

app = Commands()


@app.command(epilog="Example: autograder calibrate two_layer --seeds 30 --workers 2 --plot docs/images/calibration.svg")
def calibrate(
    assignment: OfAssignments = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Of each network; variations get a third.")] = 30,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="Processes that train, a thread each.")] = 1,
    course: CourseFile = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the distributions: an .svg, .png or .html.")] = None,
    judge_only: Annotated[bool, typer.Option("--judge-only", help="Train nothing: judge what was measured.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Measure anew what is known already.")] = False,
    isolation: Isolation = None,
    memo: MemoFolder = None,
    no_memo: NoMemo = False,
) -> None:
    """Measure what the graded networks reach over seeds, and whether course.yml's thresholds are earned.

    Grades each solution to find its networks, trains them and typical wrong ones, and writes calibration.json beside
    course.yml after every training: stop it at any time, and run it again to go on. Ends with 1 when a threshold is not earned.
    """
    from autograder.authoring.calibration.measure import assignments_with_thresholds
    from autograder.authoring.calibration.thresholds import examine

    try:
        the = the_course(course)
        names = assignments_with_thresholds(the, named(the, assignment))
        if not judge_only:
            _measure(the, names, course, seeds, workers, isolation, memo, no_memo, force)
        judged = [threshold for name in names for threshold in examine(the, name)]
        if plot is not None:
            from autograder.authoring.calibration.plot import draw

            draw(judged, plot)
            err.print(_("Plot: {path}", path=escaped(str(plot))), highlight=False)
    except AutograderError as error:
        fail(error)
    except KeyboardInterrupt:
        err.print(_("Stopped. What was measured is kept: run the command again to go on."))
        raise typer.Exit(INTERRUPTED) from None
    show(judged)
    if any(threshold.problems for threshold in judged):
        raise typer.Exit(AMISS)


def _measure(
    course: Course, names: list[str], path: Path | None, seeds: int, workers: int, isolation: Any, memo: Path | None,
    no_memo: bool, force: bool,
) -> None:  # fmt: skip
    from autograder.authoring.calibration.measure import Job, Settings, calibrate
    from autograder.classroom.grading.isolation import require
    from autograder.course.course import find
    from autograder.networks.memo import default_folder

    chosen: Any = isolation.value if isolation else course.isolation
    folder = None if no_memo else (memo or default_folder())
    require(course, chosen, folder)
    settings = Settings((path or find()).resolve(), chosen, folder, seeds, workers, force)
    with bar(_("reading"), left=True) as progress:

        def on_plan(kept: int, waiting: int) -> None:
            text = _("{waiting} trainings to do; {kept} measured before are kept", waiting=waiting, kept=kept)
            err.print(text, highlight=False)
            progress.plan(waiting)

        def on_done(job: Job) -> None:
            progress.step(f"{job.assignment} {job.trial} {job.seed}")

        calibrate(course, names, settings, on_plan, on_done, progress.at)


def show(thresholds: list[Threshold]) -> None:
    """A table for each threshold, then the problems."""
    from autograder.authoring.calibration.table import LEGEND, problem_lines, tables

    for table in tables(thresholds):
        out.print(table)
    out.print(_(LEGEND), highlight=False)
    for line in problem_lines(thresholds):
        out.print(line, highlight=False, soft_wrap=True)
