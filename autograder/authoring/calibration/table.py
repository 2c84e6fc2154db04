"""Thresholds and their evidence for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from autograder.authoring.calibration.thresholds import Rate, Threshold
from autograder.common.i18n import N_, _, ngettext

_STYLES = {"reference": "bold", "variation": "", "wrong": "dim"}
LEGEND = N_(
    "false fail, false pass: how often a right network fails and a wrong one passes, at most (95 %, Clopper and Pearson). "
    "A network in brackets loses other checks anyway."
)


def tables(thresholds: Sequence[Threshold]) -> Iterator[Table]:
    """One for each check: a row for each network."""
    for threshold in thresholds:
        made = Table(title=_title(threshold), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        made.add_column(_("network"), overflow="fold")
        for name in ("n", _("mean"), _("sd"), _("lowest"), _("passes")):
            made.add_column(name, justify="right", no_wrap=True)
        made.add_column(_("at most"), no_wrap=True)
        for rate in threshold.rates:
            made.add_row(*_cells(rate), style=_STYLES[rate.kind])
        yield made


def _title(threshold: Threshold) -> str:
    aim = threshold.aim
    given = (("\u2265", aim.at_least), ("\u2264", aim.at_most))
    bounds = [f"{sign} {bound:g}" for sign, bound in given if bound is not None]
    name = f"{threshold.assignment}.{threshold.place}: {aim.key} {', '.join(bounds)}"
    if threshold.margin is None:
        return f"{escape(name)}, " + _("no evidence")
    said = N_("{margin:.1f} sd below the mean") if aim.at_most is None else N_("{margin:.1f} sd from the mean")
    return f"{escape(name)}, " + _(said, margin=threshold.margin)


def _cells(rate: Rate) -> tuple[str, ...]:
    summary = rate.summary
    if rate.kind == "wrong":
        bound = _("{rate:.1%} false pass", rate=rate.passes_at_most)
    else:
        bound = _("{rate:.1%} false fail", rate=rate.fails_at_most)
    about = escape(_(rate.about))
    return (
        f"({about})" if rate.caught_by else about, str(summary.n), f"{summary.mean:.4f}",
        f"{summary.sd:.4f}", f"{summary.minimum:.4f}", f"{rate.passed}/{summary.n}", bound,
    )  # fmt: skip


def problem_lines(thresholds: Sequence[Threshold]) -> Iterator[str]:
    """Markup: a line for each problem, with its remedy; a single good one when there is none."""
    amiss = [threshold for threshold in thresholds if threshold.problems]
    for threshold in amiss:
        place = escape(f"{threshold.assignment}.{threshold.place}")
        for problem in threshold.problems:
            yield f"[bold red]\u2717[/] [bold]{place}[/]: {escape(problem)}"
        yield f"  {escape(threshold.remedy)}"
    if not amiss:
        yield "[green]\u2713[/] " + ngettext(
            "{number} threshold, and it is earned", "{number} thresholds, and all are earned", len(thresholds)
        )
