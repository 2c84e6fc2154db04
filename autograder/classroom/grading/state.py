"""What a run is doing: counted, written into a small file for `autograder status`, and logged.

Times are those of this machine's clock, in UTC. None of this is part of a result.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import time
from contextlib import suppress
from typing import Literal

from pydantic import Field, ValidationError

from autograder.classroom.grading.journal import Journal, write
from autograder.common.errors import JournalError
from autograder.common.files import bytes_of, overwrite
from autograder.common.models import Frozen
from autograder.common.results import Report, Status

WRITE_SECONDS = 0.5
Phase = Literal["starting", "references", "grading", "stopping", "finished", "stopped", "failed"]


class Busy(Frozen):
    """What a worker grades, since when."""

    worker: str
    student: str
    assignment: str
    since: str


class State(Frozen):
    """A run. `done` of `total` submissions are finished, `again` of them were before it began and are
    unchanged (the name is published: `status --json`); each is passed (full marks),
    failed (it lost points) or undecided. `fits` trainings were asked for, `trained` of them had to run."""

    phase: Phase
    host: str
    pid: int
    started: str
    updated: str
    log: str = ""
    dashboard: str = ""
    total: int = 0
    done: int = 0
    again: int = 0
    passed: int = 0
    failed: int = 0
    undecided: int = 0
    fits: int = 0
    trained: int = 0
    idle: int = 0
    joining: int = 0
    busy: tuple[Busy, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)
    message: str = ""

    @property
    def saved(self) -> int:
        return max(0, self.fits - self.trained)


class Progress:
    """Keeps the state of one run, and its file up to date."""

    def __init__(self, journal: Journal, total: int, log: str = "") -> None:
        self.path = journal.folder.state
        moment = now()
        self.state = State(
            phase="starting", host=socket.gethostname(), pid=os.getpid(), started=moment, updated=moment,
            total=total, log=log,
        )  # fmt: skip
        self._written = 0.0

    def change(self, **values: object) -> None:
        """Change fields of the state; the file follows at once for another phase, and otherwise soon."""
        phase = self.state.phase
        self.state = self.state.model_copy(update={**values, "updated": now()})
        if self.state.phase != phase or time.monotonic() - self._written > WRITE_SECONDS:
            self.save()

    def count(self, report: Report, unchanged: bool, fits: int, trained: int) -> None:
        state = self.state
        which = status(report)
        self.change(
            done=state.done + 1, again=state.again + unchanged, fits=state.fits + fits, trained=state.trained + trained,
            **{which: getattr(state, which) + 1},
        )  # fmt: skip

    def save(self) -> None:
        """Never an error: what is shown is not what is kept."""
        self._written = time.monotonic()
        text = self.state.model_dump_json(indent=1).encode()
        try:
            write(self.path, text, durable=False)
        except JournalError:  # a full disk most likely, and that the run failed of it has to be seen
            with suppress(OSError):
                overwrite(self.path, text)


def status(report: Report) -> Literal["passed", "failed", "undecided"]:
    """Of a whole submission: full marks, less, or something that waits for a person."""
    if any(question.status is Status.UNDECIDED for question in report.questions):
        return "undecided"
    return "passed" if report.points >= report.out_of - 1e-9 else "failed"


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def read(journal: Journal) -> State | None:
    """What the last run wrote, or None."""
    try:
        return State.model_validate_json(bytes_of(journal.folder.state))
    except (OSError, ValidationError):
        return None
