"""Networks of operators and functions, of a class of their own or functional: what is rebuilt of them answers as they do."""

import random

import numpy as np
import pytest

from autograder.common.errors import CannotRebuild
from autograder.common.results import Status
from autograder.kernel.describing import wiring
from autograder.kernel.describing.describe import describe_model
from autograder.networks.build import architecture, build
from tests.deciding import outcome
from tests.later import Later, keras

activations, layers, ops = map(Later, ("keras.activations", "keras.layers", "keras.ops"))

WIDTH = 6
# Each beside the type of layer that it is, by its settings where the type doesn't say it.
OF_ONE = {
    lambda x: activations.relu(x): "ReLU", lambda x: ops.relu(x): "relu", lambda x: ops.maximum(x, 0): "relu",
    lambda x: activations.softmax(x): "softmax", lambda x: ops.softmax(x, axis=1): "softmax", lambda x: ops.tanh(x): "tanh",
    lambda x: activations.sigmoid(x): "sigmoid", lambda x: ops.sigmoid(x): "sigmoid", lambda x: ops.exp(x): "exponential",
    lambda x: activations.elu(x, alpha=0.5): "ELU", lambda x: activations.leaky_relu(x): "LeakyReLU", lambda x: ops.silu(x): "silu",
    lambda x: activations.relu(x, max_value=2.0): "ReLU", lambda x: activations.gelu(x): "gelu", lambda x: ops.gelu(x): "gelu(approximate=True)", lambda x: ops.selu(x): "selu",
    lambda x: ops.softplus(x): "softplus", lambda x: ops.log_softmax(x): "log_softmax", lambda x: ops.relu6(x): "relu6",
    lambda x: x / 255.0: "Rescaling", lambda x: 2 * x: "Rescaling", lambda x: x - 1: "Rescaling", lambda x: 1 - x: "Rescaling",
    lambda x: -x: "Rescaling", lambda x: ops.divide(x, np.float32(3)): "Rescaling", lambda x: 0 + x: "linear",
    lambda x: ops.mean(ops.expand_dims(x, 1), axis=1): "GlobalAveragePooling1D",
    lambda x: ops.squeeze(ops.transpose(ops.reshape(x, (-1, WIDTH, 1)), (0, 2, 1)), 1): "Permute",
    lambda x: ops.max(ops.reshape(x, (-1, 1, 1, WIDTH)), axis=(1, 2)): "GlobalMaxPooling2D",
    lambda x: ops.squeeze(x[..., None], -1): "Reshape", lambda x: ops.squeeze(x[:, None], 1): "Reshape",
    lambda x: ops.reshape(ops.reshape(ops.concatenate([x, x], -1), (-1, 2 * WIDTH, 1))[:, 1:-5], (-1, WIDTH)): "Cropping1D",
    lambda x: ops.reshape(ops.reshape(ops.concatenate([x, x], -1), (-1, 3, 4, 1))[:, :, 1:-1, :], (-1, WIDTH)): "Cropping2D",
    lambda x: ops.reshape(ops.reshape(ops.concatenate([x, x], -1), (-1, 4, WIDTH // 2, 1))[:, -2:], (-1, WIDTH)): "Cropping2D",
}  # fmt: skip
OF_TWO = {
    lambda x, y: x + y: "Add", lambda x, y: ops.add(y, x): "Add", lambda x, y: sum([x, y, x]): "Add",
    lambda x, y: x - y: "Subtract", lambda x, y: ops.subtract(y, x): "Subtract", lambda x, y: x * y: "Multiply", lambda x, y: ops.maximum(x, y): "Maximum", lambda x, y: ops.minimum(x, y): "Minimum",
    lambda x, y: layers.Dense(WIDTH)(ops.concatenate([x, y], axis=-1)): "Concatenate",
    lambda x, y: layers.Dense(WIDTH)(ops.concatenate((x, y), 1)): "Concatenate",
}  # fmt: skip
UNTOLD = [
    lambda x: x[:, ::-1], lambda x: ops.softmax(x, axis=0), lambda x: x - ops.sum(x, -1, keepdims=True), lambda x: x**2,
    lambda x: x + np.ones(WIDTH, "float32"), lambda x: ops.reshape(ops.reshape(x, (-1, 2)), (-1, WIDTH)), lambda x: 1 / x,
    lambda x: x + ops.reshape(layers.Dense(1)(x), (-1,)), lambda x: ops.matmul(x, np.eye(WIDTH, dtype="float32")), lambda x: x[:, 1:],
    lambda x: ops.reshape(ops.reshape(x, (-1, WIDTH, 1))[:, ::-1], (-1, WIDTH)), lambda x: ops.reshape(x, (-1, WIDTH, 1))[:, 0],
    lambda x: ops.reshape(x, (-1, 2, 3))[:, :, 1:],
]  # fmt: skip


def drawn(draw):
    """A network of layers and operations, and the kinds of layers that its operations are."""
    begin = tensor = keras.Input((WIDTH,))
    said, shared = [], layers.ReLU()
    for _ in range(draw.randint(1, 4)):
        before, tensor = tensor, draw.choice([layers.Dense(WIDTH), layers.LayerNormalization(), shared])(tensor)
        table = draw.choice([OF_ONE, OF_TWO])
        operation = draw.choice(list(table))
        tensor = operation(tensor) if table is OF_ONE else operation(tensor, before)
        said.append(table[operation])
    return keras.Model(begin, layers.Dense(2)(tensor)), said


def own(operation):
    """A class that has the operation between two layers."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.act, self.last = layers.Dense(WIDTH), layers.ReLU(), layers.Dense(2)

        def call(self, inputs):
            return self.last(self.act(operation(self.act(self.first(inputs)))))

    net = Net()
    net(ROWS[:1])
    return net


def rebuilt(model):
    """A network out of its description, with its weights."""
    described = describe_model(model, {})
    again = build(architecture(described), 1)
    assert [weight.shape for weight in again.weights] == [weight.shape for weight in model.weights]
    again.set_weights(model.get_weights())
    return again, described


def kinds(described):
    return [found for one in described.layers for found in (one.type, one.config.get("activation"))]


ROWS = np.random.default_rng(1).uniform(0.2, 2, (5, WIDTH)).astype("float32")


@pytest.mark.parametrize("seed", range(20))
def test_what_is_rebuilt_of_operations_answers_as_they_do(seed):
    model, said = drawn(random.Random(seed))
    again, described = rebuilt(model)
    np.testing.assert_allclose(model(ROWS), again(ROWS), rtol=1e-4, atol=1e-5)
    assert set(said) <= set(kinds(described))


WORDS = np.random.default_rng(2).integers(0, 5, (6, 7))  # 0: no word


def drawn_of_words(draw):
    """A network on sequences of which a mask leaves out what is no word, written as a graph."""
    begin = keras.Input((7,))
    tensor = layers.Embedding(5, 4, mask_zero=True)(begin)
    for _ in range(draw.randint(0, 3)):
        kind = draw.choice([
            lambda: layers.LSTM(4, return_sequences=True), lambda: layers.GRU(4, return_sequences=True),
            lambda: layers.Dense(4, "relu"), lambda: layers.Dropout(0.1), lambda: layers.LayerNormalization(),
        ])  # fmt: skip
        merge = draw.choice([None, None, layers.Add, layers.Concatenate])
        tensor = merge()([tensor, kind()(tensor)]) if merge else kind()(tensor)
    last = draw.choice([layers.LSTM, layers.GRU, layers.SimpleRNN, None])
    tensor = last(3)(tensor) if last else layers.GlobalAveragePooling1D()(tensor)
    return keras.Model(begin, layers.Dense(2)(tensor))


@pytest.mark.parametrize("seed", range(12))
def test_masks_that_keras_hands_on_are_no_layers(seed):
    model = drawn_of_words(random.Random(seed))
    again, described = rebuilt(model)
    np.testing.assert_allclose(model(WORDS), again(WORDS), rtol=1e-4, atol=1e-5)
    assert len(described.layers) == sum(isinstance(one, keras.layers.Layer) for one in model.operations) - 1


def test_a_mask_of_ones_own_is_left_to_a_person():
    begin = keras.Input((7,))
    words = layers.Embedding(5, 4)(begin)
    model = keras.Model(begin, layers.LSTM(3)(words, mask=ops.greater(begin, 1)))
    with pytest.raises(CannotRebuild):
        rebuilt(model)


@pytest.mark.parametrize(("operation", "said"), OF_ONE.items(), ids=range(len(OF_ONE)))
def test_every_operation_is_known_in_a_class_of_its_own(operation, said):
    model = own(operation)
    names = [layer.name for layer in model.layers], layers.Dense(1).name.rpartition("_")[0]
    again, described = rebuilt(model)
    np.testing.assert_allclose(model(ROWS), again(ROWS), rtol=1e-4, atol=1e-5)
    assert said in kinds(described)
    assert names == ([layer.name for layer in model.layers], layers.Dense(1).name.rpartition("_")[0])
    assert model.act._inbound_nodes == []


@pytest.mark.parametrize("sign", ["x[...]", "@", "**", "/", "//", "%", "abs(x)", ">", ">=", "<", "<="])
def test_an_operation_that_is_left_to_a_person_is_called_as_it_is_written(sign):
    written = {
        "x[...]": "x[:, -1]",
        "abs(x)": "abs(x)",
        "@": "keras.ops.expand_dims(x, 2) @ keras.ops.expand_dims(y, 1)",
    }.get(sign, f"x {sign} y")
    begin = keras.Input((WIDTH,))
    x, y = layers.Dense(WIDTH)(begin), layers.Dense(WIDTH)(begin)
    answer = keras.ops.cast(eval(written, {"x": x, "y": y, "keras": keras}), "float32")
    described = describe_model(keras.Model(begin, answer), {})
    assert f"({sign})" in described.beyond


@pytest.mark.parametrize("operation", UNTOLD, ids=range(len(UNTOLD)))
def test_what_no_layer_does_is_left_to_a_person(operation):
    for model in (own(operation), keras.Model(begin := keras.Input((WIDTH,)), layers.Dense(2)(operation(begin)))):
        with pytest.raises(CannotRebuild, match="none of Keras's layers does"):
            architecture(describe_model(model, {}))


def test_a_layer_that_learns_and_is_called_twice_is_left_to_a_person():
    begin, twice = keras.Input((WIDTH,)), layers.Dense(WIDTH)
    with pytest.raises(CannotRebuild):
        architecture(describe_model(keras.Model(begin, twice(twice(begin))), {}))


def test_a_network_that_shares_its_beginning_with_another_is_followed():
    begin, first = keras.Input((WIDTH,)), layers.Dense(WIDTH)
    features = first(begin)
    whole = keras.Model(begin, layers.Dense(2)(features + begin))
    keras.Model(begin, layers.Dense(3)(first(begin)))
    assert [one.type for one in describe_model(whole, {}).layers] == ["Dense", "Add", "Dense"]
    assert rebuilt(whole)


def test_a_sequential_in_a_class_of_its_own_is_its_layers():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = layers.Flatten()
            self.stack = keras.Sequential([keras.Input((WIDTH,)), layers.Dense(4, "relu"), layers.Dense(2)])

        def call(self, x):
            x = self.flatten(x)
            return self.stack(x)

    net = Net()
    net(ROWS.reshape(-1, 2, 3))
    assert [one.type for one in describe_model(net, {}).layers] == ["Flatten", "Dense", "Dense"]
    assert rebuilt(net)


def test_operations_have_no_names_of_layers():
    net = own(lambda x: x + 1)
    assert [bool(one.name) for one in describe_model(net, {}).layers] == [True, True, False, True, True]
    begin = keras.Input((WIDTH,))
    hidden = activations.relu(layers.Dense(4, name="hidden")(begin / 255.0))
    described = describe_model(keras.Model(begin, layers.Dense(2, name="output")(hidden)), {})
    assert outcome({"type": "layer_names", "names": ["hidden", "output"]}, described).status is Status.PASSED
    assert outcome({"type": "layer_names", "names": ["hidden"]}, described).status is Status.FAILED
    unnamed = describe_model(keras.Model(begin, layers.Dense(2)(activations.relu(layers.Dense(4)(begin / 255.0)))), {})
    assert outcome({"type": "layer_names", "default": True}, unnamed).status is Status.PASSED


@pytest.mark.parametrize("rows", [1, 5])
def test_a_network_within_a_class_takes_any_number_of_samples_however_many_it_was_first_called_with(rows):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.stack = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(2)])

        def call(self, x, training=False):
            return self.stack(x, training=training)

    net = Net()
    net(ROWS[:rows])
    assert [one.output_shape for one in describe_model(net, {}).layers] == [(None, 4), (None, 2)]
    assert [tuple(one.shape) for one in wiring.answers(net)] == [(None, 2)]
    assert rebuilt(net)


def test_a_class_is_followed_once_by_all_who_ask_and_again_outside(monkeypatch):
    followed, following = [], wiring._of_a_class
    monkeypatch.setattr(wiring, "_of_a_class", lambda *given: followed.append(given) or following(*given))
    model = own(lambda x: x / 2)

    def ask():
        return wiring.trains_as_keras(model), describe_model(model, {}), wiring.answers(model)

    kept = {}
    for _epoch in range(3):
        with wiring.followed_once(kept):
            assert ask()[0]
    assert len(followed) == 1
    ask()
    assert len(followed) == 4
