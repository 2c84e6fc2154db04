"""What a question of the feedback page shows beside its checks: networks, learning curves, images that were got wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup

from autograder.classroom.pages.pictures import class_name, curves_svg, lines_of
from autograder.common.exhibits import Curve, Exhibit, Network
from autograder.common.i18n import _, ngettext
from autograder.common.network_drawing import network_svg
from autograder.course.checks.training import split_name

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


def learning(exhibit: Exhibit, groups: Sequence[tuple[Curve, ...]]) -> dict[str, Any]:
    """Charts and figures of the trainings `groups`: both metrics of one training, or one metric of several networks."""
    thresholds = {accuracy.network: accuracy for accuracy in exhibit.accuracies}
    networks = {curve.network for curve in exhibit.curves}
    drawn = [curve for group in groups for curve in group]
    charts = []
    for group in groups:
        asked = thresholds.get(group[0].network) if len(networks) == 1 else None
        compared = len(group) > 1
        names = {
            "accuracy": _("Accuracy on the hold-out") if compared else _("Accuracy"),
            "loss": _("Loss on the hold-out") if compared else _("Loss"),
        }
        for metric, name in names.items():
            line = asked.at_least if asked is not None and metric == "accuracy" else None
            charts.append(Markup(curves_svg(lines_of(group, metric), name, line)))
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
    return {"charts": charts, "measured": measured, "trained": trained, "epochs": _epochs(drawn)}


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


def mistakes_of(exhibit: Exhibit, image: Callable[[int], str] | None) -> list[dict[str, str]]:
    if image is None:
        return []
    shown = []
    for mistake in exhibit.mistakes:
        label, predicted = class_name(mistake.label), class_name(mistake.predicted)
        said = _("an image of the class {label}, taken for {predicted}", label=label, predicted=predicted)
        shown.append({"image": image(mistake.row), "label": label, "predicted": predicted, "said": said})
    return shown
