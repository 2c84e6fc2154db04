"""The picture of the evidence: the spread of each network's accuracy at each check, with the threshold marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.authoring.calibration.thresholds import Rate, Threshold
from autograder.common.errors import AutograderError
from autograder.common.i18n import N_, _

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
        path.write_text(path.read_text("utf-8").rstrip("\n") + "\n", "utf-8")


def chart(thresholds: Sequence[Threshold]) -> Any:
    """The Altair chart: whiskers from minimum to maximum, bars from quartile to quartile, the median as a tick."""
    import altair as alt

    low = min([FLOOR, *(t.at_least for t in thresholds)])
    panels = [_panel(alt, threshold, low) for threshold in thresholds]
    title = alt.TitleParams(
        _("Accuracy over seeds, and the thresholds of the course"),
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


def _panel(alt: Any, threshold: Threshold, low: float) -> Any:
    rows = [_row(rate, low) for rate in threshold.rates]
    names = [row["network"] for row in rows]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("network:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, grid=True)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=[_(kind) for kind in KINDS.values()], range=list(COLOURS))),
    )
    axis = alt.X(
        "minimum:Q", scale=alt.Scale(domain=[low, 0.95]), title=_("accuracy"), axis=alt.Axis(format=".2f", tickCount=7)
    )
    seen = base.transform_filter("datum.maximum > datum.low")
    whisker = seen.mark_rule(strokeWidth=1.5).encode(x=axis, x2="maximum:Q")
    box = seen.mark_bar(height=9, opacity=0.85).encode(x="q25:Q", x2="q75:Q")
    median = seen.mark_tick(height=15, thickness=2).encode(x="median:Q")
    below = (
        base.transform_filter("datum.maximum <= datum.low")
        .mark_text(align="left", fontSize=11, dx=2)
        .encode(x=alt.datum(low), text="below:N")
    )
    mark = alt.Chart(alt.Data(values=[{"at_least": threshold.at_least, "text": f"{threshold.at_least:g}"}]))
    line = mark.mark_rule(color=THRESHOLD, strokeDash=[5, 3], strokeWidth=1.5).encode(x="at_least:Q")
    number = mark.mark_text(color=THRESHOLD, fontSize=11, fontWeight="bold", dy=-7, baseline="bottom").encode(
        x="at_least:Q", y=alt.value(0), text="text:N"
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
        return threshold.split
    return _(
        "{split}; {margin} sd below the mean of {count} trainings",
        split=threshold.split, margin=f"{margin:.1f}", count=threshold.reference.summary.n,
    )  # fmt: skip


def _row(rate: Rate, low: float) -> dict[str, Any]:
    summary = rate.summary
    quantiles = summary.quantiles
    return {
        "network": rate.about, "kind": _(KINDS[rate.kind]), "low": low,
        # A whisker that begins left of the axis is cut there.
        "minimum": max(low, summary.minimum), "maximum": summary.maximum,
        "q25": max(low, quantiles["0.25"]), "q75": max(low, quantiles["0.75"]), "median": max(low, quantiles["0.5"]),
        "below": _("◂ {mean}, off the scale", mean=f"{summary.mean:.2f}"),
    }  # fmt: skip
