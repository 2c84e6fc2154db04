"""What students hand in where a network is asked for, as their kernels really describe it: each is told from a network, and by its own name."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_things import describe_thing
from tests.deciding import outcome
from tests.later import keras

HANDED_IN = {
    "m.fit(x, y, verbose=0)": "what fit() returns",
    "m.add(keras.layers.Dense(3))": "is None",
    "m.summary(print_fn=lambda line: None)": "is None",
    "lambda: m": "hand in what it returns",
    "m.summary": "hand in what it returns",
    "keras.Sequential": "is a class",
    "keras.layers.Dense(3)": "makes one of layers",
    "m.layers": "makes one of layers",
    "(m.layers[0], keras.layers.Dense(2))": "makes one of layers",
    "keras.Input((3,))": "keras.Model(inputs, outputs)",
    "m.outputs": "keras.Model(inputs, outputs)",
    "m.optimizer": "",
    "m.predict(x, verbose=0)": "",
    "m.evaluate(x, y, verbose=0)": "",
    "'model'": "",
}


@pytest.mark.parametrize("described", [describe, lambda value: describe_thing(value) or describe(value)], ids=["plainly", "as a thing"])  # fmt: skip
def test_what_is_no_network_is_named(described):
    for code, hint in HANDED_IN.items():
        m = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        m.compile(loss="mse")
        value = eval(code, {"m": m, "keras": keras, "x": np.ones((4, 3)), "y": np.ones((4, 2))})
        found = outcome({"type": "parameters", "total": 8}, described(value))
        assert (found.status, found.expected) == (Status.FAILED, "a Keras network"), code
        assert hint in found.hint and bool(hint) == bool(found.hint), (code, found.hint)
