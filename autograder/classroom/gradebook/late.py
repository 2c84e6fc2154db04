"""Being late: by how much a submission is, and what its student reads of it. What it costs is `LatePolicy.penalty`'s to say."""

from __future__ import annotations

import datetime as dt
from typing import Any

from autograder.classroom.gradebook.extensions import Extensions
from autograder.common.i18n import _
from autograder.course.settings import LatePolicy


def lateness(submission: Any, student: str, granted: Extensions) -> dt.timedelta:
    """How late nbgrader's `submission` was handed in. An extension in the gradebook, which a person entered, holds if it is longer."""
    assignment = submission.assignment
    due = granted.due(student, assignment.name, assignment.duedate)
    if submission.extension and due is not None and submission.duedate is not None:
        due = max(due, submission.duedate)
    if due is None or submission.timestamp is None:
        return dt.timedelta()
    late: dt.timedelta = submission.timestamp - due
    return max(dt.timedelta(), late)


def deduction(policy: LatePolicy, late: dt.timedelta, score: float) -> tuple[float, float]:
    """The share that being so late costs, and the points: of a `score`, in points, never more than there are."""
    share = policy.penalty(late)
    return share, min(max(score, 0.0), round(share * score, 6))


def late_text(policy: LatePolicy, late: dt.timedelta, share: float, score: float, penalty: float) -> str:
    span = str(late - dt.timedelta(microseconds=late.microseconds))  # like "1 day, 2:03:04"
    deducted = _(
        "Handed in {late} late: {share:.0%} of {score:g} points are deducted, {share:g} × {score:g} = {penalty:g}.",
        late=span,
        share=share,
        score=score,
        penalty=penalty,
    )
    rule = _(
        "(A started day costs {per_day:.0%}, at most {at_most:.0%}, after {grace} minutes of grace.)",
        per_day=policy.per_day,
        at_most=policy.at_most,
        grace=policy.grace_minutes,
    )
    return f"{deducted} {rule}"
