"""The instructor's page of a class, from reports: ``class_page(material, course) -> str``, one HTML file that works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.classroom.folder import Place
from autograder.classroom.pages import html
from autograder.classroom.pages.class_page import captioned_charts, chart_specs, item_analysis
from autograder.classroom.pages.class_page.costliest_causes import Cause, Made, causes, losses_of, made_by, teach_next
from autograder.classroom.pages.class_page.heat_map import heat_map
from autograder.classroom.pages.class_page.hints_needed import hint_rows
from autograder.classroom.pages.class_page.item_analysis import Item
from autograder.classroom.pages.class_page.similar import Group
from autograder.classroom.pages.class_page.since import Looks, Since
from autograder.classroom.pages.class_page.since_view import since_view
from autograder.classroom.pages.class_page.waiting import split, waiting
from autograder.classroom.pages.in_language import InLanguage
from autograder.classroom.pages.student_page.page import MARKS, anchor, pieces, text_anchor, titles_of
from autograder.common.i18n import _, language, ngettext, speaking
from autograder.common.results import Report
from autograder.course.checks.manual import rubric_of
from autograder.course.course import Course

SLOWEST = 10
CAUSES = 10  # that are in sight; the others are folded


@dataclass(frozen=True)
class Standing:
    """A submission in the gradebook: `total` after penalties and people's scores; `waiting`: questions that wait for a person."""

    total: float
    penalty: float = 0.0
    waiting: int = 0


@dataclass(frozen=True)
class Material:
    """What the page is made of: the `reports`, and, as far as they are known, by student and assignment: what the gradebook
    says, people's scores by question, hints that were pressed by question, addresses of feedback pages (from this page) and of formgrader, seconds of grading; groups of
    similar notebooks by assignment; where a report has other points than the gradebook, as (report's, gradebook's); what changed since
    somebody last looked, and `looks`, to be kept when they have looked at this page."""

    reports: Sequence[Report]
    standings: Mapping[Place, Standing] = field(default_factory=dict)
    scored: Mapping[Place, Mapping[str, float]] = field(default_factory=dict)
    pages: Mapping[Place, str] = field(default_factory=dict)
    links: Mapping[Place, str] = field(default_factory=dict)
    hints: Mapping[Place, Mapping[str, int]] = field(default_factory=dict)
    seconds: Mapping[Place, float] = field(default_factory=dict)
    similar: Mapping[str, Sequence[Group]] = field(default_factory=dict)
    differences: Mapping[Place, tuple[float, float]] = field(default_factory=dict)
    since: Since = field(default_factory=Since)
    looks: Looks = field(default_factory=Looks)


def class_page(material: Material, course: Course, speak: str = "") -> str:
    """The page in the language `speak`. Making the scripts of its charts takes a few seconds, once a process."""
    with speaking(speak):
        view = _view(material, course)
        specs = {key: spec for figure in view["figures"].values() if figure for key, _title, spec in figure["charts"]}
        words = {
            "shown": _("{shown} of {all} shown"), "page": _("feedback page"), "formgrader": _("formgrader"),
            "missing": _("not handed in"),
        }  # fmt: skip
        return html.page(
            "class.html", styles=("page.css", "class.css"), scripts=(chart_specs.scripts(), html.asset("class.js")),
            page=view, specs=specs, marks=MARKS, words=words,
        )  # fmt: skip


def _view(material: Material, course: Course) -> dict[str, Any]:
    by_assignment = {name: [r for r in material.reports if r.assignment == name] for name in course.assignments}
    by_assignment = {name: reports for name, reports in by_assignment.items() if reports}
    titles = {name: course.assignment(name).title.in_language(language()) for name in by_assignment}
    words = {name: titles_of(name, course) for name in by_assignment}
    items = [
        replace(item, title=words[item.assignment].get(f"{item.question}/{item.check}", item.title))
        for reports in by_assignment.values()
        for item in item_analysis.items(reports)
    ]
    shares = {titles[name]: item_analysis.shares(reports) for name, reports in by_assignment.items()}
    names = html.in_order({report.student for report in material.reports})
    by_student = {name: {report.student: report for report in reports} for name, reports in by_assignment.items()}
    students = [_student(name, by_student, material) for name in names]
    spoken = InLanguage(course, language())
    lost = [(report, spoken.losses(report, own)) for report, own in losses_of(material.reports, course)]
    material = replace(material, reports=[spoken.report(report) for report in material.reports])
    found, made = causes(lost), made_by(lost)
    ways = Ways(material.pages)
    checks = [
        _item(item, titles, words, made.get((item.assignment, item.question, item.check), ()), ways) for item in items
    ]
    links = {place: link for place, address in material.links.items() if (link := _web(address))}
    settled = {place: not standing.waiting for place, standing in material.standings.items()}
    rubrics = {
        (name, key): [f"{html.plain(one.points)}: {one.says.in_language(language())}" for one in rubric_of(question)]
        for name in by_assignment
        for key, question in course.assignment(name).questions.items()
    }
    groups = waiting(material.reports, settled, material.scored, words, links, rubrics)
    first, others = split(groups)
    rows = [_cause(cause, words, ways) for cause in found]
    return {
        "course": course.course.title.in_language(language()),
        "next": [pieces(sentence) for sentence in teach_next(found, words)],
        "since": since_view(material.since, words, material.pages),
        "tiles": _tiles(material, students, len(by_assignment), sum(len(group["rows"]) for group in groups)),
        "titles": titles,
        "causes": rows[:CAUSES],
        "more_causes": rows[CAUSES:],
        "waiting": first,
        "more_waiting": others,
        "hidden_waiting": sum(len(group["rows"]) for group in others),
        "map": heat_map(names, by_assignment, words, material.scored, material.pages),
        "formgrader": {name: {a: links[Place(name, a)] for a in by_assignment if Place(name, a) in links} for name in names},
        "assignments": [_assignment(name, titles[name], reports, len(names)) for name, reports in by_assignment.items()],
        "students": students,
        "late": any(standing.penalty for standing in material.standings.values()),
        "checks": sorted((row for row in checks if row["cost"]), key=lambda row: -float(row["cost"])),
        "unfailed": [row for row in checks if not row["cost"]],
        "hints": hint_rows(material.hints, words, {name: len(reports) for name, reports in by_assignment.items()}),
        "figures": {
            "scores": captioned_charts.scores(shares), "facility": captioned_charts.facility(items),
            "accuracies": captioned_charts.accuracies(by_assignment, titles),
        },
        "slow": _slow(material, titles, ways),
        "similar": [_group(group, name, titles.get(name, name), ways) for name, groups in material.similar.items() for group in groups],
        "compared": bool(material.similar),
        "differences": [
            {"students": ways.to([s], a), "assignment": titles.get(a, a), "report": report, "book": book, "gain": report - book}
            for s in html.in_order({student for student, _a in material.differences})
            for (student, a), (report, book) in material.differences.items() if student == s
        ],
        "bounds": {"poor": item_analysis.POOR, "good": item_analysis.GOOD, "hard": item_analysis.HARD, "easy": item_analysis.EASY,
                   "fewest": item_analysis.FEWEST},
    }  # fmt: skip


def _tiles(
    material: Material, students: Sequence[Mapping[str, Any]], assignments: int, waiting: int
) -> list[tuple[str, str]]:
    assigned, handed_in = len(students) * assignments, len(material.reports)
    mean = html.percent(sum(row["share"] for row in students) / len(students), 1) if students else "–"
    full = sum(row["full"] for row in students)
    return [
        (str(len(students)), ngettext("student", "students", len(students))),
        (f"{handed_in} / {assigned}", _("handed in of all that was assigned")),
        (mean, _("mean of all that was assigned")),
        (str(full), ngettext("student with full marks", "students with full marks", full)),
        (str(waiting), ngettext("answer waits for a person", "answers wait for a person", waiting)),
    ]


def _web(address: str) -> str:
    """An address to link to; only the web's own kind."""
    return address if address.startswith(("http://", "https://")) else ""


class Ways:
    """From a student's name to the feedback page, and there to a question or to its text. `pages`: addresses."""

    def __init__(self, pages: Mapping[Place, str]) -> None:
        self.pages = pages

    def to(self, students: Sequence[str], assignment: str, question: str = "") -> list[tuple[str, str]]:
        """Names with addresses; '' where there is none."""
        place = f"#{anchor(question)}" if question else ""
        known = ((name, self.pages.get(Place(name, assignment), "")) for name in students)
        return [(name, page and page + place) for name, page in known]

    def text(self, students: Sequence[str], assignment: str, question: str) -> str:
        """Where the question can be read, in the notebook of the first of `students` who has a page."""
        pages = (self.pages.get(Place(name, assignment), "") for name in students)
        page = next(filter(None, pages), "") if question else ""
        return page and f"{page}#{text_anchor(question)}"


def _cause(cause: Cause, words: Mapping[str, Mapping[str, str]], ways: Ways) -> dict[str, Any]:
    own = words.get(cause.assignment, {})
    return {
        "title": own.get(cause.question, cause.question) if cause.question else cause.place,
        "assignment": own.get("", cause.assignment),
        "said": pieces(_("It was not answered.") if cause.unanswered else cause.said),
        "students": ways.to(cause.students, cause.assignment, cause.question), "share": cause.share,
        "text": ways.text(cause.students, cause.assignment, cause.question), "points": cause.points,
        "following": [own.get(key, key) for key in cause.following],
    }  # fmt: skip


def _assignment(name: str, title: str, reports: Sequence[Report], students: int) -> dict[str, Any]:
    values = sorted(item_analysis.shares(reports))
    reliability = item_analysis.alpha(reports)
    middle = len(values) // 2
    median = (values[middle] + values[-middle - 1]) / 2 if values else 0.0
    return {
        "name": name, "title": title, "submissions": len(reports), "missing": students - len(reports),
        "mean": sum(values) / len(values) if values else 0.0, "median": median,
        "lowest": values[0] if values else 0.0, "highest": values[-1] if values else 0.0,
        "full": sum(value >= 1 - 1e-9 for value in values), "alpha": reliability,
        "undecided": sum(report.undecided for report in reports),
    }  # fmt: skip


def _student(name: str, by_assignment: Mapping[str, Mapping[str, Report]], material: Material) -> dict[str, Any]:
    """A student's row: the share is of all that was assigned, missing work is nothing earned of it."""
    cells: list[dict[str, Any] | None] = []
    total = assigned = 0.0
    waits = False
    for assignment, reports in by_assignment.items():
        report = reports.get(name)
        assigned += report.out_of if report else next(iter(reports.values())).out_of
        if report is None:
            cells.append(None)
            continue
        standing = material.standings.get(Place(name, assignment))
        score = report.points if standing is None else standing.total
        open_ = report.undecided if standing is None else bool(standing.waiting)
        total, waits = total + score, waits or open_
        cells.append(
            {"score": score, "out_of": report.out_of, "penalty": standing.penalty if standing else 0.0,
             "waiting": open_, "full": score >= report.out_of - 1e-9,
             "page": material.pages.get(Place(name, assignment), "")}
        )  # fmt: skip
    full = bool(assigned) and total >= assigned - 1e-9
    missing = cells.count(None)
    return {
        "name": name, "cells": cells, "total": total, "share": total / assigned if assigned else 0.0, "full": full,
        "missing": missing, "status": "waiting" if waits else "full" if full else "missing" if missing else "other",
    }  # fmt: skip


def _item(
    item: Item, titles: Mapping[str, str], words: Mapping[str, Mapping[str, str]], made: Sequence[Made], ways: Ways
) -> dict[str, Any]:
    """A check's row. `made`: the mistakes here, without what an earlier one explains."""
    return {
        "assignment": titles[item.assignment], "question": words[item.assignment].get(item.question, item.question),
        "title": pieces(item.title), "hidden": item.hidden, "failed": len(made),
        "cost": round(sum(one.points for one in made), 6),
        "failure": len(made) / item.decided if item.decided else 0.0, "facility": item.facility,
        "discrimination": item.discrimination, "odd": chart_specs.odd(item),
        "slips": [
            (pieces(slip.said), len(slip.students), ways.to(html.in_order(slip.students), item.assignment, item.question))
            for slip in item_analysis.slips((one.said, one.student) for one in made)
        ],
    }  # fmt: skip


def _slow(material: Material, titles: Mapping[str, str], ways: Ways) -> list[dict[str, Any]]:
    known = {Place(report.student, report.assignment): report for report in material.reports}
    slow = sorted(((s, place) for place, s in material.seconds.items() if place in known), reverse=True)[:SLOWEST]
    return [
        {"students": ways.to([place[0]], place[1]), "assignment": titles.get(place[1], place[1]), "seconds": seconds,
         "breaks": [b.sentence for b in known[place].breaks]}
        for seconds, place in slow if seconds > 0
    ]  # fmt: skip


def _group(group: Group, assignment: str, title: str, ways: Ways) -> dict[str, Any]:
    said = (
        _("token for token the same")
        if group.same
        else _("{share} of the rare passages are the same", share=html.percent(group.least))
    )
    return {
        "students": ways.to(group.students, assignment),
        "assignment": title,
        "said": said,
        "shared": group.shared,
        "lines": group.lines,
    }
