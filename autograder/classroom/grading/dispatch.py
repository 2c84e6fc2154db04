"""Which submission goes to which worker, what becomes of one that did not come back, and how a run is stopped."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from autograder.classroom.folder import AGAIN
from autograder.classroom.grading.journal import Result
from autograder.classroom.grading.workers import Answer, Crew, Job
from autograder.common.errors import EngineError, SubmissionError
from autograder.common.i18n import _
from autograder.common.submission import Submission, SubmissionFile
from autograder.worker.service import NOT_ADMITTED

log = logging.getLogger("autograder.classroom.grading.dispatch")
ATTEMPTS = 3  # a submission whose worker was lost so often is undecided: it may be what kills them
SAME_IN_A_ROW = 6  # the same failure so often, without a success between: it is the machine's, not the submissions'
PATIENCE = 600.0  # seconds without any worker
TICK = 0.5


@dataclass(frozen=True)
class Finished:
    """A submission, and what it came to: a result, or `why` there is none (undecided), or why it can't be read."""

    submission: Submission
    digest: str = ""  # of its file
    result: Result | None = None
    why: str = ""
    unreadable: SubmissionError | None = None


class Stop:
    """How often somebody asked to stop: once, what runs is finished; twice, it is not."""

    def __init__(self) -> None:
        self.asked = 0

    @contextmanager
    def heard(self, on_asked: Callable[[], None] = lambda: None) -> Iterator[Stop]:
        """While this lasts, Ctrl-C counts; the second one, SIGTERM, and a terminal that goes away, raise KeyboardInterrupt."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return

        def interrupted(number: int, _frame: FrameType | None) -> None:
            self.asked += 1
            if self.asked > 1 or number != signal.SIGINT:
                raise KeyboardInterrupt
            on_asked()

        heeded = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
            heeded.append(signal.SIGHUP)
        before = {number: signal.signal(number, interrupted) for number in heeded}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def work(
    crew: Crew,
    submissions: Iterable[Submission | SubmissionFile],
    read: Callable[[Submission], SubmissionFile],
    stop: Stop,
    on_tick: Callable[[], None] = lambda: None,
    most_seconds: float = math.inf,
) -> Iterator[Finished]:
    """Grade all, as they finish. Each worker has one submission, and only those are in memory, beside what came in with its bytes.

    `read` reads a submission's file or raises SubmissionError. Ends early when asked to stop. Raises EngineError when no
    worker is left, or all fail in the same way. A submission that took `most_seconds` in all isn't tried again.
    """
    waiting: deque[Submission | SubmissionFile | Job] = deque(submissions)
    hope = time.monotonic()
    failures: deque[str] = deque(maxlen=SAME_IN_A_ROW)
    while (waiting and not stop.asked) or crew.busy():
        while waiting and not stop.asked and crew.idle():
            finished = _give(crew, waiting.popleft(), read)
            if finished is not None:
                yield finished
        answer = crew.next(TICK)
        on_tick()
        if crew.hopeful():
            hope = time.monotonic()
        else:
            _require_hope(crew, hope)
        if answer is None:
            continue
        finished = _finished(answer, failures, most_seconds)
        if finished is None:
            waiting.append(answer.job)  # last: if it is what kills workers, the others are done by then
            continue
        if waiting and not stop.asked and crew.idle():  # the worker needn't wait for our disk
            early = _give(crew, waiting.popleft(), read)
            if early is not None:
                yield early
        yield finished


def _give(
    crew: Crew, what: Submission | SubmissionFile | Job, read: Callable[[Submission], SubmissionFile]
) -> Finished | None:
    if isinstance(what, Submission):
        submission = what
        try:
            what = read(submission)
        except SubmissionError as error:
            return Finished(submission, unreadable=error)
    # Another worker than the one that was lost, where there is one, has been found by then: it is gone.
    job = what if isinstance(what, Job) else Job(what)
    job.given = time.monotonic()
    crew.give(crew.idle()[0], job)
    return None


def _finished(answer: Answer, failures: deque[str], most_seconds: float) -> Finished | None:
    """None: to be tried again."""
    job, why, header = answer.job, answer.why, answer.header
    submission, digest, low = job.submission, job.handed_in.digest, False
    name = f"{submission.student}/{submission.assignment}"
    if answer.parts is not None:
        for text in header.pop("log", ()):
            log.warning("%s: %s", name, text)
        why, low = header.pop("error", ""), header.pop("machine", False)
        if why == NOT_ADMITTED:
            return None
        if not why:
            failures.clear()
            return Finished(submission, digest, Result(*answer.parts, **header))
    job.attempts += 1
    job.seconds += time.monotonic() - job.given
    job.reasons.append(why)
    log.warning("%s, attempt %d of %d: %s", name, job.attempts, ATTEMPTS, why)
    if answer.parts is not None and not low:  # the worker lives, and could not do it; want of memory passes
        failures.append(why)
        if len(failures) == SAME_IN_A_ROW and len(set(failures)) == 1:
            message = _("the workers fail on every submission: {why}", why=why)
            raise EngineError(message, _("Mend that, and run the command again: what was graded is kept."))
    if job.attempts < ATTEMPTS and job.seconds > most_seconds:
        why = _("it took {seconds:.0f} s and was not run again ({reason})", seconds=job.seconds, reason=why)
        return Finished(submission, digest, why=why)
    if job.attempts < ATTEMPTS:
        return None
    if len(set(job.reasons)) == 1:
        why = _("{why}, {count} times", why=why, count=ATTEMPTS)
    return Finished(submission, digest, why=why)


def _require_hope(crew: Crew, since: float) -> None:
    again = _(AGAIN)
    if crew.refused:
        said = "\n".join(f"  {name}: {why}" for name, why in sorted(crew.refused.items()))
        raise EngineError(
            _("no worker can grade this course:\n{reasons}", reasons=said), _("Make one fit. {again}", again=again)
        )
    if time.monotonic() - since > PATIENCE:
        message = _("no worker was there for {minutes:.0f} minutes", minutes=PATIENCE / 60)
        raise EngineError(
            message,
            _(
                "Start one ({command}). {again}",
                command=f"`dask worker {crew.scheduler or 'ADDRESS'} --nthreads 1`",
                again=again,
            ),
        )
