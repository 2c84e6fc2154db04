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
from autograder.classroom.pages.notebook import Cell
from autograder.classroom.pages.pictures import class_name, curves_svg, lines_of
from autograder.common.errors import CourseError
from autograder.common.exhibits import Curve, Exhibit, Network
from autograder.common.i18n import N_, _, language, ngettext, speaking
from autograder.common.network_drawing import network_svg
from autograder.common.results import FirstCause, Outcome, QuestionResult, Report, Status
from autograder.course.checks.training import split_name
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
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


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
) -> str:
    """The page in the language `speak` (by default the report's). `image`: data URI of a row of the data set."""
    with speaking(speak or report.language):
        view = _view(report, course, cells, image, person or Person())
        said = {kind: _(text) for kind, text in SAID.items()}
        return html.page("feedback.html", styles=("page.css", "feedback.css"), page=view, marks=MARKS, said=said)


def pieces(text: str) -> Pieces:
    """A sentence as (is it code, text): what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick too many
        return [(False, text)]
    return [(number % 2 == 1, part) for number, part in enumerate(parts) if part]


def _view(
    report: Report, course: Course, cells: Sequence[Cell], image: Callable[[int], str] | None, person: Person
) -> dict[str, Any]:
    titles = titles_of(report.assignment, course)
    answers = {cell.name.removesuffix("-answer"): cell.code for cell in cells if cell.name.endswith("-answer")}
    questions = [
        _question(result, titles, answers.get(result.question, Markup()), image, person) for result in report.questions
    ]
    broken = {broken.sentence for broken in report.breaks}
    earned = sum(question["points"] for question in questions)
    versions = ", ".join(f"{name} {number}" for name, number in sorted(report.versions.items()))
    colophon = _("Graded with {versions}; isolation: {isolation}.", versions=versions, isolation=report.isolation)
    return {
        "course": course.course.title.in_language(language()),
        "student": report.student,
        "title": titles.get("", report.assignment),
        "total": max(0.0, earned - person.penalty),
        "out_of": report.out_of,
        "opening": _opening(questions, report.first_cause),
        "deductions": _deductions(earned, person),
        "questions": questions,
        "limits": [(b.sentence, _(ADVICE[b.limit]) if b.limit in ADVICE else "") for b in report.breaks],
        "notes": [note for note in report.notes if note not in broken],
        "cells": cells,
        "any_undecided": any(question["state"] == "undecided" for question in questions),
        "colophon": colophon,
    }


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


def _opening(questions: Sequence[Mapping[str, Any]], cause: FirstCause | None = None) -> list[str]:
    """Two or three sentences that say where one stands and what to look at first: the first cause, else the earliest open question."""
    right = sum(question["state"] == "passed" for question in questions)
    waiting = sum(question["state"] == "undecided" for question in questions)
    if right == len(questions):
        return [_("Everything is right. Well done!")]
    said = [cause.sentence] if cause is not None else []
    if right:
        said.append(_("{right} of {all} questions are completely right.", right=right, all=len(questions)))
    else:
        said.append(_("This is a start. Take the questions one by one: each tells you what to look at."))
    open_ = [question for question in questions if question["state"] in ("failed", "partly")]
    if open_ and cause is None:
        said.append(_("Look at “{title}” first: later questions may depend on it.", title=open_[0]["title"]))
    if waiting:
        said.append(
            ngettext(
                "One question could not be decided by the grader: a person will look at it, so your score may still rise.",
                "{number} questions could not be decided by the grader: a person will look at them, so your score may still rise.",
                waiting,
            )
        )
    return said


def _deductions(earned: float, person: Person) -> list[str]:
    if not person.penalty:
        return []
    points, penalty = html.plain(earned), html.plain(person.penalty)
    return [_("{points} points for your work, less {penalty} for being late.", points=points, penalty=penalty)]


def _question(
    result: QuestionResult, titles: Mapping[str, str], code: Markup, image: Callable[[int], str] | None, person: Person
) -> dict[str, Any]:
    manual = person.scores.get(result.question)
    points = result.points if manual is None else manual
    exhibit = result.exhibit or Exhibit()
    said = ""
    if manual is not None:
        said = _("A person gave {points} points for this question.", points=html.plain(manual))
    checks = [
        _check(outcome, titles.get(f"{result.question}/{outcome.check}", outcome.title), result)
        for outcome in result.outcomes
    ]
    return {
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
        "networks": _networks(exhibit),
        **_learning(exhibit),
        "mistakes": _mistakes(exhibit, image),
    }


def anchor(question: str) -> str:
    """Where a question stands in the page: what follows ``#`` in its address."""
    return f"question-{question}"


def state(result: QuestionResult, manual: float | None = None) -> str:
    """passed, partly, failed or undecided; a person's score decides."""
    if manual is None and result.undecided:
        return "undecided"
    points = result.points if manual is None else manual
    if points >= result.out_of - 1e-9:
        return "passed"
    return "partly" if points > 0 else "failed"


def _check(outcome: Outcome, title: str, result: QuestionResult) -> dict[str, Any]:
    failed = outcome.status is Status.FAILED
    told = failed and not outcome.hidden  # of a hidden check: title, status, hint
    reason = outcome.actual if outcome.status in (Status.UNDECIDED, Status.SKIPPED) else ""
    return {
        "kind": "partly" if failed and outcome.points else outcome.status.value,
        "title": pieces(title),
        "hidden": outcome.hidden,
        "expected": outcome.expected if told else "",
        "actual": outcome.actual if told else "",
        "reason": pieces(reason),
        "hint": pieces(outcome.hint if failed and outcome.hint != result.hint else ""),
        "points": outcome.points,
        "out_of": outcome.out_of,
    }


# ---- exhibits


def _networks(exhibit: Exhibit) -> list[dict[str, Any]]:
    own = {network.name: network for network in exhibit.networks}
    asked = {network.name: network for network in exhibit.expected}
    return [
        {
            "name": name,
            "own": Markup(network_svg(own[name])) if name in own else "",
            "asked": Markup(network_svg(asked[name])) if name in asked else "",
            "total": _total(own.get(name)),
            "marked": any(layer.differs for n in (own.get(name), asked.get(name)) if n for layer in n.layers),
        }
        for name in {**own, **asked}
    ]


def _total(network: Network | None) -> str:
    if network is None or network.parameters is None:
        return ""
    return ngettext("{number:,} parameter in all", "{number:,} parameters in all", network.parameters)


def _learning(exhibit: Exhibit) -> dict[str, Any]:
    """Charts and figures of the trainings: both metrics of one training, or one metric of several networks."""
    thresholds = {accuracy.network: accuracy for accuracy in exhibit.accuracies}
    networks = {curve.network for curve in exhibit.curves}
    groups = [exhibit.curves] if len(networks) > 1 else [(curve,) for curve in exhibit.curves[:3]]
    charts = []
    for group in groups:
        asked = thresholds.get(group[0].network) if len(networks) == 1 else None
        compared = len(group) > 1
        names = {
            "accuracy": _("Accuracy on the hold-out") if compared else _("Accuracy"),
            "loss": _("Loss on the hold-out") if compared else _("Loss"),
        }
        for metric, name in names.items():
            line = asked.at_least if asked is not None and metric == "accuracy" else None
            charts.append(Markup(curves_svg(lines_of(group, metric), name, line)))
    measured = [
        {
            "reached": accuracy.measured >= accuracy.at_least,
            "what": _("Accuracy on {split}:", split=split_name(accuracy.split)),
            "value": f"{accuracy.measured:.4f}",
            "asked": _("asked for: {number}", number=f"{accuracy.at_least:.3g}"),
        }
        for accuracy in exhibit.accuracies
    ]
    trained = [
        ngettext("{name}: {number} epoch with {optimizer}", "{name}: {number} epochs with {optimizer}", curve.epochs,
                 name=curve.network, optimizer=curve.optimizer)
        for curve in exhibit.curves
    ]  # fmt: skip
    charts = [chart for chart in charts if chart]
    return {"charts": charts, "measured": measured, "trained": trained, "epochs": _epochs(exhibit.curves)}


def _epochs(curves: Sequence[Curve]) -> dict[str, Any]:
    """The numbers behind the charts, an epoch a row."""
    columns: dict[str, Sequence[float | None]] = {}
    for number, curve in enumerate(curves, 1):
        for metric in METRICS:
            if metric in curve.history:
                name = metric if len(curves) == 1 else f"{curve.network} {metric}"
                columns[name if name not in columns else f"{name} ({number})"] = curve.history[metric]
    if not columns:
        return {}
    length = max(map(len, columns.values()))
    rows = [
        [
            "–" if epoch >= len(values) or (value := values[epoch]) is None else f"{value:.4f}"
            for values in columns.values()
        ]
        for epoch in range(length)
    ]
    return {"names": list(columns), "rows": rows}


def _mistakes(exhibit: Exhibit, image: Callable[[int], str] | None) -> list[dict[str, str]]:
    if image is None:
        return []
    shown = []
    for mistake in exhibit.mistakes:
        label, predicted = class_name(mistake.label), class_name(mistake.predicted)
        said = _("an image of the class {label}, taken for {predicted}", label=label, predicted=predicted)
        shown.append({"image": image(mistake.row), "label": label, "predicted": predicted, "said": said})
    return shown
