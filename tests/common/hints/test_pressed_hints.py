"""Which hints were pressed: kept in the notebook that is handed in, and read from it without faith."""

import json
import subprocess
import sys

import nbformat
import pytest

from autograder.common.hints.pressed_hints import KEY, pressed

CELL = """
import sys
import ipykernel.kernelapp
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

shell = InteractiveShell.instance()
with capture_output() as captured:
    shell.run_cell("from autograder.common.hints.pressed_hints import show_hint\\nshow_hint('a.b', '<b>T', 2, ('x', '<i>`code`'))")
import json
print(json.dumps([[output.data, output.metadata] for output in captured.outputs]))
"""


def notebook(*entries):
    cells = [
        nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", metadata=entry)]) for entry in entries
    ]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(), *cells])


def test_a_shown_hint_is_remembered_in_the_output_that_shows_it():
    done = subprocess.run([sys.executable, "-c", CELL], capture_output=True, text=True, check=True)
    ((data, metadata),) = json.loads(done.stdout.splitlines()[-1])
    assert "Hint 2 of 2" in data["text/plain"] and "&lt;i&gt;<code>code</code>" in data["text/html"]
    assert pressed(notebook(metadata)) == {"a.b": 2}


def test_the_furthest_hint_of_a_question_counts():
    entries = [{KEY: {"question": "a.b", "number": n}} for n in (1, 3, 2)]
    assert pressed(notebook(*entries, {KEY: {"question": "a.c", "number": 1}})) == {"a.b": 3, "a.c": 1}


@pytest.mark.parametrize(
    "entry",
    [None, 3, [], {}, {"question": "a.b"}, {"question": 1, "number": 1}, {"question": "a.b", "number": 99}, {"question": "a.b", "number": True},
     {"question": "x" * 10_000, "number": 1}],
)  # fmt: skip
def test_what_a_student_wrote_there_instead_counts_nothing(entry):
    assert (
        pressed(
            {"cells": [{"outputs": [{"metadata": {KEY: entry}}]}, {"outputs": [3]}, 4, {"outputs": [{"metadata": 5}]}]}
        )
        == {}
    )
