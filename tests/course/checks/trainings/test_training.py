"""Checks on compile settings and on how a network was trained, on descriptions: no Keras is needed."""

import numpy as np
import pytest

from autograder.common.data.base import HoldoutSplit
from autograder.common.data.lookups import ByShade
from autograder.common.errors import CannotRebuild
from autograder.common.results import Status
from autograder.common.wire.description import ArrayDescription, Component
from autograder.course.checks.answers.other_questions import MOST, networks
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.kernel.describing.describe import describe
from tests.deciding import outcome
from tests.hand_built import FakeLab, compiled, dense, fit, listed, mapping, model, scalar


def trained(*fits, **fields):
    return model(fits=fits or (fit(),), **fields)


def test_a_setting_that_is_missing_or_nan_does_not_pass():
    check = {"type": "optimizer", "equals": "SGD", "settings": {"learning_rate": 0.01}}
    assert outcome(check, model(compiled=compiled("SGD", {}))).status is Status.FAILED
    assert outcome(check, model(compiled=compiled("SGD", {"learning_rate": float("nan")}))).status is Status.FAILED


COMPILED_CHECKS = [
    {"type": "optimizer", "equals": "SGD"},
    {"type": "loss", "equals": "sparse_categorical_crossentropy"},
    {"type": "metrics", "includes": ["accuracy"]},
]


@pytest.mark.parametrize("check", COMPILED_CHECKS, ids=lambda check: check["type"])
def test_a_network_that_was_not_compiled_fails(check):
    found = outcome(check, model(compiled=None))
    assert (found.status, found.actual) == (Status.FAILED, "compile() has not run to its end on this network")
    assert found.expected == "a compiled network"


METRICS = {"type": "metrics", "includes": ["accuracy"]}


# ---- what a network was trained on


ON = {"type": "trained_on", "split": "train", "scaling": "unit"}


def test_training_on_the_whole_training_split_passes():
    found = outcome(ON, trained())
    assert (found.status, found.points) == (Status.PASSED, 2.0)
    assert found.title == "Trained on the training split, scaled to 0 to 1"


@pytest.mark.parametrize(
    ("data", "actual", "hint"),
    [
        ({"train": 0, "samples": 500, "distinct": 0}, "500 samples of other data", "Are these the images, all divided by one number"),
        ({"train": 40_000}, "40,000 training images", "Use all 48,000 images of the training split, each once."),
        ({"distinct": 40_000}, "48,000 training images", "Use all 48,000 images"),
        ({"holdout": 12_000}, "48,000 training images and 12,000 hold-out images", "what is used to train"),
        ({"train": 0, "holdout": 12_000}, "12,000 hold-out images", "Train on the training split only"),
        ({"test": 10_000}, "48,000 training images and 10,000 test images", "Train on the training split only"),
        ({"changed_labels": 3}, "3 changed labels", "Labels and images no longer belong together"),
        ({"scaling": "raw"}, "48,000 training images, pixels from 0 to 255", "Pixels run to 255, expected 0 to 1: divide by 255.0."),
        ({"scaling": "other"}, "48,000 training images, pixels scaled in another way", "Divide by 255.0, once."),
    ],
)  # fmt: skip
def test_training_on_anything_else_says_on_what(data, actual, hint):
    found = outcome(ON, trained(fit(**data)))
    assert (found.status, found.actual) == (Status.FAILED, actual)
    assert hint in found.hint and found.expected


class SmallerHoldout(FakeLab):
    """Where the course holds a tenth of the images out."""

    holdout = HoldoutSplit(0.1)

    def size(self, split):
        return {"train": 54_000, "holdout": 6_000}.get(split, super().size(split))


def test_what_has_to_be_trained_on_follows_the_courses_holdout():
    assert outcome(ON, trained(fit(train=54_000)), SmallerHoldout()).status is Status.PASSED
    found = outcome(ON, trained(fit()), SmallerHoldout())
    assert (found.status, found.hint) == (Status.FAILED, "Use all 54,000 images of the training split, each once.")


PART = {"type": "trained_on", "split": "train", "part": True}


@pytest.mark.parametrize("data", [{}, {"train": 43_200, "samples": 43_200, "distinct": 43_200}, {"distinct": 40_000}])
def test_a_part_of_the_split_is_enough_where_the_text_says_so(data):
    found = outcome(PART, trained(fit(**data)))
    assert (found.status, found.title) == (Status.PASSED, "Trained on part of the training split, and on nothing else")
    assert outcome(ON, trained(fit(**data))).status is (Status.FAILED if data else Status.PASSED)


@pytest.mark.parametrize("data", [{"holdout": 12_000}, {"train": 0, "test": 10_000}, {"changed_labels": 3}])
def test_a_part_of_the_split_allows_nothing_else(data):
    assert outcome(PART, trained(fit(**data))).status is Status.FAILED


def test_other_data_than_the_courses_fail_where_a_scaling_is_asked_for():
    """The judge did not train on them, which is why all else stays open; that they are not the images is known."""
    elsewhere = model(undecided=True, origin="not trained by the grader", fits=(fit(train=0, samples=784, distinct=0),))
    found = outcome(ON, elsewhere)
    assert (found.status, found.actual) == (Status.FAILED, "784 samples of other data")
    open_ = [{**ON, "scaling": None}, {"type": "epochs", "equals": 5}, {"type": "fresh"}, ACCURACY]
    for check in open_:
        assert outcome(check, elsewhere, FakeLab()).status is Status.UNDECIDED
    assert outcome(ON, model(undecided=True, origin="a callback of their own")).status is Status.UNDECIDED


def test_what_was_reached_on_other_data_is_not_looked_at_and_how_it_was_trained_waits():
    refused = model(origin="not trained by the grader", fits=(fit(train=0, samples=784, distinct=0),))
    assert outcome(ON, refused).status is Status.FAILED
    networks = mapping(a=refused, b=trained())
    several = {"type": "epochs", "equals": 5, "entries": ["a", "b"]}
    for check, value, status in (
        ({"type": "epochs", "equals": 5}, refused, Status.UNDECIDED),
        ({"type": "fresh"}, refused, Status.UNDECIDED),
        ({"type": "trained_with", "equals": "SGD"}, refused, Status.UNDECIDED),
        (several, networks, Status.UNDECIDED),
        (ACCURACY, refused, Status.SKIPPED),
    ):
        assert outcome(check, value, FakeLab()).status is status


def test_every_training_counts_not_only_the_last():
    found = outcome(ON, trained(fit(holdout=12_000), fit()))
    assert found.status is Status.FAILED and "12,000 hold-out images" in found.actual


def test_scaling_is_free_where_none_is_asked_for():
    assert outcome({"type": "trained_on", "split": "train"}, trained(fit(scaling="raw"))).status is Status.PASSED


@pytest.mark.parametrize(
    ("split", "data"),
    [
        ("all_train", {"holdout": 12_000}),
        ("holdout", {"train": 0, "holdout": 12_000}),
        ("test", {"train": 0, "test": 10_000}),
    ],
)
def test_other_splits_can_be_asked_for(split, data):
    check = {"type": "trained_on", "split": split}
    assert outcome(check, trained(fit(**data))).status is Status.PASSED
    assert outcome(check, trained(fit())).status is Status.FAILED


# ---- how long, in what batches, how often, with what


@pytest.mark.parametrize(
    ("asked", "epochs", "passes"),
    [
        ({"equals": 5}, 5, True),
        ({"equals": 5}, 4, False),
        ({"at_most": 10}, 10, True),
        ({"at_most": 10}, 11, False),
        ({"at_least": 3}, 3, True),
        ({"at_least": 3}, 2, False),
    ],
)
def test_epochs_are_compared(asked, epochs, passes):
    found = outcome({"type": "epochs", **asked}, trained(fit(epochs=epochs)))
    assert found.status is (Status.PASSED if passes else Status.FAILED)
    if not passes:
        assert found.actual == str(epochs) and found.hint.startswith("Set it in fit(..., epochs=...).")
        assert ("EarlyStopping" in found.hint) is (epochs < 5)


def test_a_second_fit_adds_its_epochs_and_is_explained():
    found = outcome({"type": "epochs", "equals": 5}, trained(fit(epochs=5), fit(epochs=5)))
    assert found.actual == "10 (5 + 5, in 2 calls of fit)"
    assert "compile() does not reset them either" in found.hint and "build a fresh network" in found.hint


def test_a_fresh_network_was_trained_once():
    assert outcome({"type": "fresh"}, trained()).status is Status.PASSED
    found = outcome({"type": "fresh"}, trained(fit(using=compiled("SGD")), fit(using=compiled("Adam"))))
    assert found.actual == "2 trainings, one after another (SGD, Adam)"
    assert "build a fresh network" in found.hint


def test_batch_sizes_of_all_trainings_are_compared():
    check = {"type": "batch_size", "equals": 32}
    assert outcome(check, trained()).status is Status.PASSED
    found = outcome(check, trained(fit(batch_size=32), fit(batch_size=64)))
    assert (found.status, found.expected, found.actual) == (Status.FAILED, "32", "32, 64")
    check = {"type": "batch_size", "at_least": 16, "at_most": 64}
    assert outcome(check, trained()).status is Status.PASSED
    found = outcome(check, trained(fit(batch_size=128)))
    assert (found.status, found.expected, found.actual) == (Status.FAILED, "at most 64, at least 16", "128")


def test_an_optimizer_that_compile_never_got_is_explained():
    check = {"type": "trained_with", "equals": "SGD", "settings": {"momentum": 0.9, "nesterov": True}}
    nesterov = compiled("SGD", {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True})
    assert outcome(check, trained(fit(using=nesterov))).status is Status.PASSED
    found = outcome(check, trained(fit(using=compiled("RMSprop"))))
    assert (found.status, found.expected) == (Status.FAILED, "SGD(momentum=0.9, nesterov=True)")
    assert found.hint.startswith(
        "The network was trained with RMSprop(learning_rate=0.001), not with SGD: an optimizer"
    )


def test_compiling_after_training_does_not_change_what_it_was_trained_with():
    later = trained(fit(using=compiled("RMSprop")), compiled=compiled("Adam"))
    assert outcome({"type": "trained_with", "equals": "Adam"}, later).status is Status.FAILED
    assert outcome({"type": "trained_with", "equals": "RMSprop"}, later).status is Status.PASSED


# ---- provenance


FIT_CHECKS = {
    "trained_on": ON,
    "epochs": {"type": "epochs", "equals": 5},
    "batch_size": {"type": "batch_size", "equals": 32},
    "fresh": {"type": "fresh"},
    "trained_with": {"type": "trained_with", "equals": "RMSprop"},
    "accuracy": {"type": "accuracy", "split": "holdout", "at_least": 0.85},
}


@pytest.mark.parametrize("check", FIT_CHECKS.values(), ids=FIT_CHECKS)
def test_a_trained_network_passes(check):
    assert outcome(check, trained(), FakeLab()).status is Status.PASSED


@pytest.mark.parametrize("check", FIT_CHECKS.values(), ids=FIT_CHECKS)
def test_an_untrained_network_fails(check):
    found = outcome(check, model(), FakeLab())
    assert (found.status, found.actual) == (Status.FAILED, "fit() has not run to its end on this network")


@pytest.mark.parametrize("check", FIT_CHECKS.values(), ids=FIT_CHECKS)
def test_weights_of_unknown_origin_fail_with_that_reason(check):
    found = outcome(check, trained(origin="weights that were loaded"), FakeLab())
    assert (found.status, found.points, found.actual) == (Status.FAILED, 0.0, "weights that were loaded")


@pytest.mark.parametrize("check", FIT_CHECKS.values(), ids=FIT_CHECKS)
def test_weights_that_the_grader_could_not_follow_are_undecided(check):
    found = outcome(check, trained(origin="callbacks were given", undecided=True), FakeLab())
    assert (found.status, found.actual) == (Status.UNDECIDED, "callbacks were given")


@pytest.mark.parametrize("check", FIT_CHECKS.values(), ids=FIT_CHECKS)
def test_what_is_no_network_fails(check):
    found = outcome(check, scalar(0.99), FakeLab())
    assert (found.status, found.actual) == (Status.FAILED, "0.99")


# ---- accuracy


ACCURACY = FIT_CHECKS["accuracy"]


@pytest.mark.parametrize(("accuracy", "passes"), [(0.85, True), (0.8499, False), (float("nan"), False)])
def test_accuracy_is_at_least_the_threshold(accuracy, passes):
    found = outcome(ACCURACY, trained(), FakeLab(accuracy=accuracy))
    assert found.status is (Status.PASSED if passes else Status.FAILED)
    if not passes:
        assert found.expected == "at least 0.85" and found.actual == f"{accuracy:.4f}"


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ({"scaling": "raw"}, "Divide by 255.0."),
        ({"changed_labels": 9}, "Labels and images no longer belong together"),
        ({"lookup": ByShade((np.arange(256) // 255).astype("float64"))}, "changes the shades between"),
        ({"samples": 1000, "train": 1000}, "trained on 1,000 samples alone, and the training split has"),
        ({}, "the number of epochs"),
    ],
)
def test_low_accuracy_is_explained_by_the_data_where_it_can_be(data, hint):
    found = outcome(ACCURACY, trained(fit(**data)), FakeLab(accuracy=0.5))
    assert found.status is Status.FAILED and hint in found.hint


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"])
@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "sigmoid", "softmax"])
def test_a_last_layer_without_probabilities_is_named_where_little_was_learned(activation, loss, logits):
    own = model(dense(10, activation), fits=(fit(),), compiled=compiled(loss=loss, from_logits=logits))
    named = activation not in ("sigmoid", "softmax") and loss != "binary_crossentropy"
    named = named and not (logits and activation == "linear")  # which the loss itself makes probabilities
    assert ("give it softmax" in outcome(ACCURACY, own, FakeLab(accuracy=0.5)).hint) is named


@pytest.mark.parametrize(("split", "title"), [("holdout", "the hold-out"), ("test", "the test set")])
def test_accuracy_on_images_that_were_trained_on_fails(split, title):
    check = {"type": "accuracy", "split": split, "at_least": 0.5}
    found = outcome(check, trained(fit(**{split: 100})), FakeLab(accuracy=1.0))
    assert (found.status, found.actual) == (Status.FAILED, f"trained on 100 images of {title}")
    assert "says nothing" in found.hint


def test_a_network_that_can_not_be_rebuilt_is_undecided():
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            raise CannotRebuild("MyDense is not one of Keras's layers")

    found = outcome(ACCURACY, trained(), Lab())
    assert (found.status, found.actual) == (Status.UNDECIDED, "MyDense is not one of Keras's layers")


def test_a_lab_that_fails_costs_no_point():
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            raise MemoryError("no more")

    found = outcome(ACCURACY, trained(), Lab())
    assert found.status is Status.UNDECIDED and "MemoryError" in found.actual


def test_a_hidden_accuracy_tells_no_threshold():
    check = {**ACCURACY, "hidden": True, "title": "Accuracy on unseen images"}
    for given, lab in (
        (trained(), 0.5),
        (trained(fit(holdout=5)), 0.9),
        (model(), 0.9),
        (scalar(3), 0.9),
        (trained(), 0.9),
    ):
        found = outcome(check, given, FakeLab(accuracy=lab))
        assert found.hidden and found.title == "Accuracy on unseen images"
        assert "0.85" not in found.model_dump_json()


# ---- numbers that the student measured


EVALUATION = {"type": "evaluation", "model": "model", "split": "holdout", "metric": "accuracy", "tolerance": 0.002}


@pytest.mark.parametrize(
    ("number", "passes"), [(0.8712, True), (0.873, False), (87.1, False), (10444, False), (float("nan"), False)]
)
def test_a_number_from_evaluate_must_be_the_graders_own(number, passes):
    found = outcome(EVALUATION, scalar(number), FakeLab(accuracy=0.87), model=trained())
    assert found.status is (Status.PASSED if passes else Status.FAILED)
    if not passes:
        hints = {87.1: "not in per cent", 10444: "This counts answers"}
        assert (
            found.expected == "0.8700" and hints.get(number, "Evaluate this very network on the hold-out") in found.hint
        )


def test_numbers_of_unscaled_images_are_known():
    loss = {**EVALUATION, "metric": "loss"}  # of the lab's own images it is 0.4
    assert "run to 255" in outcome(loss, scalar(4.0), FakeLab(), model=trained()).hint


@pytest.mark.parametrize(
    ("metric", "number", "hint"),
    [
        ("accuracy", 0.0, "Hardly an answer counts as right"), ("loss", 0.0, "this very network"),
        ("accuracy", 0.95, "on the training split: evaluate it on the hold-out"), ("accuracy", 0.85, "on the test set: evaluate it"),
        ("loss", 0.2, "on the training split"), ("accuracy", 0.13, "the share of wrong answers"), ("accuracy", 0.1031, "belong together"),
        ("loss", 9.017, "was it evaluated before fit()"), ("accuracy", 0.9, "This is rounded"), ("accuracy", 0.15, "A network that only guesses"), ("loss", 0.5, "this very network"), ("accuracy", 0.8, "this very network"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_the_networks_is_told_by_what_it_may_be(metric, number, hint):
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            found = {"train": (0.2, 0.95), "test": (0.45, 0.85), "holdout": (0.4, 0.87)}[split]
            return dict(zip(("loss", "accuracy"), (100 * one if prepared else one for one in found), strict=True))

    assert hint in outcome({**EVALUATION, "metric": metric}, scalar(number), Lab(), model=trained()).hint


NEAR = {"train": 0.8712, "test": 0.8689, "holdout": 0.87}
OF_EPOCHS = {"accuracy": (0.81, 0.8693), "val_accuracy": (0.8706, 0.87), "loss": (0.6, 0.4)}


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (0.8712, "That is its accuracy on the training split"), (0.8689, "on the test set"), (0.8693, "measured in epoch 2"),
        (0.8706, "measured in epoch 1"), (0.8717, ""), (0.87003, ""), (0.8701, ""), (0.8683, ""),
    ],
)  # fmt: skip
def test_a_number_that_is_near_by_chance_is_told_by_what_it_is(number, hint):
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            return {"loss": 0.4, "accuracy": NEAR[split] * (100 if prepared else 1)}

    trained_so = trained().model_copy(update={"fits": (fit().model_copy(update={"history": OF_EPOCHS}),)})
    found = outcome(EVALUATION, scalar(number), Lab(), model=trained_so)
    assert found.status is (Status.FAILED if hint else Status.PASSED) and hint in found.hint


def test_a_number_of_an_epoch_is_told_however_near_to_that_of_unscaled_images_it_is():
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            return {"loss": 0.4449 if prepared else 0.34, "accuracy": 0.87}

    history = {"val_loss": (0.4451, 0.34), "loss": (0.7, 0.4)}
    trained_so = trained().model_copy(update={"fits": (fit().model_copy(update={"history": history}),)})
    loss = {**EVALUATION, "metric": "loss", "tolerance": 0.005}
    for number, hint in ((0.4451, "measured in epoch 1"), (0.4449, "run to 255")):
        assert hint in outcome(loss, scalar(number), Lab(), model=trained_so).hint


@pytest.mark.parametrize(("measured", "digits"), [(0.8712345, 3), (0.8712345, 4), (0.8695, 3)])
def test_a_number_that_was_rounded_stays_the_right_one(measured, digits):
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            number = measured if split == "holdout" else round(measured, digits)
            return {"loss": 0.4, "accuracy": number}

    assert outcome(EVALUATION, scalar(round(measured, digits)), Lab(), model=trained()).status is Status.PASSED


@pytest.mark.parametrize("digits", [1, 2])
@pytest.mark.parametrize("measured", [0.8974, 0.8712, 0.8651, 0.9044])
def test_a_rounded_number_is_told_as_that_whatever_else_has_it_by_chance(measured, digits):
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            mine = split == "holdout" and not model.name
            return {"loss": 0.4, "accuracy": measured if mine else round(measured, digits)}

    history = {"accuracy": (round(measured, digits), 0.95), "val_accuracy": (round(measured, digits), measured)}
    network = trained(fit().model_copy(update={"history": history}))
    found = outcome(EVALUATION, scalar(round(measured, digits)), Lab(), model=network, other=trained(name="other"))
    near = abs(round(measured, digits) - measured) <= EVALUATION["tolerance"]
    assert found.status is (Status.PASSED if near else Status.FAILED)
    assert near or "This is rounded" in found.hint


def test_the_number_of_another_network_is_told_however_near_it_is():
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            return {"loss": 0.4, "accuracy": {"one": 0.87, "two": 0.8712}[model.name]}

    models = mapping(one=model(name="one", fits=(fit(),)), two=model(name="two", fits=(fit(),)))
    assert outcome(EVALUATIONS, mapping(one=0.87, two=0.8712), Lab(), models=models).status is Status.PASSED
    found = outcome(EVALUATIONS, mapping(one=0.8712, two=0.87), Lab(), models=models)
    assert found.status is Status.FAILED and "accuracy of `two`" in found.hint


@pytest.mark.parametrize(
    ("number", "hint"),
    [(0.8712, "accuracy of `models['adam']` on the hold-out"), (0.8689, "accuracy of `models['adam']` on the test set"),
     (0.87, ""), (0.8717, ""), (0.8694, "")],
)  # fmt: skip
def test_the_number_of_another_questions_network_is_told_however_near_it_is(number, hint):
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            known = {("adam", "holdout"): 0.8712, ("adam", "test"): 0.8689, ("mine", "holdout"): 0.87}
            return {"loss": 0.4, "accuracy": known.get((model.name, split), 0.5)}

    mine, untrained = model(name="mine", fits=(fit(),)), model(name="never")
    adam = model(dense(10, "softmax", name="adam"), name="adam", fits=(fit(),))
    others = networks([{"models": mapping(adam=adam, never=untrained)}, {"model": mine, "number": scalar(1)}])
    assert list(others) == ["models['adam']", "model"]
    check = parse({"points": 1, **EVALUATION})
    (found,) = decide([check], Facts({"value": scalar(number), "model": mine}, Lab(), elsewhere=others))
    assert found.status is (Status.FAILED if hint else Status.PASSED) and hint in found.hint


def test_no_more_networks_are_measured_than_a_few():
    many = mapping(**{f"n{number}": model(fits=(fit(),)) for number in range(50)})
    assert len(networks([{"models": many}])) == MOST


def test_the_loss_can_be_asked_for():
    check = {**EVALUATION, "metric": "loss"}
    assert outcome(check, scalar(0.4), FakeLab(), model=model()).status is Status.PASSED
    assert outcome(check, scalar(0.87), FakeLab(), model=model()).status is Status.FAILED


@pytest.mark.parametrize("value", [True, None, "0.87"])
def test_an_evaluation_is_a_number(value):
    found = outcome(EVALUATION, scalar(value), FakeLab(accuracy=1.0), model=trained())
    assert (found.status, found.expected) == (Status.FAILED, "a number")
    assert found.hint == "`value` should be a number."


class Errors(FakeLab):
    """A regression's numbers; ``evaluate`` gives the loss, and the metric that was compiled."""

    def evaluate(self, model, split, prepared=""):
        return {"loss": 9.0, "accuracy": 0.0}

    def metric(self, model, split, metric, prepared=""):
        found = {"mean_squared_error": 9.0, "root_mean_squared_error": 3.0, "mean_absolute_error": 2.5, "r2_score": 0.4}
        return {metric: {**found, "median_absolute_error": 2.25, "max_error": 12.0}[metric]}


@pytest.mark.parametrize(
    ("metric", "number", "hint"),
    [
        ("mae", 2.5, None), ("mean_absolute_error", 2.51, None), ("r2_score", 0.4, None), ("root_mean_squared_error", 3.0, None),
        ("mae", 9.0, "This is the loss, and the mean_absolute_error is asked for"), ("loss", 2.5, "This is the mean_absolute_error, and the loss is asked for"),
        ("mae", 3.0, "This is the root_mean_squared_error, and the mean_absolute_error is asked for"),
        ("rmse", 9.0, "This is the loss"), ("rmse", 12.0, "This is the max_error"), ("r2_score", 2.5, "This is the mean_absolute_error"),
        ("r2_score", 0.9, "this very network"),
    ],
)  # fmt: skip
def test_any_metric_that_the_grader_measures_can_be_asked_for_and_is_told_from_the_others(metric, number, hint):
    asked = {**EVALUATION, "metric": {"rmse": "RootMeanSquaredError"}.get(metric, metric), "tolerance": 0.02}
    network = trained(compiled=compiled(loss="mean_squared_error"))
    found = outcome(asked, scalar(number), Errors(), model=network)
    assert (found.status is Status.PASSED) == (hint is None), found
    assert (hint or "") in found.hint
    each = {**EVALUATIONS, "metric": asked["metric"], "tolerance": 0.02}
    several = outcome(each, mapping(one=number), Errors(), models=mapping(one=network))
    assert (several.status, several.hint) == (found.status, found.hint)


def test_the_list_that_evaluate_returns_is_no_number():
    found = outcome({**EVALUATION, "metric": "mae"}, listed(9.0, 2.5), Errors(), model=trained())
    assert "returns the loss and the metrics: take the metric" in found.hint
    found = outcome(EVALUATION, listed(0.4, 0.87), FakeLab(accuracy=0.87), model=trained())
    assert (found.status, found.expected) == (Status.FAILED, "a number")
    assert "returns the loss and the metrics: take the accuracy" in found.hint


@pytest.mark.parametrize("metric", ["loss", "accuracy", "mae"])
@pytest.mark.parametrize(
    ("shape", "hint"),
    [((12_000,), "np.mean"), ((12_000, 1), "np.mean"), ((12_000, 10), "should be a number"), ((2,), "take the")],
)
@pytest.mark.parametrize("dtype", [bool, "float32"])
def test_what_was_not_averaged_is_told_from_what_evaluate_returns(metric, shape, hint, dtype):
    found = outcome({**EVALUATION, "metric": metric}, describe(np.ones(shape, dtype)), Errors(), model=trained())
    assert (found.status, found.expected) == (Status.FAILED, "a number") and hint in found.hint


@pytest.mark.parametrize(
    ("network", "actual"),
    [(None, "nothing"), (scalar(1), "1"), (model(compiled=None), "compile() has not run to its end on this network")],
)
def test_an_evaluation_needs_its_network(network, actual):
    others = {} if network is None else {"model": network}
    found = outcome(EVALUATION, scalar(0.87), FakeLab(), **others)
    assert (found.status, found.actual) == (Status.FAILED, actual)


def test_an_evaluation_of_a_network_that_can_not_be_rebuilt_is_undecided():
    class Lab(FakeLab):
        def evaluate(self, model, split, prepared=""):
            raise CannotRebuild("the network is not a chain of layers")

    assert outcome(EVALUATION, scalar(0.87), Lab(), model=trained()).status is Status.UNDECIDED


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ({}, "That is its accuracy on the validation data of fit(), which are not those of the hold-out"),
        ({"changed_labels": 40_000}, "Labels and images no longer belong together"),  # why they aren't
        ({"changed_labels": 40_000, "prepared": "scaled"}, "Each target must belong to the row of its own sample"),
    ],
)
def test_the_number_of_other_validation_data_is_told_by_what_made_them_other_ones(data, hint):
    """Also where an epoch before the last one gave the same number by chance."""
    training = fit(**data).model_copy(update={"history": {"val_accuracy": (0.3, 0.5, 0.3)}})
    found = outcome(EVALUATION, scalar(0.3), FakeLab(accuracy=0.87), model=trained(training))
    assert found.status is Status.FAILED and hint in found.hint


EVALUATIONS = {"type": "evaluations", "models": "models", "split": "holdout", "metric": "accuracy", "tolerance": 0.002}


def test_a_dictionary_of_evaluations_is_compared_network_by_network():
    models = mapping(sgd=trained(), adam=trained())
    assert outcome(EVALUATIONS, mapping(sgd=0.87, adam=0.871), FakeLab(), models=models).status is Status.PASSED
    found = outcome(EVALUATIONS, mapping(sgd=0.87, adam=0.9), FakeLab(), models=models)
    assert (found.status, found.expected, found.actual) == (Status.FAILED, "adam: 0.8700", "adam: 0.9000")
    found = outcome(EVALUATIONS, mapping(sgd=0.87, nadam=0.87), FakeLab(), models=models)
    assert (found.status, found.actual) == (Status.FAILED, "nadam: nothing")
    found = outcome(EVALUATIONS, mapping(sgd=mapping(a=1)), FakeLab(), models=models)
    assert found.status is Status.FAILED and found.expected == "sgd: a number"


@pytest.mark.parametrize("models", [None, scalar(3)])
def test_evaluations_need_a_dictionary_of_networks(models):
    others = {} if models is None else {"models": models}
    found = outcome(EVALUATIONS, mapping(sgd=0.87), FakeLab(), **others)
    assert (found.status, found.expected) == (Status.FAILED, "a dictionary of networks as `models`")


PREDICTIONS = {"type": "predictions", "model": "model", "split": "train", "tolerance": 0.1}


class SmallLab(FakeLab):
    def size(self, split):
        return len(self.rows(split))


def classes(*numbers, dtype="int64"):
    array = np.array(numbers, dtype)
    return ArrayDescription(dtype=array.dtype.name, shape=array.shape, data=array)


@pytest.mark.parametrize(
    "given", [classes(3, 1, 2), classes(3, 1, 2, dtype="float64"), listed(3, 1, 2.0), classes([3.0], [1], [2])]
)
def test_the_networks_own_predictions_pass_in_any_whole_numbers(given):
    assert outcome(PREDICTIONS, given, SmallLab(), model=trained()).status is Status.PASSED


def test_predictions_that_are_not_the_networks_fail_though_their_shape_is_right():
    found = outcome(PREDICTIONS, classes(3, 1, 9), SmallLab(), model=trained())
    assert (found.status, found.actual) == (Status.FAILED, "66.7% of them are the network's")
    assert "this very network" in found.hint


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (classes(4, 2, 3), "counted from 0"), (classes(2, 0, 1), "counted from 0"), (classes(1, 2, 3), "sorted"),
        (classes(3, 1), "it has 3 samples"), (listed(), "it has 3 samples"), (classes(7, 9, 8), "Hardly any"),
    ],
)  # fmt: skip
def test_predictions_that_are_the_networks_but_for_something_that_can_be_named(given, hint):
    assert hint in outcome(PREDICTIONS, given, SmallLab(), model=trained()).hint


@pytest.mark.parametrize(
    "given",
    [classes([3, 3], [1, 1], [2, 2]), classes([3, 1, 2]), classes(0.1, 0.2, 0.3, dtype="float64"), listed("a", 1, 2)],
)
def test_predictions_are_one_whole_number_for_each_image(given):
    found = outcome(PREDICTIONS, given, SmallLab(), model=trained())
    assert found.status is Status.FAILED and "np.argmax" in found.hint


ONE_OUTPUT = model(dense(1, "sigmoid"), fits=(fit(),))


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (classes(1, 0, 1), True), (classes([1], [0], [1]), True), (classes(True, False, True, dtype="bool"), True),
        (classes([True], [False], [True], dtype="bool"), True), (classes([1.0], [0.0], [1.0], dtype="float32"), True),
        (listed(True, False, True), True), (classes([0.9], [0.2], [0.7], dtype="float32"), False),
        (classes([1, 0], [0, 1], [1, 0]), False), (classes([0], [1], [0]), False),
    ],
)  # fmt: skip
def test_yes_or_no_of_a_network_with_one_output_in_any_spelling(given, right):
    class Lab(SmallLab):
        def agreement(self, model, split, classes):
            return float(np.mean(classes == [1, 0, 1]))

    found = outcome(PREDICTIONS, given, Lab(), model=ONE_OUTPUT)
    assert found.status is (Status.PASSED if right else Status.FAILED), found
    assert "argmax" not in found.hint  # which says 0 of one output


def test_an_image_for_each_class_is_told_by_its_axis():
    found = outcome(PREDICTIONS, listed(*range(10)), FakeLab(), model=trained())
    assert found.status is Status.FAILED and "axis=1" in found.hint
    assert "axis" not in outcome(PREDICTIONS, listed(*range(9)), FakeLab(), model=trained()).hint


@pytest.mark.parametrize(
    ("network", "actual"), [(None, "nothing"), (model(), "fit() has not run to its end on this network")]
)
def test_predictions_need_a_network_that_was_trained(network, actual):
    others = {} if network is None else {"model": network}
    found = outcome({**PREDICTIONS, "trained": True}, classes(3, 1, 2), SmallLab(), **others)
    assert (found.status, found.actual) == (Status.FAILED, actual)


def test_predictions_of_a_network_that_can_not_be_rebuilt_are_undecided():
    class Lab(SmallLab):
        def agreement(self, model, split, classes):
            raise CannotRebuild("the network is not a chain of layers")

    assert outcome(PREDICTIONS, classes(3, 1, 2), Lab(), model=trained()).status is Status.UNDECIDED


def test_a_metric_of_the_students_own_is_for_a_person_to_look_at():
    own = model(compiled=compiled().model_copy(update={"metrics": (Component(type="accuracy", custom="own"),)}))
    assert outcome(METRICS, own).status is Status.UNDECIDED


# ---- each of the networks of a dictionary


EACH = {name: {**check, "entries": ["a", "b"]} for name, check in FIT_CHECKS.items() if name != "accuracy"}


@pytest.mark.parametrize("check", EACH.values(), ids=EACH)
def test_of_a_dictionary_each_network_that_is_named_must_pass_and_others_may_be_anything(check):
    right = mapping(a=trained(), b=trained(), other=model())
    assert outcome(check, right).status is Status.PASSED
    for wrong in ("a", "b"):
        found = outcome(check, mapping(**{"a": trained(), "b": trained(), wrong: model()}))
        assert (found.status, found.points) == (Status.FAILED, 0.0)
        assert found.actual == f"{wrong}: fit() has not run to its end on this network"
        assert found.expected == f"{wrong}: a trained network"


@pytest.mark.parametrize("check", EACH.values(), ids=EACH)
def test_what_a_loop_that_ended_with_an_error_did_train_is_judged_where_that_is_enough(check):
    check = {**check, "entries": ["a", "b", "c"], "enough": 2}
    for left in ({}, {"c": model()}):  # stored behind fit, or before it
        assert outcome(check, mapping(a=trained(), b=trained(), **left)).status is Status.PASSED
        assert outcome(check, mapping(a=trained(), **left)).status is Status.FAILED
    found = outcome(check, mapping(a=trained(), b=trained(), c=scalar(3)))
    assert found.status is Status.FAILED and found.actual.startswith("c: ")
    assert outcome(check, mapping(a=model(), b=model(), c=model())).actual.startswith("a: ")


@pytest.mark.parametrize("check", EACH.values(), ids=EACH)
def test_of_a_dictionary_what_is_missing_or_no_network_fails(check):
    found = outcome(check, mapping(a=trained()))
    assert (found.status, found.expected, found.actual) == (Status.FAILED, "a network under b", "missing: b")
    assert outcome(check, mapping()).status is Status.FAILED
    assert outcome({**check, "hidden": True, "title": "T"}, mapping(a=trained(), c=trained())).status is Status.FAILED
    for wrong in (scalar(None), scalar(3), listed(), mapping(a=trained())):
        found = outcome(check, mapping(a=trained(), b=wrong))
        assert found.status is Status.FAILED and found.actual.startswith("b: ")
    for wrong in (trained(), listed(), scalar(None), scalar("ab")):
        assert outcome(check, wrong).expected == "a dictionary"


@pytest.mark.parametrize("check", EACH.values(), ids=EACH)
def test_of_a_dictionary_one_network_that_fails_decides_before_one_that_is_undecided(check):
    doubt = trained(undecided=True, origin="another layer")
    found = outcome(check, mapping(a=doubt, b=trained()))
    assert (found.status, found.actual) == (Status.UNDECIDED, "a: another layer")
    assert outcome(check, mapping(a=doubt, b=model())).status is Status.FAILED


def test_a_check_on_a_dictionary_says_which_networks_it_is_about():
    assert outcome(EACH["epochs"], mapping(a=trained(), b=trained())).title == "a, b: Epochs: 5"
    assert outcome({**EACH["epochs"], "title": "Own"}, mapping(a=trained(), b=trained())).title == "Own"
