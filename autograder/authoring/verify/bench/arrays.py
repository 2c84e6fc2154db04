"""What statements make of arrays, kept: it is the same in every notebook that has the same statement at the same place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MANY = 1_000_000  # bytes of an array that is worth keeping
MOST = 1_500_000_000  # bytes of arrays that are kept, those of the solution among them


@dataclass(frozen=True)
class _Kept:
    """What a statement made, and what it met: kept too, so that an ``id`` in its key stays that object's."""

    made: Mapping[str, Any]
    met: tuple[Any, ...]


class Arrays:
    """Statements by key: their text, and the ``id`` of each object that they meet. Nobody changes an array that is kept here."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, _Kept] = OrderedDict()
        self._own: frozenset[Any] = frozenset()
        self._seen: dict[int, dict[Any, Any]] = {}  # of arrays that statements made, what was seen of them

    @property
    def statements(self) -> set[str]:
        return {text for text, _met in self._kept}

    def found(self, text: str, met: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the statement made when it met the same before."""
        key = _key(text, met)
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key].made

    def keep(self, text: str, met: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        self._kept[_key(text, met)] = _Kept(made, tuple(met.values()))
        self._seen |= {id(value): {} for value in made.values() if large(value)}
        others = [key for key in self._kept if key not in self._own] if self._own else []
        while len(others) > 1 and self._bytes() > MOST:
            self._drop(others.pop(0))

    def stay(self) -> None:
        """What is kept by now is the solution's own, which every other notebook needs again."""
        self._own = self._own or frozenset(self._kept)

    def look(self, array: Any, about: Any, see: Callable[[], Any]) -> Any:
        """What `see` sees of an array; of one that is kept, what was seen when `about` was first asked.

        Looking at one takes longer than all else that a notebook does here.
        """
        seen = self._seen.get(id(array), {})
        if about not in seen:
            seen[about] = see()
        return seen[about]

    def _bytes(self) -> int:
        held = {id(value): value for one in self._kept.values() for value in (*one.made.values(), *one.met)}
        return sum(value.nbytes for value in held.values() if large(value))

    def _drop(self, key: Any) -> None:
        """That statement and, since their keys name its arrays, those that met what it made."""
        if key not in self._kept:
            return
        gone = {id(value) for value in self._kept.pop(key).made.values()}
        for number in gone:
            self._seen.pop(number, None)
        for other in [key for key, one in self._kept.items() if any(id(value) in gone for value in one.met)]:
            self._drop(other)


def large(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes > MANY


def _key(text: str, met: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, int], ...]]:
    return text, tuple((name, id(value)) for name, value in met.items())
