"""Statements of requirements beside the checks themselves: on drawn networks both say the same; and what stand-ins answer fits what they measure."""

import random

import numpy as np
import pytest

from autograder.authoring.verify.bench.stand_in import answers, score
from autograder.authoring.verify.slips import requirements
from autograder.common.results import Status
from autograder.course.checks.registry import parse
from autograder.kernel.describing.describe import describe
from autograder.networks import network_metrics
from tests.deciding import layers
from tests.hand_built import compiled, dense, fit, model
from tests.later import keras

MAKE = {
    "Dense": lambda draw: keras.layers.Dense(draw.choice([8, 16, 32, 80]), draw.choice(["relu", "elu", "tanh"])),
    "Dropout": lambda draw: keras.layers.Dropout(draw.choice([0.1, 0.3, 0.6])),
    "BatchNormalization": lambda draw: keras.layers.BatchNormalization(),
}
SPECS = (
    [
        {"type": "Dense", "units": {"at_least": 16, "at_most": 64}, "activation": {"any_of": ["relu", "elu"]}, "times": {"at_least": 1, "at_most": 2}},
    ],
    [{"type": "Dense", "activation": "relu", "times": {"at_most": 2}}, {"type": "Dropout", "rate": {"at_least": 0.2}}],
    [{"type": "Dense", "units": 32}, {"type": "BatchNormalization", "times": {"at_most": 1}}, {"type": "Dense", "times": 2}],
)  # fmt: skip


def test_what_is_left_free_of_layers_is_free_to_the_statement_too():
    """Only of what the check passes: a solution earns its points, and mistakes are told by the difference to it."""
    draw, both = random.Random(5), set()
    for turn in range(160):
        asked = [*SPECS[turn % len(SPECS)], {"type": "Dense", "units": 1, "activation": "sigmoid"}]
        kinds = draw.choices([*MAKE], weights=[4, 1, 1], k=draw.randint(0, 3))
        network = keras.Sequential(
            [keras.Input((5,)), *(MAKE[kind](draw) for kind in kinds), keras.layers.Dense(1, "sigmoid")]
        )
        passes = layers(describe(network), asked).status is Status.PASSED
        check = parse({"type": "layers", "of": "model", "points": 1, "layers": asked})
        seen = requirements.STATEMENTS["layers"](check, {"model": network}, None)
        assert (seen is True) is passes, (check, [layer.get_config() for layer in network.layers])
        both.add(passes)
    assert both == {True, False}


@pytest.mark.parametrize(("metrics", "seen"), [(["accuracy", "AUC"], [True, True]), (["acc"], [False, False]), ([{"name": "a"}, "accuracy"], [True, True])])  # fmt: skip
def test_each_metric_that_is_asked_for_is_looked_for(metrics, seen):
    metrics = [keras.metrics.AUC(**metric) if isinstance(metric, dict) else metric for metric in metrics]
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    network.compile(loss="binary_crossentropy", metrics=metrics)
    check = parse({"type": "metrics", "of": "model", "points": 1, "includes": ["accuracy", "auc"]})
    assert requirements.STATEMENTS["metrics"](check, {"model": network}, None) == seen


RANDOM = np.random.default_rng(0)
TASKS = {
    "numbers": (RANDOM.normal(150, 70, 90), 1, "mean_squared_error", ["r2_score", "mean_absolute_error"]),
    "two numbers": (RANDOM.normal(2, 1, (90, 2)), 2, "mean_squared_error", ["r2_score", "root_mean_squared_error"]),
    "yes or no": (RANDOM.integers(0, 2, 90), 1, "binary_crossentropy", ["roc_auc_score", "f1_score", "accuracy_score"]),
    "two classes": (RANDOM.integers(0, 2, 90), 2, "sparse_categorical_crossentropy", ["f1_score", "accuracy_score"]),
    "several yes or no": (RANDOM.integers(0, 2, (90, 3)), 3, "binary_crossentropy", ["roc_auc_score", "f1_score"]),
    "classes": (RANDOM.integers(0, 4, 90), 4, "sparse_categorical_crossentropy", ["f1_score", "accuracy_score"]),
}


@pytest.mark.parametrize("task", TASKS)
def test_a_stand_in_measures_what_it_answers(task):
    """A notebook may measure by itself what ``predict`` gives it: the lab's number of the same network is that."""
    targets, outputs, loss, metrics = TASKS[task]
    network = model(dense(outputs, inputs=5), fits=(fit(),), shape=(None, 5), compiled=compiled(loss=loss))
    found = score(network, (0, 90, 0), metrics, targets)
    given = answers(network, targets, found["accuracy"])
    assert given.shape == (90, outputs)
    for metric in metrics:
        assert found[metric] == pytest.approx(network_metrics.score(metric, targets, given, (loss, False)))
        assert (0.75 < found[metric] < 1) or metric.endswith("error")
    if len(targets.shape) == 1 and loss != "mean_squared_error":
        right = network_metrics.chosen(given, len(set(targets)), (loss, False)) == targets
        assert np.mean(right) == pytest.approx(found["accuracy"])
    wrong = network.model_copy(update={"fits": (fit(changed_labels=9),)})
    assert all(abs(score(wrong, (0, 90, 0), metrics, targets)[metric]) > 1e6 for metric in metrics)
