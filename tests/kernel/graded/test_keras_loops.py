"""Keras's loops over what is judged: what a loop within another one leaves is the outer one's."""

import functools
import random

import pytest

from autograder.kernel.graded.judged_epochs import EvaluationEpochs
from autograder.kernel.graded.judged_iterator import JudgedEpochs, StopIterationCaught
from autograder.kernel.graded.keras_loops import _Steps, install_loops, judged_steps
from tests.later import Later, keras, tf

trainer = Later("keras.src.backend.tensorflow.trainer")


def test_a_validation_goes_on_with_what_is_judged_until_its_fit_ends(monkeypatch):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setattr(EvaluationEpochs, "real", lambda self: "Keras's own")
    judged = EvaluationEpochs.__new__(EvaluationEpochs)
    with judged_steps(model):
        model._eval_epoch_iterator = judged
        for _epoch in range(3):
            with judged_steps(model):
                pass
            assert model._eval_epoch_iterator is judged
    assert model._eval_epoch_iterator == "Keras's own"


def test_passes_that_begin_and_end_in_any_order_leave_keras_its_functions(monkeypatch):
    """As several threads do, or a callback within a fit. Else a loop would get what is judged with a function of Keras's, which takes batches."""
    kind = trainer.TensorFlowTrainer
    for name in ("make_train_function", "make_test_function"):
        monkeypatch.setattr(kind, name, getattr(kind, name))  # put back afterwards
    # Of a class that had no `__new__` of its own none can be taken away again: another class for this test.
    monkeypatch.setattr(trainer, "TFEpochIterator", type("TFEpochIterator", (trainer.TFEpochIterator,), {}))
    install_loops()
    names, several = ("train", "test"), 0
    for seed in range(150):
        draw = random.Random(seed)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        passes, made = [], set()
        for _ in range(draw.randint(2, 14)):
            action = draw.choice(("begin", "begin", "end", "end", *names))
            if action == "begin":
                passes.append(judged_steps(model))
                passes[-1].__enter__()
            elif action in names:
                getattr(model, f"make_{action}_function")(force=draw.random() < 0.3)
                made.add(action)
            elif passes:
                passes.pop(draw.randrange(len(passes))).__exit__(None, None, None)
            several += len(passes) > 1
            for name in names:
                function = getattr(model, f"{name}_function")
                assert isinstance(function, _Steps) == bool(passes), f"seed {seed}"
                assert passes or (function is not None) == (name in made), f"seed {seed}"
    assert several > 300


class Called:
    """A step that is no function."""

    def __init__(self, step):
        self.step = step

    def __call__(self, iterator):
        return self.step(iterator)


def failing(_iterator):
    raise ValueError("the notebook's own")


@pytest.mark.filterwarnings(
    "error::pytest.PytestUnraisableExceptionWarning"
)  # nor does anything of ours fail beside it
@pytest.mark.parametrize(
    "step",
    [
        lambda: failing,
        lambda: Called(failing),
        lambda: functools.partial(failing),
        lambda: tf.function(failing),
        lambda: Called(tf.function(failing)).__call__,
    ],
    ids=["function", "object", "partial", "of TensorFlow", "method"],
)
def test_what_a_step_of_the_notebooks_own_raises_comes_as_it_is_whatever_is_called(step):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with judged_steps(model):
        steps = model.train_function
        steps.own = step()
        with pytest.raises(ValueError, match="the notebook's own"):
            steps(iter(tf.data.Dataset.from_tensors(tf.zeros((1, 2)))))


def test_what_fails_in_what_keras_calls_of_an_epoch_is_said_to_be_ours():
    """Keras's fit would raise it in the student's cell: all that its iterators have, and ours have in its place. (An iteration says it by itself.)"""
    keras_has = set(dir(trainer.TFEpochIterator)) - set(dir(object)) | {"__iter__"}
    stands_in = {name: one for name, one in vars(JudgedEpochs).items() if name in keras_has}
    stands_in = {name: one for name, one in stands_in.items() if callable(one) or isinstance(one, property)}
    assert {"reset", "num_batches", "catch_stop_iteration"} <= set(stands_in)
    entered = StopIterationCaught.__enter__, StopIterationCaught.__exit__
    functions = [getattr(one, "fget", one) for one in stands_in.values()]
    assert [one.__qualname__ for one in (*functions, *entered) if one.__code__.co_qualname.split(".")[0] != "told"] == [
        "JudgedEpochs.__iter__"
    ]
