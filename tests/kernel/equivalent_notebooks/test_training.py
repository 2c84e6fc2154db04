"""Optimizers, losses and metrics, spelled in every way that Keras allows, are described and checked alike."""

import pytest

from autograder.common.keras_tables import allowed, keras_names
from autograder.common.results import Status
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_compile import describe_metrics
from tests.deciding import outcome
from tests.hand_built import SGD, fit, model
from tests.later import keras


def made(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=("accuracy",), logits=False):
    """A small network, compiled by Keras, described. Keras's objects come as functions that make them."""
    optimizer, loss = optimizer() if callable(optimizer) else optimizer, loss() if callable(loss) else loss
    metrics = metrics() if callable(metrics) else metrics
    last = keras.layers.Dense(10, None if logits else "softmax")
    network = keras.Sequential([keras.Input((784,)), last])
    network.compile(optimizer=optimizer, loss=loss, metrics=list(metrics) if isinstance(metrics, tuple) else metrics)
    return describe(network)


def trained(*fits, **fields):
    return model(fits=fits or (fit(),), **fields)


# ---- optimizer


O = keras.optimizers  # noqa: E741 - as short as the lines below need


@pytest.mark.parametrize(
    ("given", "kind", "settings"),
    [
        ("sgd", "SGD", SGD),
        ("SGD", "SGD", SGD),
        (lambda: O.SGD(), "SGD", SGD),
        (lambda: O.SGD(learning_rate=0.1), "SGD", {"learning_rate": 0.1}),
        (lambda: O.SGD(momentum=0.9, nesterov=True), "SGD", {"momentum": 0.9, "nesterov": True, "learning_rate": 0.01}),
        ("adagrad", "Adagrad", {"learning_rate": 0.001}),
        (lambda: O.Adagrad(), "Adagrad", {}),
        ("rmsprop", "RMSprop", {"learning_rate": 0.001, "rho": 0.9}),
        (lambda: O.RMSprop(), "RMSprop", {}),
        ("adam", "Adam", {"learning_rate": 0.001}),
        (lambda: O.Adam(0.01), "Adam", {"learning_rate": 0.01}),
    ],
)
def test_an_optimizer_may_be_a_string_or_an_object(given, kind, settings):
    found = outcome({"type": "optimizer", "equals": kind, "settings": settings}, made(given))
    assert (found.status, found.points) == (Status.PASSED, 2.0), found


@pytest.mark.parametrize(
    ("given", "settings", "actual"),
    [
        ("rmsprop", {}, "RMSprop(learning_rate=0.001, momentum=0.0)"),
        (lambda: O.SGD(0.1), {"learning_rate": 0.01}, "SGD(learning_rate=0.1, momentum=0.0, nesterov=False)"),
        (lambda: O.SGD(momentum=0.9), {"momentum": 0.9, "nesterov": True}, "SGD(learning_rate=0.01, momentum=0.9, nesterov=False)"),
    ],
)  # fmt: skip
def test_another_optimizer_fails_with_both_written_out(given, settings, actual):
    found = outcome({"type": "optimizer", "equals": "SGD", "settings": settings}, made(given))
    assert (found.status, found.actual) == (Status.FAILED, actual)
    assert found.expected == f"SGD({', '.join(f'{key}={value}' for key, value in settings.items())})"
    named = [key for key in settings if f"{key} is " in found.hint and f"should be {settings[key]}" in found.hint]
    assert named or "compile(optimizer=...)" in found.hint


def test_a_learning_rate_schedule_is_shown_by_its_name():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 1000, 0.9)
    found = outcome({"type": "optimizer", "equals": "SGD", "settings": {"learning_rate": 0.01}}, made(O.SGD(schedule)))
    assert found.status is Status.FAILED and "learning_rate=ExponentialDecay" in found.actual
    assert outcome({"type": "optimizer", "equals": "SGD"}, made(O.SGD(schedule))).status is Status.PASSED


def test_an_optimizer_class_of_ones_own_is_left_to_a_person():
    class SGD(O.SGD):
        pass

    check = {"type": "optimizer", "equals": "SGD", "settings": {"learning_rate": 0.5}}
    found = outcome(check, made(SGD(0.1)))
    assert found.status is Status.UNDECIDED and "SGD is not Keras's own" in found.actual


# ---- loss and metrics


LOSS = {"type": "loss", "equals": "sparse_categorical_crossentropy"}


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        lambda: keras.losses.SparseCategoricalCrossentropy(),
        lambda: keras.losses.sparse_categorical_crossentropy,
        ["sparse_categorical_crossentropy"],
    ],
    ids=["string", "class name", "object", "function", "list"],
)
def test_a_loss_may_be_a_string_a_function_or_an_object(loss):
    assert outcome(LOSS, made(loss=loss)).status is Status.PASSED


def test_logits_go_with_a_linear_last_layer_only():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert outcome(LOSS, made(loss=lambda: loss, logits=True)).status is Status.PASSED
    found = outcome(LOSS, made(loss=lambda: loss))
    assert (found.status, found.actual) == (Status.FAILED, "from_logits=True after a softmax")
    assert "both together apply it twice" in found.hint


def test_the_loss_for_one_hot_labels_gets_its_hint():
    found = outcome(LOSS, made(loss="categorical_crossentropy"))
    assert (found.expected, found.actual) == ("sparse_categorical_crossentropy", "categorical_crossentropy")
    assert "not one-hot" in found.hint
    assert outcome(LOSS, made(loss="mse")).status is Status.FAILED


def test_a_loss_of_ones_own_is_left_to_a_person():
    def cross_entropy(y, p):
        return keras.losses.sparse_categorical_crossentropy(y, p)

    assert outcome(LOSS, made(loss=lambda: cross_entropy)).status is Status.UNDECIDED


METRICS = {"type": "metrics", "includes": ["accuracy"]}


@pytest.mark.parametrize(
    "metrics",
    [
        ["accuracy"],
        ["acc"],
        [["accuracy"]],
        ["sparse_categorical_accuracy"],
        lambda: [keras.metrics.SparseCategoricalAccuracy()],
        lambda: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        lambda: [keras.metrics.sparse_categorical_accuracy],
        ["accuracy", "mse"],
    ],
    ids=["string", "short", "list in a list", "long", "object", "named object", "function", "among others"],
)
def test_metrics_may_be_spelled_in_any_way(metrics):
    assert outcome(METRICS, made(metrics=metrics)).status is Status.PASSED


@pytest.mark.parametrize("metrics", [[], None, ["mse"], lambda: [keras.metrics.Accuracy()]])
def test_missing_metrics_fail_with_the_brackets_in_the_hint(metrics):
    found = outcome(METRICS, made(metrics=metrics))
    assert found.status is Status.FAILED and found.expected == "accuracy"
    assert "metrics=['accuracy']" in found.hint
    if not metrics:
        assert found.actual == "none"


class Share(keras.metrics.SparseCategoricalAccuracy):
    pass


def hits(y, p):
    return keras.metrics.sparse_categorical_accuracy(y, p)


OF_ONES_OWN = {
    "a function": lambda: [hits],
    "a lambda": lambda: [lambda y, p: hits(y, p)],
    "a class": lambda: [Share()],
    "a function in an object": lambda: [keras.metrics.MeanMetricWrapper(hits, name="share")],
    "beside another": lambda: ["mse", hits],
}


@pytest.mark.parametrize("metrics", OF_ONES_OWN.values(), ids=OF_ONES_OWN)
def test_what_a_metric_of_ones_own_measures_is_left_to_a_person_whatever_its_name(metrics):
    assert outcome(METRICS, made(metrics=metrics)).status is Status.UNDECIDED
    named = made(metrics=lambda: ["accuracy", *metrics()])
    assert outcome(METRICS, named).status is Status.PASSED


def test_real_networks_are_measured_by_the_lab(lab, trained):
    value = trained("two_layer").description
    check = {"type": "accuracy", "split": "holdout", "at_least": 0.8}
    assert outcome(check, value, lab).status is Status.PASSED
    assert outcome({**check, "at_least": 0.99}, value, lab).status is Status.FAILED
    measured = trained("two_layer").result.history["val_accuracy"][-1]
    assert lab.evaluate(value, "holdout")["accuracy"] == pytest.approx(measured, abs=1e-6)
    unknown = value.layers[0].model_copy(update={"type": "MyDense", "custom": "MyDense is not one of Keras's layers"})
    odd = value.model_copy(update={"layers": (unknown, *value.layers[1:])})
    found = outcome(check, odd, lab)
    assert (found.status, found.actual) == (Status.UNDECIDED, "MyDense is not one of Keras's layers")
    resized = value.model_copy(
        update={"layers": tuple(layer.model_copy(update={"weights": ()}) for layer in value.layers)}
    )
    assert outcome(check, resized, lab).status is Status.UNDECIDED


FUNCTIONS = {name: keras_names.of_object("metrics", name) for name in allowed.METRICS}
WITHOUT_A_FUNCTION = {
    "RootMeanSquaredError", "CosineSimilarity", "LogCoshError", "Precision", "Recall", "AUC",
    "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "PrecisionAtRecall", "RecallAtPrecision",
    "SensitivityAtSpecificity", "SpecificityAtSensitivity", "F1Score", "FBetaScore", "R2Score", "MeanIoU", "OneHotMeanIoU", "IoU", "OneHotIoU", "BinaryIoU",
}  # fmt: skip


def test_the_metrics_that_no_function_stands_for_are_known():
    assert {name for name, function in FUNCTIONS.items() if not hasattr(keras.metrics, function)} == WITHOUT_A_FUNCTION


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in WITHOUT_A_FUNCTION])
def test_a_metric_given_as_a_function_is_measured_as_its_class_is(name):
    network = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    network.compile(loss="sparse_categorical_crossentropy", metrics=[getattr(keras.metrics, FUNCTIONS[name])])
    labels = keras.ops.zeros((4,) if name.startswith("Sparse") else (4, 10))
    described = [one for one in describe_metrics(network, (labels, keras.ops.ones((4, 10)) / 10)) if one.type != "Mean"]
    assert [(one.type, one.custom) for one in described] == [(name, "")]
