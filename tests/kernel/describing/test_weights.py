"""Whether a network's weights are still as they were drawn, wherever they were made and whatever came after."""

import numpy as np
import pytest

from autograder.kernel.describing import weights
from tests.later import Later, keras, tf

layers = Later("keras.layers")
IMAGES, LABELS = np.random.default_rng(0).random((8, 4), "float32"), np.zeros(8, "int32")


@pytest.fixture
def remembering(monkeypatch):
    monkeypatch.setattr(weights._owner(), "_initialize", weights._owner()._initialize)
    weights.remember_initial_values()


def answered(model):
    model.predict(IMAGES, verbose=0)


def in_a_graph(model):
    tf.function(lambda: model(IMAGES, training=True))()


def counted(model):
    """A step of ``train_on_batch`` that learns nothing."""
    model.optimizer.learning_rate = 0.0
    model.train_on_batch(IMAGES, LABELS)


def evaluated(model):
    model.evaluate(IMAGES, LABELS, verbose=0)


def by_a_loop(model):
    step = tf.function(lambda: [one.assign_add(tf.ones_like(one)) for one in model.trainable_variables])
    model(IMAGES)
    step()


def set_by_hand(model):
    model.set_weights([one + 1 for one in model.get_weights()])


def trained(model):
    model.optimizer.learning_rate = 0.1
    model.train_on_batch(IMAGES, LABELS)


MADE = (lambda model: model.build((None, 4)), lambda model: model(IMAGES), answered, in_a_graph, counted, evaluated)
CHANGED = (None, set_by_hand, trained, by_a_loop)


@pytest.mark.parametrize("changed", CHANGED, ids=lambda one: one.__name__ if one else "as drawn")
def test_weights_are_fresh_until_they_are_changed_wherever_they_were_made(remembering, changed):
    for made in MADE:
        model = keras.Sequential([layers.Dense(3), layers.BatchNormalization()])
        model.compile("sgd", "sparse_categorical_crossentropy")
        made(model)
        drawn = model.get_weights()
        if changed:
            changed(model)
            assert any(not np.array_equal(one, other) for one, other in zip(drawn, model.get_weights(), strict=True))
        moved = made is counted or made is in_a_graph  # the statistics of a step in training
        assert weights.is_fresh(model) == (changed is None and not moved), made
        assert all(map(weights.is_initial, model.layers[0].weights)) == (changed is None), made


def test_an_initializer_of_the_notebooks_is_not_called_again_to_know_its_weights(remembering):
    calls = []

    def drawing(shape, dtype=None):
        calls.append(shape)
        return keras.ops.ones(shape, dtype)

    model = keras.Sequential([layers.Dense(3, kernel_initializer=drawing)])
    in_a_graph(model)
    before = len(calls)
    assert not weights.is_fresh(model)
    assert len(calls) == before == 1
