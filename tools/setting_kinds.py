"""What a setting of a class takes, found out from what is installed: for the tables that ``make names`` writes.

scikit-learn declares it. Keras is asked: by what its constructors refuse, by the kind of a default, and by how its documentation begins the
setting. What is left open by these is open: ``any``. The words are those of ``autograder.common.keras_tables.setting_kinds``.
"""

from __future__ import annotations

import inspect
import math
import re
from numbers import Integral, Real
from typing import Any

WHOLE = re.compile(r"(?:a |an |positive |python |non-negative )*(?:int|integer)\b|number of |verbosity", re.I)
NUMBER = re.compile(r"(?:a |python |constant |small |scalar |the )*(?:float|floating|number\b|numerical)", re.I)
FLAG = re.compile(r"(?:a |python )*bool|whether|if `?True", re.I)
TEXT = re.compile(r"(?:a |python )*(?:str\b|string|filename|quantity|the metric name)", re.I)
ONE_OF = re.compile(r"(?:string\. )?one of `?\{([^}]*)\}", re.I)
SEVERAL = re.compile(r"tuple|list\b|sequence|dict|tensor|array|callable|function", re.I)
RATE = re.compile(r"(?:^|_)learning_rate$")
LEAST_RATE = re.compile(r"^min_lr$|^end_learning_rate$")


def of_keras(thing: Any, least: float = -math.inf) -> dict[str, str]:
    """By setting, what a class of Keras takes. `least`: what numbers are at least whose default isn't below it."""
    own = [
        one
        for one in inspect.signature(thing.__init__).parameters.values()
        if one.name not in ("self", "name", "dtype") and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    ]
    said = {one.name: _documented(thing, one.name) for one in own}
    needed = {one.name: _first(one.name, said[one.name]) for one in own if one.default is one.empty}
    found = {}
    for one in own:
        kinds = _kinds(one.default, one.name, said[one.name], least)
        numeric = any(kind.startswith(("whole", "number")) for kind in kinds)
        refused = _refusals(thing, needed, one.name) if numeric else frozenset()
        found[one.name] = " | ".join(dict.fromkeys(_narrowed(kind, refused) for kind in kinds)) or "any"
    return found


def _documented(thing: Any, name: str) -> str:
    text = inspect.getdoc(thing) or ""
    found = re.search(rf"^\s*{name}:\s*(.*?)(?=^\s*\w+:|\n\n|\Z)", text, re.M | re.S)
    return re.sub(r"\s+", " ", found[1]).strip("` ") if found else ""


def _first(name: str, said: str) -> Any:
    """A value that a needed setting may well take."""
    return "x.keras" if TEXT.match(said) else [1, 2] if "boundaries" in name else 0.5 if NUMBER.match(said) else 1


def _kinds(default: Any, name: str, said: str, least: float) -> list[str]:
    """What a setting takes by its default and its documentation; none where these leave it open."""
    none = ["none"] if default is None or re.search(r"\bor `?None|if `?None|If not `None", said) else []
    if RATE.search(name) or name == "learning_rate":
        return ["number (0, inf)", "object"]
    if LEAST_RATE.match(name):
        return ["number [0, inf)"]
    if words := ONE_OF.match(said):
        return [f"'{one}'" for one in re.findall(r"[\w-]+", words[1])] + none
    if isinstance(default, bool) or (default is None and FLAG.match(said)):
        return ["flag", *none]
    first = said.split(". ")[0]
    if SEVERAL.search(first) and not re.search("float tensor", first):
        several = WHOLE.match(said) and not re.search("ax[ei]s|dict", f"{name} {first}")
        return ["whole [0, inf)", "list", "none"] if several else []
    if isinstance(default, (int, float)) or default in (None, inspect.Parameter.empty):
        # Some of Keras's documents say `Integer` of what their examples give halves of: a default that is no whole number says more.
        if WHOLE.match(said) and not isinstance(default, float):
            return ["whole (-inf, inf)" if isinstance(default, int) and default < 0 else "whole [0, inf)", *none]
        if NUMBER.match(said) or isinstance(default, (int, float)):
            if re.search(r"between `?0`? and `?1\b", said):
                return ["number [0, 1]", *none]
            free = math.isinf(least) or (isinstance(default, (int, float)) and default < least)
            return ["number (-inf, inf)" if free else f"number [{least:g}, inf)", *none]
        return ["text", *none] if TEXT.match(said) else []
    if isinstance(default, str) and TEXT.match(said):
        return ["text", *none]
    return []


PROBES = (-1, 0, 0.5, 2, 2.5)


def _refusals(thing: Any, needed: dict[str, Any], name: str) -> frozenset[Any]:
    """Which of the probes the constructor refuses, where it takes any number at all."""

    def refuses(value: Any) -> bool:
        for given in (value, float(value) if isinstance(value, int) else value):  # some take 0.0 and not 0
            try:
                thing(**{**needed, name: given})
            except Exception:  # whatever a constructor says of it
                continue
            return False
        return True

    refused = frozenset(one for one in PROBES if refuses(one))
    return frozenset() if {0.5, 2} <= refused else refused  # something else is wrong with what is tried


def _narrowed(kind: str, refused: frozenset[Any]) -> str:
    """A kind without what the constructor refuses."""
    if not kind.startswith(("whole", "number")):
        return kind
    sort, low, high = kind.split(" ", 1)[0], kind.partition(" ")[2].split(",")[0], "inf)"
    if {0.5, 2.5} <= refused and 2 not in refused:
        sort = "whole"
    if -1 in refused and low == "(-inf":
        low = "[0"
    if 0 in refused and (low in ("[0", "(0") or -1 in refused):
        low = "(0" if sort == "number" else "[1"
    if sort == "number" and {2, 2.5} <= refused and 0.5 not in refused:
        high = "1]"
    return f"{sort} {low}, {high}"


# ---- scikit-learn


def of_sklearn(thing: Any) -> dict[str, str]:
    """By setting, what a class of scikit-learn takes, as it declares it."""
    found = {}
    for name, own in (getattr(thing, "_parameter_constraints", None) or {}).items():
        kinds = [kind for one in (own if isinstance(own, list) else ["any"]) for kind in _declared(one)]
        found[name] = " | ".join(["any"] if "any" in kinds else sorted(set(kinds)))
    return found


_WORDS: dict[Any, list[str]] = {
    "boolean": ["flag"], "random_state": ["whole [0, inf)", "none", "object"], "verbose": ["whole [0, inf)", "flag"],
    "array-like": ["list"], "sparse matrix": ["list"], "cv_object": ["whole [2, inf)", "none", "object"], None: ["none"],
    Integral: ["whole (-inf, inf)"], Real: ["number (-inf, inf)"], float: ["number (-inf, inf)"], str: ["text"], callable: ["object"],
    list: ["list"], tuple: ["list"],
}  # fmt: skip


def _declared(constraint: Any) -> list[str]:
    kind = type(constraint).__name__
    if kind == "Hidden":
        return _declared(constraint.constraint)
    if kind == "Interval":
        return [_interval(constraint)]
    if kind in ("StrOptions", "Options"):
        words = [f"'{one}'" for one in constraint.options if isinstance(one, str)]
        return words if len(words) == len(constraint.options) else ["any"]
    if kind == "HasMethods":
        return ["object"]
    if kind == "type" and constraint not in _WORDS:
        return ["any"] if constraint.__module__ in ("builtins", "collections.abc", "numpy") else ["object"]
    try:
        return _WORDS.get(constraint, ["any"])
    except TypeError:
        return ["any"]


def _interval(one: Any) -> str:
    low = -math.inf if one.left is None else one.left
    high = math.inf if one.right is None else one.right
    opening = "(" if one.closed in ("right", "neither") or math.isinf(low) else "["
    closing = ")" if one.closed in ("left", "neither") or math.isinf(high) else "]"
    return f"{'whole' if one.type is Integral else 'number'} {opening}{low:g}, {high:g}{closing}"
