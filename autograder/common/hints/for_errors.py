"""Hints that fit an exception: what the lecture's slips raise, and what to do about them."""

from __future__ import annotations

import math
import re

from autograder.common.cells import left_empty
from autograder.common.data import data_sets
from autograder.common.hints.error_patterns import BELONGS, IMPORTS, KINDS, RULES, Rule
from autograder.common.i18n import _
from autograder.common.keras_tables import keras_names
from autograder.common.keras_tables.allowed import ACTIVATIONS, LOSSES, METRICS, OPTIMIZERS
from autograder.common.showing.nearest_name import nearest

_QUOTED = re.compile(r"(?:identifier|activation function)[^'\"]*?:?\s*['\"]?(\w+)['\"]?\s*(?:$|[.,\s])", re.IGNORECASE)

_NAMED = re.compile(
    r"Could not (?:locate (?:class|function)|interpret (?:optimizer|loss|metric) identifier:) ['\"]?(\w+)",
    re.IGNORECASE,
)  # what compile() and fit() raise for a name that Keras doesn't know
_IDENTIFIER = re.compile(rf"interpret ({'|'.join(KINDS)}) identifier: ['\"]?(\w+)")
_NAMES = sorted({*(name.lower() for name in OPTIMIZERS), *LOSSES, *METRICS, "accuracy"})

_SHAPES = re.compile(
    "incompatible with the layer|expected shape|incompatible shape|expected axis",
    re.IGNORECASE,
)

_LAST_AXIS = re.compile(r"layer '?\"?(?P<name>\w+)\"?'? is incompatible .* axis -1 of input shape to have value (?P<wanted>\d+), but received input with shape \([^)]*?(?P<found>\d+)\)")  # fmt: skip
_AXES = re.compile(r"of layer ['\"](?P<name>\w+)['\"] is incompatible .*expected (?:min_|max_)?ndim=(?P<wanted>\d+), found ndim=(?P<found>\d+)")  # fmt: skip
_SIZES = {str(size) for source in data_sets.SOURCES.values() for size in (math.prod(source.shape), *source.shape)}


def meant(name: str, known: list[str]) -> str:
    """What to say of a name that doesn't exist: the nearest one, or all there are."""
    guess = nearest(name, known)
    return _("did you mean '{guess}'?", guess=guess) if guess else _("There are {names}.", names=", ".join(known))


def meant_inside(name: str, known: list[str]) -> str:
    """As `meant`, for the end of a sentence."""
    return meant(name, known) if nearest(name, known) else _("there are {names}", names=", ".join(known))


def missing_name(error: str, message: str) -> str:
    """The name that a NameError misses; '' for other exceptions."""
    match = re.search(r"name '(\w+)' is not defined", message) if error == "NameError" else None
    return match[1] if match else ""


def for_error(error: str, message: str) -> str:
    """A hint for an exception of class name `error`; '' when none fits."""
    text = " ".join(message.split())
    named = "identifier: <" not in text  # an object
    if (match := _IDENTIFIER.search(text)) and (said := _of_another_kind(KINDS[match[1]], match[2])):
        return said
    if named and "activation function" in text and (match := _QUOTED.search(text)):
        meant = nearest(match[1], sorted(ACTIVATIONS))
        if meant:
            return _("The activation name `{name}` is not known; did you mean `{guess}`?", name=match[1], guess=meant)
        return _("The activation name `{name}` is not known.", name=match[1])
    if named and (match := _NAMED.search(text)):
        meant = nearest(match[1].lower(), _NAMES, 0.6)
        if meant:
            return _("The name `{name}` is not known; did you mean `{guess}`?", name=match[1], guess=meant)
        return _("The name `{name}` is not known.", name=match[1])
    if name := missing_name(error, text):
        if name in IMPORTS:
            return _("`{name}` was not imported: run the first cell, or `{line}`.", name=name, line=IMPORTS[name])
        return _(
            "`{name}` does not exist (yet): is it spelled as the text asks, and did the cell that makes it run?",
            name=name,
        )
    if left_empty(error, text):
        return _("This cell is still empty: replace `raise NotImplementedError()` by your own code.")
    for rule in RULES:
        if match := rule.pattern.search(f"{error}: {text}"):
            return _filled(rule, {key: value or "" for key, value in match.groupdict().items()})
    if _SHAPES.search(text):
        return _shape(text)
    return ""


def _of_another_kind(asked: keras_names.Kind, name: str) -> str:
    """What to say of a name that Keras knows, and not as what was `asked` for there."""
    if keras_names.canonical(asked, name):
        return ""
    return next((_(hint, name=name) for kind, hint in BELONGS.items() if keras_names.canonical(kind, name)), "")


def _filled(rule: Rule, found: dict[str, str]) -> str:
    known = list(rule.near(found)) if rule.near else []
    guess = "" if found.get("name") in known else nearest(found["name"], known) if known else ""  # not its own
    return _(rule.hint if guess or not rule.near else rule.alone, **found, guess=guess)


def _shape(text: str) -> str:
    if (match := _LAST_AXIS.search(text)) and match["found"] not in _SIZES:
        return _(
            "The layer `{name}` was made for {wanted} numbers and gets {found}: does one layer object stand in two places? Each place "
            "needs an object of its own.",
            name=match["name"], wanted=match["wanted"], found=match["found"],
        )  # fmt: skip
    if (match := _AXES.search(text)) and not re.match("sequential|functional|model", match["name"]):
        return _(
            "The layer `{name}` takes {wanted} axes, the batch counted, and gets {found} from what stands before it: Flatten and Dense give "
            "two, an image with an axis for its channels has four. Mind the order of the layers.",
            name=match["name"], wanted=match["wanted"], found=match["found"],
        )  # fmt: skip
    for source in data_sets.SOURCES.values():
        shape, values = ", ".join(map(str, source.shape)), math.prod(source.shape)
        if str(values) in text or shape in text:
            return _(
                "The data don't have the shape that the network's input expects: a network that begins with "
                "Flatten takes images ({shape}), one that begins with Dense takes rows of {values} numbers.",
                shape=shape,
                values=values,
            )
    return _(
        "The data don't have the shape that the network's input expects: compare their .shape with keras.Input(shape=...)."
    )
