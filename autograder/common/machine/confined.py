"""Work on what a stranger wrote, in a child process with limits of memory, processor time and answer.

Parsers and sanitisers are written for honest input: a few kilobytes can keep one busy for hours, or make gigabytes of it. Such work is done
in a fork of this process (some milliseconds), which the system ends at its limits. What comes back is JSON, never a pickle.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn, TypeVar

from autograder.common.errors import AutograderError, MachineLow, SandboxError, SubmissionError
from autograder.common.i18n import _

if sys.platform != "win32":
    import resource

MB = 1 << 20
PATIENCE = 300.0  # seconds that a child may wait for a processor on a busy machine, beyond those that it may use
AT_ONCE = 40  # honest pieces of work of a few milliseconds that share a child, which costs as much as one of them
ATTEMPTS = 2  # of work whose process a signal ended: a fork beside threads may die by chance, a parser of what it read dies again
# What ends a process from outside: for want of memory, or with all that runs here; its own limits send others. Windows has fewer.
OTHERS = frozenset(getattr(signal, name, signal.SIGTERM) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"))
_CHUNK = 1 << 16
_WHOLE = b"\n"  # the end of an answer
T = TypeVar("T")


class OverLimit(Exception):
    """The work would not end within its limits, or raised something that nobody foresaw: it is put down to what was worked on."""


def confined(work: Callable[[], Any], *, seconds: int = 20, megabytes: int = 1024, answer_mb: int = 64) -> Any:
    """What `work` returns, as JSON has it. `seconds` are of processor time, `megabytes` what it may take beyond what is there.

    Raises SubmissionError as `work` does, OverLimit for everything else that comes of the work, MachineLow for what the machine does to it,
    and SandboxError on a system that has no such limits.
    """
    if sys.platform == "win32":
        raise SandboxError(
            _("Windows can't limit what reading a file of a student takes"), _("Use Linux, macOS, WSL2 or a container.")
        )
    for _attempt in range(ATTEMPTS):
        answer, code = _answer(work, seconds, megabytes, answer_mb)
        if code >= 0 or -code == signal.SIGXCPU:
            break
    if -code in OTHERS:
        raise MachineLow(_("the machine ended a process of the grader's"), _("Run the command again."))
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        raise OverLimit(f"it took more than {seconds} s, or more than {megabytes} MB") from None
    if "returned" in document:
        return document["returned"]
    if document["raised"] == SubmissionError.__name__:
        raise SubmissionError(document["says"], document["remedy"])
    raise OverLimit(f"{document['raised']}: {document['says']}")


def _answer(work: Callable[[], Any], seconds: int, megabytes: int, answer_mb: int) -> tuple[bytes, int]:
    """What a child wrote that does `work`, and the exit code of one that wrote nothing whole; negative: the signal that ended it."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of a fork beside threads: the child touches nothing of theirs
        child = os.fork()
    if not child:
        os.close(reading)
        _in_child(work, writing, seconds, megabytes)
    os.close(writing)
    answer: bytes | None = None
    try:
        answer, late = _received(reading, seconds + PATIENCE, answer_mb * MB)
    finally:
        os.close(reading)
        if answer is None or late:  # else it ends by itself, and says how
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if answer.endswith(_WHOLE):
        return answer, 0
    return b"", code


def confined_each(work: Callable[[T], Any], items: Sequence[T], *, seconds: int = 10) -> list[Any]:
    """What `work` returns for each of the `items`, as JSON has it; None for one that it raises SubmissionError for, or that is over its limits.

    Some share a child and its `seconds`; where that doesn't end well they are worked on one by one, so that each answers for itself only.
    """
    found: list[Any] = []
    for first in range(0, len(items), AT_ONCE):
        some = items[first : first + AT_ONCE]
        together = _each(work, some, seconds)
        found += together if together is not None else [(_each(work, [one], seconds) or [None])[0] for one in some]
    return found


def _each(work: Callable[[T], Any], items: Sequence[T], seconds: int) -> list[Any] | None:
    try:
        answers: list[Any] = confined(lambda: [_or_none(partial(work, one)) for one in items], seconds=seconds)
        return answers
    except OverLimit:
        return None


def _or_none(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except SubmissionError:
        return None


def _in_child(work: Callable[[], Any], writing: int, seconds: int, megabytes: int) -> NoReturn:
    try:
        with open(os.devnull, "r+b") as nothing:
            for descriptor in (0, 1, 2):
                os.dup2(nothing.fileno(), descriptor)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
            signal.signal(number, signal.SIG_DFL)
        gc.freeze()  # what the process before left to be collected is that one's: no destructor of it runs in here
        limit(resource.RLIMIT_AS, in_use() + megabytes * MB)
        limit(resource.RLIMIT_CPU, int(time.process_time()) + seconds + 1)
        limit(resource.RLIMIT_CORE, 0)
        try:
            answer: dict[str, Any] = {"returned": work()}
        except Exception as error:
            remedy = error.remedy if isinstance(error, AutograderError) else ""
            answer = {"raised": type(error).__name__, "says": str(error)[:1000], "remedy": remedy}
        with os.fdopen(writing, "wb") as stream:
            stream.write(json.dumps(answer).encode("utf-8", "replace") + _WHOLE)
    finally:
        os._exit(0)


def limited(seconds: int = 60, megabytes: int = 2048) -> None:
    """For `preexec_fn`: a program that reads what a stranger wrote gets so much processor time and address space."""
    if sys.platform != "win32":
        limit(resource.RLIMIT_AS, megabytes * MB)
        limit(resource.RLIMIT_CPU, seconds)
        limit(resource.RLIMIT_CORE, 0)


def limit(which: int, value: int) -> None:
    """Lower a limit of this process, as far as the system lets it."""
    _soft, hard = resource.getrlimit(which)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
        resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def in_use(name: str = "VmSize") -> int:
    """Bytes of address space of this process (VmData: of what it wrote); where the system doesn't say, as much as a worker may have."""
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as facts:
            return next(int(line.split()[1]) << 10 for line in facts if line.startswith(f"{name}:"))
    except (OSError, StopIteration):
        return 16 << 30


def _received(reading: int, seconds: float, most: int) -> tuple[bytes, bool]:
    """All that the child writes, b"" where it is too much; and whether it hasn't ended in time, or is not waited for."""
    deadline, size = time.monotonic() + seconds, 0
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            part = os.read(reading, _CHUNK)
            if not part:
                return b"".join(parts), False
            size += len(part)
            if size > most:
                return _WHOLE, True
            parts.append(part)
    return b"", True
