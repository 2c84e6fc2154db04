"""A student's feedback page, from a `Report`: ``feedback_page(report, ...) -> str``, one HTML file that stands alone.

It is written to teach: what is right, what isn't yet, why, and what to look at next. It is made of the report; the executed
notebook and what people entered in the gradebook are added where they are known. Nothing is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from autograder.classroom.pages import html
from autograder.classroom.pages.in_language import InLanguage
from autograder.classroom.pages.losses import Loss, losses
from autograder.classroom.pages.student_page.bands import Band, Bands
from autograder.classroom.pages.student_page.exhibit_views import (
    confusion_of,
    curves_at,
    groups_of,
    key_of,
    learning,
    mistakes_of,
    networks_of,
)
from autograder.classroom.pages.student_page.notebook import Cell
from autograder.common.data import data_sets
from autograder.common.errors import CourseError
from autograder.common.i18n import N_, _, language, ngettext, speaking
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.showing.exhibits import Exhibit
from autograder.common.showing.outcome_table import by_cause
from autograder.course.course import Course

MARKS = {"passed": "✓", "partly": "◐", "failed": "✗", "undecided": "?", "skipped": "–"}
SAID = {
    "passed": N_("right:"), "partly": N_("partly right:"), "failed": N_("not right yet:"),
    "undecided": N_("a person will look at this:"), "skipped": N_("not looked at:"),
}  # fmt: skip
ADVICE = {
    "cell_seconds": N_(
        "Look for a loop that never ends, or for a training with far more epochs than asked for. Restart the kernel and run all "
        "cells: each should end in a few minutes."
    ),
    "notebook_seconds": N_(
        "All cells together took too long. Train each network once, and for no more epochs than asked for."
    ),
    "output": N_("Something printed very much. Take out a print() inside a loop, or show only the first few items."),
    "memory": N_(
        "The notebook needed more memory than there is. Don't keep copies of the data set that you don't need, and don't make "
        "arrays of all images in float64 several times."
    ),
    "processes": N_("The notebook started too many processes or threads. The questions need none."),
    "files": N_("The notebook wrote too much to disk. The questions need no files."),
    "kernel": N_(
        "The kernel ended by itself. Restart it, run all cells from top to bottom, and look at the cell where it ends."
    ),
    "messages": N_(
        "The cell sent something that can't be read. Show results with print() or as the last line of a cell."
    ),
}


@dataclass(frozen=True)
class Person:
    """What people entered in the gradebook: `scores` and `remarks` by question; `penalty` in points."""

    scores: Mapping[str, float] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    penalty: float = 0.0


Pieces = list[tuple[bool, str]]


def feedback_page(
    report: Report,
    course: Course,
    *,
    speak: str = "",
    cells: Sequence[Cell] = (),
    image: Callable[[int], str] | None = None,
    person: Person | None = None,
    bands: Bands | None = None,
) -> str:
    """The page in the language `speak` (by default the report's). `image`: data URI of a row of the data set; `bands`: of the class."""
    with speaking(speak or report.language):
        view = _view(report, course, cells, image, person or Person(), bands or {})
        said = {kind: _(text) for kind, text in SAID.items()}
        return html.page("feedback.html", styles=("page.css", "feedback.css"), page=view, marks=MARKS, said=said)


def pieces(text: str) -> Pieces:
    """A sentence as (is it code, text): what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick too many
        return [(False, text)]
    return [(number % 2 == 1, part) for number, part in enumerate(parts) if part]


def _view(
    report: Report,
    course: Course,
    cells: Sequence[Cell],
    image: Callable[[int], str] | None,
    person: Person,
    bands: Bands,
) -> dict[str, Any]:
    titles = titles_of(report.assignment, course)
    shown = InLanguage(course, language()).report(report)
    drawn_at = curves_at(
        (result.question, state(result, person.scores.get(result.question)) != "passed", result.exhibit or Exhibit())
        for result in report.questions
    )
    data = course.on(report.assignment).data
    classes = data.classes or (data_sets.source(data.name).classes if data.name in data_sets.SOURCES else ())
    texts = _texts(cells)
    answers = {cell.name.removesuffix("-answer"): cell.code for cell in cells if cell.name.endswith("-answer")}
    questions = [
        _question(result, titles, answers.get(result.question, Markup()), image, person, drawn_at, bands, classes)
        | {"text": text_anchor(result.question) if result.question in texts else ""}
        for result in shown.questions
    ]
    places = {cell.number: titles.get(cell.name.removesuffix("-answer"), "") for cell in cells if cell.name}
    broken = {broken.sentence for broken in shown.breaks}
    earned = sum(question["points"] for question in questions)
    versions = ", ".join(f"{name} {number}" for name, number in sorted(report.versions.items()))
    colophon = _("Graded with {versions}; isolation: {isolation}.", versions=versions, isolation=report.isolation)
    return {
        "course": course.course.title.in_language(language()),
        "student": report.student,
        "title": titles.get("", report.assignment),
        "total": max(0.0, earned - person.penalty),
        "out_of": report.out_of,
        "opening": [pieces(sentence) for sentence in _opening(report, shown, course, questions, titles)],
        "deductions": _deductions(earned, person),
        "questions": questions,
        "open": [question for question in questions if question["state"] != "passed"],
        "right": [question for question in questions if question["state"] == "passed"],
        "limits": [
            (b.sentence, places.get(b.cell + 1, ""), _(ADVICE[b.limit]) if b.limit in ADVICE else "")
            for b in shown.breaks
        ],
        "places": places,
        "notes": [note for note in shown.notes if note not in broken],
        "cells": cells,
        "texts": {number: [text_anchor(key) for key in texts if texts[key] == number] for number in texts.values()},
        "any_undecided": any(question["state"] == "undecided" for question in questions),
        "colophon": colophon,
    }


def _texts(cells: Sequence[Cell]) -> dict[str, int]:
    """By question, the number of the cell that asks it: the last text before the answer."""
    found, last = {}, 0
    for cell in cells:
        if cell.text:
            last = cell.number
        elif cell.name.endswith("-answer") and last:
            found[cell.name.removesuffix("-answer")] = last
    return found


def titles_of(name: str, course: Course) -> dict[str, str]:
    """Titles in the language of the page, by question and ``question/check``, and by '' of the assignment itself.

    Nothing where the course is another one than was graded: then a page shows the report's own.
    """
    try:
        assignment = course.assignment(name)
    except CourseError:
        return {}
    found = {"": assignment.title.in_language(language())}
    for key, question in assignment.questions.items():
        found[key] = question.title.in_language(language())
        for check in question.checks:
            found[f"{key}/{check.id}"] = check.heading(language())
    return found


def _opening(
    report: Report, shown: Report, course: Course, questions: Sequence[Mapping[str, Any]], titles: Mapping[str, str]
) -> list[str]:
    """Two or three sentences: what to repair first and what hangs on it, where one stands, and what a person will look at."""
    right = sum(question["state"] == "passed" for question in questions)
    waiting = sum(question["state"] == "undecided" for question in questions)
    if right == len(questions):
        return [_("Everything is right. Well done!")]
    settled = {question["key"] for question in questions if question["state"] in ("passed", "undecided")}
    lost = [loss for loss in losses(report, course) if loss.question not in settled]
    said = [repair(lost[0], report, titles)] if lost else []
    if shown.first_cause is not None:
        said.append(shown.first_cause.sentence)
    if right:
        said.append(
            ngettext(
                "{number} of {all} questions is completely right.",
                "{number} of {all} questions are completely right.",
                right,
                all=len(questions),
            )
        )
    if waiting:
        said.append(
            ngettext(
                "One question could not be decided by the grader: a person will look at it, so your score may still rise.",
                "{number} questions could not be decided by the grader: a person will look at them, so your score may still rise.",
                waiting,
            )
        )
    return said


def repair(loss: Loss, report: Report, titles: Mapping[str, str]) -> str:
    """What to repair, and what that probably brings: the sentence beside the score."""
    own = {result.question: result.title for result in report.questions}
    title = titles.get(loss.question) or own.get(loss.question) or loss.place
    gain = html.plain(loss.gain)
    if loss.whole:
        return ngettext(
            "Repair “{title}”: one later question probably comes right with it, +{gain} points.",
            "Repair “{title}”: {number} later questions probably come right with it, +{gain} points.",
            len(loss.whole), title=title, gain=gain,
        )  # fmt: skip
    if loss.unanswered:
        return _("Answer “{title}” next: +{gain} points.", title=title, gain=gain)
    return _("Repair “{title}” first: +{gain} points.", title=title, gain=gain)


def _deductions(earned: float, person: Person) -> list[str]:
    if not person.penalty:
        return []
    points, penalty = html.plain(earned), html.plain(person.penalty)
    return [_("{points} points for your work, less {penalty} for being late.", points=points, penalty=penalty)]


def _question(
    result: QuestionResult, titles: Mapping[str, str], code: Markup, image: Callable[[int], str] | None, person: Person,
    drawn_at: Mapping[str, str], bands: Bands, classes: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    manual = person.scores.get(result.question)
    points = result.points if manual is None else manual
    exhibit = result.exhibit or Exhibit()
    said = ""
    if manual is not None:
        said = _("A person gave {points} points for this question.", points=html.plain(manual))
    own = ((titles.get(f"{result.question}/{outcome.check}", outcome.title), outcome) for outcome in result.outcomes)
    checks = [_check(one, result) for one in by_cause([one.model_copy(update={"title": title}) for title, one in own])]
    groups = [group for group in groups_of(exhibit) if drawn_at[key_of(group)] == result.question]
    own_bands: dict[tuple[str, str], Band] = {
        (network, metric): band for (question, network, metric), band in bands.items() if question == result.question
    }
    elsewhere = {drawn_at[key_of(group)] for group in groups_of(exhibit)} - {result.question}
    return {
        "key": result.question,
        "anchor": anchor(result.question),
        "title": titles.get(result.question, result.title),
        "state": state(result, manual),
        "points": points,
        "out_of": result.out_of,
        "bar": 100 if result.undecided and manual is None else round(100 * min(1.0, points / result.out_of), 1),
        "problem": pieces(result.problem),
        "hint": pieces(result.hint),
        "manual": said,
        "remark": [line for line in person.remarks.get(result.question, "").splitlines() if line.strip()],
        "checks": checks,
        "code": code,
        "networks": networks_of(exhibit),
        **learning(exhibit, groups, own_bands),
        "curves_at": [(anchor(key), titles.get(key, key)) for key in sorted(elsewhere)],
        "mistakes": mistakes_of(exhibit, image, classes),
        "confusion": confusion_of(exhibit, classes),
    }


def anchor(question: str) -> str:
    """Where a question stands in the page: what follows ``#`` in its address."""
    return f"question-{question}"


def text_anchor(question: str) -> str:
    """Where its text stands, in the notebook below."""
    return f"text-{question}"


def state(result: QuestionResult, manual: float | None = None) -> str:
    """passed, partly, failed or undecided; a person's score decides."""
    if manual is None and result.undecided:
        return "undecided"
    points = result.points if manual is None else manual
    if points >= result.out_of - 1e-9:
        return "passed"
    return "partly" if points > 0 else "failed"


def _check(outcome: Outcome, result: QuestionResult) -> dict[str, Any]:
    failed = outcome.status is Status.FAILED
    told = failed and not outcome.hidden  # of a hidden check: title, status, hint
    reason = outcome.actual if outcome.status in (Status.UNDECIDED, Status.SKIPPED) else ""
    return {
        "kind": "partly" if failed and outcome.points else outcome.status.value,
        "title": pieces(outcome.title),
        "hidden": outcome.hidden,
        "expected": outcome.expected if told and outcome.expected not in outcome.title else "",
        "actual": outcome.actual if told else "",
        "reason": pieces(reason),
        "hint": pieces(outcome.hint if failed and outcome.hint != result.hint else ""),
        "points": outcome.points,
        "out_of": outcome.out_of,
    }
