"""Exceptions, as Keras and NumPy word them, and the hints that they get. No Keras is needed."""

import ast

import pytest

from autograder.common.hints.error_patterns import BELONGS, KINDS
from autograder.common.hints.for_errors import for_error, meant, meant_inside
from autograder.common.keras_tables import keras_names
from autograder.common.showing.nearest_name import nearest
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        ("ValueError", "Could not interpret activation function identifier: oftmasx", "The activation name `oftmasx` is not known; did you mean `softmax`?"),
        ("ValueError", "Could not interpret activation function identifier: qqqq", "The activation name `qqqq` is not known."),
        ("TypeError", "Could not locate class 'adem'. Make sure custom classes and functions are decorated with ...", "The name `adem` is not known; did you mean `adam`?"),
        ("TypeError", "Could not locate class 'RMSporp'. Make sure custom classes", "The name `RMSporp` is not known; did you mean `rmsprop`?"),
        ("ValueError", "Could not interpret optimizer identifier: 5", "The name `5` is not known."),
        ("ValueError", "Could not interpret loss identifier: sparse_categorical_crossentrpy", "The name `sparse_categorical_crossentrpy` is not known; did you mean `sparse_categorical_crossentropy`?"),
        ("ValueError", "Could not interpret metric identifier: acuracy", "The name `acuracy` is not known; did you mean `accuracy`?"),
        ("ValueError", "Expected `metrics` argument to be a list, tuple, or dict. Received instead: metrics=accuracy of type <class 'str'>", "metrics is a list: write metrics=['accuracy'], with brackets."),
        ("ValueError", "Input 0 of layer \"dense\" is incompatible with the layer: expected axis -1 of input shape to have value 784", "The data don't have the shape"),
        ("NameError", "name 'modle' is not defined", "`modle` does not exist (yet)"),
        ("NotImplementedError", "", "This cell is still empty"),
        ("NotImplementedError", "Every strategy of its own needs this.", ""),
        ("ValueError", "You must call `compile()` before calling `fit()`.", "Call compile() before fit() or evaluate()."),
        ("ZeroDivisionError", "division by zero", ""),
    ],
)  # fmt: skip
def test_an_exception_gets_the_hint_that_fits(error, message, hint):
    found = for_error(error, message)
    assert found.startswith(hint) and bool(found) == bool(hint)


def test_a_name_of_another_kind_is_never_called_unknown():
    tried = 0
    for word, asked in KINDS.items():
        for kind in BELONGS:
            for name in {*keras_names.known(kind), *keras_names.spellings(kind)} - {*keras_names.spellings(asked)}:
                if keras_names.canonical(asked, name) or not keras_names.canonical(kind, name):
                    continue
                hint = for_error("ValueError", f"Could not interpret {word} identifier: {name}")
                assert hint.startswith(f"`{name}` is a") and f"{word}:" not in hint, (word, name, hint)
                tried += 1
    assert tried > 1000


def test_the_nearest_name_is_near():
    assert nearest("sigmiod", ["relu", "sigmoid", "softmax"]) == "sigmoid"
    assert nearest("xyz", ["relu", "sigmoid"]) == ""


def test_what_there_is_reads_on_within_a_sentence_and_begins_one_by_itself():
    """`meant` is a sentence; a call whose words become a part of another one asks `meant_inside`."""
    inside = []
    for file in sorted((ROOT / "autograder").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            parts = (
                node.keywords if isinstance(node, ast.Call) else node.values if isinstance(node, ast.JoinedStr) else []
            )
            called = [one.value for one in parts if isinstance(getattr(one, "value", None), ast.Call)]
            inside += [f"{file.name}:{one.lineno}" for one in called if getattr(one.func, "id", "") == "meant"]
    assert not inside
    assert (
        meant("zzz", ["one", "two"]) == "There are one, two."
        and meant_inside("zzz", ["one", "two"]) == "there are one, two"
    )
    assert meant("ona", ["one"]) == meant_inside("ona", ["one"]) == "did you mean 'one'?"
