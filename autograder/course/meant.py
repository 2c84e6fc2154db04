"""What was most likely meant by what can't stand in a YAML file: habits of writing it otherwise, each tried before it is told.

``layers: [Flatten]``, ``rate: 20%``, ``shape: 28x28``, ``units: [16, 32]``: what is told is right there, since the model has taken it.
"""

from __future__ import annotations

import ast
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from autograder.common.models import KeyPath
from autograder.common.showing.nearest_name import nearest

ALIKE = 0.65  # what a mistyped name and the one that is meant have in common, at the least: less is another word
MOST = 500  # ways that are tried for one fault
LONGEST = 200  # characters of what is told
# Other words for keys and values, which are spelled like none of ours, or like another one.
SYNONYMS = {
    **dict.fromkeys(("validation", "validate", "valid", "val", "dev", "hold_out", "hold-out"), ("holdout",)),
    "training": ("train",), "testing": ("test",), "seed": ("random_state",), "message": ("hint",), "text": ("says",), "url": ("github",),
    **dict.fromkeys(("min", "minimum", "least", "from"), ("at_least", "minimum")), **dict.fromkeys(("max", "maximum", "most"), ("at_most", "maximum")),
    **dict.fromkeys(("options", "choices", "answers"), ("among",)), **dict.fromkeys(("weight", "score", "worth"), ("points",)),
    **dict.fromkeys(("name", "value", "variable"), ("of", "title")), **dict.fromkeys(("path", "csv", "table"), ("file",)), "npz": ("images",),
    **dict.fromkeys(("float", "float32", "float64", "double"), ("float", "number")), **dict.fromkeys(("int", "int32", "int64"), ("integer",)),
    **dict.fromkeys(("str", "string", "object", "category"), ("text",)), "bool": ("boolean",), "tuple": ("pair", "list"),
    **dict.fromkeys(("0-1", "0..1", "0 to 1", "normalized", "normalised", "minmax"), ("unit",)), "0-255": ("raw",), "dtype": ("kind",),
    **dict.fromkeys(("result", "output", "expected"), ("returns",)), "any_of": ("equals",), "equals": ("total",), "count": ("total",),
    **dict.fromkeys(("range", "between", "interval"), ("at_least", "minimum")), **dict.fromkeys(("gt", "ge", ">", ">=", "threshold"), ("at_least", "minimum")),
    **dict.fromkeys(("lt", "le", "<", "<="), ("at_most", "maximum")), **dict.fromkeys(("eq", "==", "is", "correct", "answer", "approx"), ("equals",)),
    **dict.fromkeys(("tol", "atol", "rtol", "eps", "epsilon", "delta"), ("tolerance",)), **dict.fromkeys(("visible", "visibility"), ("hidden",)),
    **dict.fromkeys(("tip", "tips", "feedback"), ("hint", "hints")), **dict.fromkeys(("depends_on", "after", "requires"), ("needs",)),
    **dict.fromkeys(("grade", "max_points", "marks"), ("points",)), **dict.fromkeys(("requirements", "dependencies"), ("packages",)),
    **dict.fromkeys(("val_split", "validation_split"), ("test_size",)), **dict.fromkeys(("dataframe", "df"), ("table",)), **dict.fromkeys(("plot", "chart"), ("figure",)),
    **dict.fromkeys(("compile", "compiled"), ("optimizer",)), "loss_function": ("loss",), "timeout": ("cell_seconds",), "on": ("split",), "students": ("roster",),
    "like": ("reference",), "description": ("title",), "input": ("args",), "inputs": ("args",), "expects": ("returns",),
    **dict.fromkeys(("deadline", "until"), ("due",)), "auc": ("roc_auc_score",), "contains": ("any_order",),
}  # fmt: skip
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_PER_CENT = rf"({_NUMBER})\s*(?:%|per ?cent\b)(?:\s.*)?"
_CALL = r"(?:[\w.]+\.)?([A-Za-z]\w*)\(.*\)"  # of a class
_MEASURED = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)")
_TIMES = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1), **dict.fromkeys(("min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600), **dict.fromkeys(("d", "day", "days"), 86_400),
}  # fmt: skip
_BYTES = {f"{size}{ending}": 1024**number for number, size in enumerate("kmgt", 1) for ending in ("", "b", "ib")}
_THOUSANDS = {"k": 1e3, "m": 1e6, "million": 1e6}
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[ ,.'’]\d{3})+")  # 79,510 and 79 510
_HABITS: tuple[tuple[str, Callable[[re.Match[str]], Iterable[Any]]], ...] = (
    (_PER_CENT, lambda found: [float(found[1]) / 100]),
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
    (r"(?i)(yes|on)|no|off", lambda found: [bool(found[1])]),
    (_CALL, lambda found: [found[1]]),
    (r"[A-Za-z]\w*", lambda found: [{"type": found[0]}, [{"type": found[0]}]]),
    (r".+(?: or |[|]).+", lambda found: _several(re.split(r"\s+or\s+|\s*[|]\s*", found[0]))),
    (r".+[,;].+", lambda found: _several(re.split(r"\s*[,;]\s*", found[0]))),
)  # fmt: skip


def spellings(value: Any, written: str = "", share: bool = True) -> Iterator[Any]:
    """Other ways to write `value`, the likeliest first. `written`: how it stands in the file (``yes``, ``79.510``); `share`: whether a
    number may be meant in per cent."""
    match value:
        case None | True | False:
            yield from (written,) if written else ()
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
        case dict():
            for name, inner in value.items() if len(value) == 1 else ():
                yield {"type": name, **(inner if isinstance(inner, Mapping) else {})}
            yield list(value.values())
    if not isinstance(value, list):
        yield [value]


def measured(key: str, text: Any) -> Iterator[float]:
    """A number with its unit, in the one that `key` ends with: ``memory_mb: 4GB`` is 4096. With a unit of another sort, the number alone."""
    found = _MEASURED.fullmatch(text.strip()[:100]) if isinstance(text, str) else None
    if found is None:
        return
    unit, own = found[2].casefold(), key.rpartition("_")[2]
    sizes = next((sizes for sizes in (_TIMES, _BYTES) if own in sizes), _THOUSANDS)
    number = float(found[1]) * sizes.get(unit, 1) / sizes.get(own, 1)
    if unit in sizes or sizes is _THOUSANDS:
        yield int(number) if number.is_integer() else number


def read_as_number(text: str) -> bool:
    """Whether a text is most likely meant as a number: ``85%``, ``3,14``, ``1/3``, ``~0.5``."""
    return not re.fullmatch(_NUMBER, text.strip()) and type(next(spellings(text), None)) in (int, float)


def word(name: str, known: list[str]) -> str:
    """The known name that is meant by another one, or by a mistyped one; '' for none."""
    told = next((one for one in SYNONYMS.get(name.casefold(), ()) if one in known), "") or nearest(name, known, ALIKE)
    return told or next((one for one in known if _first(one) and _first(one) == _first(name)), "")


def _first(name: str) -> str:
    first = name.casefold().partition("_")[0]
    return first if len(first) > 2 else ""


def instead(name: str, others: list[str], known: list[str]) -> str:
    """That of `others`, which aren't among the `known`, by which `name` is meant; '' for none."""
    return next((one for one in others if word(one, known) == name), "")


def _ends(key: str, value: Any) -> list[Any]:
    """Both ends of ``between: [1, 3]`` and its like; none of anything else."""
    if "at_least" not in SYNONYMS.get(key.casefold(), ()):
        return []
    found = next(spellings(value), None) if isinstance(value, str) else value
    ends = list(found.values()) if isinstance(found, Mapping) else found
    return ends if isinstance(ends, list) and [isinstance(one, (int, float)) for one in ends] == [True, True] else []


def slug(name: str, stroke: str) -> str:
    """A name in small letters, digits and strokes."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]+", stroke, "".join(one for one in plain if not unicodedata.combining(one))).strip(stroke)


class Owner(NamedTuple):
    """A mapping of a file, and what reads it. `wrong`: the places of such a mapping that can't stand; `fields`: the keys that it may have;
    `hold`: those of them that hold a mapping, and those that hold a list of such; `texts`: how its values stand in the file, by place."""

    value: Mapping[str, Any]
    wrong: Callable[[Any], set[KeyPath]]
    fields: list[str]
    hold: Mapping[str, bool]
    texts: Mapping[KeyPath, str]


def otherwise(owner: Owner, at: KeyPath, slot: list[str]) -> str:
    """How what is wrong in `owner`, `at` a place of it or () as a whole, is written so that it is right; '' where nobody knows.

    `slot`: the keys of what belongs there.
    """
    left = {one for one in owner.wrong(owner.value) if one[: len(at)] != at and at[: len(one)] != one}  # elsewhere
    share = re.fullmatch(_PER_CENT, owner.texts.get(at, "").strip()) is not None
    for changed, said in itertools.islice(_ways(owner, at, slot), MOST):
        if share and isinstance(said, float) and not owner.wrong(put(owner.value, at, 0.5)) <= left:
            continue  # 100% of what is counted
        if owner.wrong(changed) <= left and len(text := _written(said)) <= LONGEST:
            return text
    return ""


class Beside(dict[str, Any]):
    """Keys that stand beside the others."""


def _written(value: Any) -> str:
    """A value as it is written in one line of YAML, and is read from there as it was."""
    text = yaml.safe_dump(
        dict(value) if isinstance(value, Beside) else value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    ).removesuffix("...\n").strip()  # fmt: skip
    return text[1:-1] if isinstance(value, Beside) else text


def _ways(owner: Owner, at: KeyPath, slot: list[str]) -> Iterator[tuple[Any, Any]]:
    """Changes of a mapping, each with what is told of it."""
    keys = owner.value
    if "type" in owner.fields and "type" not in keys:
        yield from ((changed, changed) for changed in _typed(keys, owner.fields))
    if not at:
        for place in places(keys):
            for one in spellings(get(keys, place), owner.texts.get(place, ""), share=False):
                yield put(keys, place, one), one if isinstance(place[-1], int) else Beside({str(place[-1]): one})
        return
    key, rest = str(at[0]), {one: inner for one, inner in keys.items() if one != at[0]}
    if key not in keys:  # one that is missing: under a key that isn't known
        unknown = [one for one in keys if one not in owner.fields]
        for other in (
            [named] if (named := instead(key, unknown, owner.fields)) else unknown if len(unknown) == 1 else ()
        ):
            for one in (keys[other], [keys[other]]):
                yield {**{name: inner for name, inner in keys.items() if name != other}, key: one}, Beside({key: one})
        return
    try:
        value = get(keys, at)
    except (KeyError, IndexError):  # one that is missing, farther inside
        return
    if len(at) == 1 and (ends := _ends(key, value)):
        for names in (("at_least", "at_most"), ("minimum", "maximum")):
            bounds = dict(zip(names, ends, strict=True))
            yield {**rest, **bounds}, Beside(bounds)
    if found := re.fullmatch(r"[^:]*\.(csv|npz)", value) if isinstance(value, str) else None:
        yield from (({**rest, one: value}, Beside({one: value})) for one in SYNONYMS[found[1]] if one in owner.fields)
    if isinstance(around := get(keys, at[:-1]), list):  # one of several, without the brackets around them
        changed = put(keys, at[:-1], [around])
        if not any(one[: len(at) - 1] == at[:-1] for one in owner.wrong(changed)):
            yield changed, Beside({str(at[-2]): [around]})
    yield from ((put(keys, at, one), one) for one in measured(str(at[-1]), value))
    ways = [*_called(slot, value), *spellings(value, owner.texts.get(at, ""))]
    plain = [one for one in ways if not isinstance(one, (list, dict))]
    numbers = [one for one in plain if isinstance(one, (int, float))]
    for one in (
        *ways,
        *({name: way} for way in (*numbers, value, *plain) if not isinstance(way, (list, dict)) for name in slot),
    ):
        yield put(keys, at, one), one
        if len(at) == 1 and isinstance(one, dict):
            yield {**rest, **one}, Beside(one)
    if len(at) > 1 and isinstance(around := get(keys, at[:-1]), Mapping):
        yield from ((put(keys, at[:-1], one), one) for one in spellings(around))
    if isinstance(keys[key], Mapping):
        yield {**rest, **keys[key]}, Beside(keys[key])
    for other, several in owner.hold.items() if len(at) == 1 else ():
        held = rest.get(other)
        if several and held is None:
            yield {**rest, other: [{key: value}]}, Beside({other: [{key: value}]})
        elif not several and (held is None or isinstance(held, Mapping)):
            yield {**rest, other: {**(held or {}), key: value}}, Beside({other: {**(held or {}), key: value}})


def _typed(owner: Mapping[str, Any], fields: list[str]) -> Iterator[dict[str, Any]]:
    """With a key as the type, as in ``{Dense: 32}`` and ``{epochs: {equals: 5}}``, or under another key, as in ``{layer: Dense}``."""
    for key, value in owner.items():
        rest = {one: inner for one, inner in owner.items() if one != key}
        yield from ({"type": key, **rest, **one} for one in ([value] if isinstance(value, Mapping) else []))
        yield from ({"type": key, **rest, field: value} for field in ("equals", "at_least", *fields, key))
        yield {"type": value, **rest}


def places(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    """Every place inside of `value`, the outer ones first."""
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*at, key)
        yield from places(part, (*at, key))


def get(document: Any, at: KeyPath) -> Any:
    for part in at:
        document = document[part]
    return document


def put(document: Any, at: KeyPath, value: Any) -> Any:
    """`document` with `value` at a place, of which it may lack the last part; it stays as it is."""
    if not at:
        return value
    changed = document.copy()
    changed[at[0]] = put(document[at[0]], at[1:], value) if at[1:] else value
    return changed


def _several(parts: list[str]) -> list[Any]:
    values = [_plain(one) for one in parts]
    return [values, {"any_of": values}, [{"type": one} for one in parts]]


def _called(fields: list[str], call: Any) -> Iterator[dict[str, Any]]:
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
