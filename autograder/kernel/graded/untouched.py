"""Arrays of which the system itself knows whether this process ever wrote to them.

They lie in a private mapping of a file in memory that is sealed, so that nobody can change it: a page is the file's until it is written
to, and from then on a copy of this process. ``/proc/self/pagemap`` tells which: in 1 ms for 300 MB, which take 25 ms to read.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

HELD = 1 << 63 | 1 << 62  # bits of a page: it stands in memory, or on disk
OF_A_FILE = 1 << 61
ENTRY = 8  # bytes that tell of a page

_mapped: list[mmap.mmap] = []  # never closed: a fork has no descriptor of theirs any more


def filled(fill: Callable[[npt.NDArray[Any]], object], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """A float64 array that `fill` has written, in such memory; in ordinary memory where the system has none."""
    memory = _sealed(fill, shape)
    if memory is not None:
        return memory
    array = np.empty(shape)
    fill(array)
    return array


def _sealed(fill: Callable[[npt.NDArray[Any]], object], shape: tuple[int, ...]) -> npt.NDArray[np.float64] | None:
    try:
        import fcntl

        file = os.memfd_create("autograder", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, ImportError, OSError):  # no Linux, or one without it
        return None
    try:
        size = int(np.prod(shape)) * 8
        os.ftruncate(file, size)
        with mmap.mmap(file, size) as shared:
            written = np.frombuffer(shared, np.float64).reshape(shape)
            fill(written)
            del written
        fcntl.fcntl(
            file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        )
        _mapped.append(mmap.mmap(file, size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE))
    except (OSError, ValueError):  # too little memory
        return None
    finally:
        os.close(file)
    return np.frombuffer(_mapped[-1], np.float64).reshape(shape)


def is_untouched(array: npt.NDArray[Any]) -> bool:
    """Whether this process never wrote to `array`, which is `filled`'s whole. False where the system doesn't tell."""
    pages = -(-array.nbytes // mmap.PAGESIZE)
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            pagemap.seek(array.ctypes.data // mmap.PAGESIZE * ENTRY)
            told = np.frombuffer(pagemap.read(pages * ENTRY), np.uint64)
    except OSError:
        return False
    own = (told & np.uint64(HELD) != 0) & (told & np.uint64(OF_A_FILE) == 0)
    return len(told) == pages and not own.any()
