"""Files that are there whole or not at all, and that a power cut doesn't take away again where that matters."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.common.i18n import _


def home() -> Path:
    """The user's home folder. Raises AutograderError for one that nobody knows: no HOME, and no entry in passwd."""
    try:
        return Path.home()
    except (RuntimeError, KeyError):
        raise AutograderError(
            _("this user has no home folder"), _("Set HOME to a folder that you may write to.")
        ) from None


def cache_folder() -> Path:
    """Where the user's programs keep what can be made again. Raises AutograderError as `home`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache") / "autograder"


def deliver(path: Path, content: bytes | str) -> None:
    """Write what a person asked for where they asked: as `put`, but into a pipe or a device itself, which is never replaced.

    Raises OSError.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        put(path, content)
        return
    with path.open("wb") as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def put(path: Path, content: bytes | str, *, durable: bool = False) -> None:
    """Write `content` (a text in UTF-8) beside its place and rename it, making folders that aren't there.

    `durable`: it is on the disk itself when this returns. Raises OSError, and then leaves nothing behind; a process that is
    killed may leave ``.<name>.<process>.part``.
    """
    make(path.parent, durable=durable)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        move(part, path, durable=durable)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def move(source: Path, target: Path, *, durable: bool = False) -> None:
    """Give a file or folder the place `target` of the same disk, where a file that is there makes room. Raises OSError."""
    source.replace(target)
    if durable:
        _sync(target.parent)


def make(folder: Path, *, durable: bool = False) -> None:
    """Make a folder and those above it; if `durable`, each new name lasts, or a power cut could take it away with its contents."""
    if folder.is_dir():
        return
    make(folder.parent, durable=durable)
    folder.mkdir(exist_ok=True)
    if durable:
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make names in `folder` last, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
