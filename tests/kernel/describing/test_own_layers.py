"""Layers and functions of a notebook's own: whatever they do is told as layers of Keras's, and trained as those."""

import random
from functools import cache, partial

import numpy as np
import pytest

from autograder.common.errors import CannotRebuild
from autograder.common.keras_tables import allowed
from autograder.common.results import Status
from autograder.kernel.describing.describe import describe_model
from autograder.kernel.describing.functions import activation_name
from autograder.networks.build import architecture, build
from tests import hand_built
from tests.deciding import outcome
from tests.hand_built import dense
from tests.kernel.describing.test_wiring import OF_ONE, ROWS, UNTOLD, WIDTH, kinds, rebuilt
from tests.later import Later, keras

layers, ops = map(Later, ("keras.layers", "keras.ops"))


def of_a_class(function):
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return function(inputs)

        def get_config(self):
            return super().get_config()

    return Own()


WAYS = {
    "a Lambda": lambda function: layers.Lambda(function),
    "a class of its own": of_a_class,
    "a Lambda of Keras's function": lambda function: layers.Lambda(lambda x, act: act(x), arguments={"act": function}),
}
BY_HAND = {
    "relu": [lambda x: ops.where(x > 0, x, 0.0), lambda x: ops.maximum(0.0, x), lambda x: x * ops.cast(x > 0, "float32"), lambda x: (x + ops.abs(x)) / 2],
    "sigmoid": [lambda x: 1 / (1 + ops.exp(-x)), lambda x: ops.exp(x) / (1 + ops.exp(x)), lambda x: (1 + ops.tanh(x / 2)) / 2],
    "softmax": [lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=-1, keepdims=True), lambda x: ops.exp(ops.log_softmax(x))],
    "tanh": [lambda x: 2 * ops.sigmoid(2 * x) - 1], "silu": [lambda x: x * ops.sigmoid(x)],
    "leaky_relu": [lambda x: ops.maximum(0.2 * x, x)], "relu6": [lambda x: ops.clip(x, 0, 6)],
    "gelu": [lambda x: x * (1 + ops.erf(x / 2**0.5)) / 2], "linear": [lambda x: x],
}  # fmt: skip
NONE_OF_KERAS = [
    lambda x: ops.softmax(x, axis=0), lambda x: ops.where(x > 0.5, x, 0.0), lambda x: ops.maximum(0.1 * x, x + 0.5), lambda x: ops.round(x), lambda x: x[:, :3],
    lambda x: keras.random.uniform((9, 14)), lambda x: keras.random.dropout(x, 0.5), lambda x: 1 / 0, lambda x: None, lambda x: x.numpy(),
    lambda x: ops.stop_gradient(ops.relu(x)), lambda x: ops.cast(x, "float64"), lambda x, y: x,
]  # fmt: skip


def chain(*within):
    return keras.Sequential([keras.Input((WIDTH,)), layers.Dense(WIDTH), *within, layers.Dense(2)])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("function", "said"), OF_ONE.items(), ids=range(len(OF_ONE)))
def test_what_a_layer_of_the_notebooks_own_does_is_told(way, function, said):
    model = chain(WAYS[way](function))
    again, described = rebuilt(model)
    assert said in kinds(described) and {one.custom for one in described.layers} == {""}
    np.testing.assert_allclose(model(ROWS), again(ROWS), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("function", UNTOLD, ids=range(len(UNTOLD)))
def test_what_no_layer_does_is_left_to_a_person(function):
    with_it = lambda x: ops.reshape(function(x), (-1, WIDTH))  # noqa: E731 - whatever shape it gives
    try:
        model = chain(of_a_class(with_it))
    except ValueError:
        return  # Keras takes it no better
    assert "Own is not one of Keras's layers" in {one.custom for one in describe_model(model, {}).layers}


@cache
def block():
    """A class as textbooks bundle layers in one."""

    class Block(keras.layers.Layer):
        def __init__(self, within, kept=False, adds=False, **settings):
            super().__init__(**settings)
            self.within, self.kept, self.adds = within, kept, adds

        def call(self, inputs, training=None):
            answer = inputs
            for one in self.within:
                given = training is not None and isinstance(one, layers.Dropout)
                answer = one(answer, training=training) if given else one(answer)
            if self.adds:
                self.add_loss(0.01 * ops.sum(answer))
            return inputs + answer if self.kept else answer

    class Quiet(Block):
        """As most of them are written: whether it is in training is for Keras to say."""

        def call(self, inputs):
            answer = super().call(inputs)
            return ops.relu(answer)

    return Block, Quiet


def bundled(draw, deep=2):
    """A layer of the notebook's own of some others."""
    kinds = [lambda: layers.Dense(WIDTH, "tanh"), lambda: layers.BatchNormalization(), lambda: layers.Dropout(0.5), lambda: layers.ReLU(),
             lambda: keras.Sequential([layers.Dense(WIDTH), layers.LayerNormalization()])]  # fmt: skip
    within = [
        bundled(draw, deep - 1) if deep and draw.random() < 0.3 else draw.choice(kinds)()
        for _ in range(draw.randint(1, 2))
    ]
    return draw.choice(block())(within, kept=draw.random() < 0.4)


@pytest.mark.parametrize("seed", range(20))
def test_what_a_class_bundles_is_told_as_its_layers(seed):
    model = chain(bundled(random.Random(seed)), bundled(random.Random(seed + 100)))
    again, described = rebuilt(model)
    assert {one.custom for one in described.layers} == {""}
    by_chance = any(isinstance(one, layers.Dropout) for one in model._flatten_layers())
    for training in (False, None) if by_chance else (False, None, True):
        np.testing.assert_allclose(model(ROWS, training=training), again(ROWS, training=training), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("within", ["Dense", "Dropout", "BatchNormalization"])
@pytest.mark.parametrize("nested", ["itself", "a network", "a class"])
@pytest.mark.parametrize("asks", [False, True])
def test_a_network_that_keras_does_not_tell_of_training_never_trains_what_asks_for_it(within, nested, asks):
    """A dropout in a class whose `call` has no `training` does nothing beside plain Keras, and a BatchNormalization learns no averages."""
    made = (
        layers.Dense(WIDTH)
        if within == "Dense"
        else getattr(layers, within)(**({"rate": 0.5} if within == "Dropout" else {}))
    )
    inner = {
        "itself": lambda: made,
        "a network": lambda: keras.Sequential([made]),
        "a class": lambda: block()[0]([made]),
    }[nested]()

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.last = inner, layers.Dense(2)

        def call(self, inputs):
            return self.last(self.inner(inputs))

    class Asking(Net):
        def call(self, inputs, training=None):
            return super().call(inputs)

    model = Asking() if asks else Net()
    model(ROWS)
    found = describe_model(model, {})
    told = not (found.doubt or any(layer.custom for layer in found.layers))
    assert told is (asks or within == "Dense")
    assert not told or within in {layer.type for layer in found.layers}


def test_a_bundle_that_does_more_than_its_layers_is_left_to_a_person():
    (Block, _quiet), shared = block(), layers.Dense(WIDTH)

    class Weighs(Block):
        def build(self, shape):
            self.by = self.add_weight(shape=(WIDTH,))

        def call(self, inputs):
            return self.within[0](inputs) * self.by

    more = [
        Block([layers.Dense(WIDTH)], adds=True), Block([shared, shared]),
        Weighs([layers.Dense(WIDTH)]), Block([layers.Dense(WIDTH)], dtype="float64"),
    ]  # fmt: skip
    for one in more:
        found = describe_model(chain(one), {})
        assert found.doubt and {type(one).__name__} & {layer.type for layer in found.layers}


def test_a_bundle_is_known_by_its_own_name_and_object():
    Block, _quiet = block()
    named, other = (
        Block([layers.Dense(WIDTH), layers.ReLU()], name="hidden1"),
        Block([layers.Dense(WIDTH, name="within")]),
    )
    found = describe_model(chain(named, other), {id(named): "first", id(other): "second"})
    told = [(one.type, one.name, one.same_as) for one in found.layers[1:4]]
    assert told == [("Dense", "hidden1", "first"), ("ReLU", named.within[1].name, ""), ("Dense", "within", "second")]


@pytest.mark.parametrize("name", sorted(allowed.ACTIVATIONS))
def test_a_partial_function_is_an_activation(name):
    """Keras can't write such a one down, and trains with it all the same."""
    for layer in (
        layers.Dense(WIDTH, activation=partial(keras.activations.get(name))),
        layers.Activation(partial(keras.activations.get(name))),
    ):
        own = layer.activation
        (found,) = describe_model(keras.Sequential([keras.Input((WIDTH,)), layer]), {}).layers
        assert (found.config["activation"], found.custom, layer.activation) == (name, "", own)
        assert found.config.get("units", WIDTH) == WIDTH


def test_a_layer_whose_settings_cant_be_told_is_left_to_a_person():
    layer = layers.Dense(WIDTH, kernel_initializer=partial(keras.initializers.get("zeros")))
    found = describe_model(keras.Sequential([keras.Input((WIDTH,)), layer]), {})
    assert found.doubt == "the settings of the layer Dense can't be told"
    asked = {"type": "layers", "layers": [{"type": "Dense", "units": WIDTH}]}
    assert outcome(asked, found).status is Status.UNDECIDED


@pytest.mark.parametrize("asked", [
    {"type": "parameters", "total": 78, "per_layer": [42, 36]}, {"type": "output_shapes", "shapes": [[None, 9], [None, 4]]},
])  # fmt: skip
def test_what_stands_within_a_class_of_the_notebooks_own_is_left_to_a_person(asked):
    own = {"custom": "Own is not one of Keras's layers", "keras": False, "weights": dense(78, inputs=0).weights}
    inside = hand_built.layer("Own", (None, 4)).model_copy(update=own)
    assert outcome(asked, hand_built.model(inside)).status is Status.UNDECIDED


@pytest.mark.parametrize("name", sorted(allowed.ACTIVATIONS))
def test_a_function_is_known_by_what_it_gives(name):
    def own(x):
        return keras.activations.get(name)(x)

    assert activation_name(own) == name
    (_first, between, _last) = describe_model(chain(layers.Dense(WIDTH, activation=own)), {}).layers
    assert between.config["activation"] == name


@pytest.mark.parametrize("name", BY_HAND)
def test_an_activation_may_be_written_out(name):
    for function in BY_HAND[name]:
        assert activation_name(function) == name
        for way in WAYS.values():
            described = describe_model(chain(way(function)), {})
            assert name in kinds(described) and {one.custom for one in described.layers} == {""}


def with_settings(seed):
    """Ways to write an activation with settings, drawn by `seed`: a layer that is given as one, a function, NumPy's way of writing it."""
    draw = random.Random(seed)
    slope, alpha, most = (round(draw.uniform(0.003, 3), draw.choice([1, 2, 3])) or 0.5 for _ in range(3))
    functions = keras.activations
    return [
        layers.LeakyReLU(negative_slope=slope), lambda x: functions.leaky_relu(x, negative_slope=slope), lambda x: ops.maximum(x, 0) + slope * ops.minimum(x, 0),
        lambda x: ops.where(x > 0, x, slope * x), lambda x: ops.maximum(0.1 * x, x), lambda x: functions.relu(x, negative_slope=slope), layers.Activation(layers.LeakyReLU(slope)),
        layers.ELU(alpha=alpha), lambda x: functions.elu(x, alpha=alpha), lambda x: ops.where(x > 0, x, alpha * (ops.exp(x) - 1)),
        layers.ReLU(max_value=most), layers.ReLU(negative_slope=slope, threshold=most, max_value=None), layers.ReLU(most, slope, most / 2),
        lambda x: functions.gelu(x, approximate=True),
        lambda x: 0.5 * x * (1 + ops.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_an_activation_with_settings_is_trained_as_what_it_is(seed):
    values = np.random.default_rng(seed).normal(scale=3, size=(7, WIDTH)).astype("float32")
    for number, function in enumerate(with_settings(seed)):
        network = chain(layers.Dense(WIDTH, activation=function))
        np.testing.assert_allclose(
            network(values), rebuilt(network)[0](values), rtol=1e-3, atol=1e-4, err_msg=str(number)
        )


@pytest.mark.parametrize(
    "said",
    [
        "LeakyReLU", "LeakyReLU(", "LeakyReLU()", "LeakyReLU(negative_slope=0.1", "LeakyReLU(alpha=0.1)", "LeakyReLU(negative_slope=nan)", "Dense(units=3.0)",
        "LeakyReLU(negative_slope=1e13)", "LeakyReLU(negative_slope=__import__('os'))", "gelu(approximate=1.0)", "relu(max_value=6.0)", "custom:LeakyReLU(negative_slope=0.1)",
        "ReLU(" + "max_value=1.0, " * 20 + "threshold=0.0)", "LeakyReLU(negative_slope=0.1)(", None, 3, ("LeakyReLU", {}),
    ],
)  # fmt: skip
def test_what_is_no_activation_with_known_settings_is_not_built(said):
    assert allowed.activation_with_settings(said) is None


FORMING = [
    lambda x: ops.reshape(x, (-1, 784)), lambda x: ops.reshape(ops.relu(x), (-1, 784)), lambda x: ops.softmax(x, axis=1),
    lambda x: ops.transpose(x, (0, 2, 1)), lambda x: ops.mean(x, axis=1), lambda x: ops.relu(x),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", FORMING, ids=range(len(FORMING)))
def test_what_is_told_of_images_answers_as_the_layer_does(way, function):
    network = keras.Sequential([keras.Input((28, 28)), WAYS[way](function), layers.Flatten(), layers.Dense(2)])
    images = np.random.default_rng(0).normal(size=(3, 28, 28)).astype("float32")
    if any(one.custom for one in describe_model(network, {}).layers):
        with pytest.raises(CannotRebuild):
            rebuilt(network)
    else:
        np.testing.assert_allclose(network(images), rebuilt(network)[0](images), rtol=1e-4, atol=1e-5)


def test_what_gives_what_no_activation_gives_is_the_notebooks_own():
    assert [activation_name(function) for function in NONE_OF_KERAS] == ["custom:<lambda>"] * len(NONE_OF_KERAS)


def test_a_class_that_only_makes_its_layer_is_that_layer():
    class Hidden(keras.layers.Dense):
        def __init__(self):
            super().__init__(WIDTH, activation="tanh")

        def get_config(self):
            return {"units": 99}

    described = describe_model(chain(Hidden()), {})
    assert [one.type for one in described.layers] == ["Dense"] * 3
    assert (described.layers[1].config["units"], described.layers[1].config["activation"]) == (WIDTH, "tanh")
    build(architecture(described), 1)


class Counting:
    def __init__(self):
        self.calls = []

    def __call__(self, x):
        self.calls.append(x.shape)
        return ops.relu(x)


count, shapes = 0, []


def helper(x):
    shapes.append(x.shape)
    return x


def counting(x):
    global count
    count += 1
    random.random()
    np.random.rand()
    return ops.relu(helper(x)) * 1.0


def state(function):
    """All that `counting` and `Counting` change."""
    return count, len(shapes), len(getattr(function, "calls", ())), random.getstate(), np.random.get_state()[1].tolist()


@pytest.mark.parametrize("way", ["a Lambda", "an activation"])
def test_looking_at_a_function_leaves_what_it_changes_as_it_was(way):
    """What it counts and draws, itself or in a function that it calls: beside plain Keras it is called once a trace."""
    for function in (counting, Counting()):
        layer = layers.Lambda(function) if way == "a Lambda" else layers.Dense(WIDTH, activation=function)
        model = chain(layer)
        before = state(function)
        describe_model(model, {})
        assert state(function) == before


def test_looking_at_a_function_leaves_nothing_behind(capsys):
    seen, before = [], layers.Dense(1).name

    def noisy(x):
        print("called")
        seen.append(x.shape)
        return ops.relu(x)

    model = chain(layers.Lambda(noisy))
    capsys.readouterr()
    seen.clear()
    drawn = np.random.get_state()[1].tolist()
    assert "relu" in kinds(describe_model(model, {}))
    assert seen == [] and capsys.readouterr().out == "" and np.random.get_state()[1].tolist() == drawn
    number = [int(name.rpartition("_")[2]) if "_" in name else 0 for name in (before, layers.Dense(1).name)]
    assert number[1] - number[0] == 3  # of the two of the chain, and this one
