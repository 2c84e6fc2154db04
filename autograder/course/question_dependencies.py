"""Which questions of an assignment need which others, told from the solution: ``needed_by(course, "two_layer")``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import nbformat

from autograder.common.files import text_of
from autograder.course.cell_dependencies import following
from autograder.course.course import Course
from autograder.course.source_notebook import source_path

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
        notebook = nbformat.from_dict(json.loads(text_of(source_path(course, assignment))))
        for cell in notebook.cells:
            cell.source = "".join(cell.source)
        found = {key: following(notebook, key) for key in course.assignment(assignment).checked}
    except (
        OSError,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
    ):  # `autograder release` says what is wrong with it
        names = {key: {name for check in questions[key].checks for name in check.names()} - {"value"} for key in order}
        found = {key: {other for other in order if names[key] & names[other]} for key in order}
    return {key: frozenset(found.get(key, set()) & set(order[place + 1 :])) for place, key in enumerate(order)}
