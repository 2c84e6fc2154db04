"""Makes a fresh kernel ready for one notebook that is being graded. Called after the fork, before the first cell."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Callable
from contextlib import ContextDecorator, suppress
from typing import Any

import numpy as np

from autograder.common.data import data_sets
from autograder.common.data.base import HoldoutSplit
from autograder.common.environment import put_aside, said
from autograder.common.machine.determinism import settle
from autograder.common.wire.protocol import DATA, JUDGE, SEED, SPLIT, has_networks, reach
from autograder.kernel.describing.recognised_samples import shared
from autograder.kernel.graded import seeded, stand_ins
from autograder.kernel.in_place import in_place_of

PART = 1 << 20  # characters


def prepare() -> None:
    """Nothing of the grader's in the environment; seeds before every cell; where there are networks, one thread, deterministic ops, the data set from memory, and trainings by the judge."""
    put_aside()
    seed = _seed()
    sow = _prepare_networks(seed) if has_networks() else _sow
    name = said(DATA, data_sets.USUAL)
    shared.name = lambda: name
    if data_sets.has_images(name):
        _prepare_images(name)

    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        stand_ins.install(shell)
        shell.events.register("pre_run_cell", _WhateverItRaises(Exception)(lambda *_: sow(seed)))
    _flush_often()
    from autograder.kernel.check import start
    from autograder.kernel.graded.check_while_grading import GradedStudent

    if said(JUDGE):
        reach(said(JUDGE))
        student = start()
        if shell is not None and isinstance(student, GradedStudent):
            shell.events.register("post_run_cell", _WhateverItRaises(Exception)(student.hand_in_what_is_there))


class _WhateverItRaises(suppress, ContextDecorator):
    """Around a function that IPython calls before or after a student's cell, in which it shows what that fails at. No code of ours is around this."""


def _prepare_networks(seed: int) -> Callable[[int], None]:
    """Keras as it is while grading, and the data set; what gives every generator of numbers a seed."""
    import keras
    import tensorflow

    settle(tensorflow)
    seeded.install(tensorflow, seed)
    stand_ins.write_no_summaries()
    sow: Callable[[int], None] = keras.utils.set_random_seed
    return sow


def _prepare_images(name: str) -> None:
    """The data set from memory, its rows as the course splits them, and that split made ready."""
    from autograder.kernel.graded.precomputed import install_split

    if not data_sets.is_own(name):
        _serve(name)
    _expect_the_courses_rows(name)
    install_split(name)


def _serve(name: str) -> None:
    module: Any = importlib.import_module(f"keras.datasets.{name}")

    @in_place_of(module.load_data)
    def load_data() -> Any:
        return _load_data(name)

    module.load_data = load_data


def _sow(seed: int) -> None:
    """As Keras's ``set_random_seed``, without Keras."""
    random.seed(seed)
    np.random.seed(seed)


def _seed() -> int:
    """The course's seed, but never the one that its split is made with: a split without `random_state` would be that by luck."""
    seed = int(said(SEED, "42"))
    split = _split()
    return seed + 1 if split and seed == split.random_state and seed + 1 < 2**32 else seed


def _split() -> HoldoutSplit | None:
    split = said(SPLIT)
    return HoldoutSplit(*json.loads(split)) if split else None


def _expect_the_courses_rows(name: str) -> None:
    """Most students split the data as the course does: their arrays are then recognised in half the time."""
    if split := _split():
        parts = data_sets.load(name).splits(split)
        shared.index.expect([parts["train"], parts["holdout"]])


def _flush_often() -> None:
    """Send what is printed in parts of 1 MB: ipykernel collects for 0.2 s, which can be more than a message may hold."""
    from ipykernel.iostream import OutStream

    original = OutStream.write
    waiting = 0

    @in_place_of(original)
    def write(self: Any, string: str) -> Any:
        nonlocal waiting
        written = original(self, string)
        waiting += len(string)
        if waiting > PART:
            waiting = 0
            self.flush()
        return written

    OutStream.write = write


def _load_data(name: str) -> Any:
    """What Keras's ``load_data`` returns, without reading files: every kernel shares the parent's memory until it writes."""
    data = data_sets.load(name)
    first, targets = data.training, data.targets.reshape(-1, 1) if data.column else data.targets
    arrays = data.features[:first], targets[:first], data.features[first:], targets[first:]
    images, labels, test_images, test_labels = arrays if data.given_read_only else (array.copy() for array in arrays)
    return (images, labels), (test_images, test_labels)
