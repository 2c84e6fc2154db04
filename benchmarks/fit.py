"""Compiled training against Keras's own ``fit``, per optimizer, on one thread: CPU-seconds for the lecture's five epochs.

    python benchmarks/fit.py [--epochs 5] [--optimizers sgd adam]
    python benchmarks/fit.py --small        where compiling begins to pay: `networks.train.SMALL`

First: a network that was never trained, so tracing it, compiling it and reading the data count. Again: the same network
from another seed, as when a class trains a known architecture.

The bound from floating-point work: forward and backward pass of a dense layer take 6 operations a weight and sample (2
forward, 4 backward), at the rate that a large matrix product reaches on this thread.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np

from autograder.common.data.base import DataSet
from autograder.common.data.data_sets import load
from autograder.kernel.describing.describe import describe_model
from autograder.networks import train
from autograder.networks.build import architecture, compile_settings
from autograder.networks.fit_spec import FitSpec, Samples
from autograder.networks.train import Trainer, settle

RESULTS = Path(__file__).parent / "results"
OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(),
    "nesterov": lambda: keras.optimizers.SGD(momentum=0.9, nesterov=True),
    "adagrad": lambda: keras.optimizers.Adagrad(),
    "rmsprop": lambda: keras.optimizers.RMSprop(),
    "adam": lambda: keras.optimizers.Adam(),
}


def network() -> keras.Model:
    return keras.Sequential([
        keras.Input((28, 28)), keras.layers.Flatten(),
        keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def flops() -> float:
    """Operations a second that this thread reaches on a 1000 x 1000 float32 product."""
    import tensorflow as tf

    tf.random.set_seed(0)  # determinism asks for one
    a = tf.random.normal((1000, 1000))
    tf.linalg.matmul(a, a)
    start, count = time.process_time(), 20
    for _ in range(count):
        product = tf.linalg.matmul(a, a)
    product.numpy()
    return count * 2e9 / (time.process_time() - start)


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def small(fashion: DataSet, epochs: int) -> None:
    """CPU-seconds of `epochs` epochs of few samples, and of measuring on them: with XLA, which compiles each size anew, and as a graph."""
    model = network()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    described = describe_model(model, {})
    assert described.compiled is not None
    plan, settings = architecture(described), compile_settings(described.compiled)
    for count in (500, 2_000, 4_000, 8_000, 16_000, 32_000):
        rows = np.arange(count, dtype=np.int32)
        samples = Samples(rows, fashion.targets[rows], (np.arange(256) / 255).astype(np.float32), (28, 28))
        trained, measured = {}, {}
        for name, limit in (("XLA", 0), ("graph", 10**18)):
            train.SMALL = limit
            trainer = Trainer(fashion)
            rig, tensors = trainer.rig(plan, settings), trainer.tensors(samples)
            spec = FitSpec(plan, settings, samples, epochs, 32, True, 42)
            _, trained[name] = timed(lambda: trainer.fit(spec))  # noqa: B023 - called at once
            function = rig._function("test", min(count, 4096), compiled=not limit)
            _, measured[name] = timed(lambda: function(tensors, rows))  # noqa: B023
        print(
            f"{count:6} samples, {rig.size.work * count:.1e} multiplications an epoch: "
            + ", ".join(f"{n} {trained[n]['cpu']:.2f} s, to measure {measured[n]['cpu']:.2f} s" for n in trained),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--optimizers", nargs="*", default=list(OPTIMIZERS), choices=list(OPTIMIZERS))
    arguments = parser.parse_args()
    settle()
    fashion = load()
    rows = fashion.splits()["train"]
    if arguments.small:
        small(fashion, arguments.epochs)
        return
    np.ones(10**8)  # the machine's memory, touched once before anything is timed
    samples = Samples(rows, fashion.targets[rows], (np.arange(256) / 255).astype(np.float32), (28, 28))
    images, labels = samples.images(fashion), samples.labels.astype(np.int32)
    bound = arguments.epochs * len(rows) * 6 * 79_400 / flops()
    outcome = {"epochs": arguments.epochs, "bound_seconds": bound, "optimizers": {}}
    for name in arguments.optimizers:
        trainer = Trainer(fashion)  # a new one each time: its compilation is part of the cost
        model = network()
        model.compile(optimizer=OPTIMIZERS[name](), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        described = describe_model(model, {})
        assert described.compiled is not None
        spec = FitSpec(
            architecture(described), compile_settings(described.compiled), samples, arguments.epochs, 32, True, 42
        )
        ours, our_time = timed(lambda: trainer.fit(spec))  # noqa: B023 - called at once
        spec = replace(spec, seed=43)
        _, again_time = timed(lambda: trainer.fit(spec))  # noqa: B023
        theirs, their_time = timed(lambda: model.fit(images, labels, epochs=arguments.epochs, verbose=0))  # noqa: B023
        outcome["optimizers"][name] = {
            "ours": our_time, "ours_again": again_time, "keras": their_time,
            "ratio_cpu": their_time["cpu"] / our_time["cpu"], "ratio_cpu_again": their_time["cpu"] / again_time["cpu"],
            "accuracy_ours": ours.history["accuracy"][-1], "accuracy_keras": theirs.history["accuracy"][-1],
        }  # fmt: skip
        print(f"{name:9} CPU: Keras {their_time['cpu']:5.1f} s; first {our_time['cpu']:4.1f} s, {their_time['cpu'] / our_time['cpu']:.1f} "
              f"times less; again {again_time['cpu']:4.1f} s, {their_time['cpu'] / again_time['cpu']:.1f} times; "
              f"bound {bound:.1f} s", flush=True)  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "fit.json").write_text(json.dumps(outcome, indent=1) + "\n")


if __name__ == "__main__":
    main()
