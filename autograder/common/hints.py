"""Hints that fit an exception: what the lecture's slips raise, and what to do about them."""

from __future__ import annotations

import difflib
import re

from autograder.common.allowed import ACTIVATIONS, LOSSES, METRICS, OPTIMIZERS
from autograder.common.i18n import _

_QUOTED = re.compile(r"(?:identifier|activation function)[^'\"]*?:?\s*['\"]?(\w+)['\"]?\s*(?:$|[.,\s])", re.IGNORECASE)

_NAMED = re.compile(
    r"Could not (?:locate (?:class|function)|interpret (?:optimizer|loss|metric) identifier:) ['\"]?(\w+)",
    re.IGNORECASE,
)  # what compile() and fit() raise for a name that Keras doesn't know
_NAMES = sorted({*(name.lower() for name in OPTIMIZERS), *LOSSES, *METRICS, "accuracy"})

_SHAPES = re.compile(
    "incompatible with the layer|expected shape|incompatible shape|expected axis|matrix size-incompatible|cannot reshape",
    re.IGNORECASE,
)


def nearest(name: str, known: list[str]) -> str:
    """The known name that a mistyped one most likely meant, whatever the capitals of either; '' when none is near."""
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    words = [word for word in name.casefold().split("_") if word]
    for fold, one in folded.items():  # lr, sparse_crossentropy
        own = fold.split("_")
        if len(own) > 1 and (
            "".join(word[0] for word in own if word) == name.casefold() or (len(words) > 1 and set(words) <= set(own))
        ):
            return one
    close = difflib.get_close_matches(name.casefold(), list(folded), 1, 0.5)
    return folded[close[0]] if close else ""


def meant(name: str, known: list[str]) -> str:
    """What to say of a name that doesn't exist: the nearest one, or all there are."""
    guess = nearest(name, known)
    return _("did you mean '{guess}'?", guess=guess) if guess else _("There are {names}.", names=", ".join(known))


def for_error(error: str, message: str) -> str:
    """A hint for an exception of class name `error`; '' when none fits."""
    text = " ".join(message.split())
    if "activation" in text and (match := _QUOTED.search(text)):
        meant = nearest(match[1], sorted(ACTIVATIONS))
        if meant:
            return _("The activation name `{name}` is not known; did you mean `{guess}`?", name=match[1], guess=meant)
        return _("The activation name `{name}` is not known.", name=match[1])
    if match := _NAMED.search(text):
        meant = nearest(match[1].lower(), _NAMES)
        if meant:
            return _("The name `{name}` is not known; did you mean `{guess}`?", name=match[1], guess=meant)
        return _("The name `{name}` is not known.", name=match[1])
    if "metrics" in text and ("list" in text or "Expected" in text):
        return _("metrics is a list: write metrics=['accuracy'], with brackets.")
    if _SHAPES.search(text):
        return _(
            "The data don't have the shape that the network's input expects: a network that begins with "
            "Flatten takes images (28, 28), one that begins with Dense takes rows of 784 numbers."
        )
    if error == "NameError" and (match := re.search(r"name '(\w+)' is not defined", text)):
        return _(
            "`{name}` does not exist (yet): is it spelled as the text asks, and did the cell that makes it run?",
            name=match[1],
        )
    if error == "NotImplementedError":
        return _("This cell is still empty: replace `raise NotImplementedError()` by your own code.")
    if "must call `compile()`" in text or "call `compile" in text:
        return _("Call compile() before fit() or evaluate().")
    return ""
