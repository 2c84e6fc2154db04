"""Rewriters: what they turn code into is other code, the same for the same seed, and of the same value where they promise it."""

import ast
import collections
import contextlib
import enum
import functools
import random
import weakref
from decimal import Decimal
from fractions import Fraction

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from autograder.authoring.verify.rewriting import Source, rewrite, versions
from autograder.authoring.verify.slips import MISTAKES
from autograder.authoring.verify.slips.requirements import STATEMENTS, same
from autograder.authoring.verify.slips.trainings import fingerprint
from autograder.authoring.verify.slips.unseen_by_visible_cases import blind
from autograder.authoring.verify.spellings import REWRITERS
from autograder.authoring.verify.spellings.arrays import ARRAYS, labels_kind
from autograder.authoring.verify.spellings.holding import HOLDING
from autograder.authoring.verify.spellings.layout import LAYOUT, line_magics
from autograder.authoring.verify.spellings.values import VALUES, few_bits
from autograder.course.checks.registry import TYPES
from autograder.course.course import Question
from autograder.kernel.describing.describe import describe
from tests.later import keras, tf

CODE = '''
def relu(z):
    """Bend."""
    return np.maximum(z, 0)

def step(w, g):
    return w - g

count = 784 * 100 + 100
total = 28 * 28
rate = 0.1
name = "softmax"
shape = (None, 100)
shapes = [(784, 100), (100,)]
same = count == 78500
chosen = 1 if same else 2
flat = chosen == 1
scaled = images.reshape(-1, 4) / 255.0
product = matrix @ matrix
classes = np.argmax(scaled, axis=1)
share = np.mean(classes == 1)
train_input, val_input, train_target, val_target = train_test_split(scaled, labels, test_size=0.5, random_state=42)
model = keras.Sequential([keras.Input(shape=(4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(2)])
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
other.compile(optimizer="sgd", loss="mse")
third.compile(optimizer=keras.optimizers.SGD(), loss="mse")
model.fit(train_input, train_target, epochs=5)
val_loss, val_accuracy = model.evaluate(val_input, val_target)
for kind in ("sgd", "adam"):
    other = fresh()
    others[kind] = other
best = max(others, key=others.get)

first = fresh()
second = fresh()
kinds = {"sgd": keras.optimizers.SGD(), "adam": keras.optimizers.Adam()}
length = np.sqrt(count)

def counts(classes):
    found = np.zeros(3)
    for one in classes:
        found[one] += 1
    return found
'''
PLAIN = CODE.partition("train_input,")[0]


def names():
    return {
        "np": np,
        "keras": keras,
        "pd": pd,
        "tf": tf,
        "collections": collections,
        "contextlib": contextlib,
        "enum": enum,
        "functools": functools,
        "Fraction": Fraction,
        "Decimal": Decimal,
        "images": np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
        "matrix": np.arange(4.0).reshape(2, 2),
    }


@pytest.mark.parametrize("rewriter", [*REWRITERS, *MISTAKES], ids=lambda one: one.name)
def test_every_rewriter_finds_something_to_change_and_writes_python(rewriter):
    made = {rewrite(CODE, rewriter, random.Random(seed)) for seed in range(8)} - {None}
    assert made and ast.unparse(ast.parse(CODE)) not in made
    for source in made:
        ast.parse(source)


@pytest.mark.parametrize("rewriter", [*VALUES, *ARRAYS, *LAYOUT, *HOLDING], ids=lambda one: one.name)
def test_what_python_and_numpy_hold_equal_is_equal(rewriter):
    right = names()
    exec(PLAIN, right)
    for seed in range(30):
        source = rewrite(PLAIN, rewriter, random.Random(seed))
        if source is None or "12000" in source:
            continue
        other = names()
        exec(source, other)
        for name in ("count", "total", "name", "same", "chosen", "flat", "scaled", "product", "classes", "share"):
            if name == "name":
                assert right[name] == other[name], source
            else:
                assert np.allclose(right[name], np.asarray(other[name], float)), source
        assert [list(one) for one in other["shapes"]] == [[784, 100], [100]]
        assert np.array_equal(other["relu"](np.array([-1.0, 2.0])), [0, 2])


@pytest.mark.parametrize("decimal", [0.0, 0.1, 0.01, 0.001, 0.95, 0.999, 1e-7, 0.8705])
def test_a_number_of_whatever_bits_is_handed_in_as_the_decimal_that_it_stands_for(decimal):
    for source in {rewrite(f"rate = {decimal}", few_bits, random.Random(seed)) for seed in range(60)}:
        made = names()
        exec(source, made)
        assert describe(made["rate"]).value == decimal, source


# Numbers and texts that other libraries take, which ask for a kind: named by the student, and by a rewriter, here and in the cell before.
GIVEN = {
    "split": ("half, seed = 0.5, 7\nshare = 0.25", "parts = train_test_split(np.arange(8), test_size=share, random_state=7)"),
    "forest": ("trees = 4\ncriterion = 'gini'", "model = RandomForestClassifier(n_estimators=trees, criterion=criterion, max_depth=2).fit(x, y)"),
    "logistic": ("strength = 0.5", "model = LogisticRegression(C=strength, max_iter=200, tol=0.01).fit(x, y)"),
    "neighbours": ("neighbours = 3", "model = KNeighborsClassifier(n_neighbors=neighbours, p=1).fit(x, y)"),
    "pandas": ("width = 2\ncolumns = ['a', 'b']", "frame = pd.DataFrame(np.eye(2), columns=columns).rolling(width, min_periods=1).mean()"),
    "slices": ("first = 2", "text = 'abc'[first:] * first"),
    "local": ("", "def half(values):\n    step = 2\n    return values[::step]\npart = half([1, 2, 3])"),
}  # fmt: skip


@pytest.mark.parametrize("before, code", GIVEN.values(), ids=GIVEN)
@pytest.mark.filterwarnings("ignore")
def test_what_other_code_reads_keeps_a_kind_that_it_takes(before, code):
    """Every version runs as the solution does: a library that refuses a kind of number has got no answer written otherwise."""
    cells = [before, code, "check('x.a', seed)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    for name, cell in zip(("before-answer", "a-answer", "a"), notebook.cells, strict=True):
        cell.metadata["nbgrader"] = {"grade": name == "a", "solution": name != "a", "grade_id": name}
    made = list(versions(Source.of(notebook), [*VALUES, *LAYOUT], range(60), "x", 5))
    assert len({tuple(sorted(one.changed.items())) for one in made}) > 20
    for one in made:
        run = {**names(), **sklearn_names(), "check": lambda *asked: None, "seed": 7}
        for cell in one.notebook(notebook).cells:
            exec("\n".join(line for line in cell.source.splitlines() if line[:1] not in "%!"), run)


def sklearn_names():
    x, y = np.arange(24.0).reshape(12, 2), np.arange(12) % 2
    return {"train_test_split": train_test_split, "RandomForestClassifier": RandomForestClassifier,
            "LogisticRegression": LogisticRegression, "KNeighborsClassifier": KNeighborsClassifier, "x": x, "y": y}  # fmt: skip


@pytest.fixture(scope="module")
def as_ipython_takes_it():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    assert "run_line_magic" in shell.prefilter_manager.prefilter_lines(
        "history: object = 3"
    )  # the fault that this is about
    return shell.prefilter_manager.prefilter_lines


@pytest.mark.parametrize("rewriter", REWRITERS, ids=lambda one: one.name)
def test_no_way_to_write_a_statement_is_a_command_of_ipython(rewriter, as_ipython_takes_it):
    assert len(line_magics()) > 50 and "history" in line_magics()
    for name in sorted(line_magics()):
        for value in ("model.fit(1)", "3", "(1, 2)", "[1, 2]", "'a'", "0.5", "True"):
            code = rewrite(f"{name} = {value}", rewriter, random.Random(name + value))
            assert code is None or as_ipython_takes_it(code) == code


def test_the_same_seed_makes_the_same_version_whatever_else_is_tried():
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(CODE), nbformat.v4.new_code_cell("check('x.a', count)")]
    notebook.cells[0].metadata["nbgrader"] = {"grade": False, "solution": True, "grade_id": "a-answer"}
    notebook.cells[1].metadata["nbgrader"] = {"grade": True, "solution": False, "grade_id": "a"}
    source = Source.of(notebook)
    every = list(versions(source, REWRITERS, range(20), "x", 5))
    assert every[7] == next(versions(source, REWRITERS, [7], "x", 5))
    assert len({one.changed[0] for one in every}) > 15
    assert {1, 2, 3, 4, 5} <= {len(one.made_by) for one in every}
    assert all(len(one.made_by) == 1 for one in versions(source, MISTAKES, range(20), "x", 1))
    assert every[0].difference(notebook).startswith(("-", "+")) and every[0].notebook(notebook).cells[0].source == every[0].changed[0]  # fmt: skip


def test_every_type_of_check_has_its_requirement_stated_a_second_time():
    own = {name for name, kind in TYPES.items() if kind.__module__.startswith("autograder.")}
    assert own == set(STATEMENTS)


@pytest.mark.parametrize(
    "labels", [[0, 9], [0, 346], [0.5, 300.25], ["cat", "dog"]], ids=["classes", "large", "numbers", "texts"]
)
def test_labels_of_another_type_are_the_same_labels(labels):
    node = ast.parse("a, b, c, d = train_test_split(x, y)").body[0]
    seen = set()
    for seed in range(30):
        _split, given = labels_kind.change(node, random.Random(seed))
        names = {"np": np, "c": np.array(labels), "d": np.array(labels)}
        exec(ast.unparse(ast.fix_missing_locations(given)), names)
        assert names["c"].tolist() == names["d"].tolist() == labels
        seen |= {names["c"].dtype, names["d"].dtype}
    assert len(seen) > 1 or not isinstance(labels[0], int)


@pytest.mark.parametrize("other", [[np.zeros((2, 2)), np.zeros(2)], ["a", "b"], [None], {"a": 1}, np.zeros((2, 3))])
def test_whatever_a_mistake_makes_of_an_array_can_be_compared(other):
    assert not same(np.zeros((2, 2)), other) and not same([np.zeros((2, 2)), 1.0], [other, 1.0])
    assert same(np.zeros((2, 2)), [[0, 0], [0, 1e-9]])


@pytest.mark.parametrize(
    "make", [lambda: np.arange(12.0).reshape(3, 4), lambda: np.arange(12.0).reshape(3, 4).tolist()]
)
def test_what_arrays_look_like_is_known_again_and_keeps_none_of_them(make):
    images, labels = make(), np.array([1, 2, 3])
    first = fingerprint(images, labels)
    assert fingerprint(images, labels) == first != fingerprint(images, labels[::-1].copy())
    for columns in (labels[:, np.newaxis], np.eye(4)[labels]):  # as cifar10 has them; as vectors
        assert fingerprint(images, columns) != fingerprint(images, columns[::-1].copy())
    if isinstance(images, np.ndarray):
        gone = weakref.ref(images)
        del images
        assert gone() is None


FUNCTION = """
questions:
  share:
    title: Share
    points: 1
    checks:
      - {type: function, id: given, points: 0.5, cases: [CASES]}
      - {type: function, id: unseen, points: 0.5, hidden: true, title: Others, reference: "references.py:share", draws: 2,
         args: [{shape: [n], number: [1, 9]}, {number: [1, 9]}]}
"""


@pytest.mark.parametrize(
    ("cases", "kinds"),
    [
        ("{args: [[1.0], 1.0], returns: 1.0}", {"order", "half an operation", "forgotten call", "operation"}),
        ("{args: [[0.0], 0.0], returns: 3.0}", set()),
        ("{args: [[4.0, 5.0], 2.0], returns: 1.5}", set()),
    ],
)
def test_visible_cases_that_see_less_than_hidden_calls_are_found(cases, kinds):
    question = Question.model_validate(yaml.safe_load(FUNCTION.replace("CASES", cases))["questions"]["share"])
    notebook = nbformat.v4.new_notebook()
    code = "def share(numbers, whole):\n    return np.sqrt(sum(numbers)) / whole"
    notebook.cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("check('x.share', share)")]
    notebook.cells[0].metadata["nbgrader"] = {"grade": False, "solution": True, "grade_id": "share-answer"}
    notebook.cells[1].metadata["nbgrader"] = {"grade": True, "solution": False, "grade_id": "share"}
    tried = list(blind(Source.of(notebook), {"share": question}, {"np": np}))
    found = [version for version, places in tried if places]
    assert {place for _version, places in tried for place in places} <= {"share.given"}
    assert kinds <= {version.made_by[0].removeprefix("share: ") for version in found} or not found
    assert bool(found) == bool(kinds) and len(found) < len(tried), "those that are seen are tried too"


def test_what_was_changed_already_is_changed_again_to_code_of_the_same_value():
    """Whatever holds a value for a while may hold another one of these ways: functions, classes, loops, names of the notebook."""
    every = (*HOLDING, *VALUES, *LAYOUT)
    made_by = set()
    for seed in range(300):
        draw = random.Random(seed)
        source = "made = 'softmax'\n\ndef twice(x):\n    return 2 * x\n\nclass Own:\n    kind = 'relu'\n\n    def twice(self, x):\n        return 2 * x"
        for _again in range(4):
            rewriter = draw.choice(every if draw.random() < 0.3 else HOLDING)
            changed = rewrite(source, rewriter, draw)
            made_by |= {rewriter.name} if changed else set()
            source = changed or source
        run = names()
        exec("\n".join(line for line in source.splitlines() if line[:1] not in "%!"), run)
        assert (str(run["made"]), run["twice"](2), run["Own"].kind, run["Own"]().twice(2)) == (
            "softmax",
            4,
            "relu",
            4,
        ), source
    assert {"made in a function", "held elsewhere first", "globals()", "function as an object"} <= made_by
