"""JUnit XML: a suite for each submission, a case for each check.

A check that failed is a ``failure``, one that is undecided an ``error`` (the grader's trouble, not the student's), one that was
not looked at is ``skipped``; in a submission that is missing, everything is skipped. A question that a person scored is one
case. Points stand in the properties of a suite. There are no times in it: reports hold none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from autograder.classroom.export.csv_cells import number
from autograder.classroom.export.grades import Grade, QuestionGrade, Sheet, State, line
from autograder.common.results import Outcome, Status
from autograder.common.showing.junit import Case, Suite, document

_FOUND: dict[Status, Literal["", "failure", "error", "skipped"]] = {
    Status.FAILED: "failure", Status.UNDECIDED: "error", Status.SKIPPED: "skipped",
}  # fmt: skip


def files(sheet: Sheet) -> dict[str, str]:
    return {"junit.xml": document(sheet.course, map(_suite, sheet.grades))}


def _suite(grade: Grade) -> Suite:
    facts = {"student": grade.student, "assignment": grade.assignment, "status": grade.status.value}
    numbers = {"points": grade.points, "penalty": grade.penalty, "total": grade.total, "out_of": grade.out_of}
    facts |= {name: number(value) for name, value in numbers.items() if value is not None}
    cases = tuple(case for question in grade.questions for case in _cases(grade, question))
    return Suite(f"{grade.student}/{grade.assignment}", cases, facts)


def _cases(grade: Grade, question: QuestionGrade) -> Iterator[Case]:
    place = f"{grade.assignment}.{question.question}"
    if grade.status is State.MISSING or question.manual is not None or not question.checks:
        yield _whole(place, question)
    else:
        yield from (_case(place, question, check) for check in question.checks)


def _whole(place: str, question: QuestionGrade) -> Case:
    """A question as one case: nobody handed it in, a person scored it, or there is no report of its checks."""
    if question.status is State.MISSING:
        return Case(place, question.title, "skipped", "missing: nothing was handed in")
    if question.points is None:
        return Case(place, question.title, "error", "a person will look at this", "undecided")
    if question.status is not State.PASSED:
        score = f"{number(question.points)} of {number(question.out_of)} points"
        message = f"{score}, scored by a person" if question.manual is not None else score
        return Case(place, question.title, "failure", message, "failed")
    return Case(place, question.title)


def _case(place: str, question: QuestionGrade, check: Outcome) -> Case:
    name = f"{check.check}: {check.title}"
    if check.status not in _FOUND:
        return Case(place, name)
    found = _FOUND[check.status]
    message = " ".join(filter(None, [question.problem, question.hint])) or check.actual or check.hint or check.title
    return Case(place, name, found, message, "" if found == "skipped" else check.status.value, line(check))
