"""The picture of the evidence: the spread of what each network reaches at each check, with the threshold marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.authoring.calibration.thresholds import Rate, Threshold
from autograder.common.errors import AutograderError
from autograder.common.files import text_of
from autograder.common.i18n import N_, _
from autograder.course.checks.ranges import ACCURACY

KINDS = {"reference": N_("solution"), "variation": N_("accepted variation"), "wrong": N_("typical mistake")}
COLOURS = ("#1b6e53", "#6b7f99", "#c2571a")  # each at least 3 to 1 on white, told apart without red and green
THRESHOLD = "#a3123a"
FLOOR = 0.6  # accuracy at which the axis begins: a network that was not trained guesses, at 0.1
WIDTH, ROW = 300, 21  # pixels


def draw(thresholds: Sequence[Threshold], path: Path) -> None:
    """Write `path` (.svg, .png or .html): a panel for each check. Raises AutograderError for another suffix or no evidence."""
    if path.suffix not in (".svg", ".png", ".html"):
        raise AutograderError(
            _("{path} is neither .svg, .png nor .html", path=path),
            _("Name the plot like calibration.svg."),
            misused=True,
        )
    shown = [threshold for threshold in thresholds if threshold.rates]
    if not shown:
        raise AutograderError(_("there is no evidence to draw"), _("Run `autograder calibrate` first."))
    path.parent.mkdir(parents=True, exist_ok=True)
    chart(shown).save(str(path), **({"scale_factor": 2} if path.suffix == ".png" else {}))
    if path.suffix == ".svg":
        path.write_text(text_of(path).rstrip("\n") + "\n", "utf-8")


def chart(thresholds: Sequence[Threshold]) -> Any:
    """The Altair chart: whiskers from minimum to maximum, bars from quartile to quartile, the median as a tick."""
    import altair as alt

    low = min([FLOOR, *(t.aim.threshold for t in thresholds if t.aim.metric == ACCURACY)])
    panels = [_panel(alt, threshold, low if threshold.aim.metric == ACCURACY else None) for threshold in thresholds]
    accuracies = all(threshold.aim.metric == ACCURACY for threshold in thresholds)
    title = alt.TitleParams(
        _("Accuracy over seeds, and the thresholds of the course")
        if accuracies
        else _("What networks reach over seeds, and the thresholds of the course"),
        subtitle=_("whisker: lowest to highest; bar: middle half; tick: median; dashed line: threshold"),
        anchor="start", fontSize=15, subtitleFontSize=11, offset=14,
    )  # fmt: skip
    return (
        alt.concat(*panels, columns=2, title=title, spacing=26, background="white")
        .configure(font="DejaVu Sans, Verdana, Noto Sans KR, Malgun Gothic, sans-serif", padding=12)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, titleFontSize=11, gridColor="#e7e7ea", domainColor="#9a9aa2", labelLimit=240)
        .configure_legend(labelFontSize=11, orient="bottom", title=None, symbolType="square")
    )


def _panel(alt: Any, threshold: Threshold, low: float | None) -> Any:
    """`low`: where the axis of an accuracy begins; None for another metric, whose axis has room for the right and for the near."""
    begin, end, what, ticks = (
        (low, 0.95, _("accuracy"), ".2f") if low is not None else (*_room(threshold), threshold.aim.metric, "~g")
    )
    rows = [_row(rate, begin, end) for rate in threshold.rates]
    names = [row["network"] for row in rows]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("network:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, grid=True)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=[_(kind) for kind in KINDS.values()], range=list(COLOURS))),
    )
    axis = alt.X(
        "minimum:Q", scale=alt.Scale(domain=[begin, end]), title=what, axis=alt.Axis(format=ticks, tickCount=7)
    )
    seen = base.transform_filter("!datum.off")
    whisker = seen.mark_rule(strokeWidth=1.5).encode(x=axis, x2="maximum:Q")
    box = seen.mark_bar(height=9, opacity=0.85).encode(x="q25:Q", x2="q75:Q")
    median = seen.mark_tick(height=15, thickness=2).encode(x="median:Q")
    below = (
        base.transform_filter("datum.off")
        .mark_text(align="left", fontSize=11, dx=2)
        .encode(x=alt.datum(begin), text="below:N")
    )
    bounds = [bound for bound in (threshold.aim.at_least, threshold.aim.at_most) if bound is not None]
    mark = alt.Chart(alt.Data(values=[{"bound": bound, "text": f"{bound:g}"} for bound in bounds]))
    line = mark.mark_rule(color=THRESHOLD, strokeDash=[5, 3], strokeWidth=1.5).encode(x="bound:Q")
    number = mark.mark_text(color=THRESHOLD, fontSize=11, fontWeight="bold", dy=-7, baseline="bottom").encode(
        x="bound:Q", y=alt.value(0), text="text:N"
    )
    title = alt.TitleParams(
        f"{threshold.assignment}.{threshold.place}", subtitle=_about(threshold), anchor="start", fontSize=12, offset=16,
        subtitleFontSize=11,
    )  # fmt: skip
    layers = alt.layer(whisker, box, median, below, line, number)
    return layers.properties(width=WIDTH, height=ROW * len(rows), title=title)


def _about(threshold: Threshold) -> str:
    margin = threshold.margin
    if margin is None or threshold.reference is None:
        return threshold.aim.key
    said = (
        N_("{split}; {margin} sd below the mean of {count} trainings")
        if threshold.aim.at_most is None
        else N_("{split}; {margin} sd from the mean of {count} trainings")
    )
    return _(said, split=threshold.aim.key, margin=f"{margin:.1f}", count=threshold.reference.summary.n)


def _room(threshold: Threshold) -> tuple[float, float]:
    """From the lowest to the highest of right networks and bounds, and as much again on either side."""
    right = [rate.summary for rate in threshold.rates if rate.kind != "wrong"] or [threshold.rates[0].summary]
    bounds = [bound for bound in (threshold.aim.at_least, threshold.aim.at_most) if bound is not None]
    low = min([*bounds, *(summary.minimum for summary in right)])
    high = max([*bounds, *(summary.maximum for summary in right)])
    return low - (high - low or 1.0), high + (high - low or 1.0)


def _row(rate: Rate, low: float, high: float) -> dict[str, Any]:
    summary = rate.summary
    cut = {name: min(high, max(low, value)) for name, value in summary.quantiles.items()}
    return {
        "network": rate.about, "kind": _(KINDS[rate.kind]), "off": summary.maximum <= low or summary.minimum >= high,
        # A whisker that begins beside the axis is cut there.
        "minimum": max(low, summary.minimum), "maximum": min(high, summary.maximum),
        "q25": cut["0.25"], "q75": cut["0.75"], "median": cut["0.5"],
        "below": _("◂ {mean}, off the scale", mean=f"{summary.mean:.2f}"),
    }  # fmt: skip
