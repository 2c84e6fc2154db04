"""Makes a fresh kernel ready for one notebook that is being graded. Called after the fork, before the first cell."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from autograder.common.determinism import settle
from autograder.common.wire.protocol import JUDGE, SEED, SPLIT
from autograder.kernel import stand_ins

PART = 1 << 20  # characters


def prepare() -> None:
    """Seeds before every cell, one thread, deterministic ops, the data set from memory, and trainings by the judge."""
    import keras
    import tensorflow

    settle(tensorflow)
    seed = _seed()
    keras.datasets.fashion_mnist.load_data = _load_data

    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        stand_ins.install(shell)
        shell.events.register("pre_run_cell", lambda *_: keras.utils.set_random_seed(seed))
        _show_no_frames_of_ours(shell)
    _flush_often()
    _expect_the_courses_rows()
    from autograder.kernel.check import start
    from autograder.kernel.precomputed import install_split

    install_split()
    if os.environ.get(JUDGE):
        start()


def _seed() -> int:
    """The course's seed, but never the one that its split is made with: a split without `random_state` would be that by luck."""
    seed = int(os.environ.get(SEED, "42"))
    _, _, random_state = os.environ.get(SPLIT, "").partition(" ")
    return seed + 1 if str(seed) == random_state and seed + 1 < 2**32 else seed


def _expect_the_courses_rows() -> None:
    """Most students split the data as the course does: their arrays are then recognised in half the time."""
    test_size, _, random_state = os.environ.get(SPLIT, "").partition(" ")
    if random_state:
        from autograder.common.data import splits
        from autograder.common.rows import index

        parts = splits(float(test_size), int(random_state))
        index().expect([parts["train"], parts["holdout"]])


def _show_no_frames_of_ours(shell: Any) -> None:
    """A traceback shows what it shows beside plain Keras: our wrappers around ``fit`` and others are taken out of it."""
    package = str(Path(__file__).resolve().parent.parent) + os.sep
    original = shell._get_exc_info
    _quoting = re.compile(rf'^ *File "{re.escape(package)}[^\n]*\n+', re.M)

    def own(frame: Any) -> bool:
        return str(frame.tb_frame.f_code.co_filename).startswith(package)

    def shown(exc_tuple: Any = None) -> Any:
        kind, error, trace = original(exc_tuple)
        waiting, seen = [error], set()
        while waiting:
            one = waiting.pop()
            if not isinstance(one, BaseException) or id(one) in seen:
                continue
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__]
            if isinstance(getattr(one, "_message", None), str):  # TensorFlow's errors quote frames in their text
                one._message = _quoting.sub("", one._message)  # type: ignore[attr-defined]
            frames = []
            frame = one.__traceback__
            while frame is not None:
                frames.append(frame)
                frame = frame.tb_next
            kept = [frame for frame in frames if not own(frame)]
            if not kept or len(kept) == len(frames):  # nothing of ours, or an error of ours: the more there is to see
                continue
            for frame, following in zip(kept, [*kept[1:], None], strict=True):
                frame.tb_next = following
            one.__traceback__ = kept[0]
        return kind, error, getattr(error, "__traceback__", trace)

    shell._get_exc_info = shown


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


def _load_data() -> Any:
    """What Keras's ``load_data`` returns, without reading files: every kernel shares the parent's memory until it writes."""
    from autograder.common.data import TRAINING, load

    data = load()
    return (
        (data.images[:TRAINING].copy(), data.labels[:TRAINING].copy()),
        (data.images[TRAINING:].copy(), data.labels[TRAINING:].copy()),
    )
