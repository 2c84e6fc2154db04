"""A value, in every type that holds the same, is described and checked alike."""

from array import array
from collections import OrderedDict, UserDict, deque, namedtuple
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import encode
from autograder.kernel.describing.describe import describe
from tests.deciding import outcome
from tests.later import keras, tf

Pair = namedtuple("Pair", ["rows", "columns"])
RAGGED = np.empty(2, object)
RAGGED[:] = [(784, 100), (100,)]
SAME_VALUES = {
    "a whole number": ({"type": "value", "equals": 784, "kind": "integer"}, lambda: [
        784, 784.0, np.int8(4) * np.int64(196), np.uint16(784), np.float32(784), np.array(784), tf.constant(784), tf.Variable(784.0),
        keras.Variable(784.0), Fraction(1568, 2), Decimal("784"), IntEnum("Size", {"rows": 784}).rows, np.float16(784), np.longdouble(784),
    ]),
    "a number": ({"type": "value", "equals": 0.01, "tolerance": 1e-6}, lambda: [
        0.01, np.float32(0.01), Fraction(1, 100), Decimal("0.01"), tf.constant(0.01), np.array(0.01), keras.ops.convert_to_tensor(0.01),
    ]),
    "a truth value": ({"type": "value", "equals": True}, lambda: [True, np.bool_(True), np.array(True), tf.constant(True)]),
    "a text": ({"type": "value", "equals": "dense"}, lambda: [
        "dense", np.str_("dense"), np.array("dense"), np.array("dense", object), tf.constant("dense"), StrEnum("Name", {"a": "dense"}).a, Enum("Name", {"a": "dense"}, type=str).a,
    ]),
    "a list of texts": ({"type": "value", "equals": ["dense", "dense_1"]}, lambda: [
        ["dense", "dense_1"], ("dense", "dense_1"), np.array(["dense", "dense_1"]), np.array(["dense", "dense_1"], object),
        pd.Series(["dense", "dense_1"]), pd.Index(["dense", "dense_1"]), deque(["dense", "dense_1"]), {"dense": 0, "dense_1": 1}.keys(),
        tf.constant(["dense", "dense_1"]), [np.str_("dense"), tf.constant("dense_1")], [*Enum("Name", {"a": "dense", "b": "dense_1"}, type=str)], Pair("dense", "dense_1"), {0: "dense", 1: "dense_1"}.values(),
    ]),
    "a shape": ({"type": "value", "equals": [None, 784]}, lambda: [
        (None, 784), [None, 784], Pair(None, 784), np.array([None, 784]), tf.TensorShape([None, 784]), (None, np.int64(784)), pd.Series([None, 784], dtype=object),
    ]),
    "shapes": ({"type": "value", "equals": [[784, 100], [100]]}, lambda: [
        [(784, 100), (100,)], ((784, 100), (100,)), RAGGED, [np.array([784, 100]), np.array([100])], [Pair(784, 100), [100]],
        [tf.TensorShape([784, 100]), tf.TensorShape([100])], [tf.constant([784, 100]), (100.0,)], pd.Series([(784, 100), (100,)]),
    ]),
    "numbers": ({"type": "value", "equals": [0, 1, 2]}, lambda: [
        [0, 1, 2], range(3), np.arange(3), np.arange(3.0), pd.Series([0, 1, 2]), pd.RangeIndex(3), tf.range(3), array("i", [0, 1, 2]),
    ]),
    "a choice": ({"type": "choice", "equals": "softmax", "among": ["softmax", "relu"]}, lambda: [
        "softmax", "Softmax ", np.str_("softmax"), np.array("softmax"), tf.constant("softmax"), StrEnum("Name", {"a": "softmax"}).a,
        Enum("Name", {"a": "softmax"}, type=str).a,
    ]),
    "the number of a choice": ({"type": "choice", "equals": 2, "among": [1, 2]}, lambda: [2, 2.0, "2", np.int8(2), np.array(2), tf.constant(2), Fraction(2)]),
    "an array": ({"type": "array", "shape": [3], "kind": "integer", "minimum": 0, "maximum": 2}, lambda: [
        np.arange(3), pd.Series([0, 1, 2]), tf.range(3), pd.Index([0, 1, 2]), np.ma.arange(3), keras.ops.arange(3),
    ]),
    "a long array": ({"type": "array", "shape": [2000], "kind": "integer"}, lambda: [np.arange(2000), list(range(2000)), list(np.arange(2000)), range(2000)]),
    "a dictionary": ({"type": "keys", "keys": ["sgd"]}, lambda: [{"sgd": 1}, OrderedDict(sgd=1), MappingProxyType({"sgd": 1}), {np.str_("sgd"): 1}, UserDict(sgd=1)]),
}  # fmt: skip


@pytest.mark.parametrize("form", SAME_VALUES)
def test_an_answer_is_the_same_in_every_type_that_holds_it(form):
    """By check, so that a type which holds an answer in one place holds it in the others too."""
    check, values = SAME_VALUES[form]
    for value in values():
        assert outcome(check, describe(value)).status is Status.PASSED, f"{value!r}, a {type(value)}"


def test_values_that_are_large_strange_or_hold_themselves_are_described_all_the_same():
    inside = np.empty((), object)
    inside[()] = inside
    for value in (
        inside,
        Fraction(10**400),
        Decimal("sNaN"),
        10**40,
        np.array([object()]),
        [[[[[[[1]]]]]]],
        range(10**6),
    ):
        described = describe(value)
        assert encode({"value": described})
