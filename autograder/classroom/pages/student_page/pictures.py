"""Small pictures for pages: images of the data set as PNG, learning curves as SVG."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from autograder.classroom.pages.student_page.bands import Band
from autograder.common.i18n import _
from autograder.common.showing.exhibits import Curve

WIDTH, HEIGHT = 340, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 72, 26, 34
DASHES = ("", "6 3", "2 3", "9 3 2 3", "1 4", "12 4")
INKS = ("#2f6fb0", "#c2571a", "#3a8f5c", "#8a5bb0", "#b0862f", "#5f7a8a")


def class_name(number: int, classes: Sequence[str]) -> str:
    """The name of a class of the data set, in the language that is spoken."""
    return _(classes[number]) if 0 <= number < len(classes) else str(number)


def png(image: npt.NDArray[np.uint8]) -> str:
    """A grey image of shape (height, width), or one of three colours (height, width, 3), as a data URI; a few hundred bytes."""
    height, width = image.shape[:2]
    rows = b"".join(b"\0" + image[row].tobytes() for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if image.ndim == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + data).decode()


def lines_of(curves: Sequence[Curve], metric: str) -> dict[str, list[float | None]]:
    """What a chart of `metric` shows: training and validation of one curve, or the validation of each of several."""
    if len(curves) == 1:
        history = curves[0].history
        named = {_("training"): history.get(metric), _("hold-out"): history.get(f"val_{metric}")}
        return {name: list(values) for name, values in named.items() if values}
    found: dict[str, list[float | None]] = {}
    for curve in curves:
        values = curve.history.get(f"val_{metric}") or curve.history.get(metric)
        if values:
            found[curve.network if curve.network not in found else f"{curve.network} {len(found) + 1}"] = list(values)
    return found


def curves_svg(
    lines: Mapping[str, Sequence[float | None]], title: str, threshold: float | None = None, band: Band | None = None
) -> str:
    """Lines over epochs, each with its name at its end and a dash pattern of its own; '' when there is nothing finite.

    `threshold`: a horizontal line, marked as what is asked for; `band`: what lies behind the lines.
    """
    finite = [value for values in lines.values() for value in values if value is not None]
    if not finite:
        return ""
    epochs = max(len(values) for values in lines.values())
    behind = list(zip(band.low, band.high, strict=True))[:epochs] if band is not None else []
    asked = [threshold] if threshold is not None else []
    low, high, step = _scale([*finite, *asked, *(value for pair in behind for value in pair)])

    def x(epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - 1) / max(1, epochs - 1) if epochs > 1 else 0.5)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    said = escape(_said(lines, title, threshold), quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{said}" fill="none" font-family="system-ui,sans-serif" font-size="11" style="max-width:100%;height:auto">',
        f'<text x="{LEFT}" y="14" fill="currentColor" font-weight="600" font-size="12">{escape(title)}</text>',
    ]
    parts += _behind(behind, x, y)
    for tick in range(round((high - low) / step) + 1):
        value = low + tick * step
        parts.append(
            f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="currentColor" stroke-opacity=".15"/>'
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" fill="currentColor" fill-opacity=".75" text-anchor="end">{value:.3g}</text>'
        )
    for epoch in sorted({1, *range(max(1, math.ceil(epochs / 6)), epochs + 1, max(1, math.ceil(epochs / 6))), epochs}):
        parts.append(
            f'<text x="{x(epoch):.1f}" y="{HEIGHT - BOTTOM + 15}" fill="currentColor" fill-opacity=".75" text-anchor="middle">{epoch}</text>'
        )
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 4}" fill="currentColor" fill-opacity=".75" text-anchor="middle">'
        + escape(_("epoch"))
        + "</text>"
    )
    if threshold is not None:
        parts.append(
            f'<path d="M{LEFT} {y(threshold):.1f}H{WIDTH - RIGHT}" stroke="currentColor" stroke-width="1.5" stroke-dasharray="4 3"/>'
            f'<text x="{LEFT + 4}" y="{y(threshold) - 4:.1f}" fill="currentColor" font-weight="600">'
            + escape(_("asked for: {number}", number=f"{threshold:.3g}"))
            + "</text>"
        )
    parts += _drawn(lines, x, y)
    return "".join([*parts, "</svg>"])


def _behind(band: Sequence[tuple[float, float]], x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    """The band as one area; of a single epoch, as a bar."""
    if not band:
        return []
    edge = [(x(epoch), y(high)) for epoch, (_low, high) in enumerate(band, 1)]
    edge += [(x(epoch), y(low)) for epoch, (low, _high) in reversed([*enumerate(band, 1)])]
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in edge)
    stroke = ' stroke="currentColor" stroke-opacity=".13" stroke-width="8"' if len(band) == 1 else ""
    return [f'<path class="band" d="M{path}Z" fill="currentColor" fill-opacity=".13"{stroke}/>']


def _drawn(lines: Mapping[str, Sequence[float | None]], x, y) -> list[str]:  # type: ignore[no-untyped-def]
    parts, ends = [], []
    for number, (name, values) in enumerate(lines.items()):
        points = [(x(epoch), y(value)) for epoch, value in enumerate(values, 1) if value is not None]
        if not points:
            continue
        ink, dash = INKS[number % len(INKS)], DASHES[number % len(DASHES)]
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        parts.append(
            f'<path d="M{path}" stroke="{ink}" stroke-width="2" stroke-dasharray="{dash}" stroke-linejoin="round"/>'
        )
        parts.append("".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.2" fill="{ink}"/>' for a, b in points))
        ends.append([points[-1][1], points[-1][0], name, ink])
    # Names at the ends of lines, moved apart where they would lie on one another.
    ends.sort(key=lambda end: float(end[0]))
    lowest = [HEIGHT - 8 - 12 * left for left in reversed(range(len(ends)))]
    last = -math.inf
    for end, most in zip(ends, lowest, strict=True):
        last = max(min(float(end[0]), most), last + 12)
        shown = str(end[2]) if len(str(end[2])) <= 11 else str(end[2])[:10] + "…"
        parts.append(
            f'<text x="{WIDTH - RIGHT + 6}" y="{last + 4:.1f}" fill="{end[3]}" font-weight="600">{escape(shown)}</text>'
        )
    return parts


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """A round range around the values, and the distance of its ticks."""
    low, high = min(values), max(values)
    spread = max(high - low, abs(high) * 0.02, 1e-6)
    raw = spread / 4
    size = 10 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= raw)
    return math.floor(low / step) * step, math.ceil(high / step + 1e-9) * step, step


def _said(lines: Mapping[str, Sequence[float | None]], title: str, threshold: float | None) -> str:
    """The chart in words: where each line begins and ends."""
    said = []
    for name, values in lines.items():
        numbers = [value for value in values if value is not None]
        if numbers:
            said.append(
                _("{name} from {first} to {last}", name=name, first=f"{numbers[0]:.4g}", last=f"{numbers[-1]:.4g}")
            )
    asked = [_("asked for: {number}", number=f"{threshold:.3g}")] if threshold is not None else []
    return f"{title}: " + "; ".join([*said, *asked])
