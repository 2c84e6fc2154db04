"""Many submissions: found in a folder, graded by workers, journalled and entered into the gradebook by this process.

This process reads reports, never notebooks of students, and doesn't import TensorFlow. Each result is on disk before the gradebook sees
it (`journal`); a submission that is finished there, under the same bytes, course, versions and settings, is not graded again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import autograder
from autograder.classroom.find_submissions import submission_time
from autograder.classroom.folder import read_report
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.basis import Bases
from autograder.classroom.grading.dispatch import Finished, Stop, work
from autograder.classroom.grading.handin_store import Store
from autograder.classroom.grading.journal import Journal, Result
from autograder.classroom.grading.log import logged
from autograder.classroom.grading.reference import require_full_marks
from autograder.classroom.grading.state import Busy, Progress, State, status
from autograder.classroom.grading.workers import Crew
from autograder.common.errors import GradebookError, SubmissionError
from autograder.common.i18n import _, speaking
from autograder.common.machine.versions import package, versions
from autograder.common.results import Report
from autograder.common.submission import Submission, SubmissionFile
from autograder.common.wire.submitted_notebook import content
from autograder.course.course import Course, Isolation
from autograder.course.source_notebook import source_path
from autograder.networks.memo import default_folder
from autograder.sandbox.granted_time import MOST_TIMES
from autograder.worker.bundle import pack
from autograder.worker.grading import undecided, unreadable
from autograder.worker.service import Setup
from autograder.worker.task import Task

log = logging.getLogger("autograder.classroom.grading.grade_class")
REFERENCE = "(reference solution)"
HELD = 64 << 20  # bytes of files that were read and wait for a worker: some hundred notebooks full of outputs
BATCH = 50  # submissions in one transaction, when nothing has to run between them


@dataclass(frozen=True)
class Settings:
    """How to grade. `memo`: folder of known trainings, None to keep none. `force`: grade again what was graded. `all_cells`: draw, too.

    `language`: of all reports; '' for each in the language of the release that its notebook was made from.
    `workers`: local processes; none of them are started when `scheduler` names a running Dask scheduler.
    """

    course: Path
    isolation: Isolation
    workers: int
    memo: Path | None
    language: str = ""
    force: bool = False
    reference: bool = True
    scheduler: str = ""
    dashboard: bool = False
    all_cells: bool = False


@dataclass(frozen=True)
class Done:
    """A submission that is finished: `unchanged` when its report was still good and nothing had to run. `file`: the report's."""

    submission: Submission
    file: Path
    points: float
    out_of: float
    undecided: bool
    seconds: float = 0.0
    fits: int = 0
    trained: int = 0
    stages: dict[str, float] = field(default_factory=dict)  # as `submission.Graded`'s
    unchanged: bool = False
    warning: str = ""
    why: tuple[str, ...] = ()  # it had been graded before, and what changed since

    @property
    def student(self) -> str:
        return self.submission.student

    @property
    def assignment(self) -> str:
        return self.submission.assignment

    @property
    def report(self) -> Report:
        """Read when asked for: a class of thousands isn't kept in memory."""
        return read_report(self.file)


@dataclass
class _Run:
    """One run over a class. Everything goes to the journal first, and from there into the gradebook."""

    course: Course
    settings: Settings
    journal: Journal
    progress: Progress
    book: Book
    stop: Stop
    on_done: Callable[[Done], None]
    on_start: Callable[[str], None]
    on_notice: Callable[[str], None]
    on_state: Callable[[State], None]
    bases: Bases
    done: dict[Submission, Done] = field(default_factory=dict)
    why: dict[Submission, tuple[str, ...]] = field(default_factory=dict)  # what was graded before is graded again
    broken: GradebookError | None = None

    def read(self, submission: Submission) -> SubmissionFile:
        with speaking(self.settings.language or self.course.language):  # what is wrong with a file, its student reads
            return SubmissionFile(submission, content(submission.path, self.course.limits.notebook_mb))

    def start(self, submissions: Sequence[Submission]) -> list[Submission | SubmissionFile]:
        """Enter what is finished or can't be read; the others, with their bytes as long as `HELD` allows."""
        waiting: list[Submission | SubmissionFile] = []
        held = 0
        known: list[tuple[Submission, Report]] = []
        for submission in submissions:
            if self.broken is not None:
                raise self.broken
            if self.stop.asked:
                raise KeyboardInterrupt
            try:
                handed_in = self.read(submission)
            except SubmissionError as error:
                self.unreadable(submission, error)
                continue
            found = self.known(submission, handed_in.digest)
            if not isinstance(found, Report):
                self.why[submission] = found
                held += len(handed_in.content)
                waiting.append(handed_in if held <= HELD else submission)  # a huge one is read again in its turn
                continue
            self.journal.stamp(submission)
            known.append((submission, found))
            if len(known) == BATCH:
                self.enter(known, unchanged=True)
                known = []
        self.enter(known, unchanged=True)
        return waiting

    def known(self, submission: Submission, digest: str) -> Report | tuple[str, ...]:
        """As `Journal.known`, with ``--force`` as one more reason."""
        entry = self.journal.read(submission)
        now = self.bases.of(submission, digest, entry.basis.language if entry and entry.basis else "")
        found = self.journal.known(submission, now, lambda: self.bases.course_changes(submission))
        if entry is not None and entry.language != self.settings.language and isinstance(found, Report):
            return (_("another language was asked for"),)
        forced = self.settings.force and isinstance(found, Report)
        return (_("grading again was asked for"),) if forced else found

    def unreadable(self, submission: Submission, error: SubmissionError) -> None:
        digest = submission.digest()
        found = self.known(submission, digest)
        self.why.setdefault(submission, () if isinstance(found, Report) else found)
        graded = unreadable(self.task(submission, digest), error)
        self.keep(submission, Result(*graded.texts, graded.handins))

    def task(self, submission: Submission, digest: str) -> Task:
        settings = self.settings
        return Task(
            submission.student, submission.assignment, digest, self.course, settings.isolation, settings.language
        )

    def finish(self, finished: Finished) -> None:
        if finished.unreadable is not None:
            self.unreadable(finished.submission, finished.unreadable)
            return
        result = finished.result
        if result is None:
            graded = undecided(self.task(finished.submission, finished.digest), finished.why)
            result = Result(*graded.texts)
        self.keep(finished.submission, result)

    def keep(self, submission: Submission, result: Result) -> None:
        report = self.journal.finish(submission, result, self.settings.language)
        log.info(
            "%s/%s: %g of %g points, %s, %.1f s, %d trainings asked for, %d ran", submission.student,
            submission.assignment, report.points, report.out_of, status(report), result.seconds, result.fits,
            result.trained,
        )  # fmt: skip
        self.enter([(submission, report)], result=result)

    def enter(
        self, reports: Sequence[tuple[Submission, Report]], *, unchanged: bool = False, result: Result | None = None
    ) -> None:
        """Into the gradebook. When that fails, what still runs is finished and journalled before the error is raised."""
        times = [submission_time(submission) for submission, _ in reports]
        entries = [(report, moment) for (_, report), (moment, _) in zip(reports, times, strict=True)]
        try:
            if self.broken is None:
                self.book.write_all(entries, self.course)
        except GradebookError as error:
            log.error("the gradebook: %s", error)
            self.broken, self.stop.asked = error, max(1, self.stop.asked)
        figures = {} if result is None else {
            "seconds": result.seconds, "fits": result.fits, "trained": result.trained, "stages": result.stages,
        }  # fmt: skip
        for (submission, report), (_when, warning) in zip(reports, times, strict=True):
            if warning:
                log.warning("%s", warning)
            done = Done(
                submission, self.journal.folder.report(submission), report.points, report.out_of, bool(report.undecided),
                unchanged=unchanged, warning=warning, why=self.why.get(submission, ()), **figures,  # type: ignore[arg-type]
            )  # fmt: skip
            if done.why:
                log.info("%s/%s was graded again: %s", done.student, done.assignment, "; ".join(done.why))
            self.done[submission] = done
            self.progress.count(report, unchanged, done.fits, done.trained)
            self.on_state(self.progress.state)
            self.on_done(done)

    def work(self, waiting: Sequence[Submission | SubmissionFile]) -> None:
        """Grade with workers: the reference solutions first."""
        settings = self.settings
        self.on_start(_("starting workers (TensorFlow takes about 10 s to import)"))
        bundle = pack(self.course, settings.course)
        names = sorted({(one.submission if isinstance(one, SubmissionFile) else one).assignment for one in waiting})
        setup = Setup(
            bundle=bundle.digest, courses={name: self.course.digest(name) for name in self.course.assignments},
            isolation=settings.isolation, language=settings.language, memo=_memo(settings), package=package(),
            versions=versions(), all_cells=settings.all_cells,
        )  # fmt: skip
        count = max(1, min(settings.workers, len(waiting)))
        with Crew(setup, bundle, count, settings.scheduler, settings.dashboard) as crew:
            self.progress.change(dashboard=crew.link)
            if crew.link:
                self.on_notice(_("Dask's dashboard: {link}", link=crew.link))
            tick = partial(self.tick, crew)
            if settings.reference:
                self.progress.change(phase="references")
                references = [Submission(REFERENCE, name, source_path(self.course, name)) for name in names]
                for finished in work(crew, references, self.read, self.stop, tick):
                    name = finished.submission.assignment
                    self.on_start(_("grading the reference solution of {assignment}", assignment=name))
                    require_full_marks(finished)
            if not self.stop.asked:
                self.progress.change(phase="grading")
                self.on_start(_("grading"))
            most = MOST_TIMES * self.course.limits.notebook_seconds
            for finished in work(crew, waiting, self.read, self.stop, tick, most):
                self.finish(finished)

    def tick(self, crew: Crew) -> None:
        busy = tuple(
            Busy(
                worker=member.name, student=member.job.submission.student, assignment=member.job.submission.assignment,
                since=dt.datetime.fromtimestamp(member.since, dt.UTC).isoformat(timespec="seconds"),
            )
            for member in crew.busy() if member.job is not None
        )  # fmt: skip
        joining = sum(member.state == "joining" for member in crew.members.values())
        self.progress.change(busy=busy, idle=len(crew.idle()), joining=joining, refused=dict(crew.refused))
        self.on_state(self.progress.state)


def grade_class(
    submissions: Sequence[Submission],
    course: Course,
    settings: Settings,
    on_done: Callable[[Done], None] = lambda done: None,
    on_start: Callable[[str], None] = lambda what: None,
    on_state: Callable[[State], None] = lambda state: None,
    on_notice: Callable[[str], None] = lambda text: None,
) -> list[Done]:
    """Grade all, write ``autograded/``, ``reports/``, the journal and the gradebook; in the order of `submissions`.

    Raises AutograderError when the reference solution doesn't earn full marks (then the machine or the course is wrong,
    and no student is graded with it), when results can't be written, or when no worker is left; and KeyboardInterrupt when
    it was stopped. What was finished by then is kept, and the same call goes on from there.
    """
    journal = Journal(course.root)
    with journal.alone(), logged(course.root) as place, ExitStack() as stack:
        progress, stop = Progress(journal, len(submissions), place), Stop()
        log.info(
            "autograder %s, %s: %d submissions, %s",
            autograder.__version__,
            ", ".join(versions()),
            len(submissions),
            settings,
        )

        def stopping() -> None:
            progress.change(phase="stopping")
            said = _("finishing what runs (Ctrl-C again stops at once)")
            on_start(said)
            on_notice(said)

        stack.enter_context(stop.heard(stopping))
        try:
            book = stack.enter_context(Book(address(course), course.course.id))
            for name in sorted({submission.assignment for submission in submissions}):
                if said := book.prepare(course, name):
                    log.warning("%s", said)
                    on_notice(said)
            run = _Run(course, settings, journal, progress, book, stop, on_done, on_start, on_notice, on_state,
                       Bases(course, settings.isolation, settings.language))  # fmt: skip
            waiting = run.start(submissions)
            if waiting and run.broken is None:
                run.work(waiting)
            if run.broken is not None:
                raise run.broken
            if stop.asked:
                raise KeyboardInterrupt
            journal.sweep()
            Store(course.root).sweep()
        except KeyboardInterrupt:
            log.warning("stopped")
            progress.change(phase="stopped", busy=())
            raise
        except BaseException as error:
            log.error("%s: %s", type(error).__name__, error)
            progress.change(phase="failed", busy=(), message=f"{error} {getattr(error, 'remedy', '')}".strip())
            raise
        progress.change(phase="finished", busy=())
    return [run.done[submission] for submission in submissions]


def _memo(settings: Settings) -> str | None:
    """The folder of known trainings, as a worker understands it: the default one is the worker's own."""
    if settings.memo is None:
        return None
    return "" if settings.scheduler and settings.memo == default_folder() else str(settings.memo)
