"""Moodle: a CSV file for its gradebook (Grades, Import, CSV file).

Columns: ``Username`` (map it to *username*; without a roster, the name of the student's folder), ``ID number`` and ``Email
address`` if a roster knows them (*useridnumber*, *useremail*), and for each assignment ``Assignment: <title> (Real)``, its total
with the penalty taken off, and ``Assignment: <title> (Feedback)``: the names of Moodle's own export, which it maps to
its grade items. Map both: a feedback without its grade empties the grade.

A submission that is undecided or missing has ``-``, Moodle's mark for no grade, and its feedback says which of the two it is.

Sources: "Grade import", Moodle documentation (https://docs.moodle.org/en/Grade_import), and what reads the file,
``grade/import/csv/classes/load_data.php`` of moodle/moodle: it accepts these four ways to name a user, takes an empty cell and
``-`` for no grade, and gives up the whole file at the first user that it doesn't know.
"""

from __future__ import annotations

from autograder.classroom.export.cells import Cell, number, table
from autograder.classroom.export.grades import Grade, Sheet, State, lines, points_of
from autograder.common.i18n import _

NO_GRADE = "-"
LONGEST = 4_000  # characters of feedback: a hundred failed checks fit


def files(sheet: Sheet) -> dict[str, str]:
    optional = {"ID number": "sis_id", "Email address": "email"}
    extra = [name for name, field in optional.items() if any(getattr(person, field) for person in sheet.people)]
    header = ["Username", *extra]
    for part in sheet.parts:
        header += [f"Assignment: {part.title} (Real)", f"Assignment: {part.title} (Feedback)"]
    rows: list[list[Cell]] = [[*header]]
    for person, grades in sheet.rows():
        row: list[Cell] = [person.login or person.student, *(str(getattr(person, optional[name])) for name in extra)]
        for grade in grades:
            row += [NO_GRADE if grade.total is None else grade.total, _feedback(grade)]
        rows.append(row)
    return {"moodle.csv": table(rows)}


def _feedback(grade: Grade) -> str:
    if grade.status is State.MISSING:
        return _("Missing: nothing was handed in.")
    said = []
    if grade.status is State.UNDECIDED:
        said.append(_("Undecided: a person will look at this."))
    if grade.penalty:
        said.append(_("{points} points are deducted for being late.", points=number(grade.penalty)))
    said += grade.notes
    for question in grade.questions:
        found = lines(question) if question.manual is None else ()
        if question.points is None:
            score = _("{question}: undecided", question=question.title)
        elif question.points < question.out_of or found:
            score = points_of(question)
        else:
            continue
        said += [score, *(f"- {text}" for text in found)]
    text = "\n".join(said)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
