"""Networks within networks are their layers: what the judge rebuilds from them answers and counts as they do."""

import random

import numpy as np
import pytest

from autograder.common.errors import CannotRebuild
from autograder.kernel.describing.describe import describe_model
from autograder.kernel.describing.structure import is_network
from autograder.kernel.describing.wiring import steps
from autograder.networks.build import architecture, build
from tests.later import keras

L, WIDTH = keras.layers, 6


def drawn(draw, depth):
    """A network that takes and gives `WIDTH` numbers, of layers and of networks, in one of Keras's three ways to write one."""
    parts = [part(draw, depth) for _ in range(draw.randint(1, 3))]
    if draw.random() < 0.4:
        return keras.Sequential(([keras.Input((WIDTH,))] if draw.random() < 0.7 else []) + parts)
    begin = tensor = keras.Input((WIDTH,))
    for one in parts:
        before, tensor = tensor, one(tensor)
        if draw.random() < 0.3:
            tensor = L.Add()([before, tensor])
    return keras.Model(begin, tensor)


def part(draw, depth):
    kinds = [
        lambda: L.Dense(WIDTH, "relu"), lambda: L.Dropout(0.5), lambda: L.BatchNormalization(), lambda: L.LayerNormalization(),
    ]  # fmt: skip
    made = drawn(draw, depth - 1) if depth and draw.random() < 0.5 else draw.choice(kinds)()
    made.trainable = draw.random() < 0.8
    return made


def test_what_is_rebuilt_of_nested_networks_answers_and_trains_as_they_do():
    rows, rebuilt, nested = np.random.default_rng(1).normal(size=(5, WIDTH)).astype("float32"), 0, 0
    for seed in range(40):
        model = drawn(random.Random(seed), 3)
        if not model.built:
            model.build((None, WIDTH))
        for weight in model.weights:
            weight.assign(np.random.default_rng(seed).uniform(0.1, 1, weight.shape))
        described = describe_model(model, {})
        try:
            again = build(architecture(described), 1)
        except CannotRebuild:
            continue
        rebuilt += 1
        nested += any(isinstance(layer, keras.Model) for layer in model.layers)
        own = [weight for weight in model.weights if "seed" not in weight.path]
        others = [weight for weight in again.weights if "seed" not in weight.path]
        assert len(own) == len(others)
        for weight, other in zip(own, others, strict=True):
            other.assign(weight)
        np.testing.assert_allclose(model(rows), again(rows), rtol=1e-4, atol=1e-5)
        learning = [[id(one) in {id(w) for w in network.trainable_weights} for one in some]
                    for network, some in ((model, own), (again, others))]  # fmt: skip
        assert learning[0] == learning[1]
    assert rebuilt > 25 and nested > 12


class Own(keras.Sequential):
    def call(self, inputs, training=None):
        return 2 * super().call(inputs)


def called_twice():
    begin, twice = keras.Input((WIDTH,)), keras.Sequential([keras.Input((WIDTH,)), L.Dense(WIDTH)])
    return keras.Model(begin, twice(twice(begin)))


def of_a_class_of_its_own():
    return keras.Sequential([keras.Input((WIDTH,)), Own([keras.Input((WIDTH,)), L.Dense(WIDTH)])])


def with_an_axis_more():
    return keras.Sequential([keras.Input((WIDTH, 1)), keras.Sequential([keras.Input((WIDTH,)), L.Dense(WIDTH)])])


def of_whole_numbers():
    return keras.Sequential(
        [keras.Input((WIDTH,)), keras.Sequential([keras.Input((WIDTH,), dtype="int32"), L.Dense(2)])]
    )


def with_a_layer_in_two_parts():
    layer = L.Dense(WIDTH)
    return keras.Sequential([keras.Input((WIDTH,)), keras.Sequential([layer]), keras.Sequential([layer])])


@pytest.mark.parametrize(
    "made", [called_twice, of_a_class_of_its_own, with_an_axis_more, of_whole_numbers, with_a_layer_in_two_parts],
)  # fmt: skip
def test_what_would_be_another_network_is_left_folded(made):
    model = made()
    assert steps(model) is None or any(is_network(step.layer) for step in steps(model))
    with pytest.raises(CannotRebuild):
        architecture(describe_model(model, {}))
