"""Files that are there whole or not at all, and that a power cut doesn't take away again where that matters; and the one way to read them.

People and students may put a pipe, a socket or a device where a file is looked for: whoever opened it would wait for ever.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.common.i18n import N_, _


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


LARGEST = 1 << 30  # bytes of a file that is read or hashed whole: a sparse one may claim any size


class NotAFile(OSError):
    """What is there is a folder, a pipe, a socket or a device, or a link where none is followed (ELOOP)."""


def opened(path: Path, *, most: int = 0, follow: bool = True) -> BufferedReader:
    """Open an ordinary file, or a link to one if `follow`, for reading. Raises OSError: NotAFile for whatever else is there,
    and for more than `most` bytes, if that is not 0. Who reads what strangers wrote follows no link, and asks nothing of the path beforehand.
    """
    stream = open(path, "rb", opener=_ordinary if follow else _no_link)  # noqa: SIM115
    if most and os.fstat(stream.fileno()).st_size > most:
        stream.close()
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return stream


def bytes_of(path: Path, most: int = LARGEST, *, follow: bool = True) -> bytes:
    """All that is in an ordinary file. Raises OSError, as `opened`."""
    with opened(path, most=most, follow=follow) as stream:
        return stream.read()


def text_of(path: Path, errors: str = "strict", *, most: int = LARGEST, follow: bool = True) -> str:
    """The text of an ordinary file in UTF-8. Raises OSError, as `opened`, and UnicodeDecodeError."""
    with TextIOWrapper(opened(path, most=most, follow=follow), "utf-8", errors) as stream:
        return stream.read()


def is_text(name: str) -> bool:
    """Whether the name of a file can be written in UTF-8, as reports, journals and gradebooks are."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ordinary(path: str, flags: int) -> int:
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    kind = os.fstat(handle).st_mode
    if stat.S_ISREG(kind):
        return handle
    os.close(handle)
    folder = stat.S_ISDIR(kind)
    said = os.strerror(errno.EISDIR) if folder else _("it is not an ordinary file")
    raise NotAFile(errno.EISDIR if folder else errno.EINVAL, said, path)


def _no_link(path: str, flags: int) -> int:
    try:
        return _ordinary(path, flags | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if not os.path.islink(path):
            raise
        raise NotAFile(errno.ELOOP, _("it is a link to another file"), path) from error


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


def put(path: Path, content: bytes | str, *, durable: bool = False, swept: bool = False) -> None:
    """Write `content` (a text in UTF-8) beside its place and rename it, making folders that aren't there.

    `durable`: it is on the disk itself when this returns. Raises OSError, and then leaves nothing behind; a process that is
    killed may leave ``.<name>.<process>.part``, which the next one removes; not where it is to be durable, or where the folder is `swept`:
    whoever owns that looks through it now and then (`Journal.sweep`, `Memo`), and not at each file.
    """
    make(path.parent, durable=durable)
    if not (durable or swept):
        _sweep(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        move(part, path, durable=durable)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:  # told by the name that somebody may look for
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _sweep(path: Path) -> None:
    """Remove what processes of this machine left that were killed while they wrote `path`."""
    start, end = f".{path.name}.", ".part"
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if (
                entry.name.startswith(start)
                and entry.name.endswith(end)
                and _is_gone(entry.name[len(start) : -len(end)])
            ):
                with suppress(OSError):  # a folder of that name keeps none of the others
                    os.unlink(entry.path)


def _is_gone(process: str) -> bool:
    if os.name == "nt":  # there it would be ended
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OverflowError, OSError):  # somebody else's
        return False
    return False


def overwrite(path: Path, content: bytes) -> None:
    """Write into the ordinary file that is there: needs no room for another one, and may be cut in the middle. Raises OSError."""
    with open(path, "r+b", opener=_no_link) as stream:
        stream.write(content)
        stream.truncate()


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


def said_of(error: OSError) -> AutograderError:
    """What the system refused, in people's words: which file, and what to do where they have no right to it."""
    if not error.filename:
        return AutograderError(_("the system refused it: {error}", error=error.strerror or error))
    return AutograderError(
        _("{path} can't be opened: {error}", path=error.filename, error=error.strerror), right_to(error)
    )


_WRITABLE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), N_("Free some space.")),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), N_("Make the folder writable for you.")),
    **dict.fromkeys((errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.ENOTEMPTY), N_("Move away what stands in its place.")),
}  # fmt: skip


def unwritable(
    path: object, error: OSError, then: str = "", kind: type[AutograderError] = AutograderError
) -> AutograderError:
    """That a file can't be written, with what to do about it by what the system says, and `then` what else there is to do."""
    remedy = _(_WRITABLE[error.errno]) if error.errno in _WRITABLE else ""
    message = _("{file} can't be written: {error}", file=error.filename or path, error=error.strerror or error)
    return kind(message, " ".join(filter(None, (remedy, then))))


def right_to(error: OSError) -> str:
    """What to do about a file that they have no right to; '' for other errors."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return ""
    return _("Give yourself the right to it (`chmod u+rwX {path}`), or ask whoever owns it.", path=error.filename)
