"""How people write a value otherwise: ``20%``, ``28x28``, ``relu or elu``, ``4 GB``, ``Dense(32)``. `meant` tries what is made of it here."""

from __future__ import annotations

import ast
import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
PER_CENT = rf"({_NUMBER})\s*(?:%|per ?cent\b)(?:\s.*)?"
_CALL = r"(?:[\w.]+\.)?([A-Za-z]\w*)\(.*\)"  # of a class
_MEASURED = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)")
_TIMES = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1), **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600), **dict.fromkeys(("d", "day", "days"), 86_400),
}  # fmt: skip
_BYTES = {f"{size}{ending}": 1024**number for number, size in enumerate("kmgt", 1) for ending in ("", "b", "ib")}
_THOUSANDS = {"k": 1e3, "m": 1e6, "million": 1e6}
_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:[ ,.'’]\d{3})+")  # 79,510 and 79 510
_HABITS: tuple[tuple[str, Callable[[re.Match[str]], Iterable[Any]]], ...] = (
    (_NUMBER, lambda found: [_plain(found[0])]),
    (r"([-+]?\d+\.\d*)[fF]", lambda found: [_plain(found[1])]),
    (r"(.+)[,;]", lambda found: [_plain(found[1])]),
    (PER_CENT, lambda found: [float(found[1]) / 100]),
    (rf"[~≈]\s*({_NUMBER})|({_NUMBER})\s*(?:±|\+-|\+/-)\s*[\d.]+", lambda found: [_plain(found[1] or found[2])]),
    (_GROUPED.pattern, lambda found: [_digits(found[0])]),
    (r"([-+]?\d+),(\d+)", lambda found: [float(f"{found[1]}.{found[2]}")]),
    (r"(\d+)\s*/\s*(\d*[1-9]\d*)", lambda found: [int(found[1]) / int(found[2])]),
    (rf"({_NUMBER})\s*(?:-|–|\.\.\.?|to|and|~)\s*({_NUMBER})", lambda found: [{"at_least": _plain(found[1]), "at_most": _plain(found[2])}]),
    (rf"(?:>=?|≥)\s*({_NUMBER})", lambda found: [{"at_least": _plain(found[1])}, _plain(found[1])]),
    (rf"(?:<=?|≤)\s*({_NUMBER})", lambda found: [{"at_most": _plain(found[1])}, _plain(found[1])]),
    (r"\d+(?:\s*[x×]\s*\d+)+", lambda found: [[int(one) for one in re.findall(r"\d+", found[0])]]),
    (r"\((.*)\)", lambda found: [[_plain(one) for one in found[1].split(",") if one.strip()]]),
    (r"[Nn]one|NULL", lambda found: [None]),
    (r"([A-Za-z]\w*)\s*=\s*(.+)", lambda found: [{found[1]: _plain(found[2])}]),
    (r"(?i)(yes|on)|no|off", lambda found: [bool(found[1])]),
    (_CALL, lambda found: [found[1]]),
    (r"[A-Za-z]\w*", lambda found: [{"type": found[0]}, [{"type": found[0]}]]),
    (r".+(?: or |[|]).+", lambda found: _several(re.split(r"\s+or\s+|\s*[|]\s*", found[0]))),
    (r".+[,;/].+", lambda found: _several(re.split(r"\s*[,;/]\s*", found[0]))),
)  # fmt: skip


def spellings(value: Any, written: str = "", share: bool = True) -> Iterator[Any]:
    """Other ways to write `value`, the likeliest first. `written`: how it stands in the file (``yes``, ``79.510``); `share`: whether a
    number may be meant in per cent."""
    match value:
        case True | False:
            yield from (written,) if written else ()
        case dt.date():
            yield written or str(value)
        case int() | float():
            if _GROUPED.fullmatch(written):
                yield _digits(written)
            if 1 < value <= 100 and (share or value >= 10):
                yield value / 100
            yield from (None,) if value == -1 else ()  # as in reshape: as many as there are
            yield written or str(value)
        case str():
            text = value.strip()
            for habit, ways in _HABITS:
                if found := re.fullmatch(habit, text[:500]):
                    yield from ways(found)
        case list():
            yield from ([value[1:]] if value and value[0] in (None, "None", -1) else [])
            yield from (_without_none(value), {"any_of": value})
            if value and all(isinstance(one, str) for one in value):
                classes = [{"type": one} for one in value]
                yield from (classes, {"any_of": classes})
            pairs = dict(itertools.pairwise(value)) if len(value) == 2 and isinstance(value[0], str) else None
            yield from (pairs,) if pairs else ()
        case dict():
            yield from _of_mapping(value)
    if not isinstance(value, list) and value is not None:
        yield [value]
    if isinstance(value, str) and len(parts := value.split()) > 1:
        yield parts


def _of_mapping(value: Mapping[Any, Any]) -> Iterator[Any]:
    """Lists for a mapping, and the class that its one key names."""
    yield [value]
    columns = list(value.values())
    for name, inner in value.items() if len(value) == 1 else ():
        yield {"type": name, **(inner if isinstance(inner, Mapping) else {})}
    if all(one is None for one in columns):  # {en, ko}
        yield list(value)
    if all(isinstance(one, list) for one in columns) and len({len(one) for one in columns}) == 1:
        yield [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    yield from (columns, {"any_of": [value]}) if "type" in value else (columns,)


def measured(key: str, text: Any) -> Iterator[float]:
    """A number with its unit, in the one that `key` ends with: ``memory_mb: 4GB`` is 4096. With a unit of another sort, the number alone."""
    found = _MEASURED.fullmatch(text.strip()[:100]) if isinstance(text, str) else None
    if found is None:
        return
    unit, own = found[2].casefold(), key.rpartition("_")[2].casefold()
    sizes = next((sizes for sizes in (_TIMES, _BYTES) if own in sizes), _THOUSANDS)
    number = float(found[1]) * sizes.get(unit, 1) / sizes.get(own, 1)
    if unit in sizes or sizes is _THOUSANDS:
        yield int(number) if number.is_integer() else number


def of_other_unit(one: str, other: str) -> bool:
    """Whether two keys are of one measure, in units of their own: ``cell_minutes`` and ``cell_seconds``."""
    (stem, _stroke, unit), (own, _again, known) = (key.casefold().rpartition("_") for key in (one, other))
    return stem == own and any(unit in sizes and known in sizes for sizes in (_TIMES, _BYTES))


def read_as_number(text: str) -> bool:
    """Whether a text is most likely meant as a number, or as bounds of one: ``85%``, ``3,14``, ``1/3``, ``~0.5``, ``0.1-0.5``, ``>= 3``."""
    meant: Any = next(spellings(text), None)
    ends = list(meant.values()) if isinstance(meant, dict) and {*meant} <= {"at_least", "at_most"} else [meant]
    numbers: list[Any] = [one for one in ends if type(one) in (int, float)]
    return len(numbers) == len(ends) and numbers == sorted(numbers) and not re.fullmatch(_NUMBER, text.strip())


def _several(parts: list[str]) -> list[Any]:
    values = [_plain(one) for one in parts]
    classes = [{"type": one} for one in parts]
    return [values, {"any_of": values}, classes, {"any_of": classes}]


def called(fields: list[str], call: Any) -> Iterator[dict[str, Any]]:
    """A call of a class, ``Dense(32, activation="relu")``, as a mapping: a first argument without a name is one of `fields`."""
    found = re.fullmatch(_CALL, call[:500]) if isinstance(call, str) else None
    if not found:
        return
    try:
        made: Any = ast.parse(call, mode="eval").body
        named = {one.arg: ast.literal_eval(one.value) for one in made.keywords if one.arg}
        first = [ast.literal_eval(one) for one in made.args[:1]]
    except (SyntaxError, ValueError, AttributeError, RecursionError, MemoryError):
        named, first = {}, []
    yield from ({"type": found[1], field: one, **named} for one in first for field in fields if field != "type")
    yield {"type": found[1], **named}


def _plain(text: str) -> Any:
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        return float(text) if "." in text else int(text)
    return None if text == "None" else text


def _digits(text: str) -> int:
    return int(re.sub(r"[^-+\d]", "", text))


def _without_none(value: Any) -> Any:
    return [_without_none(one) for one in value] if isinstance(value, list) else None if value == "None" else value
