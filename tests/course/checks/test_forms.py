"""The form of an answer: what is told of it at home is what grading refuses first, for every type of check and the whole course."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.common.wire.description import (
    ArrayDescription,
    FailureDescription,
    FunctionDescription,
    OtherDescription,
)
from autograder.course.checks.base import Facts, Verdict, refusal
from autograder.course.checks.forms import Form
from autograder.course.checks.registry import decide, parse
from autograder.course.released_checks import HiddenCheck
from tests.course.checks.test_registry import EVERY_TYPE, declared
from tests.hand_built import FakeLab, fit, listed, mapping, model, scalar


def function(check, *results):
    return FunctionDescription(name="f", results={check: results})


def array(data):
    data = np.asarray(data)
    return ArrayDescription(dtype=data.dtype.name, shape=data.shape, data=data)


VALUES = {
    "nothing": scalar(None), "a number": scalar(3), "a float": scalar(2.5), "a text": scalar("sgd"), "a number as text": scalar("3"),
    "a truth value": scalar(True), "a shape as text": scalar("(None, 100)"), "an empty list": listed(), "a pair": listed(None, 100),
    "three": listed(1, 2, 3), "lists": listed(listed(1), listed(2)), "a dictionary": mapping(delta=0.1), "an array": array([1.0, 2.0]),
    "a network": model(fits=(fit(),)), "a function": FunctionDescription(name="f"), "an exception": FailureDescription(error="ValueError", message="no"),
    "something else": OtherDescription(type="generator"), "a large array": ArrayDescription(dtype="float64", shape=(60000, 784)),
}  # fmt: skip
OTHERS = {"model": model(), "models": mapping(delta=model()), "results": mapping(delta=0.1)}


def every_check(course):
    own = [check for one in course.assignments.values() for q in one.questions.values() for check in q.checks]
    return [*own, *(declared(kind, of="value", hidden=True, title="T") for kind in EVERY_TYPE)]


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_refused_for_its_form_at_home_fails_when_graded_and_nothing_else_is(course, kind):
    refused = 0
    for check in every_check(course):
        facts = Facts({**OTHERS, check.of: VALUES[kind]}, FakeLab())
        told = HiddenCheck("T", 1.0, check.of, Form(**check.form().model_dump(exclude_defaults=True))).refusal(facts)
        verdict = check(facts) if told else None
        if told:
            refused += 1
            assert verdict.status is Status.FAILED and verdict.form, (check, verdict)
        elif (graded := _type_alone(check, facts)) is not None:
            raise AssertionError(f"graded for its form, and not told at home: {check!r} {graded}")
    assert refused


def _type_alone(check, facts) -> Verdict | None:
    """The verdict that says no more than that the value is of a wrong type."""
    try:
        verdict = check(facts)
    except NotImplementedError:  # the made-up lab has no such thing
        return None
    called = check.type == "builds"  # what a function builds is asked for only where it can be called
    return verdict if verdict.form and not called and not isinstance(facts.of(check.of), check.accepts) else None


ARGUMENTS = [{"shape": ["n", 3]}]


@pytest.mark.parametrize(
    ("result", "hint"),
    [
        (scalar(None), "end it with `return ...`; print() only shows a value"),
        (scalar("3"), "should return numbers"),
        (listed(array([1.0]), scalar("x")), "should return numbers"),
        (FailureDescription(error="NotImplementedError", message=""), "This cell is still empty"),
        (scalar(3.0), ""),
        (listed(array([1.0]), scalar(2)), ""),
    ],
)
def test_a_function_that_answers_nothing_is_told_so_although_its_check_is_hidden(result, hint):
    declaration = {
        "type": "function",
        "of": "f",
        "points": 1,
        "reference": "references.py:double",
        "draws": 2,
        "args": ARGUMENTS,
    }
    check = parse({**declaration, "hidden": True, "title": "T"})
    told = HiddenCheck("T", 1.0, "f", check.form())
    (arguments,) = told.arguments(42)
    assert arguments[0].shape[1] == 3 and 1 <= arguments[0].shape[0] <= 6
    assert all(arguments[0].tobytes() != unseen[0].tobytes() for unseen in check.arguments(42))  # unseen it stays
    said = refusal(Facts({"f": function(told.id, result)}, FakeLab()), "f", told.form, told.id)
    assert (said.hint if said else "").find(hint) >= 0 and bool(said) == bool(hint)
    if hint:
        (outcome,) = decide([check], Facts({"f": function("function", result, result)}, FakeLab()))
        assert outcome.status is Status.FAILED and hint in outcome.hint


def test_the_hint_of_a_wrong_answer_is_kept_from_an_answer_of_the_wrong_form():
    check = {"type": "value", "of": "n", "equals": 78500, "kind": "integer", "points": 1, "hidden": True, "title": "T"}
    own = parse({**check, "hint": "A unit has one weight for each input and one bias."})
    malformed, wrong = (decide([own], Facts({"n": value}, FakeLab()))[0] for value in (scalar("78500"), scalar(1)))
    assert (malformed.expected, malformed.actual, malformed.hint) == (
        "a whole number",
        "'78500'",
        "`n` should be a whole number.",
    )
    assert (wrong.expected, wrong.hint) == ("", "A unit has one weight for each input and one bias.")


def test_one_result_where_two_are_wanted_is_told_how_many():
    cases = [{"args": [1], "returns": [[[1, 2], [3, 4]], [1, 4]]}]
    check = parse({"type": "function", "of": "f", "points": 1, "cases": cases})
    (found,) = decide([check], Facts({"f": function("function", array([[1.0, 2.0], [3.0, 4.0]]))}, FakeLab()))
    assert found.hint == "The function should return 2 values, separated by a comma."
    assert (found.expected, found.actual) == (
        "[[1.0, 2.0], [3.0, 4.0]], [1.0, 4.0]",
        "(1) gave [[1.0, 2.0], [3.0, 4.0]]",
    )
