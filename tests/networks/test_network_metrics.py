"""Which class a network's answers stand for: of any number of outputs, whatever the data say of their classes."""

import numpy as np
import pytest

from autograder.common.errors import CannotRebuild
from autograder.networks.network_metrics import chosen

SPARSE, BINARY = ("sparse_categorical_crossentropy", False), ("binary_crossentropy", False)


@pytest.mark.parametrize(
    ("answers", "classes", "loss", "expected"),
    [
        ([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], 3, SPARSE, [1, 0]),
        ([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], 0, SPARSE, [1, 0]),  # a file doesn't say what its numbers are called
        ([[0.2], [0.8]], 0, BINARY, [0, 1]),
        ([[0.2], [0.8]], 2, BINARY, [0, 1]),
        ([[-0.2], [0.3]], 2, ("binary_crossentropy", True), [0, 1]),
        ([[0.1, 0.7], [0.5, 0.2]], 2, BINARY, [1, 0]),  # vectors of two classes
        (
            [[0.1, 0.7, 0.2], [0.5, 0.2, 0.9]],
            2,
            SPARSE,
            [1, 2],
        ),  # more than there are, where the last layer was forgotten
    ],
)
def test_a_class_is_the_largest_answer_or_a_yes_or_no(answers, classes, loss, expected):
    assert chosen(np.array(answers), classes, loss).tolist() == expected


@pytest.mark.parametrize(
    ("shape", "classes", "loss"),
    [((4, 3), 0, BINARY), ((4, 3), 10, SPARSE), ((4, 1), 10, BINARY), ((4, 1), 0, ("mean_squared_error", False)), ((4, 2, 2), 0, SPARSE)],
)  # fmt: skip
def test_answers_that_are_no_class_are_left_to_a_person(shape, classes, loss):
    with pytest.raises(CannotRebuild, match="one number for each class"):
        chosen(np.zeros(shape), classes, loss)
