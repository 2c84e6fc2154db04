"""What of a training explains a network that learned too little, as hints of the checks on trainings, accuracy and evaluations say it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from autograder.common.hints.for_errors import for_error
from autograder.common.results import Status
from autograder.course.checks.base import Facts
from autograder.course.checks.trainings.accuracy import Accuracy
from autograder.course.checks.trainings.evaluation import Evaluation
from autograder.course.checks.trainings.training import TrainedOn
from autograder.kernel.describing.recognise import Recogniser
from autograder.networks.lab import data_record
from tests.hand_built import fit, model, scalar
from tests.later import keras

TORN = "Labels and images no longer belong together: split both in one call."
TEARINGS = {
    "by one": lambda own: np.roll(own, 1), "by a thousand": lambda own: np.roll(own, -1000), "reversed": lambda own: own[::-1],
    "shuffled": lambda own: np.random.default_rng(0).permutation(own), "sorted": np.sort, "counted from one": lambda own: (own + 1) % 10,
    "one label": lambda own: np.where(np.arange(len(own)) == 7, (own + 1) % 10, own), "all the same": np.zeros_like,
}  # fmt: skip
OTHERS = {
    "as loaded": lambda every: every[:48_000], "split with another seed": lambda every: split(every, 7), "of the end": lambda every: every[12_000:60_000],
}  # fmt: skip
WHOLE = {
    "as they are": lambda own: own, "int64": lambda own: own.astype("int64"), "float32": lambda own: own.astype("float32"),
    "column": lambda own: own[:, None], "Series": lambda own: pd.Series(own, index=np.arange(len(own))[::-1]),
    "one-hot": keras.utils.to_categorical, "copy": lambda own: own[np.arange(len(own))],
}  # fmt: skip


def split(every, seed):
    return train_test_split(every[:60_000], test_size=0.2, random_state=seed)[0]


@pytest.fixture(scope="module")
def told(data, lab):
    """What is known of a training on the training split with those labels, and other pixels."""
    images, recogniser = data.features[lab.rows("train")].reshape(-1, 784) / 255.0, Recogniser()
    return lambda labels, x=None: data_record(recogniser.samples(images if x is None else x, labels), lab)


class Measures:
    """A lab that found a network that only guesses, and knows the split's size."""

    def __init__(self, lab):
        self.size = lab.size

    def evaluate(self, *_args, **_more):
        return {"loss": 1.5, "accuracy": 0.41}


def hints(data, lab):
    """By check: the hint about a network that was trained on that, and learned little."""
    network = model(fits=(fit().model_copy(update={"data": data}),))
    facts = Facts({"value": network, "given": scalar(0.1234)}, Measures(lab))
    asked = (TrainedOn(points=1), Accuracy(points=1, at_least=0.85), Evaluation(points=1, of="given", model="value"))
    return {check.type: check.decide(facts.of(check.of), facts) for check in asked}


@pytest.mark.parametrize("kind", [*TEARINGS, *OTHERS])
@pytest.mark.parametrize("encoded", ["numbers", "one-hot"])
def test_torn_labels_are_named_however_they_were_torn(data, lab, told, kind, encoded):
    own = data.targets[lab.rows("train")]
    labels = TEARINGS[kind](own) if kind in TEARINGS else OTHERS[kind](data.targets)
    found = hints(told(keras.utils.to_categorical(labels, 10) if encoded == "one-hot" else labels), lab)
    assert {name: verdict.hint for name, verdict in found.items()} == dict.fromkeys(found, TORN)
    assert found["trained_on"].actual.endswith("changed labels")


@pytest.mark.parametrize("kind", WHOLE)
def test_labels_that_belong_to_their_images_are_never_called_torn(data, lab, told, kind):
    found = hints(told(WHOLE[kind](data.targets[lab.rows("train")])), lab)
    assert found["trained_on"].status is Status.PASSED
    assert not any("belong together: split" in verdict.hint for verdict in found.values())


@pytest.mark.parametrize("factor", [255.0, 256.0, 1000.0])
def test_faint_pixels_are_named(data, lab, told, factor):
    rows = lab.rows("train")
    found = hints(told(data.targets[rows], data.features[rows].reshape(-1, 784) / 255.0 / factor), lab)
    assert "divided by" in found["accuracy"].hint
    usual = hints(told(data.targets[rows], data.features[rows].reshape(-1, 784) / 127.5 - 1), lab)
    assert "number of epochs" in usual["accuracy"].hint  # from -1 to 1 a network learns well: look elsewhere


def test_labels_that_are_one_short_stop_fit_with_a_hint():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    network.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(ValueError) as raised:
        network.fit(np.zeros((8, 4)), np.zeros(7), verbose=0)
    assert for_error("ValueError", str(raised.value))
