"""What a notebook puts into Keras, or into what Keras calls of TensorFlow, is known: the judge would train without it."""

import pytest

from autograder.kernel.graded import keras_itself
from tests.later import Later, keras, tf


def _api(part):
    """``tf.nn`` and so on, by the name of its module: to import ``tensorflow.nn`` makes another one."""
    return Later(f"tensorflow._api.v2.{part}")


PATCHED = [
    (keras.layers.Dense, "call"), (keras.losses.SparseCategoricalCrossentropy, "call"), (keras.optimizers.Adam, "update_step"),
    (keras.Model, "train_step"), (Later("keras.src.backend.tensorflow.nn"), "softmax"), (tf, "matmul"), (tf, "cast"),
    (_api("nn"), "softmax"), (_api("nn"), "sparse_softmax_cross_entropy_with_logits"), (_api("math"), "reduce_mean"), (_api("random"), "stateless_uniform"),
    (_api("linalg"), "matmul"), (_api("raw_ops"), "MatMul"), (tf.data.Dataset, "map"), (tf.data.Dataset, "from_tensor_slices"),
]  # fmt: skip


@pytest.fixture
def noted(monkeypatch):
    monkeypatch.setattr(keras_itself, "_kept", [])
    keras_itself.note()


@pytest.mark.parametrize(("place", "name"), PATCHED, ids=[name for _place, name in PATCHED])
def test_what_a_notebook_puts_in_the_place_of_what_keras_trains_by_is_named(place, name, noted, monkeypatch):
    assert keras_itself.changed() == ""
    with monkeypatch.context() as within:
        within.setattr(place, name, lambda *args, **kwargs: None)
        assert keras_itself.changed().endswith(f".{name}")
    assert keras_itself.changed() == ""


def test_what_is_loaded_later_is_no_change(noted):
    assert tf.keras and tf.summary and tf.io and tf.lite
    assert keras_itself.changed() == ""
