"""Every metric that the judge takes, in every setting that it takes, says what it says in Keras's own ``fit``."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from autograder.common.data.lookups import UNIT_PIXELS
from autograder.common.errors import CannotRebuild
from autograder.common.keras_tables import allowed
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_compile import build_by_shape, describe_metrics
from autograder.networks.build import architecture, build, compile_model, compile_settings
from autograder.networks.fit_spec import FitSpec, Samples
from tests.later import keras

ROWS, BATCH = 300, 32
OF_NUMBERS = {"SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseCategoricalCrossentropy"}
NEEDED = {
    "num_classes": 10, "target_class_ids": [0, 1], "recall": 0.3, "precision": 0.3, "sensitivity": 0.3, "specificity": 0.3,
}  # fmt: skip
OTHERS = {
    "flag": (True, False), "off": (0,), "nothing": (None,), "last": (-1,), "length": (1, 3), "thresholds": (20,),
    "number or numbers": (None, 0.2, [0.2, 0.4, 0.6]), "classes": (10,), "class numbers": ([0, 1], [1]), "average": ("micro", "macro", "weighted", None),
    "aggregation": ("uniform_average", "variance_weighted_average", None), "ignored": (),
}  # fmt: skip
BY_NAME = {
    "threshold": (0.3, 0.5), "label_smoothing": (0.1,), "top_k": (2,), "class_id": (2,), "ignore_class": (4,), "beta": (0.5, 2.0),
    "curve": ("ROC", "PR"), "summation_method": ("interpolation", "minoring", "majoring"),
    "num_labels": (None,),
}  # fmt: skip
# Of which labels and answers are numbers of classes: those of a network never are.
SPARSE = ("sparse_y_true", "sparse_y_pred")


def variations(name):
    """Settings of a metric: the fewest, and each other setting that the judge knows of it in each of some values."""
    known = inspect.signature(getattr(keras.metrics, name)).parameters
    fewest = {key: value for key, value in NEEDED.items() if key in known and key in allowed.METRICS[name]}
    fewest |= {key: False for key in SPARSE if key in known}
    yield fewest
    for key, kind in allowed.METRICS[name].items():
        if key in known and key not in SPARSE:
            for value in (
                (kind != "nothing" and BY_NAME.get(key))
                or OTHERS.get(kind)
                or ((NEEDED[key],) if key in NEEDED else ())
            ):
                yield {**fewest, key: value}


def network(loss, metrics):
    made = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    made.compile("sgd", loss, metrics=metrics)
    return made


def tensors(columns):
    return tuple(keras.KerasTensor(shape) for shape in ((None, 10) if columns else (None,), (None, 10)))


def settings_of(made, columns):
    described = describe(made)
    measured = [metric for metric in describe_metrics(made, tensors(columns)) if metric.type != "Mean"]
    return architecture(described), compile_settings(described.compiled, measured)


@pytest.mark.parametrize("name", allowed.METRICS)
def test_a_metric_in_every_setting_is_rebuilt_as_it_is(name):
    kind, columns = getattr(keras.metrics, name), name not in OF_NUMBERS
    for settings in variations(name):
        made = network("mse", [kind(**settings)])
        rebuilt = build(settings_of(made, columns)[0], 1)
        compile_model(rebuilt, settings_of(made, columns)[1])
        pairs = []
        for one in (made, rebuilt):
            one._compile_metrics.build(*tensors(columns))
            build_by_shape(one._compile_metrics, tensors(columns))
            (metric,) = one._compile_metrics.metrics
            config = {k: v for k, v in metric.get_config().items() if k not in ("name", "fn")}
            pairs.append((type(metric), str(config), [(v.shape, v.dtype) for v in metric.variables]))
        assert pairs[0] == pairs[1], settings


@pytest.mark.slow
@pytest.mark.parametrize("columns", [10, 0], ids=["one-hot", "numbers"])
def test_all_metrics_at_once_say_what_they_say_in_keras_own_fit(trainer, data, splits, columns):
    names = [name for name in allowed.METRICS if (name in OF_NUMBERS) != bool(columns)]
    metrics = [getattr(keras.metrics, name)(**settings) for name in names for settings in variations(name)]
    loss = "categorical_crossentropy" if columns else "sparse_categorical_crossentropy"
    if not columns:
        metrics.append(keras.metrics.MeanIoU(10, sparse_y_pred=False))
    same_as_keras(trainer, data, splits, loss, metrics, columns)


def test_metrics_of_classes_are_compiled(trainer, data, splits, monkeypatch, caplog):
    """By XLA, as in a training that is large."""
    monkeypatch.setattr("autograder.networks.train.SMALL", 0)
    M = keras.metrics
    metrics = [M.F1Score("macro"), M.F1Score(), M.R2Score(), M.OneHotMeanIoU(10), M.PrecisionAtRecall(0.3)]
    same_as_keras(trainer, data, splits, "categorical_crossentropy", metrics, 10, compiled=True)
    assert "without XLA" not in caplog.text


def same_as_keras(trainer, data, splits, loss, metrics, columns, compiled=False):
    plan, settings = settings_of(network(loss, metrics), columns)
    rows = splits["train"][:ROWS]
    samples = replace(Samples(rows, data.targets[rows], UNIT_PIXELS, (784,)), one_hot=columns)
    result = trainer.fit(FitSpec(plan, settings, samples, 1, BATCH, False, 42))
    theirs = build(plan, 42)
    compile_model(theirs, settings)
    history = theirs.fit(samples.images(data), samples.targets(), batch_size=BATCH, shuffle=False, verbose=0).history
    ours = result.state.trail[-1].variables
    assert len(ours) == len(theirs.metrics_variables) > len(metrics)
    # XLA adds in another order; where it isn't asked, the same operations do the same, but for the last bit of some on some processors.
    near = 1e-4 if compiled else 2e-7
    for one, other in zip(ours, theirs.metrics_variables, strict=True):
        assert np.allclose(one, np.asarray(other.value), rtol=near, atol=near if compiled else 0, equal_nan=True), (
            other.path
        )
    assert set(result.history) == {key for key, (value,) in history.items() if not np.ndim(value)}
    for key, (value,) in result.history.items():
        assert value == pytest.approx(float(history[key][0]), rel=near, abs=near if compiled else 0, nan_ok=True), key


@pytest.mark.parametrize("metric", ["F1Score", "R2Score", "MeanIoU"])
def test_labels_that_a_metric_does_not_take_are_no_fault_of_the_grader(trainer, data, splits, metric):
    """Keras, which then trains, says what is wrong."""
    made = network("sparse_categorical_crossentropy", [])
    plan, settings = settings_of(made, 0)
    kind = getattr(keras.metrics, metric)(**({"num_classes": 10} if metric == "MeanIoU" else {}))
    plan, settings = settings_of(network("sparse_categorical_crossentropy", [kind]), 0)
    samples = Samples(splits["train"][:64], data.targets[splits["train"][:64]], UNIT_PIXELS, (784,))
    with pytest.raises(CannotRebuild, match="can't be measured"):
        trainer.fit(FitSpec(plan, settings, samples, 1, BATCH, False, 42))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MeanIoU", {"num_classes": 101}), ("MeanIoU", {"num_classes": True}), ("F1Score", {"average": "all"}), ("R2Score", {"num_regressors": 1}),
        ("Precision", {"thresholds": ()}), ("AUC", {"num_thresholds": 10_001}), ("AUC", {"curve": None}),
        ("AUC", {"num_labels": 101}), ("IoU", {"target_class_ids": (0.5,)}), ("BinaryIoU", {"target_class_ids": (-1.0,)}),
    ],
)  # fmt: skip
def test_what_would_cost_the_judge_more_than_a_metric_is_not_taken(name, settings):
    from autograder.common.wire.description import CompileDescription, Component

    described = CompileDescription(optimizer=Component(type="SGD"), loss=Component(type="mean_squared_error"))
    with pytest.raises(CannotRebuild):
        compile_settings(described, [Component(type=name, settings=settings)])
