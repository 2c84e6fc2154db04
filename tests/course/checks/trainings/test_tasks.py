"""Every task beside every check on what a network answers: right answers in all usual forms pass, usual wrong ones are told by what they are."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from sklearn import metrics

from autograder.common.results import Status
from autograder.course.settings import DataSettings
from autograder.kernel.describing.describe import describe
from autograder.networks.lab import CourseLab
from tests.deciding import outcome
from tests.later import keras

ROWS, INPUTS = 200, 6
DRAW = np.random.default_rng(7)
FEATURES = DRAW.normal(size=(ROWS, INPUTS)).astype(np.float32)
CLASSES = DRAW.integers(0, 3, ROWS)
YES = DRAW.integers(0, 2, ROWS)
LABELS = DRAW.integers(0, 2, (ROWS, 4))
NUMBERS = DRAW.normal(20, 5, (ROWS, 2)).astype(np.float32)


@dataclass(frozen=True)
class Task:
    """`targets` of the data, and of a network its last layer and loss; `means`: what its answers stand for."""

    targets: np.ndarray
    units: int
    activation: str | None
    loss: str
    means: str
    logits: bool = False
    learned: np.ndarray | None = None  # what evaluate() is given, where it isn't the data's own
    scores: tuple[str, ...] = field(default=("accuracy_score", "f1_score"))


SPARSE, CROSS, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
ERRORS = ("r2_score", "mean_absolute_error", "root_mean_squared_error")
TASKS = {
    "classes": Task(CLASSES, 3, "softmax", SPARSE, "class"),
    "classes, logits": Task(CLASSES, 3, None, SPARSE, "class", logits=True),
    "classes as vectors": Task(CLASSES, 3, "softmax", CROSS, "class", learned=np.eye(3, dtype="float32")[CLASSES]),
    "vectors in the data": Task(np.eye(3, dtype=int)[CLASSES], 3, "softmax", CROSS, "class"),
    "vectors, binary": Task(np.eye(3, dtype=int)[CLASSES], 3, "softmax", BINARY, "class", scores=()),
    "two classes, two outputs": Task(YES, 2, "softmax", SPARSE, "class"),
    "two classes": Task(YES, 1, "sigmoid", BINARY, "yes or no", scores=("accuracy_score", "f1_score", "roc_auc_score")),
    "two classes, logits": Task(YES, 1, None, BINARY, "yes or no", logits=True),
    "two classes in a column": Task(YES[:, None], 1, "sigmoid", BINARY, "yes or no"),
    "two classes in floats": Task(YES.astype(float), 1, "sigmoid", BINARY, "yes or no"),
    "two classes, focal": Task(YES, 1, "sigmoid", "binary_focal_crossentropy", "yes or no"),
    "labels": Task(LABELS, 4, "sigmoid", BINARY, "labels"),
    "labels, logits": Task(LABELS, 4, None, BINARY, "labels", logits=True),
    "labels, True and False": Task(LABELS.astype(bool), 4, "sigmoid", BINARY, "labels"),
    "a number": Task(NUMBERS[:, 0], 1, None, "mean_squared_error", "numbers", scores=ERRORS),
    "a number in a column": Task(NUMBERS[:, :1], 1, None, "mean_absolute_error", "numbers", scores=ERRORS),
    "whole numbers": Task(np.rint(NUMBERS[:, 0] * 10), 1, None, "huber", "numbers", scores=ERRORS),
    "several numbers": Task(NUMBERS, 2, None, "mean_squared_error", "numbers", scores=ERRORS),
}  # fmt: skip


@pytest.fixture(scope="module", params=TASKS.values(), ids=TASKS)
def tried(request, tmp_path_factory):
    """A task, the lab of its data, a network of it as described, what it answers for the hold-out and for as many others, and ``evaluate``'s."""
    task, root = request.param, tmp_path_factory.mktemp("task")
    np.savez(root / "own.npz", features=FEATURES, targets=task.targets)
    lab = CourseLab(DataSettings(file="own.npz"), root)
    keras.utils.set_random_seed(3)
    network = keras.Sequential([keras.Input((INPUTS,)), keras.layers.Dense(task.units, task.activation)])
    loss = getattr(keras.losses, _class(task.loss))
    network.compile(
        "sgd",
        loss(from_logits=True) if task.logits else task.loss,
        metrics=["mae" if task.means == "numbers" else "accuracy"],
    )
    network.layers[0].set_weights([DRAW.normal(size=(INPUTS, task.units)), DRAW.normal(size=task.units) / 5])
    parts = lab.data.splits(lab.holdout)
    learned = task.targets if task.learned is None else task.learned
    rows = parts["holdout"]
    found = network.evaluate(FEATURES[rows], learned[rows].astype("float32"), verbose=0)
    answers, others = (network.predict(FEATURES[one], verbose=0) for one in (rows, parts["train"][: len(rows)]))
    return task, lab, describe(network), answers, others, found


def _class(loss):
    return "".join(part.capitalize() for part in loss.split("_"))


def right(task, answers):
    """What the network says, in every usual form."""
    half = 0.0 if task.logits else 0.5
    match task.means:
        case "class":
            own = answers.argmax(1)
            yield from (own, own.astype("uint8"), own.astype(float), own.tolist(), own[:, None], own[:, None].tolist())
        case "yes or no":
            own = answers > half
            yield from (own, own.astype(int), own.ravel(), own.ravel().astype("float32"), own.tolist())
        case "labels":
            own = answers > half
            yield from (own, own.astype(int), own.astype("float32"), own.tolist(), np.where(own, 1, 0))
        case "numbers":
            yield from (answers, answers.astype(float), answers.tolist())
            if task.units == 1:
                yield from (answers.ravel(), answers[:, 0].tolist())


def wrong(task, answers, others, targets):
    """What is usually handed in instead, and what the hint says of it."""
    half = 0.0 if task.logits else 0.5
    match task.means:
        case "class":
            own, other = answers.argmax(1), others.argmax(1)
            yield from (
                (answers, "takes the largest"),
                (answers.argmax(0), "axis=1"),
                (answers.max(1), "takes the largest"),
                (own + 1, "counted from 0"),
            )
            yield from ((np.eye(task.units)[own], "takes the largest"), (np.sort(own), "sorted"))
        case "yes or no":
            own, other = (answers > half).astype(int), (others > half).astype(int)
            yield from ((answers, "above a half"), (answers.argmax(1), "above a half"), (1 - own, "exchanged"))
        case "labels":
            own, other = (answers > half).astype(int), (others > half).astype(int)
            yield from (
                (answers, "above a half"),
                (answers.argmax(1), "argmax takes one"),
                (own.T, ".T"),
                (1 - own, "exchanged"),
            )
            yield from (
                (np.eye(task.units)[answers.argmax(1)], "for as many as are"),
                (own[:, :2], "column for each label"),
            )
        case "numbers":
            own, other = answers, others
            yield from (
                ((np.rint(answers), "as predict() gives them"), (np.sort(answers[:, 0]), ""))
                if task.units == 1
                else ((own.T, ".T"),)
            )
            yield answers * 1.1, "this very network"
    yield from ((other, "this very network"), (own[:-1], "samples"), ([*own.tolist(), own[0].tolist()], "samples"))
    if own.shape == targets.shape:
        yield targets, "These are the targets"
    yield from ((np.zeros(shape), "") for shape in ((), (0,), (0, 0), (1, 1, 1)))


def test_the_networks_own_answers_pass_and_usual_others_are_told_by_what_they_are(tried):
    task, lab, network, answers, others, _found = tried
    check = {"type": "predictions", "model": "model", "split": "holdout"}
    targets = task.targets[lab.rows("holdout")]
    for given in right(task, answers):
        verdict = outcome(check, describe(given), lab, model=network)
        assert verdict.status is Status.PASSED, (given, verdict)
    for given, hint in wrong(task, answers, others, targets):
        verdict = outcome(check, describe(given), lab, model=network)
        assert verdict.status is Status.FAILED and hint in verdict.hint, (hint, given, verdict)
        assert task.means == "class" or "argmax(..., axis=1)" not in verdict.hint


def test_what_evaluate_says_passes_and_a_number_of_no_meaning_is_told_nothing_of_classes(tried):
    task, lab, network, *_others, found = tried
    for name, value in zip(
        ("loss", "mean_absolute_error" if task.means == "numbers" else "accuracy"), found, strict=True
    ):
        check = {"type": "evaluation", "model": "model", "split": "holdout", "metric": name}
        assert outcome(check, describe(value), lab, model=network).status is Status.PASSED, (name, value)
        for other in (value + 9, value * 0.9 - 0.01, value / 2):
            verdict = outcome(check, describe(other), lab, model=network)
            assert verdict.status is Status.FAILED, (name, value, other)
            assert task.means == "class" or not {"guesses", "class", "images"} & {
                *verdict.hint.replace(",", "").split()
            }, (other, verdict.hint)


def test_scores_are_scikit_learns_of_what_the_network_says(tried):
    task, lab, network, answers, *_others = tried
    targets = task.targets[lab.rows("holdout")]
    own = next(iter(right(task, answers)))
    truth = targets.argmax(1) if task.means == "class" and targets.ndim == 2 else targets
    for name in task.scores:
        several = task.means == "labels" or len(np.unique(truth)) > 2
        options = {"average": "macro" if several else "binary"} if name == "f1_score" else {}
        expected = getattr(metrics, name)(truth, answers if name == "roc_auc_score" else own, **options)
        assert lab.metric(network, "holdout", name)[name] == pytest.approx(expected, abs=1e-6), name
