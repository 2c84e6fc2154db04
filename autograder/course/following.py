"""Which questions of an assignment need which others, told from the solution: ``needed_by(course, "two_layer")``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autograder.common.errors import ReleaseError
from autograder.course.course import Course
from autograder.course.dependencies import following
from autograder.course.source_notebook import source_notebook, source_path

Needed = Mapping[str, frozenset[str]]
_known: dict[tuple[Path, int], Needed] = {}


def needed_by(course: Course, assignment: str) -> Needed:
    """By question, those after it that need, themselves or through others, what its answer makes.

    Without the solution, those after it whose checks look at a value of the same name.
    """
    path = source_path(course, assignment)
    key = (path, path.stat().st_mtime_ns if path.is_file() else 0)
    if key not in _known:
        _known[key] = _needed_by(course, assignment)
    return _known[key]


def _needed_by(course: Course, assignment: str) -> Needed:
    questions = course.assignment(assignment).questions
    order = list(questions)
    try:
        notebook = source_notebook(course, assignment)
        found = {key: following(notebook, key) for key in order}
    except (ReleaseError, KeyError):
        names = {key: {name for check in questions[key].checks for name in check.names()} - {"value"} for key in order}
        found = {key: {other for other in order if names[key] & names[other]} for key in order}
    return {key: frozenset(found[key] & set(order[place + 1 :])) for place, key in enumerate(order)}
