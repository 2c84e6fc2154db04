"""What may stand in a setting of a class of Keras or scikit-learn: kinds and bounds, as the tables of names have them.

A setting takes one of several kinds, joined by `` | ``: ``flag``, ``none``, ``text``, ``list``, ``object``, a word in quotes, ``whole [1, inf)``, ``number (0, 1]``, and
``any`` for what nobody can tell. The tables are written by ``make names`` from what is installed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from autograder.common.i18n import N_, _

_BOUNDS = re.compile(r"(whole|number) ([\[(])(\S+), (\S+)([\])])")
_NAMES = {
    "flag": N_("true or false"), "none": N_("null"), "text": N_("a text"), "list": N_("a list"), "object": N_("an object, as {example}"),
    "whole": N_("a whole number"), "number": N_("a number"),
}  # fmt: skip
_EXAMPLE = "{type: ...}"


class Bounds(NamedTuple):
    """An interval; `open_low`, `open_high`: whether its ends are left out."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def holds(self, number: float) -> bool:
        above = number > self.low if self.open_low else number >= self.low
        return above and (number < self.high if self.open_high else number <= self.high)

    def __str__(self) -> str:
        below, above = N_("below {high:g}"), N_("above {low:g}")
        low = _(above if self.open_low else N_("at least {low:g}"), low=self.low)
        high = _(below if self.open_high else N_("at most {high:g}"), high=self.high)
        ends = ("" if math.isinf(self.low) else low, "" if math.isinf(self.high) else high)
        return _(" and ").join(filter(None, ends))


class Kind(NamedTuple):
    """One of the kinds that a setting takes. `word`: the one text that it is, where it is one."""

    name: str
    bounds: Bounds = Bounds()
    word: str = ""

    @classmethod
    def read(cls, text: str) -> Kind:
        if found := _BOUNDS.fullmatch(text):
            name, opening, low, high, closing = found.groups()
            return cls(name, Bounds(float(low), float(high), opening == "(", closing == ")"))
        return cls("word", word=text[1:-1]) if text.startswith("'") else cls(text)

    def holds(self, value: Any) -> bool:
        match self.name:
            case "any":
                return True
            case "flag":
                return type(value) is bool
            case "none":
                return value is None
            case "text":
                return isinstance(value, str)
            case "word":
                return bool(value == self.word)
            case "list":
                return isinstance(value, (list, tuple)) and len(value) > 0
            case "whole" | "number":
                whole = type(value) is int or (type(value) is float and value.is_integer())
                right = whole or (self.name == "number" and type(value) is float)
                return right and abs(value) < 2**63 and self.bounds.holds(value)
        return False  # objects aren't plain values

    def __str__(self) -> str:
        if self.name == "word":
            return repr(self.word)
        return " ".join(filter(None, (_(_NAMES[self.name], example=_EXAMPLE), str(self.bounds))))


_A_NUMBER = Kind("number")


@cache
def read(takes: str) -> tuple[Kind, ...]:
    return tuple(map(Kind.read, takes.split(" | ")))


def fits(takes: str, value: Any) -> bool:
    """Whether a plain value may stand in a setting that takes that. Where numbers may, too, a list is one of them (or of texts)."""
    kinds = read(takes)
    if isinstance(value, (list, tuple)) and {kind.name for kind in kinds} & {"whole", "number"}:
        texts = any(kind.name == "text" for kind in kinds)
        if not all(_A_NUMBER.holds(part) or (texts and isinstance(part, str)) for part in _leaves(value)):
            return False
    return any(kind.holds(value) for kind in kinds)


def _leaves(value: Any) -> Iterator[Any]:
    """What stands in a list of lists; an empty one among them is none of numbers."""
    for part in value:
        yield from _leaves(part) if isinstance(part, (list, tuple)) and part else (part,)


def takes_objects(takes: str) -> bool:
    """Whether an object may stand there."""
    return any(kind.name in ("any", "object") for kind in read(takes))


def reaches(takes: str, low: float, high: float) -> bool:
    """Whether some number, or length in a list, from `low` to `high` may stand there."""
    for name, bounds, _word in read(takes):
        if name in ("any", "list"):
            return True
        below = low < bounds.high or (low == bounds.high and not bounds.open_high)
        above = high > bounds.low or (high == bounds.low and not bounds.open_low)
        if name in ("whole", "number") and below and above:
            return True
    return False


def said(takes: str) -> str:
    """What it takes, in words."""
    return _(" or ").join(dict.fromkeys(map(str, read(takes))))
