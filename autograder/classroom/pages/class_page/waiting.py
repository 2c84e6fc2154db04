"""What waits for a person, grouped by question: one question is scored in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograder.classroom.folder import Place
from autograder.classroom.pages import html
from autograder.classroom.pages.student_page.page import pieces
from autograder.common.results import QuestionResult, Report

SHOWN = 10  # submissions that are in sight; the others are folded


def waiting(
    reports: Sequence[Report], settled: Mapping[Place, bool], scored: Mapping[Place, Mapping[str, float]],
    titles: Mapping[str, Mapping[str, str]], links: Mapping[Place, str], rubrics: Mapping[tuple[str, str], Sequence[str]] = {},
) -> list[dict[str, Any]]:  # fmt: skip
    """Undecided questions that still wait, in the course's order: who, why, and the way to formgrader.

    `rubrics`: by what people grade, by assignment and question. `settled`: whether a person is done with a submission, where that is known; `scored`: by question, what people gave.
    """
    groups: dict[tuple[str, str], list[tuple[Report, QuestionResult]]] = {}
    for report in reports:
        place = Place(report.student, report.assignment)
        if not settled.get(place):
            for result in report.questions:
                if result.undecided and result.question not in scored.get(place, {}):
                    groups.setdefault((report.assignment, result.question), []).append((report, result))
    order = {place: number for number, place in enumerate((a, key) for a, own in titles.items() for key in own)}
    return [
        {**_group(titles, links, place, groups[place]), "rubric": list(map(pieces, rubrics.get(place, ())))}
        for place in sorted(groups, key=lambda p: (order.get(p, 1 << 30), p))
    ]


def _group(
    titles: Mapping[str, Mapping[str, str]],
    links: Mapping[Place, str],
    place: tuple[str, str],  # assignment, question
    own: Sequence[tuple[Report, QuestionResult]],
) -> dict[str, Any]:
    words, by_student = titles.get(place[0], {}), {report.student: (report, result) for report, result in own}
    rows = []
    for student in html.in_order(by_student):
        result = by_student[student][1]
        checks = [pieces(words.get(f"{result.question}/{o.check}", o.title)) for o in result.undecided]
        why = dict.fromkeys(filter(None, (result.problem, *(o.actual for o in result.undecided))))
        link = links.get(Place(student, place[0]), "")
        rows.append(
            {
                "student": student,
                "checks": checks,
                "why": pieces(" ".join(why)),
                "link": f"{link}#{place[1]}" if link else "",
            }
        )
    first = own[0][1]
    points = {round(sum(o.out_of for o in result.undecided), 6) for _report, result in own}
    return {
        "assignment": words.get("", place[0]), "title": words.get(place[1], first.title), "rows": rows,
        "points": html.plain(max(points)) if len(points) == 1 else f"{html.plain(min(points))}–{html.plain(max(points))}",
    }  # fmt: skip


def split(groups: Sequence[Mapping[str, Any]], most: int = SHOWN) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The groups of the first `most` submissions, and those of the others; a group that is cut is in both."""
    first: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for group in groups:
        room = max(0, most - sum(len(one["rows"]) for one in first))
        for part, rows in ((first, group["rows"][:room]), (others, group["rows"][room:])):
            if rows:
                part.append({**group, "rows": rows})
    return first, others
