"""One line of the gradebook: a student, an assignment, what it is worth."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A question of a submission as the gradebook holds it. `waiting`: formgrader shows it as to be graded by hand.

    `penalty` is that of the whole submission, in points; it stands in each of its questions.
    """

    student: str
    assignment: str
    question: str
    out_of: float
    auto: float | None
    manual: float | None
    extra_credit: float | None
    waiting: bool
    penalty: float | None
