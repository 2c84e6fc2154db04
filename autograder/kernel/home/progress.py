"""What is left of an assignment: what ``check.progress()`` shows, for a terminal and as HTML for a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from autograder.common.i18n import N_, _, ngettext
from autograder.common.results import Status
from autograder.common.showing.outcome_table import CHIPS, FRAME, chip, points, show


class Stage(Enum):
    """How far a question is: its mark, its colour in a notebook and in a terminal, and what it is called."""

    DONE = ("✓", CHIPS[Status.PASSED], "green", N_("done"))
    ANSWERED = ("✓", CHIPS[Status.PASSED], "green", N_("answered; decided after the deadline"))
    PARTLY = ("◐", CHIPS[Status.UNDECIDED], "yellow", N_("partly"))
    NOT_YET = ("✗", CHIPS[Status.FAILED], "red", N_("not yet"))
    UNANSWERED = ("·", CHIPS[Status.SKIPPED], "bright_black", N_("not answered yet"))

    @property
    def said(self) -> str:
        return _(self.value[3])


class State(NamedTuple):
    """A question's stage; `points` of `out_of` by visible checks, and `hidden` points that grading decides."""

    question: str
    title: str
    stage: Stage
    points: float
    out_of: float
    hidden: float


def _sums(states: Sequence[State]) -> str:
    earned, out_of = sum(s.points for s in states), sum(s.out_of for s in states)
    hidden = sum(s.hidden for s in states)
    left = [s for s in states if s.stage in (Stage.PARTLY, Stage.NOT_YET, Stage.UNANSWERED)]
    said = [_("{earned} of {out_of} points by visible checks.", earned=points(earned), out_of=points(out_of))]
    if hidden:
        said.append(_("{hidden} more points are decided when this is graded.", hidden=points(hidden)))
    if left:
        titles = ", ".join(s.question.partition(".")[2] for s in left)
        said.append(
            ngettext(
                "{number} question is left: {titles}.",
                "{number} questions are left: {titles}.",
                len(left),
                titles=titles,
            )
        )
    else:
        said.append(_("Nothing is left: restart the kernel, run all cells, save, and hand in."))
    return " ".join(said)


def as_text(states: Sequence[State]) -> Table:
    table = Table(
        title=_("Progress"), title_justify="left", title_style="bold", caption=_sums(states), caption_justify="left",
        show_header=False,
    )  # fmt: skip
    for column in ({"width": 1}, {}, {}, {"justify": "right"}, {}):
        table.add_column(**column)
    for s in states:
        mark, _ink, colour, _name = s.stage.value
        table.add_row(
            Text(mark, style=colour), Text(s.question), Text(s.title), f"{points(s.points)} / {points(s.out_of)}",
            Text(f"{s.stage.said}{_extra(s)}", style=colour),
        )  # fmt: skip
    return table


def _extra(one: State) -> str:
    return " " + _("(+ {hidden} hidden)", hidden=points(one.hidden)) if one.hidden else ""


def as_html(states: Sequence[State]) -> str:
    """Inline styles only, no scripts: the same in JupyterLab, Notebook 7, VS Code and Colab."""
    earned, out_of = sum(s.points for s in states), sum(s.out_of for s in states)
    title = _("Progress")
    share = 100 * earned / out_of if out_of else 0
    rows = []
    for s in states:
        mark, ink, _colour, _name = s.stage.value
        rows.append(
            f'<tr style="background:none"><td style="padding:3px 6px 3px 10px">{chip(mark, ink)}</td>'
            f'<td style="text-align:left;padding:3px 8px">{html.escape(s.title)} '
            f"<code>{html.escape(s.question)}</code></td>"
            f'<td style="text-align:right;padding:3px 8px;white-space:nowrap">{points(s.points)} / {points(s.out_of)}</td>'
            f'<td style="text-align:left;padding:3px 10px">{html.escape(s.stage.said + _extra(s))}</td></tr>'
        )
    return (
        f'<table style="{FRAME}" class="autograder-progress">'
        f'<caption style="text-align:left;font-weight:bold;caption-side:top;padding:2px 0;color:inherit">'
        f"{html.escape(title)}"
        f'<div style="height:6px;margin:3px 0;background:#8884;border-radius:3px"><div style="height:6px;'
        f'width:{share:.0f}%;background:#1a7f37;border-radius:3px"></div></div></caption><tbody>{"".join(rows)}</tbody>'
        f'<tfoot><tr style="background:none"><td colspan="4" style="text-align:left;padding:5px 10px;'
        f'border-top:1px solid #8886;white-space:normal">{html.escape(_sums(states))}</td></tr></tfoot></table>'
    )


def show_progress(states: Sequence[State]) -> None:
    show(as_html(states), as_text(states))
