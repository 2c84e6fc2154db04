"""What a training is: on what, from where, for how long, and by which keys the states on its way are known.

A training is the chain of its epochs: `FitSpec.keys` names the state after each of them by everything that determines it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data import data_sets
from autograder.common.data.base import DataSet
from autograder.common.data.lookups import Lookup
from autograder.common.digests import sha256
from autograder.common.machine.versions import code_digest, versions
from autograder.common.wire.description import digest

EVALUATION_BATCH = 1_000
Arrays = tuple[npt.NDArray[Any], ...]


def training_code() -> str:
    """The digest of the code that trains, evaluates and keeps results: part of the key of each."""
    return code_digest("autograder.networks.memo")


@dataclass(frozen=True)
class Samples:
    """Rows of the data set as a network sees them: `shape` of one sample, `lookup` from pixel to value.

    `one_hot`: the labels are vectors of so many columns; 0: numbers of classes. `weights` float32 (n,): of each sample.
    `of`: the name of the data set. Of a table, which has no `lookup`, `values` float32 (m, ...) holds what `rows` are rows of, and `labels`
    int32 or float32 (n,) or (n, columns) are the targets as they are.
    """

    rows: npt.NDArray[np.int32]
    labels: npt.NDArray[Any]
    lookup: Lookup | None
    shape: tuple[int, ...]
    one_hot: int = 0
    weights: npt.NDArray[np.float32] | None = None
    of: str = data_sets.USUAL
    values: npt.NDArray[np.float32] | None = None

    @property
    def inputs_key(self) -> str:
        """Of what the network sees, without labels."""
        given = [self.rows, self._lookup.decisive] if self.values is None else [self.values[self.rows]]
        return digest(given) + str(self.shape)

    @property
    def _lookup(self) -> Lookup:
        assert self.lookup is not None  # of images
        return self.lookup

    @property
    def span(self) -> tuple[float, float]:
        """The smallest and the largest number that the network may see."""
        return self._lookup.ends if self.values is None else (float(self.values.min()), float(self.values.max()))

    def key(self) -> str:
        if self.values is None:
            key = digest([self.rows, self.labels, self._lookup.decisive]) + str(self.shape) + self.of
        else:
            key = self.inputs_key + digest([self.labels])
        if self.one_hot:
            key += f"one-hot {self.one_hot}"
        return key if self.weights is None else key + digest([self.weights])

    def images(self, data: DataSet) -> npt.NDArray[np.float32]:
        if self.values is not None:
            given: npt.NDArray[np.float32] = self.values[self.rows].reshape(len(self.rows), *self.shape)
            return given
        return self._lookup.seen(data.features[self.rows]).reshape(len(self.rows), *self.shape)

    def targets(self) -> Any:
        """Labels int32 (n,), which is what sparse losses work with, or one-hot vectors float32 (n, one_hot); of a table as they are."""
        if self.values is not None:
            return self.labels
        if self.one_hot:
            return np.eye(self.one_hot, dtype=np.float32)[self.labels]
        return self.labels.astype(np.int32)


@dataclass(frozen=True)
class Measured:
    """Loss and metrics over one epoch or evaluation: `logs` as Keras reports them, `variables` that they are read off."""

    logs: dict[str, float]
    variables: Arrays = ()


@dataclass(frozen=True)
class State:
    """Where a training stands after an epoch. `key`: digest of everything that led here. `trail`: of each epoch so far.

    `weights` in the order of ``model.weights``, `optimizer_state` of ``optimizer.variables``, `seeds` of dropout.
    """

    key: str
    weights: Arrays = ()
    optimizer_state: Arrays = ()
    seeds: Arrays = ()
    trail: tuple[Measured, ...] = ()

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in (*self.weights, *self.optimizer_state))

    def bare(self) -> State:
        """Without the large arrays: enough to say where a training began."""
        return replace(self, weights=(), optimizer_state=(), seeds=())


@dataclass(frozen=True)
class FitSpec:
    """Everything that determines the result of one training.

    `start` None: fresh weights from the seed; otherwise its weights, and its optimizer's state if `keeps_optimizer`.
    """

    plan: str
    settings: str
    samples: Samples
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    start: State | None = None
    keeps_optimizer: bool = True
    validation: Samples | None = None

    @property
    def before(self) -> int:
        """Epochs that the network has been trained for already."""
        return len(self.start.trail) if self.start else 0

    def keys(self) -> list[str]:
        """The key of the state after each epoch. Validation changes nothing, so it is no part of them."""
        document = [
            training_code(), versions(), self.plan, self.settings, self.samples.key(), self.batch_size, self.shuffle, self.seed,
        ]  # fmt: skip
        way, key = _sha(document), ""
        if self.start is not None:
            key = self.start.key if self.keeps_optimizer else _sha([self.start.key, "a new optimizer"])
        keys = []
        for epoch in range(self.before, self.before + self.epochs):
            key = _sha([way, key, epoch])
            keys.append(key)
        return keys

    def key(self) -> str:
        return self.keys()[-1]

    def order(self, epoch: int) -> npt.NDArray[np.int32]:
        """Of the samples in that epoch of the network's life: it depends on the seed and the epoch only."""
        order = np.arange(len(self.samples.rows), dtype=np.int32)
        return np.random.default_rng([self.seed, epoch]).permutation(order) if self.shuffle else order


def _sha(document: Any) -> str:
    return sha256(json.dumps(document))


def measure_key(state: str, settings: str, samples: Samples) -> str:
    """Of what a network in that state reaches on `samples`, by the loss and the metrics of `settings`."""
    document = json.loads(settings)
    return _sha([state, document["loss"], document["metrics"], samples.key(), EVALUATION_BATCH])


@dataclass(frozen=True)
class FitResult:
    """The `state` that a training left; `epochs` and `validation`: what was measured in each of its epochs."""

    state: State
    epochs: tuple[Measured, ...]
    validation: tuple[Measured, ...] = ()

    @property
    def weights(self) -> Arrays:
        return self.state.weights

    @property
    def optimizer_state(self) -> Arrays:
        return self.state.optimizer_state

    @property
    def history(self) -> dict[str, list[float]]:
        """As Keras has it."""
        history: dict[str, list[float]] = {}
        for prefix, measured in (("", self.epochs), ("val_", self.validation)):
            for one in measured:
                for name, value in one.logs.items():
                    history.setdefault(prefix + name, []).append(value)
        return history
