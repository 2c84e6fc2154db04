"""JSON for programs: everything that is known, in a form that stays as it is.

``format`` is ``autograder-grades`` and ``version`` is 1: a later program may add keys to version 1, and never takes one away or
changes what it means. The schema is in ``docs/exporting.md``. Points that aren't known (undecided, missing) are null, never 0.
"""

from __future__ import annotations

from autograder.classroom.export.grades import Sheet
from autograder.common.showing.readable import json_text

FORMAT, VERSION = "autograder-grades", 1


def files(sheet: Sheet) -> dict[str, str]:
    document = {
        "format": FORMAT,
        "version": VERSION,
        "course": {"id": sheet.course, "title": sheet.title},
        "assignments": [
            {
                "assignment": part.assignment, "title": part.title, "out_of": part.out_of,
                "questions": [{"question": key, "out_of": points} for key, points in part.questions],
            }
            for part in sheet.parts
        ],
        "students": [person.model_dump(mode="json") for person in sheet.people],
        "grades": [grade.model_dump(mode="json") for grade in sheet.grades],
    }  # fmt: skip
    return {"grades.json": json_text(document) + "\n"}
