"""What collecting found and did: plain records, from which the table and the JSON are made."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from autograder.common.i18n import _
from autograder.common.models import Written
from autograder.common.showing.readable import json_text

ROWS = 20  # of one upload, for one reason: nobody's row is lost among another's


class What(StrEnum):
    TAKEN = "taken"  # the student's first
    REPLACED = "replaced"  # a later attempt than the one before, which is kept
    KEPT = "kept"  # an earlier attempt: beside, not graded
    UNCHANGED = "unchanged"  # collected before


@dataclass(frozen=True)
class Taken:
    """A notebook that is somebody's: `notes` say what a person might want to know of it."""

    student: str
    assignment: str
    file: str
    what: What
    time: dt.datetime | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Unmatched:
    """A file that was not collected, and why. `student`, where that much is known."""

    file: str
    reason: str
    student: str = ""


def few(left: Iterable[Unmatched], upload: Callable[[str], str]) -> list[Unmatched]:
    """`left`, sorted; of each upload the first rows of a reason, and how many more there are. `upload` tells a path's."""
    alike: dict[tuple[str, str], list[Unmatched]] = defaultdict(list)
    for each in sorted(left):
        alike[upload(each.file), each.reason].append(each)
    rows = [row for same in alike.values() for row in same[:ROWS]]
    for (whose, reason), same in alike.items():
        if (more := len(same) - ROWS) > 0:
            rows.append(
                Unmatched(whose, _("{count:,} files more: {reason}", count=more, reason=reason), same[0].student)
            )
    return sorted(rows)


class Collected(Written):
    """All of it. `ignored` are files that nobody misses: not notebooks, or of assignments that weren't asked for."""

    platform: str
    dry_run: bool
    notebooks: tuple[Taken, ...]
    unmatched: tuple[Unmatched, ...]
    ignored: tuple[Unmatched, ...]
    missing: dict[str, tuple[str, ...]]

    def count(self, what: What) -> int:
        return sum(each.what is what for each in self.notebooks)

    def untimed(self) -> int:
        """How many notebooks were taken of which nobody knows when they were handed in."""
        return sum(each.time is None and each.what in (What.TAKEN, What.REPLACED) for each in self.notebooks)

    def to_json(self) -> str:
        return json_text(self.model_dump(mode="json"), indent=2)
