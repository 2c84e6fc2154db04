"""A value with nothing in it earns nothing: what holds of every part of it holds of no part."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import ArrayDescription, ModelDescription
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from tests.hand_built import NoLab, listed, mapping, scalar

EMPTY = {
    "a network that was never built": ModelDescription(topology="unbuilt"),
    "a network of an input alone": ModelDescription(input_shape=(None, 784)),
    "a list": listed(),
    "a dictionary": mapping(),
    "an array": ArrayDescription(dtype="float64", shape=(0, 784), data=np.zeros((0, 784))),
    "a text": scalar(""),
    "nothing": scalar(None),
}
"""What `keras.Sequential()`, `[]`, `{}` and the like are described as."""

HAVE = {"a network of an input alone": {"input_shape"}}  # what is there all the same


@pytest.mark.parametrize("kind", EMPTY)
def test_no_check_of_the_course_passes_on_a_value_with_nothing_in_it(course, kind):
    tried, earned = 0, []
    for assignment, asked in course.assignments.items():
        for key, question in asked.questions.items():
            names = {name for check in question.checks for name in check.names()}
            checks = [check.model_copy(update={"needs": ()}) for check in question.checks]
            for found in decide(checks, Facts(dict.fromkeys(names, EMPTY[kind]), NoLab()), "en"):
                tried += 1
                if found.status is Status.PASSED and found.check not in HAVE.get(kind, ()):
                    earned.append(f"{assignment}.{key}.{found.check}")
    assert tried > 100 and earned == []
