"""A worker's side of the judge: start it, hand it a submission, take its decisions, replace it when it dies."""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.common.data.sources import keras_home
from autograder.common.errors import AutograderError
from autograder.common.files import bytes_of, text_of
from autograder.common.machine import scratch
from autograder.common.results import QuestionResult
from autograder.common.wire.handins import Measured
from autograder.common.wire.judge_answers import Decided, Rejudged
from autograder.sandbox.inside import resource_watch

log = logging.getLogger(__name__)
BYE_SECONDS = 30  # for a judge to leave: it has said all that it had to
START_SECONDS = 180  # importing TensorFlow takes 8 to 12 s on an idle machine
HALTED_LOOKS = 5  # in a row, a second apart, that find a judge stopped by a signal: nobody goes on waiting for it
END_SECONDS = 1800  # a training that is still running is waited for
DATA_SETS = "datasets"  # in Keras's home
# Of the environment: where programs, data and people's files are, and in which words to speak.
KEPT = {
    "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", "LANG", "LANGUAGE", "TZ",
    "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
}  # fmt: skip
KEPT_PREFIXES = ("AUTOGRADER_", "LC_")


class JudgeDied(AutograderError):
    """`of`: how large the network is that it worked on (parameters, values); () where it worked on none."""

    def __init__(self, message: str, of: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.of = tuple(of)


class JudgeProcess:
    """One judge process. `course` is the path of course.yml, `memo` the folder of known trainings (None: none kept)."""

    def __init__(self, course: Path, memo: Path | None) -> None:
        self.course, self.memo = course, memo
        self._folder: Path | None = None
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the bench

    def __enter__(self) -> JudgeProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process if it isn't running. It is up when `begin` returns."""
        if self._process is not None and self._process.poll() is None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.judge.process", str(self.course.resolve())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, env=self._environment(),
            cwd=self.course.resolve().parent,  # what lies where the caller stands is no part of the course
            start_new_session=True,  # Ctrl-C is the main process's to handle
        )  # fmt: skip
        self._up = False
        threading.Thread(target=_end_halted, args=[self._process], name="autograder-judge", daemon=True).start()

    def _environment(self) -> dict[str, str]:
        """Nothing of whoever grades that a training may rest on, as Keras's settings in their home and in variables: data sets alone are theirs."""
        keras = self._file("keras")
        if not keras.exists():
            keras.mkdir()
            # Nobody's home: where there are no data sets, who needs one says so.
            with suppress(AutograderError, OSError):
                own = keras_home().absolute() / DATA_SETS
                own.mkdir(parents=True, exist_ok=True)
                (keras / DATA_SETS).symlink_to(own)
        kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
        return {
            **kept, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_HOME": str(keras),
            "TMPDIR": str(keras.parent),  # what its libraries leave when it is ended goes with the folder
            "AUTOGRADER_MEMO_FOLDER": str(self.memo.resolve() if self.memo else ""),
        }  # fmt: skip

    def wait(self) -> None:
        """Return when the judge is up. Raises JudgeDied, or AutograderError with the judge's own reason."""
        self.start()
        self._wait_up()

    def _wait_up(self) -> None:
        if not self._up:
            try:
                self._read(START_SECONDS)
            except AutograderError:
                self.kill()  # one that said why it can't start ends by itself, in its time
                raise
            self._up = True

    def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                self.kill()
                raise JudgeDied(f"the judge did not answer within {seconds:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            self.kill()
            raise self._died()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise AutograderError(answer["error"], answer.get("remedy", ""))
        return answer

    def _order(self, order: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Ask the running judge. Never starts one: a new judge knows nothing of the notebook that ran."""
        self._wait_up()
        if self._process is None or self._process.poll() is not None or self._process.stdin is None:
            raise self._died()
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            self.kill()
            raise self._died() from error
        return self._read(seconds)

    def begin(self, assignment: str, socket: Path, language: str, avoid: Sequence[Sequence[int]] = ()) -> None:
        """Open `socket` for the kernel of one submission, which is answered in `language`; nothing is done for networks as large as
        one of `avoid`. Raises JudgeDied."""
        try:
            self.wait()
        except JudgeDied:
            raise
        except AutograderError as error:
            # Of the course: `wait` and `rejudge` tell it the instructor, and a student's report may quote this.
            raise self._died() from error
        self._file("work").unlink(missing_ok=True)
        order = {"do": "begin", "assignment": assignment, "socket": str(socket), "language": language}
        self._order({**order, "work": str(self._file("work")), "avoid": list(avoid)}, START_SECONDS)

    def end(self, language: str) -> Decided:
        """Close the socket; the outcomes of what was handed in."""
        file = self._file("handins")
        answer = self._order({"do": "end", "language": language, "keep": str(file)}, END_SECONDS)
        try:
            kept = bytes_of(file)
            file.unlink()
        except OSError:
            kept = b""
        if answer["leaves"] and self._process is not None:
            _end(self._process)  # `begin` starts another one
        return Decided(_questions(answer), answer["fits"], answer["trained"], answer["seconds"], kept)

    def rejudge(self, handins: bytes) -> Rejudged:
        """Judge what was handed in earlier under the course of now. Raises JudgeDied, and AutograderError if it is damaged."""
        self.start()
        file = self._file("again")
        file.write_bytes(handins)
        answer = self._order({"do": "rejudge", "handins": str(file)}, END_SECONDS)
        return Rejudged(_questions(answer), answer["cannot"], Measured.model_validate_json(answer["measured"]))

    def _file(self, name: str) -> Path:
        """A file that only this process and its judge can read: hand-ins are too large for a line of JSON."""
        if self._folder is None:
            self._folder = scratch.make()
        return self._folder / name

    def networks(self) -> list[dict[str, Any]]:
        """Before `end`: the networks that accuracy checks look at, with all that it takes to train them again."""
        found: list[dict[str, Any]] = self._order({"do": "networks"}, START_SECONDS)["networks"]
        return found

    def _died(self) -> JudgeDied:
        """What it left in its log is for the instructor's eyes only, so it is no part of the message."""
        log.error("the judge died; the end of its log:\n%s", self.log()[-2000:] or "(nothing)")
        try:
            of = json.loads(text_of(self._file("work")))
        except (OSError, ValueError):
            of = ()
        return JudgeDied("the judge died", of)

    @property
    def pid(self) -> int:
        """Of the running process; 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._folder is not None:
            scratch.remove(self._folder)
            self._folder = None


def _end_halted(process: subprocess.Popen[str]) -> None:
    """A judge that stands stopped would hold up a notebook until its time is over: it is ended, as one that died."""
    looks = 0
    while process.poll() is None:
        time.sleep(1)
        looks = looks + 1 if resource_watch.is_halted(process.pid) else 0
        if looks == HALTED_LOOKS:
            log.error("the judge was stopped by a signal")
            process.kill()


def _end(process: subprocess.Popen[str]) -> None:
    try:
        if process.stdin:
            process.stdin.close()  # end of its orders: it stops by itself
        process.wait(BYE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _questions(answer: dict[str, Any]) -> list[QuestionResult]:
    return [QuestionResult.model_validate_json(json.dumps(item)) for item in answer["questions"]]
