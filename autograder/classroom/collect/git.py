"""When a file of a git checkout was committed, without believing the checkout's own configuration.

A repository's configuration can name programs that git runs, other places where objects lie, and servers to fetch them from; whatever git looks
for may be a pipe. So git sees a repository of ours, in which nothing but the ordinary files of the checkout's objects and packs are
found, and of the checkout itself only HEAD and the names of its branches are read, as text.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from autograder.classroom.collect import times
from autograder.common.files import NotAFile, opened, text_of
from autograder.common.machine.confined import limited

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_BRANCH = re.compile(r"ref: (refs/[\w./+@-]{1,200})\Z")
_LOOSE = tuple(f"{number:02x}" for number in range(256))  # folders of objects that are in no pack
OBJECTS = 200_000  # files that hold them: git packs some 7,000
SECONDS = 60.0


class Commits:
    """Times of commits. All questions about one checkout together take `SECONDS` at the most: its history is as long as its student likes."""

    def __init__(self) -> None:
        self._left: dict[Path, float] = {}

    def at(self, repository: Path, file: Path) -> dt.datetime | None:
        """`committed_at`, while there is time left for this checkout; then None."""
        started, left = time.monotonic(), self._left.get(repository, SECONDS)
        found = committed_at(repository, file, left) if left > 0 else None
        self._left[repository] = left - (time.monotonic() - started)
        return found


def committed_at(repository: Path, file: Path, seconds: float = SECONDS) -> dt.datetime | None:
    """The committer's time of the last commit that touched `file`, in UTC; None where git can't tell, or not in so many seconds."""
    head = _head(repository / ".git")
    if head is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": scratch, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat",
            "GIT_LITERAL_PATHSPECS": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1",
        }  # fmt: skip
        ours = Path(scratch) / "empty.git"
        inside = file.relative_to(repository).as_posix()
        try:
            (ours / "refs").mkdir(parents=True)
            _lend((repository / ".git" / "objects").absolute(), ours / "objects")
            (ours / "HEAD").write_text("ref: refs/heads/none\n")
            command = ["git", f"--git-dir={ours}", "log", "-1", "--format=%cI", head, "--", inside]
            done = subprocess.run(
                command, env=environment, cwd=scratch, capture_output=True, text=True, check=False, timeout=seconds,
                preexec_fn=limited,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
    return times.parse(done.stdout) if done.returncode == 0 and done.stdout.strip() else None


def _lend(objects: Path, ours: Path) -> None:
    """Links to what holds objects, in a new folder `ours`. Raises OSError for what git itself never makes."""
    left = OBJECTS
    (ours / "pack").mkdir(parents=True)
    for folder in [objects, *(objects / name for name in ("pack", *_LOOSE) if os.path.lexists(objects / name))]:
        if folder.is_symlink():
            raise NotAFile(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
        with os.scandir(folder) as entries:
            for entry in entries if folder != objects else ():
                left -= 1
                if left < 0 or not entry.is_file(follow_symlinks=False):
                    raise NotAFile(errno.EINVAL, os.strerror(errno.EINVAL), entry.path)
                if folder.name == "pack" and entry.name.endswith((".pack", ".idx")):
                    (ours / "pack" / entry.name).symlink_to(entry.path)
        if folder.name in _LOOSE:
            (ours / folder.name).symlink_to(folder)


def _head(folder: Path) -> str | None:
    """The commit that is checked out in the git directory `folder`."""
    head = _line(folder / "HEAD")
    if match := _BRANCH.match(head):
        if ".." in match[1]:
            return None
        head = _line(folder / match[1]) or _packed(folder / "packed-refs", match[1])
    return head if _COMMIT.match(head) else None


def _line(path: Path) -> str:
    try:
        with opened(path, follow=False) as file:
            return file.read(300).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _packed(path: Path, branch: str) -> str:
    try:
        lines = text_of(path, "replace", most=10_000_000, follow=False).splitlines()
    except OSError:
        return ""
    return next((line.partition(" ")[0] for line in lines if line.partition(" ")[2] == branch), "")
