"""The reference solution is graded before any student: where it loses points, the machine or the course is wrong."""

from __future__ import annotations

from autograder.classroom.grading.dispatch import Finished
from autograder.common.errors import AutograderError
from autograder.common.i18n import N_, _
from autograder.common.results import Report, Status

_NO_REFERENCE = N_("Mend that first; --no-reference grades without this test.")


def require_full_marks(finished: Finished) -> None:
    """Raises AutograderError, with the questions that lost points."""
    if finished.result is None:
        name, why = finished.submission.assignment, finished.unreadable or finished.why
        raise AutograderError(
            _("the reference solution of {assignment} could not be graded: {why}", assignment=name, why=why),
            _(_NO_REFERENCE),
        )
    _require_full_marks(Report.from_json(finished.result.report))


def _require_full_marks(report: Report) -> None:
    if report.complete:
        return
    lost = [
        f"{question.question}: {question.problem or '; '.join(f'{o.title}: {o.actual}' for o in question.outcomes if o.status is not Status.PASSED)}"
        for question in report.questions
        if question.status is not Status.PASSED and not any(outcome.waits for outcome in question.outcomes)
    ]
    raise AutograderError(
        _(
            "the reference solution of {assignment} earned {points:g} of {out_of:g} points, so this "
            "machine or course.yml is not right:",
            assignment=report.assignment,
            points=report.points,
            out_of=report.out_of,
        )
        + "\n  "
        + "\n  ".join(lost),
        _(_NO_REFERENCE),
    )
