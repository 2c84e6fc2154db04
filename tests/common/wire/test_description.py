"""From live objects to plain data and back: what is described, what is refused, and what the judge will rebuild."""

import json
import socket
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.common.errors import CannotRebuild, ProtocolError
from autograder.common.wire import protocol
from autograder.common.wire.arrays import DTYPES
from autograder.common.wire.description import (
    ArrayDescription,
    Component,
    FunctionDescription,
    ListDescription,
    ModelDescription,
    decode,
    digest,
    encode,
)
from autograder.common.wire.messages import Fit, HandIn, SamplesMessage, TrainedHere, dump, parse
from autograder.kernel.describing.describe import call, describe
from autograder.networks.build import architecture, build, compile_model, compile_settings
from tests.hand_built import compiled, dense, layer, listed, mapping, model, scalar
from tests.later import keras, tf

D = keras.layers.Dense


def sequential(*layers, shape=(784,)):
    return keras.Sequential([keras.Input(shape), *layers])


def travelled(value):
    """A value after its way to the judge: encoded, sent, decoded."""
    document, frames = encode({"value": value})
    return decode(json.loads(json.dumps(document)), [np.ascontiguousarray(frame).tobytes() for frame in frames])[
        "value"
    ]


# ---- plain objects


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (3, 3), (-0.5, -0.5), ("text", "text"), (10**18, 10**18),
        (np.int64(3), 3), (np.uint8(255), 255), (np.float32(0.5), 0.5), (np.float64(0.1), 0.1), (np.bool_(True), True),
        (np.str_("sgd"), "sgd"), (float("inf"), float("inf")), (np.array(7), 7), ("x" * 5000, "x" * 4000),
    ],
)  # fmt: skip
def test_scalars_are_described_by_pythons_own_types(value, expected):
    described = travelled(describe(value))
    assert described.value == expected and type(described.value) is type(expected)


def test_nan_survives():
    assert np.isnan(travelled(describe(float("nan"))).value)


def test_lists_and_dictionaries_are_described_item_by_item():
    described = travelled(describe([1, (2.5, None), {"a": [True], 0.1: "b"}]))
    assert described == listed(1, listed(2.5, None), mapping(a=listed(True), **{"0.1": "b"}))


def test_what_is_too_deep_or_too_long_is_not_looked_into():
    deep = [1]
    for _ in range(20):
        deep = [deep]
    described = describe(deep)
    for _ in range(6):
        described = described.items[0]
    assert (described.kind, described.type) == ("other", "list")
    assert describe(["a"] * 1001).kind == "other"
    assert describe(list(range(1001))).kind == "array"  # a class for each image, say
    assert describe({n: n for n in range(201)}).kind == "other"
    circle = []
    circle.append(circle)
    assert isinstance(travelled(describe(circle)), ListDescription)


@pytest.mark.parametrize("value", [object(), {1, 2}, keras.Sequential, np, (n for n in range(3)), 1j])
def test_other_objects_are_known_by_their_type_only(value):
    described = travelled(describe(value))
    assert (described.kind, described.type) == ("other", type(value).__name__)


def test_objects_that_pretend_are_not_believed():
    class Liar(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

        def __repr__(self):
            return "78500"

    class Dictionary(dict):
        def __getitem__(self, key):
            return 1.0

    assert describe(Liar(3)) == scalar(3)
    assert describe(Dictionary(a=2)) == mapping(a=2)


def test_exceptions_are_described_by_name_and_message():
    described = travelled(describe(ValueError("no " * 5000)))
    assert described.error == "ValueError" and len(described.message) == 4000


def test_functions_are_called_with_copies_and_their_exceptions_kept():
    def spoil(array):
        array += 1
        return array

    argument = np.zeros(3)
    result, changed = call(spoil, (argument,))
    assert np.array_equal(result.data, np.ones(3)) and not argument.any() and changed
    failure, changed = call(lambda: 1 / 0, ())
    assert not changed and call(lambda a: a + 1, (argument,))[1] is False
    assert (failure.error, failure.message) == ("ZeroDivisionError", "division by zero")
    assert travelled(describe(spoil)) == FunctionDescription(name="spoil")


# ---- arrays


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64"]
)
def test_small_arrays_travel_whole(dtype):
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    described = travelled(describe(array))
    assert (described.dtype, described.shape) == (dtype, (2, 3))
    assert described.data.dtype == array.dtype and np.array_equal(described.data, array)
    assert (described.minimum, described.maximum, described.finite) == (0, array.max(), True)


def test_shapes_of_weights_and_tensors_are_lists_of_lengths():
    weight = keras.Variable(np.zeros((100, 10)))
    assert describe([weight.shape]) == listed(listed(100, 10))
    assert describe(tf.TensorShape([None, 784])) == listed(None, 784)
    assert describe(tf.TensorShape(None)).type == "TensorShape"


def test_tensors_and_variables_are_arrays():
    for value in (tf.constant([1.0, 2.0]), tf.Variable([1.0, 2.0]), keras.Variable([1.0, 2.0])):
        assert np.array_equal(travelled(describe(value)).data, [1.0, 2.0])


def test_images_travel_as_their_rows(arrays, splits):
    described = describe(arrays["holdout"][0])
    assert described.data is None and described.shape == (12_000, 784)
    described = travelled(described)
    assert np.array_equal(described.rows, splits["holdout"]) and described.lookup.numbers[255] == 1.0


def test_large_arrays_of_other_data_travel_as_facts():
    described = travelled(describe(np.random.default_rng(0).random((700, 784))))
    assert described.data is None and described.rows is None
    assert described.shape == (700, 784) and 0 <= described.minimum < described.maximum <= 1


def test_arrays_with_nan_and_empty_ones_are_described():
    assert travelled(describe(np.array([1.0, np.nan]))).finite is False
    empty = travelled(describe(np.zeros((0, 784))))
    assert (empty.shape, empty.minimum, empty.finite) == ((0, 784), None, True)


def test_strided_arrays_keep_their_values():
    array = np.arange(12).reshape(3, 4)[:, ::2].T
    assert np.array_equal(travelled(describe(array)).data, array)


@pytest.mark.parametrize("array", [np.array([1j]), np.zeros((1,) * 9)])
def test_arrays_of_other_things_are_other_objects(array):
    assert travelled(describe(array)).kind == "other"


def test_arrays_of_objects_are_lists():
    (item,) = travelled(describe(np.array([object()]))).items
    assert item.kind == "other"
    assert travelled(describe(np.array(["a"]))) == listed("a")


# ---- networks


def functional():
    inputs = keras.Input((784,))
    return keras.Model(inputs, D(10, "softmax")(D(100, "sigmoid")(inputs)))


def skipping():
    inputs = keras.Input((784,))
    return keras.Model(inputs, D(10)(keras.layers.add([inputs, D(784, "relu")(inputs)])))


def adding_one():
    inputs = keras.Input((784,))
    return keras.Model(inputs, D(10)(D(784, "relu")(inputs) + 1.0))


def squaring():
    inputs = keras.Input((784,))
    return keras.Model(inputs, D(10)(D(784, "relu")(inputs) ** 2))


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = D(10)

    def call(self, inputs):
        return self.hidden(inputs)


class MyDense(keras.layers.Dense):
    def call(self, inputs):
        return super().call(inputs)


def test_a_network_is_described_layer_by_layer():
    described = travelled(
        describe(sequential(D(100, "sigmoid", name="hidden"), keras.layers.Dropout(0.3), D(10, "softmax")))
    )
    assert isinstance(described, ModelDescription) and described.topology == "chain"
    assert described.input_shape == (None, 784)
    assert [layer.type for layer in described.layers] == ["Dense", "Dropout", "Dense"]
    hidden = described.layers[0]
    assert (hidden.name, hidden.config["units"], hidden.config["activation"]) == ("hidden", 100, "sigmoid")
    assert hidden.output_shape == (None, 100) and hidden.parameters == 78_500 and hidden.trainable
    assert described.compiled is None and described.fits == ()


def test_weights_travel_bit_by_bit():
    network = sequential(D(100), D(10))
    described = travelled(describe(network))
    assert all(np.array_equal(a, b) for a, b in zip(described.weights, network.get_weights(), strict=True))
    assert digest(described.weights) == digest(network.get_weights())
    assert described.without_weights().weights == ()


@pytest.mark.parametrize(
    ("make", "topology"),
    [
        (functional, "chain"), (skipping, "graph"), (adding_one, "chain"), (squaring, "graph"),
        (lambda: keras.Sequential([D(10)]), "unbuilt"), (Own, "unbuilt"),
    ],
)  # fmt: skip
def test_only_layers_one_after_another_are_a_chain(make, topology):
    assert describe(make()).topology == topology


def test_a_class_of_its_own_is_a_chain_where_its_call_shows_one():
    network = Own()
    assert "class of its own" in describe(network).custom
    network(np.zeros((1, 784)))
    described = describe(network)
    assert (described.topology, described.input_shape, described.custom) == ("chain", (None, 784), "")
    assert not any(layer._inbound_nodes for layer in network.layers)  # as it was


def test_a_class_of_its_own_that_does_more_than_call_its_layers_is_no_chain():
    class More(Own):
        def call(self, x):
            return super().call(x) ** 2

    class OwnStep(Own):
        def train_step(self, data):
            return {}

    for network in (More(), OwnStep()):
        network(np.zeros((1, 784)))
        described = describe(network)
        assert described.topology == "graph" and "class of its own" in described.custom


@pytest.mark.filterwarnings("ignore:`build..` was called")
@pytest.mark.parametrize(("said", "topology"), [(10, "chain"), (1, "graph"), (None, "graph")])
def test_a_class_of_its_own_may_say_its_shape_if_it_is_the_right_one(said, topology):
    """Keras chooses the metric that "accuracy" means by it."""

    class Says(Own):
        def compute_output_shape(self, shape):
            return (shape[0], said) if said else None

    network = Says()
    network.build((None, 784))
    network.hidden.build((None, 784))
    assert describe(network).topology == topology


def test_a_class_of_its_own_whose_build_makes_no_weights_is_not_built():
    class Unclear(Own):
        def call(self, x):
            return self.hidden(x) + 1 if float(x[0, 0]) >= 0 else x

    network = Unclear()
    network.build((None, 784))
    assert network.built and describe(network).topology == "unbuilt"


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (lambda: MyDense(10), "MyDense is not one of Keras's layers"),
        (lambda: keras.layers.Lambda(lambda x: keras.ops.cos(x)), "does not know the layer Lambda"),
    ],
)
def test_layers_outside_the_allow_list_are_named(odd, reason):
    described = travelled(describe(sequential(odd(), D(10))))
    assert reason in described.layers[0].custom and described.layers[1].custom == ""


def test_layers_that_were_handed_in_too_are_known_by_that_name():
    first, second = D(100), D(10)
    described = describe(sequential(first, second), names={id(first): "dense1", id(second): "dense2"})
    assert [layer.same_as for layer in described.layers] == ["dense1", "dense2"]


def test_frozen_layers_are_described_as_such():
    frozen = D(10)
    frozen.trainable = False
    assert [layer.trainable for layer in describe(sequential(frozen, D(10))).layers] == [False, True]


def test_settings_of_compile_are_described():
    network = sequential(D(10))
    network.compile(
        keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["acc", "mse"],
    )  # fmt: skip
    described = travelled(describe(network)).compiled
    assert described.optimizer.type == "SGD"
    assert {key: described.optimizer.settings[key] for key in ("learning_rate", "momentum", "nesterov")} == {
        "learning_rate": 0.1, "momentum": 0.9, "nesterov": True,
    }  # fmt: skip
    assert described.loss.type == "sparse_categorical_crossentropy" and described.loss.settings["from_logits"] is True
    assert [metric.type for metric in described.metrics] == ["accuracy", "mean_squared_error"]


# ---- what the judge rebuilds


def plan_of(network):
    return architecture(describe(network))


def test_names_and_spellings_do_not_matter_to_an_architecture():
    plans = {
        plan_of(sequential(D(100, "sigmoid", name="a"), D(10, "softmax", name="b"))),
        plan_of(sequential(D(100, keras.activations.sigmoid), D(10, tf.nn.softmax))),
        plan_of(functional()),
    }
    assert len(plans) == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda: sequential(D(100, "relu"), D(10, "softmax")),
        lambda: sequential(D(101, "sigmoid"), D(10, "softmax")),
        lambda: sequential(D(100, "sigmoid", use_bias=False), D(10, "softmax")),
        lambda: sequential(D(100, "sigmoid", kernel_initializer="he_normal"), D(10, "softmax")),
        lambda: sequential(D(100, "sigmoid", kernel_regularizer=keras.regularizers.L2(0.01)), D(10, "softmax")),
        lambda: sequential(D(100, "sigmoid"), keras.layers.Dropout(0.1), D(10, "softmax")),
        lambda: sequential(D(100, "sigmoid", trainable=False), D(10, "softmax")),
        lambda: sequential(D(100, "sigmoid"), D(10, "softmax"), shape=(28, 28)),
    ],
)
def test_everything_else_matters_to_an_architecture(other):
    assert plan_of(other()) != plan_of(sequential(D(100, "sigmoid"), D(10, "softmax")))


EVERY_LAYER = lambda: sequential(  # noqa: E731
    keras.layers.Rescaling(1 / 255, offset=0.0), keras.layers.Reshape((28, 28, 1)),
    keras.layers.Conv2D(4, 3, activation="relu", padding="same"), keras.layers.MaxPooling2D(2),
    keras.layers.Conv2D(4, (3, 3), strides=2), keras.layers.BatchNormalization(), keras.layers.ReLU(),
    keras.layers.AveragePooling2D(2, padding="same"), keras.layers.Flatten(), keras.layers.Dropout(0.25),
    D(8, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2)), keras.layers.LeakyReLU(0.2), keras.layers.ELU(),
    keras.layers.GaussianNoise(0.1), D(6, "gelu", bias_initializer="ones"), keras.layers.Activation("tanh"), D(10),
    keras.layers.Softmax(), shape=(28, 28),
)  # fmt: skip


def test_every_layer_of_the_allow_list_is_rebuilt_as_it_was():
    network = EVERY_LAYER()
    rebuilt = build(architecture(travelled(describe(network))), 1)
    assert [type(a) for a in rebuilt.layers] == [type(a) for a in network.layers]
    rebuilt.set_weights(network.get_weights())
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    assert np.allclose(rebuilt(images), network(images), atol=1e-6)
    assert plan_of(rebuilt) == plan_of(network)


def test_pooling_over_the_whole_image_is_rebuilt():
    for pool in (keras.layers.GlobalAveragePooling2D(), keras.layers.GlobalMaxPooling2D(keepdims=True)):
        network = sequential(pool, keras.layers.Flatten(), D(3), shape=(28, 28, 1))
        assert plan_of(build(plan_of(network), 0)) == plan_of(network)


def test_the_same_seed_draws_the_same_weights():
    plan = plan_of(EVERY_LAYER())
    first, again, other = (build(plan, seed).get_weights() for seed in (1, 1, 2))
    assert digest(first) == digest(again) != digest(other)


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (model(dense(10, name="mine", type="MyDense", custom="MyDense is not one of Keras's layers")), "MyDense"),
        (model(layer("Lambda")), "does not know the layer Lambda"),
        (model(layer("InputLayer")), "does not know the layer InputLayer"),
        (model(dense(10, "custom:mine", name="mine")), "layer mine (Dense): activation is 'custom:mine'"),
        (model(dense(10, config={"units": 10.0}, name="mine")), "layer mine (Dense): units is 10.0"),
        (model(dense(10, config={"units": True}, name="mine")), "layer mine (Dense): units is True"),
        (model(dense(10, config={"units": -1}, name="mine")), "layer mine (Dense): units is -1"),
        (model(dense(10, config={"units": 10**7}, name="mine")), "units is 10000000"),
        (
            model(dense(10, config={"units": 10, "dtype": "float16"}, name="mine")),
            "layer mine (Dense): dtype is 'float16'",
        ),
        (model(dense(10, config={"units": 10, "more": 1}, name="mine")), "layer mine (Dense) has settings"),
        (model(dense(10, config={"units": 10, "kernel_constraint": "max_norm"}, name="mine")), "kernel_constraint"),
        (model(layer("Dropout", rate=float("nan"))), "layer dropout (Dropout): rate is nan"),
        (model(layer("Reshape", target_shape="x")), "target_shape"),
        (model(topology="graph"), "not a chain"),
        (model(topology="unbuilt"), "no weights yet"),
        (model(shape=None), "input has the shape None"),
        (model(shape=(None, None)), "input has the shape (None, None)"),
        (model(shape=(None, 10**6)), "input has the shape"),
        (model(shape=(None, 0)), "input has the shape"),
        (model(*[dense(10)] * 61), "has 61 layers"),
    ],
)
def test_what_is_not_allowed_is_not_rebuilt(described, reason):
    with pytest.raises(CannotRebuild) as caught:
        architecture(described)
    assert reason in str(caught.value)


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize("initializer", ["variance_scaling", "identity", lambda shape, dtype=None: tf.zeros(shape)])
def test_other_initializers_are_not_rebuilt(initializer):
    described = describe(sequential(D(784, kernel_initializer=initializer, name="mine")))
    with pytest.raises(CannotRebuild, match=r"layer mine \(Dense\): kernel_initializer"):
        architecture(described)


def test_layers_that_do_not_fit_each_other_are_not_built():
    plan = architecture(model(layer("Reshape", target_shape=(5, 5)), dense(10)))
    with pytest.raises(CannotRebuild, match=r"layer 1 \(Reshape\) can't be built"):
        build(plan, 0)


def rebuilt_optimizer(optimizer):
    network = sequential(D(10, "softmax"))
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    plan = compile_settings(travelled(describe(network)).compiled)
    again = sequential(D(10, "softmax"))
    compile_model(again, plan)
    return again.optimizer


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda: keras.optimizers.Adagrad(0.05),
        lambda: keras.optimizers.RMSprop(rho=0.8, centered=True),
        lambda: keras.optimizers.Adam(amsgrad=True, clipnorm=1.0),
        lambda: keras.optimizers.AdamW(weight_decay=0.01),
        lambda: keras.optimizers.Nadam(),
        lambda: keras.optimizers.Adamax(),
        lambda: keras.optimizers.Adadelta(),
        lambda: keras.optimizers.Lion(),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)),
        lambda: keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=5)
        ),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecayRestarts(0.1, 100, m_mul=0.5)),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([5, 10], [0.1, 0.01, 0.001])),
    ],
)
def test_optimizers_are_rebuilt_with_their_settings(make):
    wanted, found = make(), rebuilt_optimizer(make())
    assert type(found) is type(wanted)
    one, other = wanted.get_config(), found.get_config()
    for key in set(one) - {"name", "learning_rate"}:
        assert one[key] == other[key], key
    rates = [optimizer.learning_rate for optimizer in (wanted, found)]
    assert float(rates[0]) == float(rates[1])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (compiled("Ftrl", {}), "optimizer is Ftrl"),
        (compiled("SGD", {"learning_rate": None}), "learning_rate is None"),
        (compiled("SGD", {"learning_rate": float("inf")}), "learning_rate is inf"),
        (compiled("SGD", {"use_ema": True}), "use_ema"),
        (compiled("SGD", {"gradient_accumulation_steps": 4}), "gradient_accumulation_steps"),
        (compiled("SGD", {"jit": True}), "settings that the grader does not know"),
        (compiled(loss="mine"), "loss is mine"),
        (compiled(from_logits=2), "loss: from_logits is 2"),
        (compiled(reduction="sum"), "loss: reduction is 'sum'"),
        (compiled(ignore_class=3), "loss: ignore_class is 3"),
        (compiled(axis=0), "loss: axis is 0"),
        (compiled(loss="mean_squared_error", from_logits=True), "loss: from_logits is True"),
        (compiled(more=1), "loss: sparse_categorical_crossentropy has settings that the grader does not know"),
    ],
)
def test_compile_settings_that_are_not_allowed_are_named(wrong, reason):
    with pytest.raises(CannotRebuild) as caught:
        compile_settings(wrong)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (Component(type="Mine"), "metric is Mine"),
        (Component(type="AUC", custom="not one of Keras's metrics"), "metric is AUC"),
        (Component(type="AUC", settings={"num_thresholds": 10**9}), "num_thresholds is 1000000000"),
        (Component(type="AUC", settings={"curve": "../x"}), "curve is '../x'"),
        (Component(type="Precision", settings={"class_id": "1"}), "class_id is '1'"),
    ],
)
def test_metrics_that_are_not_allowed_are_named(metric, reason):
    with pytest.raises(CannotRebuild) as caught:
        compile_settings(compiled(), [metric])
    assert reason in str(caught.value)


# ---- malformed messages


ARRAY = {"frame": 0, "dtype": "<f8", "shape": [2]}


def arrays(**changes):
    return {"value": {"kind": "array", "dtype": "float64", "shape": [2], "data": {**ARRAY, **changes}}}


def nested(depth):
    value = {"kind": "scalar", "value": 1}
    for _ in range(depth):
        value = {"kind": "list", "items": [value]}
    return {"value": value}


def table(**fields):
    whole = {"kind": "list", "items": []}
    return {"value": {"kind": "table", "rows": 1, "columns": {"a": "float"}, "whole": whole, **fields}}


def test_a_well_formed_array_is_decoded():
    value = decode(arrays(), [np.array([1.0, np.nan]).tobytes()])["value"]
    assert isinstance(value, ArrayDescription) and np.isnan(value.data[1]) and not value.data.flags.writeable


@pytest.mark.parametrize(
    "document",
    [
        arrays(dtype="|O"), arrays(dtype="object"), arrays(dtype=">f8"), arrays(dtype="<c16"), arrays(dtype="<M8[s]"),
        arrays(dtype=None), arrays(dtype="<f4"), arrays(shape=[3]), arrays(shape=[2, 2]), arrays(shape=[-2]),
        arrays(shape=[2.0]), arrays(shape=[True, 2]), arrays(shape="2"), arrays(shape=[1] * 9), arrays(shape=[2**31]),
        arrays(shape=[2**30, 2**30, 2**30, 2**30]), arrays(shape=[0, 2**30, 2**30, 2**30]), arrays(frame=1),
        arrays(frame=-1), arrays(frame="0"), arrays(frame=True), arrays(frame=0.0), arrays(more=1),
        {"value": {**arrays()["value"], "data": [1.0, 2.0]}},
        {"value": {"kind": "pickle", "data": "x"}}, {"value": {"value": 1}}, {"value": 3}, {"value": None}, [], None, 3, "x",
        {"value": {"kind": "scalar", "value": 1, "points": 100}}, {"value": {"kind": "scalar"}},
        {"value": {"kind": "scalar", "value": [1]}}, {"value": {"kind": "scalar", "value": "x" * 4001}},
        {"value": {"kind": "list", "items": [{"kind": "scalar", "value": 1}] * 1001}},
        {"value": {"kind": "list", "items": {"a": 1}}},
        {"value": {"kind": "mapping", "items": {"x" * 201: {"kind": "scalar", "value": 1}}}},
        {"x" * 201: {"kind": "scalar", "value": 1}},
        {"value": {"kind": "layer", "type": "Dense", "name": "d", "config": {"units": {"a": 1}}}},
        {"value": {"kind": "model", "topology": "circle"}}, {"value": {"kind": "model", "layers": [{"kind": "scalar"}]}},
        {"value": {"kind": "model", "fits": [{"epochs": -1}]}}, {"value": {"kind": "failure", "error": "E"}},
        nested(1_000),
        table(columns={"a": "complex"}), table(columns={f"c{number}": "float" for number in range(201)}), table(columns={"x" * 201: "float"}),
        table(rows=-1), table(rows=True), table(values={"a": {"kind": "scalar", "value": 1}}), table(whole=None),
        {"value": {"kind": "figure", "axes": [{}] * 51}}, {"value": {"kind": "figure", "axes": [{"title": "x" * 201}]}},
        {"value": {"kind": "figure", "axes": [{"lines": -1}]}}, {"value": {"kind": "figure", "axes": [{"legend": ["a"] * 51}]}},
        {"value": {"kind": "object", "library": "os", "made": {"type": "system"}}},
        {"value": {"kind": "object", "library": "keras", "made": {"type": "A", "settings": {f"s{number}": 1 for number in range(41)}}}},
        {"value": {"kind": "object", "library": "keras", "made": {"type": "A", "settings": {"a": [1]}}, "fitted": 1}},
    ],
)  # fmt: skip
def test_what_encode_could_not_have_written_is_refused(document):
    with pytest.raises(ProtocolError, match="malformed"):
        decode(document, [np.zeros(2).tobytes()])


def test_moderate_nesting_is_fine():
    value = decode(nested(50), [])["value"]
    for _ in range(50):
        value = value.items[0]
    assert value == scalar(1)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(sorted(DTYPES))
KEYS = st.sampled_from(
    ["kind", "value", "items", "data", "frame", "dtype", "shape", "layers", "config", "type", "name", "rows", "lookup",
     "weights", "fits", "epochs", "samples", "model", "question", "values", "compiled", "optimizer", "loss", "settings", "reason", "columns", "whole", "axes", "made"]
) | st.text(max_size=3)  # fmt: skip
KINDS = st.sampled_from(
    [
        "model",
        "layer",
        "scalar",
        "list",
        "mapping",
        "array",
        "function",
        "failure",
        "other",
        "table",
        "figure",
        "object",
    ]
)
REQUESTS = st.sampled_from(["hand_in", "fit", "evaluate", "trained_here"])


def _tree(inner):
    objects = st.dictionaries(KEYS, inner, max_size=6)
    array = st.fixed_dictionaries(
        {
            "frame": st.integers(-1, 3),
            "dtype": st.sampled_from(sorted(DTYPES)),
            "shape": st.lists(st.integers(-1, 9), max_size=3),
        }
    )
    typed = st.builds(lambda o, kind, request: {**o, "kind": kind, "type": request}, objects, KINDS, REQUESTS)
    return st.lists(inner, max_size=4) | objects | array | typed


TREES = st.recursive(PLAIN, _tree, max_leaves=25)
FRAMES = st.lists(st.binary(max_size=40), max_size=3)
FUZZ = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def allowed_to_fail(function, *arguments):
    """Call it: a ProtocolError is an answer, anything else is a crash."""
    try:
        return function(*arguments)
    except ProtocolError as error:
        assert str(error)
        return None


@FUZZ
@given(TREES, FRAMES)
def test_any_request_is_parsed_or_refused(document, frames):
    allowed_to_fail(parse, document, frames)


ODD_ARRAYS = [
    *(np.zeros(3, kind) for kind in (*np.typecodes["All"], ">f8", ">i2", "S9", "U9", "V5", [("x" * 300, "f8")])),
    *(np.ones((), kind) for kind in ("g", ">f8", "D", "?", "U3")),
    np.ma.masked_all((2, 2)), np.zeros((2, 2)).view(np.matrix), np.zeros((0, 3)), np.zeros((1,) * 20), np.array([10**400]),
    np.broadcast_to(np.float64(1), (3, 10**6)), np.zeros((4, 4))[::2, ::-1], np.recarray(2, [("a", "f4")]),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ODD_ARRAYS)))
def test_an_array_of_any_kind_arrives_or_is_something_else(number):
    array = ODD_ARRAYS[number]
    document, frames = encode({"": describe(array), "list": describe([array, array]), "made": describe({"a": array})})
    decode(json.loads(json.dumps(document)), [np.ascontiguousarray(frame).tobytes() for frame in frames])


def _valid_messages():
    rows = np.arange(3, dtype=np.int32)
    samples = SamplesMessage(rows=rows, labels=np.zeros(3, np.uint8), lookup=np.arange(256.0), shape=(784,))
    yield HandIn(
        type="hand_in", question="a.b", values={"": model(), "x": listed(1, mapping(a=2)), "y": describe(np.eye(3))}
    )
    yield Fit(type="fit", model=model().without_weights(), samples=samples, validation=samples, epochs=1, batch_size=32)
    yield TrainedHere(type="trained_here", weights="a" * 64, reason="because")


VALID = [
    (json.loads(json.dumps(d)), [np.ascontiguousarray(f).tobytes() for f in frames])
    for d, frames in map(dump, _valid_messages())
]


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


@FUZZ
@given(st.data())
def test_a_valid_request_with_one_thing_changed_is_parsed_or_refused(draw):
    document, frames = draw.draw(st.sampled_from(VALID))
    path = draw.draw(st.sampled_from(list(_places(document))))
    allowed_to_fail(parse, _replaced(document, path, draw.draw(TREES)), frames)


@pytest.mark.parametrize(("document", "frames"), VALID)
def test_the_requests_that_are_changed_are_valid(document, frames):
    assert parse(document, frames).type == document["type"]


@FUZZ
@given(TREES, FRAMES)
def test_any_document_is_decoded_or_refused(document, frames):
    allowed_to_fail(decode, document, frames)


def received(message):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(60)
        theirs.sendall(message)
        theirs.shutdown(socket.SHUT_WR)
        return allowed_to_fail(protocol.receive, ours)


@FUZZ
@given(st.binary(max_size=300))
def test_any_bytes_are_received_or_refused(message):
    received(message)


@FUZZ
@given(
    st.binary(max_size=60) | TREES.map(lambda d: json.dumps(d).encode()), st.binary(max_size=40),
    st.integers(-3, 3), st.integers(-3, 3),
)  # fmt: skip
def test_any_document_and_frames_are_received_or_refused(text, frames, more_text, more_frames):
    lengths = max(0, len(text) + more_text), max(0, len(frames) + more_frames)
    found = received(struct.pack("<4sII", protocol.MAGIC, *lengths) + text + frames)
    if found is not None:
        document, parts = found
        assert type(document) is dict and sum(map(len, parts)) == lengths[1]


@FUZZ
@given(st.dictionaries(st.text(max_size=5).filter(lambda key: key != "frames"), PLAIN, max_size=4), FRAMES)
def test_what_is_sent_is_received(document, frames):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        protocol.send(theirs, document, [np.frombuffer(frame, np.uint8) for frame in frames])
        found, parts = protocol.receive(ours)
    assert repr(found) == repr(document) and parts == frames
