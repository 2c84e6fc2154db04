"""CSV for people and for pandas: one row a student, a column for each question and for what an assignment comes to.

=================================  ====================================================================================
``student`` (``name``, ``email``)  the folder's name in submitted/; the others only if a roster knows them
``<assignment>.<question>``        points, with a person's score and extra credit; or ``undecided`` or ``missing``
``<assignment>.points``            their sum, before the penalty; or ``undecided`` or ``missing``
``<assignment>.penalty``           points off for being late
``<assignment>.total``             what counts: points less penalty; or ``undecided`` or ``missing``
``<assignment>.out_of``            the most that can be had
``<assignment>.status``            ``full marks``, ``lost points``, ``undecided`` or ``missing``
=================================  ====================================================================================

UTF-8 as in RFC 4180 (https://www.rfc-editor.org/rfc/rfc4180).
"""

from __future__ import annotations

from autograder.classroom.export.csv_cells import Cell, table
from autograder.classroom.export.grades import Grade, Part, Person, Sheet, State

SAID = {State.PASSED: "full marks", State.FAILED: "lost points"}  # the words of `autograder status`


def files(sheet: Sheet) -> dict[str, str]:
    extra = [field for field in ("name", "email") if any(getattr(person, field) for person in sheet.people)]
    rows = [["student", *extra, *(name for part in sheet.parts for name in _header(part))]]
    return {"grades.csv": table([*rows, *(_row(person, extra, grades) for person, grades in sheet.rows())])}


def _header(part: Part) -> list[str]:
    columns = [key for key, _ in part.questions] + ["points", "penalty", "total", "out_of", "status"]
    return [f"{part.assignment}.{column}" for column in columns]


def _row(person: Person, extra: list[str], grades: list[Grade]) -> list[Cell]:
    row: list[Cell] = [person.student, *(str(getattr(person, field)) for field in extra)]
    for grade in grades:
        row += [_known(question.points, question.status) for question in grade.questions]
        penalty = None if grade.status is State.MISSING else grade.penalty
        row += [_known(grade.points, grade.status), penalty, _known(grade.total, grade.status), grade.out_of]
        row.append(SAID.get(grade.status, grade.status.value))
    return row


def _known(points: float | None, status: State) -> Cell:
    return status.value if points is None else points
