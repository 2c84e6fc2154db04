"""What most notebooks compute first, computed before they run: the images over 255, and the split that the course asks for.

A kernel is a fork of a process that holds these arrays, so they cost it nothing until it writes to them. Computing them takes
about 0.4 s, and 750 MB of memory that has to be cleared first. They hold the same bits as what the student's own line
would have computed. Each is handed out once, so that no two arrays of a notebook ever share memory, and only if what it is made
from is still as it was loaded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data import RANDOM_STATE, TEST_SIZE, TRAINING, load, splits
from autograder.common.rows import Recognised
from autograder.kernel.predict import is_one_of
from autograder.kernel.recognise import Checksum, checksum, shared

# The usual way to call train_test_split: the course's usual hold-out; what goes without saying may be said.
DEFAULTS = {"shuffle": True, "stratify": None, "train_size": None}
USUAL = {**DEFAULTS, "test_size": TEST_SIZE, "random_state": RANDOM_STATE}

Unit = npt.NDArray[np.float64]


@dataclass
class Ready:
    """One array to hand out: float64 (n, 784), the images `rows` over 255."""

    array: Unit
    rows: npt.NDArray[np.int32]
    sum: Checksum = field(init=False)
    given: bool = False

    def __post_init__(self) -> None:
        self.sum = checksum(self.array)

    def give(self, shape: tuple[int, ...]) -> Unit:
        """The array in that shape; `recognise` knows at once what it is."""
        self.given = True
        given = self.array.reshape(len(self.rows), *shape)
        shared.know(given, self.sum, Recognised(self.rows, np.arange(256) / 255.0))
        return given

    def is_still(self, array: Any) -> bool:
        """Is that the array which was given, in whatever shape, and nobody has written to it?"""
        if not self.given or not isinstance(array, np.ndarray) or array.ctypes.data != self.array.ctypes.data:
            return False
        return array.size == self.array.size and len(array) == len(self.rows) and checksum(array) == self.sum


@dataclass
class Prepared:
    """The three arrays, from `TRAINING` images uint8 (60000, 28, 28)."""

    images: npt.NDArray[np.uint8]
    all: Ready
    train: Ready
    holdout: Ready

    @property
    def nbytes(self) -> int:
        return sum(one.array.nbytes for one in (self.all, self.train, self.holdout))


_prepared: Prepared | None = None


def compute() -> Prepared:
    """Takes 1 s and 750 MB."""
    images = load().images[:TRAINING]
    parts = splits(TEST_SIZE, RANDOM_STATE)  # as kernels ask for it: their forks find it cached
    unit = images.reshape(TRAINING, -1) / 255.0
    train, holdout = (Ready(unit[parts[name]], parts[name]) for name in ("train", "holdout"))
    return Prepared(images, Ready(unit, parts["all_train"]), train, holdout)


def prepare() -> None:
    """Compute the arrays, for all processes forked from this one."""
    global _prepared
    _prepared = compute()


def nbytes() -> int:
    """Bytes of the arrays that wait in this process: they are no memory that its notebook uses."""
    return _prepared.nbytes if _prepared is not None else 0


class Images(np.ndarray[Any, Any]):
    """The 60,000 training images as they were loaded: an array like any other, but that over 255 it need not be computed."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        dividing = ufunc is np.true_divide and method == "__call__" and not kwargs
        if dividing and (found := _over_255(*inputs)) is not None:
            return found
        if "out" in kwargs:
            kwargs["out"] = tuple(_plain(one) for one in kwargs["out"])
        return getattr(ufunc, method)(*map(_plain, inputs), **kwargs)

    def __reduce__(self) -> Any:
        return _plain(self).__reduce__()


Images.__name__ = Images.__qualname__ = "array"  # shown by repr(), where other arrays show the same
Images.__module__ = "numpy"


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Images) else value


def training_images(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """`images` uint8 (60000, 28, 28), a notebook's own copy, such that ``images / 255`` is known."""
    return images.view(Images) if _prepared is not None and not _prepared.all.given else images


def _over_255(images: Any, number: Any) -> Unit | None:
    ready = _prepared
    if ready is None or ready.all.given or not isinstance(images, Images) or type(number) not in (int, float):
        return None
    if number != 255 or images.dtype != np.uint8 or images.size != ready.images.size or len(images) != TRAINING:
        return None
    if not np.array_equal(_plain(images).reshape(ready.images.shape), ready.images):
        return None
    return ready.all.give(images.shape[1:])


def install_split() -> None:
    """From now on scikit-learn's ``train_test_split`` hands out the prepared halves where they are asked for."""
    import sklearn.model_selection

    original = sklearn.model_selection.train_test_split
    if _prepared is not None and not hasattr(original, "_autograder"):
        sklearn.model_selection.train_test_split = _splitting(original)


def _splitting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def train_test_split(*arrays: Any, **options: Any) -> Any:
        ready = _prepared
        if ready is None or ready.train.given or len(arrays) != 2 or not _usual(options):
            return original(*arrays, **options)
        if not ready.all.is_still(arrays[0]):
            return original(*arrays, **options)
        labels = original(arrays[1], **options)  # first: it may refuse them
        if sum(map(len, labels)) != TRAINING:
            return original(*arrays, **options)
        shape = arrays[0].shape[1:]
        return [ready.train.give(shape), ready.holdout.give(shape), *labels]

    train_test_split._autograder = True  # type: ignore[attr-defined]
    return train_test_split


def _usual(options: dict[str, Any]) -> bool:
    given = {**DEFAULTS, **options}
    return given.keys() == USUAL.keys() and all(is_one_of(given[name], (value,)) for name, value in USUAL.items())
