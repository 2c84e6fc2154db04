"""Deductions for being late that the gradebook holds and that are no longer due: it was scored by hand since, or the rule changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address, exists
from autograder.common.errors import AutograderError, GradebookError
from autograder.common.i18n import _
from autograder.course.course import Course

Deducted = tuple[str, str, float, float]  # student, assignment, what is deducted, and what is due


def outdated_deductions(course: Course) -> list[Deducted]:
    url = address(course)
    if not exists(url):
        return []
    with Book(url, course.course.id) as book:
        return book.deducted_before(course)


def tell_outdated(
    found: Iterable[Deducted], places: Collection[tuple[str, str]], amiss: Callable[[AutograderError], None]
) -> None:
    """Tells `amiss` of each whose student and assignment are in `places`, for whoever gives grades of these away; nothing is written."""
    for student, name, deducted, due in found:
        if (student, name) not in places:
            continue
        says = _(
            "{student} {assignment}: {deducted:g} points are deducted for being late, and {due:g} are due of what counts now",
            student=student, assignment=name, deducted=deducted, due=due,
        )  # fmt: skip
        amiss(GradebookError(says, _("Run `autograder grade`, which enters it, and this again.")))
