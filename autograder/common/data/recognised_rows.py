"""Which images of a data set are in an array? Recognised row by row, whatever the order, scaling, dtype or layout.

A row is looked up by a 64-bit key of some of its pixels, and then every pixel of every row is compared exactly: a recognised array
is known to equal ``lookup.seen(images[rows])`` bit for bit; one that was scaled column by column, or each image by itself, within rounding. (All 70,000 images of Fashion-MNIST differ in the `COLUMNS` that are looked at.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data import data_sets, image_by_image
from autograder.common.data.base import CHUNK, LARGEST, DataSet, Rows
from autograder.common.data.lookups import SHADES, ByColumn, ByShade, Lookup

COLUMNS = 128  # checked in Index: so many pixels tell all images apart
MIDDLE = 6 / 28, 22 / 28  # of an image's height and width: its border is often empty
NO_SHIFT = 0.01  # of a pixel
STEPPED = 500  # rows that an unusual scaling is read off
ROUNDING = 1e-4  # of a value that was scaled column by column, float32 as it may be


@dataclass(frozen=True)
class Recognised:
    """An array is ``lookup.seen(images[rows])``: `rows` int32 (n,), images of `among`."""

    rows: Rows
    lookup: Lookup
    among: Index

    def range(self) -> tuple[float, float] | None:
        """The smallest and the largest value of the array; None where that isn't known without it."""
        low, high = self.among.darkest[self.rows].min(), self.among.brightest[self.rows].max()
        return self.lookup.between(int(low), int(high))


class Keys:
    """A number for each image, sorted for look-up."""

    def __init__(self, keys: npt.NDArray[np.uint64]) -> None:
        self.order = np.argsort(keys, kind="stable").astype(np.int32)
        self.sorted = keys[self.order]

    @cached_property
    def twins(self) -> bool:
        return bool(np.any(self.sorted[1:] == self.sorted[:-1]))

    def find(self, keys: npt.NDArray[np.uint64]) -> Rows | None:
        """Row numbers for `keys` (n,), or None when any is unknown."""
        places = np.minimum(np.searchsorted(self.sorted, keys), len(self.sorted) - 1)
        if not np.array_equal(self.sorted[places], keys):
            return None
        return self.order[self._in_turn(places) if self.twins else places]

    def _in_turn(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Images that are in the data set several times: the first in an array is the first of them, the next one the next."""
        by = np.argsort(places, kind="stable")
        ordered = places[by]
        turn = np.arange(len(by)) - np.searchsorted(ordered, ordered)
        alike = np.searchsorted(self.sorted, self.sorted[ordered], "right") - ordered
        found = np.empty_like(places)
        found[by] = ordered + turn % alike
        return found


class Index:
    """The keys of all images. Building it takes about 0.1 s."""

    def __init__(self, data: DataSet) -> None:
        self.data = data
        self.flat = data.features.reshape(len(data), data.values)
        self.darkest, self.brightest = self.flat.min(axis=1), self.flat.max(axis=1)
        generator = np.random.default_rng(0)
        # From the image's middle: the border is black in most images.
        middle = _middle(data.shape)
        self.columns = np.sort(generator.choice(middle, min(COLUMNS, len(middle)), replace=False))
        while len(others := self._sort()):
            # Images that are alike in all columns: of each such pair one more column tells it apart.
            self.columns = np.union1d(self.columns, others)
        self.orders = [np.arange(len(data), dtype=np.int32)]
        self._by_order: dict[int, Keys] = {}

    def _sort(self) -> npt.NDArray[np.intp]:
        """Sort by keys of the columns as they are; what other columns are needed, as images that differ share a key."""
        odd = np.random.default_rng(1).integers(1, 2**63, len(self.columns), np.uint64) * np.uint64(2) + np.uint64(1)
        self.multipliers = odd
        self.keys = Keys(self._keys(self.flat[:, self.columns]))
        order = self.keys.order
        alike = np.flatnonzero(self.keys.sorted[1:] == self.keys.sorted[:-1])
        differ = self.flat[order[alike]] != self.flat[order[alike + 1]]
        differ[:, self.columns] = False
        return np.unique(differ.argmax(axis=1)[differ.any(axis=1)])

    @cached_property
    def span(self) -> tuple[int, int]:
        """The smallest and the largest number of all images."""
        return int(self.darkest.min()), int(self.brightest.max())

    @property
    def shapes(self) -> set[tuple[int, ...]]:
        """Of one image, in all forms that networks take."""
        return {(self.data.values,), self.data.shape, (*self.data.shape, 1)}

    def expect(self, orders: Iterable[Rows]) -> None:
        """Orders in which the rows of an array are likely to come: only verified, they are recognised in half the time."""
        self.orders.extend(orders)

    def _keys(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
        keys = np.zeros(len(pixels), np.uint64)
        for column, multiplier in enumerate(self.multipliers):
            keys += pixels[:, column].astype(np.uint64) * multiplier
        return keys

    def recognise(self, array: Any) -> Recognised | None:
        """The rows of `array`, as they are, flat or with a last axis of 1, and of any real dtype; None for other data."""
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif" or not len(array):
            return None
        if array.shape[1:] not in self.shapes:
            return None
        flat = array.reshape(len(array), self.data.values)
        for shift, scale in self._candidates(flat):
            first = self._look_up(flat[:1], shift, scale)
            if first is None:
                continue
            for rows in self._expected(int(first[0]), len(flat)):
                if found := self._verified(flat, rows, shift, scale):
                    return found
            looked_up = self._look_up(flat, shift, scale)
            if looked_up is not None:
                if found := self._verified(flat, looked_up, shift, scale):
                    return found
                break
        return self._changed(flat) or self._by_images(flat)

    def _changed(self, flat: npt.NDArray[Any]) -> Recognised | None:
        """Images of which each pixel's value became another: by ``//``, a threshold, a root; or each column was scaled by itself.

        Such values don't tell which image they are of, so these are a whole part of the data set, in its usual order.
        """
        number = len(flat)
        for order in (one for one in self.orders if STEPPED <= number <= len(one)):
            for rows in (order[:number], order[len(order) - number :]):
                found = self._verified(flat, rows, 0.0, 1.0) or self._by_columns(flat, rows)
                if found and _tells(found.lookup.numbers):
                    return found
        return None

    def _by_columns(self, flat: npt.NDArray[Any], rows: Rows) -> Recognised | None:
        """As a scaler of scikit-learn does it: by each column's own mean and spread, or its own ends."""
        for number in (STEPPED, len(rows)):  # most others show in the first rows
            pixels, values = self.flat[rows[:number]], flat[:number]
            lookup = _columns(pixels, values)
            for start in range(0, number, CHUNK):
                there = values[start : start + CHUNK]
                with np.errstate(all="ignore"):
                    off = np.abs(lookup[0] + lookup[1] * pixels[start : start + CHUNK] - there)
                    if not (off <= ROUNDING * (np.abs(there) + np.abs(lookup[0]) + 1e-3)).all():  # NaN fails this too
                        return None
        varied = lookup[:, lookup[1] != 0]
        # Columns that were all scaled alike are compared to the bit.
        alike = not varied.size or (np.ptp(varied, axis=1) <= ROUNDING * np.abs(varied[1]).max()).all()
        return None if alike else Recognised(rows, ByColumn(lookup), self)

    def _by_images(self, flat: npt.NDArray[Any]) -> Recognised | None:
        """As ``keras.utils.normalize`` does it: each image by itself, or each of its rows or columns."""
        images = flat.reshape(len(flat), *self.data.shape)
        for axis, length in enumerate(self.data.shape):
            if length < 2:  # of one row or column nothing is told
                continue
            known, rows = self._ordered(axis), None
            if known.find(image_by_image.keys(images[:1], axis)) is not None:
                rows = known.find(image_by_image.keys(images, axis))
            if rows is not None and (way := image_by_image.found(self.data.features[rows], images, axis)):
                return Recognised(rows, way, self)
        return None

    def _ordered(self, axis: int) -> Keys:
        """By which of two neighbours along that axis is the brighter one. Takes about 0.5 s, once."""
        if axis not in self._by_order:
            self._by_order[axis] = Keys(image_by_image.keys(self.data.features, axis))
        return self._by_order[axis]

    def _look_up(self, flat: npt.NDArray[Any], shift: float, scale: float) -> Rows | None:
        pixels = self._sample(flat, shift, scale)
        return self.keys.find(self._keys(pixels)) if pixels is not None else None

    def _expected(self, first: int, number: int) -> Iterator[Rows]:
        """So many rows of each of `orders`, from where the image `first` stands in it."""
        for order in self.orders:
            for start in np.flatnonzero(order == first):
                if start + number <= len(order):
                    yield order[start : start + number]

    def _sample(self, flat: npt.NDArray[Any], shift: float, scale: float) -> npt.NDArray[np.uint8] | None:
        """The pixels in `columns`, uint8 (n, columns), or None when this is not how the values were scaled."""
        sample = np.empty((len(flat), len(self.columns)), np.uint8)
        for start in range(0, len(flat), CHUNK):
            with np.errstate(all="ignore"):
                pixels = np.rint((flat[start : start + CHUNK, self.columns] - shift) * scale)
            if not (pixels.min() >= 0 and pixels.max() <= 255):  # NaN fails this too
                return None
            sample[start : start + CHUNK] = pixels
        return sample

    def _candidates(self, flat: npt.NDArray[Any]) -> Iterator[tuple[float, float]]:
        """(shift, scale) pairs that would turn the values back into pixels, the usual ones first."""
        yield from ((0.0, 255.0), (0.0, 1.0), (0.0, 256.0), (-1.0, 127.5), (-0.5, 255.0))
        low, high = float(flat.min()), float(flat.max())
        if not (np.isfinite(low) and np.isfinite(high) and high > low):
            return
        darkest, brightest = self.span
        if brightest > darkest:  # by what all images hold, as of most arrays
            yield _from(low, darkest, (brightest - darkest) / (high - low))
        # By its own steps: no image among these need be as dark or as bright as others.
        steps = np.diff(np.unique(flat[:STEPPED].astype(np.float64)))
        steps = steps[steps > (high - low) / 1000]  # others are roundings
        if len(steps) and (levels := round((high - low) / float(steps.min()))) <= 255:
            scale = levels / (high - low)
            yield from (_from(low, pixel, scale) for pixel in range(256 - levels))

    def _verified(self, flat: npt.NDArray[Any], rows: Rows, shift: float, scale: float) -> Recognised | None:
        lookup = (np.arange(SHADES) / scale + shift).astype(flat.dtype)
        # The student's own rounding (x / 255 or x * (1 / 255), in any precision) is read off the data, where a pixel is first seen.
        unseen = np.ones(SHADES, bool)
        missing = True
        for start in range(0, len(rows), CHUNK):
            pixels, values = self.flat[rows[start : start + CHUNK]], flat[start : start + CHUNK]
            if missing:
                fresh = unseen.take(pixels, mode="clip")
                lookup[pixels[fresh]] = values[fresh]
                unseen[pixels[fresh]] = False
                missing = bool(unseen[self.span[0] : self.span[1] + 1].any())
            if not np.array_equal(lookup.take(pixels, mode="clip"), values):
                return None
        return Recognised(rows, ByShade(lookup.astype(np.float64)), self)


def _tells(lookup: npt.NDArray[np.float64]) -> bool:
    """Whether anything is left of the images, in numbers that travel."""
    return bool(np.abs(lookup).max() < LARGEST and np.ptp(lookup) > 0)  # NaN and infinity aren't


def _columns(pixels: npt.NDArray[np.uint8], values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """For each column what was added, after what it was multiplied by, as its darkest and its brightest pixel show it."""
    every = np.arange(pixels.shape[1])
    low, high = pixels.argmin(0), pixels.argmax(0)
    darkest, brightest = pixels[low, every].astype(np.float64), pixels[high, every].astype(np.float64)
    first, last = values[low, every].astype(np.float64), values[high, every].astype(np.float64)
    with np.errstate(all="ignore"):
        factor = np.where(brightest > darkest, (last - first) / np.maximum(brightest - darkest, 1), 0.0)
        return np.stack([first - factor * darkest, factor])


def _from(low: float, pixel: int, scale: float) -> tuple[float, float]:
    """Shift and scale where `low` is what became of `pixel`; no shift where roundings alone make one."""
    shift = low - pixel / scale
    return (0.0 if abs(shift * scale) < NO_SHIFT else shift), scale


def _middle(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Which values of an image, flat, lie in its middle: (height, width) or (height, width, channels)."""
    low, high = MIDDLE
    numbers = np.arange(math.prod(shape)).reshape(shape)
    return numbers[tuple(slice(round(low * axis), round(high * axis)) for axis in shape[:2])].ravel()


def index(name: str = data_sets.USUAL) -> Index:
    """Of the data set called `name`; made once."""
    return index_of(data_sets.load(name))


@lru_cache(maxsize=4)
def index_of(data: DataSet) -> Index:
    """Made once."""
    return Index(data)
