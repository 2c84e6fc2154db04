"""Figures of the class page: specifications to draw, what each shows in words, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograder.classroom.pages import html
from autograder.classroom.pages.class_page import chart_specs, item_analysis
from autograder.classroom.pages.class_page.item_analysis import Item
from autograder.common.i18n import _, ngettext
from autograder.common.results import Report


def _figure(
    key: str, specs: Mapping[str, dict[str, Any]], said: str, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """`specs`: one chart or several, by title; a single one needs none."""
    drawn = [(f"chart-{key}-{number}", title, spec) for number, (title, spec) in enumerate(specs.items())]
    return {"id": key, "charts": drawn, "said": said, "head": list(head), "rows": [list(row) for row in rows]}


def scores(shares: Mapping[str, Sequence[float]]) -> dict[str, Any] | None:
    if not shares:
        return None
    bins = [f"{10 * n}–{10 * n + 10} %" for n in range(10)]
    counts = {title: item_analysis.histogram(values) for title, values in shares.items()}
    rows = [[bin_, *(str(own[n]) for own in counts.values())] for n, bin_ in enumerate(bins)]
    parts = [f"{title}: {html.percent(sum(values) / len(values), 1)}" for title, values in shares.items() if values]
    said = _("Histograms of the scores. Means: {means}.", means="; ".join(parts))
    most = max(max(own) for own in counts.values())
    specs = {title: chart_specs.scores(own, most) for title, own in counts.items()}
    return _figure("scores", specs, said, [_("score"), *shares], rows)


def facility(items: Sequence[Item]) -> dict[str, Any] | None:
    known = [item for item in items if item.facility is not None and item.discrimination is not None]
    if not known:
        return None
    looked = sum(chart_specs.odd(item) for item in known)
    said = ngettext(
        "Facility against discrimination of each check. {number} check lies outside the usual bounds.",
        "Facility against discrimination of each check. {number} checks lie outside the usual bounds.",
        looked,
    )
    return _figure("items", {"": chart_specs.items(items)}, said, [], [])


def accuracies(by_assignment: Mapping[str, Sequence[Report]], titles: Mapping[str, str]) -> dict[str, Any] | None:
    measured: dict[str, list[tuple[str, float, float]]] = {}
    for name, reports in by_assignment.items():
        for report in reports:
            for question in report.questions:
                for own in question.exhibit.accuracies if question.exhibit else ():
                    if own.split == "holdout":
                        measured.setdefault(titles[name], []).append((report.student, own.measured, own.at_least))
    if not measured:
        return None
    rows, said = [], []
    for title, values in measured.items():
        numbers = sorted(value for _student, value, _asked in values)
        asked = max(values, key=lambda value: value[2])[2]
        reached = sum(value >= at_least for _student, value, at_least in values)
        rows.append(
            [
                title,
                f"{asked:.3g}",
                str(len(values)),
                str(reached),
                f"{numbers[0]:.4f}",
                f"{numbers[len(numbers) // 2]:.4f}",
                f"{numbers[-1]:.4f}",
            ]
        )
        said.append(
            _(
                "{title}: {reached} of {all} reach {asked}",
                title=title,
                reached=reached,
                all=len(values),
                asked=f"{asked:.3g}",
            )
        )
    head = [_("assignment"), _("asked for"), _("measured"), _("reached"), _("lowest"), _("median"), _("highest")]
    return _figure("accuracies", {"": chart_specs.accuracies(measured)}, "; ".join(said) + ".", head, rows)  # fmt: skip
