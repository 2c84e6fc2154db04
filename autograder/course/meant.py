"""What was most likely meant by what can't stand in a YAML file: habits of writing it otherwise, each tried before it is told.

``layers: [Flatten]``, ``rate: 20%``, ``shape: 28x28``, ``units: [16, 32]``: what is told is right there, since the model has taken it.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

from autograder.common.models import KeyPath
from autograder.common.showing.nearest_name import nearest
from autograder.course.habits import PER_CENT, called, measured, of_other_unit, spellings

_BOUNDS = ("equals", "at_least", "at_most", "minimum", "maximum")  # under which people write both ends
ALIKE = 0.65  # what a mistyped name and the one that is meant have in common, at the least: less is another word
MOST = 500  # ways that are tried for one fault
LONGEST = 200  # characters of what is told
# Other words for keys and values, which are spelled like none of ours, or like another one.
SYNONYMS = {
    **dict.fromkeys(("validation", "validate", "valid", "val", "dev", "hold_out", "hold-out"), ("holdout",)),
    "training": ("train",), "dataset": ("name",), **dict.fromkeys(("lang", "locale", "locales"), ("languages",)), "testing": ("test",), "seed": ("random_state",), "message": ("hint",), "text": ("says",), "url": ("github",),
    **dict.fromkeys(("min", "minimum", "least", "from"), ("at_least", "minimum")), **dict.fromkeys(("max", "maximum", "most"), ("at_most", "maximum")),
    **dict.fromkeys(("options", "choices", "answers"), ("among",)), **dict.fromkeys(("weight", "score", "worth"), ("points",)),
    **dict.fromkeys(("name", "value", "variable"), ("of", "equals", "title")), **dict.fromkeys(("path", "csv", "table"), ("file",)), "npz": ("images",),
    **dict.fromkeys(("float", "float32", "float64", "double"), ("float", "number")), **dict.fromkeys(("int", "int32", "int64"), ("integer",)),
    **dict.fromkeys(("str", "string", "object", "category"), ("text",)), "bool": ("boolean",), "tuple": ("pair", "list"),
    **dict.fromkeys(("0-1", "0..1", "0 to 1", "normalized", "normalised", "minmax"), ("unit",)), "0-255": ("raw",), "dtype": ("kind",),
    **dict.fromkeys(("result", "output", "expected"), ("returns",)), "any_of": ("equals",), "equals": ("total",), "count": ("total", "times"), **dict.fromkeys(("repeat", "repeats", "number"), ("times",)),
    **dict.fromkeys(("range", "between", "interval"), ("at_least", "minimum")), **dict.fromkeys(("gt", "ge", ">", ">=", "above", "threshold"), ("at_least", "minimum")),
    **dict.fromkeys(("lt", "le", "<", "<=", "below"), ("at_most", "maximum")), **dict.fromkeys(("eq", "==", "is", "exactly", "correct", "answer", "approx"), ("equals",)),
    **dict.fromkeys(("tol", "atol", "rtol", "eps", "epsilon", "delta"), ("tolerance",)), **dict.fromkeys(("visible", "visibility"), ("hidden",)),
    **dict.fromkeys(("tip", "tips", "feedback"), ("hint", "hints")), **dict.fromkeys(("depends_on", "after", "requires"), ("needs",)),
    **dict.fromkeys(("grade", "max_points", "marks"), ("points",)), **dict.fromkeys(("requirements", "dependencies"), ("packages",)),
    **dict.fromkeys(("val_split", "validation_split", "size"), ("test_size",)), **dict.fromkeys(("dataframe", "df"), ("table",)), **dict.fromkeys(("plot", "chart"), ("figure",)),
    **dict.fromkeys(("compile", "compiled"), ("optimizer",)), "loss_function": ("loss",), "timeout": ("cell_seconds",), "on": ("split",), "students": ("roster",),
    "like": ("reference",), "description": ("title",), "input": ("args",), "inputs": ("args",), "expects": ("returns",),
    **dict.fromkeys(("deadline", "until"), ("due",)), "auc": ("roc_auc_score",), "contains": ("any_order",),
}  # fmt: skip


def word(name: Any, known: list[str]) -> str:
    """The known name that is meant by another one, or by a mistyped one; '' for none."""
    name = str(name)
    told = next((one for one in SYNONYMS.get(name.casefold(), ()) if one in known), "")
    told = told or next((one for one in known if of_other_unit(name, one)), "") or nearest(name, known, ALIKE)
    return told or next((one for one in known if _first(one) and _first(one) == _first(name)), "")


def _first(name: str) -> str:
    first = name.casefold().partition("_")[0]
    return first if len(first) > 2 else ""


def instead(name: str, others: list[str], known: list[str]) -> str:
    """That of `others`, which aren't among the `known`, by which `name` is meant; '' for none."""
    return next((one for one in others if word(one, known) == name), "")


def _ends(key: str, value: Any) -> list[Any]:
    """Both ends of ``between: [1, 3]``, ``equals: [1, 3]`` and their like; none of anything else."""
    if key not in _BOUNDS and "at_least" not in SYNONYMS.get(key.casefold(), ()):
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


def otherwise(owner: Owner, at: KeyPath, slot: list[str]) -> tuple[KeyPath, str]:
    """Where in `owner` something is written otherwise, and how, so that what is wrong `at` a place of it, or () as a whole, is right.

    The place is `at`, inside of it, or what it is a part of; the text is '' where nobody knows. `slot`: the keys of what belongs there.
    """
    with suppress(LookupError):
        if at and _empty(get(owner.value, at)):
            return at, ""
    before = owner.wrong(owner.value)
    left = _elsewhere(before, at)
    share = re.fullmatch(PER_CENT, owner.texts.get(at, "").strip()) is not None
    for changed, said, *elsewhere in itertools.islice(_ways(owner, at, slot), MOST):
        if share and isinstance(said, float) and not owner.wrong(put(owner.value, at, 0.5)) <= left:
            continue  # 100% of what is counted
        found = owner.wrong(changed)
        if isinstance(said, Beside) and (
            said.items() <= owner.value.items() or any(one[0] in said for one in found if one)
        ):
            continue  # it stands there already, or is wrong itself
        place = elsewhere[0] if elsewhere else at
        if found <= left & _elsewhere(before, place) and len(text := _written(said)) <= LONGEST:
            return place, text
    return at, ""


def _elsewhere(wrong: set[KeyPath], at: KeyPath) -> set[KeyPath]:
    """What is neither inside of `at` nor what it is a part of: it may stay wrong when that is mended."""
    return {one for one in wrong if one[: len(at)] != at and at[: len(one)] != one}


def _empty(value: Any) -> bool:
    """Whether nothing stands there, whichever way: nobody knows what was meant."""
    return value in (None, "", [], {}, [None])


class Beside(dict[str, Any]):
    """Keys that stand beside the others."""


def _written(value: Any) -> str:
    """A value as it is written in one line of YAML, and is read from there as it was."""
    text = yaml.safe_dump(
        dict(value) if isinstance(value, Beside) else value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    ).removesuffix("...\n").strip()  # fmt: skip
    text = re.sub(r"!!timestamp '(\S+) (\S+)'", r"\1T\2", text)
    return text[1:-1] if isinstance(value, Beside) else text


def _ways(owner: Owner, at: KeyPath, slot: list[str]) -> Iterator[tuple[Any, ...]]:
    """Changes of a mapping, each with what is told of it, and the place where that is written, if it isn't `at`."""
    keys = owner.value
    if "type" in owner.fields and "type" not in keys:
        yield from ((changed, changed, ()) for changed in _typed(keys, owner.fields))
    yield from ((changed, changed, ()) for changed in _paired(keys, owner.fields))
    for ends in (("at_least", "at_most"), ("minimum", "maximum")):
        if at in ((), ends[:1], ends[1:]) and {*ends} <= {*keys}:
            turned = dict(zip(ends, (keys[ends[1]], keys[ends[0]]), strict=True))
            yield {**keys, **turned}, Beside(turned)
    if not at:
        for place in places(keys):
            keyed = max((number for number, part in enumerate(place, 1) if isinstance(part, str)), default=0)
            for one in (
                () if _empty(get(keys, place)) else spellings(get(keys, place), owner.texts.get(place, ""), share=False)
            ):
                if isinstance(one, dict) and len(place) == 1:
                    yield {**{key: inner for key, inner in keys.items() if key != place[0]}, **one}, Beside(one), place
                changed = put(keys, place, one)
                if keyed:  # a part of a list is told with the list
                    yield changed, Beside({str(place[keyed - 1]): get(changed, place[:keyed])}), place[:keyed]
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
    if len(at) == 1 and at[0] not in owner.fields:
        yield from _renamed(owner, key, value)
    if len(at) == 1 and (both := _ends(key, value)):
        for names in (_BOUNDS[1:3], _BOUNDS[3:]):
            bounds = dict(zip(names, both, strict=True))
            yield {**rest, **bounds}, Beside(bounds)
    if found := re.fullmatch(r"[^:]*\.(csv|npz)", value) if isinstance(value, str) else None:
        yield from (({**rest, one: value}, Beside({one: value})) for one in SYNONYMS[found[1]] if one in owner.fields)
    if isinstance(around := get(keys, at[:-1]), list):  # one of several, without the brackets around them
        changed = put(keys, at[:-1], [around])
        if not any(one[: len(at) - 1] == at[:-1] for one in owner.wrong(changed)):
            yield changed, Beside({str(at[-2]): [around]})
    yield from ((put(keys, at, one), one) for one in measured(str(at[-1]), value))
    if isinstance(value, Mapping) and slot and (items := _each(owner, at, value, slot)):
        yield put(keys, at, items), items
    ways = [*called(slot, value), *spellings(value, owner.texts.get(at, ""))]
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
        yield from ((put(keys, at[:-1], one), one, at[:-1]) for one in spellings(around))
    if isinstance(keys[key], Mapping):
        yield {**rest, **keys[key]}, Beside(keys[key])
    for other, several in owner.hold.items() if len(at) == 1 else ():
        held = rest.get(other)
        if several and held is None:
            yield {**rest, other: [{key: value}]}, Beside({other: [{key: value}]})
        elif not several and (held is None or isinstance(held, Mapping)):
            yield {**rest, other: {**(held or {}), key: value}}, Beside({other: {**(held or {}), key: value}})


def _typed(owner: Mapping[Any, Any], fields: list[str]) -> Iterator[dict[str, Any]]:
    """With a key as the type, as in ``{Dense: 32}`` and ``{epochs: {equals: 5}}``, or under another key, as in ``{layer: Dense}``."""
    for key, value in owner.items():
        rest = {one: inner for one, inner in owner.items() if one != key}
        for name in dict.fromkeys((key, str(key)[:1].upper() + str(key)[1:])):
            yield from ({"type": name, **rest, **one} for one in ([value] if isinstance(value, Mapping) else []))
            yield from ([{"type": name, **rest}] if value is None else [])
            yield from ({"type": name, **rest, field: value} for field in ("equals", "at_least", *fields, name))
        yield {"type": value, **rest}


def _paired(owner: Mapping[Any, Any], fields: list[str]) -> Iterator[dict[str, Any]]:
    """A key that is one value and its value another, as in ``{Names the cause: 2}``."""
    if len(owner) == 1 and len(fields) == 2 and not {*owner} & {*fields}:
        for first, second in (fields, reversed(fields)):
            yield from ({first: key, second: value} for key, value in owner.items())


def _each(owner: Owner, at: KeyPath, value: Mapping[Any, Any], slot: list[str]) -> list[dict[str, Any]]:
    """A list of mappings for one mapping, as in ``{Flatten: null, Dense: 32}``: what each of its keys is there; [] where one can't be told."""
    items = []
    for key, inner in value.items():
        ways = _typed({key: inner}, slot) if "type" in slot else _paired({key: inner}, slot)
        fits = (
            one for one in ways if not any(place[: len(at)] == at for place in owner.wrong(put(owner.value, at, [one])))
        )
        items.append(next(fits, None))
    return [one for one in items if one is not None] if None not in items else []


def _renamed(owner: Owner, key: str, value: Any) -> Iterator[tuple[Any, Any]]:
    """What stands under a key that isn't known, under the one that is meant: in its unit, where either names one."""
    free = [one for one in owner.fields if one not in owner.value]
    if name := word(key, free) or ("equals" if "equals" in free else ""):
        rest = {one: inner for one, inner in owner.value.items() if one != key}
        for one in under(name, key, value, owner.texts.get((key,), "")):
            yield {**rest, name: one}, Beside({name: one})


def under(name: str, key: Any, value: Any, text: str = "") -> Iterator[Any]:
    """What stands under `key`, as `text` in the file, the way it may stand under `name`: in its unit, as it is, or written otherwise."""
    unit = str(key).rpartition("_")[2]
    yield from (*measured(name, f"{value} {unit}"), *measured(name, value), value, *spellings(value, text))


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
