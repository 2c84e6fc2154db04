"""Checks on plain values, choices, arrays, dictionaries and functions. No Keras is needed for any of them."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import (
    ArrayDescription,
    FailureDescription,
    FunctionDescription,
    ListDescription,
    OtherDescription,
)
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from tests.hand_built import FakeLab, listed, mapping, model, scalar


def outcome(check, value, lab=None, seed=42, **others):
    check = parse({"of": "value", "points": 1, **check})
    (found,) = decide([check], Facts({"value": value, **others}, lab or FakeLab(), seed=seed))
    return found


def passes(check, value, **others):
    found = outcome(check, value, **others)
    assert found.status in (Status.PASSED, Status.FAILED), found
    return found.status is Status.PASSED


def array(data, **fields):
    data = np.asarray(data)
    finite = bool(np.isfinite(data).all())
    facts = {"dtype": data.dtype.name, "shape": data.shape, "finite": finite, "data": data}
    if data.size and finite:
        facts |= {"minimum": float(data.min()), "maximum": float(data.max())}
    return ArrayDescription(**{**facts, **fields})


NAN, INFINITY = float("nan"), float("inf")


# ---- plain values


@pytest.mark.parametrize(
    ("check", "value"),
    [
        ({"equals": 78_500, "kind": "integer"}, scalar(78_500)),
        ({"equals": 78_500, "kind": "integer"}, scalar(78_500.0)),
        ({"equals": 0}, scalar(0.0)),
        ({"equals": 0.01, "tolerance": 1e-9}, scalar(0.01)),
        ({"equals": 0.87, "tolerance": 0.01}, scalar(0.875)),
        ({"equals": 1000, "tolerance": 0.01}, scalar(1009)),  # relative above 1
        ({"equals": True, "kind": "boolean"}, scalar(True)),
        ({"equals": "sgd"}, scalar("sgd")),
        ({"equals": None}, scalar(None)),
        ({"equals": [None, 100]}, listed(None, 100)),
        ({"equals": [None, 100]}, listed(None, 100.0)),
        ({"equals": [784, 100]}, array([784, 100])),
        ({"equals": [[784, 100], [100]]}, listed(listed(784, 100), listed(100))),
        ({"equals": ["dense", "dense_1"]}, listed("dense", "dense_1")),
        ({"equals": []}, listed()),
        ({"any_of": [3, 4]}, scalar(4.0)),
        ({"any_of": [[1, 2], [2, 1]]}, array([2, 1])),
        ({"any_of": [0.5, "half"]}, scalar("half")),
        ({"any_of": [0.5, 0.7], "tolerance": 0.01}, scalar(0.705)),
        ({"any_of": [None, 0]}, scalar(0)),
        ({"at_least": 0.8}, scalar(0.8)),
        ({"at_least": 0.8, "at_most": 1}, scalar(1)),
        ({"at_most": 3, "kind": "integer"}, scalar(-7)),
    ],
)
def test_equal_values_pass(check, value):
    assert passes({"type": "value", **check}, value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        ({"equals": 1}, scalar(True)),
        ({"equals": 1, "kind": "integer"}, scalar(True)),
        ({"equals": True}, scalar(1)),
        ({"equals": True, "kind": "boolean"}, scalar(1)),
        ({"equals": 0}, scalar(False)),
        ({"equals": [1]}, listed(True)),
        ({"equals": 1}, scalar(NAN)),
        ({"equals": 1, "tolerance": 0.9}, scalar(NAN)),
        ({"equals": 1, "tolerance": 0.9}, scalar(INFINITY)),
        ({"equals": 1, "kind": "integer"}, scalar(INFINITY)),
        ({"equals": 78_500}, scalar("78500")),
        ({"equals": 78_500, "kind": "integer"}, scalar(78_500.5)),
        ({"equals": 78_500}, scalar(None)),
        ({"equals": "1"}, scalar(1)),
        ({"equals": "sgd"}, scalar("SGD")),
        ({"equals": None}, scalar(0)),
        ({"equals": None}, scalar("None")),
        ({"equals": [None, 100]}, listed(100)),
        ({"equals": [None, 100]}, listed(100, None)),
        ({"equals": [None, 100]}, listed(None, 100, 100)),
        ({"equals": [None, 100]}, scalar("(None, 100)")),
        ({"equals": [1, 2]}, array([[1, 2]])),
        ({"equals": 5}, listed(5)),
        ({"equals": 5}, array([5])),
        ({"equals": 10}, scalar(10**18)),
        ({"any_of": [3, 4]}, scalar(5)),
        ({"any_of": [3, 4]}, listed(3, 4)),
        ({"any_of": [1, 2]}, scalar(True)),
        ({"at_least": 0.8}, scalar(0.79)),
        ({"at_least": 0.8, "at_most": 1}, scalar(1.01)),
        ({"at_least": 0}, scalar(NAN)),
        ({"at_least": 0}, scalar(True)),
        ({"at_most": 1}, scalar(None)),
        ({"at_most": 1}, listed(0)),
        ({"at_most": 1}, scalar("0")),
        ({"at_most": 3, "kind": "integer"}, scalar(0.5)),
    ],
)
def test_other_values_fail(check, value):
    assert not passes({"type": "value", **check}, value)


def test_bounds_and_several_answers_are_told():
    assert outcome({"type": "value", "at_least": 1, "at_most": 2}, scalar(3)).expected == "1 to 2"
    assert outcome({"type": "value", "at_least": 1}, scalar(0)).title == "`value` is at least 1"
    assert outcome({"type": "value", "any_of": ["a", 2]}, scalar(3)).expected == "'a' or 2"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"equals": 1, "at_least": 0}, "give either"),
        ({"equals": 1, "any_of": [2]}, "give either"),
        ({"any_of": [2], "at_most": 3}, "give either"),
        ({"at_least": 2, "at_most": 1}, "more than at_most"),
        ({"at_least": 2, "tolerance": 0.1}, "no tolerance"),
        ({"at_least": 2, "kind": "text"}, "bounds are of a number"),
        ({"any_of": []}, "asks nothing"),
        ({"any_of": [1, "a"], "kind": "number"}, "not of the kind"),
        ({"at_least": NAN}, "finite"),
    ],
)
def test_values_that_nobody_can_hand_in_are_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        parse({"type": "value", "points": 1, **fields})


@pytest.mark.parametrize(
    "written",
    ["L2 regularisation", " l2  Regularisation. ", '"L2 regularisation"', "`l2 regularisation`", "Ｌ2 regularisation!"],
)
def test_a_text_counts_however_it_is_written(written):
    assert passes({"type": "text", "equals": ["weight decay", "L2 regularisation"]}, scalar(written))


def test_korean_letters_count_composed_or_not():
    import unicodedata

    for form in ("NFC", "NFD"):
        assert passes({"type": "text", "equals": "과대적합"}, scalar(unicodedata.normalize(form, " 과대적합。")))


@pytest.mark.parametrize("written", ["L1 regularisation", "", ".", "L2", "decay weight", "L2regularisation", 2, None])
def test_another_text_fails(written):
    assert not passes({"type": "text", "equals": ["weight decay", "L2 regularisation"]}, scalar(written))


def test_a_text_of_nothing_is_no_answer():
    with pytest.raises(ValueError, match="one of the answers is empty"):
        parse({"type": "text", "points": 1, "equals": ["right", " . "]})


def test_a_wrong_value_is_shown_beside_the_right_one():
    found = outcome({"type": "value", "equals": 78_500}, scalar(78_400))
    assert (found.expected, found.actual, found.title) == ("78500", "78400", "`value` is 78500")


def test_an_answer_left_at_none_is_asked_for():
    found = outcome({"type": "value", "equals": 1500, "of": "value"}, scalar(None))
    assert (found.expected, found.actual, found.hint) == ("an answer", "None", "Set `value` to your answer.")


def test_a_value_of_another_kind_is_told_the_kind():
    found = outcome({"type": "value", "equals": 3, "kind": "integer"}, scalar("three"))
    assert (found.expected, found.actual) == ("a whole number", "'three'")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (model(), "a network of Dense, Dense"),
        (mapping(a=1), "{'a': 1}"),
        (OtherDescription(type="Evil"), "an object of type Evil"),
        (FunctionDescription(name="f"), "a function, f"),
        (listed(OtherDescription(type="Evil")), "[an object of type Evil]"),
        (ArrayDescription(dtype="float32", shape=(10, 10)), "an array of shape (10, 10) and type float32"),
        (FailureDescription(error="ValueError", message="no"), "ValueError: no"),
    ],
)
def test_objects_that_are_no_plain_value_fail_and_are_shown(value, shown):
    found = outcome({"type": "value", "equals": 1}, value)
    looked_into = isinstance(value, (ListDescription, ArrayDescription))
    expected = "a number" if looked_into else "a plain value"
    assert (found.status, found.expected, found.actual) == (Status.FAILED, expected, shown)


def test_long_answers_are_cut():
    found = outcome({"type": "value", "equals": "short"}, scalar("x" * 4000))
    assert len(found.actual) == 300 and found.actual.endswith("...")


# ---- choices


@pytest.mark.parametrize(
    ("answer", "right"),
    [("softmax", True), (" Softmax\n", True), ("SOFTMAX", True), ("sigmoid", False), ("soft max", False), (2, False), (None, False)],
)  # fmt: skip
def test_a_choice_of_words_ignores_case_and_space(answer, right):
    check = {"type": "choice", "equals": "softmax", "among": ["sigmoid", "softmax", "none"]}
    assert passes(check, scalar(answer)) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (2, True),
        (1, False),
        (9, False),
        (True, False),
        ("2", True),
        (" 2.0", True),
        (2.0, True),
        ("1", False),
        (NAN, False),
    ],
)
def test_a_choice_of_numbers_takes_the_number_however_written(answer, right):
    assert passes({"type": "choice", "equals": 2, "among": [1, 2, 3, 4]}, scalar(answer)) is right


def test_true_is_not_the_first_answer():
    found = outcome({"type": "choice", "equals": 1, "among": [1, 2]}, scalar(True))
    assert (found.status, found.expected, found.actual) == (Status.FAILED, "one of 1, 2", "True")
    assert found.hint == "Set `value` to one of them."


def test_a_choice_is_no_list():
    assert not passes({"type": "choice", "equals": 1, "among": [1, 2]}, listed(1, 2))


# ---- arrays


@pytest.mark.parametrize(
    ("check", "value", "expected", "actual", "hint"),
    [
        ({"shape": [2, 3]}, array(np.ones((3, 2))), "(2, 3)", "(3, 2)", "which axis differs?"),
        ({"kind": "float"}, array(np.ones(3, np.uint8)), "an array of floats", "uint8", ""),
        ({"kind": "integer"}, array(np.ones(3)), "an array of integers", "float64", ""),
        ({"kind": "integer"}, array(np.ones(3, bool)), "an array of integers", "bool", ""),
        ({"minimum": 0, "maximum": 1}, array([0.0, 255.0]), "0 to 1", "0 to 255", ""),
        ({"minimum": 0, "maximum": 1}, array([-1.0, 1.0]), "0 to 1", "-1 to 1", ""),
        ({"kind": "float", "minimum": 0, "maximum": 1}, array([0, 1, 0]), "an array of floats", "int64", "Divide with /"),
        ({"minimum": 0, "maximum": 1}, array([0.0, NAN]), "finite numbers", "NaN or infinity", ""),
        ({"shape": [2]}, array([INFINITY, 0.0]), "finite numbers", "NaN or infinity", ""),
    ],
)  # fmt: skip
def test_a_wrong_array_is_told_what_differs(check, value, expected, actual, hint):
    found = outcome({"type": "array", **check}, value)
    assert (found.status, found.expected, found.actual) == (Status.FAILED, expected, actual)
    assert hint in found.hint


def test_arrays_pass_whatever_their_precision():
    check = {"type": "array", "shape": [3], "kind": "float", "minimum": 0, "maximum": 1}
    for dtype in (np.float16, np.float32, np.float64):
        assert passes(check, array(np.array([0, 0.5, 1], dtype)))
    assert passes({"type": "array", "kind": "integer"}, array(np.array([1, 2], np.uint8)))


@pytest.mark.parametrize(
    "value", [listed("1", "2"), listed(listed(1, 2), listed(1)), scalar(1), model(), OtherDescription(type="DataFrame")]
)
def test_what_is_no_array_fails(value):
    found = outcome({"type": "array", "shape": [2]}, value)
    assert (found.status, found.expected) == (Status.FAILED, "an array")


UNIT, RAW = np.arange(256) / 255.0, np.arange(256.0)


def images(rows, lookup=UNIT):
    return ArrayDescription(dtype="float64", shape=(len(rows), 784), rows=np.array(rows, np.int32), lookup=lookup)


@pytest.mark.parametrize(
    ("value", "actual", "hint"),
    [
        (images([1, 2, 3]), "the right images in another order", "mind the order of what it returns"),
        (images([0, 4, 5]), "other images", "test_size=0.2, random_state=42"),
        (images([3, 1]), "other images", "random_state=42"),
        (images([3, 1, 2], RAW), "pixels from 0 to 255", "Pixels run to 255, expected 0 to 1: divide by 255.0."),
        (images([3, 1, 2], UNIT / 255), "pixels from 0 to 0.00392157", "divided by 255 twice"),
        (array(np.zeros((3, 784))), "other values", "reshape must not mix rows"),
    ],
)  # fmt: skip
def test_other_rows_of_the_data_are_told_apart(value, actual, hint):
    found = outcome({"type": "array", "equals": "train", "scaling": "unit"}, value)
    assert (found.status, found.actual) == (Status.FAILED, actual)
    assert hint in found.hint


def test_the_rows_of_a_split_pass_in_its_order():
    assert passes({"type": "array", "equals": "train", "scaling": "unit"}, images([3, 1, 2]))
    assert passes({"type": "array", "equals": "train"}, images([3, 1, 2], RAW))
    assert passes({"type": "array", "equals": "train", "scaling": "raw"}, images([3, 1, 2], RAW))


def test_labels_are_compared_by_value():
    check = {"type": "array", "equals": "train_labels"}
    assert passes(check, array(np.array([3, 1, 2], np.uint8)))
    assert passes(check, array(np.array([[3], [1], [2]])))
    found = outcome(check, array([1, 2, 3]))
    assert found.status is Status.FAILED and "one call for samples and labels" in found.hint
    assert not passes(check, ArrayDescription(dtype="uint8", shape=(3,)))  # too large an array to travel


# ---- dictionaries


def test_keys_that_are_missing_are_named():
    check = {"type": "keys", "keys": ["sgd", "adam"]}
    assert passes(check, mapping(adam=0.1, sgd=0.2, more=1))
    found = outcome(check, mapping(sgd=0.2))
    assert (found.expected, found.actual) == ("sgd, adam", "missing: adam")
    assert not passes(check, listed("sgd", "adam"))


def test_the_winner_is_the_key_of_the_largest_number():
    check = {"type": "winner", "results": "results"}
    results = mapping(sgd=0.85, adam=0.88, nadam=0.88)
    assert passes(check, scalar("adam"), results=results)
    assert passes(check, scalar("nadam"), results=results)
    found = outcome(check, scalar("sgd"), results=results)
    assert (found.expected, found.actual) == ("'adam' or 'nadam'", "'sgd'")
    assert "max(results, key=results.get)" in found.hint


@pytest.mark.parametrize("value", [listed("None", 100), listed(None, "100"), listed("None, 100")])
def test_none_and_numbers_in_quotes_are_told_whatever_the_answer_is(value):
    for answer in ([None, 100], [None, 784]):
        assert (
            "stand without quotes"
            in outcome({"type": "value", "equals": answer, "hidden": True, "title": "T"}, value).hint
        )
    assert outcome({"type": "value", "equals": ["dense", "dense_1"]}, listed("Dense", "None")).hint == ""


def test_a_winner_that_was_not_looked_for_is_none():
    check, best = {"type": "winner", "results": "results"}, scalar("sgd").model_copy(update={"by_chance": True})
    found = outcome(check, best, results=mapping(sgd=0.88, adam=0.8))
    assert found.status is Status.FAILED and "only by luck" in found.hint
    wrong = scalar("adam").model_copy(update={"by_chance": True})
    assert "luck" not in outcome(check, wrong, results=mapping(sgd=0.88, adam=0.8)).hint


def test_the_best_of_too_few_is_no_winner():
    check = {"type": "winner", "results": "results", "enough": 2}
    assert passes(check, scalar("sgd"), results=mapping(sgd=0.85, adam=0.8))
    assert outcome(check, scalar("sgd"), results=mapping(sgd=0.85)).expected == "numbers of at least 2 networks"


@pytest.mark.parametrize(
    "results",
    [
        mapping(),
        mapping(sgd=NAN, adam=0.5),
        mapping(sgd="high"),
        mapping(sgd=True),
        mapping(sgd=listed("high")),
        scalar(1),
        None,
    ],
)
def test_a_winner_needs_a_dictionary_of_numbers(results):
    others = {} if results is None else {"results": results}
    found = outcome({"type": "winner", "results": "results"}, scalar("sgd"), **others)
    assert (found.status, found.expected) == (Status.FAILED, "a dictionary of numbers")


# ---- functions


GIVEN = {"type": "function", "cases": [{"args": [3], "returns": 6}, {"args": [[1.0, 2.0]], "returns": [2.0, 4.0]}]}
UNSEEN = {"type": "function", "reference": "references.py:double", "draws": 3, "args": [{"shape": ["n", 2]}]}


def answered(check, function, seed=42):
    """The description of `function` with what it gives for the check's calls, as a kernel would answer them."""
    calls = parse({"of": "value", "points": 1, **check}).arguments(seed)
    results = []
    for arguments in calls:
        result = function(*arguments)
        results.append(result if hasattr(result, "kind") else array(result) if np.ndim(result) else scalar(result))
    return FunctionDescription(name="f", results={"function": tuple(results)})


def twice(x):
    return (2 * x).tolist() if isinstance(x, np.ndarray) else 2 * x


def test_a_function_is_compared_on_given_and_on_drawn_inputs():
    assert passes(GIVEN, answered(GIVEN, twice))
    assert passes(UNSEEN, answered(UNSEEN, lambda x: 2 * x))
    assert passes(UNSEEN, answered(UNSEEN, lambda x: (2 * x).astype(np.float32)))
    assert not passes(UNSEEN, answered(UNSEEN, lambda x: 2 * x + 0.01))


def test_a_wrong_result_shows_the_call():
    found = outcome(GIVEN, answered(GIVEN, lambda x: 7))
    assert (found.expected, found.actual) == ("6", "(3) gave 7")


@pytest.mark.parametrize(
    "result",
    [
        scalar(None), scalar(True), scalar(NAN), scalar("6"), listed(6), array([6.0]), model(), mapping(a=6),
        OtherDescription(type="Six"), scalar(10**18), array([[2.0, 4.0]]), array([True]),
        ArrayDescription(dtype="float64", shape=(2,)),
    ],
)  # fmt: skip
def test_results_of_another_kind_fail(result):
    assert not passes(GIVEN, answered(GIVEN, lambda x: result))


def test_a_function_that_raises_fails_with_its_hint():
    failure = FailureDescription(error="NotImplementedError", message="")
    found = outcome(GIVEN, answered(GIVEN, lambda x: failure))
    assert (found.status, found.expected) == (Status.FAILED, "6")
    assert found.actual.startswith("NotImplementedError") and "This cell is still empty" in found.hint


def test_a_function_that_did_not_answer_every_call_fails():
    one = FunctionDescription(results={"function": (scalar(6),)})
    found = outcome(GIVEN, one)
    assert (found.status, found.actual, found.hint) == (
        Status.FAILED, "1 result", "The function did not answer every call."
    )  # fmt: skip
    assert not passes(GIVEN, FunctionDescription(results={"another": (scalar(6), array([2.0, 4.0]))}))


def test_tuples_of_arrays_are_compared_part_by_part():
    check = {"type": "function", "cases": [{"args": [1], "returns": [[[1, 2], [4, 6]], [1, 4]]}]}
    right = listed(array([[1.0, 2.0], [4.0, 6.0]]), array([1.0, 4.0]))
    assert passes(check, answered(check, lambda x: right))
    assert passes(check, answered(check, lambda x: listed(listed(listed(1, 2), listed(4, 6)), listed(1, 4))))
    assert not passes(check, answered(check, lambda x: listed(*right.items[:1])))
    assert not passes(check, answered(check, lambda x: listed(*right.items, 1)))
    assert not passes(check, answered(check, lambda x: right.items[0]))


@pytest.mark.parametrize("answer", ["ReLU", "relu", " RELU "])
def test_a_choice_takes_any_capitals_on_both_sides(answer):
    check = {"type": "choice", "among": ["Sigmoid", "ReLU"], "equals": "ReLU"}
    assert passes(check, scalar(answer)) and not passes(check, scalar("sigmoid"))


PAIR = {"type": "function", "cases": [{"args": [1], "returns": [[[1.5, 2], [4, 6]], [1, 4.5]]}]}
MATRIX = {"type": "function", "cases": [{"args": [1], "returns": [[1.5, 2], [-4, 6]]}]}
ONE, TWO = array([[1.5, 2.0], [4.0, 6.0]]), array([1.0, 4.5])
FOUND = np.array([[1.5, 2.0], [-4.0, 6.0]])


@pytest.mark.parametrize(
    ("check", "result", "hint"),
    [
        (PAIR, listed(TWO, ONE), "in another order"),
        (PAIR, listed(array(-ONE.data), array(-TWO.data)), "opposite sign"),
        (PAIR, listed(array(ONE.data.T), TWO), "Rows and columns are exchanged"),
        (PAIR, listed(array(ONE.data + 1), TWO), "Of the values that the function returns, number 1 is wrong."),
        (PAIR, listed(ONE, array([1.0, 3.0])), "Of the values that the function returns, number 2 is wrong."),
        (PAIR, listed(array(ONE.data + 1), array(TWO.data + 3)), ""),
        (MATRIX, listed(listed(-4, 6), listed(1.5, 2)), "in another order"),
        (MATRIX, array(FOUND.T), "Rows and columns are exchanged"),
        (MATRIX, array(-FOUND), "opposite sign"),
        (MATRIX, array([[1, 2], [-4, 6]]), "The fractions are cut off"),
        (MATRIX, array(FOUND.ravel()), "The result has the shape (4,), and should have (2, 2)."),
        (MATRIX, array(FOUND[0]), "The function should return 2 values, separated by a comma."),
        (MATRIX, array(FOUND / 4), "All numbers are 0.25 times what they should be."),
        (MATRIX, array(FOUND + 1), ""),
    ],
)  # fmt: skip
def test_a_result_that_is_nearly_right_says_what_differs(check, result, hint):
    found = outcome(check, answered(check, lambda x: result))
    assert found.status is Status.FAILED and (hint in found.hint if hint else not found.hint)
    hidden = {**check, "hidden": True, "title": "T"}
    assert outcome(hidden, answered(hidden, lambda x: result)).hint == ""


def test_arguments_that_must_stay_are_looked_at_afterwards():
    kept = {**GIVEN, "keeps": True}
    changing = answered(GIVEN, twice).model_copy(update={"changes": ("function",)})
    assert passes(kept, answered(GIVEN, twice)) and passes(GIVEN, changing)
    found = outcome(kept, changing)
    assert (found.status, found.actual) == (Status.FAILED, "the function changes its arguments")
    assert "make a new one" in found.hint


def test_drawn_inputs_follow_the_seed_and_share_named_lengths():
    check = parse({
        "type": "function", "of": "f", "points": 1, "reference": "references.py:double", "draws": 20,
        "args": [{"shape": ["hidden", "inputs"]}, {"shape": ["hidden"]}, {"shape": [3]}, {"integer": [5, 9]}, {"boolean": True}],
    })  # fmt: skip
    calls = check.arguments(1)
    assert len(calls) == 20
    assert {flag for *_, flag in calls} == {True, False} and all(type(flag) is bool for *_, flag in calls)
    for matrix, vector, fixed, number, _flag in calls:
        assert matrix.shape[0] == len(vector) and fixed.shape == (3,) and type(number) is int and 5 <= number <= 9
    assert len({matrix.shape for matrix, *_ in calls}) > 3
    assert all(np.array_equal(a, b) for a, b in zip(calls[0][:3], check.arguments(1)[0][:3], strict=True))
    assert not np.array_equal(calls[0][2], check.arguments(2)[0][2])


def test_a_reference_that_does_not_exist_costs_no_point():
    found = outcome({**UNSEEN, "reference": "references.py:triple"}, answered(UNSEEN, twice))
    assert found.status is Status.UNDECIDED


def test_a_hidden_function_check_does_not_show_its_inputs_or_results():
    check = {**UNSEEN, "hidden": True, "title": "On unseen inputs"}
    found = outcome(check, answered(check, lambda x: np.zeros_like(x)))
    assert (found.status, found.expected) == (Status.FAILED, "")
    assert "gave" not in found.actual
    for arguments in parse({"of": "value", "points": 1, **check}).arguments(42):
        assert str(arguments[0].ravel()[0])[:6] not in found.model_dump_json()


@pytest.mark.parametrize("check", [GIVEN, UNSEEN])
@pytest.mark.parametrize("value", [scalar(6), listed(6), model(), None])
def test_what_is_no_function_fails(check, value):
    if value is None:
        (found,) = decide([parse({"of": "value", "points": 1, **check})], Facts({}, FakeLab()))
        assert found.actual == "nothing was handed in as `value`"
    else:
        found = outcome(check, value)
        assert found.expected == "a function"
    assert found.status is Status.FAILED


# ---- what stands for what


@pytest.mark.parametrize("made", [np.arange(12.0).reshape(3, 4), np.arange(6), np.array([[0.5]]), np.zeros((2, 2, 2))])
@pytest.mark.parametrize(
    "asked", [{"kind": "float"}, {"kind": "integer"}, {"minimum": 0, "maximum": 4}, {"shape": [3, 4]}, {"shape": [6]}]
)
def test_a_list_of_numbers_is_the_array_that_numpy_makes_of_it(made, asked):
    def as_list(rows):
        return scalar(rows) if not isinstance(rows, list) else listed(*map(as_list, rows))

    check = {"type": "array", **asked}
    given, wanted = outcome(check, as_list(made.tolist())), outcome(check, array(np.array(made.tolist())))
    assert (given.status, given.expected, given.actual) == (wanted.status, wanted.expected, wanted.actual)


@pytest.mark.parametrize(
    ("check", "right"),
    [
        ({"type": "text", "equals": "adam"}, "adam"),
        ({"type": "value", "equals": 5, "kind": "integer"}, 5),
        ({"type": "value", "equals": True}, True),
        ({"type": "choice", "equals": "adam", "among": ["sgd", "adam"]}, "adam"),
        ({"type": "winner", "results": "results"}, "adam"),
    ],
)
def test_of_several_values_where_one_is_asked_for_the_hint_names_the_one_that_can_be_meant(check, right):
    other = 0.88 if isinstance(right, str) else "sgd"
    for values, place in (((right, other), 0), ((other, right), 1), ((right,), 0)):
        found = outcome(check, listed(*map(scalar, values)), results=mapping(sgd=0.8, adam=0.9))
        assert found.status is Status.FAILED and f"`value[{place}]`" in found.hint, (values, found)
    assert "[" not in outcome(check, listed(scalar(right), scalar(right)), results=mapping(sgd=0.8, adam=0.9)).hint


def test_names_that_keras_numbers_are_the_same_choice_unless_the_answers_are_numbered():
    from autograder.common.keras_tables import keras_names
    from tests.later import keras

    names = keras_names.known("optimizers")
    tried = 0
    for name in names:
        kind = getattr(keras.optimizers, name)
        if name not in ("LossScaleOptimizer", "MultiOptimizer", "Optimizer", "OptimizerMap"):
            kind(), kind()
            tried += 1
            check = {"type": "choice", "equals": name.lower(), "among": [one.lower() for one in names]}
            given = kind().name
            assert passes(check, scalar(given)), given
    assert tried > 8
    layers = {"type": "choice", "equals": "dense", "among": ["dense", "dense_1"]}
    assert not passes(layers, scalar("dense_1")) and not passes(layers, scalar("dense_2"))
    assert not passes({"type": "choice", "equals": "sgd", "among": ["sgd", "adam"]}, scalar("adam_1"))
