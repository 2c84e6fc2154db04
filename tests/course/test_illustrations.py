"""What a cell makes and what others need is read from the code: in doubt, an illustration runs."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.common.cells import mark
from autograder.common.errors import ReleaseError
from autograder.course.illustrations import EVERY, TAG, left_out, made, mistakes, needed
from autograder.course.source_notebook import source_notebook
from tests.authoring.test_release import code, make, source

FIGURE = "fig, axes = plt.subplots(2)\nfor axis in axes:\n    axis.plot(results)\nplt.show()"
MADE = {
    FIGURE: {"fig", "axes", "axis"},
    "import numpy as np, os.path\nfrom a import b as c": {"np", "os", "c"},
    "def f(x):\n    y = x\n    return y\nclass C:\n    z = 1": {"f", "C"},
    "def f():\n    global count\n    count = 1": {"f", "count"},
    "with open(a) as file:\n    [i for i in file]": {"file"},
    "try:\n    pass\nexcept ValueError as error:\n    del x": {"error", "x"},
    "print(n := 3)\n[(m := i) for i in r]": {"n", "m"},
    "lambda a: (b := a)": set(),
    "for i, (j, *k) in x: pass": {"i", "j", "k"},
    "%matplotlib inline": {"matplotlib", "inline"},
}
NEEDED = {
    FIGURE: {"plt", "results"},
    "x = 1\nx + y": {"y"},
    "x += 1": {"x"},
    "x = x + 1": {"x"},
    "if a:\n    x = 1\nx": {"a", "x"},  # perhaps
    "for i in r:\n    s = i\ns": {"r", "s"},
    "def f(a, b=c):\n    d = a\n    return d + e": {"c", "e"},
    "@wrap\ndef f():\n    global g\n    g = g + 1": {"wrap", "g"},
    "[i + k for i in r for j in i]": {"r", "k"},
    "lambda a, *b, c=d: a + b + e": {"d", "e"},
    "with open(p) as file:\n    file.read()": {"open", "p"},
    "import a.b as c\nc.d(e)": {"e"},
    "del x": {"x"},
    "model.layers[0].units = n": {"model", "n"},
    "f'{value:{width}}'": {"value", "width"},
    "match point:\n    case Point(x=0): hit": {"point", "Point", "hit"},
}  # fmt: skip


@pytest.mark.parametrize(("text", "names"), MADE.items())
def test_what_a_cell_makes(text, names):
    assert made(text) == names


@pytest.mark.parametrize(("text", "names"), NEEDED.items())
def test_what_a_cell_needs(text, names):
    assert needed(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "globals()['x']",
        "eval('x')",
        "get_ipython().user_ns",
        "In[3]",
        "%who",
        "!ls $x",
        "x?",
        "import sys\nsys.modules",
    ],
)
def test_code_that_finds_names_by_their_text_may_need_any(text):
    assert EVERY in needed(text)


def test_what_is_no_python_may_need_each_of_its_words():
    assert {"axes", "fig"} <= needed("plot(axes, fig")


def notebook(*cells):
    """Of sources: what begins with `#!` is tagged."""
    made_cells = []
    for number, text in enumerate(cells):
        cell = new_code_cell(text.removeprefix("#!"), id=f"c{number}")
        if text.startswith("#!"):
            cell.metadata["tags"] = [TAG]
        made_cells.append(cell)
    return new_notebook(cells=made_cells)


RELEASED = ("results = run()", f"#!{FIGURE}", "answer = 0", f"#!{FIGURE}\naxes[0].grid()")


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, {1, 3}),
        ({2: "axes = 3\nanswer = axes"}, {1, 3}),  # a name of its own
        ({2: "answer = axes.size"}, {3}),
        ({2: "def later():\n    return fig\nanswer = later"}, {3}),
        ({2: "answer = globals()"}, {3}),
        ({2: "answer = ("}, {1, 3}),
        ({2: "answer = (axes"}, {3}),
        ({0: "results = axes"}, {1, 3}),  # before
        ({1: FIGURE + "  # mine"}, {3}),
        ({3: FIGURE}, {1}),  # a copy is the student's
        ({1: "answer = 1"}, {3}),
    ],
)
def test_what_a_student_wrote_runs_and_what_it_needs(changes, left):
    released = notebook(*RELEASED)
    submitted = copy.deepcopy(released)
    for place, text in changes.items():
        submitted.cells[place].source = text
    for cell in submitted.cells:
        cell.metadata.clear()  # as editors may
    assert left_out(submitted, released) == left


def test_tags_of_the_submission_mean_nothing():
    released = notebook("results = run()", "answer = 0")
    assert left_out(notebook("#!results = run()", "#!answer = 0"), released) == frozenset()


def test_an_illustration_that_only_another_one_needs_is_left_out_with_it():
    released = notebook("#!names = ['a']", "#!print(names)", "answer = 0")
    assert left_out(released, released) == {0, 1}
    submitted = copy.deepcopy(released)
    submitted.cells[1].source = "print(names, 'mine')"
    assert left_out(submitted, released) == frozenset()


MISTAKES = {
    "needed": (("#!x = 1", "print(x)"), "a later cell needs what it makes (x)"),
    "maybe needed": (("#!x = 1", "globals()"), "a later cell needs what it makes (*)"),
    "magic": (("#!%matplotlib inline",), "it is no plain Python"),
    "an attribute": (("#!plt.rcParams['x'] = 1",), "it changes 'plt'"),
    "an element": (("#!images[0] = 0",), "it changes 'images'"),
    "a method": (("#!model.fit(x)",), "it changes 'model'"),
    "deep": (("#!model.layers[0].kernel.append(2)",), "it changes 'model'"),
    "deleted": (("#!del images",), "it changes 'images'"),
}


@pytest.mark.parametrize(("cells", "why"), MISTAKES.values(), ids=MISTAKES)
def test_a_tag_is_refused_where_something_hangs_on_the_cell(cells, why):
    ((place, said),) = mistakes(notebook(*cells))
    assert place == 0 and why in said


def test_a_cell_may_change_what_it_made_itself():
    assert not list(
        mistakes(notebook("#!few = make()\nfew.fit(x)\nlosses = []\nlosses.append(few)\nlosses[0] = 1", "answer = 0"))
    )


def test_release_names_the_cell_and_the_remedy(tmp_path):
    document = source()
    document.cells.insert(0, code("figure", "value = 3"))
    document.cells[0].metadata["tags"] = [TAG]
    document.cells.append(code("later", "print(value)"))
    course = make(tmp_path, document)
    with pytest.raises(
        ReleaseError, match="cell figure: it is tagged 'illustration', and a later cell needs what it makes"
    ) as caught:
        source_notebook(course, "first")
    assert "Take the tag away" in caught.value.remedy


def test_answers_and_tests_are_no_illustrations():
    tagged = notebook("#!answer = 0")
    mark(tagged.cells[0], "q-answer", solution=True)
    assert [why for _place, why in mistakes(tagged)] == ["students write in it, or it is worth points"]
    assert left_out(tagged, tagged) == frozenset()
    text = new_notebook(cells=[new_markdown_cell("x")])
    text.cells[0].metadata["tags"] = [TAG]
    assert not list(mistakes(text))
