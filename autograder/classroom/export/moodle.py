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

from autograder.classroom.export.csv_cells import Cell, table
from autograder.classroom.export.grades import Sheet, comment

NO_GRADE = "-"


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
            row += [NO_GRADE if grade.total is None else grade.total, comment(grade)]
        rows.append(row)
    return {"moodle.csv": table(rows)}
