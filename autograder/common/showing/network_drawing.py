"""A network as a small SVG drawing: ``network_svg(network)``. A pure function; the same in a notebook and on a page.

It needs no style sheet: text takes the colour around it, the two colours are legible on light and on dark, and what differs
from the task is dashed and marked with ``≠``, not by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from autograder.common.i18n import _, ngettext
from autograder.common.showing.exhibits import Layer, Network

WIDTH, ROW, TOP = 380, 56, 8
NODES = 100  # width of the part that shows units
MIDDLE = NODES / 2
BLUE, ORANGE = "#3f7fbf", "#d9480f"
SHOWN = 8  # units that are drawn of a layer; the others are "..."
MOST_ROWS = 14
_UNROLLED = ("Flatten", "Reshape", "GlobalAveragePooling2D", "GlobalMaxPooling2D")
_PASSING = (
    "Flatten",
    "Dropout",
    "Activation",
    "ReLU",
    "Softmax",
    "LeakyReLU",
    "ELU",
    "BatchNormalization",
    "Rescaling",
)


def network_svg(network: Network, label: str = "") -> str:
    """The drawing, 380 units wide, of a network's input and layers from top to bottom. `label`: its text alternative."""
    rows = _rows(network)
    height = TOP + len(rows) * ROW
    said = escape(label or describe(network), quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{said}" fill="none" font-family="system-ui,sans-serif" font-size="12" '
        f'style="max-width:100%;height:auto">'
    ]
    centres = [TOP + ROW * place + 20 for place in range(len(rows))]
    before: Sequence[float] = ()
    for place, (row, y) in enumerate(zip(rows, centres, strict=True)):
        units = _places(row)
        if place:
            parts.append(_links(before, centres[place - 1] + 9, units, y - 9, row))
        before = units
    for row, y in zip(rows, centres, strict=True):
        parts.append(_drawn(row, y))
    return "".join([*parts, "</svg>"])


def describe(network: Network) -> str:
    """The drawing in words."""
    said = [network.name]
    if network.input_shape:
        said = [_("{name}: input {shape}", name=network.name, shape=shape(network.input_shape))]
    for layer in network.layers:
        words = [layer.type, *_facts(layer)]
        said.append(" ".join([*words, _("(differs)")] if layer.differs else words))
    if network.more:
        said.append(ngettext("{number} more layer", "{number} more layers", network.more))
    return "; ".join(said)


def shape(axes: Sequence[int | None] | None) -> str:
    """As Keras writes it: ``(None, 100)``."""
    return "" if axes is None else str(tuple(axes))


def _facts(layer: Layer) -> list[str]:
    facts = [ngettext("{number:,} unit", "{number:,} units", layer.units)] if layer.units is not None else []
    facts += [layer.activation] if layer.activation and layer.activation != "linear" else []
    return facts + ([_("rate {number}", number=f"{layer.rate:g}")] if layer.rate is not None else [])


Row = Layer | int  # an int: so many layers are left out here


def _rows(network: Network) -> list[Row]:
    layers: list[Row] = list(network.layers)
    if len(layers) + bool(network.more) > MOST_ROWS:
        left_out = len(layers) - (MOST_ROWS - 2) + network.more
        layers = (
            [*layers[: MOST_ROWS - 4], left_out, *layers[-2:]]
            if not network.more
            else [*layers[: MOST_ROWS - 2], left_out]
        )
    elif network.more:
        layers.append(network.more)
    if network.input_shape:
        layers.insert(0, Layer(type="Input", output_shape=tuple(network.input_shape)))
    return layers


def _places(row: Row) -> list[float]:
    """Where a row's units are, from left to right; one place for what has no units."""
    if isinstance(row, int) or (row.type == "Input" and len(row.output_shape or ()) > 2):
        return [MIDDLE]
    count = row.units
    if count is None and row.output_shape and len(row.output_shape) == 2 and row.type in ("Input", *_PASSING):
        count = row.output_shape[1]
    if count is None:
        return [MIDDLE]
    if count <= SHOWN:
        return [MIDDLE + (number - (count - 1) / 2) * 11 for number in range(count)]
    return [MIDDLE + side * (14 + 11 * number) for side in (-1, 1) for number in range(SHOWN // 2 - 1)]


def _links(above: Sequence[float], y0: float, below: Sequence[float], y1: float, row: Row) -> str:
    """Every unit to every unit below; straight down where a layer has no weights."""
    passing = isinstance(row, int) or row.type in _PASSING
    if passing and len(above) == len(below):
        pairs = list(zip(above, below, strict=True))
    elif passing and len(above) > 1:
        pairs = [(MIDDLE, MIDDLE)]
    else:
        pairs = [(a, b) for a in above for b in below]
    path = "".join(f"M{a:g} {y0:g}L{b:g} {y1:g}" for a, b in pairs)
    dashed = ' stroke-dasharray="2 3"' if isinstance(row, int) else ""
    return f'<path d="{path}" stroke="currentColor" stroke-width=".8" stroke-opacity=".22"{dashed}/>'


def _drawn(row: Row, y: float) -> str:
    if isinstance(row, int):
        return _text(
            NODES + 16, y + 4, "… " + ngettext("{number} more layer", "{number} more layers", row), opacity=0.7
        )
    ink = ORANGE if row.differs else BLUE
    parts = [_units(row, y, ink)]
    if row.differs:
        parts.append(
            f'<rect x="{NODES + 6}" y="{y - 19:g}" width="{WIDTH - NODES - 8}" height="42" rx="5" stroke="{ORANGE}" '
            f'stroke-width="1.5" stroke-dasharray="5 3"/>'
            + _text(WIDTH - 12, y - 3, "≠", weight=700, size=15, anchor="end")
        )
    facts = escape(_short(" · ".join(_facts(row)), 28))
    parts.append(
        f'<text x="{NODES + 16}" y="{y - 2:g}" fill="currentColor"><tspan font-weight="600">{escape(_short(row.type, 20))}</tspan>'
        f'<tspan dx="6">{facts}</tspan></text>'
    )
    named = [_short(row.name, 14)] if row.name and row.name.lower() != row.type.lower() else []
    sizes = [shape(row.output_shape)] if row.output_shape else []
    counts = (
        [ngettext("{number:,} parameter", "{number:,} parameters", row.parameters)]
        if row.parameters is not None
        else []
    )
    below = " · ".join([*named, *sizes, *counts])
    parts.append(_text(NODES + 16, y + 14, _short(below, 48), size=11, opacity=0.75) if below else "")
    return "".join(parts)


def _units(row: Layer, y: float, ink: str) -> str:
    """Circles for units, squares for pixels, a grid for an image, a box for everything else."""
    if row.type == "Input" and len(row.output_shape or ()) > 2:
        cells = "".join(
            f"M{MIDDLE - 11 + 5.5 * n:g} {y - 11:g}v22M{MIDDLE - 11:g} {y - 11 + 5.5 * n:g}h22" for n in range(5)
        )
        return f'<path d="{cells}" stroke="{ink}"/>'
    places = _places(row)
    count = row.units or (row.output_shape or (None, None))[-1] or 0
    if places == [MIDDLE] and count != 1:
        return (
            f'<rect x="{MIDDLE - 30}" y="{y - 8:g}" width="60" height="16" rx="4" stroke="{ink}" stroke-width="1.5"/>'
            + _glyph(row, y, ink)
        )
    marks = []
    for number, x in enumerate(places):
        fill = "none" if row.type == "Dropout" and number % 2 else ink
        if row.type in ("Input", *_UNROLLED):
            marks.append(f'<rect x="{x - 4:g}" y="{y - 4:g}" width="8" height="8" rx="1.5" fill="{fill}"/>')
        else:
            marks.append(f'<circle cx="{x:g}" cy="{y:g}" r="4.5" fill="{fill}" stroke="{ink}"/>')
    dots = "".join(f'<circle cx="{MIDDLE + d:g}" cy="{y:g}" r="1.3" fill="currentColor"/>' for d in (-5, 0, 5))
    return "".join(marks) + (dots if count > SHOWN else "")


def _glyph(row: Layer, y: float, ink: str) -> str:
    """The curve of an activation that is a layer of its own."""
    kind = row.activation or {"ReLU": "relu", "LeakyReLU": "relu"}.get(row.type, "")
    if kind == "relu":
        path = f"M{MIDDLE - 12} {y + 4:g}h12l10 -9"
    elif kind in ("sigmoid", "tanh"):
        points = [(t, 1 / (1 + math.exp(-t))) for t in range(-5, 6)]
        path = "M" + "L".join(f"{MIDDLE + 2.4 * t:g} {y + 5 - 10 * v:.3g}" for t, v in points)
    else:
        return ""
    return f'<path d="{path}" stroke="{ink}" stroke-width="1.5"/>'


def _text(x: float, y: float, text: str, *, weight: int = 400, size: int = 12,
          opacity: float = 1, anchor: str = "start") -> str:  # fmt: skip
    return (
        f'<text x="{x:g}" y="{y:g}" fill="currentColor" font-weight="{weight}" font-size="{size}" fill-opacity="{opacity:g}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
