"""Images that were scaled each by itself: by its own largest pixel, by mean and spread of each of its columns, and so on.

As ``keras.utils.normalize``, ``tf.image.per_image_standardization``, scikit-learn's ``normalize`` and many a line of NumPy do it. Whatever
such a line divides by, within a row, a column or an image that it is of, brighter pixels stay brighter: by that images are looked up.
What was done to them is one of a few named ways, the same for all, so that it holds nothing but the images: no label, for instance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from autograder.common.data.base import CHUNK, LARGEST
from autograder.common.i18n import N_, _

Floats = npt.NDArray[np.float64]
Axes = tuple[int, ...]

ROUNDING = 3e-4  # of a value before anything was taken away: a shade of grey is ten times that
MOST_AXES = 3  # of an image

# Of pixels float64 (n, ...), along axes, which stay with a length of 1: what is taken away,
_TAKEN: tuple[Callable[[Floats, Axes], Any], ...] = (
    lambda pixels, axes: 0.0,
    lambda pixels, axes: pixels.min(axis=axes, keepdims=True),
    lambda pixels, axes: pixels.mean(axis=axes, keepdims=True),
)
# and what is divided by then: by the pixels as they were, or by what is left of them.
_DIVIDED: tuple[Callable[[Floats, Floats, Axes], Any], ...] = (
    lambda pixels, left, axes: 1.0,
    lambda pixels, left, axes: pixels.max(axis=axes, keepdims=True),
    lambda pixels, left, axes: np.ptp(pixels, axis=axes, keepdims=True),
    lambda pixels, left, axes: pixels.std(axis=axes, keepdims=True),
    lambda pixels, left, axes: np.abs(left).sum(axis=axes, keepdims=True),
    lambda pixels, left, axes: np.sqrt((left**2).sum(axis=axes, keepdims=True)),
)
NOTHING = 0
_LARGEST, _EXTENT, _SPREAD, _SUM, _LENGTH = range(1, len(_DIVIDED))
_SMALLEST, _MEAN = range(1, len(_TAKEN))
# The usual ones first. Not by an extent or a spread alone, which a row of one shade doesn't have.
_WAYS = [(NOTHING, _LARGEST), (NOTHING, _LENGTH), (_SMALLEST, _EXTENT), (_MEAN, _SPREAD)]
_WAYS += [
    (taken, divided)
    for taken in range(len(_TAKEN))
    for divided in range(len(_DIVIDED))
    if (taken or divided not in (NOTHING, _EXTENT, _SPREAD)) and (taken, divided) not in _WAYS
]
# By what an image was scaled then, in words.
_BY_DIVIDED = {
    _LARGEST: N_("largest pixel"),
    _EXTENT: N_("smallest and largest pixel"),
    _SPREAD: N_("mean and spread"),
    _SUM: N_("sum"),
    _LENGTH: N_("length, as keras.utils.normalize does it"),
}
_BY_TAKEN = {_SMALLEST: N_("smallest pixel"), _MEAN: N_("mean")}


def in_chunks(
    scaled: Callable[[npt.NDArray[np.uint8]], Floats], pixels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """What `scaled` makes of `pixels` (n, ...), so few at a time that its float64 stays small."""
    values = np.empty(pixels.shape, np.float32)
    for start in range(0, len(pixels), CHUNK):
        values[start : start + CHUNK] = scaled(pixels[start : start + CHUNK])
    return values


class ByImage(NamedTuple):
    """What was done: along `axes` (a bit each), what was `taken` away and what the rest was `divided` by; then, to all images, a `factor` and a `shift`."""

    axes: int
    taken: int
    divided: int
    shift: float = 0.0
    factor: float = 1.0

    @property
    def along(self) -> Axes:
        return tuple(axis + 1 for axis in range(MOST_AXES) if self.axes >> axis & 1)

    def scaled(self, pixels: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """What becomes of `pixels` (n, ...) before factor and shift, and how large that was before anything was taken away."""
        exact = pixels.astype(np.float64)
        away = _TAKEN[self.taken](exact, self.along)
        left = exact - away
        by = _DIVIDED[self.divided](exact, left, self.along)
        by = np.where(by == 0, 1.0, by)  # of a row of one shade nothing is left
        return left / by, (exact + away) / by

    def seen(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """What became of `pixels` (n, ...)."""
        return in_chunks(lambda part: self.shift + self.factor * self.scaled(part)[0], pixels)

    def fitting(self, pixels: npt.NDArray[Any], values: npt.NDArray[Any]) -> ByImage | None:
        """With the factor and the shift by which the darkest and the brightest of `values` (n, ...) came about; None where there are none."""
        before = self.scaled(pixels)[0].reshape(-1)
        low, high = before.argmin(), before.argmax()
        first, last = float(values.reshape(-1)[low]), float(values.reshape(-1)[high])
        if not (np.isfinite(first) and np.isfinite(last) and before[high] > before[low]):
            return None
        factor = (last - first) / float(before[high] - before[low])
        shift = first - factor * float(before[low])
        shift = shift if abs(shift) > ROUNDING * abs(factor * before).max() else 0.0
        return self._replace(shift=shift, factor=factor) if factor > 0 and max(factor, abs(shift)) < LARGEST else None

    def explains(self, pixels: npt.NDArray[Any], values: npt.NDArray[Any]) -> bool:
        """Whether `pixels` became `values` (n, ...), within rounding."""
        made, large = self.scaled(pixels)
        rounding = max(ROUNDING, 2 * float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 0.0)
        with np.errstate(all="ignore"):
            off = np.abs(self.shift + self.factor * made - values)
            return bool((off <= rounding * (self.factor * large + abs(self.shift))).all())  # NaN fails this

    @property
    def faint(self) -> bool:
        """Whether pixels are left much fainter than from 0 to 1, as of an image that is divided by all of it."""
        return self.divided in (_SUM, _LENGTH)

    @property
    def numbers(self) -> Floats:
        """float64 (5,): as it travels."""
        return np.array(self, np.float64)

    @property
    def decisive(self) -> Floats:
        return self.numbers

    def between(self, darkest: int, brightest: int) -> None:
        """None: what an image's pixels become depends on its other ones."""

    @property
    def ends(self) -> tuple[float, float]:
        return -math.inf, math.inf

    @property
    def scaling(self) -> Literal["other"]:
        return "other"

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether images of that `shape` have all axes along which they were scaled."""
        return not self.axes >> len(shape)

    @property
    def said(self) -> str:
        """What was done, in words."""
        each = {1: _("Each column of each image"), 2: _("Each row of each image")}.get(self.axes, _("Each image"))
        by = _(_BY_DIVIDED[self.divided]) if self.divided else _(_BY_TAKEN[self.taken])
        return _("{each} was scaled by itself, by its {numbers}", each=each, numbers=by)


LENGTH = len(ByImage._fields)


def parsed(numbers: npt.NDArray[Any]) -> ByImage | None:
    """What `numbers` (5,) say was done; None for anything else, which they may be."""
    if numbers.shape != (LENGTH,) or not np.isfinite(numbers).all():
        return None
    axes, taken, divided = (int(one) for one in numbers[:3])
    known = 0 < axes < 1 << MOST_AXES and (taken, divided) in _WAYS and (axes, taken, divided) == (*numbers[:3],)
    return ByImage(axes, taken, divided, float(numbers[3]), float(numbers[4])) if known else None


def found(pixels: npt.NDArray[np.uint8], values: npt.NDArray[Any], axis: int) -> ByImage | None:
    """By which way along that axis of an image, and maybe others, `pixels` (n, ...) became `values`."""
    for one in _likely(pixels.ndim - 1, axis):
        if (fit := one.fitting(pixels[:CHUNK], values[:CHUNK])) and all(
            fit.explains(pixels[start : start + CHUNK], values[start : start + CHUNK])
            for start in range(0, len(pixels), CHUNK)
        ):
            return fit
    return None


def _likely(axes: int, axis: int) -> Iterator[ByImage]:
    """All ways along `axis`, those of the whole image last: a single row may look like them."""
    for along in range(1, 1 << axes):
        if along >> axis & 1:
            yield from (ByImage(along, *one) for one in _WAYS)


def keys(images: npt.NDArray[Any], axis: int) -> npt.NDArray[np.uint64]:
    """A number for each of `images` (n, ...), by which of two neighbours along that axis of an image is the brighter one."""
    made = np.empty(len(images), np.uint64)
    for start in range(0, len(images), CHUNK):
        part = np.moveaxis(images[start : start + CHUNK], axis + 1, 1)
        with np.errstate(invalid="ignore"):  # NaN is no brighter than anything
            sides = part[:, 1:] > part[:, :-1], part[:, 1:] < part[:, :-1]
        bits = np.packbits(np.stack(sides, axis=1).reshape(len(part), -1), axis=1)
        words = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)
        odd = np.random.default_rng(2).integers(1, 2**63, (2, words.shape[1]), np.uint64) * np.uint64(2) + np.uint64(1)
        mixed = words * odd[0]
        made[start : start + CHUNK] = ((mixed ^ mixed >> np.uint64(29)) * odd[1]).sum(axis=1)
    return made
