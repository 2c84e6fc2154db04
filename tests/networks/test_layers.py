"""Layers and graphs of layers: what is rebuilt from a description is the network that was described, and never larger than was told before."""

import random
from dataclasses import replace

import numpy as np
import pytest

from autograder.common.data.lookups import RAW_PIXELS, UNIT_PIXELS
from autograder.common.errors import CannotRebuild
from autograder.common.keras_tables import allowed
from autograder.common.wire.description import THE_INPUT
from autograder.kernel.describing.describe import describe_model
from autograder.kernel.describing.weights import weights_of
from autograder.networks.build import architecture, build, compile_settings
from autograder.networks.fit_spec import FitSpec, Samples
from autograder.networks.size import size
from autograder.networks.train import Trainer
from tests.hand_built import GLOROT, dense, layer, model
from tests.later import Later, keras

L = Later("keras.layers")

LAST = dense(10, "softmax")
IMAGE, ROWS, FLAT = (28, 28, 1), (28, 28), (784,)


def adapted(axis, shape):
    """As tutorials begin a network."""
    made = L.Normalization(axis=axis)
    made.adapt(np.random.default_rng(0).normal(0.5, 2, (50, *shape)).astype(np.float32))
    return made


# Layers in a chain, by what is new in it: their input's shape, and the layers before a Dense of 10.
CHAINS = {
    "LayerNormalization": (ROWS, lambda: [L.Dense(4), L.LayerNormalization(epsilon=0.01, center=False), L.Flatten()]),
    "SpatialDropout2D": (IMAGE, lambda: [L.Conv2D(3, 5, strides=3), L.SpatialDropout2D(0.3), L.Flatten()]),
    "SpatialDropout1D": (ROWS, lambda: [L.Conv1D(4, 3, strides=2), L.SpatialDropout1D(0.3), L.Flatten()]),
    "noise of all kinds": (FLAT, lambda: [L.Dense(4), L.AlphaDropout(0.2), L.GaussianDropout(0.3), L.GaussianNoise(0.1)]),
    "SeparableConv2D": (IMAGE, lambda: [L.Conv2D(3, 5, strides=3), L.SeparableConv2D(6, 3, depth_multiplier=2), L.GlobalMaxPooling2D()]),
    "SeparableConv1D": (ROWS, lambda: [L.SeparableConv1D(8, 3, padding="same"), L.MaxPooling1D(4), L.Flatten()]),
    "DepthwiseConv2D": (IMAGE, lambda: [L.Conv2D(3, 5, strides=3), L.DepthwiseConv2D(3, 2, depth_multiplier=2, activation="relu"), L.Flatten()]),
    "DepthwiseConv1D": (ROWS, lambda: [L.DepthwiseConv1D(3, strides=2, padding="same"), L.GlobalMaxPooling1D()]),
    "Conv2DTranspose": (IMAGE, lambda: [L.Conv2D(3, 5, strides=5), L.Conv2DTranspose(4, 3, strides=(2, 3), activation="tanh"), L.Flatten()]),
    "Conv2DTranspose, same": (IMAGE, lambda: [L.MaxPooling2D(7), L.Conv2DTranspose(2, (4, 3), strides=2, padding="same", use_bias=False), L.Flatten()]),
    "Conv1DTranspose": (ROWS, lambda: [L.MaxPooling1D(4), L.Conv1DTranspose(5, 3, strides=2), L.Flatten()]),
    "images moved": (IMAGE, lambda: [L.ZeroPadding2D(((1, 0), (2, 3))), L.Cropping2D(((5, 6), (0, 7))), L.MaxPooling2D(3), L.UpSampling2D((2, 1)), L.Permute((3, 1, 2)), L.Flatten()]),
    "images enlarged": (IMAGE, lambda: [L.ZeroPadding2D(2), L.MaxPooling2D(4), L.UpSampling2D((2, 3), interpolation="bilinear"), L.Flatten()]),
    "rows moved": (ROWS, lambda: [L.ZeroPadding1D((3, 1)), L.Cropping1D((1, 20)), L.UpSampling1D(2), L.Permute((2, 1)), L.Flatten()]),
    "Normalization": (FLAT, lambda: [adapted(-1, FLAT)]), "Normalization of all": (ROWS, lambda: [adapted(None, ROWS), L.Flatten()]),
    "Normalization of columns": (ROWS, lambda: [adapted(2, ROWS), L.Flatten()]), "Normalization that isn't adapted": (FLAT, lambda: [L.Normalization()]),
    "Normalization with numbers": (ROWS, lambda: [L.Normalization(axis=None, mean=0.3, variance=0.1), L.Normalization(mean=[*range(28)], variance=[4.0] * 28), L.Flatten()]),
    "RepeatVector": (FLAT, lambda: [L.Dense(5), L.RepeatVector(3), L.LSTM(4)]),
    "Conv1D": (ROWS, lambda: [L.Conv1D(8, 5, padding="causal", dilation_rate=2), L.AveragePooling1D(2), L.GlobalAveragePooling1D()]),
    "Embedding": (FLAT, lambda: [L.Embedding(256, 3), L.GlobalMaxPooling1D()]),
    "Embedding, masked": (FLAT, lambda: [L.Embedding(256, 3, mask_zero=True), L.GlobalAveragePooling1D()]),
    "Embedding, masked for an LSTM": (FLAT, lambda: [L.Embedding(256, 2, mask_zero=True), L.LSTM(2)]),
    "SimpleRNN": (ROWS, lambda: [L.SimpleRNN(6, go_backwards=True)]),
    "LSTM": (ROWS, lambda: [L.LSTM(5, return_sequences=True), L.LSTM(4, unit_forget_bias=False)]),
    "LSTM with dropout": (ROWS, lambda: [L.LSTM(5, dropout=0.2, recurrent_dropout=0.2)]),
    "GRU": (ROWS, lambda: [L.GRU(5, reset_after=False, recurrent_activation="hard_sigmoid")]),
    "RandomFlip": (IMAGE, lambda: [L.RandomFlip("horizontal"), L.Flatten()]),
    "RandomRotation": (IMAGE, lambda: [L.RandomRotation(0.05, fill_mode="nearest"), L.Flatten()]),
    "RandomTranslation": (IMAGE, lambda: [L.RandomTranslation(0.1, (-0.2, 0.1), fill_mode="reflect"), L.Flatten()]),
    "RandomZoom": (IMAGE, lambda: [L.RandomZoom((-0.1, 0.1), 0.2, fill_mode="constant"), L.Flatten()]),
}  # fmt: skip
BY_CHANCE = {
    "noise of all kinds",
    "SpatialDropout2D",
    "SpatialDropout1D",
    "LSTM with dropout",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
}


def chain(name):
    shape, inner = CHAINS[name]
    return keras.Sequential([keras.Input(shape), *inner(), L.Dense(10, activation="softmax")])


def residual():
    inputs = keras.Input(IMAGE)
    before = L.Conv2D(4, 3, strides=3, padding="same", activation="relu")(inputs)
    after = L.Conv2D(4, 3, padding="same")(L.BatchNormalization()(before))
    gate = L.Dense(4, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(after))
    added = L.Add()([before, L.Multiply()([after, gate])])
    pooled = [L.GlobalAveragePooling2D()(added), L.GlobalMaxPooling2D()(added)]
    return keras.Model(inputs, L.Dense(10, activation="softmax")(L.Concatenate()(pooled)))


def any_graph(seed):
    """A network of vectors in which each layer takes any of those before it."""
    draw = random.Random(seed)
    inputs = keras.Input(FLAT)
    made = [L.Dense(6, activation="relu")(inputs) for _ in range(draw.randint(1, 3))]
    for _ in range(draw.randint(2, 9)):
        kind = draw.choice(["Dense", "Dense", "Dropout", "LayerNormalization", *allowed.MERGES])
        if kind == "Concatenate":
            made.append(L.Dense(6)(L.Concatenate(axis=draw.choice([1, -1]))(draw.choices(made, k=draw.randint(2, 4)))))
        elif kind in allowed.MERGES:
            made.append(getattr(L, kind)()(draw.choices(made, k=2 if kind == "Subtract" else draw.randint(2, 4))))
        else:
            own = {"Dense": (6, "tanh"), "Dropout": (0.5,)}.get(kind, ())
            made.append(getattr(L, kind)(*own)(draw.choice(made)))
    return keras.Model(inputs, L.Dense(10, activation="softmax")(L.Concatenate()([made[-1], *draw.choices(made, k=2)])))


NETWORKS = {**{name: lambda name=name: chain(name) for name in CHAINS}, "a residual network": residual}
NETWORKS |= {f"graph {seed}": lambda seed=seed: any_graph(seed) for seed in range(12)}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_rebuilt_answers_as_what_was_described(name):
    network = NETWORKS[name]()
    described = describe_model(network, {})
    plan = architecture(described)
    told, again = size(plan), build(plan, 1)
    for variable, value in zip(weights_of(again), described.weights, strict=True):
        variable.assign(value)
    images = np.random.default_rng(0).integers(0, 256, (5, *network.input_shape[1:])).astype(np.float32)
    assert np.allclose(again(images, training=False), network(images, training=False), atol=1e-6)
    assert sum(layer.parameters for layer in described.layers) == network.count_params()
    assert told.output == (10,) and told.parameters >= network.count_params()
    assert told.values >= sum(
        np.prod(one.output.shape[1:]) for one in network.layers if not isinstance(one, L.InputLayer)
    )


@pytest.mark.parametrize(
    ("name", "small"),
    [*((name, True) for name in ("a residual network", *CHAINS)), *((name, False) for name in ("LSTM", "RandomZoom"))],
)
def test_it_is_trained_as_keras_trains_it(data, monkeypatch, name, small):
    """Where nothing is left to chance; else the same twice, and in two parts as in one. What isn't small is tried with XLA first."""
    monkeypatch.setattr("autograder.networks.train.SMALL", 10**18 if small else 1)
    network = NETWORKS[name]()
    network.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    described = describe_model(network, {})
    rows = np.arange(96, dtype=np.int32)
    lookup = RAW_PIXELS if name == "Embedding" else UNIT_PIXELS
    samples = Samples(rows, data.targets[rows], lookup, network.input_shape[1:])
    spec = FitSpec(architecture(described), compile_settings(described.compiled), samples, 2, 32, False, 42)
    trainer = Trainer(data)
    trained = trainer.fit(spec)
    if name in BY_CHANCE:
        first = trainer.fit(replace(spec, epochs=1))
        second = trainer.fit(replace(spec, epochs=1, start=first.state))
        assert all(np.array_equal(one, other) for one, other in zip(second.weights, trained.weights, strict=True))
        return
    rig = trainer.rig(spec.plan, spec.settings, 42)
    rig.reset(None, False, 42)
    for variable, fresh in zip(weights_of(network), rig._weights(), strict=True):
        variable.assign(fresh.value)
    network.fit(samples.images(data), samples.labels.astype(int), epochs=2, batch_size=32, shuffle=False, verbose=0)
    for variable, value in zip(weights_of(network), trained.weights, strict=True):
        assert np.allclose(variable.value, value, atol=1e-4)


def test_every_layer_of_the_allow_list_can_be_made_from_its_settings():
    """A setting that a class doesn't take would make each network with it undecided."""
    import inspect

    for kind, fields in allowed.LAYERS.items():
        taken = inspect.signature(getattr(L, kind).__init__).parameters
        assert "kwargs" in taken or set(fields) <= set(taken), kind


def in_a_scope(mode):
    with keras.RematScope(mode=mode):
        return L.Conv2D(2, 3)


def with_a_method(name):
    made = L.Conv2D(2, 3)
    setattr(made, name, getattr(made, name))
    return made


@pytest.mark.parametrize(
    "unusual",
    [
        lambda: in_a_scope("full"),
        lambda: in_a_scope("activations"),
        lambda: with_a_method("call"),
        lambda: with_a_method("convolution_op"),
        lambda: L.Flatten(data_format="channels_first"),
        lambda: L.MaxPooling2D(data_format="channels_first", padding="same"),
        lambda: L.Dense(4, activity_regularizer="l2"),
        lambda: L.MaxPooling2D(activity_regularizer="l2"),
    ],
    ids=[
        "a scope",
        "a scope of activations",
        "a call",
        "another method",
        "a Flatten of channels",
        "a pooling of channels",
        "a penalty",
        "a penalty on a pooling",
    ],
)
def test_a_setting_that_the_judge_does_not_build_is_not_passed_over(unusual):
    network = keras.Sequential([keras.Input(IMAGE), unusual(), L.Flatten(), L.Dense(10)])
    with pytest.raises(CannotRebuild):
        architecture(describe_model(network, {}))


def shared_layer(inputs):
    one = L.Dense(8)
    return L.Add()([one(inputs), one(L.Dropout(0.5)(inputs))])


GRAPHS = {
    "a layer called twice": lambda x: shared_layer(x),
    "an operation between": lambda x: L.Add()([keras.ops.square(L.Dense(8)(x)), L.Dense(8)(x)]),
    "another value beside": lambda x: L.LSTM(8)(L.Reshape((28, 28))(x), initial_state=[L.Dense(8)(x), L.Dense(8)(x)]),
    "seventeen layers taken": lambda x: L.Add()([L.Dense(2)(x) for _ in range(17)]),
}


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_graph_that_is_more_than_its_layers_is_not_rebuilt(kind):
    inputs = keras.Input(FLAT)
    with pytest.raises(CannotRebuild):
        architecture(describe_model(keras.Model(inputs, L.Dense(10)(GRAPHS[kind](inputs))), {}))


def test_a_network_of_two_outputs_is_not_rebuilt():
    inputs = keras.Input(FLAT)
    with pytest.raises(CannotRebuild):
        architecture(describe_model(keras.Model(inputs, [L.Dense(10)(inputs), L.Dense(1)(inputs)]), {}))


def at(described, *inputs):
    return described.model_copy(update={"inputs": inputs})


def wired(*described):
    return model(*described, topology="graph")


ADD = layer("Add")
WIRINGS = {
    "a circle": wired(at(dense(8), 1), at(dense(8), 0), at(LAST, 1)),
    "a layer that takes itself": wired(at(dense(8), 0), at(LAST, 0)),
    "a layer behind": wired(at(ADD, THE_INPUT, 1), at(dense(8), THE_INPUT), at(LAST, 0)),
    "nothing taken": wired(dense(8), LAST),
    "one layer for a merge": wired(at(dense(8), THE_INPUT), at(ADD, 0), at(LAST, 1)),
    "two layers for a Dense": wired(at(dense(8), THE_INPUT), at(dense(8), THE_INPUT, 0), at(LAST, 1)),
    "a layer that leads nowhere": wired(at(dense(8), THE_INPUT), at(dense(8), THE_INPUT), at(LAST, 0)),
    "an input that nothing takes": wired(at(dense(8), 5), at(LAST, 0)),
    "a merge in a chain": model(dense(8), ADD, LAST),
    "shapes of other ranks": wired(at(layer("Reshape", target_shape=(28, 28)), -1), at(ADD, -1, 0), at(LAST, 1)),
    "an axis of samples": wired(at(dense(8), -1), at(layer("Concatenate", axis=0), 0, 0), at(LAST, 1)),
    "layers in another order": wired(
        at(dense(8), -1), at(dense(8), -1), at(dense(8), 1), at(layer("Concatenate", axis=-1), 2, 0), at(LAST, 3)
    ),
}


@pytest.mark.parametrize("kind", WIRINGS)
def test_a_graph_that_nobody_could_have_made_is_refused(kind):
    with pytest.raises(CannotRebuild):
        build(architecture(WIRINGS[kind]), 0)


def doubling(times):
    """Each layer joins the one before it with itself: twice as wide, `times` times."""
    joined = [at(layer("Concatenate", axis=-1), number, number) for number in range(times)]
    return wired(at(dense(784), THE_INPUT), *joined, at(LAST, times))


EXPLODING = {
    "doubled again and again": doubling(50),
    "sequences without end": model(layer("Reshape", target_shape=(98_000, 1)), layer("LSTM", units=1), LAST, shape=(None, 9_800)),
    "many loops": model(layer("Reshape", target_shape=(784, 1)), *[layer("GRU", units=1, return_sequences=True)] * 2, LAST),
    "a wide loop": model(layer("Reshape", target_shape=(28, 28)), layer("LSTM", units=5_000), LAST),
    "a table": model(layer("Embedding", input_dim=999_999, output_dim=999), LAST),
    "rows of a table": model(layer("Embedding", input_dim=256, output_dim=9_999), LAST),
    "channels in between": model(
        layer("SeparableConv2D", filters=1, kernel_size=(3, 3), strides=(1, 1), depth_multiplier=9_999), LAST, shape=(None, 28, 28, 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPLODING)
def test_what_grows_beyond_measure_is_refused_before_it_is_built(kind):
    with pytest.raises(CannotRebuild, match="too large"):
        size(architecture(EXPLODING[kind]))


def test_a_table_has_a_row_for_each_number_of_the_data():
    from autograder.networks.size import check_numbers

    plan = architecture(
        model(layer("Embedding", input_dim=100, output_dim=2, embeddings_initializer=GLOROT), layer("Flatten"), LAST)
    )
    check_numbers(plan, 0.0, 99.0)
    for lowest, highest in ((0.0, 100.0), (-1.0, 5.0), (0.0, 255.0)):
        with pytest.raises(CannotRebuild, match="no row"):
            check_numbers(plan, lowest, highest)
    with pytest.raises(CannotRebuild, match="behind other layers"):
        size(architecture(model(dense(8), layer("Embedding", input_dim=100, output_dim=2), LAST)))
