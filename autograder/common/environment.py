"""What the grader says to a kernel in its environment. Once the kernel is ready for its notebook nothing of that stands there:
a notebook that looks into ``os.environ``, and what it starts, find what they find on a student's own machine.
"""

from __future__ import annotations

import os

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
