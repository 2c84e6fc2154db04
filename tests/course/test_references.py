"""The course's reference functions, beside what they stand for: Keras's own optimizers, and gradients by differences."""

import importlib.util

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from tests.later import keras

RATE = 0.05


@pytest.fixture(scope="module")
def references(course):
    specification = importlib.util.spec_from_file_location("references", course.root / "solutions" / "references.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def momentum(nesterov):
    return lambda r, t, w, g, v: r.momentum_step(w, v, g, RATE, 0.9, nesterov)


RULES = {
    "sgd": (lambda: keras.optimizers.SGD(RATE), lambda r, t, w, g: (r.sgd_step(w, g, RATE),), ()),
    "momentum": (lambda: keras.optimizers.SGD(RATE, momentum=0.9), momentum(False), (0.0,)),
    "nesterov": (lambda: keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True), momentum(True), (0.0,)),
    "adagrad": (lambda: keras.optimizers.Adagrad(RATE), lambda r, t, w, g, s: r.adagrad_step(w, s, g, RATE), (0.1,)),
    "rmsprop": (lambda: keras.optimizers.RMSprop(RATE), lambda r, t, w, g, s: r.rmsprop_step(w, s, g, RATE, 0.9), (0.0,)),
    "adam": (
        lambda: keras.optimizers.Adam(RATE),
        lambda r, t, w, g, m, v: r.adam_step(w, m, v, g, t, RATE, 0.9, 0.999),
        (0.0, 0.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_steps_are_those_of_keras_own_optimizer(references, name):
    make, rule, memory = RULES[name]
    start = np.array([[-1.0, 0.5, 2.0], [0.1, -3.0, 0.02]])
    steepness = np.array([[0.4, 20.0, 1.0], [5.0, 0.1, 50.0]])
    variable, optimizer = keras.Variable(start), make()
    optimizer.build([variable])
    w, rest = start, [np.full_like(start, value) for value in memory]
    for step in range(1, 7):
        optimizer.apply([keras.ops.convert_to_tensor(steepness * keras.ops.convert_to_numpy(variable))], [variable])
        w, *rest = rule(references, step, w, steepness * w, *rest)
        np.testing.assert_allclose(w, keras.ops.convert_to_numpy(variable), rtol=1e-4, atol=1e-5)


def test_the_gradient_of_one_layer_is_the_numerical_one(references):
    draw = np.random.default_rng(0)
    x, target, W, b = draw.standard_normal(4), 2, draw.standard_normal((4, 10)), draw.standard_normal(10)

    def loss(W, b):
        z = x @ W + b
        return np.log(np.exp(z).sum()) - z[target]

    dW, db = references.loss_gradient(x, target, W, b)
    for gradient, array, along in ((dW, W, lambda step: loss(W + step, b)), (db, b, lambda step: loss(W, b + step))):
        for place in np.ndindex(array.shape):
            step = np.zeros_like(array)
            step[place] = 1e-6
            assert gradient[place] == pytest.approx((along(step) - along(-step)) / 2e-6, abs=1e-6)


def test_the_confusion_matrix_is_scikit_learns(references):
    targets, predicted = np.random.default_rng(1).integers(0, 10, (2, 300))
    expected = confusion_matrix(targets, predicted, labels=range(10))
    assert np.array_equal(references.confusion(targets, predicted), expected)


def test_the_best_epoch_is_where_keras_own_early_stopping_takes_the_weights_from(references):
    losses = np.random.default_rng(2).uniform(0.2, 1.5, 20)
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=20, restore_best_weights=True)
    stopping.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses):
        stopping.on_epoch_end(epoch, {"val_loss": loss})
    assert references.best_epoch(losses) == stopping.best_epoch + 1
