"""What runs on a worker: a judge and a sandbox, started once, and submissions that arrive as bytes and leave as text.

A worker is a Dask worker process: one of this machine's, or one of a cluster that a university runs. Before it gets a submission it
has to be admitted, and refuses with the reason if it could not give the same reports as the machine that asks.
Everything that goes back to that machine is text or bytes, so nothing of a student is ever unpickled.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing.util
import os
import re
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.common.digests import sha256
from autograder.common.errors import AutograderError, MachineLow
from autograder.common.i18n import _
from autograder.common.machine import no_grammars, scratch  # noqa: F401
from autograder.common.machine.versions import package, versions
from autograder.common.models import Frozen
from autograder.course.course import FILE, Course, Isolation, load
from autograder.networks.memo import default_folder
from autograder.sandbox import bubblewrap
from autograder.sandbox.host import Sandbox
from autograder.worker import grading
from autograder.worker.bundle import Bundle, unpack
from autograder.worker.judge_process import JudgeProcess
from autograder.worker.task import Task

NOT_ADMITTED = "this worker was not admitted"
# A judge and a sandbox that nobody needs for so long are ended; the next submission starts new ones.
IDLE_SECONDS = 900.0


class Setup(Frozen):
    """How to grade, and what a worker has to agree with. `memo`: a folder, '' for the worker's own, None to keep nothing."""

    bundle: str
    courses: dict[str, str]  # digest of the course, by assignment
    isolation: Isolation
    language: str
    memo: str | None
    package: str
    versions: tuple[str, ...]
    all_cells: bool = False

    def digest(self) -> str:
        return sha256(self.model_dump_json())


@dataclass
class _Tools:
    """The judge and the sandbox of one setup, with the course unpacked in a folder of their own."""

    setup: Setup
    bundle: Bundle
    course: Course | None = None
    bench: JudgeProcess | None = None
    sandbox: Sandbox | None = None
    folder: Path | None = None
    used: float = field(default_factory=time.monotonic)
    killed: bool = False

    def start(self) -> None:
        """Raises AutograderError with the reason why this worker can't grade with this setup."""
        if self.sandbox is not None and not self.killed:
            return
        self.stop()
        self.folder = scratch.make()
        path = unpack(self.bundle, self.folder)
        self.course = load(path)
        for name, digest in self.setup.courses.items():
            if self.course.digest(name) != digest:
                raise AutograderError(
                    _("the course digest of '{name}' is another here than on the machine that asks", name=name)
                )
        sandbox = Sandbox.of(self.course, self.setup.isolation)
        memo = self.setup.memo
        self.bench = JudgeProcess(path, None if memo is None else Path(memo) if memo else default_folder())
        self.bench.start()  # at the same time as the sandbox
        self.sandbox = sandbox
        self.sandbox.start()
        self.bench.wait()

    def stop(self) -> None:
        sandbox, bench, folder = self.sandbox, self.bench, self.folder
        self.course = self.sandbox = self.bench = self.folder = None
        self.killed = False
        if sandbox is not None:
            sandbox.close()
        if bench is not None:
            bench.close()
        if folder is not None:
            scratch.remove(folder)

    def kill(self) -> None:
        """End what runs, from another thread than the one that waits for it."""
        self.killed = True
        if self.bench is not None:
            self.bench.kill()
        if self.sandbox is not None:
            self.sandbox.close()


_alone = threading.Lock()  # one submission, one admission at a time
_tools: _Tools | None = None  # of the setup that this worker is admitted to


def dask_setup(worker: Any) -> None:  # noqa: ARG001 - Dask gives it by this name
    """Dask calls this in a local worker's main thread: Ctrl-C is the main process's, what runs here is finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def admit(setup_text: str, content: bytes) -> str:
    """Get ready for a setup. JSON: ``{"pid": ...}``, or ``{"refused": reason}``."""
    global _tools
    setup = Setup.model_validate_json(setup_text)
    with _alone, _listening() as said:
        if _tools is None or _tools.setup != setup:
            _close()
            _tools = _Tools(setup, Bundle(setup.bundle, content))
        try:
            _require_same(setup)
            _started(_tools)
            _tools.used = time.monotonic()
        except (AutograderError, OSError, ValueError) as error:
            _close()
            remedy = error.remedy if isinstance(error, AutograderError) else ""
            # The lines of the course.yml that a worker has are those of no file that anybody wrote.
            reason = re.sub(rf"^(.*{re.escape(FILE)}):\d+:", r"\1:", str(error), flags=re.MULTILINE)
            return json.dumps({"refused": f"{reason}. {remedy}".strip().rstrip("."), "log": said})
        _watch()
    return json.dumps({"pid": os.getpid()})


def _started(tools: _Tools) -> None:
    """Start them, and once more where that fails: what was killed while it started says nothing of this machine."""
    try:
        tools.start()
    except (AutograderError, OSError, ValueError):
        tools.stop()
        tools.start()


def _require_same(setup: Setup) -> None:
    """Raises AutograderError naming what differs between this worker and the machine that asks."""
    if setup.versions != versions():
        differing = sorted(set(setup.versions) ^ set(versions()))
        raise AutograderError(
            _("its libraries are not those of the machine that asks ({names})", names=", ".join(differing)),
            _("Install both from the same requirements.lock"),
        )
    if setup.package != package():
        raise AutograderError(_("its autograder package is another one"), _("Install the same version on both"))
    if setup.isolation == "bubblewrap" and (reason := bubblewrap.available()):
        raise AutograderError(_("it can't isolate submissions"), reason)


def grade(setup: str, student: str, assignment: str, content: bytes, digest: str) -> tuple[str, str, str, bytes]:
    """Grade one submission, whose file is `content`, of that SHA-256: a JSON header, the report, the executed notebook,
    and what was handed in.

    The header holds figures and, as `log`, what the grader's own parts had to say; ``{"error": reason}`` when this worker
    could not do it, with ``"machine": true`` when the machine lacked memory just then.
    """
    with _alone, _listening() as said:
        tools = _tools
        if tools is None or tools.setup.digest() != setup:
            return json.dumps({"error": NOT_ADMITTED}), "", "", b""
        try:
            tools.start()
            assert tools.course is not None and tools.bench is not None and tools.sandbox is not None
            task = Task(student, assignment, digest, tools.course, tools.setup.isolation, tools.setup.language,
                        all_cells=tools.setup.all_cells)  # fmt: skip
            graded = grading.grade(task, content, tools.bench, tools.sandbox)
        except MachineLow as error:
            return json.dumps({"error": str(error), "machine": True, "log": said}), "", "", b""
        except Exception as error:
            said.append(traceback.format_exc())
            return json.dumps({"error": f"{type(error).__name__}: {error}", "log": said}), "", "", b""
        finally:
            tools.used = time.monotonic()
    figures = {"fits": graded.fits, "trained": graded.trained, "seconds": graded.seconds}
    header = {**figures, "stages": dict(graded.stages), "log": said}
    return json.dumps(header), *graded.texts, graded.handins


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """What the package logs meanwhile: it belongs into the log of the run, not on a worker's terminal."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record)[-4000:])

    logger, listener = logging.getLogger("autograder"), Listener(logging.WARNING)
    before, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
        logger.propagate = before


def dismiss(setup: str) -> None:
    """The run is over: end the judge and the sandbox of this setup."""
    with _alone:
        if _tools is not None and _tools.setup.digest() == setup:
            _close()


def abort(setup: str) -> None:
    """End what runs here at once. Dask runs this beside the thread that is busy with a submission."""
    tools = _tools
    if tools is not None and tools.setup.digest() == setup:
        tools.kill()


def _close() -> None:
    global _tools
    tools, _tools = _tools, None
    if tools is not None:
        tools.stop()


_watching = False


def _watch() -> None:
    global _watching
    if not _watching:
        _watching = True
        threading.Thread(target=_end_idle, name="autograder-idle", daemon=True).start()
        # Processes of a pool end by os._exit: what they started is ended by multiprocessing's own finalizers.
        multiprocessing.util.Finalize(None, _close, exitpriority=10)


def _end_idle() -> None:
    """A judge and a sandbox hold some 3 GB: kept for the next run for a while, also if the machine that asked is gone."""
    while True:
        time.sleep(IDLE_SECONDS / 15)
        with contextlib.suppress(Exception), _alone:
            if _tools is not None and time.monotonic() - _tools.used > IDLE_SECONDS:
                _tools.stop()
