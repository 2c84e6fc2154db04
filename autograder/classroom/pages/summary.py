"""What the terminal shows after grading: a table of the class, and a line for each failed check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.table import Table
from rich.text import Text

from autograder.common.i18n import _
from autograder.common.results import Report, Status
from autograder.common.showing.outcome_table import COLOURS, MARKS, points
from autograder.common.showing.readable import shorten


class Scored(Protocol):
    """What the table shows of a submission: a `Report`, or something that knows its totals."""

    @property
    def student(self) -> str: ...
    @property
    def assignment(self) -> str: ...
    @property
    def points(self) -> float: ...
    @property
    def out_of(self) -> float: ...
    @property
    def undecided(self) -> bool: ...


def class_table(reports: Sequence[Scored], order: Iterable[str], penalties: dict[tuple[str, str], float]) -> Table:
    """Students by assignments, these in `order`. ``!`` marks undecided checks, which wait for a person; penalties are subtracted."""
    held = {report.assignment for report in reports}
    assignments = [name for name in order if name in held]
    table = Table(title=_("Scores"), title_justify="left", caption_justify="left")
    table.add_column(_("student"), no_wrap=True)
    worth = {report.assignment: report.out_of for report in reports}
    for name in assignments:
        table.add_column(_("{name}\n(of {points})", name=name, points=points(worth[name])), justify="right")
    table.add_column(_("total"), justify="right")
    undecided = late = False
    by_student: dict[str, dict[str, Scored]] = {}
    for report in reports:
        by_student.setdefault(report.student, {})[report.assignment] = report
    for student, own in by_student.items():
        cells, total = [], 0.0
        for name in assignments:
            if name not in own:
                cells.append(Text("–", style="bright_black"))
                continue
            report = own[name]
            penalty = penalties.get((student, name), 0.0)
            score = report.points - penalty
            total += score
            undecided, late = undecided or report.undecided, late or penalty > 0
            cell = Text(points(round(score, 2)), style="green" if score >= report.out_of - 1e-9 else "")
            cell.append("!" if report.undecided else "", style="yellow")
            cell.append(f" (−{points(round(penalty, 2))})" if penalty else "", style="yellow")
            cells.append(cell)
        table.add_row(Text(shorten(student, 60)), *cells, points(round(total, 2)))
    captions = [_("! undecided: waits for a person")] * undecided + [_("(−…) subtracted for being late")] * late
    table.caption = "; ".join(captions) or None
    return table


def failed_checks(report: Report) -> Iterable[Text]:
    """The first cause of the notebook's errors, and a line for each check that did not pass: question, check, found, hint."""
    if report.first_cause:
        yield Text(f"  {shorten(report.student, 60)} {report.assignment}: {report.first_cause.sentence}", style="red")
    for question in report.questions:
        if question.problem and not any(outcome.actual for outcome in question.outcomes):
            yield Text(
                f"  {shorten(report.student, 60)} {report.assignment}.{question.question}: {question.problem} {question.hint}".rstrip(),
                style="red",
            )
            continue
        if question.problem:
            yield Text(
                f"  {shorten(report.student, 60)} {report.assignment}.{question.question} {question.problem} {question.hint}".rstrip(),
                style="red",
            )
        for outcome in question.outcomes:
            if outcome.status is not Status.PASSED:
                line = Text(f"  {shorten(report.student, 60)} {report.assignment}.{question.question} ")
                line.append(f"{MARKS[outcome.status]} {outcome.title}", style=COLOURS[outcome.status])
                detail = "; ".join(part for part in (outcome.actual, outcome.hint) if part)
                line.append(f": {detail}" if detail else "")
                yield line
