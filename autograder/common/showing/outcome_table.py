"""What `check` prints: a table for a terminal, or the same as HTML in a notebook."""

from __future__ import annotations

import html
import io
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from autograder.common.i18n import N_, _, ngettext
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.showing.network_drawing import network_svg

MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.UNDECIDED: "?", Status.SKIPPED: "–"}
COLOURS = {Status.PASSED: "green", Status.FAILED: "red", Status.UNDECIDED: "yellow", Status.SKIPPED: "bright_black"}
SAID = {
    Status.PASSED: N_("passed"),
    Status.FAILED: N_("failed"),
    Status.UNDECIDED: N_("undecided"),
    Status.SKIPPED: N_("skipped"),
}


class Hidden(NamedTuple):
    """What students are told of a hidden check before it is decided: what is wrong with the answer's form (`found`), if anything is.

    `looked_at`: the form was looked at, and an answer may have it.
    """

    title: str
    points: float
    looked_at: bool = False
    expected: str = ""
    found: str = ""
    hint: str = ""

    @property
    def status(self) -> Status:
        return Status.FAILED if self.found else Status.SKIPPED

    def lines(self) -> list[tuple[str, str]]:
        """As `lines` of an outcome."""
        if self.found:
            labelled = [(_("expected"), self.expected), (_("found"), self.found), (_("hint"), self.hint)]
            return [(label, text) for label, text in labelled if text]
        if self.looked_at:
            return [("", _("is well-formed; whether it is right is checked after the deadline"))]
        return [("", _("is checked after the deadline"))]


def points(value: float) -> str:
    return f"{value:g}"


def lines(outcome: Outcome) -> list[tuple[str, str]]:
    """What there is to say about an outcome, as (label, text); what the title says already is not said again."""
    if outcome.status is Status.PASSED:
        return []
    expected = "" if outcome.expected and outcome.expected in outcome.title else outcome.expected
    labelled = [(_("expected"), expected), (_("found"), outcome.actual), (_("hint"), outcome.hint)]
    if outcome.status is not Status.FAILED:
        labelled = [("", outcome.actual), (_("hint"), outcome.hint)]
    return [(label, text) for label, text in labelled if text]


def by_cause(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome for all that say the same of the same: a network that wasn't built is one thing, and not five."""
    found: dict[object, Outcome] = {}
    for number, one in enumerate(outcomes):
        said = (
            one.status in (Status.FAILED, Status.SKIPPED, Status.UNDECIDED)
            and one.actual
            and (one.hint or one.status is not Status.FAILED)
        )
        key: object = (one.status, one.hidden, one.expected, one.actual, one.hint) if said else number
        first = found.get(key)
        more = {"title": f"{first.title}; {one.title}", "out_of": first.out_of + one.out_of} if first else {}
        found[key] = first.model_copy(update=more) if first else one
    return list(found.values())


def heading(result: QuestionResult) -> str:
    return f"{result.question}  {result.title}"


def trouble(result: QuestionResult) -> str:
    return " ".join(part for part in (result.problem, result.hint) if part)


def footer(result: QuestionResult, hidden: Sequence[Hidden]) -> str:
    total = _("{points} of {out_of} points", points=points(result.points), out_of=points(result.out_of))
    if not hidden:
        return total
    later = ngettext(
        "{number} hidden check is worth {worth}.", "{number} hidden checks are worth {worth}.", len(hidden),
        worth=points(sum(one.points for one in hidden)),
    )  # fmt: skip
    visible = _("{total} by visible checks.", total=total)
    return f"{visible} {later}" if result.outcomes else later


def as_text(result: QuestionResult, hidden: Sequence[Hidden] = ()) -> Table:
    table = Table(
        title=escape(heading(result)), title_justify="left", title_style="bold", caption=footer(result, hidden),
        caption_justify="left", show_header=False, expand=False,
    )  # fmt: skip
    if trouble(result):
        table.title = f"{heading(result)}\n[red]{escape(trouble(result))}[/]"
    table.add_column(width=1)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for outcome in by_cause(result.outcomes):
        earned = f"{points(outcome.points)} / {points(outcome.out_of)}"
        table.add_row(*_cells(outcome.status, outcome.title, lines(outcome), outcome.hint), earned)
    for one in hidden:
        table.add_row(*_cells(one.status, one.title, one.lines(), one.hint), f"({points(one.points)})")
    return table


def _cells(status: Status, title: str, said: Sequence[tuple[str, str]], hint: str) -> tuple[Text, Text]:
    text = Text(title, style="bold" if status is Status.FAILED else "")
    for label, content in said:
        text.append(f"\n{label + ': ' if label else ''}{content}", style="italic" if content == hint else "not bold")
    return Text(MARKS[status], style=COLOURS[status]), text


FRAME = (
    "border-collapse:collapse;margin:.4em 0;font-family:system-ui,sans-serif;font-size:13px;max-width:52em;"
    "border:1px solid #8886;text-align:left"
)
# White on these is readable on any page, light or dark: no colour of a text is, on both.
CHIPS = {Status.PASSED: "#1a7f37", Status.FAILED: "#cf222e", Status.UNDECIDED: "#8a5a00", Status.SKIPPED: "#59636e"}


def chip(text: str, ground: str, title: str = "") -> str:
    """A mark or a word, as HTML, that is readable whatever is around it."""
    said = f' title="{html.escape(title)}"' if title else ""
    return (
        f'<span{said} style="background:{ground};color:#ffffff;font-weight:bold;border-radius:3px;padding:0 5px;'
        f'display:inline-block">{html.escape(text)}</span>'
    )


def rich(text: str) -> str:
    """Escaped, with `names` set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def as_html(result: QuestionResult, hidden: Sequence[Hidden] = (), *, drawings: bool = False) -> str:
    """The table as HTML with inline styles: it looks the same in JupyterLab, VS Code and Colab, light or dark.

    `drawings`: the networks of its exhibit below it, beside those that are asked for.
    """
    rows = [
        _row(one.status, one.title, lines(one), f"{points(one.points)} / {points(one.out_of)}")
        for one in by_cause(result.outcomes)
    ]
    rows += [_row(one.status, one.title, one.lines(), f"({points(one.points)})") for one in hidden]
    problem = (
        f'<div style="font-weight:normal">{chip("!", CHIPS[Status.FAILED])} {rich(trouble(result))}</div>'
        if trouble(result)
        else ""
    )
    ink = CHIPS[result.status] if result.outcomes else CHIPS[Status.SKIPPED]
    return (
        f'<table style="{FRAME};border-left:4px solid {ink}" class="autograder-check">'
        f'<caption style="text-align:left;font-weight:bold;caption-side:top;padding:2px 0;color:inherit">'
        f"{html.escape(result.title)} <code>{html.escape(result.question)}</code>{problem}</caption>"
        f'<tbody>{"".join(rows)}</tbody><tfoot><tr style="background:none"><td colspan="3" '
        f'style="text-align:left;padding:5px 10px;border-top:1px solid #8886;white-space:normal">'
        f"{rich(footer(result, hidden))}</td></tr></tfoot></table>{_drawn(result) if drawings else ''}"
    )


def _row(status: Status, title: str, said: Sequence[tuple[str, str]], earned: str) -> str:
    mark = chip(MARKS[status], CHIPS[status], _(SAID[status]))
    detail = "".join(
        f'<div style="margin-top:2px">{f"<span style=opacity:.65>{label}:</span> " if label else ""}{rich(text)}</div>'
        for label, text in said
    )
    return (
        f'<tr style="background:none"><td style="vertical-align:top;padding:4px 6px 4px 10px">{mark}</td>'
        f'<td style="text-align:left;padding:4px 8px;white-space:normal">{rich(title)}{detail}</td>'
        f'<td style="text-align:right;vertical-align:top;padding:4px 10px;white-space:nowrap">{earned}</td></tr>'
    )


def _drawn(result: QuestionResult) -> str:
    """Figures that need neither scripts nor style sheets: unfolded where something is to be seen."""
    if result.exhibit is None or not result.exhibit.networks:
        return ""
    asked = {network.name: network for network in result.exhibit.expected}
    figures = []
    for network in result.exhibit.networks:
        pair = [(_("your network `{name}`", name=network.name), network)]
        pair += [(_("what is asked for"), asked[network.name])] if network.name in asked else []
        figures += [
            f'<figure style="margin:0;max-width:380px"><figcaption style="opacity:.75">{rich(words)}</figcaption>'
            f"{network_svg(shown, label=words)}</figure>"
            for words, shown in pair
        ]
    words_for_drawing = _("The network as a drawing")
    unfolded = "" if result.status is Status.PASSED else " open"
    return (
        f'<details{unfolded} style="font-family:system-ui,sans-serif;font-size:13px;margin:.2em 0 .6em">'
        f'<summary style="cursor:pointer">{html.escape(words_for_drawing)}</summary>'
        f'<div style="display:flex;flex-wrap:wrap;gap:1em 2em;padding:.4em 0">{"".join(figures)}</div></details>'
    )


def show_check(result: QuestionResult, hidden: Sequence[Hidden] = ()) -> None:
    """Print for where the code runs: HTML in a Jupyter kernel, coloured text elsewhere."""
    show(as_html(result, hidden, drawings=True), as_text(result, hidden))


def show(page: str, table: Table, metadata: dict[str, object] | None = None) -> None:
    """`page` in a Jupyter kernel, with `table` as its plain-text twin; `table` in a terminal. `metadata`: of the cell's output."""
    if "ipykernel" not in sys.modules:
        Console().print(table)
        return
    from IPython.display import display

    console = Console(file=io.StringIO(), width=100, record=True, color_system=None, force_jupyter=False)
    console.print(table)
    text = "\n".join(line.rstrip() for line in console.export_text().splitlines())
    display({"text/html": page, "text/plain": text}, raw=True, metadata=metadata or {})
