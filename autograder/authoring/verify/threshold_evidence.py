"""The thresholds of course.yml against the evidence in calibration.json."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.authoring.calibration.evidence import read
from autograder.authoring.calibration.thresholds import Threshold, examine
from autograder.authoring.verify.proof import Part, Reason, Step
from autograder.common.i18n import _
from autograder.course.checks.ranges import ACCURACY
from autograder.course.course import Course


def steps(course: Course, assignment: str) -> Iterable[Step]:
    """A step for each check on what a network reaches. Raises CourseError when calibration.json is damaged.

    An accuracy is never asked for without evidence. Where only other metrics are asked for, which a new assignment of a table is, what
    was never measured is noted.
    """
    thresholds = examine(course, assignment)
    evidence = assignment in read(course).assignments or any(one.aim.metric == ACCURACY for one in thresholds)
    for threshold in thresholds:
        if not evidence:
            note = _(
                "not calibrated: `autograder calibrate {assignment}` measures how far it is from luck",
                assignment=assignment,
            )
            yield Step(part=Part.THRESHOLDS, assignment=assignment, name=threshold.place, notes=(note,))
            continue
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
            what = _(
                "passes in {count} of {n} trainings, so in {rate:.1%} at most",
                count=rate.passed, n=summary.n, rate=rate.passes_at_most,
            )  # fmt: skip
            caught = _("; caught by {checks} anyway", checks=", ".join(rate.caught_by)) if rate.caught_by else ""
        else:
            what = _(
                "fails in {count} of {n} trainings, so in {rate:.1%} at most",
                count=rate.failed, n=summary.n, rate=rate.fails_at_most,
            )  # fmt: skip
            caught = ""
        figures = _("mean {mean:.4f}, sd {sd:.4f}", mean=summary.mean, sd=summary.sd)
        yield f"{rate.about}: {what} ({figures}){caught}"
