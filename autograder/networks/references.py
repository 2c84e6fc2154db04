"""The course's own functions, which checks compare with: loaded from its files, never from what a student wrote."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.common.errors import CourseError
from autograder.common.i18n import _


def load(root: Path, place: str) -> Callable[..., Any]:
    """The function at ``path.py:name``, relative to the course's folder `root`. Raises CourseError when there is none."""
    path, _colon, name = place.partition(":")
    file = root / path
    specification = importlib.util.spec_from_file_location(f"autograder_reference_{file.stem}", file)
    if specification is None or specification.loader is None or not file.is_file():
        raise CourseError(_("the reference functions {file} do not exist", file=file))
    # It may use other files of the course: those beside it, and by their path from the course's folder. They come last,
    # so that they can't stand for a module of the grader's.
    sys.path += [str(folder) for folder in (file.parent, root) if str(folder) not in sys.path]
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        raise CourseError(_("{file} has no function '{name}'", file=file, name=name))
    reference: Callable[..., Any] = found
    return reference
