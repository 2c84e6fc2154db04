"""A network, spelled in every way that the lecture or Keras allows, is described and checked alike."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import FunctionDescription
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.kernel.describing.describe import call, describe
from tests.deciding import TWO_LAYERS, layers, outcome
from tests.hand_built import NoLab, dense, listed, mapping, scalar
from tests.later import keras, tf

# ---- the same network, spelled in every way that the lecture or Keras allows


def _functional():
    inputs = keras.Input((784,))
    hidden = keras.layers.Dense(100, "sigmoid")(inputs)
    return keras.Model(inputs, keras.layers.Dense(10, "softmax")(hidden))


def _by_add():
    network = keras.Sequential()
    network.add(keras.layers.Input(shape=(784,)))
    network.add(keras.layers.Dense(100, activation="sigmoid"))
    network.add(keras.layers.Dense(10, activation="softmax"))
    return network


def _from_logits():
    network = _sequential(keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10))
    network.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return network


def _sequential(*layers, shape=(784,), **options):
    return keras.Sequential([keras.Input(shape, **options), *layers])


def _met(meets):
    """Without an Input, and built by the first batch that it meets."""
    network = keras.Sequential([keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax")])
    meets(network)
    return network


def _built_later():
    network = keras.Sequential([keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax")])
    network.build((None, 784))
    return network


class Own(keras.Sequential):
    def __init__(self, *layers):
        super().__init__([keras.Input((784,)), *layers])


class OwnCall(keras.Model):
    def __init__(self, begin, *steps):
        super().__init__()
        self.steps = steps or (keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax"))
        begin(self)

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return x


BEGUN = {
    "called on an Input": lambda own: own(keras.Input((784,))),
    "called on images": lambda own: own(np.zeros((2, 784))),
    "by build()": lambda own: own.build((None, 784)),
}
WITHIN = {
    "": lambda: (),
    " of a network": lambda: [keras.Sequential([D(100, "sigmoid"), D(10, "softmax")])],
    " of a network and a layer": lambda: [keras.Sequential([D(100, "sigmoid")]), D(10, "softmax")],
    " of a network with an Input": lambda: [_sequential(D(100, "sigmoid"), D(10, "softmax"))],
    " of networks within networks": lambda: [
        keras.Sequential([keras.Sequential([D(100, "sigmoid")]), D(10, "softmax")])
    ],
}


D = keras.layers.Dense
SPELLINGS = {
    "a list": lambda: _sequential(D(100, "sigmoid"), D(10, "softmax")),
    "add": _by_add,
    "functional": _functional,
    "input_shape": lambda: keras.Sequential([D(100, "sigmoid", input_shape=(784,)), D(10, "softmax")]),
    "build": _built_later,
    "called on images": lambda: _met(lambda network: network(np.zeros((2, 784)))),
    "asked for a prediction": lambda: _met(lambda network: network.predict(np.zeros((40, 784)), verbose=0)),
    "batches of a size": lambda: _sequential(D(100, "sigmoid"), D(10, "softmax"), batch_size=32),
    "a class of one's own that adds layers": lambda: Own(D(100, "sigmoid"), D(10, "softmax")),
    **{
        f"a call of one's own{of}, {how}": lambda begin=begin, within=within: OwnCall(begin, *within())
        for of, within in WITHIN.items()
        for how, begin in BEGUN.items()
    },
    "keras functions": lambda: _sequential(D(100, keras.activations.sigmoid), D(10, keras.activations.softmax)),
    "tensorflow functions": lambda: _sequential(D(100, tf.nn.sigmoid), D(10, tf.nn.softmax)),
    "activation layers": lambda: _sequential(
        D(100), keras.layers.Activation("sigmoid"), D(10), keras.layers.Activation("softmax")
    ),
    "a softmax layer": lambda: _sequential(D(100, "sigmoid"), D(10), keras.layers.Softmax()),
    "a layer as activation": lambda: _sequential(D(100, "sigmoid"), D(10, activation=keras.layers.Softmax())),
    "logits": _from_logits,
}


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
@pytest.mark.parametrize("make", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_of_the_two_layer_network_passes(make):
    value = describe(make())
    for check in (
        {"type": "layers", "layers": TWO_LAYERS},
        {"type": "input_shape", "shape": [784]},
        {"type": "parameters", "total": 79_510, "trainable": 79_510, "per_layer": [78_500, 1_010]},
        {"type": "output_shapes", "shapes": [[None, 100], [None, 10]]},
        {"type": "weight_shapes", "shapes": [[784, 100], [100], [100, 10], [10]]},
    ):
        found = outcome(check, value)
        assert (found.status, found.points) == (Status.PASSED, 2.0), found


@pytest.mark.parametrize(
    "relu",
    [
        lambda: [D(100, "relu")],
        lambda: [D(100, keras.activations.relu)],
        lambda: [D(100, tf.nn.relu)],
        lambda: [D(100), keras.layers.ReLU()],
        lambda: [D(100), keras.layers.Activation("relu")],
        lambda: [D(100, activation=keras.layers.ReLU())],
    ],
    ids=["string", "function", "tensorflow", "layer", "Activation", "layer as activation"],
)
def test_relu_may_be_a_string_a_function_or_a_layer(relu):
    network = _sequential(keras.layers.Flatten(), *relu(), D(10, "softmax"), shape=(28, 28))
    wanted = [{"type": "Flatten"}, {"type": "Dense", "units": 100, "activation": "relu"}, TWO_LAYERS[1]]
    assert layers(describe(network), wanted).status is Status.PASSED
    counts = {"type": "parameters", "per_layer": [0, 78_500, 1_010], "total": 79_510}
    assert outcome(counts, describe(network)).status is Status.PASSED


def test_an_activation_of_ones_own_is_what_it_gives_or_left_to_a_person():
    def written_out(x):
        return 1 / (1 + keras.ops.exp(-x))

    def sigmoid(x):
        return keras.ops.sigmoid(x) * 0.9

    assert layers(describe(_sequential(D(100, written_out), D(10, "softmax")))).status is Status.PASSED
    found = layers(describe(_sequential(D(100, sigmoid), D(10, "softmax"))))
    assert found.status is Status.UNDECIDED and "a function of its own, sigmoid" in found.actual
    wrong = layers(describe(_sequential(D(100, sigmoid), D(11, "softmax"))))
    assert wrong.status is Status.FAILED and "it has 11 units" in wrong.hint


def test_a_graph_is_decided_by_what_takes_what():
    inputs = keras.Input((784,))
    hidden = keras.layers.Activation("relu")(keras.layers.Dense(784)(inputs))
    skipping = keras.Model(inputs, keras.layers.Dense(10, "softmax")(keras.layers.add([inputs, hidden])))
    asked = [{"type": "Dense", "units": 784, "activation": "relu"}, {"type": "Add", "takes": [0, 1]}, TWO_LAYERS[1]]
    assert layers(describe(skipping), asked).status is Status.PASSED
    assert layers(describe(skipping)).status is Status.FAILED


def test_a_network_that_is_more_than_its_layers_is_left_to_a_person():
    inputs = keras.Input((784,))
    turned = keras.Model(inputs, keras.layers.Dense(10, "softmax")(keras.layers.Dense(784, "relu")(inputs[:, ::-1])))
    found = layers(describe(turned))
    assert found.status is Status.UNDECIDED and "none of Keras's layers does" in found.actual


@pytest.mark.parametrize("method", ["call", "__call__", "train_step", "predict", "fit"])
def test_a_class_of_ones_own_that_does_something_itself_is_left_to_a_person(method):
    kind = type(
        "Changed", (Own,), {method: lambda self, *args, **kwargs: getattr(super(Own, self), method)(*args, **kwargs)}
    )
    found = layers(describe(kind(D(100, "sigmoid"), D(10, "softmax"))))
    assert found.status is Status.UNDECIDED and "class of its own" in found.actual


def test_a_network_without_an_input_keeps_what_needs_no_weights():
    network = keras.Sequential([keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax")])
    network.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    described = describe(network)
    assert layers(described).status is Status.PASSED
    for check in (
        {"type": "layer_names", "names": [layer.name for layer in network.layers]},
        {"type": "loss", "equals": "SparseCategoricalCrossentropy"},
        {"type": "metrics", "includes": ["acc"]},
        {"type": "optimizer", "equals": "sgd"},
    ):
        assert outcome(check, described).status is Status.PASSED, check


@pytest.mark.parametrize("check", ["parameters", "input_shape"])
def test_a_network_without_an_input_is_told_to_get_one(check):
    declared = {"parameters": {"total": 1}, "input_shape": {"shape": [784]}}[check]
    network = keras.Sequential([keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax")])
    found = outcome({"type": check, **declared}, describe(network))
    assert found.status is Status.FAILED
    assert found.actual == "the network has no weights yet" and "keras.Input" in found.hint


def test_an_input_that_stands_in_the_way_is_no_input():
    """Keras makes such a network, and raises when it is called: it is not the one that was asked for."""
    network = keras.Sequential([D(100, "sigmoid"), keras.Input((100,)), D(10, "softmax")])
    described = describe(network)
    assert layers(described).status is Status.FAILED
    names = [layer.name for layer in network.layers if isinstance(layer, D)]
    assert outcome({"type": "layer_names", "names": names}, described).status is Status.FAILED


@pytest.mark.parametrize("loss", [None, 3, True])
def test_what_is_no_loss_at_all_fails_and_is_nobodys_to_look_at(loss):
    network = _sequential(D(100, "sigmoid"), D(10, "softmax"))
    network.compile(loss=loss, metrics=["accuracy"])
    found = outcome({"type": "loss", "equals": "sparse_categorical_crossentropy"}, describe(network))
    assert found.status is Status.FAILED
    assert "loss='sparse_categorical_crossentropy'" in found.hint or loss is not None


def test_the_network_must_be_made_of_the_layer_objects_handed_in():
    check = {"type": "same_layers", "layers": ["dense1", "dense2"]}
    dense1, dense2 = keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax")
    names = {id(dense1): "dense1", id(dense2): "dense2"}
    assert outcome(check, describe(_sequential(dense1, dense2), names=names)).status is Status.PASSED
    found = outcome(check, describe(_sequential(D(100, "sigmoid"), D(10, "softmax")), names=names))
    assert found.status is Status.FAILED and found.actual == "it uses none of them"
    assert "Make dense1 and dense2 first" in found.hint
    found = outcome(check, describe(_sequential(dense1, D(10, "softmax")), names=names))
    assert found.actual == "it uses dense1"


# ---- a function that builds a network


BUILDS = {"type": "builds", "of": "value"}
GIVEN = {"type": "layers", "layers": TWO_LAYERS, "needs": ["builds"]}


def _answered(function):
    """A function, described, with the answer to the call that `builds` asks for."""
    described = describe(function)
    assert isinstance(described, FunctionDescription)
    assert parse({**BUILDS, "points": 1}).arguments(42) == [()]
    return described.model_copy(update={"results": {"()": (call(function, ())[0],)}})


def _outcomes(value, *checks):
    parsed = [parse({"of": "value", "points": 1, **check}) for check in checks]
    return decide(parsed, Facts({"value": value}, NoLab()))


def test_a_function_that_returns_a_network_is_looked_into():
    compiled_network = {"type": "loss", "equals": "sparse_categorical_crossentropy", "needs": ["builds"]}
    found = _outcomes(_answered(_from_logits), BUILDS, GIVEN, compiled_network)
    assert [item.status for item in found] == [Status.PASSED] * 3


def test_the_misspelled_activation_of_the_lecture_gets_its_hint():
    def build():
        return keras.Sequential([keras.Input((784,)), D(100, "sigmoid"), D(10, activation="oftmasx")])

    builds, given = _outcomes(_answered(build), BUILDS, GIVEN)
    assert builds.status is Status.FAILED
    assert builds.actual.startswith("ValueError: Could not interpret activation")
    assert builds.hint == "The activation name `oftmasx` is not known; did you mean `softmax`?"
    assert given.status is Status.SKIPPED
    assert given.actual == "not looked at, because 'value() makes a network without an error' did not pass"


def test_metrics_as_a_string_gets_its_hint():
    def build():
        network = _sequential(D(100, "sigmoid"), D(10, "softmax"))
        network.compile(loss="sparse_categorical_crossentropy", metrics="accuracy")
        return network

    builds, _ = _outcomes(_answered(build), BUILDS, GIVEN)
    assert builds.status is Status.FAILED
    assert builds.hint == "metrics is a list: write metrics=['accuracy'], with brackets."


@pytest.mark.parametrize("shape", [(784,), (28, 28)])
def test_data_of_another_shape_than_the_networks_input_get_their_hint(shape):
    def build():
        network = _sequential(keras.layers.Flatten(), D(10, "softmax"), shape=shape)
        network.compile(loss="sparse_categorical_crossentropy")
        network.evaluate(np.zeros((4, 28, 28) if shape == (784,) else (4, 784)), np.zeros(4), verbose=0)
        return network

    (builds,) = _outcomes(_answered(build), BUILDS)
    assert builds.status is Status.FAILED
    assert "Flatten takes images (28, 28), one that begins with Dense takes rows of 784 numbers" in builds.hint


def test_an_empty_cell_and_an_unknown_name_get_their_hints():
    def empty():
        raise NotImplementedError()

    def unknown():
        return network  # noqa: F821 - that's the point

    assert "This cell is still empty" in _outcomes(_answered(empty), BUILDS)[0].hint
    assert "`network` does not exist (yet)" in _outcomes(_answered(unknown), BUILDS)[0].hint


@pytest.mark.parametrize("result", [None, 3, "model", [1]])
def test_a_function_that_returns_something_else_fails(result):
    (found,) = _outcomes(_answered(lambda: result), BUILDS)
    assert found.status is Status.FAILED and found.expected == "a function that returns a network"


# ---- things that are no network


ODD = {
    "a number": (scalar(3), "3"),
    "None": (scalar(None), "None"),
    "a list": (listed(1, "a"), "[1, 'a']"),
    "a dictionary": (mapping(a=1), "{'a': 1}"),
    "an array": (describe(np.zeros((2, 3))), "an array of shape (2, 3) and type float64"),
    "a layer": (dense(10), "a single layer, Dense"),
    "a class": (lambda: describe(keras.Sequential), "an object of type type"),
    "an exception": (describe(ValueError("no")), "ValueError: no"),
}
NETWORK_CHECKS = {
    "layers": {"layers": TWO_LAYERS}, "layer_names": {"names": ["a"]}, "same_layers": {"layers": ["a"]},
    "parameters": {"total": 1}, "input_shape": {"shape": [1]}, "output_shapes": {"shapes": [[None, 1]]},
    "weight_shapes": {"shapes": [[1]]},
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORK_CHECKS)
@pytest.mark.parametrize(("value", "shown"), ODD.values(), ids=ODD)
def test_what_is_no_network_fails_and_is_shown(kind, value, shown):
    found = outcome({"type": kind, **NETWORK_CHECKS[kind]}, value() if callable(value) else value)
    assert (found.status, found.expected, found.actual) == (Status.FAILED, "a Keras network", shown)
