"""The committed release of an assignment, read."""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode

from autograder.common.errors import ReleaseError
from autograder.common.i18n import N_, _
from autograder.course.course import Course

AGAIN = N_("Run `autograder release`.")


def released_notebook(course: Course, assignment: str, language: str = "en") -> NotebookNode:
    """The committed release of `assignment`. Raises ReleaseError if it is missing or can't be read."""
    course.assignment(assignment)
    path = course.root / "assignments" / language / assignment / f"{assignment}.ipynb"
    try:
        return nbformat.reads(path.read_text("utf-8"), as_version=4)
    except FileNotFoundError:
        raise ReleaseError(
            _("{path} does not exist: '{assignment}' was not released yet", path=path, assignment=assignment), _(AGAIN)
        ) from None
    except (OSError, ValueError) as error:
        raise ReleaseError(_("{path} can't be read: {error}", path=path, error=error), _(AGAIN)) from error
