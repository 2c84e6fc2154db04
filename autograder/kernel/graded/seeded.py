"""What TensorFlow refuses, or does otherwise, because operations are deterministic while a notebook is graded: here it is done as beside
plain Keras, with random numbers from the seed.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from autograder.kernel.in_place import in_place_of

SEEDED = tuple(
    (f"{version}{module}", name)
    for version in ("", "compat.v1.")
    for module, name in (("image", "sample_distorted_bounding_box"), ("nn", "fractional_max_pool"), ("nn", "fractional_avg_pool"))
)  # fmt: skip


def install(tensorflow: Any, seed: int) -> None:
    """Generators of a state that nobody chose, random operations of a graph without a seed, and operations whose own seed is 0."""
    from tensorflow.python.framework import config, random_seed
    from tensorflow.python.ops import nn_ops, stateful_random_ops

    numbers = np.random.default_rng(seed)  # our own: the notebook's stay where they are

    @in_place_of(stateful_random_ops.non_deterministic_ints)
    def ints(shape: Any, dtype: Any = tensorflow.int64) -> Any:
        return tensorflow.constant(numbers.integers(0, 2**63, shape, np.int64), dtype)

    # On a GPU alone are cross-entropies composed of other operations than the one that says which label is wrong.
    nn_ops.config = stateful_random_ops.config = _Allowing(config)
    stateful_random_ops.non_deterministic_ints = ints
    original = random_seed.get_seed

    @in_place_of(original)
    def get_seed(op_seed: Any) -> Any:
        try:
            return original(op_seed)
        except RuntimeError:  # none was set
            return original(int(numbers.integers(1, 2**31)))

    random_seed.get_seed = get_seed
    for module, name in SEEDED:
        place = operator.attrgetter(module)(tensorflow)
        setattr(place, name, _seeded(getattr(place, name)))
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
    from keras.src.trainers import trainer

    trainer.model_supports_jit = _unasked(trainer.model_supports_jit, config)
    for name in ("make_train_function", "make_test_function", "make_predict_function"):
        setattr(TensorFlowTrainer, name, _not_compiled(getattr(TensorFlowTrainer, name)))


class _Allowing(ModuleType):
    """TensorFlow's ``config`` for those who ask it only to refuse, or to do something else."""

    def __init__(self, config: Any) -> None:
        super().__init__(config.__name__)
        self._config = config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

    @staticmethod
    def is_op_determinism_enabled() -> bool:
        return False


def _unasked(function: Callable[..., Any], config: Any) -> Callable[..., Any]:
    """`function`, which asks TensorFlow's `config` whether operations are deterministic only to refuse: it says no meanwhile."""

    @in_place_of(function)
    def answering(*args: Any) -> Any:
        asked, config.is_op_determinism_enabled = config.is_op_determinism_enabled, _Allowing.is_op_determinism_enabled
        try:
            return function(*args)
        finally:
            config.is_op_determinism_enabled = asked

    return answering


def _not_compiled(make: Callable[..., Any]) -> Callable[..., Any]:
    """Of ``jit_compile=True`` only what it says of itself is left: XLA refuses many a deterministic operation, as pooling's gradient."""

    @in_place_of(make)
    def making(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked, self._jit_compile = self._jit_compile, False
        try:
            return make(self, *args, **kwargs)
        finally:
            self._jit_compile = asked

    return making


def _seeded(operation: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(operation)

    @in_place_of(operation)
    def seeded(*args: Any, **kwargs: Any) -> Any:
        try:
            call = signature.bind(*args, **kwargs)
        except TypeError:  # the operation says it in its own words
            return operation(*args, **kwargs)
        call.arguments["seed"] = call.arguments.get("seed") or 1
        return operation(*call.args, **call.kwargs)

    return seeded
