"""This process's own memory while it listens to a kernel: what a kernel sends is put together here before anybody can look at it.

ZeroMQ limits a part of a message, and not how many parts it has: it holds them all until the last one comes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from autograder.common.machine.confined import MB, in_use

MORE_MB = 1024  # than it had before: a message of 256 MB, which is cut, takes half of it
SECONDS = 0.1  # between two looks


class Watch:
    """`over`: the kernel was ended, because this process grew too much while it listened."""

    over = False


@contextlib.contextmanager
def watched(end_kernel: Callable[[], None]) -> Iterator[Watch]:
    """While this lasts, `end_kernel` is called once when this process has taken `MORE_MB` more than it began with."""
    watch, done = Watch(), threading.Event()
    most = in_use("VmRSS") + MORE_MB * MB

    def look() -> None:
        while not watch.over and not done.wait(SECONDS):
            if in_use("VmRSS") > most:
                watch.over = True
                end_kernel()

    thread = threading.Thread(target=look, name="autograder-own-memory", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()
