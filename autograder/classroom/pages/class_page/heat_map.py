"""The class as a map: students by questions, how much of each was earned, with the way to its feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from autograder.classroom.folder import Place
from autograder.classroom.pages.html import plain
from autograder.classroom.pages.student_page.page import MARKS, anchor, state
from autograder.common.results import QuestionResult, Report

SHADES = 5  # from all points to none


def heat_map(
    students: Sequence[str], by_assignment: Mapping[str, Sequence[Report]], titles: Mapping[str, Mapping[str, str]],
    scored: Mapping[Place, Mapping[str, float]], pages: Mapping[Place, str],
) -> dict[str, Any]:  # fmt: skip
    """Columns and rows as the template draws them. `scored`: by people, by question; `pages`: addresses of feedback pages."""
    groups = []
    for name, reports in by_assignment.items():
        known = dict.fromkeys(result.question for report in reports for result in report.questions)
        words = titles[name]
        own = {result.question: result.title for report in reports for result in report.questions}
        groups.append((name, words.get("", name), [(key, words.get(key, own[key])) for key in known]))
    reports_of = {Place(report.student, report.assignment): report for own in by_assignment.values() for report in own}
    rows = []
    for student in students:
        cells: list[Markup] = []
        earned: list[float] = []
        for name, _title, questions in groups:
            report = reports_of.get(Place(student, name))
            results = {result.question: result for result in report.questions} if report else {}
            manual, page = scored.get(Place(student, name), {}), escape(pages.get(Place(student, name), ""))
            for key, _question in questions:
                share, cell = _cell(results.get(key), manual.get(key), page)
                cells.append(cell)
                earned.append(share)
        rows.append(
            {"name": student, "cells": Markup("").join(cells), "open": sum(share < 1 for share in earned),
             "lost": round(sum(1 - max(0.0, share) for share in earned), 3)}
        )  # fmt: skip
    return {"groups": groups, "rows": rows}


_NOTHING = Markup('<td class="snone" data-value="-1.0"><span>–</span></td>')


def _cell(result: QuestionResult | None, manual: float | None, page: Markup) -> tuple[float, Markup]:
    """Share of the points, and the field: made here, since a template takes a second for the 24,000 of 500 students."""
    if result is None:
        return -1.0, _NOTHING
    kind = state(result, manual)
    points = result.points if manual is None else manual
    share = min(1.0, max(0.0, points / result.out_of)) if result.out_of else 1.0
    shades: dict[str, str | int] = {"undecided": "wait", "passed": 0, "failed": SHADES - 1}
    shade = shades.get(kind, 1 + int((1 - share) * (SHADES - 2)))
    said = f"{plain(points)} / {plain(result.out_of)}"
    inside = (
        f'<a href="{page}#{escape(anchor(result.question))}" aria-label="{said}">{MARKS[kind]}</a>'
        if page
        else f'<span title="{said}">{MARKS[kind]}</span>'
    )
    return share, Markup(f'<td class="s{shade}" data-value="{round(share, 3)}">{inside}</td>')
