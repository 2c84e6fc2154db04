"""The formats that grades can be exported in. A new one: a module with ``files(sheet)``, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from autograder.classroom.export import canvas, document, gradescope, junit, moodle, spreadsheet
from autograder.classroom.export.grades import Sheet


class Format(NamedTuple):
    """`files` gives texts by relative path: one, or with `folder` one for each submission."""

    about: str
    files: Callable[[Sheet], dict[str, str]]
    folder: bool = False


FORMATS: dict[str, Format] = {
    "csv": Format("a row a student, a column a question", spreadsheet.files),
    "canvas": Format("Canvas's gradebook import", canvas.files),
    "moodle": Format("Moodle's grade import", moodle.files),
    "gradescope": Format("a results.json for each submission, in a folder", gradescope.files, folder=True),
    "junit": Format("JUnit XML, for CI", junit.files),
    "json": Format("everything, for programs", document.files),
}
