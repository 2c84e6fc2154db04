"""Canvas: the CSV file that its gradebook imports (Grades, Import).

Columns: ``Student``, ``ID``, ``SIS User ID``, ``SIS Login ID``, ``Section``, then one for each assignment; the row below
the header has ``Points Possible`` in its first column. Canvas finds a student by ID, then SIS User ID, then SIS Login ID,
then name: without a roster, SIS Login ID is the name of the student's folder. It finds an assignment by ``Title (id)`` as in
its own export, or by title; one that it doesn't find it offers to create.

A cell holds the total, the penalty taken off, to two decimals, which is what Canvas shows. It is empty for a submission that is
undecided or missing: Canvas reads that as no grade, never as zero.

Sources: "How do I import grades in the Gradebook?", Canvas Instructor Guide
(https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807), and what reads the
file, ``lib/gradebook_importer.rb`` of instructure/canvas-lms.
"""

from __future__ import annotations

from autograder.classroom.export.csv_cells import Cell, table
from autograder.classroom.export.grades import Sheet

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POSSIBLE = "    Points Possible"  # with the blanks of Canvas's own export


def files(sheet: Sheet) -> dict[str, str]:
    rows: list[list[Cell]] = [
        [*COLUMNS, *(part.title for part in sheet.parts)],
        [POSSIBLE, *[None] * (len(COLUMNS) - 1), *(round(part.out_of, 2) for part in sheet.parts)],
    ]
    for person, grades in sheet.rows():
        login = person.login or ("" if person.canvas_id or person.sis_id else person.student)
        who = [person.name or person.student, person.canvas_id, person.sis_id, login, person.section]
        rows.append([*who, *(None if grade.total is None else round(grade.total, 2) for grade in grades)])
    return {"canvas.csv": table(rows)}
