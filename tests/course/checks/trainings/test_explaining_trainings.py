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
from autograder.kernel.describing.recognised_samples import Recogniser
from autograder.networks.lab import data_record
from tests.hand_built import FakeLab, dense, fit, layer, model, scalar
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

    preparations = ()

    def __init__(self, lab):
        self.size = lab.size

    def evaluate(self, *_args, **_more):
        return {"loss": 1.5, "accuracy": 0.41}

    def meaning(self, _model):
        return "class"


def hints(data, lab, layers=()):
    """By check: the hint about a network that was trained on that, and learned little."""
    own = (*layers, dense(100, "sigmoid"), dense(10, "softmax", inputs=100)) if layers else ()
    network = model(*own, fits=(fit().model_copy(update={"data": data}),))
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
    assert found["trained_on"].actual.rstrip("s").endswith("changed label")


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


def test_images_that_were_made_faint_each_by_itself_are_named(data, lab, told):
    rows = lab.rows("train")
    images = data.features[rows].reshape(-1, 784).astype("float32")
    found = hints(told(data.targets[rows], keras.utils.normalize(images, axis=1)), lab)
    assert found["trained_on"].status is Status.PASSED and "Each image was scaled by itself" in found["accuracy"].hint
    largest = hints(told(data.targets[rows], images / images.max(axis=1, keepdims=True)), lab)
    assert "number of epochs" in largest["accuracy"].hint  # no fainter than from 0 to 1


@pytest.mark.parametrize(
    ("pixels", "in_front", "said"),
    [
        ("unit", [("Rescaling", 1 / 255)], "own Rescaling layer"), ("unit", [("Flatten", 0), ("Rescaling", 1 / 255)], "own Rescaling layer"),
        ("unit", [("Rescaling", 1 / 255), ("BatchNormalization", 0)], "number of epochs"), ("unit", [("Rescaling", 2.0)], "number of epochs"),
        ("raw", [("Rescaling", 1 / 255)], "number of epochs"), ("raw", [("Rescaling", 1.0)], "run to 255"), ("raw", [], "run to 255"),
        ("unit", [("Dense", 0), ("Rescaling", 1 / 255)], "number of epochs"),
    ],
)  # fmt: skip
def test_what_a_network_does_to_its_pixels_itself_counts_with_what_was_done_before(
    data, lab, told, pixels, in_front, said
):
    rows = lab.rows("train")
    images = data.features[rows].reshape(-1, 784) / {"unit": 255.0, "raw": 1.0}[pixels]
    layers = tuple(layer(kind, **({"scale": scale} if scale else {})) for kind, scale in in_front)
    assert said in hints(told(data.targets[rows], images), lab, layers)["accuracy"].hint


@pytest.mark.parametrize("trained", ["raw", "unit", "standardised", "ranks"])
@pytest.mark.parametrize("evaluated", ["raw", "unit", "standardised", "ranks"])
def test_a_number_of_samples_that_were_prepared_otherwise_is_told_as_that(trained, evaluated):
    class Lab(FakeLab):
        preparations = ("raw", "unit") if trained in ("raw", "unit") else ("standardised", "ranks")

        def evaluate(self, model, split, prepared=""):
            return {
                "loss": {"raw": 31.4, "unit": 0.41, "standardised": 2.7, "ranks": 9.1}[prepared or trained],
                "accuracy": 0.87,
            }

    at = {"scaling": trained} if trained in ("raw", "unit") else {"prepared": trained}
    network = model(fits=(fit(**at),))
    number = Lab().evaluate(None, "", evaluated)["loss"]
    check = Evaluation(points=1, of="given", model="value", metric="loss")
    found = check.decide(scalar(number), Facts({"value": network, "given": scalar(number)}, Lab()))
    told = {"raw": "run to 255", "unit": "run from 0 to 1"}.get(evaluated, f"prepared as `{evaluated}`")
    assert (found.status is Status.PASSED) == (trained == evaluated)
    assert (told in found.hint) == (trained != evaluated and evaluated in Lab.preparations)


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize("seen", [1, 9_600, 12_000])
def test_a_number_of_ones_own_split_is_not_explained_by_a_number_of_the_courses_that_is_like_it(metric, seen):
    """With other random numbers the samples of a hold-out are others: a number on these is near any other one by chance."""
    fits = (fit().model_copy(update={"data": fit().data.model_copy(update={"holdout": seen})}),)
    measured = {"loss": 0.4, "accuracy": 0.87}
    for factor in (10.0, 0.98, 1.013):  # 10.0: what FakeLab measures on samples that are prepared otherwise
        given = scalar(measured[metric] * factor if metric == "loss" else min(0.99, measured[metric] * factor))
        check = Evaluation(points=1, of="given", model="value", metric=metric)
        hints = [
            check.decide(given, Facts({"value": model(fits=some), "given": given}, FakeLab())).hint
            for some in (fits, (fit(),))
        ]
        assert hints[0].startswith("The network was trained on samples of the hold-out") and hints[1] != hints[0]


def test_labels_that_are_one_short_stop_fit_with_a_hint():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    network.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(ValueError) as raised:
        network.fit(np.zeros((8, 4)), np.zeros(7), verbose=0)
    assert for_error("ValueError", str(raised.value))
