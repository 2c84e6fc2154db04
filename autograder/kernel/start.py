"""Makes a fresh kernel ready for one notebook that is being graded. Called after the fork, before the first cell."""

from __future__ import annotations

import importlib
import os
from typing import Any

from autograder.common import data_sets
from autograder.common.determinism import settle
from autograder.common.wire.protocol import DATA, JUDGE, SEED, SPLIT
from autograder.kernel import seeded, stand_ins
from autograder.kernel.recognise import shared
from autograder.kernel.tracebacks import show_no_frames_of_ours

PART = 1 << 20  # characters


def prepare() -> None:
    """Seeds before every cell, one thread, deterministic ops, the data set from memory, and trainings by the judge."""
    import keras
    import tensorflow

    settle(tensorflow)
    seed = _seed()
    seeded.install(tensorflow, seed)
    name = os.environ.get(DATA, data_sets.USUAL)
    shared.name = lambda: name
    images = data_sets.has_images(name)
    if images:
        setattr(importlib.import_module(f"keras.datasets.{name}"), "load_data", lambda: _load_data(name))  # noqa: B010 - a module of Keras's

    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        stand_ins.install(shell)
        shell.events.register("pre_run_cell", lambda *_: keras.utils.set_random_seed(seed))
        show_no_frames_of_ours(shell)
    _flush_often()
    from autograder.kernel.check import start
    from autograder.kernel.graded import GradedStudent
    from autograder.kernel.precomputed import install_split

    if images:
        _expect_the_courses_rows(name)
        install_split()
    if os.environ.get(JUDGE):
        student = start()
        if shell is not None and isinstance(student, GradedStudent):
            shell.events.register("post_run_cell", student.hand_in_what_is_there)


def _seed() -> int:
    """The course's seed, but never the one that its split is made with: a split without `random_state` would be that by luck."""
    seed = int(os.environ.get(SEED, "42"))
    _, _, random_state = os.environ.get(SPLIT, "").partition(" ")
    return seed + 1 if str(seed) == random_state and seed + 1 < 2**32 else seed


def _expect_the_courses_rows(name: str) -> None:
    """Most students split the data as the course does: their arrays are then recognised in half the time."""
    test_size, _, random_state = os.environ.get(SPLIT, "").partition(" ")
    if random_state:
        parts = data_sets.load(name).splits(float(test_size), int(random_state))
        shared.index.expect([parts["train"], parts["holdout"]])


def _flush_often() -> None:
    """Send what is printed in parts of 1 MB: ipykernel collects for 0.2 s, which can be more than a message may hold."""
    from ipykernel.iostream import OutStream

    original = OutStream.write
    waiting = 0

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
    return (
        (data.features[:first].copy(), targets[:first].copy()),
        (data.features[first:].copy(), targets[first:].copy()),
    )
