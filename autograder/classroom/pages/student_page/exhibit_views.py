"""What a question of the feedback page shows beside its checks: networks, learning curves, images that were got wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from autograder.classroom.pages.student_page.bands import Band
from autograder.classroom.pages.student_page.pictures import class_name, curves_svg, lines_of
from autograder.common.i18n import _, ngettext
from autograder.common.showing.exhibits import Curve, Exhibit, Network
from autograder.common.showing.network_drawing import network_svg
from autograder.course.checks.in_words import split_name

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def groups_of(exhibit: Exhibit) -> list[tuple[Curve, ...]]:
    """Curves that are drawn together: those of several networks; a network's own trainings are drawn each by itself."""
    if len({curve.network for curve in exhibit.curves}) > 1:
        return [exhibit.curves]
    return [(curve,) for curve in exhibit.curves[:3]]


def key_of(group: Sequence[Curve]) -> str:
    """What tells one group from another: all that it says."""
    return "".join(curve.model_dump_json() for curve in group)


def curves_at(exhibits: Iterable[tuple[str, bool, Exhibit]]) -> dict[str, str]:
    """By the key of a group of curves, the question that draws it: once, where it is open rather than right, and measured.

    `exhibits`: by question, whether it is open, and what it shows.
    """
    found: dict[str, tuple[bool, bool, str]] = {}
    for question, is_open, exhibit in exhibits:
        for group in groups_of(exhibit):
            here, key = (is_open, bool(exhibit.accuracies), question), key_of(group)
            if key not in found or here[:2] > found[key][:2]:
                found[key] = here
    return {key: question for key, (_open, _measured, question) in found.items()}


def networks_of(exhibit: Exhibit) -> list[dict[str, Any]]:
    own = {network.name: network for network in exhibit.networks}
    asked = {network.name: network for network in exhibit.expected}
    return [
        {
            "name": name,
            "own": Markup(network_svg(own[name])) if name in own else "",
            "asked": Markup(network_svg(asked[name])) if name in asked else "",
            "total": _total(own.get(name)),
            "marked": any(layer.differs for n in (own.get(name), asked.get(name)) if n for layer in n.layers),
        }
        for name in {**own, **asked}
    ]


def _total(network: Network | None) -> str:
    if network is None or network.parameters is None:
        return ""
    return ngettext("{number:,} parameter in all", "{number:,} parameters in all", network.parameters)


def learning(
    exhibit: Exhibit, groups: Sequence[tuple[Curve, ...]], bands: Mapping[tuple[str, str], Band]
) -> dict[str, Any]:
    """Charts and figures of the trainings `groups`: both metrics of one training, or one metric of several networks.

    `bands`: the class's, by network and metric, for the charts of one training.
    """
    thresholds = {accuracy.network: accuracy for accuracy in exhibit.accuracies}
    networks = {curve.network for curve in exhibit.curves}
    drawn = [curve for group in groups for curve in group]
    charts, behind = [], list[Band]()
    for group in groups:
        asked = thresholds.get(group[0].network) if len(networks) == 1 else None
        compared = len(group) > 1
        names = {
            "accuracy": _("Accuracy on the hold-out") if compared else _("Accuracy"),
            "loss": _("Loss on the hold-out") if compared else _("Loss"),
        }
        for metric, name in names.items():
            line = asked.at_least if asked is not None and metric == "accuracy" else None
            shown = f"val_{metric}" if f"val_{metric}" in group[0].history else metric
            band = None if compared else bands.get((group[0].network, shown))
            charts.append(Markup(curves_svg(lines_of(group, metric), name, line, band)))
            behind += [band] if band is not None else []
    measured = [
        {
            "reached": accuracy.measured >= accuracy.at_least,
            "what": _("Accuracy on {split}:", split=split_name(accuracy.split)),
            "value": f"{accuracy.measured:.4f}",
            "asked": _("asked for: {number}", number=f"{accuracy.at_least:.3g}"),
        }
        for accuracy in exhibit.accuracies
    ]
    trained = [
        ngettext("{name}: {number} epoch with {optimizer}", "{name}: {number} epochs with {optimizer}", curve.epochs,
                 name=curve.network, optimizer=curve.optimizer)
        for curve in drawn
    ]  # fmt: skip
    charts = [chart for chart in charts if chart]
    said = ""
    if charts and behind:
        held_out = any("val_loss" in curve.history for curve in drawn)
        number = max(band.submissions for band in behind)
        said = (
            _("The grey band is your class on the hold-out: the middle 80 % of {number} submissions.", number=number)
            if held_out
            else _(
                "The grey band is your class while training: the middle 80 % of {number} submissions.", number=number
            )
        )
    return {"charts": charts, "band": said, "measured": measured, "trained": trained, "epochs": _epochs(drawn)}


def _epochs(curves: Sequence[Curve]) -> dict[str, Any]:
    """The numbers behind the charts, an epoch a row."""
    columns: dict[str, Sequence[float | None]] = {}
    for number, curve in enumerate(curves, 1):
        for metric in METRICS:
            if metric in curve.history:
                name = metric if len(curves) == 1 else f"{curve.network} {metric}"
                columns[name if name not in columns else f"{name} ({number})"] = curve.history[metric]
    if not columns:
        return {}
    length = max(map(len, columns.values()))
    rows = [
        [
            "–" if epoch >= len(values) or (value := values[epoch]) is None else f"{value:.4f}"
            for values in columns.values()
        ]
        for epoch in range(length)
    ]
    return {"names": list(columns), "rows": rows}


def confusion_of(exhibit: Exhibit, classes: Sequence[str]) -> dict[str, Any]:
    """The confusion matrix as a table: shades by how often `classes` are mixed up, and the most frequent confusion in words."""
    confusion = exhibit.confusion
    counts = confusion.counts if confusion is not None else ()
    wrong = [
        (count, label, answer)
        for label, row in enumerate(counts)
        for answer, count in enumerate(row)
        if label != answer
    ]
    most, label, answer = max(wrong, key=lambda one: one[0], default=(0, 0, 0))
    if not most:
        return {}
    said = _(
        "Most often {label} is taken for {predicted}: {number} of {all} samples.",
        label=class_name(label, classes), predicted=class_name(answer, classes), number=most, all=sum(counts[label]),
    )  # fmt: skip
    rows = [
        (
            class_name(own, classes),
            [
                ("right" if own == other else f"s{math.ceil(4 * count / most)}", count)
                for other, count in enumerate(row)
            ],
        )
        for own, row in enumerate(counts)
    ]
    return {"names": [class_name(number, classes) for number in range(len(counts))], "rows": rows, "said": said}


def mistakes_of(exhibit: Exhibit, image: Callable[[int], str] | None, classes: Sequence[str]) -> list[dict[str, str]]:
    """`image`: of a row of the data set, whose classes are called `classes`."""
    if image is None:
        return []
    shown = []
    for mistake in exhibit.mistakes:
        label, predicted = (class_name(number, classes) for number in (mistake.label, mistake.predicted))
        said = _("an image of the class {label}, taken for {predicted}", label=label, predicted=predicted)
        shown.append({"image": image(mistake.row), "label": label, "predicted": predicted, "said": said})
    return shown
