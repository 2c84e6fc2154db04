"""Gradescope: a ``results.json`` for each submission, as ``<student>/<assignment>/results.json``.

A test for each check, numbered ``<question>.<check>``, with what the report says in ``output``. A hidden check is
``after_published``: students see it with their grades. The top-level ``score`` is what the submission comes to (a person's scores
and the penalty included); Gradescope takes it instead of the sum of the tests. A check that is undecided has neither score nor
status, and the top-level ``output`` says that it waits for a person and that its points are not in the score. There is no file
for what is missing.

Source: "Autograder Specifications", Output format
(https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format).
"""

from __future__ import annotations

from typing import Any

from autograder.classroom.export.csv_cells import number
from autograder.classroom.export.grades import Grade, QuestionGrade, Sheet, State, line
from autograder.common.errors import AutograderError
from autograder.common.i18n import _
from autograder.common.results import Outcome, Status
from autograder.common.showing.readable import json_text

_STATUS = {Status.PASSED: "passed", Status.FAILED: "failed", Status.SKIPPED: "failed"}


def files(sheet: Sheet) -> dict[str, str]:
    """Raises AutograderError for a student whose name is no name of a folder."""
    written = {}
    for grade in sheet.grades:
        if grade.status is not State.MISSING:
            if grade.student.startswith(".") or {"/", "\\", "\0"} & set(grade.student):
                message = _("the student '{student}' can't have a folder", student=grade.student)
                raise AutograderError(
                    message, _("Rename the student in the gradebook, or leave it out with --student.")
                )
            text = json_text(result(grade)) + "\n"
            written[f"{grade.student}/{grade.assignment}/results.json"] = text
    return written


def result(grade: Grade) -> dict[str, Any]:
    """The document for one submission."""
    return {
        "score": round(max(0.0, grade.decided - grade.penalty), 6),
        "output": "\n".join(_overall(grade)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            test for place, question in enumerate(grade.questions, 1) for test in _tests(grade.assignment, place, question)
        ],
        "extra_data": {
            "student": grade.student, "assignment": grade.assignment, "status": grade.status.value,
            "points": grade.points, "penalty": grade.penalty, "total": grade.total, "out_of": grade.out_of,
        },
    }  # fmt: skip


def _overall(grade: Grade) -> list[str]:
    said = list(grade.notes)
    waiting = [question for question in grade.questions if question.points is None]
    if waiting:
        worth = number(sum(question.out_of for question in waiting))
        names = ", ".join(question.title for question in waiting)
        text = _("Undecided: {questions}. A person will look at this; up to {points} points are not in this score yet.",
                 questions=names, points=worth)  # fmt: skip
        said.append(text)
    if grade.penalty:
        said.append(_("{points} points are deducted for being late.", points=number(grade.penalty)))
    return said


def _tests(assignment: str, place: int, question: QuestionGrade) -> list[dict[str, Any]]:
    facts = {"question": f"{assignment}.{question.question}"}
    if question.manual is not None or not question.checks:
        whole: dict[str, Any] = {"max_score": question.out_of, "name": question.title, "number": str(place)}
        if question.points is not None:
            whole |= {"score": question.points, "status": "passed" if question.status is State.PASSED else "failed"}
        by = _("Scored by a person.") if question.manual is not None else question.problem
        return [whole | {"output": by, "output_format": "text", "visibility": "visible", "extra_data": facts}]
    tests = [_test(f"{place}.{number_}", question, check, facts) for number_, check in enumerate(question.checks, 1)]
    if question.problem:
        said = " ".join(filter(None, [question.problem, question.hint]))
        tests[0]["output"] = "\n".join(filter(None, [said, tests[0]["output"]]))
    return tests


def _test(place: str, question: QuestionGrade, check: Outcome, facts: dict[str, Any]) -> dict[str, Any]:
    test: dict[str, Any] = {
        "max_score": check.out_of, "name": f"{question.title}: {check.title}", "number": place,
        "output": line(check), "output_format": "text", "tags": [question.question],
        "visibility": "after_published" if check.hidden else "visible",
        "extra_data": {**facts, "check": check.check, "status": check.status.value},
    }  # fmt: skip
    if check.status is not Status.UNDECIDED:
        test |= {"score": check.points, "status": _STATUS[check.status]}
    return test
