"""Moodle's offline grading worksheet, filled in: the CSV of *Download grading worksheet*, for *Upload grading worksheet*.

Filled are the columns ``Grade`` and ``Feedback comments``; every other cell, the order and the number of columns stay, since Moodle reads them again:
``Identifier`` says whose row it is, under blind marking too, and ``Last modified (grade)`` whether somebody graded meanwhile. A comment is
HTML to Moodle. A row without a decided grade stays as it is.

Sources, all of moodle/moodle: ``mod/assign/gradingtable.php`` writes the file; ``mod/assign/feedback/offline/importgradeslib.php`` reads it and finds
columns by their names in the language of whoever uploads it; ``mod/assign/feedback/comments/locallib.php`` keeps a comment as HTML.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.collect.csv_lines import csv_lines
from autograder.classroom.collect.encodings import decoded
from autograder.classroom.collect.names import key, safe_id
from autograder.classroom.export.csv_cells import guarded, number
from autograder.classroom.export.grades import Grade, comment
from autograder.common.errors import CollectError
from autograder.common.files import bytes_of
from autograder.common.i18n import _

# By Moodle's language: its strings `grade`, `recordid`, `maxgrade` and the name of the plugin for comments.
_COLUMNS = {
    "identifier": ("Identifier", "식별번호"),
    "grade": ("Grade", "성적"),
    "maximum": ("Maximum grade", "Maximum Grade", "최대 성적", "최고 성적"),
    "comment": ("Feedback comments", "피드백 논평", "피드백 코멘트"),
    "name": ("Full name", "성명", "이름"),
    "id": ("ID number", "학번"),
    "email": ("Email address", "이메일 주소", "이메일"),
}


@dataclass(frozen=True)
class Filled:
    """`text`: the worksheet. `rows`: how many were filled in; `unknown`: identifiers of rows that are nobody's here."""

    text: str
    rows: int
    unknown: tuple[str, ...]


def fill(worksheet: Path, grades: Mapping[str, Grade], numbers: Mapping[str, str], out_of: float) -> Filled:
    """The worksheet with the grades of one assignment, by student, of `out_of` points; `numbers`: students by participant's number.

    A row is known by its participant's number, then by ID number, address, and the part of that before the @. A name, which people choose, is
    asked last: where nothing else in the file is of that student, and no other row has the name.
    Raises CollectError for a file that is no such worksheet, or is of an assignment with another maximum.
    """
    try:
        text = decoded(bytes_of(worksheet))
    except OSError as error:
        raise CollectError(_("{path} can't be read: {strerror}", path=worksheet, strerror=error.strerror)) from None
    rows = [row for _line, row in csv_lines(worksheet, (text or "").lstrip("\ufeff"))]
    columns = _columns(worksheet, rows[0] if rows else [])
    filled, unknown = 0, []
    whole = [row for row in rows[1:] if len(row) == len(rows[0])]
    for row, student in zip(whole, _students(whole, columns, grades, numbers), strict=True):
        _require_same_maximum(worksheet, row, columns, out_of)
        grade = grades.get(student)
        if grade is None:
            unknown.append(row[columns["identifier"]])
        elif grade.total is not None:
            row[columns["grade"]] = number(grade.total)
            if "comment" in columns:
                row[columns["comment"]] = guarded(html.escape(comment(grade), quote=False)).replace("\n", "<br>")
            filled += 1
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return Filled(stream.getvalue(), filled, tuple(unknown))


def _columns(worksheet: Path, header: list[str]) -> dict[str, int]:
    found = {name: header.index(word) for name, words in _COLUMNS.items() for word in words if word in header}
    lacking = [_COLUMNS[name][0] for name in ("identifier", "grade") if name not in found]
    if lacking:
        raise CollectError(
            _(
                "{path} is no grading worksheet of Moodle: it has no column {names}",
                path=worksheet,
                names=", ".join(lacking),
            ),
            _("In Moodle: the assignment, all submissions, Download grading worksheet; in English or Korean."),
        )
    return found


def _require_same_maximum(worksheet: Path, row: list[str], columns: Mapping[str, int], out_of: float) -> None:
    said = row[columns["maximum"]].replace(",", ".").strip() if "maximum" in columns else ""
    if re.fullmatch(r"\d+(?:\.\d+)?", said) and abs(float(said) - out_of) > 0.005:
        raise CollectError(
            _(
                "{path} is of an assignment with {maximum} points, and this one has {points}",
                path=worksheet,
                maximum=said,
                points=number(out_of),
            ),
            _("Set Maximum grade in Moodle's settings of the assignment, and download the worksheet again."),
        )


def _students(
    rows: list[list[str]], columns: Mapping[str, int], grades: Mapping[str, Grade], numbers: Mapping[str, str]
) -> list[str]:
    """Whose each row is; '' for nobody's."""
    spelled = _spellings(grades)
    by_number = {number: student for number, student in numbers.items() if student in grades}
    found, named = [], []
    for row in rows:
        participant = re.search(r"(\d+)\s*\Z", row[columns["identifier"]])
        cells = [row[columns[name]] for name in ("id", "email") if name in columns]
        cells += [cell.partition("@")[0] for cell in cells if "@" in cell]
        student = by_number.get(participant[1], "") if participant else ""
        found.append(student or next(filter(None, map(spelled, cells)), ""))
        named.append("" if found[-1] or "name" not in columns else spelled(row[columns["name"]]))
    return [
        student or (name if name not in found and named.count(name) == 1 else "")
        for student, name in zip(found, named, strict=True)
    ]


def _spellings(students: Iterable[str]) -> Callable[[str], str]:
    """Whose id a cell is, or whose alone it is but for spaces and marks; '' for nobody's or several people's."""
    same, alike = {}, defaultdict(list)
    for student in students:
        same[safe_id(student).casefold()] = student
        alike[key(student)].append(student)

    def spelled(cell: str) -> str:
        if student := same.get(safe_id(cell.strip()).casefold(), ""):
            return student
        like = alike.get(key(cell), [])
        return like[0] if len(like) == 1 and key(cell) else ""

    return spelled
