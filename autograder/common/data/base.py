"""A data set as everything here sees it: samples in rows, those for training first, and how a course splits them.

Which data sets there are, and where their files lie, is `data_sets`'s to know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograder.common.errors import DataError
from autograder.common.i18n import _

# Of a table's features, and of its targets: so much is handed in as one array, and trained on in one request.
MAX_NUMBERS = 1 << 19
MAX_ROWS = 150_000  # twice the largest data set of Keras's: so many samples are trained on in one request
LARGEST = 1e6  # of the values that pixels become, where they travel
CHUNK = 250  # images looked at at a time: 1.6 MB of float64, which stays in the cache
MAX_CLASSES = 100  # that targets number
TEST_SIZE, RANDOM_STATE = 0.2, 42  # of the usual hold-out, as the lecture calls train_test_split

Rows = npt.NDArray[np.int32]


class HoldoutSplit(NamedTuple):
    """How ``train_test_split`` is called for the hold-out. `stratify`: each class has the same share of both parts."""

    test_size: float = TEST_SIZE
    random_state: int = RANDOM_STATE
    shuffle: bool = True
    stratify: bool = False

    def __str__(self) -> str:
        """As students write it, where the targets are called `labels`."""
        drawn = f"random_state={self.random_state}" if self.shuffle else "shuffle=False"
        return f"test_size={self.test_size:g}, {drawn}" + (", stratify=labels" if self.stratify else "")


THE_LECTURES = HoldoutSplit()


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

    def splits(self, how: HoldoutSplit = THE_LECTURES) -> dict[str, Rows]:
        """Row numbers of every named part: ``all_train`` and ``test`` as loaded; ``train`` and ``holdout`` of the course.

        The split is scikit-learn's ``train_test_split`` on the training rows, as the lecture calls it. Raises DataError for rows that
        can't be split so.
        """
        strata = np.ascontiguousarray(self.targets[: self.training]) if how.stratify else np.empty(0)
        return _splits(self.training, len(self), how, strata.tobytes(), (strata.dtype.str, strata.shape))


@lru_cache(maxsize=8)
def _splits(
    training: int, rows: int, how: HoldoutSplit, strata: bytes, form: tuple[str, tuple[int, ...]]
) -> dict[str, Rows]:
    from sklearn.model_selection import train_test_split

    everything = np.arange(training, dtype=np.int32)
    settings: dict[str, Any] = {"random_state": how.random_state} if how.shuffle else {"shuffle": False}
    if how.stratify:
        settings["stratify"] = np.frombuffer(strata, form[0]).reshape(form[1])
    try:
        train, holdout = train_test_split(everything, test_size=how.test_size, **settings)
    except ValueError as error:  # a class of one row, a part of none
        raise DataError(
            _(
                "the rows for training can't be split by train_test_split({how}): {error}",
                how=how,
                error=str(error).partition(". ")[0],
            ),
            _("Say another `holdout` in course.yml; `stratify` is for classes of several rows each."),
        ) from error
    return {
        "all_train": everything,
        "train": train,
        "holdout": holdout,
        "test": np.arange(training, rows, dtype=np.int32),
    }
