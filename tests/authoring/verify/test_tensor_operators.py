"""What the generator writes with operators on a network's tensors is the network of the solution, whatever is drawn."""

import pytest

from autograder.authoring.verify.spellings.networks import _NOTHING, _ON_TENSORS
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.kernel.describing.describe import describe
from tests.hand_built import FakeLab
from tests.later import keras

WAYS = [(said, way) for said, ways in _ON_TENSORS.items() for way in (f"keras.activations.{said}(x)", *ways)]


@pytest.mark.parametrize(("said", "way"), WAYS)
def test_a_function_on_tensors_is_the_activation_and_what_changes_nothing_is_no_layer(said, way):
    asked = [{"type": "Dense", "units": 4, "activation": said}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    check = parse({"type": "layers", "of": "model", "points": 1, "layers": asked})
    unlike = []
    for nothing in ("x", *_NOTHING):
        for ways in ((nothing, way), (way, nothing)):
            x = inputs = keras.Input((3,))
            x = keras.layers.Dense(4)(x)
            for one in ways:
                x = eval(one, {"keras": keras, "x": x})
            model = keras.Model(inputs, keras.layers.Dense(2, "softmax")(x))
            (found,) = decide([check], Facts({"model": describe(model)}, FakeLab()))
            unlike += [] if found.status.value == "passed" else [(ways, found.actual)]
    assert unlike == []
