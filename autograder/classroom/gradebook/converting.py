"""Running nbgrader's converters: why one failed, as the exception that it caught."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Failed(Exception):
    """nbgrader's reason, in a line."""


class _Caught(logging.Handler):
    """Converters log while they handle what they caught, and then raise a sentence that only points to the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.before = sys.exc_info()[1]
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if error is not None and error is not self.before:
            self.errors.append(error)


@contextmanager
def converting() -> Iterator[logging.Logger]:
    """A log to give to a converter, of its own: nbgrader's would print to the terminal. Raises Failed, with the cause."""
    from nbgrader.converters.base import NbGraderException

    log, caught = logging.Logger("autograder.converting", logging.ERROR), _Caught()
    log.addHandler(caught)
    try:
        yield log
    except NbGraderException as error:
        cause = caught.errors[-1] if caught.errors else error
        raise Failed((str(cause).splitlines() or [type(cause).__name__])[0]) from cause
