"""What a judge measured is measured once: another judge with the same memo builds no network for it."""

import numpy as np
import pytest

from autograder.common.errors import CannotRebuild
from autograder.course.settings import DataSettings
from autograder.networks.budget import Budget
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from tests.hand_built import compiled, dense, model, with_weights


class Counting:
    """In place of a `Trainer`: every image is a 3."""

    def __init__(self):
        self.calls = 0

    def evaluate(self, plan, settings, weights, samples):
        self.calls += 1
        return {"loss": float("nan"), "accuracy": 1 / 3}

    def predict(self, plan, settings, weights, samples):
        self.calls += 1
        return np.eye(10, dtype=np.float32)[np.full(len(samples.rows), 3)]


@pytest.fixture
def judges(tmp_path):
    """Makes judges' labs, one after another, that share a memo."""

    def judge():
        lab = CourseLab(memo=Memo(tmp_path))
        lab._trainer = Counting()
        return lab

    return judge


def measurements(lab, network):
    classes = np.full(12_000, 3)
    return [
        lab.evaluate(network, "holdout"),
        lab.agreement(network, "holdout", classes),
        lab.mistakes(network, "test", 20),
    ]


def test_what_one_judge_measured_another_one_knows(judges):
    first, second = judges(), judges()
    measured, known = measurements(first, model()), measurements(second, model())
    assert first._trainer.calls > 0 and second._trainer.calls == 0
    assert (
        repr(measured) == repr(known)
        and first.asked.ordered().model_dump_json() == second.asked.ordered().model_dump_json()
    )
    assert len(known[2]) == 9 and type(known[2][0].row) is int


def test_other_weights_are_measured_for_themselves(judges):
    measurements(judges(), model())
    other = judges()
    changed = with_weights(model(), [array + 1 for array in model().weights])
    measurements(other, changed)
    assert other._trainer.calls > 0


def test_what_is_known_is_paid_for_all_the_same(judges):
    measurements(judges(), model())
    poor = judges()
    poor.budget = Budget(1_000_000, deciding=0)
    with pytest.raises(CannotRebuild):
        poor.evaluate(model(), "holdout")
    assert poor._trainer.calls == 0


class Always(Counting):
    """Answers with the same class for every sample: `outputs` of them, or yes."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = outputs

    def predict(self, plan, settings, weights, samples):
        self.calls += 1
        return np.tile(np.eye(self.outputs, dtype=np.float32)[0], (len(samples.rows), 1))


@pytest.mark.parametrize(
    ("name", "features", "network", "wrong"),
    [
        ("wine", 13, model(dense(3, "softmax", inputs=13), shape=(None, 13)), {1, 2}),
        ("breast_cancer", 30, model(dense(1, "sigmoid", inputs=30), shape=(None, 30), compiled=compiled(loss="binary_crossentropy")), {0}),
        ("diabetes", 10, model(dense(1, inputs=10), shape=(None, 10), compiled=compiled(loss="mean_squared_error")), set()),
    ],
)  # fmt: skip
def test_a_table_of_classes_has_a_confusion_matrix_and_no_pictures(name, features, network, wrong):
    lab = CourseLab(DataSettings(name=name))
    lab._trainer = Always(network.layers[-1].config["units"])
    counts = np.array(lab.confusion(network, "holdout"))
    assert lab.mistakes(network, "holdout", 6) == ()
    if not wrong:
        assert counts.size == 0
        return
    answer = 0 if name == "wine" else 1
    assert counts.sum() == lab.size("holdout") and counts[:, answer].sum() == counts.sum()
    assert {label for label, row in enumerate(counts) if row.sum() > row[label]} == wrong
