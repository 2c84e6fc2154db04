"""Statements of requirements beside the checks themselves: on drawn networks both say the same; and what stand-ins answer fits what they measure."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from autograder.authoring.verify.bench.stand_in import Training, answers, reachable, score
from autograder.authoring.verify.slips import requirements
from autograder.common.keras_tables import allowed
from autograder.common.results import Status
from autograder.course.assignment import Question
from autograder.course.checks.base import Facts
from autograder.course.checks.ranges import SHARES
from autograder.course.checks.registry import parse
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_things import describe_thing
from autograder.networks import network_metrics
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
AMONG = (
    [{"type": "Dense", "activation": "relu"}, {"type": "Dropout", "rate": 0.1}],
    [{"type": "Dense", "times": 2}, {"type": "BatchNormalization", "times": 0}],
    [{"type": "Dropout", "rate": {"at_least": 0.2}}, {"type": "Dense", "units": {"any_of": [8, 16]}, "times": {"at_most": 1}}],
)  # fmt: skip


@pytest.mark.parametrize(("match", "specs"), [("all", SPECS), ("in_order", AMONG), ("any_order", AMONG)])
def test_what_is_left_free_of_layers_is_free_to_the_statement_too(match, specs):
    """Only of what the check passes: a solution earns its points, and mistakes are told by the difference to it."""
    draw, both = random.Random(5), set()
    for turn in range(160):
        asked = [*specs[turn % len(specs)], {"type": "Dense", "units": 1, "activation": "sigmoid"}]
        kinds = draw.choices(
            [*MAKE], weights=[4, 1, 1] if match == "all" else [2, 1, 1], k=draw.randint(0, 3 if match == "all" else 5)
        )
        network = keras.Sequential(
            [keras.Input((5,)), *(MAKE[kind](draw) for kind in kinds), keras.layers.Dense(1, "sigmoid")]
        )
        check = parse({"type": "layers", "of": "model", "points": 1, "layers": asked, "match": match})
        passes = check(Facts({"model": describe(network)}, None)).status is Status.PASSED
        seen = requirements.STATEMENTS["layers"](check, {"model": network}, None)
        assert (seen is True) is passes, (check, [layer.get_config() for layer in network.layers])
        both.add(passes)
    assert both == {True, False}


@pytest.mark.parametrize("outputs", [1, 3, 10])
@pytest.mark.parametrize("loss", allowed.LOSSES)
def test_each_loss_that_can_be_asked_for_is_seen_and_told_from_every_other(loss, outputs):
    check = parse({"type": "loss", "of": "model", "points": 1, "equals": loss})

    def seen(given):
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(outputs)])
        network.compile("adam", given)
        return requirements.observer({"q": SimpleNamespace(checks=[check])})("q", {"model": network}, None)

    right = seen(loss)
    spelled = seen(getattr(keras.losses, allowed.LOSS_CLASSES[loss])())
    assert isinstance(right["q.loss"], float) and requirements.judged(check, "q.loss", right, spelled) is False
    for other in allowed.LOSSES.keys() - {loss}:
        assert requirements.judged(check, "q.loss", right, seen(other)) is True, other


def test_what_can_not_be_looked_at_in_the_solution_is_told_of_no_mistake():
    check = parse({"type": "loss", "of": "model", "points": 1, "equals": "mean_squared_error"})
    unseen = {"q.loss": f"{requirements.BROKEN}ValueError"}
    assert requirements.judged(check, "q.loss", unseen, unseen) is None
    assert requirements.judged(check, "q.loss", {"q.loss": 0.5}, unseen) is True


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
        meant = network_metrics.meaning(outputs, len(set(targets)), targets, (loss, False))
        right = network_metrics.chosen(given, meant, False) == targets
        assert np.mean(right) == pytest.approx(found["accuracy"])
    wrong = network.model_copy(update={"fits": (fit(changed_labels=9),)})
    assert all(abs(score(wrong, (0, 90, 0), metrics, targets)[metric]) > 1e6 for metric in metrics)


@pytest.mark.parametrize("task", TASKS)
def test_any_threshold_is_reached_by_what_was_trained_and_by_nothing_else(task):
    """Verify would call the solution wrong of a course that asks for more than the stand-in gives."""
    targets, outputs, loss, metrics = TASKS[task]
    for metric in ("loss", *([] if "numbers" in task else ["accuracy"]), *metrics):
        bound = {"at_least": 1.0} if metric in SHARES else {"at_most": 0.0}
        checks = [{"type": "metric", "of": "model", "metric": metric, "points": 1, **bound}]
        checks += [{"type": "accuracy", "of": "model", "at_least": 1.0, "points": 1}] * (metric == "accuracy")
        question = Question.model_validate({"title": "Q", "points": len(checks), "checks": checks})
        for fits, reaches in (((fit(),), True), ((fit(epochs=9),), True), ((), False)):
            network = model(dense(outputs, inputs=5), fits=fits, shape=(None, 5), compiled=compiled(loss=loss))
            reached = score(network, (0, 90, 0), metrics, targets)[metric]
            for check in reachable(question).checks:
                assert check.aim().reached(reached) is reaches, (check, reached)


SEARCHES = [{}, {"cv": None}, {"cv": 5}, {"cv": StratifiedKFold(5)}, {"cv": 3}, {"cv": KFold(5)}, {"cv": StratifiedKFold(5, shuffle=True)}]  # fmt: skip


@pytest.mark.parametrize("given", SEARCHES, ids=range(len(SEARCHES)))
def test_folds_are_to_the_statement_what_they_are_to_the_check(given):
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5]}, **given)
    check = parse({"type": "object", "of": "search", "equals": "GridSearchCV", "settings": {"cv": 5}, "points": 1})
    right = requirements.STATEMENTS["object"](check, {"search": GridSearchCV(KNeighborsClassifier(), {}, cv=5)}, None)
    same = requirements.STATEMENTS["object"](check, {"search": search}, None) == right
    passes = check(Facts({"search": describe_thing(search)}, None)).status is Status.PASSED
    assert same is passes


@pytest.mark.parametrize("others", ["any", "default"])
@pytest.mark.parametrize(
    "given", [{}, {"learning_rate": 0.01}, {"learning_rate": 0.002}, {"beta_1": 0.8}, {"learning_rate": 0.01, "beta_1": 0.8}], ids=str
)  # fmt: skip
@pytest.mark.parametrize("asked", [{}, {"learning_rate": 0.01}], ids=str)
def test_of_an_optimizer_that_alone_counts_to_the_statement_which_is_asked_for(asked, given, others):
    check = parse({"type": "optimizer", "of": "model", "equals": "Adam", "settings": asked, "others": others, "points": 1})  # fmt: skip

    def seen(settings):
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        network.compile(keras.optimizers.Adam(**settings), "mse")
        verdict = check(Facts({"model": describe(network)}, None))
        return requirements.STATEMENTS["optimizer"](check, {"model": network}, None), verdict.status is Status.PASSED

    right, earns = seen(asked)
    said, passes = seen(given)
    assert earns and (said == right) is passes


def test_a_part_of_a_split_is_to_the_statement_its_images_with_their_labels():
    data = SimpleNamespace(features=np.arange(640, dtype=np.uint8).reshape(10, 8, 8), targets=np.arange(10))
    lab = type("Lab", (), {"data": data, "rows": lambda lab, split: np.arange(8)})()
    check = parse({"type": "trained_on", "of": "model", "split": "train", "part": True, "points": 1})

    def seen(images, labels):
        bench = SimpleNamespace(student=SimpleNamespace(lab=lab), trainings={id(network): [Training(images, labels, 1, 5, ("Adam", {}))]})  # fmt: skip
        return requirements.STATEMENTS["trained_on"](check, {"model": network}, bench)

    network = object()
    images, labels = data.features[:5] / data.features[:5].max(), data.targets[:5]
    one_hot = np.eye(10)[labels]
    assert seen(images, labels) and seen(images[::-1], labels[::-1]) and seen(images, one_hot)
    assert not seen(images, labels[::-1]) and not seen(images, one_hot[::-1])
    assert not seen(data.features[5:] / 255, data.targets[5:])
