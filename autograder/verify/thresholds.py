"""The thresholds of course.yml against the evidence in calibration.json."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.calibration.thresholds import Threshold, examine
from autograder.course import Course
from autograder.verify.proof import Part, Reason, Step


def steps(course: Course, assignment: str) -> Iterable[Step]:
    """A step for each accuracy check. Raises CourseError when calibration.json is damaged."""
    for threshold in examine(course, assignment):
        reasons = [
            Reason(message=f"{problem}. {threshold.remedy}".strip(), file="course.yml", place=threshold.place)
            for problem in threshold.problems
        ]
        yield Step(
            part=Part.THRESHOLDS, assignment=assignment, name=threshold.place, reasons=tuple(reasons),
            notes=tuple(_rates(threshold)),
        )  # fmt: skip


def _rates(threshold: Threshold) -> Iterable[str]:
    """What the data support: how often a right network fails, and a typical wrong one passes, at 95 % confidence."""
    for rate in threshold.rates:
        summary = rate.summary
        if rate.kind == "wrong":
            what = f"passes in {rate.passed} of {summary.n} trainings, so in {rate.passes_at_most:.1%} at most"
            caught = f"; caught by {', '.join(rate.caught_by)} anyway" if rate.caught_by else ""
        else:
            what = f"fails in {rate.failed} of {summary.n} trainings, so in {rate.fails_at_most:.1%} at most"
            caught = ""
        yield f"{rate.about}: {what} (mean {summary.mean:.4f}, sd {summary.sd:.4f}){caught}"
