"""Lines of the gradebook: what a submission is worth, and a question of it."""

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


class Score(NamedTuple):
    """One submission in the gradebook. `points` are before the penalty; `undecided` questions await a person."""

    student: str
    assignment: str
    points: float
    out_of: float
    penalty: float
    undecided: int

    @property
    def total(self) -> float:
        return max(0.0, self.points - self.penalty)
