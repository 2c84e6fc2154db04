"""Figures of a class: scores, how hard each check was and whether it tells the able from the others, slips in words.

Facility and discrimination are those of classical test theory: the facility index of an item is the mean share of its points that
was earned; its discrimination is the correlation of that share with the rest of the score, the item itself left out (corrected
item-total correlation), and the reliability of an assignment is Cronbach's alpha. Source: Crocker & Algina (1986), Introduction
to Classical and Modern Test Theory, chapters 7 and 14; the bounds of `POOR` and `GOOD` from Ebel & Frisbie (1991), Essentials of
Educational Measurement, chapter 13.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograder.common.results import Outcome, Report, Status

FEWEST = 10  # submissions below which a correlation says nothing
POOR, GOOD = 0.2, 0.4  # of discrimination
HARD, EASY = 0.3, 0.95  # of facility: low is hard
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slip:
    """A mistake in words, and who made it."""

    said: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """A check over all submissions of its assignment; `facility` and `discrimination` None where they can't be told."""

    assignment: str
    question: str
    check: str
    title: str
    hidden: bool
    out_of: float
    decided: int
    facility: float | None
    discrimination: float | None


def items(reports: Sequence[Report]) -> list[Item]:
    """All checks of one assignment's reports, in the course's order. Reports of another edition of a question are left out of it."""
    if not reports:
        return []
    places = list(
        dict.fromkeys((q.question, o.check) for report in reports for q in report.questions for o in q.outcomes)
    )
    table = {place: number for number, place in enumerate(places)}
    earned = np.full((len(reports), len(places)), np.nan)
    worth = np.zeros(len(places))
    found: list[list[tuple[Report, Outcome]]] = [[] for _ in places]
    for row, report in enumerate(reports):
        for question in report.questions:
            for outcome in question.outcomes:
                column = table[question.question, outcome.check]
                found[column].append((report, outcome))
                worth[column] = outcome.out_of
                if outcome.status is not Status.UNDECIDED:
                    earned[row, column] = outcome.points
    told = discriminations(earned)
    return [_item(places[column], found[column], earned, worth, column, told[column]) for column in range(len(places))]


def _item(
    place: tuple[str, str], found: Sequence[tuple[Report, Outcome]], earned: Shares, worth: Shares, column: int,
    told: float | None,
) -> Item:  # fmt: skip
    _, first = found[-1]
    known = ~np.isnan(earned[:, column])
    facility = None
    if worth[column] and known.any():
        facility = float(earned[known, column].mean() / worth[column])
    return Item(
        assignment=found[-1][0].assignment, question=place[0], check=place[1], title=first.title, hidden=first.hidden,
        out_of=float(worth[column]), decided=int(known.sum()), facility=facility, discrimination=told,
    )  # fmt: skip


def discriminations(earned: Shares) -> list[float | None]:
    """Correlation of each item's points (a column) with the rest of the score, over the submissions (rows) where all is decided.

    None for fewer than `FEWEST`, and where either doesn't vary.
    """
    whole = earned[~np.isnan(earned).any(axis=1)]
    if len(whole) < FEWEST:
        return [None] * earned.shape[1]
    rest = whole.sum(axis=1, keepdims=True) - whole
    varies = (whole.std(axis=0) >= 1e-9) & (rest.std(axis=0) >= 1e-9)
    own, rest = whole - whole.mean(axis=0), rest - rest.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (own * rest).sum(axis=0) / np.sqrt((own**2).sum(axis=0) * (rest**2).sum(axis=0))
    return [float(value) if vary else None for value, vary in zip(found, varies, strict=True)]


def alpha(reports: Sequence[Report]) -> float | None:
    """Cronbach's alpha over the questions of one assignment; None where it can't be told."""
    whole = [report for report in reports if not report.undecided]
    keys = [question.question for question in whole[0].questions] if whole else []
    whole = [report for report in whole if [question.question for question in report.questions] == keys]
    if len(whole) < FEWEST or len(keys) < 2:
        return None
    points = np.array([[question.points for question in report.questions] for report in whole])
    total = points.sum(axis=1).var(ddof=1)
    if total < 1e-9:
        return None
    return float(len(keys) / (len(keys) - 1) * (1 - points.var(axis=0, ddof=1).sum() / total))


def slips(found: Iterable[tuple[str, str]], most: int = 5) -> tuple[Slip, ...]:
    """Mistakes, given as words and who made them, most frequent first. Those that differ only in numbers and names count as one."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for said, student in found:
        if said:
            groups.setdefault(pattern(said), []).append((said, student))
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0][0]))[:most]
    return tuple(
        Slip(Counter(said for said, _ in group).most_common(1)[0][0], tuple(student for _, student in group))
        for group in ordered
    )


def pattern(said: str) -> str:
    """A sentence without what differs from student to student: numbers, and what stands in backticks or quotes."""
    said = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", "·", said)
    return re.sub(r"-?\d[\d,.]*", "#", said)


def shares(reports: Iterable[Report]) -> list[float]:
    """Score of each submission as a share of what it is worth, 0 to 1."""
    return [min(1.0, report.points / report.out_of) for report in reports if report.out_of]


BINS = 10


def histogram(values: Iterable[float]) -> list[int]:
    """How many of `values` (0 to 1) are in each of `BINS` equally wide bins; 1 is in the last one."""
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, max(0, int(value * BINS + 1e-9)))] += 1
    return counts
