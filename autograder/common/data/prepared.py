"""What a course's own preparation makes of a table: named arrays, and which of their rows a student's array holds.

An array of a student's is known by its numbers alone, row by row, whatever way they came about: equal to the course's own but for
what the rounding to float32 changes. Rows that are alike are told apart by their targets.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograder.common.data import tables
from autograder.common.data.base import MAX_NUMBERS, DataSet, Rows
from autograder.common.i18n import _

RAW = "raw"  # what the numbers of the data set itself are called
ONE_HOT = "one_hot"  # and its classes as vectors
TARGETS = "targets"  # under which a preparation gives what takes the targets' place
FILE = "prepared.npz"  # the named arrays, beside a released notebook
TOLERANCE = 2e-6  # of the largest number of a column: some roundings to float32
NEIGHBOURS = 3  # rows that are compared on either side of where a row belongs
Floats = npt.NDArray[np.float32]


class Known(NamedTuple):
    """Of samples: which rows they are, made into which named arrays. `changed`: how many don't have the target of their row."""

    rows: Rows
    features: str
    targets: str
    changed: int


class Column:
    """One named array, `array` (rows, ...): finds its rows among others' numbers."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.array = np.asarray(array, np.float32)
        self.width = self.array[0].size

    @cached_property
    def _looked_up(self) -> tuple[npt.NDArray[Any], ...]:
        """Distinct rows in the order of one number each; those numbers; what they are made with; a row's place among them."""
        flat = self.array.reshape(len(self.array), self.width).astype(np.float64)
        scale = np.maximum(np.abs(flat).max(axis=0), 1e-30)
        weights = np.random.default_rng(0).uniform(0.5, 1.5, self.width) / scale
        distinct, place = np.unique(flat, axis=0, return_inverse=True)
        numbers = distinct @ weights
        order = np.argsort(numbers, kind="stable")
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return distinct[order], numbers[order], weights, scale, back[place.reshape(-1)]

    @property
    def places(self) -> npt.NDArray[np.intp]:
        """Of each row, its place among the distinct ones."""
        return self._looked_up[-1]

    def find(self, values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """Of each of `values` (n, ...), its place among the distinct rows; -1 for one that is none of them."""
        distinct, numbers, weights, scale, _places = self._looked_up
        flat = values.reshape(len(values), -1).astype(np.float64)
        if flat.shape[1] != self.width:
            return np.full(len(values), -1)
        at = np.searchsorted(numbers, flat @ weights)
        best, found = np.full(len(flat), np.inf), np.zeros(len(flat), np.intp)
        for step in range(-NEIGHBOURS, NEIGHBOURS):
            candidate = np.clip(at + step, 0, len(numbers) - 1)
            apart = (np.abs(flat - distinct[candidate]) / scale).max(axis=1)
            found = np.where(apart < best, candidate, found)
            best = np.minimum(best, apart)
        return np.where(best <= TOLERANCE, found, -1)


@dataclass(frozen=True, eq=False)
class Prepared:
    """`features`, `targets`: by name, each with a row for each of the data set; `order`: of its rows, those of the training split first."""

    features: Mapping[str, Column]
    targets: Mapping[str, Column]
    order: Rows

    def known(self, values: npt.NDArray[Any], targets: npt.NDArray[Any]) -> Known | None:
        """What samples with such `values` (n, ...) and `targets` (n,) or (n, columns) are; None where a row is none of the data set."""
        for name, column in self.features.items():
            places = column.find(values)
            if (places >= 0).all():
                ways = [self._with(name, column, places, aim, targets) for aim in self.targets]
                return min(ways, key=lambda way: way.changed)
        return None

    def _with(
        self, name: str, column: Column, places: npt.NDArray[np.intp], aim: str, targets: npt.NDArray[Any]
    ) -> Known:
        aims = self.targets[aim]
        most = len(self.order) + 1
        given = aims.find(targets)
        wanted, there = places * most + given, column.places * most + aims.places
        fits = (given >= 0) & np.isin(wanted, there)
        rows = np.empty(len(places), np.int32)
        rows[fits] = self._in_turn(there, wanted[fits])
        rows[~fits] = self._in_turn(column.places, places[~fits])
        return Known(rows, name, aim, int(np.count_nonzero(~fits)))

    def _in_turn(self, there: npt.NDArray[np.intp], wanted: npt.NDArray[np.intp]) -> Rows:
        """The rows of the places `wanted`; of rows that are alike the first comes first, and those of the training split before others."""
        by = self.order[np.argsort(there[self.order], kind="stable")]
        sorted_ = there[by]
        asked = np.argsort(wanted, kind="stable")
        first = np.searchsorted(sorted_, wanted[asked])
        alike = np.searchsorted(sorted_, wanted[asked], "right") - first
        turn = np.arange(len(asked)) - np.searchsorted(wanted[asked], wanted[asked])
        rows = np.empty(len(wanted), np.int32)
        rows[asked] = by[first + turn % alike]
        return rows

    def content(self) -> bytes:
        """As a file, for those who don't have the course's preparation."""
        stream = io.BytesIO()
        named = {
            f"{kind}.{name}": column.array
            for kind in ("features", TARGETS)
            for name, column in getattr(self, kind).items()
            if name not in (RAW, ONE_HOT)
        }
        np.savez_compressed(stream, **named)
        return stream.getvalue()


def of(data: DataSet, order: Rows, made: Any = None) -> Prepared:
    """`made`: what the course's preparation gave. Raises ValueError for anything but named arrays with a row for each of the data set."""
    made = {} if made is None else made
    if not isinstance(made, Mapping) or not isinstance(made.get(TARGETS, {}), Mapping):
        raise ValueError(_("it gives {found}, and should give arrays by their names", found=type(made).__name__))
    features = {RAW: Column(data.features)}
    targets = {RAW: Column(data.targets)}
    if data.numbered:
        targets[ONE_HOT] = Column(np.eye(data.numbered, dtype=np.float32)[data.targets])
    for named, into in ((made, features), (made.get(TARGETS, {}), targets)):
        for name, array in named.items():
            if named is made and name == TARGETS:
                continue
            if name in into:
                raise ValueError(_("'{name}' is what the data set's own numbers are called", name=name))
            into[_name(name)] = Column(_checked(name, array, len(data)))
    return Prepared(features, targets, order)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 60:
        raise ValueError(_("{name!r} is no name for an array", name=name))
    return name


def _checked(name: str, array: Any, rows: int) -> npt.NDArray[Any]:
    found = np.asarray(array)
    if found.dtype.kind not in "biuf" or not found.ndim or len(found) != rows or not found.size:
        raise ValueError(
            _(
                "'{name}' is an array of {dtype} of shape {shape}, and should hold numbers in {rows} rows",
                name=name,
                dtype=found.dtype,
                shape=found.shape,
                rows=rows,
            )
        )
    if not np.isfinite(found).all() or np.abs(found.astype(np.float64)).max() >= 1e9:
        raise ValueError(_("'{name}' has places without a number, or too large ones", name=name))
    if found.size > MAX_NUMBERS:  # nobody could hand it in, or train on it
        raise ValueError(
            _(
                "'{name}' has {count:,} numbers, and {most:,} are the most",
                name=name,
                count=found.size,
                most=MAX_NUMBERS,
            )
        )
    return found


def read(content: bytes) -> dict[str, Any]:
    """What `Prepared.content` wrote, in the form that `of` takes. Raises ValueError and what NumPy raises."""
    made: dict[str, Any] = {TARGETS: {}}
    for key, array in tables.arrays(content).items():
        kind, _dot, name = key.partition(".")
        (made[TARGETS] if kind == TARGETS else made)[name] = array
    return made
