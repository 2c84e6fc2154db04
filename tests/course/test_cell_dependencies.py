"""Which cells need which: names, entries of dictionaries, methods that change what they are called on."""

import nbformat
import pytest

from autograder.course.cell_dependencies import following, meet, uses


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("a = b + 1", {"b"}, {"a"}),
        ("import numpy as np\nx = np.sin(y)", {"np", "y"}, {"np", "x"}),
        ("def f(z):\n    w = z + outer\n    return w", {"outer"}, {"f"}),
        ("[q for q in rows]", {"rows"}, set()),
        ("models['sgd'] = train('sgd')", {"train"}, {"models['sgd']"}),
        ("models['sgd'].fit(x)", {"models['sgd']", "x"}, {"models['sgd']"}),
        ("model.compile(loss='mse')", {"model"}, {"model"}),
        ("model.seed = 1", {"model"}, {"model"}),
        ("total += 1", {"total"}, {"total"}),
        ("%matplotlib inline\n!pip install x\na = b", {"b"}, {"a"}),
        ("this is no Python", set(), set()),
    ],
)
def test_what_a_cell_reads_and_what_it_writes(source, reads, writes):
    found = uses(source)
    assert (set(found.reads), set(found.writes)) == (reads, writes)


def test_what_is_given_to_a_function_of_the_notebook_may_be_changed():
    assert "net" in uses("train(net)", frozenset({"train"})).writes
    assert "net" not in uses("print(net)", frozenset({"train"})).writes


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("m", "m", True),
        ("m", "m['a']", True),
        ("m['a']", "m", True),
        ("m['a']", "m['b']", False),
        ("m", "n", False),
    ],
)
def test_entries_of_a_dictionary_are_parts_of_it(one, other, same):
    assert meet(one, other) is same


def notebook(*cells):
    made = nbformat.v4.new_notebook()
    for kind, name, source in cells:
        cell = nbformat.v4.new_code_cell(source)
        if kind != "given":
            cell.metadata["nbgrader"] = {"grade": kind == "check", "solution": kind == "answer", "grade_id": name}
        made.cells.append(cell)
    return made


def test_questions_that_need_an_answer_follow_it_through_others():
    made = notebook(
        ("given", "", "import lib\nmodels = {}"),
        ("answer", "a-answer", "model = lib.make()"), ("check", "a", "check('x.a', model)"),
        ("answer", "b-answer", "models['b'] = 3"), ("check", "b", "check('x.b', models['b'])"),
        ("answer", "c-answer", "score = model.score()"), ("check", "c", "check('x.c', score)"),
        ("answer", "d-answer", "best = max(models)"), ("check", "d", "check('x.d', best)"),
        ("answer", "e-answer", "twice = 2 * score"), ("check", "e", "check('x.e', twice)"),
    )  # fmt: skip
    assert following(made, "a") == {"c", "e"}
    assert following(made, "b") == {"d"}
    assert following(made, "e") == set()
