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
MOST_ROUNDING = 2e-4  # less than what it changes to fit a scaler on all rows
NEIGHBOURS = 3  # rows that are compared on either side of where a row belongs,
FAR = 40  # and of one that none of those is
Floats = npt.NDArray[np.float32]


class Known(NamedTuple):
    """Of samples: which rows they are, made into which named arrays. `changed`: how many don't have the target of their row."""

    rows: Rows
    features: str
    targets: str
    changed: int


class Column:
    """One named array, `array` (rows, ...): finds its rows among others' numbers. `rounding`: how far apart these may be, of the
    largest number of a column."""

    def __init__(self, array: npt.NDArray[Any], rounding: float = TOLERANCE) -> None:
        self.array = np.asarray(array, np.float32)
        self.width = self.array[0].size
        self.rounding = rounding

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
        sums = flat @ weights
        at = np.searchsorted(numbers, sums)
        # By weights and scales no right row is farther off.
        near = 1.5 * self.width * self.rounding
        best, found = np.full(len(flat), np.inf), np.zeros(len(flat), np.intp)
        ours: Any = slice(None)
        for step in sorted(range(-FAR, FAR), key=abs):
            if abs(step) > NEIGHBOURS:
                ours = np.flatnonzero(best > self.rounding)
            candidate = np.clip(at[ours] + step, 0, len(numbers) - 1)
            if abs(step) > NEIGHBOURS:
                may_be = np.abs(numbers[candidate] - sums[ours]) <= near
                ours, candidate = ours[may_be], candidate[may_be]
            apart = (np.abs(flat[ours] - distinct[candidate]) / scale).max(axis=1, initial=0)
            found[ours] = np.where(apart < best[ours], candidate, found[ours])
            best[ours] = np.minimum(best[ours], apart)
        return np.where(best <= self.rounding, found, -1)

    def is_near(self, values: npt.NDArray[Any], rows: Rows) -> npt.NDArray[np.bool_]:
        """Of each of `values` (n, ...), whether it is that of its row."""
        if values.size != len(rows) * self.width:
            return np.zeros(len(rows), bool)
        distinct, _numbers, _weights, scale, places = self._looked_up
        apart = np.abs(values.reshape(len(rows), self.width) - distinct[places[rows]]) / scale
        return np.asarray((apart <= self.rounding).all(axis=1))


def rounding(values: npt.NDArray[Any]) -> float:
    """How far apart rows may be that are scaled by a mean and spread of `values` (rows, ...): NumPy adds float32 one after another, so
    that of many rows both are off by more than one rounding. Measured, for columns and for features of all steps."""
    apart = TOLERANCE
    with np.errstate(over="ignore"):
        single, double = values.astype(np.float32), values.astype(np.float64)
    for axes in {(0,), tuple(range(max(1, values.ndim - 1)))}:
        spread = np.atleast_1d(double.std(axis=axes))
        off = np.stack([single.mean(axis=axes) - double.mean(axis=axes), single.std(axis=axes) - double.std(axis=axes)])
        of_spread = np.abs(off.reshape(2, *spread.shape)[:, spread > 0]) / spread[spread > 0]
        apart = max(apart, 4 * float(of_spread.max(initial=0)))
    return min(apart, MOST_ROUNDING)


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
        changed = ~aims.is_near(targets[~fits], rows[~fits])  # of dense targets another one may be nearest, by rounding
        return Known(rows, name, aim, int(np.count_nonzero(changed)))

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
    targets = of_targets(data, data.numbered)
    ways = ((made, features, rounding(data.features)), (made.get(TARGETS, {}), targets, rounding(data.targets)))
    for named, into, apart in ways:
        for name, array in named.items():
            if named is made and name == TARGETS:
                continue
            if name in into:
                raise ValueError(_("'{name}' is what the data set's own numbers are called", name=name))
            into[_name(name)] = Column(_checked(name, array, len(data)), apart)
    return Prepared(features, targets, order)


def of_targets(data: DataSet, classes: int) -> dict[str, Column]:
    """What takes the targets' place in any course: they themselves and, of so many `classes`, vectors."""
    own = {RAW: Column(data.targets)}
    return {**own, ONE_HOT: Column(np.eye(classes, dtype=np.float32)[data.targets])} if classes else own


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
