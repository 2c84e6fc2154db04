"""Keras's loops over what is judged: what a loop within another one leaves is the outer one's."""

import keras

from autograder.kernel.graded.judged_epochs import EvaluationEpochs
from autograder.kernel.graded.keras_loops import judged_steps


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


def test_what_one_thread_ends_goes_on_in_another():
    """Else its loop would get what is judged with a function of Keras's, which takes batches."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    first, second = judged_steps(model), judged_steps(model)
    first.__enter__()
    second.__enter__()
    within = model.test_function
    first.__exit__(None, None, None)
    assert model.test_function is within is not None
    second.__exit__(None, None, None)
    assert model.test_function is None and model.train_function is None
