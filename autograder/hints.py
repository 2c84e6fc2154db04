"""Hints that fit an exception: what the lecture's slips raise, and what to do about them."""

from __future__ import annotations

import difflib
import re

from autograder.allowed import ACTIVATIONS

_QUOTED = re.compile(r"(?:identifier|activation function)[^'\"]*?:?\s*['\"]?(\w+)['\"]?\s*(?:$|[.,\s])", re.IGNORECASE)

_SHAPES = re.compile(
    "incompatible with the layer|expected shape|incompatible shape|expected axis|matrix size-incompatible|cannot reshape",
    re.IGNORECASE,
)


def nearest(name: str, known: list[str]) -> str:
    """The known name that a mistyped one most likely meant, or ''."""
    close = difflib.get_close_matches(name, known, 1, 0.5)
    return close[0] if close else ""


def for_error(error: str, message: str) -> str:
    """A hint for an exception of class name `error`; '' when none fits."""
    text = " ".join(message.split())
    if "activation" in text and (match := _QUOTED.search(text)):
        meant = nearest(match[1], sorted(ACTIVATIONS))
        guess = f"; did you mean `{meant}`?" if meant else "."
        return f"The activation name `{match[1]}` is not known{guess}"
    if "metrics" in text and ("list" in text or "Expected" in text):
        return "metrics is a list: write metrics=['accuracy'], with brackets."
    if _SHAPES.search(text):
        return (
            "The data don't have the shape that the network's input expects: a network that begins with Flatten takes "
            "images (28, 28), one that begins with Dense takes rows of 784 numbers."
        )
    if error == "NameError" and (match := re.search(r"name '(\w+)' is not defined", text)):
        return f"`{match[1]}` does not exist (yet): is it spelled as the text asks, and did the cell that makes it run?"
    if error == "NotImplementedError":
        return "This cell is still empty: replace `raise NotImplementedError()` by your own code."
    if "must call `compile()`" in text or "call `compile" in text:
        return "Call compile() before fit() or evaluate()."
    return ""
