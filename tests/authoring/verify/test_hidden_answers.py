"""Answers are found in whatever way they are written, and chance is no finding."""

import pytest

from autograder.authoring.verify.asked_and_checked import told
from autograder.authoring.verify.hidden_answers import tells
from autograder.authoring.verify.releases import expectations
from autograder.course.checks.registry import TYPES, parse


def hidden(**fields):
    return parse({"points": 1, "hidden": True, "title": "A secret", "of": "answer", **fields})


@pytest.mark.parametrize(
    ("equals", "text"),
    [
        (78500, "Parameters: 78,500 + 1,010"),
        (78500, "it has 78500."),
        (1500, "\x1b[1m1500/1500\x1b[0m ━━━━ 3s"),
        ([None, 100], "Output shapes (None, 100), (None, 10)"),
        ([None, 100], "<tspan>Dense</tspan><tspan>(None, 100)</tspan>"),
        ([None, 100], "[null, 100]"),
        ([[784, 100], [100]], "Weights of shapes (784, 100), (100,)"),
        (["dense", "dense_1"], "names: dense, dense_1"),
        (0.01, "SGD(learning_rate=0.01)"),
        (2, "`answer` = 2"),
        (0, "answer is 0"),
        (True, "the answer is True"),
    ],
)
def test_an_answer_is_found_however_it_is_written(equals, text):
    assert tells(text, hidden(type="value", equals=equals))


@pytest.mark.parametrize(
    ("equals", "text"),
    [
        (78500, "178,500 and 78,501"),
        (1500, "15,000 of 1,500,000"),
        ([None, 100], "(None, 10), (None, 28, 100)"),
        (2, "the 2 numbers, each above 2"),
        (True, "`answer`: `True` if they are the same"),
        (0.01, "0.010 and 0.015"),
    ],
)
def test_chance_is_no_finding(equals, text):
    assert not tells(text, hidden(type="value", equals=equals))


@pytest.mark.parametrize("fields", [
    {"type": "accuracy", "at_least": 0.85, "split": "test"},
    {"type": "metric", "metric": "r2_score", "at_least": 0.85, "split": "test"},
])  # fmt: skip
def test_what_goes_without_saying_is_no_secret(fields):
    check = hidden(**fields)
    assert dict(expectations(check)) == {"at_least": 0.85}
    assert not tells(str(dict(check) | {"at_least": None}), check)


NAMED = {
    "model": "network",
    "models": "networks",
    "results": "results",
    "layers": ["first", "second"],
    "reported": "reached",
}


@pytest.mark.parametrize("kind", [name for name, one in TYPES.items() if one.values_named])
def test_the_names_that_something_is_handed_in_by_are_no_secret(kind):
    """Every type with a key that names a further value: its text tells students to define that name."""
    keys = TYPES[kind].values_named
    check = hidden(
        type=kind, **{key: NAMED[key] for key in keys}, **({"metric": "accuracy"} if kind == "score" else {})
    )
    names = sorted(check.names() - {check.of})
    assert names and not tells(
        f"Define {' and '.join(f'`{name}`' for name in names)}: what it reaches. {' '.join(names)}", check
    )


def test_a_choice_is_no_secret_as_a_word_but_as_an_answer():
    check = hidden(type="choice", equals="softmax", among=["sigmoid", "softmax"])
    assert not tells("choose one of sigmoid, softmax", check)
    assert tells('answer = "softmax"', check)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Define\n\n- `a`: one\n- `b` and `c`: more", {"a", "b", "c"}),
        ("다음을 정의하세요.\n\n- `a`, `b`: 두 수", {"a", "b"}),
        ("Define `q1` and `q2`.", {"q1", "q2"}),
        ('store it:\n\n- `models["sgd"]`: the network', {"models['sgd']"}),
        ("Write the function\n\n- `f(x, y)`, which returns `x`.", {"f"}),
        ("What `compile` takes:\n\n- `loss`: what to make small", set()),
        ("```python\nq1 = 2\n```", set()),
    ],
)
def test_the_names_that_a_text_tells_to_define(text, names):
    assert told(text, {"q1", "q2", "models['sgd']", "f"}) == names
