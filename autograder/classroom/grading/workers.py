"""The workers of a run: Dask's LocalCluster on this machine, or whoever joins the scheduler that is named.

A worker is admitted before it gets a submission, gets one at a time, and is known by what it is busy with. Which submission comes
next, and what happens to one whose worker was lost, is decided in `dispatch`.

Why submissions are not simply left to Dask's scheduler. Six tasks were tried with distributed 2026.8 on two workers, one of the tasks ending
its worker, with `retries=2`, `allowed-failures: 2` and `as_completed`:

- A lost worker loses the results that it holds: tasks that had finished ran again, one of them three times. Here a result is fetched and
  journalled when its submission is finished, and a lost worker costs the one that it had.
- What kills workers is tried again first and not last, and ends as ``KilledWorker``: no reason of any attempt, and a task that only happened
  to be there is counted too. `retries` repeats only what raised, wherever, and keeps no reasons either.
- A `WorkerPlugin` whose `setup` refuses does not keep tasks from its worker: admission stays ours, and with it who is ready.
- All tasks' arguments lie with the scheduler at once: "only those in memory" needs a window, which is `dispatch.work`.

`as_completed` could carry the queue of events, some 15 lines, and `WorkerPlugin.setup` the sending of the setup, some 10: less than what
would have to be written around them.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import time
import uuid
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from autograder.common.errors import EngineError
from autograder.common.i18n import _
from autograder.common.machine import scratch
from autograder.common.submission import Submission, SubmissionFile
from autograder.worker import service as worker
from autograder.worker.bundle import Bundle
from autograder.worker.service import Setup

log = logging.getLogger("autograder.classroom.grading.workers")
CONNECT_SECONDS = 20
POLL_SECONDS = 1.0  # between two looks at who is there
RESULT_SECONDS = 60  # to fetch a finished result from its worker
BYE_SECONDS = 20
RESTART_SECONDS = 120
DASHBOARD = "127.0.0.1:8787"


@dataclass
class Job:
    """A submission. `attempts`: how often it was given to a worker that did not bring it back, after `seconds` in all; `given`: when it was, last."""

    handed_in: SubmissionFile
    attempts: int = 0
    reasons: list[str] = field(default_factory=list)
    seconds: float = 0.0
    given: float = 0.0

    @property
    def submission(self) -> Submission:
        return self.handed_in.submission


@dataclass
class Member:
    """A worker. `since`: when it got `job`, in seconds since 1970."""

    name: str
    address: str
    state: Literal["joining", "ready", "refused"] = "joining"
    pid: int = 0
    job: Job | None = None
    since: float = 0.0
    future: Any = None


@dataclass(frozen=True)
class Answer:
    """A job came back: the `header` of what `worker.grade` gave, and the other parts, or None and why there are none."""

    job: Job
    parts: tuple[str, str, bytes] | None
    why: str = ""
    header: dict[str, Any] = field(default_factory=dict)


class Crew:
    """`scheduler`: the address of a running one; '' for a cluster of `count` local processes.

    Opening raises EngineError when no scheduler answers or no local worker starts.
    """

    def __init__(self, setup: Setup, bundle: Bundle, count: int, scheduler: str = "", dashboard: bool = False) -> None:
        self.setup, self.bundle, self.scheduler = setup, bundle, scheduler
        self.members: dict[str, Member] = {}
        self.refused: dict[str, str] = {}  # by name: the reason
        self.link = ""
        self._count, self._dashboard = count, dashboard
        self._events: queue.SimpleQueue[tuple[Any, Member, Any]] = queue.SimpleQueue()
        self._looked = 0.0
        self._cluster: Any = None
        self._client: Any = None
        self._folder = ""

    def __enter__(self) -> Self:
        import distributed

        warnings.filterwarnings("ignore", "Sending large graph")  # a notebook full of outputs is one
        if self._dashboard and not self.scheduler:
            _require_bokeh()
        try:
            if not self.scheduler:
                self._start_local(distributed)
            self._client = distributed.Client(
                self._cluster or self.scheduler, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            self.close(now=True)
            if self.scheduler:
                message = _(
                    "no Dask scheduler answers at '{address}' ({error})", address=self.scheduler, error=_line(error)
                )
                remedy = _("Start one (`dask scheduler`), or leave --scheduler out to use this machine.")
            else:
                message = _("no worker could be started on this machine: {error}", error=_line(error))
                remedy = _("Try --workers 1.")
            raise EngineError(message, remedy) from error
        _hush()
        shown = self._dashboard or self.scheduler
        self.link = (self._client.dashboard_link or "") if shown else ""
        self.look()
        return self

    def _start_local(self, distributed: Any) -> None:
        import dask

        self._folder = str(scratch.make())
        # Read when a worker is lost: on a busy machine its successor needs longer than Dask's 15 s.
        dask.config.set({"distributed.deploy.lost-worker-timeout": f"{RESTART_SECONDS} s"})
        # Without a dashboard Dask serves HTTP all the same, on a well-known port: a free one, of this machine alone, is nobody's.
        quiet = {} if self._dashboard else {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
        # TLS with keys of its own: what travels is pickled, so nobody else on this machine may speak to these processes.
        start = partial(
            distributed.LocalCluster, n_workers=self._count, threads_per_worker=1, processes=True, host="127.0.0.1",
            security=distributed.Security.temporary(), dashboard_address=DASHBOARD if self._dashboard else None,
            scheduler_kwargs=quiet,
            memory_limit=None,  # a worker's weight is its judge and its sandbox, which have limits of their own
            silence_logs=logging.CRITICAL, preload=[worker.__name__], local_directory=self._folder,
            env={"TMPDIR": self._folder},  # what a killed worker leaves behind goes with the folder
        )  # fmt: skip
        try:
            self._cluster = start()
        except RuntimeError:  # what was killed while it started says nothing of this machine
            self._cluster = start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(now=kind is not None)

    def idle(self) -> list[Member]:
        return [member for member in self.members.values() if member.state == "ready" and member.job is None]

    def busy(self) -> list[Member]:
        return [member for member in self.members.values() if member.job is not None]

    def hopeful(self) -> bool:
        """Is there a worker that grades, or may do so soon?"""
        return any(member.state != "refused" for member in self.members.values())

    def give(self, member: Member, job: Job) -> None:
        member.job, member.since = job, time.time()
        what, file = job.submission, job.handed_in
        arguments = (self.setup.digest(), what.student, what.assignment, file.content, file.digest)
        self._send(member, worker.grade, arguments, f"grade-{uuid.uuid4().hex}")

    def _send(self, member: Member, function: Any, arguments: Sequence[Any], key: str) -> None:
        future = self._client.submit(
            function, *arguments, key=key, pure=False, workers=[member.address], allow_other_workers=False
        )
        member.future = future
        future.add_done_callback(lambda done: self._events.put((done, member, _outcome(done))))

    def next(self, seconds: float) -> Answer | None:
        """What comes back next, within `seconds`. Raises EngineError when the scheduler is gone."""
        answer = None
        with suppress(queue.Empty):
            future, member, outcome = self._events.get(timeout=seconds)
            if member.future is future:  # not of a worker that was given up
                answer = self._take(member, outcome)
        if answer is None and time.monotonic() - self._looked > POLL_SECONDS:
            return self.look()
        return answer

    def _take(self, member: Member, outcome: Any) -> Answer | None:
        member.future = None
        if member.state == "joining":
            self._admitted(member, outcome)
            return None
        job, member.job = member.job, None
        assert job is not None
        if isinstance(outcome, BaseException):
            return Answer(job, None, _line(outcome))
        header, *parts = outcome
        answer = Answer(job, tuple(parts), header=json.loads(header))
        if answer.header.get("error") == worker.NOT_ADMITTED:  # it was restarted between two looks
            self._admit(member)
        return answer

    def _admitted(self, member: Member, outcome: Any) -> None:
        answer: dict[str, Any] = (
            {"refused": _line(outcome)} if isinstance(outcome, BaseException) else json.loads(outcome)
        )
        for text in answer.get("log", ()):
            log.warning("worker %s: %s", member.name, text)
        if "refused" in answer:
            member.state = "refused"
            self.refused[member.name] = answer["refused"]
            log.error("worker %s was refused: %s", member.name, answer["refused"])
        else:
            member.state, member.pid = "ready", answer["pid"]
            log.info("worker %s is ready", member.name)

    def look(self) -> Answer | None:
        """Who came, who went. What a lost worker was busy with comes back, one at a time."""
        self._looked = time.monotonic()
        try:
            there = self._client.scheduler_info()["workers"]
        except Exception as error:
            message = _("the Dask scheduler is gone ({error})", error=_line(error))
            raise EngineError(message, _("Run the command again: what was graded is kept.")) from error
        if self._cluster is not None and len(self._cluster.workers) < self._count:
            self._cluster.scale(self._count)  # one that did not come back at all
        for address, about in there.items():
            if address not in self.members:
                self.members[address] = Member(str(about.get("name", address)), address)
                self._admit(self.members[address])
        for address, member in [*self.members.items()]:
            if address not in there:
                del self.members[address]
                self.refused.pop(member.name, None)
                log.warning("worker %s was lost", member.name)
                if member.future is not None:
                    member.future.cancel()
                    member.future = None
                if member.job is not None:
                    self._looked = 0.0  # there may be more
                    return Answer(member.job, None, "its worker was lost")
        return None

    def _admit(self, member: Member) -> None:
        member.state = "joining"
        arguments = (self.setup.model_dump_json(), self.bundle.content)
        self._send(member, worker.admit, arguments, f"admit-{uuid.uuid4().hex}")

    def close(self, now: bool = False) -> None:
        """End our part of every worker, and the local cluster. `now`: also what is running."""
        if self._client is not None:
            with suppress(Exception):
                self._dismiss(now)
        if now and self._cluster is not None:
            for nanny in self._cluster.workers.values():
                nanny.auto_restart = False
            for member in self.members.values():
                if member.pid:
                    with suppress(ProcessLookupError):
                        os.kill(member.pid, signal.SIGKILL)
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(Exception):
                    part.close(timeout=BYE_SECONDS)
        self._client = self._cluster = None
        self.members.clear()
        if self._folder:
            scratch.remove(Path(self._folder))

    def _dismiss(self, now: bool) -> None:
        digest = self.setup.digest()
        ready = [member.address for member in self.members.values() if member.state == "ready"]
        if now and self.scheduler and ready:
            self._client.run(worker.abort, digest, workers=ready, wait=False)
        if now or self.scheduler:  # workers of a cluster stay ready for the next run for some minutes
            return
        futures = [
            self._client.submit(worker.dismiss, digest, pure=False, workers=[member.address]) for member in self.idle()
        ]
        if futures:
            import distributed

            distributed.wait(futures, timeout=BYE_SECONDS)


def _outcome(future: Any) -> Any:
    """The result, or the exception; in a thread of Dask's, so that fetching it keeps nobody waiting."""
    try:
        if future.status == "finished":
            return future.result(timeout=RESULT_SECONDS)
        return future.exception(timeout=RESULT_SECONDS) or EngineError(
            _("its worker was lost ({status})", status=future.status)
        )
    except BaseException as error:
        return error


def _line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


def _hush() -> None:
    """Dask gives its loggers handlers that print to the terminal; what it has to say goes to the log of the run."""
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("distributed.") and isinstance(logger, logging.Logger):
            logger.handlers, logger.propagate = [], True
    dasks = logging.getLogger("distributed")
    dasks.handlers = [handler for handler in dasks.handlers if type(handler) is not logging.StreamHandler]
    dasks.propagate = False


def _require_bokeh() -> None:
    import importlib.util

    if importlib.util.find_spec("bokeh") is None:
        raise EngineError(_("Dask's dashboard needs Bokeh, which is not installed"), "`pip install bokeh`")
