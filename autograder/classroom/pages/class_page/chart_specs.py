"""Charts of the class page: Vega-Lite specifications made with Altair, and the scripts that draw them offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import Any

from autograder.classroom.pages.class_page.item_analysis import EASY, HARD, POOR, Item
from autograder.common.errors import AutograderError
from autograder.common.files import cache_folder, put, text_of
from autograder.common.i18n import _

CURRENT = "currentColor"  # text and lines take the colour of the page: light, dark or printed
CONFIG: dict[str, Any] = {
    "background": None,
    "aria": False,  # the figure around the chart says in words what it shows
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": CURRENT, "titleColor": CURRENT, "domainColor": CURRENT, "tickColor": CURRENT, "gridColor": CURRENT,
        "gridOpacity": 0.15, "domainOpacity": 0.5, "tickOpacity": 0.5, "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": 500, "labelLimit": 260,
    },
    "header": {"labelColor": CURRENT, "titleColor": CURRENT, "labelFontSize": 12, "labelFontWeight": 600},
    "legend": {"labelColor": CURRENT, "titleColor": CURRENT, "symbolStrokeColor": CURRENT},
    "title": {"color": CURRENT},
    "text": {"color": CURRENT},
}  # fmt: skip
BLUE, ORANGE = "#3f7fbf", "#d9622b"
LEFT_EDGE = 0.6  # accuracies of networks that learned nothing would leave no room for the others


@cache
def scripts() -> str:
    """Vega, Vega-Lite and vega-embed as one script (some 900 KB). To make it takes seconds, so the user's cache keeps it by its version."""
    import vl_convert

    name = f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, AutograderError, UnicodeDecodeError):
        if kept := text_of(cache_folder() / "pages" / name):
            return kept
    made = str(vl_convert.javascript_bundle())  # type: ignore[call-arg]  # its stub knows no default
    with suppress(OSError, AutograderError):  # nowhere to keep it
        put(cache_folder() / "pages" / name, made)
    return made


def _data(rows: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def _spec(chart: Any) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict(validate=False)  # a test validates them: it takes as long as all the rest
    spec.pop("$schema", None)  # an address that nothing here needs
    spec["config"] = CONFIG
    return spec


def scores(counts: Sequence[int], most: int) -> dict[str, Any]:
    """The histogram of an assignment's scores: submissions by tenths of its points. `most`: where the axis ends, for all of them."""
    import altair as alt

    rows = [{"from": 10 * bin_, "to": 10 * bin_ + 10, "students": count} for bin_, count in enumerate(counts)]
    chart = (
        alt.Chart(_data(rows), width="container", height=130)
        .mark_bar(color=BLUE, binSpacing=1)
        .encode(
            x=alt.X("from:Q", bin="binned", title=_("score (%)"), scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 20, 40, 60, 80, 100])),
            x2="to:Q",
            y=alt.Y("students:Q", title=_("submissions"), scale=alt.Scale(domain=[0, most]), axis=alt.Axis(tickMinStep=1, tickCount=4)),
            tooltip=[alt.Tooltip("from:Q", title=_("from %")), alt.Tooltip("to:Q", title=_("to %")), alt.Tooltip("students:Q", title=_("submissions"))],
        )
    )  # fmt: skip
    return _spec(chart)


def items(found: Sequence[Item]) -> dict[str, Any]:
    """Facility against discrimination, a mark a check; what is outside the usual bounds is a triangle."""
    import altair as alt

    rows = [
        {
            "check": f"{item.assignment}.{item.question}.{item.check}", "title": item.title,
            "facility": round(item.facility, 3), "discrimination": round(item.discrimination, 3),
            "sort": _("look at it") if odd(item) else _("as usual"),
        }
        for item in found
        if item.facility is not None and item.discrimination is not None
    ]  # fmt: skip
    points = (
        alt.Chart(_data(rows), width="container", height=260)
        .mark_point(filled=True, size=70, opacity=0.85)
        .encode(
            x=alt.X("facility:Q", title=_("facility index: mean share of points (right: easy)"), scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            y=alt.Y("discrimination:Q", title=_("discrimination"), scale=alt.Scale(domain=[-0.6, 1])),
            shape=alt.Shape("sort:N", title=None, scale=alt.Scale(domain=[_("as usual"), _("look at it")], range=["circle", "triangle-up"])),
            color=alt.Color("sort:N", title=None, scale=alt.Scale(domain=[_("as usual"), _("look at it")], range=[BLUE, ORANGE])),
            tooltip=[alt.Tooltip("check:N", title=_("check")), alt.Tooltip("title:N", title=_("title")), alt.Tooltip("facility:Q", title=_("facility index")), alt.Tooltip("discrimination:Q", title=_("discrimination"))],
        )
    )  # fmt: skip
    bound = alt.Chart(_data([{"y": POOR}])).mark_rule(strokeDash=[4, 3], color=CURRENT, opacity=0.6).encode(y="y:Q")
    return _spec(points + bound)


def odd(item: Item) -> bool:
    """Whether a check deserves a look: it discriminates poorly, or nearly nobody passes it."""
    poor = item.discrimination is not None and item.discrimination < POOR
    facility = item.facility if item.facility is not None else 0.5
    return (poor and facility < EASY) or facility < HARD


def accuracies(measured: Mapping[str, Sequence[tuple[str, float, float]]]) -> dict[str, Any]:
    """Accuracies of the class, a mark for each that was measured (larger for several students), and what is asked for as a line."""
    import altair as alt

    alike: dict[tuple[str, float, float], list[str]] = {}
    for name, values in measured.items():
        for student, value, at_least in values:
            alike.setdefault((name, value, at_least), []).append(student)
    rows = [
        {
            "assignment": name, "accuracy": value, "asked": at_least, "count": len(own),
            "students": ", ".join(own[:8]) + (", …" if len(own) > 8 else ""),
            "sort": _("reached") if value >= at_least else _("not reached"),
        }
        for (name, value, at_least), own in alike.items()
    ]  # fmt: skip
    lowest = min([0.8, *(float(str(row["accuracy"])) for row in rows)])
    low = max(round(lowest - 0.02, 2), LEFT_EDGE)
    edge = f"datum.value <= {low} ? '≤ ' + datum.label : datum.label" if lowest < low else "datum.label"
    names = list(measured)
    base = alt.Chart(_data(rows), width="container", height=alt.Step(54)).encode(
        y=alt.Y("assignment:N", title=None, sort=names),
    )
    marks = base.mark_point(filled=True, opacity=0.7).encode(
        size=alt.Size("count:Q", legend=None, scale=alt.Scale(domain=[1, max(2, *(len(own) for own in alike.values()))], range=[60, 420])),
        x=alt.X("accuracy:Q", title=_("accuracy on the hold-out"), axis=alt.Axis(format=".2f", labelExpr=edge), scale=alt.Scale(domain=[low, 0.92], clamp=True, nice=False)),
        shape=alt.Shape("sort:N", title=None, scale=alt.Scale(domain=[_("reached"), _("not reached")], range=["circle", "triangle-down"])),
        color=alt.Color("sort:N", title=None, scale=alt.Scale(domain=[_("reached"), _("not reached")], range=[BLUE, ORANGE])),
        tooltip=[alt.Tooltip("students:N", title=_("students")), alt.Tooltip("count:Q", title=_("submissions")), alt.Tooltip("accuracy:Q", format=".4f", title=_("accuracy")), alt.Tooltip("asked:Q", title=_("asked for"))],
    )  # fmt: skip
    asked = [{"assignment": name, "asked": values[0][2]} for name, values in measured.items() if values]
    lines = (
        alt.Chart(_data(asked))
        .mark_tick(color=CURRENT, thickness=2, size=44)
        .encode(y=alt.Y("assignment:N", sort=names), x="asked:Q")
    )
    return _spec(marks + lines)
