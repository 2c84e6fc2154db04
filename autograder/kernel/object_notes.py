"""What is noted of a notebook's objects: beside them, so that nothing of it shows in the objects themselves."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Notes(Generic[Value]):
    """One note about each of some objects, for as long as they live. What can't be weakly referred to (a list, a dictionary) is kept alive."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Callable[[], Any], Value]] = {}

    def get(self, thing: Any) -> Value | None:
        kept = self._kept.get(id(thing))
        return kept[1] if kept is not None and kept[0]() is thing else None

    def set(self, thing: Any, value: Value) -> None:
        key = id(thing)
        there: Callable[[], Any] = lambda: thing  # noqa: E731
        with contextlib.suppress(TypeError):
            there = weakref.ref(thing, lambda _: self._kept.pop(key, None))
        self._kept[key] = (there, value)


replacements: Notes[bool] = Notes()  # of functions of Keras and others, by functions of ours
