"""What became of the pixels of images, the same for all of them: from a pixel to what a network saw. It travels as an array of float64, whose shape says its kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from autograder.common.data import image_by_image
from autograder.common.data.image_by_image import ByImage, in_chunks

Scaling = Literal["unit", "raw", "other"]
Pixels = npt.NDArray[np.uint8]
Seen = npt.NDArray[np.float32]

SHADES = 256  # of a byte
HALF = 8e-4  # of a value from 0 to 1 in half precision, or with three decimals: a fifth of a shade of grey
MAX_COLUMNS = 1 << 16  # of an image, each with a scaling of its own


@dataclass(frozen=True, eq=False)
class ByShade:
    """Each of 256 shades became a value. `numbers` float64 (256,)."""

    numbers: npt.NDArray[np.float64]

    @cached_property
    def decisive(self) -> Seen:
        """All that a network sees of it: values that are alike in float32 are the same to it."""
        return self.numbers.astype(np.float32)

    def seen(self, pixels: Pixels) -> Seen:
        # No index of a byte is out of range: this only saves looking for one.
        return self.decisive.take(pixels, mode="clip")

    def between(self, darkest: int, brightest: int) -> tuple[float, float]:
        """The smallest and the largest value that pixels between the two became."""
        values = self.numbers[darkest : brightest + 1]
        return float(values.min()), float(values.max())

    @property
    def ends(self) -> tuple[float, float]:
        return self.between(0, SHADES - 1)

    @property
    def scaling(self) -> Scaling:
        """``unit`` (0 to 1), ``raw`` (0 to 255) or ``other``, within the rounding of float16."""
        pixels = np.arange(SHADES)
        if np.allclose(self.numbers, pixels / 255.0, rtol=0, atol=HALF):
            return "unit"
        return "raw" if np.array_equal(self.numbers, pixels) else "other"

    @property
    def even(self) -> bool:
        """Whether all shades are as far from the next one."""
        first, last = self.numbers[0], self.numbers[-1]
        return bool(np.allclose(self.numbers, np.linspace(first, last, SHADES), atol=HALF * np.ptp(self.numbers)))

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether images of that `shape` can be scaled so."""
        return True


@dataclass(frozen=True, eq=False)
class ByColumn:
    """Each column was scaled by itself, as a scaler of scikit-learn does it. `numbers` float64 (2, columns): what was added, after what it was multiplied by."""

    numbers: npt.NDArray[np.float64]

    @property
    def decisive(self) -> npt.NDArray[np.float64]:
        return self.numbers

    @property
    def scaling(self) -> Scaling:
        return "other"

    def seen(self, pixels: Pixels) -> Seen:
        added, factor = self.numbers
        return in_chunks(lambda part: (added + factor * part.reshape(len(part), -1)).reshape(part.shape), pixels)

    def between(self, darkest: int, brightest: int) -> None:
        """None: which of them is in which column isn't known."""

    @property
    def ends(self) -> tuple[float, float]:
        added, factor = self.numbers
        every = np.stack([added, added + (SHADES - 1) * factor])
        return float(every.min()), float(every.max())

    def fits(self, shape: tuple[int, ...]) -> bool:
        return self.numbers.size == 2 * math.prod(shape)


Lookup = ByShade | ByColumn | ByImage
RAW_PIXELS, UNIT_PIXELS = ByShade(np.arange(float(SHADES))), ByShade(np.arange(SHADES) / 255.0)


def parsed(numbers: npt.NDArray[Any]) -> Lookup | None:
    """What an array that travelled says; None for one that says nothing of the kind."""
    if numbers.dtype.str != "<f8":
        return None
    if numbers.shape == (SHADES,):
        return ByShade(numbers)
    if numbers.ndim == 2 and len(numbers) == 2 and 0 < numbers.shape[1] <= MAX_COLUMNS:
        return ByColumn(numbers)
    return image_by_image.parsed(numbers)
