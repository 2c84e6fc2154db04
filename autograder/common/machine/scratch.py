"""Temporary folders that go when their process does: by itself if it ends, and by the next one that makes some if it was killed.

Each is held by a lock of its process, which the system lets go of however that ends; one that nobody holds is litter.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is looked for there, and nothing swept
    fcntl = None  # type: ignore[assignment]

PREFIX = "autograder-tmp-"
_NEW = f".{PREFIX}"  # a folder without its lock yet: nobody sweeps it while it is young
YOUNG = 3600.0  # seconds, to either side: clocks are set back, too
LONGEST = 60  # bytes of a folder's path below which a socket has room: its own path has at most 107

_held: dict[Path, int] = {}  # the lock of each folder of this process
_own: Path | None = None


def settle() -> None:
    """From now on all temporary files of this process, of its libraries and of what it starts lie in one folder, which goes with it.

    Where none can be made, nothing changes: who needs one says so.
    """
    global _own
    if _own is not None:
        return
    with suppress(OSError):
        _own = make()
        tempfile.tempdir = os.environ["TMPDIR"] = str(_own)
        atexit.register(_leave, os.getpid())


def _leave(pid: int) -> None:
    if os.getpid() == pid and _own is not None:
        remove(_own)


def make(short: bool = False) -> Path:
    """A folder of this process alone. `short`: one below which a socket may lie. Raises OSError.

    Litter beside it is swept first.
    """
    base = Path(tempfile.gettempdir())
    if short and len(os.fsencode(base)) > LONGEST:
        base = Path("/tmp")
    _sweep(base)
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=base)).resolve()
    lock = _lock(new)
    folder = new.with_name(new.name[1:])
    try:
        new.rename(folder)  # never seen under this name without its lock
    except OSError:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(new, ignore_errors=True)
        raise
    if lock is not None:
        _held[folder] = lock
    return folder


def remove(folder: Path) -> None:
    """Remove a folder that `make` made; not to be told is no fault: the next one sweeps what can't be removed."""
    shutil.rmtree(folder, ignore_errors=True)
    lock = _held.pop(folder, None)
    if lock is not None:
        os.close(lock)


def _lock(folder: Path) -> int | None:
    """The descriptor that holds it, until it is closed; None where somebody else does, or it is none of ours."""
    if fcntl is None:
        return None
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    with suppress(OSError):
        if os.fstat(handle).st_uid == os.geteuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
    os.close(handle)
    return None


def _sweep(base: Path) -> None:
    """Remove what processes of this user left there that were killed."""
    if fcntl is None:
        return
    with suppress(OSError):
        for folder in [*base.glob(f"{PREFIX}*"), *base.glob(f"{_NEW}*")]:
            with suppress(OSError):
                if folder.name.startswith(_NEW) and abs(time.time() - folder.lstat().st_mtime) < YOUNG:
                    continue
                lock = None if folder in _held else _lock(folder)
                if lock is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    os.close(lock)
