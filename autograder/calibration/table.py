"""Thresholds and their evidence for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from autograder.calibration.thresholds import Rate, Threshold

_STYLES = {"reference": "bold", "variation": "", "wrong": "dim"}
LEGEND = (
    "false fail, false pass: how often a right network fails and a wrong one passes, at most (95 %, Clopper and Pearson). "
    "A network in brackets loses other checks anyway."
)


def tables(thresholds: Sequence[Threshold]) -> Iterator[Table]:
    """One for each check: a row for each network."""
    for threshold in thresholds:
        made = Table(title=_title(threshold), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        made.add_column("network", overflow="fold")
        for name in ("n", "mean", "sd", "lowest", "passes"):
            made.add_column(name, justify="right", no_wrap=True)
        made.add_column("at most", no_wrap=True)
        for rate in threshold.rates:
            made.add_row(*_cells(rate), style=_STYLES[rate.kind])
        yield made


def _title(threshold: Threshold) -> str:
    name = f"{threshold.assignment}.{threshold.place}: {threshold.split} \u2265 {threshold.at_least:g}"
    if threshold.margin is None:
        return f"{escape(name)}, no evidence"
    return f"{escape(name)}, {threshold.margin:.1f} sd below the mean"


def _cells(rate: Rate) -> tuple[str, ...]:
    summary = rate.summary
    bound = f"{rate.passes_at_most:.1%} false pass" if rate.kind == "wrong" else f"{rate.fails_at_most:.1%} false fail"
    return (
        f"({escape(rate.about)})" if rate.caught_by else escape(rate.about), str(summary.n), f"{summary.mean:.4f}",
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
        yield f"[green]\u2713[/] all {len(thresholds)} thresholds are earned"
