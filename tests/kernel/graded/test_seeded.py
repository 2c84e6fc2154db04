"""Operations that get a seed while a notebook is graded are called, and refuse, as TensorFlow's own do."""

import pytest

from autograder.kernel.graded.seeded import SEEDED, _seeded
from tests.later import tf


@pytest.mark.parametrize(("module", "name"), SEEDED)
@pytest.mark.parametrize(
    "arguments", [((), {}), ((), {"vale": 1}), (range(30), {})], ids=["none", "unknown", "too many"]
)
def test_wrong_arguments_are_refused_in_the_operations_own_words(module, name, arguments):
    original = getattr(getattr(tf, module), name)
    said = []
    for operation in (original, _seeded(original)):
        with pytest.raises(TypeError) as refused:
            operation(*arguments[0], **arguments[1])
        said.append(str(refused.value))
    assert said[0] == said[1]
