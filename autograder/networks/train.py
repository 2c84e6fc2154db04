"""Training, fast and repeatable, an epoch at a time: a whole epoch is one program that loops over the mini-batches, compiled by XLA if that pays.

``Trainer.epoch`` gives what an epoch of Keras's own ``fit`` would for the same order of the data, within float rounding, at
a fraction of its cost: Keras goes back to Python for every one of the 1,500 steps. Single-threaded, seeded, so the same
epoch from the same state always gives the same bits on the same machine and library versions.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data.base import DataSet
from autograder.common.errors import CannotRebuild, CannotTrainHere
from autograder.common.i18n import _
from autograder.common.machine import determinism
from autograder.common.machine.garbage import kept_from_collections
from autograder.networks.budget import MEASURED_VALUES
from autograder.networks.build import build, compile_model, constant_rate, without_rate
from autograder.networks.fit_spec import EVALUATION_BATCH, Arrays, FitResult, FitSpec, Measured, Samples, State
from autograder.networks.size import size

log = logging.getLogger(__name__)
RIG_BYTES = 512 << 20
TENSOR_BYTES = 512 << 20
SMALL = (
    10**9
)  # multiplications of an epoch: below, XLA takes longer to compile than it saves in seven (benchmarks/fit.py --small)


def settle() -> None:
    """`determinism.settle` for TensorFlow, which is imported."""
    with kept_from_collections():
        import tensorflow as tf

    determinism.settle(tf)


class Rig:
    """One network, compiled once, used for every training and evaluation of the same architecture and settings."""

    def __init__(self, plan: str, settings: str, seed: int) -> None:
        self.plan, self.settings, self.seed = plan, settings, seed
        self.model = _fresh(plan, settings, seed)
        self.initial = [np.asarray(variable.value) for variable in self._state()]
        self.size = size(plan)
        self._metrics_built = False
        self._functions: dict[tuple[str, int], Any] = {}

    def _state(self) -> list[Any]:
        return _state_of(self.model)

    def _weights(self) -> list[Any]:
        return [weight for weight in self.model.weights if "seed_generator" not in weight.path]

    def _seeds(self) -> list[Any]:
        return [variable for variable in self.model.variables if "seed_generator" in variable.path]

    def reset(self, start: State | None, keeps_optimizer: bool, seed: int, rate: float | None = None) -> None:
        """To the start of an epoch: the weights that `seed` draws, or where `start` stands; the learning rate `rate`."""
        if seed != self.seed:  # what was compiled stays: it doesn't depend on the values of variables
            other = _fresh(self.plan, self.settings, seed)
            self.initial = [np.asarray(variable.value) for variable in _state_of(other)]
            self.seed = seed
        for variable, value in zip(self._state(), self.initial, strict=True):
            variable.assign(value)
        if start is not None:
            _assign(self._weights(), start.weights)
            _assign(self._seeds(), start.seeds)
            if keeps_optimizer:
                _assign(self.model.optimizer.variables, start.optimizer_state)
        if rate is not None:
            self.model.optimizer.learning_rate = rate

    @property
    def nbytes(self) -> int:
        """Of its variables, and of what they began with."""
        return 2 * sum(array.nbytes for array in self.initial)

    def snapshot(self) -> tuple[Arrays, Arrays, Arrays]:
        """Weights, optimizer state and seeds of dropout."""
        parts = self._weights(), self.model.optimizer.variables, self._seeds()
        weights, optimizer, seeds = (tuple(np.asarray(variable.value) for variable in part) for part in parts)
        return weights, optimizer, seeds

    def _function(self, sort: str, batch: int, compiled: bool = True) -> Any:
        """An epoch of ``train_step`` or ``test_step``; the last partial batch is used too."""
        import tensorflow as tf

        key = (sort if compiled else sort + " steps", batch)
        if key in self._functions:
            return self._functions[key]
        step = self.model.train_step if sort == "train" else self.model.test_step

        @tf.function(jit_compile=compiled)  # type: ignore[untyped-decorator]
        def epoch(data: Any, order: Any) -> None:
            samples = order.shape[0]
            for number in tf.range(samples // batch):
                tf.autograph.experimental.set_loop_options(parallel_iterations=1)  # or ten batches are in memory
                chosen = tf.slice(order, [number * batch], [batch])
                step(tuple(tf.gather(one, chosen) for one in data))
            if samples % batch:
                chosen = order[samples - samples % batch :]
                step(tuple(tf.gather(one, chosen) for one in data))

        self._functions[key] = epoch
        return epoch

    def run(self, sort: str, data: tuple[Any, ...], order: npt.NDArray[np.int32], batch: int) -> Measured:
        """One epoch over `data` (x, y and maybe weights); its metrics, as Keras reports them."""
        import tensorflow as tf

        batch = min(batch, len(order))
        # A rule that depends on what is asked for alone, as the result does. A pass forward is as fast as a graph, and the gradient of
        # a convolution 3 to 20 times faster.
        large = sort == "train" and not self.size.convolutions and self.size.work * len(order) >= SMALL
        try:
            if not self._metrics_built:
                self.model._symbolic_build(data_batch=tuple(one[:1] for one in data))
                self._metrics_built = True
            self.model.reset_metrics()
            try:
                self._function(sort, batch, large)(data, tf.constant(order))
            except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
                # XLA can't compile every op: the same steps as one ordinary graph give the same numbers, slower.
                log.warning("training without XLA: %s", str(error)[:200])
                self._function(sort, batch, compiled=False)(data, tf.constant(order))
        # In what a metric takes: so does Keras.
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            names = ", ".join(metric.name for metric in self.model.metrics)
            shown = str(error)[:500]
            raise CannotRebuild(_("{metric} can't be measured: {error}", metric=names, error=shown)) from error
        found = {name: np.asarray(value) for name, value in self.model.get_metrics_result().items()}
        # Some metrics say a number for each class.
        logs = {name: float(value) for name, value in found.items() if not value.ndim}
        return Measured(logs, tuple(np.asarray(variable.value) for variable in self.model.metrics_variables))


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


def _limited(kept: OrderedDict[Any, Any], most: int, sizes: Callable[[Any], int], limit: int) -> None:
    """The last `most` and no more than `limit` bytes stay; the last one in any case."""
    while len(kept) > 1 and (len(kept) > most or sum(map(sizes, kept.values())) > limit):
        kept.popitem(last=False)


class Trainer:
    """Trains and evaluates described networks on the data set. Keeps the last `rigs` compiled networks, the last `tensors`, and
    of either no more than `RIG_BYTES` and `TENSOR_BYTES`.
    """

    def __init__(self, data: DataSet, rigs: int = 12, tensors: int = 4) -> None:
        self.data = data
        self._rigs: OrderedDict[tuple[str, str], Rig] = OrderedDict()
        self._tensors: OrderedDict[str, Any] = OrderedDict()
        self._limit, self._tensor_limit = rigs, tensors
        self.epochs = 0
        self.stop: Callable[[], bool] = lambda: False  # asked before each epoch

    def rig(self, plan: str, settings: str, seed: int = 0) -> Rig:
        """The rig of a network, made with `seed` if there is none: what is compiled serves all seeds and learning rates."""
        key = (plan, without_rate(settings))
        if key not in self._rigs:
            self._rigs[key] = Rig(plan, settings, seed)
            _limited(self._rigs, self._limit, lambda rig: int(rig.nbytes), RIG_BYTES)
        self._rigs.move_to_end(key)
        return self._rigs[key]

    def tensors(self, samples: Samples) -> tuple[Any, ...]:
        """Images, labels, and weights if there are any. The images are kept: they are what takes long."""
        import tensorflow as tf

        key = samples.inputs_key
        if key not in self._tensors:
            self._tensors[key] = tf.constant(samples.images(self.data))
            _limited(self._tensors, self._tensor_limit, lambda images: 4 * int(tf.size(images)), TENSOR_BYTES)
        self._tensors.move_to_end(key)
        rest = [samples.targets(), *([samples.weights] if samples.weights is not None else [])]
        return (self._tensors[key], *map(tf.constant, rest))

    def epoch(self, spec: FitSpec, number: int, start: State | None, key: str) -> State:
        """The state after the epoch `number` of `spec` (0: its first), which begins at `start` and will be known by `key`.

        Raises ValueError when the state doesn't fit the network, CannotTrainHere when told to `stop`.
        """
        if self.stop():
            raise CannotTrainHere(_("the training was given up, because its notebook has ended"))
        rig = self.rig(spec.plan, spec.settings, spec.seed)
        rig.reset(start, spec.keeps_optimizer or number > 0, spec.seed, constant_rate(spec.settings))
        measured = rig.run("train", self.tensors(spec.samples), spec.order(spec.before + number), spec.batch_size)
        self.epochs += 1
        trail = start.trail if start is not None else ()
        weights, optimizer_state, seeds = rig.snapshot()
        return State(key, weights, optimizer_state, seeds, (*trail, measured))

    def fit(self, spec: FitSpec) -> FitResult:
        """Train as `spec` says, and remember nothing. See `Memo.fit` for the same with what is known already."""
        state, validation = spec.start, []
        for number, key in enumerate(spec.keys()):
            state = self.epoch(spec, number, state, key)
            if spec.validation is not None:
                validation.append(self.measure(spec.plan, spec.settings, state.weights, spec.validation))
        assert state is not None
        return FitResult(state, state.trail[spec.before :], tuple(validation))

    def measure(self, plan: str, settings: str, weights: Arrays, samples: Samples) -> Measured:
        """What a network with these weights reaches on `samples`. Raises ValueError when they don't fit it."""
        rig = self.rig(plan, settings)
        _assign(rig._weights(), weights)
        batch = rig.size.batch(MEASURED_VALUES, EVALUATION_BATCH)
        return rig.run("test", self.tensors(samples), np.arange(len(samples.rows), dtype=np.int32), batch)

    def evaluate(self, plan: str, settings: str, weights: Arrays, samples: Samples) -> dict[str, float]:
        """``loss`` and metrics of a network with these weights. Raises ValueError when they don't fit it."""
        return self.measure(plan, settings, weights, samples).logs

    def predict(self, plan: str, settings: str, weights: Arrays, samples: Samples) -> npt.NDArray[np.float32]:
        """What the network answers for some samples. Raises ValueError when the weights don't fit it."""
        rig = self.rig(plan, settings, 0)
        _assign(rig._weights(), weights)
        images, batch = samples.images(self.data), rig.size.batch(MEASURED_VALUES, EVALUATION_BATCH)
        parts = (images[start : start + batch] for start in range(0, len(images), batch))
        return np.concatenate([np.asarray(rig.model(part, training=False)) for part in parts])
