"""Slips that are common are named: the hint says what was done, and not only what is asked for. No Keras is needed."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import Component, FunctionDescription, OtherDescription
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from tests.course.checks.answers.test_values import array
from tests.deciding import outcome
from tests.hand_built import FakeLab, compiled, dense, fit, listed, mapping, model, scalar

LABELS = FakeLab().labels("train")
BUILDS = {"type": "builds", "of": "value"}
METRICS = {"type": "metrics", "includes": ["accuracy"]}
FUNCTION = {"type": "function", "cases": [{"args": [1], "returns": 2}, {"args": [3], "returns": 6}]}


def answered(*results, **fields):
    return FunctionDescription(results={"function": results}, **fields)


def given(*names):
    return model(dense(10), compiled=compiled().model_copy(update={"metrics": tuple(Component(type=one) for one in names)}))  # fmt: skip


@pytest.mark.parametrize(
    ("check", "value", "hint"),
    [
        ({"type": "array", "shape": [3, 2]}, array(np.zeros((2, 2))), "The first axis counts the samples: there should be 3."),
        ({"type": "array", "shape": [3, 2, 2]}, array(np.zeros((3, 4))), "leave reshape() out"),
        ({"type": "array", "shape": [3, 4]}, array(np.zeros((3, 5))), "which axis differs"),
        ({"type": "array", "shape": [3, 4]}, array(np.zeros(3)), "are these the labels?"),
        ({"type": "array", "equals": "train_labels"}, array(np.eye(10)[LABELS]), "no row of to_categorical()"),
        ({"type": "array", "equals": "train_labels"}, array(np.zeros((3, 4, 4))), "and no image"),
        ({"type": "array", "equals": "train_labels"}, array(LABELS[:2]), "mind the order of what it returns"),
        ({"type": "array", "minimum": 0, "maximum": 1}, array([[-0.8, 2.1]]), "as a StandardScaler does"),
        ({"type": "array", "minimum": 5, "maximum": 9}, array([[-0.8, 2.1]]), ""),
        ({"type": "value", "equals": [[2, 3], [3]]}, listed(listed(scalar(2), scalar(3)), scalar(3)), "with a comma, (3,)"),
        ({"type": "value", "equals": [3]}, scalar(3), "with a comma, (3,)"),
        ({"type": "value", "equals": [[2, 3], [3]]}, listed(scalar(2), scalar(3)), "should be a list of lists"),
        (FUNCTION, answered(scalar(0.0), scalar(0.0)), "whatever it is given"),
        (FUNCTION, answered(scalar(3), scalar(7), unsteady=("function",)), "Called again with the same arguments"),
        (FUNCTION, answered(scalar(3), scalar(7)), ""),
        (BUILDS, FunctionDescription(results={"()": (scalar(None),)}), "returns nothing"),
        ({"type": "parameters", "total": 10}, model(topology="unbuilt", layers=()), "has no layers yet"),
        ({"type": "parameters", "total": 10}, OtherDescription(type="History"), "what fit() returns"),
        (METRICS, given("accuracy", "loss"), "Keras has no metric 'loss'"),
        ({"type": "epochs", "equals": 5}, model(fits=(fit(epochs=4).model_copy(update={"calls": 4}),)), "these are too few"),
        ({"type": "epochs", "equals": 5}, model(fits=(fit(epochs=6).model_copy(update={"calls": 2}),)), "compile() does not reset them either"),
        ({"type": "epochs", "at_least": 5}, model(fits=(fit(epochs=4),)), "EarlyStopping can end it before"),
        ({"type": "epochs", "equals": 5}, model(fits=(fit(epochs=6),)), "Set it in fit(..., epochs=...)."),
        ({"type": "choice", "among": ["0.1", "1"], "equals": "1"}, scalar(3), "one of them"),
    ],
)  # fmt: skip
def test_what_was_done_is_named(check, value, hint):
    found = outcome(check, value, FakeLab())
    assert found.status is Status.FAILED
    assert hint in found.hint if hint else not found.hint, found


@pytest.mark.parametrize("name", ["accuracy", "acc", "mse", "sparse_categorical_accuracy", "AUC"])
def test_a_metric_more_that_keras_knows_does_no_harm(name):
    found = outcome(METRICS, given("accuracy", name))
    assert found.status is Status.PASSED


def test_numbers_to_choose_from_stand_without_quotes():
    check = {"type": "choice", "among": ["0.001", "1", "none"], "equals": "1"}
    assert outcome(check, scalar(3)).expected == "one of 0.001, 1, 'none'"


@pytest.mark.parametrize("other", [LABELS[::-1], np.roll(LABELS, 1)])
def test_labels_that_lost_their_order_are_known_as_the_right_ones(other):
    check = parse({"type": "array", "of": "value", "equals": "train_labels", "points": 1})
    (found,) = decide([check], Facts({"value": array(other)}, FakeLab()))
    assert (found.status, found.actual) == (Status.FAILED, "the right labels in another order")


def test_one_network_under_every_key_is_named_as_that():
    check = {"type": "trained_with", "equals": "Adagrad", "entries": ["sgd", "adam"], "enough": 1}
    one = model(dense(10), fits=(fit(using=compiled().model_copy(update={"optimizer": Component(type="Adam")})),))
    again = one.model_copy(update={"same_as": "value['sgd']"})
    assert "stands under every key" in outcome(check, mapping(sgd=one, adam=again)).hint
    assert "stands under every key" not in outcome(check, mapping(sgd=one, adam=one)).hint  # equal weights, two objects


def test_networks_that_were_trained_alike_are_several_and_one_object_is_one():
    check = {"type": "evaluations", "models": "models", "trained": True}
    one = model(dense(10), fits=(fit(),), compiled=compiled())
    again = one.model_copy(update={"same_as": "models['a']"})
    for second, status in ((one, Status.PASSED), (again, Status.FAILED)):
        found = outcome(check, mapping(a=0.87, b=0.87), FakeLab(accuracy=0.87), models=mapping(a=one, b=second))
        assert found.status is status
        assert (found.actual == "the same network under all of them") is (status is Status.FAILED)


@pytest.mark.parametrize(
    "check",
    [
        {"type": "accuracy", "at_least": 0.8},
        {"type": "trained_on"},
        {"type": "trained_with", "equals": "Adam"},
        {"type": "evaluation", "of": "number", "model": "value", "trained": True},
        {"type": "predictions", "of": "classes", "model": "value", "trained": True},
    ],
    ids=lambda check: check["type"],
)
@pytest.mark.parametrize("name", ["value", "another"])
def test_a_network_that_was_made_again_after_its_training_is_told_from_one_that_was_never_trained(check, name):
    again, first = model(dense(10), compiled=compiled()), model(dense(10), compiled=compiled(), fits=(fit(),))
    facts = Facts(
        {"value": again, "number": scalar(0.5), "classes": array(np.zeros(3, int))}, FakeLab(), elsewhere={name: first}
    )
    (found,) = decide([parse({"of": "value", "points": 1, **check})], facts)
    assert found.status is Status.FAILED
    assert ("this is another, made after that" in found.hint) is (name == "value")


def scaled(rows, of, how):
    """Rows scaled as a scaler does that was fitted to `of`."""
    low, spread = (of.mean(0), of.std(0)) if how == "standard" else (of.min(0), np.ptp(of, axis=0))
    return (rows - low) / np.where(spread > 0, spread, 1)


@pytest.mark.parametrize("how", ["standard", "ends"])
@pytest.mark.parametrize("seed", range(12))
def test_a_scaler_that_was_fitted_to_the_hold_out_itself_is_named_and_no_other_mistake_is(how, seed):
    draw = np.random.default_rng(seed)
    table = draw.normal(draw.uniform(-9, 9, 4), draw.uniform(0.1, 50, 4), (60, 4))
    table[:, 3] = 7.0 if seed % 3 == 0 else table[:, 3]  # a column in which all rows are alike
    train, holdout = table[:40], table[40:]

    class Lab(FakeLab):
        holdout = "test_size=0.2"

        def features(self, split, prepared=""):
            return scaled({"train": train, "holdout": holdout}[split], train, how)

        def held(self, values):
            return ""

    def hint(rows, split="holdout"):
        check = parse({"type": "array", "of": "value", "equals": split, "prepared": "scaled", "points": 1})
        (found,) = decide([check], Facts({"value": array(rows)}, Lab()))
        return found.hint

    assert hint(scaled(holdout, train, how)) == ""
    assert "transform() for all other rows" in hint(scaled(holdout, holdout, how))
    others = [
        holdout + 1,
        scaled(holdout, table[5:], "standard"),
        scaled(holdout, holdout, how)[::-1],
        draw.normal(size=holdout.shape),
        holdout * 2,
    ]
    for number, rows in enumerate(others):
        assert "training split alone" in hint(rows) and "fit_transform" not in hint(rows), number
    assert "fit_transform" not in hint(scaled(train, table, how), "train")


def test_a_factor_between_results_is_told_only_where_it_shows():
    for factor in (*np.logspace(-9, 9, 60), *(1 + np.logspace(-9, -1, 60)), *(1 - np.logspace(-9, -1, 60))):
        said = outcome(
            FUNCTION | {"cases": [{"args": [1], "returns": [1.5, 4.0]}]}, answered(array(np.array([1.5, 4.0]) * factor))
        ).hint
        assert (
            not any(f"numbers are {nothing} times" in said for nothing in ("0", "1", "1e-08")) or abs(factor) < 1e-5
        ), (factor, said)
        if 1.001 < factor < 1e6:
            assert "times what they should be" in said, (factor, said)
