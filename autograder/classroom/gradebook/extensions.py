"""For whom another due date holds: extensions, due dates by section and slip days, from the CSV that course.yml names.

========== ===========================================================================
id         a student; or
section    a part of the class, as the roster has it (course.yml's key ``roster``)
assignment of which it holds; empty: of all
due        the due date, with its time zone; or
days       so many days more
slip_days  so many days more, of those that a student may spend (``late.slip_days``)
========== ===========================================================================

Of the lines that hold for a student one counts: that of the student and the assignment, else of the student, else of the section and the
assignment, else of the section. Slip days come on top.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from autograder.classroom.collect.names import key, safe_id
from autograder.classroom.collect.roster import COLUMNS, Roster, mistakes, of_course, table
from autograder.classroom.gradebook import due as due_dates
from autograder.common.errors import CollectError
from autograder.common.i18n import _
from autograder.common.showing.nearest_name import nearest
from autograder.course.course import Course

_KNOWN = {
    **dict.fromkeys(COLUMNS["id"], "id"), **dict.fromkeys(COLUMNS["section"], "section"),
    "assignment": "assignment", "due": "due", "days": "days", "slipdays": "slip_days",
}  # fmt: skip
LONGEST = 400  # days: what is more is no course any more
Who = tuple[str, str]  # 'id' or 'section', and which


class Line(NamedTuple):
    """What a line grants; its number, for messages."""

    number: int
    due: dt.datetime | None = None
    days: float = 0.0
    slip_days: int = 0

    def moved(self, usual: dt.datetime | None) -> dt.datetime | None:
        return self.due or (usual + dt.timedelta(days=self.days) if usual is not None else None)


@dataclass(frozen=True)
class Extensions:
    """`lines` by whom and assignment ('': all); `sections` by student, in which there may be several."""

    lines: Mapping[tuple[Who, str], Line] = field(default_factory=dict)
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def due(self, student: str, assignment: str, usual: dt.datetime | None) -> dt.datetime | None:
        """When `student` has to hand in what is usually due at `usual` (UTC, without a zone, as nbgrader keeps times; None: never)."""
        own = [("id", _plain(student))]
        of_sections = [("section", section) for section in self.sections.get(_plain(student), ())]
        slip = self.lines.get((own[0], assignment), Line(0)).slip_days
        for whose, name in ((own, assignment), (own, ""), (of_sections, assignment), (of_sections, "")):
            lines = [line for who in whose if (line := self.lines.get((who, name))) is not None]
            dates = [date for line in lines if (line.due or line.days) and (date := line.moved(usual)) is not None]
            if dates:
                return max(dates) + dt.timedelta(days=slip)
        return usual + dt.timedelta(days=slip) if usual is not None else None


def extensions(course: Course) -> Extensions:
    """What the course's list grants; nothing without one. Raises CollectError that names file, line and column of each mistake."""
    if not course.late.extensions:
        return Extensions()
    path = course.root / course.late.extensions
    lines = table(path, _("Write it, or take 'late: extensions' out of course.yml."))
    roster = of_course(course)
    reader = _Reader(course, path, _sections(roster), roster)
    found = reader.read(lines)
    if reader.problems:
        remedy = _("Mend these lines: docs/instructor-guide.md says what may stand in them.")
        raise CollectError(mistakes(path, reader.problems), remedy)
    return Extensions(found, reader.sections)


def _plain(student: str) -> str:
    return safe_id(student).casefold()


def _sections(roster: Roster | None) -> dict[str, tuple[str, ...]]:
    """The sections of each student: Canvas writes several as ``A, B, and C``."""
    found = {}
    for person in roster.people if roster is not None else ():
        said = person.column("section")
        parts = [said, *re.split(r",\s*(?:and\s+)?|\s+and\s+|;", said)]
        found[_plain(person.id)] = tuple(dict.fromkeys(filter(None, map(key, parts))))
    return found


class _Reader:
    """Lines into what they grant; `problems`: what is wrong with which line and column."""

    def __init__(self, course: Course, path: Path, sections: dict[str, tuple[str, ...]], roster: Roster | None) -> None:
        self.course, self.path, self.sections, self.roster = course, path, sections, roster
        people = roster.people if roster is not None else ()
        self.known = {part: person.column("section") for person in people for part in sections[_plain(person.id)]}
        self.problems: list[str] = []
        self.spent: dict[str, int] = {}

    def read(self, lines: list[tuple[int, list[str]]]) -> dict[tuple[Who, str], Line]:
        columns = {name: at for at, cell in enumerate(lines[0][1]) if (name := _KNOWN.get(key(cell)))} if lines else {}
        if not columns.keys() & {"id", "section"} or not columns.keys() & {"due", "days", "slip_days"}:
            self.problems.append(
                _(
                    "line {line}: the columns are id or section, assignment, and due, days or slip_days",
                    line=lines[0][0] if lines else 1,
                )
            )
            return {}
        found: dict[tuple[Who, str], Line] = {}
        for number, row in lines[1:]:
            cells = {name: row[at].strip() for name, at in columns.items() if at < len(row) and row[at].strip()}
            mistakes = list(self._mistakes(number, cells))
            if mistakes:
                self.problems += mistakes
                continue
            who = ("id", _plain(cells["id"])) if "id" in cells else ("section", key(cells["section"]))
            place = who, cells.get("assignment", "")
            if place in found:
                self.problems.append(
                    _("line {line}: line {before} is of the same", line=number, before=found[place].number)
                )
                continue
            due = due_dates.utc(dt.datetime.fromisoformat(cells["due"])) if "due" in cells else None
            found[place] = Line(number, due, float(cells.get("days", 0)), int(cells.get("slip_days", 0)))
        return found

    def _mistakes(self, line: int, cells: Mapping[str, str]) -> Iterator[str]:
        if ("id" in cells) == ("section" in cells):
            yield _("line {line}: it should name a student (id) or a section", line=line)
        elif "id" in cells and self.roster is not None and _plain(cells["id"]) not in self.sections:
            yield self._unknown(line, "id", cells["id"], [person.id for person in self.roster.people])
        elif "section" in cells and self.roster is None:
            yield _("line {line}, column 'section': course.yml names no roster that says who is in it", line=line)
        elif "section" in cells and key(cells["section"]) not in self.known:
            yield self._unknown(line, "section", cells["section"], list(self.known.values()))
        name = cells.get("assignment", "")
        if name and name not in self.course.assignments:
            yield self._unknown(line, "assignment", name, list(self.course.assignments))
        if not {"due", "days", "slip_days"} & cells.keys() or {"due", "days"} <= cells.keys():
            yield _("line {line}: it should hold due or days, or slip_days", line=line)
        if "due" in cells and not name:
            yield _("line {line}, column 'due': of which assignment?", line=line)
        if "due" in cells and not _is_time(cells["due"]):
            example = "2027-03-14T23:59:00+09:00"
            yield _("line {line}, column 'due': write it like {example}, with a time zone", line=line, example=example)
        if "days" in cells and not _is_number(cells["days"]):
            yield _("line {line}, column 'days': '{text}' is no number of days", line=line, text=cells["days"])
        if "slip_days" in cells:
            yield from self._slip(line, cells)

    def _slip(self, line: int, cells: Mapping[str, str]) -> Iterator[str]:
        text, student = cells["slip_days"], _plain(cells.get("id", ""))
        if not re.fullmatch(r"[0-9]{1,3}", text):
            yield _("line {line}, column 'slip_days': '{text}' is no whole number of days", line=line, text=text)
        elif not student or "assignment" not in cells:
            yield _("line {line}, column 'slip_days': a student spends them on one assignment", line=line)
        else:
            self.spent[student] = self.spent.get(student, 0) + int(text)
            if self.spent[student] > self.course.late.slip_days:
                yield _(
                    "line {line}, column 'slip_days': that makes {spent} for '{student}', and course.yml gives {given} (late: slip_days)",
                    line=line, spent=self.spent[student], student=cells["id"], given=self.course.late.slip_days,
                )  # fmt: skip

    def _unknown(self, line: int, column: str, text: str, known: list[str]) -> str:
        told = {"line": line, "column": column, "text": text, "guess": nearest(text, known)}
        if told["guess"]:
            return _("line {line}, column '{column}': there is no '{text}' (nearest: {guess})", **told)
        return _("line {line}, column '{column}': there is no '{text}'", **told)


def _is_time(text: str) -> bool:
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.tzinfo is not None and 2000 < moment.year < 9000  # also a time in UTC
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and 0 < float(text) <= LONGEST
    except ValueError:
        return False
