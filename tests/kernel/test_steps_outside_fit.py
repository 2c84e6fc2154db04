"""A network that was trained, and not by a ``fit()`` that ended, waits for a person at home and while grading; one whose weights were set does not."""

from types import SimpleNamespace

import numpy as np
import pytest

from autograder.kernel import keras_methods
from autograder.kernel.graded.judged_fit import JudgeClient
from autograder.kernel.home.recorder import Recorder
from autograder.kernel.in_place import done
from tests.later import keras, tf

X, Y = np.random.default_rng(0).random((32, 4), "float32"), np.zeros(32, "int32")


def on_batches(model, space):
    for at in (0, 16):
        model.train_on_batch(X[at : at + 16], Y[at : at + 16])


def taped(model, optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(Y, model(X)))
    variables = model.trainable_variables
    optimizer.apply(tape.gradient(loss, variables), variables)


def by_its_optimizer(model, space):
    taped(model, model.optimizer)


def by_an_optimizer_beside(model, space):
    space["opt"] = keras.optimizers.Adam()
    taped(model, space["opt"])


def scaled(model, space):
    space["opt"] = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    taped(model, space["opt"])


def nothing(model, space):
    pass


def set_by_hand(model, space):
    model.set_weights([weight + 1 for weight in model.get_weights()])


def compiled_again(model, space):
    model.compile("adam", "sparse_categorical_crossentropy")


def another_was_trained(model, space):
    space["other"] = keras.models.clone_model(model)
    space["opt"] = keras.optimizers.Adam()
    taped(space["other"], space["opt"])


BY_A_LOOP = (on_batches, by_its_optimizer, by_an_optimizer_beside, scaled)
OTHERWISE = (nothing, set_by_hand, compiled_again, another_was_trained)


def fitted(trainings, model):
    """As Keras does it, and accounted for as both modes do."""
    model.fit(X, Y, verbose=0)
    trainings.ended(model)


@pytest.mark.parametrize("trained_before", [False, True], ids=["fresh", "after fit"])
@pytest.mark.parametrize("mode", ["home", "graded"])
@pytest.mark.parametrize("event", (*BY_A_LOOP, *OTHERWISE), ids=lambda one: one.__name__)
def test_steps_outside_of_fit_are_known_from_those_of_fit_and_from_weights_set(
    event, mode, trained_before, monkeypatch
):
    space = {}
    monkeypatch.setattr(keras_methods, "get_ipython", lambda: SimpleNamespace(user_ns=space))
    trainings = Recorder(lambda samples: None) if mode == "home" else JudgeClient("")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    space["model"] = model
    if trained_before:
        fitted(trainings, model)
    event(model, space)
    assert trainings.stepped(model) is (event in BY_A_LOOP)


def test_a_fit_that_ended_accounts_for_its_steps_at_home(monkeypatch):
    recorder = Recorder(lambda samples: None)
    recorder.original_fit = keras.Model.fit
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    done(recorder.fit(model, X, Y, verbose=0))
    assert model.optimizer.iterations > 0
    model.train_on_batch(X, Y)
    assert recorder.stepped(model) and not recorder.is_known(model)
