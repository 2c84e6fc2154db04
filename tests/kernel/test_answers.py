"""What a student's functions answer: whether they remember the calls before is told, by calling them once more."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograder.common.wire.description import FunctionDescription
from autograder.kernel.check_in_both_modes import Student
from autograder.kernel.describing.describe import describe
from tests.later import keras

left = np.zeros(3)


def counting(x):
    left[0] += x.sum()
    return left.copy()


def by_default(x, seen=[]):  # noqa: B006 - as beginners write it
    seen.append(1)
    return x * len(seen)


def growing(x):
    growing.calls = getattr(growing, "calls", 0) + 1
    return [growing.calls]


def own(x):
    made = np.zeros(3)
    made[0] += x.sum()
    return made


@pytest.mark.parametrize(
    ("function", "remembers"),
    [
        (counting, True),
        (by_default, True),
        (growing, True),
        (own, False),
        (lambda x: x / 0, False),
        (lambda x: undefined, False),  # noqa: F821
        (lambda x: None, False),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_function_that_remembers_is_told_from_one_that_does_not(function, remembers):
    calls = {"f": {"given": [(np.arange(3.0),)], "unseen": [(np.ones(2),), (np.ones(4),)]}}
    found = Student.answer(None, {"f": FunctionDescription(name="f")}, {"f": function}, calls)["f"]
    assert found.unsteady == (("given", "unseen") if remembers else ())
    assert len(found.results["unseen"]) == 2


def test_what_makes_a_network_is_called_once():
    made = []
    calls = {"build": {"()": [()]}}
    Student.answer(None, {"build": FunctionDescription(name="build")}, {"build": lambda: made.append(1)}, calls)
    assert made == [1]


class Looking(Student):
    """Only describes."""

    def __init__(self):
        pass

    def _known_about(self, model, described):
        return described


def test_a_network_under_a_second_name_is_known_as_the_first():
    one, other = keras.Sequential([keras.layers.Dense(2)]), keras.Sequential([keras.layers.Dense(2)])
    found = Looking().values(one, {"again": one, "other": other, "last": one, "number": 3, "too": 3}, True, "first")
    assert [found[name].same_as for name in ("first", "again", "other", "last")] == ["", "first", "", "first"]


def test_an_optimizer_of_two_networks_is_known_as_the_first_ones():
    shared = keras.optimizers.SGD()
    networks = [keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]) for _ in range(5)]
    for network, optimizer in zip(networks, (shared, keras.optimizers.SGD(), shared), strict=False):
        network.compile(optimizer, "mse")
    found = Looking().values(networks[0], dict(zip("abcd", networks[1:], strict=True)), True, "first")
    assert [found[name].optimizer_of for name in ("first", *"abcd")] == ["", "", "first", "", ""]
    assert not any(one.same_as for one in found.values())


@pytest.mark.parametrize("kind", [np.float16, np.float32, lambda one: np.array(one, "float32"), lambda one: keras.ops.convert_to_tensor(one, "float32"), lambda one: keras.Variable(one, dtype="float32"), Fraction, Decimal, float, np.float64])  # fmt: skip
@pytest.mark.parametrize("said", ["0.1", "0.001", "0.3", "1e-05", "2.5", "-0.7"])
def test_a_number_of_few_bits_is_the_decimal_that_it_stands_for(kind, said):
    if kind is np.float16 and said == "1e-05":
        said = "0.01"  # 1e-05 has no float16
    number = kind(said) if kind in (Fraction, Decimal) else kind(float(said))
    assert describe(number).value == float(said)


@pytest.mark.parametrize(
    "odd", [np.float32("nan"), np.float32("inf"), np.float32("-inf"), np.float32("3.4e38"), np.float16("6e-8")]
)
def test_an_odd_number_of_few_bits_stays_that_number(odd):
    said = describe(odd).value
    assert type(odd)(said) == odd or np.isnan([said, odd]).all()
