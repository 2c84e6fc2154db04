"""What a network's answers stand for: of any number of outputs, whatever the data say of their classes."""

import numpy as np
import pytest

from autograder.common.errors import CannotRebuild
from autograder.networks.network_metrics import chosen, meaning

SPARSE, BINARY, SQUARED = (
    (name, False) for name in ("sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error")
)
NUMBERED, YES, MEASURED = np.arange(3), np.array([0.0, 1.0]), np.array([1.5, 2.0])


@pytest.mark.parametrize(
    ("answers", "classes", "targets", "loss", "expected"),
    [
        ([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], 3, NUMBERED, SPARSE, [1, 0]),
        ([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], 0, MEASURED, SPARSE, [1, 0]),  # a file doesn't say what its numbers are called
        ([[0.2], [0.8]], 0, YES, BINARY, [0, 1]),
        ([[0.2], [0.8]], 2, YES, BINARY, [0, 1]),
        ([[-0.2], [0.3]], 2, YES, ("binary_crossentropy", True), [0, 1]),
        ([[0.1, 0.7], [0.5, 0.2]], 2, YES, BINARY, [1, 0]),  # vectors of two classes
        ([[0.1, 0.7, 0.2], [0.5, 0.2, 0.9]], 2, YES, SPARSE, [1, 2]),  # more than there are, where the last layer was forgotten
        ([[0.1, 0.7], [0.6, 0.9]], 0, np.array([[0, 1], [1, 1]]), BINARY, [[0, 1], [1, 1]]),
        ([[0.1, 0.7], [0.6, 0.9]], 0, np.array([[0, 1], [1, 0]]), BINARY, [1, 1]),  # vectors, one class each
        ([[0.1, 7.0], [0.6, 9.0]], 0, np.array([[0, 5], [1, 1]]), SQUARED, [[0.1, 7.0], [0.6, 9.0]]),
        ([[0.1], [0.6]], 0, MEASURED, SQUARED, [0.1, 0.6]),
    ],
)  # fmt: skip
def test_answers_are_read_as_the_loss_and_the_targets_mean_them(answers, classes, targets, loss, expected):
    answers = np.array(answers)
    meant = meaning(answers.shape[1], classes, targets, loss)
    assert chosen(answers, meant, loss[1]).tolist() == expected


@pytest.mark.parametrize(
    ("outputs", "classes", "targets", "loss"),
    [(3, 10, NUMBERED, SPARSE), (1, 10, NUMBERED, BINARY), (1, 0, YES, SQUARED), (1, 2, YES, SQUARED), (0, 0, MEASURED, SQUARED)],
)  # fmt: skip
def test_answers_of_no_known_meaning_are_left_to_a_person(outputs, classes, targets, loss):
    with pytest.raises(CannotRebuild, match="one number for each class"):
        meaning(outputs, classes, targets, loss)


def test_answers_for_each_step_of_a_sequence_are_left_to_a_person():
    with pytest.raises(CannotRebuild):
        chosen(np.zeros((4, 2, 2)), "class", False)
