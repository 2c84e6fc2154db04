"""A tiny class on disk, commands that run over it, and what they leave: files, marks, processes, temporary folders."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.course.course import load
from tests.conftest import ROOT

MADE = (
    "submitted", "autograded", "reports", "feedback", "assignments", "class.html", "grades.csv", "mine", "solutions", "tests", "course.yml", "autograder.zip",
)  # fmt: skip
CHANGING = {".handins"}  # of which nobody reads more than the entries name
GONE_SECONDS = 60  # in which the processes of a command that was killed have to notice it
PR_SET_CHILD_SUBREAPER = 36


_others: frozenset[int] = (
    frozenset()
)  # children that were there before, such as a judge that tests of this session share


@contextmanager
def adopting() -> Iterator[None]:
    """While this lasts, whoever loses its parent below this process becomes a child of this process."""
    global _others
    _others = frozenset(_pids())
    _adopt(True)
    try:
        yield
    finally:
        _adopt(False)


def _adopt(on: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no subreaper")


def _pids() -> list[int]:
    task = next(Path("/proc/self/task").iterdir())
    return [int(pid) for pid in (task / "children").read_text().split()]


def children() -> dict[int, str]:
    """Those that this process got while it adopts and that live, with their command lines; those that ended are buried."""
    found = {}
    for pid in set(_pids()) - _others:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            # One that just becomes another program has no command line for a moment, as one that ended.
            if words.strip() or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found[pid] = words
    return found


@dataclass
class Ended:
    code: int
    said: str
    occasions: int = 0
    imports: int = 0


@dataclass
class Class:
    """The course in `root`, whose commands find an empty temporary folder of their own, `scratch`."""

    root: Path
    scratch: Path

    @classmethod
    def of(cls, model: Path, root: Path) -> Class:
        shutil.copytree(model, root, symlinks=True)
        return cls(root, Path(tempfile.mkdtemp(prefix="f-", dir="/tmp")))

    def start(
        self, *arguments: str, at: int = 0, signal: str = "SIGKILL", scratch: Path | None = None
    ) -> subprocess.Popen[bytes]:
        tally = self.root / "tally"
        tally.unlink(missing_ok=True)
        environment = {**os.environ, "TMPDIR": str(scratch or self.scratch), "AUTOGRADER_MEMO": str(self.root / "memo"),
                       "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "400"}  # fmt: skip
        with (self.root / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.faults.struck", str(tally), str(at), signal, *arguments],
                cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def end(self, process: subprocess.Popen[bytes], seconds: float = 300) -> Ended:
        code = process.wait(seconds)
        tally = self.root / "tally"
        counts = map(int, tally.read_text().split()) if tally.exists() else ()
        return Ended(code, (self.root / "said").read_text("utf-8", "replace"), *counts)

    def run(self, *arguments: str, at: int = 0, signal: str = "SIGKILL", scratch: Path | None = None) -> Ended:
        return self.end(self.start(*arguments, at=at, signal=signal, scratch=scratch))

    def made(self) -> dict[str, bytes]:
        """What commands made: every file by its path, and every mark of the gradebook."""
        found = {str(path.relative_to(self.root)): b"" for path in self.root.rglob("*.part")}
        for name in MADE:
            place = self.root / name
            for path in [place] if place.is_file() else sorted(place.rglob("*")):
                if path.is_file() and not CHANGING & set(path.relative_to(self.root).parts):
                    found[str(path.relative_to(self.root))] = path.read_bytes()
        if (self.root / "gradebook.db").is_file():
            course = load(self.root / "course.yml")
            with Book(address(course), course.course.id) as book:
                found["gradebook"] = repr((book.entries(), book.scores())).encode()
        return found

    def litter(self) -> list[str]:
        """What is left in the temporary folder."""
        return sorted(str(path.relative_to(self.scratch)) for path in self.scratch.rglob("*"))

    def close(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)


def left_running() -> dict[int, str]:
    """The processes that a command left, as soon as there are none, or those that are there after a time; they are ended."""
    until = time.monotonic() + GONE_SECONDS
    while (left := children()) and time.monotonic() < until:
        time.sleep(0.2)
    for pid in left:
        os.kill(pid, 9)
    while left and children():
        time.sleep(0.1)
    return left
