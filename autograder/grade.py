"""Many submissions: found in a folder, graded by worker processes, entered into the gradebook by this one.

A worker keeps one sandbox and one judge for all that it grades. This process reads reports, never student bytes, and doesn't
import TensorFlow. Each report is on disk before the gradebook sees it; a submission whose report is there and still
fits (same file, course, versions, isolation) is not graded again.
"""

from __future__ import annotations

import concurrent.futures as futures
import datetime as dt
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from autograder import data
from autograder.bench import Bench
from autograder.course import Course, load
from autograder.errors import AutograderError, SubmissionError
from autograder.execute import Graded, Submission, grade_submission
from autograder.gradebook import Book, address
from autograder.handins import Store
from autograder.hints import meant
from autograder.i18n import _
from autograder.results import Report, Status
from autograder.sandbox.host import Sandbox
from autograder.sandbox.layout import Isolation
from autograder.training import versions

REFERENCE = "(reference solution)"
# What nbgrader's release_feedback needs beside the notebook, and its size in bytes: the secret names a student's page.
BESIDE = {"timestamp.txt": 100, "submission_secret.txt": 1000}


@dataclass(frozen=True)
class Settings:
    """How to grade. `memo`: folder of known trainings, None to keep none. `force`: grade again what was graded."""

    course: Path
    isolation: Isolation
    workers: int
    memo: Path | None
    language: str = "en"
    force: bool = False
    reference: bool = True


@dataclass(frozen=True)
class Done:
    """A submission that is finished: `again` when its report was still good and nothing had to run."""

    submission: Submission
    report: Report
    seconds: float = 0.0
    fits: int = 0
    trained: int = 0
    stages: dict[str, float] = field(default_factory=dict)  # as `execute.Graded`'s
    again: bool = False
    warning: str = ""


def find_submissions(
    folder: Path, course: Course, assignments: Iterable[str] = (), students: Iterable[str] = ()
) -> list[Submission]:
    """``folder/<student>/<assignment>/<assignment>.ipynb`` of the course's assignments, sorted.

    A lone notebook under another name is taken for a renamed one. Raises SubmissionError when there is nothing to grade.
    """
    if not folder.is_dir():
        raise SubmissionError(
            _("there is no folder {folder}", folder=folder), _("Put notebooks into submitted/<student>/<assignment>/.")
        )
    wanted, names = set(assignments) or set(course.assignments), set(students)
    for name in wanted:
        course.assignment(name)
    there = {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}
    for name in sorted(names - there):
        message = _("{folder} holds no submission of {students}", folder=folder, students=name)
        raise SubmissionError(message, meant(name, sorted(there)))
    found = []
    for student in sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
        if student.name.startswith(".") or (names and student.name not in names):
            continue
        for place in sorted(path for path in student.iterdir() if path.name in wanted and not path.is_symlink()):
            if place.is_dir():
                found.append(Submission(student.name, place.name, _notebook(place)))
    if not found:
        raise SubmissionError(
            _("{folder} holds no submission of {students}", folder=folder, students=", ".join(sorted(names)))
            if names
            else _("{folder} holds no submission", folder=folder),
            _("It should look like submitted/<student>/<assignment>/<assignment>.ipynb."),
        )
    return found


def _notebook(place: Path) -> Path:
    expected = place / f"{place.name}.ipynb"
    if not expected.exists():
        others = [path for path in place.glob("*.ipynb") if path.is_file()]
        if len(others) == 1:
            return others[0]
    return expected


def submitted_at(submission: Submission) -> dt.datetime | None:
    """What nbgrader's timestamp.txt beside the notebook says; None without one. Raises SubmissionError if it is no time."""
    file = submission.path.parent / "timestamp.txt"
    if not file.is_file() or file.is_symlink():
        return None
    with file.open("rb") as stream:
        text = stream.read(100).decode("utf-8", "replace").strip()
    try:
        moment = dt.datetime.fromisoformat(text.removesuffix("UTC").strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):  # year 9999 in another zone is no time in UTC
        remedy = _("Write it like 2027-03-14 23:59:00 UTC.")
        raise SubmissionError(
            _("{file} is not a time ({text!r}): no late penalty", file=file, text=text), remedy
        ) from None
    return moment


def _time(submission: Submission) -> tuple[dt.datetime | None, str]:
    """When it was handed in, or why that isn't known: one student's odd file stops nobody else."""
    try:
        return submitted_at(submission), ""
    except (SubmissionError, OSError) as error:
        return None, str(error)


# ---- workers

_worker: dict[str, Any] = {}


def _start_worker(settings: Settings) -> None:
    """Runs once in each worker process; the judge and the sandbox import TensorFlow at the same time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's: what runs is finished
    course = load(settings.course)
    bench = Bench(settings.course, settings.memo)
    bench.start()
    sandbox = Sandbox(settings.isolation, course.limits, data.find())
    sandbox.start()
    _worker.update(course=course, bench=bench, sandbox=sandbox, language=settings.language)
    # Processes of a pool end by os._exit: what they started is ended by `multiprocessing`'s own finalizers.
    multiprocessing.util.Finalize(None, _stop_worker, exitpriority=10)


def _stop_worker() -> None:
    if _worker:
        _worker["sandbox"].close()
        _worker["bench"].close()
        _worker.clear()


def _grade(submission: Submission) -> tuple[str, str, bytes, dict[str, Any]]:
    """In a worker: report and executed notebook as text, hand-ins as bytes, and figures: nothing else travels back."""
    graded: Graded = grade_submission(
        submission, _worker["course"], _worker["bench"], _worker["sandbox"], _worker["language"]
    )
    figures = {
        "seconds": graded.seconds, "fits": graded.fits, "trained": graded.trained, "stages": dict(graded.stages),
    }  # fmt: skip
    return graded.report.to_json(), nbformat.writes(graded.notebook), graded.handins, figures


# ---- the main process


class Folders:
    """Where results go, beside course.yml: ``autograded/`` and ``reports/``, laid out as nbgrader does."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def report(self, submission: Submission) -> Path:
        return self.root / "reports" / submission.student / f"{submission.assignment}.json"

    def autograded(self, submission: Submission) -> Path:
        return self.root / "autograded" / submission.student / submission.assignment

    def known(self, submission: Submission, course: Course, settings: Settings) -> Report | None:
        """The report on disk, if grading again could only give the same."""
        try:
            report = Report.from_json(self.report(submission).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        same = (
            report.submission == submission.digest() != ""
            and report.course == course.digest(submission.assignment)
            and report.isolation == settings.isolation
            and report.versions == dict(version.split(" ", 1) for version in versions())
            and (self.autograded(submission) / f"{submission.assignment}.ipynb").is_file()
        )
        return report if same and not report.undecided else None

    def write(self, submission: Submission, report: str, notebook: str, handins: bytes) -> None:
        Store(self.root).keep(submission.student, submission.assignment, handins)
        target = self.autograded(submission)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        _atomic(target / f"{submission.assignment}.ipynb", notebook)
        for name, size in BESIDE.items():
            file = submission.path.parent / name
            if file.is_file() and not file.is_symlink() and file.stat().st_size <= size:
                shutil.copyfile(file, target / name)
        self.report(submission).parent.mkdir(parents=True, exist_ok=True)
        _atomic(self.report(submission), report)


def _atomic(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def grade_class(
    submissions: Sequence[Submission],
    course: Course,
    settings: Settings,
    on_done: Callable[[Done], None] = lambda done: None,
    on_start: Callable[[str], None] = lambda what: None,
) -> list[Done]:
    """Grade all, write ``autograded/``, ``reports/`` and the gradebook; in the order of `submissions`.

    Raises AutograderError when the reference solution doesn't earn full marks: then the machine or the course is wrong,
    and no student is graded with it.
    """
    folders = Folders(course.root)
    done: dict[Submission, Done] = {}
    times = {submission: _time(submission) for submission in submissions}
    with Book(address(course), course.course.id) as book:
        for name in sorted({submission.assignment for submission in submissions}):
            book.prepare(course, name)

        def finish(result: Done) -> None:
            moment, warning = times[result.submission]
            book.write(result.report, course, moment, settings.language)
            result = replace(result, warning=warning)
            done[result.submission] = result
            on_done(result)

        waiting = []
        for submission in submissions:
            report = None if settings.force else folders.known(submission, course, settings)
            if report is None:
                waiting.append(submission)
            else:
                finish(Done(submission, report, again=True))
        if waiting:
            for submission, (report_text, notebook, handins, figures) in _run(waiting, course, settings, on_start):
                folders.write(submission, report_text, notebook, handins)
                finish(Done(submission, Report.from_json(report_text), **figures))
            Store(course.root).sweep()
    return [done[submission] for submission in submissions]


def _run(
    waiting: Sequence[Submission], course: Course, settings: Settings, on_start: Callable[[str], None]
) -> Iterator[tuple[Submission, tuple[str, str, bytes, dict[str, Any]]]]:
    """Grade in worker processes; results as they finish."""
    on_start(_("starting workers (TensorFlow takes about 10 s to import)"))
    names = sorted({submission.assignment for submission in waiting})
    references = [
        Submission(REFERENCE, name, course.root / "solutions" / name / f"{name}.ipynb") for name in names
    ] if settings.reference else []  # fmt: skip
    workers = max(1, min(settings.workers, len(waiting)))
    context = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(workers, context, _start_worker, (settings,)) as pool:
        try:
            for submission, result in zip(references, pool.map(_grade, references), strict=True):
                on_start(_("grading the reference solution of {assignment}", assignment=submission.assignment))
                _require_full_marks(Report.from_json(result[0]))
            on_start("grading")
            jobs = {pool.submit(_grade, submission): submission for submission in waiting}
            for job in futures.as_completed(jobs):
                yield jobs[job], job.result()
        except futures.process.BrokenProcessPool as error:
            raise AutograderError(
                _("a worker process died"),
                _("Run the command again: what was graded is kept. --workers 1 needs less memory."),
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _require_full_marks(report: Report) -> None:
    if report.points >= report.out_of - 1e-9:
        return
    lost = [
        f"{question.question}: {question.problem or '; '.join(f'{o.title}: {o.actual}' for o in question.outcomes if o.status is not Status.PASSED)}"
        for question in report.questions
        if question.status is not Status.PASSED
    ]
    raise AutograderError(
        _(
            "the reference solution of {assignment} earned {points:g} of {out_of:g} points, so this "
            "machine or course.yml is not right:",
            assignment=report.assignment,
            points=report.points,
            out_of=report.out_of,
        )
        + "\n  "
        + "\n  ".join(lost),
        _("Mend that first; --no-reference grades without this test."),
    )


def default_workers() -> int:
    """One for each core, as far as memory allows: a worker (judge, sandbox and a kernel) needs about 3 GB."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        gigabytes = 8.0
    return max(1, min(cores, int(gigabytes // 3)))
