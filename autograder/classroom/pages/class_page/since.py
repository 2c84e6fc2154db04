"""What changed in the class since somebody last looked: who handed in (again), and whose points are others.

`reports/` holds how things are, and nothing of how they were. So each class page leaves what it showed in journal/class.json, and what
the page before it showed, if that was something else: a page that is made twice still says what is new.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, ValidationError

from autograder.classroom.folder import Folder, Place
from autograder.common.files import bytes_of, put
from autograder.common.models import Frozen
from autograder.common.results import Report

Why = Literal["new", "again", "scored", "gone"]


class Seen(Frozen):
    """One submission as a page showed it: the digest of its notebook, its points, and whether it waited for a person."""

    submission: str
    points: float
    waiting: bool


class Look(Frozen):
    """What a page showed of an assignment, by student, and when (UTC)."""

    at: str
    students: dict[str, Seen]


class Looks(Frozen):
    """By assignment, the last page, and the last one before it that showed something else."""

    last: dict[str, Look] = Field(default={})
    earlier: dict[str, Look] = Field(default={})


@dataclass(frozen=True)
class Change:
    """Points before and now; None where there was or is no submission. `why`: a new notebook, another one, the same one scored anew."""

    student: str
    assignment: str
    before: float | None
    after: float | None
    why: Why


@dataclass(frozen=True)
class Since:
    """What is different since `at`; '' where nobody had looked before."""

    at: str = ""
    changes: tuple[Change, ...] = ()


def shown(reports: Iterable[Report], scores: Mapping[Place, tuple[float, bool]]) -> dict[str, dict[str, Seen]]:
    """By assignment and student, how things are. `scores`: what the gradebook says, points and whether a person is waited for."""
    found: dict[str, dict[str, Seen]] = {}
    for report in reports:
        points, waiting = scores.get(Place(report.student, report.assignment), (report.points, report.undecided))
        seen = Seen(submission=report.submission, points=round(points, 6), waiting=waiting)
        found.setdefault(report.assignment, {})[report.student] = seen
    return found


def compare(looks: Looks, now: Mapping[str, Mapping[str, Seen]], at: str) -> tuple[Since, Looks]:
    """What is new, and what to keep of a page that shows `now`. Assignments that it doesn't show stay as they were."""
    last, earlier = dict(looks.last), dict(looks.earlier)
    for assignment, students in now.items():
        before = last.get(assignment)
        if before is not None and before.students != students:
            earlier[assignment] = before
        if before is None or before.students != students:
            last[assignment] = Look(at=at, students=dict(students))
    compared = [name for name in now if name in earlier]
    changes = tuple(change for name in compared for change in _changes(name, earlier[name].students, now[name]))
    return Since(min((earlier[name].at for name in compared), default=""), changes), Looks(last=last, earlier=earlier)


def _changes(assignment: str, before: Mapping[str, Seen], now: Mapping[str, Seen]) -> Sequence[Change]:
    found = []
    for student in {**before, **now}:
        old, new = before.get(student), now.get(student)
        if old != new:
            why: Why = "gone" if new is None else "new" if old is None else "scored"
            if old is not None and new is not None and old.submission != new.submission:
                why = "again"
            was, is_ = (None if one is None else one.points for one in (old, new))
            found.append(Change(student, assignment, was, is_, why))
    return found


def read(folder: Folder) -> Looks:
    """What earlier pages left; nothing where there was none, or its file is damaged."""
    with suppress(OSError, ValidationError):
        return Looks.model_validate_json(bytes_of(folder.looks))
    return Looks()


def keep(folder: Folder, looks: Looks) -> None:
    """Never an error: a page is there, and the next one says less."""
    with suppress(OSError):
        put(folder.looks, looks.model_dump_json(indent=1))


def now() -> str:
    """``2027-03-14 23:59 UTC``."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
