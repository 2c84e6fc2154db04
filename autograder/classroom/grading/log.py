"""The log of a run: a file for people who look for what went wrong."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.classroom.folder import Folder
from autograder.common.showing.readable import on_screen

KEPT_LOGS = 50


@contextmanager
def logged(root: Path) -> Iterator[str]:
    """A log file of this run, ``logs/<utc time>.log``; its path relative to `root`, '' when it can't be written."""
    course = Folder(root)
    folder = course.logs
    name = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H%M%SZ}.log"
    handler: logging.Handler
    try:
        folder.mkdir(exist_ok=True)
        for old in sorted(folder.glob("*.log"))[:-KEPT_LOGS]:
            old.unlink()
        handler = _Quiet(folder / name, encoding="utf-8")
        place = course.relative(folder / name)
    except OSError:
        handler, place = logging.NullHandler(), ""
    handler.setFormatter(_Utc("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
    ours, dasks = logging.getLogger("autograder"), logging.getLogger("distributed")
    before = {logger: (logger.level, logger.propagate, [*logger.handlers]) for logger in (ours, dasks)}
    ours.setLevel(logging.INFO)
    ours.propagate, ours.handlers = False, [handler]
    dasks.propagate, dasks.handlers = False, [_Forward(handler)]  # Dask would print to the terminal
    try:
        yield place
    finally:
        for logger, (level, propagate, handlers) in before.items():
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers
        handler.close()


class _Forward(logging.Handler):
    """Dask's warnings, into the same log. It changes the levels of its loggers and handlers as it likes."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self._handler = handler

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self._handler.handle(record)


class _Quiet(logging.FileHandler):
    """A full disk is said once, by what matters: not by every line of the log."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _Utc(logging.Formatter):
    @staticmethod
    def converter(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        return on_screen(super().format(record))  # it may quote what a student wrote, and is read in a terminal
