"""One process at a time: a lock on a file, which the system lets go of when its process ends, however it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autograder.common.files import opened

_PAUSE = 0.1  # seconds


@contextmanager
def alone(path: Path, seconds: float) -> Iterator[bool]:
    """Hold the lock `path`, which is made; or give False where another process holds it for so long. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    with path.open("a+b") as stream:
        while not (got := _lock(stream)) and time.monotonic() < until:
            time.sleep(_PAUSE)
        yield got


def is_held(path: Path) -> bool:
    """Whether a process holds the lock `path`."""
    try:
        with opened(path) as stream:
            return not _lock(stream, shared=True)
    except OSError:
        return False


def _lock(stream: IO[bytes], *, shared: bool = False) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: nothing there grades in two places at a time
        return True
    try:
        fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
