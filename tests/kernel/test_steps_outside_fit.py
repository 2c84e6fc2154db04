"""A network that was trained, and not by a ``fit()`` that ended, waits for a person at home and while grading; one whose weights were set does not."""

import gc
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


def steps(model, optimizer, how):
    """A loop of the notebook's own: in a function, so that nothing of it is left but what the function keeps."""

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(Y, model(X)))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        if how == "apply_gradients":
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
        else:
            optimizer.apply(gradients, variables)

    step = tf.function(step) if how == "compiled" else step
    for _ in range(2):
        step()


def by_its_optimizer(model, space):
    steps(model, model.optimizer, "apply")


def scaled(model, space):
    steps(model, keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), "apply")


def on_batches_then_compiled_again(model, space):
    on_batches(model, space)
    model.compile("adam", "sparse_categorical_crossentropy")


KEPT = {
    "under a name": lambda space, optimizer: space.update(opt=optimizer),
    "in an object": lambda space, optimizer: space.update(trainer=SimpleNamespace(optimizer=optimizer)),
    "in a dictionary": lambda space, optimizer: space.update(parts={"optimizer": [optimizer]}),
    "nowhere": lambda space, optimizer: None,
}


def beside(how, where):
    def event(model, space):
        optimizer = keras.optimizers.Adam()
        KEPT[where](space, optimizer)
        steps(model, optimizer, how)
        del optimizer
        gc.collect()

    event.__name__ = f"{how}, its optimizer {where}"
    return event


def nothing(model, space):
    pass


def set_by_hand(model, space):
    model.set_weights([weight + 1 for weight in model.get_weights()])


def compiled_again(model, space):
    model.compile("adam", "sparse_categorical_crossentropy")


def another_was_trained(model, space):
    space["other"] = keras.models.clone_model(model)
    space["opt"] = keras.optimizers.Adam()
    steps(space["other"], space["opt"], "apply")


def an_optimizer_made_ready(model, space):
    keras.optimizers.Adam().build(model.trainable_variables)


BESIDE = tuple(beside(how, where) for how in ("apply", "apply_gradients", "compiled") for where in KEPT)
BY_A_LOOP = (on_batches, on_batches_then_compiled_again, by_its_optimizer, scaled, *BESIDE)
OTHERWISE = (nothing, set_by_hand, compiled_again, another_was_trained, an_optimizer_made_ready)


@pytest.fixture(scope="module", autouse=True)
def noting():
    """As in a kernel, and afterwards as before."""
    owner = next(kind for kind in keras.optimizers.Optimizer.__mro__ if "build" in vars(kind))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "build", owner.build)
        keras_methods.note_optimizers()
        yield


def fitted(trainings, model):
    """As Keras does it, and accounted for as both modes do."""
    model.fit(X, Y, verbose=0)
    trainings.ended(model)


@pytest.mark.parametrize("trained_before", [False, True], ids=["fresh", "after fit"])
@pytest.mark.parametrize("mode", ["home", "graded"])
@pytest.mark.parametrize("event", (*BY_A_LOOP, *OTHERWISE), ids=lambda one: one.__name__)
def test_steps_outside_of_fit_are_known_from_those_of_fit_and_from_weights_set(event, mode, trained_before):
    space = {}
    trainings = Recorder(lambda samples: None) if mode == "home" else JudgeClient("")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
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
