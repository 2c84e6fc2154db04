"""Checks on a network's structure, on described networks: every slip fails with the reason. No Keras is needed."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import FunctionDescription
from autograder.course.checks.base import Facts, built
from autograder.course.checks.networks.layer_specs import same_setting
from autograder.course.checks.registry import decide, parse
from tests.deciding import TWO_LAYERS, layers, outcome
from tests.hand_built import NoLab, compiled, dense, layer, model

# ---- wrong layers


@pytest.mark.parametrize(
    ("value", "actual", "hint"),
    [
        (model(dense(100, "sigmoid")), "Dense(100, sigmoid)", "should have 2 layers, and has 1"),
        (model(dense(100, "relu"), dense(10, "softmax")), "Dense(100, relu), Dense(10, softmax)",
         "Layer 1: its activation is relu, and should be sigmoid."),
        (model(dense(100), dense(10, "softmax")), "Dense(100), Dense(10, softmax)",
         "Layer 1: it has no activation, and should have sigmoid."),
        (model(dense(10, "sigmoid"), dense(10, "softmax")), "Dense(10, sigmoid), Dense(10, softmax)",
         "Layer 1: it has 10 units, and should have 100."),
        (model(layer("Flatten"), dense(10, "softmax")), "Flatten(), Dense(10, softmax)",
         "Layer 1: it is Flatten, and should be Dense."),
        (model(dense(100, "sigmoid"), dense(10)), "Dense(100, sigmoid), Dense(10)",
         "Layer 2: it has no activation, and should have softmax."),
    ],
)  # fmt: skip
def test_wrong_layers_are_named_with_what_differs(value, actual, hint):
    found = layers(value)
    assert (found.status, found.points) == (Status.FAILED, 0.0)
    assert found.expected == "Dense(100, sigmoid), Dense(10, softmax)"
    assert found.actual == actual
    assert hint in found.hint


def test_a_relu_layer_with_other_settings_is_not_a_plain_relu():
    wanted = [{"type": "Dense", "units": 10, "activation": "relu"}]
    plain = model(dense(10), layer("ReLU", max_value=None, negative_slope=0.0, threshold=0.0))
    capped = model(dense(10), layer("ReLU", max_value=6.0, negative_slope=0.0, threshold=0.0))
    assert layers(plain, wanted).status is Status.PASSED
    found = layers(capped, wanted)
    assert found.status is Status.FAILED and "its activation is relu6, and should be relu" in found.hint
    shifted = model(dense(10), layer("ReLU", max_value=0.0, negative_slope=0.0, threshold=0.0))
    assert "should have 1 layer, and has 2" in layers(shifted, wanted).hint


PLAIN_RELU = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}


@pytest.mark.parametrize("bend", [layer("ReLU", **PLAIN_RELU), layer("Activation", activation="relu")])
@pytest.mark.parametrize("asked", [{"type": "ReLU"}, {"type": "Activation", "activation": "relu"}])
def test_relu_behind_normalisation_is_the_same_in_either_layer(bend, asked):
    wanted = [{"type": "Dense", "units": 10}, {"type": "BatchNormalization"}, asked]
    network = model(dense(10), layer("BatchNormalization", (None, 10)), bend)
    assert layers(network, wanted).status is Status.PASSED


@pytest.mark.parametrize(("axis", "passes"), [(-1, True), (1, True), (0, False)])
def test_softmax_is_softmax_along_the_last_axis_however_it_is_counted(axis, passes):
    network = model(dense(100, "sigmoid"), dense(10, inputs=100), layer("Softmax", (None, 10), axis=axis))
    assert layers(network).status is (Status.PASSED if passes else Status.FAILED)


def test_moving_statistics_are_parameters_that_are_not_trained():
    numbers = tuple(np.zeros(10, np.float32) for _ in range(4))
    normal = layer("BatchNormalization", (None, 10)).model_copy(
        update={"weights": numbers, "learning": (True, True, False, False)}
    )
    network = model(dense(10), normal)
    right = {"type": "parameters", "total": 7890, "trainable": 7870}
    assert outcome(right, network).status is Status.PASSED
    assert "set trainable to False" in outcome({**right, "trainable": 20}, network).hint
    found = outcome({**right, "trainable": 7890}, network)
    assert found.status is Status.FAILED and "moving statistics" in found.hint


def test_an_activation_layer_does_not_replace_another_activation():
    twice = model(dense(100, "sigmoid"), layer("Activation", activation="sigmoid"), dense(10, "softmax"))
    assert layers(twice).status is Status.FAILED


def test_a_linear_last_layer_needs_a_loss_that_takes_logits():
    network = model(dense(100, "sigmoid"), dense(10, inputs=100))
    assert layers(network).status is Status.FAILED
    with_logits = network.model_copy(update={"compiled": compiled(from_logits=True)})
    assert layers(with_logits).status is Status.PASSED
    assert layers(network.model_copy(update={"compiled": None})).status is Status.FAILED


def test_dropout_rates_are_compared_when_asked_for():
    wanted = [{"type": "Dropout", "rate": 0.3}]
    assert layers(model(layer("Dropout", rate=0.3)), wanted).status is Status.PASSED
    found = layers(model(layer("Dropout", rate=0.5)), wanted)
    assert found.hint == "Layer 1: its setting `rate` is 0.5, and should be 0.3."


@pytest.mark.parametrize("match", ["all", "in_order", "any_order"])
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_whether_a_layer_is_frozen_can_be_asked_of_every_layer(match, wanted, frozen):
    network = model(dense(8, "relu").model_copy(update={"trainable": not frozen}), dense(10, "softmax", inputs=8))
    specs = [{"type": "Dense", "units": 8, "activation": "relu", "trainable": wanted}, {"type": "Dense", "units": 10}]
    found = outcome({"type": "layers", "match": match, "layers": specs}, network)
    assert found.status is (Status.PASSED if wanted is not frozen else Status.FAILED)
    assert f"trainable={wanted}" in found.title and f"trainable={not frozen}" in found.actual


# ---- names


def test_layer_names_pass_in_order_and_without_activation_layers():
    check = {"type": "layer_names", "names": ["hidden", "output"]}
    named = model(dense(100, name="hidden"), layer("Activation", activation="sigmoid"), dense(10, name="output"))
    assert outcome(check, named).status is Status.PASSED
    found = outcome(check, model(dense(100, name="output"), dense(10, name="hidden")))
    assert (found.expected, found.actual) == ("hidden, output", "output, hidden")
    assert found.hint == "Layer 1: it is called output, and should be called hidden."
    found = outcome(check, model(dense(100, name="dense"), dense(10, name="dense_1")))
    assert "name='hidden'" in found.hint


# ---- counts and shapes


def test_parameter_counts_say_what_was_counted():
    check = {"type": "parameters", "total": 79_510, "trainable": 79_510, "per_layer": [78_500, 1_010]}
    found = outcome(check, model(dense(100), dense(10)))
    assert found.expected == "Parameters: 79,510 in total, 79,510 trainable, 78,500 + 1,010"
    assert found.actual == "86,350 in total, 86,350 trainable (78,500 + 7,850)"
    assert "inputs x units weights and units biases" in found.hint


def test_frozen_weights_are_not_trainable():
    check = {"type": "parameters", "total": 79_510, "trainable": 79_510}
    frozen = model(dense(100, trainable=False), dense(10, inputs=100))
    found = outcome(check, frozen)
    assert found.status is Status.FAILED and "1,010 trainable" in found.actual
    assert "leave trainable at True" in found.hint


def test_counts_per_layer_must_fit_where_the_total_does():
    check = {"type": "parameters", "total": 20, "per_layer": [12, 8]}
    turned = model(dense(4, inputs=1), dense(4, inputs=2))
    assert [layer.parameters for layer in turned.layers] == [8, 12]
    assert outcome(check, turned).status is Status.FAILED
    assert outcome({**check, "per_layer": [8, 12]}, turned).status is Status.PASSED


DROPOUT = layer("Dropout", (None, 100), rate=0.2)


@pytest.mark.parametrize(
    ("network", "counts", "shapes"),
    [
        (model(dense(100), DROPOUT, dense(10, inputs=100)), Status.PASSED, Status.PASSED),
        (model(dense(100), DROPOUT, DROPOUT, dense(10, inputs=100)), Status.PASSED, Status.PASSED),
        (model(layer("Flatten", (None, 784)), dense(100), dense(10, inputs=100)), Status.PASSED, Status.FAILED),
        (model(dense(100), dense(100, inputs=100), dense(10, inputs=100)), Status.FAILED, Status.FAILED),
    ],
)  # fmt: skip
def test_a_layer_too_many_costs_what_it_changes(network, counts, shapes):
    asked = {"type": "parameters", "per_layer": [78_500, 1_010]}
    assert outcome(asked, network).status is counts
    assert outcome({"type": "output_shapes", "shapes": [[None, 100], [None, 10]]}, network).status is shapes


@pytest.mark.parametrize(
    ("asked", "given", "hint"),
    [
        ([784], (None, 28, 28), "reshape the data to rows of 784"),
        ([28, 28], (None, 784), "Flatten needs the images as they are"),
        ([784], (None, 100), "keras.Input(shape=(784,))"),
        ([784], None, "keras.Input(shape=(784,))"),
    ],
)
def test_a_wrong_input_shape_says_which_data_the_network_takes(asked, given, hint):
    found = outcome({"type": "input_shape", "shape": asked}, model(shape=given))
    assert found.status is Status.FAILED and hint in found.hint
    assert found.expected == str(tuple(asked))
    assert found.actual == ("unknown" if given is None else str(given[1:]))


def test_output_and_weight_shapes_say_what_was_found():
    found = outcome({"type": "output_shapes", "shapes": [[None, 100], [None, 10]]}, model(dense(10), dense(10)))
    assert found.actual == "(None, 10), (None, 10)" and "batch: None" in found.hint
    found = outcome({"type": "weight_shapes", "shapes": [[784, 100], [100]]}, model(dense(100, weights=())))
    assert (found.status, found.actual) == (Status.FAILED, "none")


# ---- a function that builds a network


BUILDS = {"type": "builds", "of": "value"}


def _outcomes(value, *checks):
    parsed = [parse({"of": "value", "points": 1, **check}) for check in checks]
    return decide(parsed, Facts({"value": value}, NoLab()))


def test_builds_wants_the_function_not_its_result():
    (found,) = _outcomes(model(), BUILDS)
    assert (
        found.status is Status.FAILED
        and found.hint == "Hand in the function itself, not what it returns: def value(): ... makes it."
    )


def test_a_function_that_was_never_called_stays_a_function():
    function = FunctionDescription(name="build")
    assert built(function) is function
    (found,) = _outcomes(function, BUILDS)
    assert (found.status, found.actual) == (Status.FAILED, "a function, build")


NETWORK_CHECKS = {
    "layers": {"layers": TWO_LAYERS}, "layer_names": {"names": ["a"]}, "same_layers": {"layers": ["a"]},
    "parameters": {"total": 1}, "input_shape": {"shape": [1]}, "output_shapes": {"shapes": [[None, 1]]},
    "weight_shapes": {"shapes": [[1]]},
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORK_CHECKS)
def test_what_was_not_handed_in_is_said(kind):
    (found,) = decide([parse({"type": kind, "of": "model", "points": 1, **NETWORK_CHECKS[kind]})], Facts({}, NoLab()))
    assert (found.status, found.actual) == (Status.FAILED, "nothing was handed in as `model`")


@pytest.mark.parametrize("kind", NETWORK_CHECKS)
def test_a_network_without_layers_fails_every_check(kind):
    empty = model(shape=None).model_copy(update={"layers": ()})
    assert outcome({"type": kind, **NETWORK_CHECKS[kind]}, empty).status is Status.FAILED


@pytest.mark.parametrize("kind", NETWORK_CHECKS)
def test_titles_are_made_of_the_parameters(kind):
    title = parse({"type": kind, "points": 1, **NETWORK_CHECKS[kind]}).heading()
    assert title and title[0].isupper()


@pytest.mark.parametrize(
    ("given", "wanted", "same"),
    [
        ((-0.1, 0.1), 0.1, True), (0.1, [-0.1, 0.1], True), ((-0.1, 0.1), [-0.1, 0.1], True), ((-0.1, 0.2), 0.2, False),
        ((-0.2, 0.2), 0.1, False), ((-0.1, 0.2), [-0.1, 0.2], True), (None, 0.1, False),
    ],
)  # fmt: skip
def test_a_factor_means_both_ways(given, wanted, same):
    assert same_setting(given, wanted, "height_factor") is same


@pytest.mark.parametrize("size", [1e-9, 1e-6, 1e-3, 1.0, 1e3])
def test_a_setting_is_told_from_another_of_its_size_however_small_it_is(size):
    assert same_setting(float(np.float32(size)), size, "min_lr")
    assert not same_setting(size, 2 * size, "min_lr") and not same_setting(0.0, size, "min_lr")
