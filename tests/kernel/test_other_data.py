"""What a network was trained on is not the course's data: told by what was trained on alone, with the reason."""

import pytest

from autograder.common.errors import OtherData
from autograder.kernel.graded.judged_fit import JudgeClient
from tests.later import keras


@pytest.fixture(scope="module")
def network():
    made = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    made.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def asked(network, *args, **kwargs):
    """What the judge is asked for when the notebook calls ``fit`` so."""
    client = JudgeClient("")
    call = client.arguments(keras.Model.fit, network, args, kwargs)
    return client._training(network, call)


def test_training_data_that_are_not_the_images_are_other_data(network, data):
    images, labels = data.features[:784].reshape(784, -1), data.targets[:784]
    with pytest.raises(OtherData) as raised:
        asked(network, images.T / 255.0, labels)
    assert raised.value.samples == 784


def test_validation_data_that_are_not_the_images_say_nothing_of_the_training(network, data):
    images, labels = data.features[:784].reshape(784, -1) / 255.0, data.targets[:784]
    for validation, known in (((images.T, labels), False), ((images, labels), True)):
        training = asked(network, images, labels, validation_data=validation)
        assert training.samples.rows.tolist() == list(range(784))
        assert (training.validation.data.samples is not None) == known  # otherwise Keras measures on them
