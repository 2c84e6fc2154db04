"""Plain values: what a description holds as Python has it, of which kind it is, and when two choices are the same."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np

from autograder.common.wire.description import ArrayDescription, ListDescription, ScalarDescription

MOST = 10_000  # numbers that anybody works out: more are no check's answer, and cost a second for each million
_NUMBERED = re.compile(r"(?<=[A-Za-z])_\d+$")
Kind = Literal[
    "any", "integer", "number", "loss", "accuracy", "metric", "boolean", "text", "list", "pair", "lists", "choice", "array", "function", "network",
    "dictionary", "table", "figure", "object",
]  # fmt: skip
# What a network's answers stand for: one of several classes, 0 or 1, several labels that may each be, or numbers.
Meaning = Literal["class", "yes or no", "labels", "numbers"]


def plain(value: Any, most: int = MOST) -> Any:
    """A description as Python values: scalars and tuples; arrays as nested tuples. Raises TypeError for the rest, and for more
    than `most` values.
    """
    if _count(value, most) > most:
        raise TypeError(type(value).__name__)
    match value:
        case ScalarDescription():
            return value.value
        case ListDescription():
            return tuple(plain(item, most) for item in value.items)
        case ArrayDescription() if value.data is not None:
            return tuples(value.data.tolist())
    raise TypeError(type(value).__name__)


def as_accepted(value: Any, accepts: tuple[Any, ...]) -> Any:
    """A list as an array, for whoever takes arrays and no lists."""
    return as_array(value) if ArrayDescription in accepts and ListDescription not in accepts else value


def as_array(value: Any) -> Any:
    """A list of numbers, or of rows of them of the same length, as the array that NumPy makes of it; all else as it is."""
    if not isinstance(value, ListDescription):
        return value
    try:
        made = np.array(plain(value))
    except (TypeError, ValueError, OverflowError):  # other values, too many, and rows of several lengths
        return value
    if made.dtype.kind not in "if":
        return value
    finite = bool(np.isfinite(made).all())
    measured = finite and made.size > 0
    return ArrayDescription(
        dtype=made.dtype.name, shape=made.shape, finite=finite, data=made,
        minimum=float(made.min()) if measured else None, maximum=float(made.max()) if measured else None,
    )  # fmt: skip


def _count(value: Any, most: int) -> int:
    """How many values it holds; counting ends beyond `most`."""
    if isinstance(value, ArrayDescription) and value.data is not None:
        return int(value.data.size)
    count = 1
    for item in value.items if isinstance(value, ListDescription) else ():
        count += _count(item, most)
        if count > most:
            break
    return count


def leaves(value: Any) -> list[Any]:
    """What stands in lists, and in lists within them."""
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, (list, tuple)) else [value]


def tuples(value: Any) -> Any:
    return tuple(tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def kind_of(value: Any) -> Kind:
    """What sort of value an answer such as `value` is."""
    if isinstance(value, tuple):
        if value and all(isinstance(item, tuple) for item in value):
            return "lists"
        return "list"  # how long it is may be what is asked
    if value is None:
        return "any"
    kinds: dict[type, Kind] = {bool: "boolean", str: "text"}
    return kinds.get(type(value), "number")


def has_form(value: Any, kind: str) -> bool:
    """Whether `value` can be an answer of this kind: 78500.0 is a whole number, True is none."""
    match kind:
        case "integer":
            return type(value) is int or (type(value) is float and value.is_integer())
        case "number" | "metric" | "loss" | "accuracy":
            return type(value) in (int, float)
        case "boolean":
            return type(value) is bool
        case "text":
            return isinstance(value, str)
        case "list":
            return isinstance(value, tuple)
        case "pair":
            return isinstance(value, tuple) and len(value) == 2
        case "lists":
            return isinstance(value, tuple) and all(isinstance(item, tuple) for item in value)
    return True


def _unquoted(text: str) -> str:
    return text.strip().strip("'\"`").strip()


def chosen(answer: Any) -> Any:
    """An answer as it is compared: 'Softmax ' is softmax, 'rm_sprop' rmsprop, and 2.0, '2' and '2.' are 2; True is no number."""
    if isinstance(answer, str):
        answer = _unquoted(answer).casefold()
        try:
            answer = float(answer)
        except ValueError:
            return answer.replace("_", "") or answer  # Keras calls an RMSprop rm_sprop
    if isinstance(answer, bool) or answer is None:
        return None
    return answer if isinstance(answer, str) else float(answer)


def chosen_among(answer: Any, among: tuple[Any, ...]) -> Any:
    """Which of the answers is given, as it is compared; None for none.

    Keras numbers what it names, ``rm_sprop_1``: where no answer ends with such a number, it says nothing.
    """
    known = [chosen(one) for one in among]
    given = chosen(answer)
    if given not in known and isinstance(answer, str) and not any(_NUMBERED.search(str(one)) for one in among):
        given = chosen(_NUMBERED.sub("", _unquoted(answer)))
    return given if given in known else None
