"""Descriptions and reports made by hand, for tests that need no Keras."""

import numpy as np

from autograder.common.data.base import HoldoutSplit
from autograder.common.results import Report
from autograder.common.wire.description import (
    CompileDescription,
    Component,
    DataRecord,
    FitRecord,
    LayerDescription,
    ListDescription,
    MappingDescription,
    ModelDescription,
    ScalarDescription,
)

SGD = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}
GLOROT = Component(type="GlorotUniform", settings={"seed": None})


def dense(units, activation="linear", inputs=784, **fields):
    config = {"units": units, "activation": activation, "use_bias": True, "kernel_initializer": GLOROT,
              "bias_initializer": Component(type="Zeros")}  # fmt: skip
    facts = {
        "type": "Dense", "name": "dense", "config": config, "output_shape": (None, units),
        "weights": (np.zeros((inputs, units), np.float32), np.zeros(units, np.float32)),
    }  # fmt: skip
    return LayerDescription(**{**facts, **fields})


def layer(kind, output_shape=(None, 784), **config):
    return LayerDescription(type=kind, name=kind.lower(), config=config, output_shape=output_shape)


def compiled(
    optimizer="RMSprop", settings=None, loss="sparse_categorical_crossentropy", metrics=("accuracy",), **of_loss
):
    return CompileDescription(
        optimizer=Component(type=optimizer, settings={"learning_rate": 0.001} if settings is None else settings),
        loss=Component(type=loss, settings={"from_logits": False, **of_loss}),
        metrics=tuple(Component(type=metric) for metric in metrics),
    )


def model(*layers, shape=(None, 784), **fields):
    """A compiled chain of `layers`: the two-layer network when there are none."""
    layers = layers or (dense(100, "sigmoid", name="hidden"), dense(10, "softmax", inputs=100, name="output"))
    return ModelDescription(**{"input_shape": shape, "layers": layers, "compiled": compiled(), **fields})


def fit(epochs=5, batch_size=32, using=None, **data):
    """A training on the whole training split, scaled to 0 to 1, where `data` doesn't say otherwise."""
    rows = {"train": 48_000, "holdout": 0, "test": 0}
    rows |= {key: value for key, value in data.items() if key in rows}
    total = sum(rows.values())
    record = {"samples": total, "distinct": total, "scaling": "unit", **rows, **data}
    return FitRecord(epochs=epochs, batch_size=batch_size, data=DataRecord(**record), compiled=using or compiled())


def scalar(value):
    return ScalarDescription(value=value)


def listed(*items):
    return ListDescription(items=tuple(item if hasattr(item, "kind") else scalar(item) for item in items))


def mapping(**items):
    return MappingDescription(
        items={key: item if hasattr(item, "kind") else scalar(item) for key, item in items.items()}
    )


def with_weights(description, weights):
    """`description` with other weights, dealt out to its layers in order."""
    left, layers = list(weights), []
    for old in description.layers:
        layers.append(old.model_copy(update={"weights": tuple(left.pop(0) for _ in old.weights)}))
    return description.model_copy(update={"layers": tuple(layers)})


def report_of(*questions, student="s", assignment="first", **fields):
    """The report of a submission that nobody graded: `questions` are what came of it."""
    facts = {"submission": "0", "course": "0", "isolation": "bubblewrap", "versions": {}, **fields}
    return Report(student=student, assignment=assignment, questions=questions, **facts)


class NoLab:
    """A lab that knows how large the parts of the data set are, and nothing else: for checks that look at descriptions."""

    holdout = HoldoutSplit()

    def size(self, split):
        return {"all_train": 60_000, "train": 48_000, "holdout": 12_000, "test": 10_000}[split]


class FakeLab(NoLab):
    """A lab that measured these metrics, whatever the network; small splits; the classes that it predicts are the labels."""

    preparations = ("raw", "unit")

    def __init__(self, **metrics):
        self.metrics = {"loss": 0.4, "accuracy": 0.87, **metrics}

    def evaluate(self, model, split, prepared=""):
        return self.metrics if not prepared else {name: 10 * value for name, value in self.metrics.items()}

    def metric(self, model, split, metric, prepared=""):
        return {metric: {"mean_absolute_error": 2.5, "r2_score": 0.4}[metric]}

    def meaning(self, model):
        return "yes or no" if model.outputs == 1 else "class"

    def agreement(self, model, split, classes):
        return float(np.mean(classes == self.labels(split)))

    def rows(self, split):
        return {"all_train": np.arange(10), "train": np.array([3, 1, 2]), "holdout": np.array([0, 4])}[split]

    def labels(self, split):
        return np.asarray(self.rows(split) % 10, np.uint8)

    def rounding(self, name, targets):
        return 2e-6

    def reference(self, place):
        return {"references.py:double": lambda x: 2 * x}[place]
