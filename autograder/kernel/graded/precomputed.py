"""The split that most notebooks compute, computed before they run: both halves of the images over 255.

A kernel is a fork of a process that holds these arrays, so they cost it nothing until it writes to them. They hold the same bits
as what the student's own line would have computed, they are ordinary arrays, and they are recognised at once when a network is
trained on them. Each is handed out once, so that no two arrays of a notebook ever share memory, and only if what is split is,
bit for bit, the images over 255.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data import data_sets
from autograder.common.data.base import RANDOM_STATE, TEST_SIZE
from autograder.common.data.lookups import UNIT_PIXELS
from autograder.common.data.recognised_rows import Index, Recognised, index
from autograder.kernel.describing.plain import is_one_of
from autograder.kernel.describing.recognised_samples import Checksum, checksum, shared
from autograder.kernel.graded.untouched import filled, is_untouched
from autograder.kernel.in_place import in_place_of
from autograder.kernel.object_notes import replacements

# The usual way to call train_test_split: the course's usual hold-out; what goes without saying may be said.
DEFAULTS = {"shuffle": True, "stratify": None, "train_size": None}
USUAL = {**DEFAULTS, "test_size": TEST_SIZE, "random_state": RANDOM_STATE}

MOST = 5 * 10**7  # numbers of all images for training: 800 MB of float64, with the halves
PART = 1_000  # images compared at a time: most arrays differ in the first
Unit = npt.NDArray[np.float64]


@dataclass
class Ready:
    """One array to hand out: float64 (n, values), the images `rows` of `among` over 255."""

    array: Unit
    rows: npt.NDArray[np.int32]
    among: Index
    sum: Checksum = field(init=False)
    given: bool = False

    def __post_init__(self) -> None:
        self.sum = checksum(self.array)

    def give(self, shape: tuple[int, ...]) -> Unit:
        """The array in that shape; `recognise` knows at once what it is."""
        self.given = True
        given = self.array.reshape(len(self.rows), *shape)
        shared.know(given, self.sum, Recognised(self.rows, UNIT_PIXELS, self.among), partial(is_untouched, self.array))
        return given


@dataclass
class Prepared:
    """`all`: the images for training over 255, float64 (rows, values), to compare with; its halves, to hand out."""

    all: Unit
    train: Ready
    holdout: Ready
    whole: Recognised = field(init=False)

    def __post_init__(self) -> None:
        self.whole = Recognised(np.arange(len(self.all), dtype=np.int32), UNIT_PIXELS, self.train.among)

    @property
    def nbytes(self) -> int:
        return self.all.nbytes + self.train.array.nbytes + self.holdout.array.nbytes

    def is_all(self, array: Any) -> bool:
        """Is that the images over 255, in whatever shape? What was compared once is known for as long as it stays as it is."""
        if type(array) is not np.ndarray or array.dtype != self.all.dtype or array.size != self.all.size:
            return False
        return len(array) == len(self.all) and (shared.known(array) is self.whole or self._equals(array))

    def recognised(self, array: Any) -> Recognised | None:
        """What `is_all` says, to the recogniser: comparing takes half of what looking up the rows does."""
        among = self.whole.among
        usual = shared.index is among and array.shape[1:] in among.shapes
        return self.whole if usual and self.is_all(array) else None

    def _equals(self, array: Unit) -> bool:
        rows, values = self.all.shape
        return all(
            np.array_equal(array[start : start + PART].reshape(-1, values), self.all[start : start + PART])
            for start in range(0, rows, PART)
        )


_prepared: dict[str, Prepared] = {}  # by the name of the data set


def compute(name: str = data_sets.USUAL) -> Prepared:
    """Takes 1 s and 750 MB for 60,000 images of 28 x 28."""
    data, among = data_sets.load(name), index(name)
    parts = data.splits()  # as kernels ask for it: their forks find it cached
    unit = data.features[: data.training].reshape(data.training, -1) / 255.0
    return Prepared(unit, _ready(unit, parts["train"], among), _ready(unit, parts["holdout"], among))


def _ready(unit: Unit, rows: npt.NDArray[np.int32], among: Index) -> Ready:
    taken = filled(lambda array: np.take(unit, rows, axis=0, out=array, mode="clip"), (len(rows), unit.shape[1]))
    return Ready(taken, rows, among)  # `clip` takes the rows without a buffer between


def prepare(name: str = data_sets.USUAL) -> None:
    """Compute the arrays of that data set, for all processes forked from this one."""
    data = data_sets.load(name)
    if data.training * data.values <= MOST:
        _prepared[name] = compute(name)


def nbytes() -> int:
    """Bytes of the arrays that wait in this process: they are no memory that its notebook uses."""
    return sum(prepared.nbytes for prepared in _prepared.values())


def install_split(name: str = data_sets.USUAL) -> None:
    """From now on scikit-learn's ``train_test_split`` hands out the prepared halves of that data set where they are asked for."""
    import sklearn.model_selection

    original = sklearn.model_selection.train_test_split
    if name in _prepared and not replacements.get(original):
        shared.likely = _prepared[name].recognised
        sklearn.model_selection.train_test_split = _splitting(original, _prepared[name])


def _splitting(original: Callable[..., Any], ready: Prepared) -> Callable[..., Any]:
    @in_place_of(original)
    def train_test_split(*arrays: Any, **options: Any) -> Any:
        if ready.train.given or len(arrays) != 2 or not _usual(options):
            return original(*arrays, **options)
        if not ready.is_all(arrays[0]):
            return original(*arrays, **options)
        labels = original(arrays[1], **options)  # first: it may refuse them
        if sum(map(len, labels)) != len(ready.all):
            return original(*arrays, **options)
        shape = arrays[0].shape[1:]
        return [ready.train.give(shape), ready.holdout.give(shape), *labels]

    return train_test_split


def _usual(options: dict[str, Any]) -> bool:
    given = {**DEFAULTS, **options}
    return given.keys() == USUAL.keys() and all(is_one_of(given[name], (value,)) for name, value in USUAL.items())
