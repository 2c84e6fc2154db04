"""When a file of a git checkout was committed, without believing the checkout's own configuration.

A repository's configuration can name programs that git runs. So its objects are read through an empty repository of
ours, and of the checkout itself only HEAD and the names of its branches are read, as text.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from autograder.classroom.collect import times
from autograder.common.confined import limited
from autograder.common.files import opened, text_of

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_BRANCH = re.compile(r"ref: (refs/[\w./+@-]{1,200})\Z")
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
            "GIT_OBJECT_DIRECTORY": str((repository / ".git" / "objects").resolve()),
            "GIT_LITERAL_PATHSPECS": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1",
        }  # fmt: skip
        ours = Path(scratch) / "empty.git"
        inside = file.relative_to(repository).as_posix()
        try:
            for part in ("refs", "objects"):
                (ours / part).mkdir(parents=True)
            (ours / "HEAD").write_text("ref: refs/heads/none\n")
            command = ["git", f"--git-dir={ours}", "log", "-1", "--format=%cI", head, "--", inside]
            done = subprocess.run(
                command, env=environment, cwd=scratch, capture_output=True, text=True, check=False, timeout=seconds,
                preexec_fn=limited,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
    return times.parse(done.stdout) if done.returncode == 0 and done.stdout.strip() else None


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
        if path.is_symlink() or not path.is_file():
            return ""
        with opened(path) as file:
            return file.read(300).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _packed(path: Path, branch: str) -> str:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > 10_000_000:
            return ""
        lines = text_of(path, "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(" ")[0] for line in lines if line.partition(" ")[2] == branch), "")
