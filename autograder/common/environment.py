"""What the grader says to a kernel in its environment. Once the kernel is ready for its notebook nothing of that stands there:
a notebook that looks into ``os.environ``, and what it starts, find what they find on a student's own machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

PREFIX = "AUTOGRADER_"
_put_aside: dict[str, str] = {}


def said(name: str, otherwise: str = "") -> str:
    """What the environment says under that name, or said before `put_aside`."""
    return os.environ.get(name, _put_aside.get(name, otherwise))


def put_aside() -> None:
    """Take what is ours out of the environment of this process; `said` knows it on."""
    for name in [*os.environ]:
        if name.startswith(PREFIX):
            _put_aside[name] = os.environ.pop(name)


def change_to(environment: Mapping[str, str]) -> None:
    """Make this process's environment that one, and write only what differs: a library's thread that reads it (``getenv``)
    while it is emptied and filled again reads freed memory, and the process dies.
    """
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
