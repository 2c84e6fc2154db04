"""Training, fast and repeatable: a whole epoch is one XLA program that loops over the mini-batches.

``Trainer.fit`` gives what Keras's own ``fit`` would for the same order of the data, within float rounding, at a
fraction of its cost: Keras goes back to Python for every one of the 1,500 steps of an epoch. Single-threaded, seeded,
so the same `FitSpec` always gives the same bits on the same machine and library versions.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common import determinism
from autograder.common.data import FashionMnist
from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.common.versions import code_digest, versions
from autograder.common.wire.description import digest
from autograder.networks.build import build, build_callbacks, compile_model

log = logging.getLogger(__name__)
EVALUATION_BATCH = 1_000
Arrays = tuple[npt.NDArray[Any], ...]


def training_code() -> str:
    """The digest of the code that trains, evaluates and keeps results: part of the key of each."""
    return code_digest("autograder.networks.memo")


@dataclass(frozen=True)
class Samples:
    """Rows of the data set as a network sees them: `shape` of one sample, `lookup` float32 (256,) from pixel to value."""

    rows: npt.NDArray[np.int32]
    labels: npt.NDArray[np.uint8]
    lookup: npt.NDArray[np.float32]
    shape: tuple[int, ...]

    def key(self) -> str:
        return digest([self.rows, self.labels, self.lookup]) + str(self.shape)

    def images(self, data: FashionMnist) -> npt.NDArray[np.float32]:
        flat = data.images.reshape(len(data.images), -1)
        return self.lookup[flat[self.rows]].reshape(len(self.rows), *self.shape)


@dataclass(frozen=True)
class FitSpec:
    """Everything that determines the result of one training. `start` None: fresh weights from the seed."""

    plan: str
    settings: str
    samples: Samples
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    start: Arrays | None = None
    optimizer_state: Arrays | None = None
    validation: Samples | None = None
    callbacks: str = "[]"
    validated: bool = True  # whether callbacks may see the validation metrics

    def key(self) -> str:
        document = [
            training_code(), versions(), self.plan, self.settings, self.samples.key(), self.epochs, self.batch_size, self.shuffle,
            self.seed, digest(self.start) if self.start is not None else None,
            digest(self.optimizer_state) if self.optimizer_state is not None else None,
            self.validation.key() if self.validation else None,
            [self.callbacks, self.validated] if self.callbacks != "[]" else None,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(document).encode()).hexdigest()


@dataclass(frozen=True)
class FitResult:
    """`weights` in the order of ``model.weights``, `optimizer_state` of ``optimizer.variables``; `history` as Keras has it."""

    weights: Arrays
    optimizer_state: Arrays
    history: dict[str, list[float]]


def settle(threads: int = 1) -> None:
    """`determinism.settle` for TensorFlow, which is imported."""
    import tensorflow as tf

    determinism.settle(tf, threads)


class Rig:
    """One network, compiled once, used for every training and evaluation of the same architecture and settings."""

    def __init__(self, plan: str, settings: str, seed: int) -> None:
        self.plan, self.settings, self.seed = plan, settings, seed
        self.model = _fresh(plan, settings, seed)
        self.initial = [np.asarray(variable.value) for variable in self._state()]
        self.parameters = int(self.model.count_params())
        self._metrics_built = False
        self._functions: dict[tuple[str, int], Any] = {}

    def _state(self) -> list[Any]:
        return _state_of(self.model)

    def _weights(self) -> list[Any]:
        return [weight for weight in self.model.weights if "seed_generator" not in weight.path]

    def reset(self, weights: Arrays | None, optimizer_state: Arrays | None, seed: int) -> None:
        """Back to the start of a training: the weights that `seed` draws, unless others are given."""
        if seed != self.seed:  # what was compiled stays: it doesn't depend on the values of variables
            other = _fresh(self.plan, self.settings, seed)
            self.initial = [np.asarray(variable.value) for variable in _state_of(other)]
            self.seed = seed
        for variable, value in zip(self._state(), self.initial, strict=True):
            variable.assign(value)
        if weights is not None:
            _assign(self._weights(), weights)
        if optimizer_state is not None:
            _assign(self.model.optimizer.variables, optimizer_state)

    def snapshot(self) -> tuple[Arrays, Arrays]:
        weights = tuple(np.asarray(weight.value) for weight in self._weights())
        return weights, tuple(np.asarray(variable.value) for variable in self.model.optimizer.variables)

    def _function(self, sort: str, batch: int, compiled: bool = True) -> Any:
        """An epoch of ``train_step`` or ``test_step``; the last partial batch is used too."""
        import tensorflow as tf

        key = (sort if compiled else sort + " steps", batch)
        if key in self._functions:
            return self._functions[key]
        step = self.model.train_step if sort == "train" else self.model.test_step

        @tf.function(jit_compile=compiled)  # type: ignore[untyped-decorator]
        def epoch(x: Any, y: Any, order: Any) -> None:
            samples = order.shape[0]
            for number in tf.range(samples // batch):
                chosen = tf.slice(order, [number * batch], [batch])
                step((tf.gather(x, chosen), tf.gather(y, chosen)))
            if samples % batch:
                chosen = order[samples - samples % batch :]
                step((tf.gather(x, chosen), tf.gather(y, chosen)))

        self._functions[key] = epoch
        return epoch

    def run(self, sort: str, x: Any, y: Any, order: npt.NDArray[np.int32], batch: int) -> dict[str, float]:
        """One epoch; its metrics, as Keras reports them."""
        import tensorflow as tf

        if not self._metrics_built:
            self.model._symbolic_build(data_batch=(x[:1], y[:1]))
            self._metrics_built = True
        self.model.reset_metrics()
        batch = min(batch, len(order))
        try:
            self._function(sort, batch)(x, y, tf.constant(order))
        except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
            # XLA can't compile every op: the same steps as one ordinary graph give the same numbers, slower.
            log.warning("training without XLA: %s", str(error)[:200])
            self._function(sort, batch, compiled=False)(x, y, tf.constant(order))
        return {name: float(value) for name, value in self.model.get_metrics_result().items()}


def _fresh(plan: str, settings: str, seed: int) -> Any:
    model = build(plan, seed)
    compile_model(model, settings)
    model.optimizer.build(model.trainable_variables)
    return model


def _state_of(model: Any) -> list[Any]:
    """Everything that training changes: weights, seeds of dropout, optimizer."""
    return [*model.variables, *model.optimizer.variables]


def _assign(variables: list[Any], values: Arrays) -> None:
    if len(variables) != len(values) or any(tuple(v.shape) != a.shape for v, a in zip(variables, values, strict=True)):
        raise ValueError("these arrays do not fit the network")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Trainer:
    """Trains and evaluates described networks on the data set. Keeps the last `rigs` compiled networks, the last `tensors`."""

    def __init__(self, data: FashionMnist, rigs: int = 12, tensors: int = 4) -> None:
        self.data = data
        self._rigs: OrderedDict[tuple[str, str], Rig] = OrderedDict()
        self._tensors: OrderedDict[str, tuple[Any, Any]] = OrderedDict()
        self._limit, self._tensor_limit = rigs, tensors
        self.fits = 0
        self.stop: Callable[[], bool] = lambda: False  # asked before each epoch

    def rig(self, plan: str, settings: str, seed: int = 0) -> Rig:
        """The rig of a network, made with `seed` if there is none: what is compiled serves all seeds."""
        key = (plan, settings)
        if key not in self._rigs:
            self._rigs[key] = Rig(plan, settings, seed)
            while len(self._rigs) > self._limit:
                self._rigs.popitem(last=False)
        self._rigs.move_to_end(key)
        return self._rigs[key]

    def tensors(self, samples: Samples) -> tuple[Any, Any]:
        import tensorflow as tf

        key = samples.key()
        if key not in self._tensors:
            # Integer labels as int32, which is what the sparse loss works with.
            self._tensors[key] = (tf.constant(samples.images(self.data)), tf.constant(samples.labels.astype(np.int32)))
            while len(self._tensors) > self._tensor_limit:
                self._tensors.popitem(last=False)
        self._tensors.move_to_end(key)
        return self._tensors[key]

    def fit(self, spec: FitSpec) -> FitResult:
        """Train as `spec` says.

        Raises ValueError when weights or optimizer state don't fit the network, CannotTrainHere when told to `stop`.
        """
        rig = self.rig(spec.plan, spec.settings, spec.seed)
        rig.reset(spec.start, spec.optimizer_state, spec.seed)
        x, y = self.tensors(spec.samples)
        order = np.arange(len(spec.samples.rows), dtype=np.int32)
        generator = np.random.default_rng(spec.seed)
        history: dict[str, list[float]] = {}
        callbacks = build_callbacks(spec.callbacks)
        rig.model.stop_training = False
        for callback in callbacks:
            callback.set_model(rig.model)
            callback.on_train_begin()
        for epoch in range(spec.epochs):
            if self.stop():
                raise CannotTrainHere(_("the training was given up, because its notebook has ended"))
            epoch_order = generator.permutation(order) if spec.shuffle else order
            logs = rig.run("train", x, y, epoch_order, spec.batch_size)
            if spec.validation is not None:
                logs |= {f"val_{name}": value for name, value in self._measure(rig, spec.validation).items()}
            for name, value in logs.items():
                history.setdefault(name, []).append(value)
            seen = {name: value for name, value in logs.items() if spec.validated or not name.startswith("val_")}
            for callback in callbacks:
                callback.on_epoch_end(epoch, seen)
            if rig.model.stop_training:
                break
        for callback in callbacks:
            callback.on_train_end()
        self.fits += 1
        weights, state = rig.snapshot()
        return FitResult(weights, state, history)

    def _measure(self, rig: Rig, samples: Samples) -> dict[str, float]:
        x, y = self.tensors(samples)
        return rig.run("test", x, y, np.arange(len(samples.rows), dtype=np.int32), EVALUATION_BATCH)

    def evaluate(self, plan: str, settings: str, weights: Arrays, samples: Samples) -> dict[str, float]:
        """``loss`` and ``accuracy`` of a network with these weights. Raises ValueError when they don't fit it."""
        rig = self.rig(plan, settings)
        _assign(rig._weights(), weights)
        return self._measure(rig, samples)

    def predict(self, plan: str, settings: str, weights: Arrays, samples: Samples) -> npt.NDArray[np.float32]:
        """What the network answers for one batch of samples. Raises ValueError when the weights don't fit it."""
        rig = self.rig(plan, settings, 0)
        _assign(rig._weights(), weights)
        return np.asarray(rig.model(samples.images(self.data), training=False))
