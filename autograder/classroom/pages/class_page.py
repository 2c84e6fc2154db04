"""The instructor's page of a class, from reports: ``class_page(material, course) -> str``, one HTML file that works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.classroom.pages import charts, html, statistics
from autograder.classroom.pages.feedback import MARKS, SAID, pieces, state, titles_of
from autograder.classroom.pages.similar import Group
from autograder.classroom.pages.statistics import Item
from autograder.common.i18n import _, language, ngettext, speaking
from autograder.common.results import Report, Status
from autograder.course.course import Course

SLOWEST = 10
Place = tuple[str, str]  # student, assignment


@dataclass(frozen=True)
class Standing:
    """A submission in the gradebook: `total` after penalties and people's scores; `waiting`: questions that wait for a person."""

    total: float
    penalty: float = 0.0
    waiting: int = 0


@dataclass(frozen=True)
class Material:
    """What the page is made of: the `reports`, and, as far as they are known, by student and assignment: what the gradebook
    says, formgrader's addresses, seconds of grading; groups of similar notebooks by assignment; and where a report has
    other points than the gradebook, as (report's, gradebook's)."""

    reports: Sequence[Report]
    standings: Mapping[Place, Standing] = field(default_factory=dict)
    links: Mapping[Place, str] = field(default_factory=dict)
    seconds: Mapping[Place, float] = field(default_factory=dict)
    similar: Mapping[str, Sequence[Group]] = field(default_factory=dict)
    differences: Mapping[Place, tuple[float, float]] = field(default_factory=dict)


def class_page(material: Material, course: Course, speak: str = "") -> str:
    """The page in the language `speak`. Making the scripts of its charts takes a few seconds, once a process."""
    with speaking(speak):
        view = _view(material, course)
        specs = {figure["id"]: figure["spec"] for figure in view["figures"].values() if figure}
        said = {kind: _(text) for kind, text in SAID.items()}
        words = {"shown": _("{shown} of {all} shown"), "all": _("all")}
        return html.page(
            "class.html", styles=("page.css", "class.css"), scripts=(charts.scripts(), html.asset("class.js")),
            page=view, specs=specs, marks=MARKS, said=said, words=words,
        )  # fmt: skip


def _view(material: Material, course: Course) -> dict[str, Any]:
    by_assignment = {name: [r for r in material.reports if r.assignment == name] for name in course.assignments}
    by_assignment = {name: reports for name, reports in by_assignment.items() if reports}
    titles = {name: course.assignment(name).title.in_language(language()) for name in by_assignment}
    words = {name: titles_of(name, course) for name in by_assignment}
    items = [
        replace(item, title=words[item.assignment].get(f"{item.question}/{item.check}", item.title))
        for reports in by_assignment.values()
        for item in statistics.items(reports)
    ]
    shares = {titles[name]: statistics.shares(reports) for name, reports in by_assignment.items()}
    students = html.in_order({report.student for report in material.reports})
    undecided = _undecided(material, words)
    return {
        "course": course.course.title.in_language(language()),
        "tiles": _tiles(material, students, shares, undecided),
        "titles": titles,
        "undecided": undecided,
        "assignments": [_assignment(name, titles[name], reports) for name, reports in by_assignment.items()],
        "students": [_student(name, by_assignment, material) for name in students],
        "checks": [_item(item, titles) for item in items],
        "questions": list(dict.fromkeys(item.question for item in items)),
        "figures": {
            "scores": _scores(shares),
            "failures": _failures(items),
            "difficulty": _difficulty(items),
            "accuracies": _accuracies(by_assignment, titles),
        },
        "slow": _slow(material, titles),
        "similar": [_group(group, titles.get(name, name)) for name, groups in material.similar.items() for group in groups],
        "compared": bool(material.similar),
        "differences": [
            {"student": s, "assignment": titles.get(a, a), "report": report, "book": book, "gain": report - book}
            for (s, a), (report, book) in sorted(material.differences.items())
        ],
        "bounds": {"poor": statistics.POOR, "good": statistics.GOOD, "hard": statistics.HARD, "easy": statistics.EASY,
                   "fewest": statistics.FEWEST},
    }  # fmt: skip


def _tiles(
    material: Material, students: Sequence[str], shares: Mapping[str, Sequence[float]], undecided: Sequence[object]
) -> list[tuple[str, str]]:
    values = [value for own in shares.values() for value in own]
    mean = html.percent(sum(values) / len(values), 1) if values else "–"
    full = sum(value >= 1 - 1e-9 for value in values)
    return [
        (str(len(students)), ngettext("student", "students", len(students))),
        (str(len(material.reports)), ngettext("submission", "submissions", len(material.reports))),
        (mean, _("mean score")),
        (str(full), _("with full marks")),
        (str(len(undecided)), _("waiting for a person")),
    ]


def _undecided(material: Material, words: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Undecided checks that still wait: what a person has scored in formgrader is done."""
    found = []
    for report in material.reports:
        place = (report.student, report.assignment)
        standing = material.standings.get(place)
        if standing is not None and not standing.waiting:
            continue
        titles = words.get(report.assignment, {})
        for question in report.questions:
            for outcome in question.undecided:
                check = titles.get(f"{question.question}/{outcome.check}", outcome.title)
                found.append(
                    {
                        "student": report.student, "assignment": report.assignment, "question": titles.get(question.question, question.title),
                        "check": pieces(check), "why": pieces(outcome.actual or question.problem), "points": outcome.out_of,
                        "link": _web(material.links.get(place, "")),
                    }
                )  # fmt: skip
    return found


def _web(address: str) -> str:
    """An address to link to; only the web's own kind."""
    return address if address.startswith(("http://", "https://")) else ""


def _assignment(name: str, title: str, reports: Sequence[Report]) -> dict[str, Any]:
    values = sorted(statistics.shares(reports))
    reliability = statistics.alpha(reports)
    middle = len(values) // 2
    median = (values[middle] + values[-middle - 1]) / 2 if values else 0.0
    return {
        "name": name, "title": title, "submissions": len(reports), "out_of": reports[0].out_of,
        "mean": sum(values) / len(values) if values else 0.0, "median": median,
        "lowest": values[0] if values else 0.0, "highest": values[-1] if values else 0.0,
        "full": sum(value >= 1 - 1e-9 for value in values), "alpha": reliability,
        "undecided": sum(report.undecided for report in reports),
    }  # fmt: skip


def _student(name: str, by_assignment: Mapping[str, Sequence[Report]], material: Material) -> dict[str, Any]:
    cells: list[dict[str, Any] | None] = []
    total = worth = 0.0
    waiting = False
    for assignment, reports in by_assignment.items():
        report = next((report for report in reports if report.student == name), None)
        if report is None:
            cells.append(None)
            continue
        standing = material.standings.get((name, assignment))
        score = report.points if standing is None else standing.total
        open_ = report.undecided if standing is None else bool(standing.waiting)
        total, worth, waiting = total + score, worth + report.out_of, waiting or open_
        lost = [question.title for question in report.questions if state(question) in ("failed", "partly")]
        cells.append(
            {"score": score, "out_of": report.out_of, "penalty": standing.penalty if standing else 0.0,
             "waiting": open_, "full": score >= report.out_of - 1e-9, "lost": lost}
        )  # fmt: skip
    status = (
        "waiting" if waiting else "full" if worth and total >= worth - 1e-9 else "missing" if None in cells else "other"
    )
    return {"name": name, "cells": cells, "total": total, "share": total / worth if worth else 0.0, "status": status}


def _item(item: Item, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "assignment": titles[item.assignment], "question": item.question, "check": item.check, "title": pieces(item.title),
        "hidden": item.hidden, "out_of": item.out_of, "decided": item.decided, "failed": item.failed, "skipped": item.skipped,
        "undecided": item.undecided, "failure": item.failure, "difficulty": item.difficulty,
        "discrimination": item.discrimination, "odd": charts.odd(item),
        "slips": [(pieces(slip.said), len(slip.students), slip.students) for slip in item.slips],
    }  # fmt: skip


# ---- figures: a specification, what it shows in words, and its numbers as a table


def _figure(
    key: str, spec: dict[str, Any], said: str, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> dict[str, Any]:
    return {"id": f"chart-{key}", "spec": spec, "said": said, "head": list(head), "rows": [list(row) for row in rows]}


def _scores(shares: Mapping[str, Sequence[float]]) -> dict[str, Any] | None:
    if not shares:
        return None
    bins = [f"{10 * n}–{10 * n + 10} %" for n in range(10)]
    counts = {title: statistics.histogram(values) for title, values in shares.items()}
    rows = [[bin_, *(str(own[n]) for own in counts.values())] for n, bin_ in enumerate(bins)]
    parts = [f"{title}: {html.percent(sum(values) / len(values), 1)}" for title, values in shares.items() if values]
    said = _("Histograms of the scores. Means: {means}.", means="; ".join(parts))
    return _figure("scores", charts.scores(shares), said, [_("score"), *shares], rows)


def _failures(items: Sequence[Item]) -> dict[str, Any] | None:
    worst = sorted((item for item in items if item.failure), key=lambda item: -item.failure)[:15]
    if not worst:
        return None
    said = _(
        "Bars of the share of submissions that failed each check. Most fail “{title}” of {place}: {share}.",
        title=worst[0].title, place=f"{worst[0].assignment}.{worst[0].question}", share=html.percent(worst[0].failure),
    )  # fmt: skip
    rows = [[f"{item.assignment}.{item.question}: {item.title}", html.percent(item.failure)] for item in worst]
    return _figure("failures", charts.failures(items), said, [_("check"), _("failed")], rows)


def _difficulty(items: Sequence[Item]) -> dict[str, Any] | None:
    known = [item for item in items if item.difficulty is not None and item.discrimination is not None]
    if not known:
        return None
    looked = sum(charts.odd(item) for item in known)
    said = ngettext(
        "Difficulty against discrimination of each check. {number} check lies outside the usual bounds.",
        "Difficulty against discrimination of each check. {number} checks lie outside the usual bounds.",
        looked,
    )
    return _figure("items", charts.items(items), said, [], [])


def _accuracies(by_assignment: Mapping[str, Sequence[Report]], titles: Mapping[str, str]) -> dict[str, Any] | None:
    measured: dict[str, list[tuple[str, float, float]]] = {}
    for name, reports in by_assignment.items():
        for report in reports:
            for question in report.questions:
                for own in question.exhibit.accuracies if question.exhibit else ():
                    if own.split == "holdout":
                        measured.setdefault(titles[name], []).append((report.student, own.measured, own.at_least))
    if not measured:
        return None
    rows, said = [], []
    for title, values in measured.items():
        numbers = sorted(value for _student, value, _asked in values)
        asked = max(values, key=lambda value: value[2])[2]
        reached = sum(value >= at_least for _student, value, at_least in values)
        rows.append(
            [
                title,
                f"{asked:.3g}",
                str(len(values)),
                str(reached),
                f"{numbers[0]:.4f}",
                f"{numbers[len(numbers) // 2]:.4f}",
                f"{numbers[-1]:.4f}",
            ]
        )
        said.append(
            _(
                "{title}: {reached} of {all} reach {asked}",
                title=title,
                reached=reached,
                all=len(values),
                asked=f"{asked:.3g}",
            )
        )
    head = [_("assignment"), _("asked for"), _("measured"), _("reached"), _("lowest"), _("median"), _("highest")]
    return _figure("accuracies", charts.accuracies(measured), "; ".join(said) + ".", head, rows)  # fmt: skip


# ---- other sections


def _slow(material: Material, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    known = {(report.student, report.assignment): report for report in material.reports}
    slow = sorted(((s, place) for place, s in material.seconds.items() if place in known), reverse=True)[:SLOWEST]
    return [
        {"student": place[0], "assignment": titles.get(place[1], place[1]), "seconds": seconds,
         "breaks": [b.sentence for b in known[place].breaks]}
        for seconds, place in slow if seconds > 0
    ]  # fmt: skip


def _group(group: Group, title: str) -> dict[str, Any]:
    said = (
        _("token for token the same")
        if group.same
        else _("{share} of the rare passages are the same", share=html.percent(group.least))
    )
    return {"students": group.students, "assignment": title, "said": said, "shared": group.shared, "lines": group.lines}


def undecided(reports: Sequence[Report]) -> int:
    """How many checks are undecided in these reports."""
    return sum(o.status is Status.UNDECIDED for r in reports for q in r.questions for o in q.outcomes)
