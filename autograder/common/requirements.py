"""Whether a notebook's Python can run `check` at all. Looks at what is installed; imports no framework."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from autograder.common.i18n import _

KERAS = (3, 10)  # as in pyproject.toml
BACKEND = "KERAS_BACKEND"


def release(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: (3, 15, 1) of ``3.15.1rc0``."""
    numbers = []
    for part in text.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def problem() -> str:
    """A sentence on what keeps `check` from working here, with the remedy; '' when nothing does."""
    install = _(
        "Type {command} in a cell, then restart the kernel.", command=f"%pip install 'keras>={KERAS[0]}.{KERAS[1]}'"
    )
    try:
        found = version("keras")
        version("tensorflow")
    except PackageNotFoundError as error:
        return _("This notebook needs Keras and TensorFlow, and {package} is not installed.", package=error.name) + (
            " " + _("Type {command} in a cell, then restart the kernel.", command="%pip install keras tensorflow")
        )
    if release(found) < KERAS:
        wanted = ".".join(map(str, KERAS))
        return (
            _("This notebook needs Keras {wanted} or newer, and {found} is installed.", wanted=wanted, found=found)
            + " "
            + install
        )
    backend = os.environ.get(BACKEND, "")
    if backend not in ("", "tensorflow"):
        return _(
            "This notebook needs Keras on TensorFlow, and {variable} asks for {backend}. Remove that setting, then "
            "restart the kernel.",
            variable=BACKEND,
            backend=backend,
        )
    from autograder.common.wire.protocol import JUDGE

    if not os.environ.get(JUDGE) and find_spec("autograder.kernel.home") is None:
        return _("check() has nobody to ask in this kernel: it runs in the grader's sandbox, which holds no course. Grade with {command}.", command="`autograder grade`")  # fmt: skip
    return ""


class NotReady:
    """Stands in for `check` where it can't work: says so instead of raising."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __call__(self, *values: object, **named: object) -> None:
        print(self.sentence)

    def progress(self, assignment: str = "") -> None:
        print(self.sentence)
