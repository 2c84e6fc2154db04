"""The hints that a class pressed in its notebooks: which questions people needed help with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from autograder.classroom.folder import Folder, Place, Work
from autograder.common.hints.pressed_hints import MOST, pressed
from autograder.common.machine.confined import confined_each
from autograder.common.wire.submitted_notebook import content

SECONDS = 10  # of processor time for some notebooks at once, and then for one alone


def hints_of(folder: Folder, works: Sequence[Work], limit_mb: int) -> dict[Place, dict[str, int]]:
    """By student and assignment, how many hints of each question the handed-in notebook shows; nothing for one that can't be read."""
    counts = confined_each(partial(_counted, folder, limit_mb), works, seconds=SECONDS)
    return {Place(work.student, work.assignment): own for work, own in zip(works, counts, strict=True) if own}


def _counted(folder: Folder, limit_mb: int, work: Work) -> dict[str, int]:
    try:
        document = json.loads(content(folder.submission(work), limit_mb))
    except (ValueError, RecursionError):
        return {}
    counts = pressed(document) if isinstance(document, dict) and isinstance(document.get("cells"), list) else {}
    prefix = f"{work.assignment}."
    return {key.removeprefix(prefix): number for key, number in counts.items() if key.startswith(prefix)}


def hint_rows(
    hints: Mapping[Place, Mapping[str, int]], titles: Mapping[str, Mapping[str, str]], submissions: Mapping[str, int]
) -> list[dict[str, Any]]:
    """A row for each question that somebody pressed a hint of, most pressed first: how many people needed one, two, all of them."""
    counts: dict[tuple[str, str], list[int]] = {}
    for (_student, assignment), own in hints.items():
        for question, number in own.items():
            if question in titles.get(assignment, {}):
                needed = counts.setdefault((assignment, question), [0] * MOST)
                for step in range(min(number, MOST)):
                    needed[step] += 1
    rows = [
        {"assignment": titles[place[0]][""], "title": titles[place[0]][place[1]], "needed": needed,
         "share": needed[0] / max(1, submissions.get(place[0], 0))}
        for place, needed in counts.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-sum(row["needed"]), row["assignment"], row["title"]))
