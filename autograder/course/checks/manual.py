"""A check that a person decides: the answer is collected, shown, and waits."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.models import Written
from autograder.common.results import Status
from autograder.course.checks.base import Check, Facts, Localised, Verdict, show, undecided


class Criterion(Written):
    """A line of a rubric."""

    points: float = Field(ge=0)
    says: Localised


class Manual(Check):
    """An answer that a person grades, such as a text in the student's own words; it waits for that with its points."""

    type: Literal["manual"] = "manual"
    rubric: tuple[Criterion, ...] = Field(default=(), exclude=True)  # for who grades; it changes no report
    wanted = N_("an answer")

    def describe(self) -> str:
        return _("Graded by a person")

    def decide(self, value: Any, facts: Facts) -> Verdict:
        text = getattr(value, "value", "")
        if value is None or text is None or (isinstance(text, str) and hasattr(value, "value") and not text.strip()):
            return Verdict(Status.FAILED, _(self.wanted), show(value), _("Set `{of}` to your answer.", of=self.of))
        return undecided(_("a person grades this: {answer}", answer=show(value)))


def rubric_of(question: Any) -> tuple[Criterion, ...]:
    """By what a person grades a question, or the checks in it that are left to people."""
    return (*question.rubric, *(criterion for check in question.checks for criterion in getattr(check, "rubric", ())))
