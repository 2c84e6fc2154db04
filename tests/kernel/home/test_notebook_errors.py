"""A line below a cell that failed, in the notebook's language: run in IPython's own shell, as a notebook runs."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from autograder.kernel.home.notebook_errors import NotebookErrors

CELLS = {
    "import": "import keras\nimport numpy as np\nfrom autograder import check",
    "unanswered": "# YOUR CODE HERE\nraise NotImplementedError()",
    "not run": 'check("two_layer.model", model, dense1=dense1, dense2=dense2)',
    "dense2 alone": "dense2 = keras.layers.Dense(10, activation='softmax')",
    "dense1 missing": 'check("two_layer.model", dense1=dense1, dense2=dense2)',
    "mistyped": "dens1 = keras.layers.Dense(100, activation='sigmoid')",
    "asked": 'check("two_layer.model", dense1=dense1, dense2=dense2)',
    "keras": "keras.layers.Dense(10, activation='oftmasx')",
    "keras again": 'check("two_layer.formula", lambda inputs, units: 3)',
    "later": 'check("two_layer.formula", lambda inputs, units: 3)',
    "syntax": "x = (1, 2",
    "mistyped elsewhere": "print(dense3s)\n",
    "unexplained": "1 / 0",
    "frames": "m = keras.Sequential([keras.layers.Dense(3)])\nm.fit(np.ones((4, 2)), np.ones(4))",
    "echo": 'check("two_layer.formula", lambda inputs, units: inputs * units + units)',
    "returned": 'assert check("two_layer.formula", lambda inputs, units: inputs * units + units) == 0.5',
}
SESSION = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="NoColor")
said = {}
for name, cell in json.loads(sys.argv[1]).items():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        shell.run_cell(cell, store_history=True)
    said[name] = printed.getvalue()
json.dump(said, open("said.json", "w"))
"""


@pytest.fixture(scope="module", params=["en", "ko"])
def said(request, course, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    text = yaml.safe_dump(course.public("two_layer", request.param), allow_unicode=True, sort_keys=False)
    (folder / "checks.yml").write_text(text, "utf-8")
    own = {key: value for key, value in os.environ.items() if not key.startswith("AUTOGRADER_")}
    done = subprocess.run(
        [sys.executable, "-c", SESSION, json.dumps(CELLS)], cwd=folder, capture_output=True, text=True,
        env={**own, "IPYTHONDIR": str(folder), "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return request.param, json.loads((folder / "said.json").read_text())


def last(text):
    return text.rstrip().splitlines()[-1]


ENGLISH = {
    "unanswered": "Hint: This cell is still empty: replace `raise NotImplementedError()` by your own code.",
    "not run": "Hint: `model` is made in an answer cell above: run that cell first.",
    "dense1 missing": "Hint: `dense1` is made in an answer cell above: run that cell first.",
    "asked": "Hint: `dense1` does not exist, but `dens1` does: is one of them mistyped?",
    "keras": "Hint: The activation name `oftmasx` is not known; did you mean `softmax`?",
    "syntax": "Hint: A bracket is open or one too many: count them in this line.",
    "frames": "Hint: Call compile() before fit() or evaluate().",
}


def test_a_failing_cell_is_explained_in_one_line_in_the_notebooks_language(said):
    language, text = said
    for name, sentence in ENGLISH.items():
        if language == "en":
            assert last(text[name]) == sentence
        else:
            assert last(text[name]).startswith("힌트: ") and "Hint" not in text[name]


def test_what_nobody_can_explain_is_left_as_it_is(said):
    _language, text = said
    assert last(text["unexplained"]) == "ZeroDivisionError: division by zero"


def test_an_error_stands_above_the_table_only_right_after_the_cell_that_raised(said):
    language, text = said
    raised = "The cell just before raised ValueError." if language == "en" else "ValueError"
    assert raised in text["keras again"] and "softmax" in text["keras again"]
    assert raised not in text["later"] and "softmax" not in text["later"]


def test_tracebacks_show_no_frame_of_ours(said):
    _language, text = said
    assert "ValueError" in text["frames"] and "autograder" not in text["frames"]


def test_jupyter_writes_no_number_below_the_table(said):
    _language, text = said
    assert "two_layer.formula" in text["echo"]
    assert (
        text["echo"].partition("Out[")[2].partition("]: ")[2].strip() == ""
    )  # the prompt is IPython's in a terminal alone
    assert "AssertionError" not in text["returned"]


def test_a_hint_that_fails_is_no_error_more(capsys):
    class Result:
        error_in_exec, error_before_exec = NameError("name 'x' is not defined"), None

    def broken():
        raise RuntimeError("no language")

    errors = NotebookErrors(broken)
    errors._after(Result())
    assert isinstance(errors.last, NameError) and capsys.readouterr().out == ""
