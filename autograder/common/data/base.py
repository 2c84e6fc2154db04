"""A data set as everything here sees it: samples in rows, those for training first, and how a course splits them.

Which data sets there are, and where their files lie, is `data_sets`'s to know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_CLASSES = 100  # that targets number
TEST_SIZE, RANDOM_STATE = 0.2, 42  # of the usual hold-out, as the lecture calls train_test_split

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class DataSet:
    """All its rows, those for training first; both arrays are read-only.

    `features` uint8 (rows, ...): images; `targets` uint8 (rows,): the number of each one's class. Of a table (`tables`) both are
    numbers of any kind, the targets (rows,) or (rows, columns). `training`: how many rows are for training, the others are the test
    set. `classes`: what the classes are called, by their numbers; () where the targets are no classes. `column`, `given_read_only`: whether
    ``load_data()`` gives the targets as a column, (rows, 1), and arrays that can't be written to.
    """

    name: str
    title: str
    features: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    training: int
    classes: tuple[str, ...]
    column: bool = False
    given_read_only: bool = False

    def __post_init__(self) -> None:
        for array in (self.features, self.targets):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.features)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.features.shape[1:]

    @property
    def values(self) -> int:
        """How many numbers a sample has."""
        return math.prod(self.shape)

    @property
    def class_count(self) -> int:
        """How many classes there are, whether or not they are called anything; 0 where the targets are none."""
        return max(len(self.classes), self.numbered) if self.numbered else 0

    @cached_property
    def numbered(self) -> int:
        """How many classes the targets number, from 0; 0 for other targets."""
        whole = self.targets.ndim == 1 and self.targets.dtype.kind in "iu" and len(self.targets) > 0
        return (
            int(self.targets.max()) + 1 if whole and self.targets.min() >= 0 and self.targets.max() < MAX_CLASSES else 0
        )

    def splits(self, test_size: float, random_state: int) -> dict[str, Rows]:
        """Row numbers of every named part: ``all_train`` and ``test`` as loaded; ``train`` and ``holdout`` of the course.

        The split is scikit-learn's ``train_test_split`` on the training rows, as the lecture calls it.
        """
        return _splits(self.training, len(self), test_size, random_state)


@lru_cache(maxsize=8)
def _splits(training: int, rows: int, test_size: float, random_state: int) -> dict[str, Rows]:
    from sklearn.model_selection import train_test_split

    everything = np.arange(training, dtype=np.int32)
    train, holdout = train_test_split(everything, test_size=test_size, random_state=random_state)
    return {
        "all_train": everything,
        "train": train,
        "holdout": holdout,
        "test": np.arange(training, rows, dtype=np.int32),
    }
