"""A generator of single mistakes in right course files: each is refused with line, key and what is allowed, or is right for a reason.

For long runs: ``AUTOGRADER_MISTAKES=30000 pytest tests/course/test_one_mistake.py``.
"""

import itertools
import os
import re

from autograder.course.checks.registry import TYPES
from autograder.course.meant import get, put
from tests.course.mistakes import every, folder_like, tried

COUNT = int(os.environ.get("AUTOGRADER_MISTAKES", "700"))
OWN_TEXTS = {"title", "hint", "hints", "says", "en", "ko"}
# Names that authors and students choose, and the answers themselves.
OWN_NAMES = {"of", "id", "model", "models", "results", "reported", "layers", "entries", "keys", "columns", "names", "among", "any_of", "equals", "shape",
             "a", "q", "monitor", "prepared", "targets", "title", "xlabel", "ylabel", "args", "branch", "settings", "gamma"}  # fmt: skip
NUMBERS = {"points", "tolerance", "equals", "at_least", "at_most", "minimum", "maximum", "any_of", "args", "returns", "shape", "shapes", "integer", "number",
           "total", "trainable", "per_layer", "rows", "enough", "draws", "lines", "images", "legend", "units", "filters", "rate", "kernel_size", "factor",
           "seed", "random_state", "test_size", "per_day", "grace_minutes", "slip_days", "epochs", "limits", "times", "takes", "settings", "bars",
           "scatters"}  # fmt: skip
NUMERIC = {"negative", "zero", "a half more", "a hundred times", "a number", "true", "nan"}
ANSWERS = {"equals", "any_of", "args", "among"}  # a plain value of whatever kind


def reason(document, place, name, value):
    """Why such a file is right all the same; '' where it isn't."""
    words = [part for part in place if isinstance(part, str)]
    key, inside = words[-1], words[5:] if "checks" in words else words
    check = get(document, place[:6]) if len(place) > 5 and place[4] == "checks" else {}
    if name == "huge" and key in ("at_least", "at_most", "maximum", "minimum", "number", "equals", "tolerance"):
        return "another number of that kind"
    if name in ("a list", "true") and "drawings" in words:
        return "one of several texts, or any"
    if name == "an empty list" and key in ("packages", "rubric"):
        return "it may be left out"
    if key == "gradebook" and name == "a typo":
        return "a name or an answer of the author's own"
    if {"kernel_size", "strides", "any_of"} & set(words) and name in (
        "a list",
        "a list in a list",
        "a scalar",
        "nothing in it",
        "twice",
    ):
        return "a list may be longer or shorter"
    if key == "stddev" and name == "zero":
        return "another number of that kind"
    if name == "a word" and key == "shape":
        return "a name or an answer of the author's own"
    if name == "blank" and key in ("prepared", "shape", "title", "monitor"):
        return "a name or an answer of the author's own"
    if OWN_TEXTS & set(words) and name in ("a typo", "a word", "twice", "an empty list", "en mistyped"):
        return "people read it, as it is"
    if (
        name.startswith("without ")
        or (name == "null" and key != "type")
        or (name in ("null", "an empty mapping", "an empty text") and _may_be_left_out(words, check))
    ):
        return "it may be left out"
    if name == "a typo" or name.endswith(" mistyped"):
        named = name.removesuffix(" mistyped") if name != "a typo" else key
        return (
            "a name or an answer of the author's own"
            if {named, key, *inside[:1]} & (OWN_NAMES | {"packages", "github"})
            else ""
        )
    if name in NUMERIC and {key, *words} & NUMBERS and not (name == "true" and key not in ANSWERS | {"returns"}):
        return "another number of that kind" if name != "nan" or "args" in words else ""
    if {"equals", "any_of"} & set(words) and check.get("type") == "value":
        return "a plain value may be the answer" if value != {} else ""
    if key == "among" and name in ("a number", "a word", "negative", "zero"):
        return "a plain value may be the answer"
    if name == "an empty list" and key in (
        "needs",
        "entries",
        "columns",
        "equals",
        "args",
        "returns",
        "shape",
        "shapes",
    ):
        return "nothing is needed, or what is asked for has no axes"
    if words[-1] == "args" and "cases" in words:
        return "a function may take any plain values"
    if name in ("twice", "a scalar", "a list", "nothing in it") and key in (
        "equals",
        "cases",
        "shape",
        "shapes",
        "layers",
        "drawings",
        "args",
        "returns",
        "rubric",
    ):
        return "a list may be longer or shorter"
    if name == "a list in a list" and key == "returns":
        return "a result may have more axes"
    if key == "settings" or "settings" in inside:
        return (
            "what isn't told may be anything"
            if name in ("a list", "an empty list", "a list in a list", "another key", "a word", "twice")
            else ""
        )
    return ""


def _may_be_left_out(words, check):
    kind = TYPES.get(str(check.get("type")))
    field = kind.model_fields.get(words[5]) if kind and len(words) > 5 else None
    return field is None or not field.is_required()


def test_each_mistake_is_refused_with_line_key_and_remedy_or_is_right_for_a_reason(tmp_path):
    taken, odd, refused = [], [], 0
    for source, document, place, name, value in itertools.islice(every(), COUNT):
        said = tried(put(document, place, value), folder_like(source, tmp_path))
        at = ".".join(map(str, place))
        if said is None:
            if not reason(document, place, name, value):
                taken.append((at, name, get(document, place), value))
            continue
        refused += 1
        if not all(
            re.match(r"\S+/course\.yml:[1-9]\d*: \S+: .{10}|\S+course\.yml:[1-9]\d*: 1\d{30} is", line)
            for line in said.splitlines()
        ):
            odd.append((at, name, said))
    assert (taken, odd) == ([], [])
    assert refused > COUNT / 2
