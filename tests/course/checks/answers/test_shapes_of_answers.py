"""The right answer in every shape and type that a student may hand it in, for every plain value and array that the course asks for.

What a text leaves open is right, what it asks for is not: `RIGHT` and `WRONG` say which, per sort of answer, and not by the checks' own code.
"""

from collections import deque
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from autograder.common.keras_tables import allowed
from autograder.common.results import Status
from autograder.course.checks.answers.values import Choice
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_things import describe_thing, first_axes
from tests.deciding import outcome
from tests.hand_built import FakeLab, fit, mapping, model

WHOLE = {
    "int": int, "int64": np.int64, "int32": np.int32, "float": float, "float64": np.float64, "no axes": np.array,
    "no axes, float32": lambda one: np.array(one, "float32"),
}  # fmt: skip
NOT_ONE = {
    "in a list": lambda one: [one], "(1,)": lambda one: np.array([one]), "(1, 1)": lambda one: np.array([[one]]),
    "Series": lambda one: pd.Series([one]), "in a set": lambda one: {one}, "twice": lambda one: (one, one),
}  # fmt: skip
NOT_A_NUMBER = {
    "text": str,
    "one more": lambda one: one + 1,
    "None": lambda one: None,
    "a dictionary": lambda one: {"it": one},
}
DECIMAL = {"float": float, "float64": np.float64, "float32": np.float32, "no axes": np.array}
SEQUENCE = {
    "tuple": tuple, "list": list, "deque": deque, "items": lambda one: [*one],
    "of tuples": lambda one: [tuple(part) if isinstance(part, (list, tuple)) else part for part in one],
    "of lists": lambda one: [list(part) if isinstance(part, (list, tuple)) else part for part in one],
    "objects": lambda one: _objects(one),
}  # fmt: skip
NOT_THE_SEQUENCE = {
    "in a list": lambda one: [list(one)], "reversed": lambda one: [*reversed(one)], "one less": lambda one: list(one)[:-1],
    "one more": lambda one: [*one, one[-1]], "as text": str, "each in a list": lambda one: [[part] for part in one],
    "flat": lambda one: [part for item in one for part in (item if isinstance(item, (list, tuple)) else (item, item))],
}  # fmt: skip


def _objects(one):
    found = np.empty(len(one), object)
    found[:] = [*one]
    return found


def sorts(answer):
    """Right and wrong shapes of a plain answer."""
    if isinstance(answer, bool):
        return {"bool": bool, "bool_": np.bool_, "no axes": np.array}, {
            "int": int,
            "text": str,
            "other": lambda one: not one,
            **NOT_ONE,
        }
    if isinstance(answer, str):
        return {"str": str, "str_": np.str_}, {**NOT_ONE, "other": lambda one: one + "x", "None": lambda one: None}
    if isinstance(answer, int):
        return WHOLE, {**NOT_ONE, **NOT_A_NUMBER}
    if isinstance(answer, float):
        return DECIMAL, {**NOT_ONE, **NOT_A_NUMBER}
    wrong = {name: make for name, make in NOT_THE_SEQUENCE.items() if not (name == "flat" and not _nested(answer))}
    return SEQUENCE, wrong


def _nested(answer):
    return any(isinstance(part, tuple) for part in answer)


def described(thing):
    return describe_thing(thing) or describe_thing(first_axes(thing)) or describe(thing)


def status(check, thing, lab=None):
    (found,) = decide([check], Facts({check.of: described(thing)}, lab))
    return found.status


def checks(course, *types):
    return [
        (f"{name}.{key}.{check.id}", check.model_copy(update={"needs": ()}))
        for name in course.assignments
        for key, question in course.assignment(name).checked.items()
        for check in question.checks
        if check.type in types
    ]


def test_every_plain_answer_is_right_in_every_type_and_wrong_in_another_shape(course):
    tried, unlike = 0, []
    for name, check in checks(course, "value"):
        for answer in check.answers:
            for right, ways in zip((True, False), sorts(answer), strict=True):
                for way, make in ways.items():
                    thing = make(answer)
                    found, tried = status(check, thing), tried + 1
                    if found is not (Status.PASSED if right else Status.FAILED):
                        unlike.append((name, way, thing, found.value))
    assert unlike == [] and tried > 150


def test_every_choice_is_right_however_it_is_written_and_never_as_a_list(course):
    unlike = []
    for name, check in checks(course, "choice"):
        for answer in check.among:
            right = check.equals is None or str(answer) == str(check.equals)
            ways = {"itself": answer, "text": f" {answer} ", "capitals": str(answer).upper(), "str_": np.str_(answer)}
            if str(answer).isalpha():
                ways |= {"parted": f"{answer[:2]}_{answer[2:]}"}
            if str(answer).replace(".", "").isdigit():
                ways |= {"int64": np.float64(answer), "no axes": np.array(float(answer)), "float": float(answer)}
            for way, thing in ways.items():
                if (status(check, thing) is Status.PASSED) is not right:
                    unlike.append((name, way, thing))
            for way, thing in {
                "list": [answer],
                "(1,)": np.array([answer]),
                "None": None,
                "all": list(check.among),
            }.items():
                if status(check, thing) is not Status.FAILED:
                    unlike.append((name, way, thing))
    assert unlike == []


LABELS = {
    "array": lambda one: one, "int64": lambda one: one.astype("int64"), "float32": lambda one: one.astype("float32"),
    "list": lambda one: one.tolist(), "tuple": lambda one: tuple(one.tolist()), "Series": pd.Series,
    "column": lambda one: one[:, None], "index": lambda one: pd.Series(one, index=np.arange(len(one))[::-1]),
}  # fmt: skip
NOT_LABELS = {
    "row": lambda one: one[None], "one less": lambda one: one[:-1], "reversed": lambda one: one[::-1],
    "text": lambda one: " ".join(map(str, one[:50])), "one more each": lambda one: one + 1, "square": lambda one: one[: len(one) // 4 * 4].reshape(-1, 4),
    "sorted": np.sort, "one-hot": lambda one: np.eye(10, dtype="float32")[one], "None": lambda one: None,
}  # fmt: skip
IMAGES = {
    "float64": lambda one: one, "float32": lambda one: one.astype("float32"), "Fortran": np.asfortranarray,
    "not in a row": lambda one: np.repeat(one, 2, axis=0)[::2],
}  # fmt: skip
NOT_IMAGES = {
    "extra axis": lambda one: one[..., None], "in a list": lambda one: one[None], "one less": lambda one: one[:-1],
    "reversed": lambda one: one[::-1], "raw": lambda one: (one * 255).round().astype("uint8"),
    "twice": lambda one: one / 255, "flat": lambda one: one.reshape(-1),
    "other axes": lambda one: one.reshape(len(one), -1)[:, None, :], "transposed": lambda one: one.T,
}  # fmt: skip


@pytest.fixture(scope="module")
def parts(data, splits):
    """What a check's `equals` names, as arrays: labels, uint8 (n,), and the pixels of the hold-out from 0 to 1, (n, 28, 28)."""
    named = {f"{name}_labels": data.targets[splits[name]].copy() for name in ("train", "holdout")}
    return named | {"holdout": data.features[splits["holdout"]] / 255.0}


def test_labels_may_stand_in_a_column_or_a_list_and_in_no_other_order(course, lab, parts):
    unlike = []
    for name, check in checks(course, "array"):
        if (check.equals or "").endswith("_labels"):
            for wanted, ways in ((Status.PASSED, LABELS), (Status.FAILED, NOT_LABELS)):
                for way, make in ways.items():
                    if (found := status(check, make(parts[check.equals]), lab)) is not wanted:
                        unlike.append((name, way, found.value))
    assert unlike == []


@pytest.mark.parametrize("question", ["two_layer.split", "flatten_relu.images"])
def test_images_have_the_shape_that_is_asked_for_whatever_their_type(course, lab, parts, question):
    """All checks of the question on this array together, since each looks at one thing."""
    own = [one for name, one in checks(course, "array") if name.startswith(f"{question}.") and one.of == "val_input"]
    scaled = any(one.scaling for one in own)  # otherwise another question asks for it
    images = parts["holdout"].reshape(next(one.shape for one in own if one.shape))
    unlike = []
    for right, ways in ((True, IMAGES), (False, NOT_IMAGES)):
        for way, make in ways.items():
            thing = described(make(images))
            found = {decide([one], Facts({one.of: thing}, lab))[0].status for one in own}
            right_here = right or (way in ("raw", "twice") and not scaled)
            if (found == {Status.PASSED}) is not right_here or Status.UNDECIDED in found:
                unlike.append((way, [one.value for one in found]))
    assert unlike == []


def test_the_name_that_keras_gives_an_optimizer_is_its_name():
    from keras.src.utils.naming import to_snake_case

    names = [name.lower() for name in allowed.OPTIMIZERS]
    for kind in allowed.OPTIMIZERS:
        given = described(to_snake_case(kind))  # behind which a session's second one gets a number
        found = [Choice(points=1, equals=name, among=names).decide(given, None).status for name in names]
        assert [name for name, status in zip(names, found, strict=True) if status is Status.PASSED] == [kind.lower()]


# A dictionary of numbers, and what is as good as one or isn't.
NAMED = {
    "dictionary": (dict, True), "in another order": (lambda one: dict(reversed(one.items())), True), "Series": (pd.Series, True),
    "Series of float32": (lambda one: pd.Series(one, dtype="float32"), True), "of nothing": (lambda one: pd.Series(list(one.values())), False),
    "rows": (lambda one: list(one.items()), False), "frame": (lambda one: pd.DataFrame([one]), False), "by number": (lambda one: dict(enumerate(one.values())), False),
    "a name twice": (lambda one: pd.Series([*one.values(), 0.5], index=[*one, next(iter(one))]), False),
}  # fmt: skip


@pytest.mark.parametrize("form", NAMED)
def test_numbers_that_each_have_a_name_are_a_dictionary(course, form):
    make, right = NAMED[form]
    for _name, check in checks(course, "keys"):
        assert (status(check, make(dict.fromkeys(check.keys, 0.8))) is Status.PASSED) is right


# What stands under a key of a dictionary of results, and whether that is the number that was asked for.
MEASURED = {
    "float": (float, True), "float32": (np.float32, True), "no axes": (np.array, True), "Fraction": (lambda one: Fraction(one).limit_denominator(), True),
    "text": (str, False), "per cent": ("{:.2%}".format, False), "rounded text": ("{:.4f} ".format, False), "(1,)": (lambda one: np.array([one]), False),
    "in a list": (lambda one: [one], False), "evaluated": (lambda one: [1 - one, one], False), "evaluated, array": (lambda one: np.array([1 - one, one]), False),
    "evaluated, by name": (lambda one: {"accuracy": one, "loss": 1 - one}, False), "Series": (lambda one: pd.Series([1 - one, one]), False),
}  # fmt: skip
NO_NUMBER = {
    "None": None,
    "nan": float("nan"),
    "word": "good",
    "nothing": [],
    "by no name": {},
    "a number and a unit": "0.88 accuracy",
}
BEST = {"str": str, "str_": np.str_}
NO_BEST = {
    "its number": lambda _name: 0.88,
    "both": lambda name: (name, 0.88),
    "in a list": lambda name: [name],
    "None": lambda _name: None,
}


@pytest.mark.parametrize("form", MEASURED)
def test_the_best_of_results_is_theirs_in_whatever_form_they_stand_which_costs_where_it_is_asked_for(course, form):
    make, right_form = MEASURED[form]
    accuracies = {"sgd": 0.81, "adam": 0.88, "adagrad": 0.0998}
    results = described({name: make(number) for name, number in accuracies.items()})
    network = model(fits=(fit(),))
    lab = FakeLab(loss=1 - accuracies["adam"], accuracy=accuracies["adam"])
    for _name, check in checks(course, "winner"):
        for name in accuracies:
            for way, best in (BEST | NO_BEST).items():
                (found,) = decide([check], Facts({check.of: described(best(name)), check.results: results}, None))
                assert (found.status is Status.PASSED) is (name == "adam" and way in BEST), (name, way, found)
    for _name, check in checks(course, "evaluations"):
        named = {
            check.of: described({name: make(accuracies["adam"]) for name in accuracies}),
            check.models: mapping(**dict.fromkeys(accuracies, network)),
        }
        (found,) = decide([check], Facts(named, lab))
        assert (found.status is Status.PASSED) is right_form, found


@pytest.mark.parametrize("none", NO_NUMBER)
def test_results_without_a_number_have_no_best(course, none):
    for _name, check in checks(course, "winner"):
        results = described({"sgd": 0.81, "adam": 0.88, "adagrad": NO_NUMBER[none]})
        (found,) = decide([check], Facts({check.of: described("adam"), check.results: results}, None))
        assert found.status is Status.FAILED, found


@pytest.mark.parametrize("asked", [[None, 4], [3, None], [None, None], [3, 4]], ids=str)
def test_an_axis_of_any_length_is_null_and_the_others_are_asked_for(asked):
    def status(*shape):
        return outcome({"type": "array", "shape": asked}, describe(np.zeros(shape))).status

    assert status(3, 4) is Status.PASSED
    for axis, wanted in enumerate(asked):
        longer = [3, 4]
        longer[axis] += 1
        assert status(*longer) is (Status.PASSED if wanted is None else Status.FAILED)
    for other in ((12,), (3, 4, 1), (1, 3, 4), ()):
        assert status(*other) is Status.FAILED
