"""Illustrations of the release are left out while grading: the report is the same, byte for byte, and what a student wrote always runs."""

from types import SimpleNamespace

import nbformat
import pytest

from autograder.authoring.solved_notebooks import solved
from autograder.common.cells import is_answer
from autograder.course import illustrations
from autograder.course.released_notebook import released_notebook
from autograder.worker.grading import LEFT_OUT, _figures, grade
from autograder.worker.task import Task
from tests.conftest import ROOT

ASSIGNMENTS = sorted(
    path.name for path in (ROOT / "solutions").iterdir() if path.is_dir() and not path.name.startswith("_")
)


def _broken(course, assignment):
    """The solution whose second answer raises: what is drawn of it fails, too."""
    notebook = solved(course, assignment)
    answers = [cell for cell in notebook.cells if cell.cell_type == "code" and is_answer(cell)]
    answers[1].source = "raise ValueError('not yet')"
    return notebook


NOTEBOOKS = {"solved": solved, "released": released_notebook, "broken": _broken}


@pytest.mark.slow
@pytest.mark.parametrize("kind", NOTEBOOKS)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_report_is_the_same_with_and_without_illustrations(assignment, kind, course, bench, sandbox):
    notebook = NOTEBOOKS[kind](course, assignment)
    content = nbformat.writes(notebook).encode()
    every, fewer = (
        grade(Task("student", assignment, "0", course, "bubblewrap", all_cells=all_cells), content, bench, sandbox)
        for all_cells in (True, False)
    )
    assert fewer.report.to_json() == every.report.to_json()
    assert kind != "solved" or fewer.report.points == fewer.report.out_of
    left = [
        cell
        for cell in fewer.notebook.cells
        if illustrations.is_tagged(cell) or LEFT_OUT in str(cell.get("outputs", ""))
    ]
    tagged = {cell.source for cell in released_notebook(course, assignment).cells if illustrations.is_tagged(cell)}
    assert {cell.source for cell in left} == tagged and tagged
    counts = [[cell.get("execution_count") for cell in graded.notebook.cells] for graded in (every, fewer)]
    assert counts[0] == counts[1]
    assert not any(LEFT_OUT in str(cell.get("outputs", "")) for cell in every.notebook.cells)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "x = " + "-" * 200_000 + "1",
        "x = " + "[" * 5_000 + "]" * 5_000,
        "\0",
        "a" + ".a" * 100_000,
        "x\n" * 200_000,
    ],
)
def test_code_that_can_t_be_read_ends_nothing_and_others_stay_left_out_or_run(text):
    released = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("plt.show()", metadata={"tags": ["illustration"]})]
    )
    submitted = nbformat.v4.new_notebook(cells=[*released.cells, nbformat.v4.new_code_cell(text)])
    assert _figures(submitted, SimpleNamespace(released=released)) in (frozenset(), frozenset({0}))
