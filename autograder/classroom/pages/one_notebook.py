"""What `autograder try` shows of one notebook: a table for the terminal, and the same for the page of a GitHub workflow.

The page is Markdown as GitHub takes it from the file ``$GITHUB_STEP_SUMMARY``
(https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary). What a student wrote is
escaped there, character by character: it can make neither a link nor a picture nor a row.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from autograder.common.i18n import _, ngettext
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.showing.outcome_table import COLOURS, MARKS, lines, points, trouble
from autograder.common.showing.readable import shorten
from autograder.course.released_checks import HiddenCheck

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:@$])")


def table(report: Report) -> Table:
    """A row a question: its mark, what did not pass, and its points."""
    made = Table(show_header=False)
    made.add_column(width=1)
    made.add_column(overflow="fold")
    made.add_column(justify="right", no_wrap=True)
    for question in report.questions:
        text = Text(shorten(question.title), style="" if question.status is Status.PASSED else "bold")
        for part, style in _said(question, report):
            text.append(f"\n{part}", style=style)
        made.add_row(Text(MARKS[question.status], style=COLOURS[question.status]), text, _points(question))
    return made


def markdown(report: Report, hidden: Sequence[HiddenCheck]) -> str:
    """The same as Markdown, for GitHub."""
    question, worth = _plain(_("question")), _plain(_("points"))
    rows = [f"### {_plain(total(report))}", "", f"| | {question} | {worth} |", "| --- | --- | ---: |"]
    for result in report.questions:
        said = "<br>".join([f"**{_plain(result.title)}**", *(_plain(part) for part, _style in _said(result, report))])
        rows.append(f"| {MARKS[result.status]} | {said} | {_points(result)} |")
    rows += ["", *(_plain(note) + "\n" for note in (*report.remarks, later(hidden)) if note)]
    return "\n".join(rows) + "\n"


def total(report: Report) -> str:
    """``two_layer: 12.5 of 20 points by visible checks``."""
    said = {"assignment": report.assignment, "points": points(report.points), "out_of": points(report.out_of)}
    return _("{assignment}: {points} of {out_of} points by visible checks", **said)


def later(hidden: Sequence[HiddenCheck]) -> str:
    """What will be looked at besides; '' if nothing will."""
    if not hidden:
        return ""
    worth = points(round(sum(check.points for check in hidden), 6))
    return ngettext(
        "{number} hidden check, for {points} points, will run when this is graded.",
        "{number} hidden checks, for {points} points, will run when this is graded.",
        len(hidden),
        points=worth,
    )


def _points(question: QuestionResult) -> str:
    return f"{points(question.points)} / {points(question.out_of)}"


def _said(question: QuestionResult, report: Report) -> Iterable[tuple[str, str]]:
    """Lines below a question's title, with a style: why it lost points, check by check; nothing if it lost none.

    What is wrong with the notebook as a whole stands once, below the table, and not in every row.
    """
    if question.status is Status.PASSED:
        return
    if problem := trouble(question):
        if problem in report.remarks:
            return
        yield shorten(problem, 1000), "red"
        if not any(outcome.actual or outcome.hint for outcome in question.outcomes):
            return
    for outcome in question.outcomes:
        if outcome.status is not Status.PASSED:
            yield f"{MARKS[outcome.status]} {_check(outcome)}", "not bold"


def _check(outcome: Outcome) -> str:
    said = "; ".join(f"{label}: {text}" if label else text for label, text in lines(outcome))
    return shorten(f"{outcome.title}: {said}" if said else outcome.title, 1000)


def _plain(text: str) -> str:
    """`text` as Markdown that says nothing else; `names` stay set as code."""
    parts = re.split(r"`([^`|]+)`", " ".join(text.split()))
    return "".join(
        f"<code>{_escaped(part)}</code>" if number % 2 else _escaped(part) for number, part in enumerate(parts)
    )


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", html.escape(text, quote=False))
