"""The twin behaves like the sandbox where both can do the same."""

from __future__ import annotations

import pytest

from autograder.course import Limits
from autograder.sandbox import twin
from tests.sandbox.conftest import LIMITS, Try, notebook, printed

CELLS = ("x = 20", "print('hello')\nx + 1", "1 / 0", "import os; print(os.environ.get('PLACE'))", "def broken(:")


def test_the_twin_shows_what_a_kernel_shows(attempt: Try) -> None:
    real = attempt(*CELLS, environment={"PLACE": "here"})
    nb = notebook(*CELLS)
    with twin.TwinSandbox(LIMITS) as sandbox:
        run = twin.run_notebook(nb, sandbox, environment={"PLACE": "here"})
        assert sandbox.resets == 1
    shown = [printed(cell).replace("\n\n", "\n") for cell in nb.cells]
    assert shown[:4] == [text.replace("\n\n", "\n") for text in real.shown[:4]]
    assert shown[4].startswith("SyntaxError") and real.shown[4].startswith("SyntaxError")
    assert (run.breaks, run.executed, run.finished, run.died) == ((), 5, True, False)


def test_notebooks_share_nothing() -> None:
    with twin.TwinSandbox() as sandbox:
        twin.run_notebook(notebook("x = 1; open('left', 'w').close()"), sandbox)
        nb = notebook("import os; print(os.listdir())", "x")
        twin.run_notebook(nb, sandbox)
    assert printed(nb.cells[0]) == "[]" and printed(nb.cells[1]).startswith("NameError")


@pytest.mark.parametrize(
    ("cell", "limit"), [("raise SystemExit(3)", "kernel"), ("import time; time.sleep(0.2)", "notebook_seconds")]
)
def test_a_broken_limit_ends_the_notebook(cell: str, limit: str) -> None:
    with twin.TwinSandbox() as sandbox:
        run = twin.run_notebook(notebook(cell, "1"), sandbox, notebook_seconds=0.1)
    assert [broken.limit for broken in run.breaks] == [limit] and not run.finished


def test_output_is_cut() -> None:
    nb = notebook("print('x' * 10_000)", "1")
    with twin.TwinSandbox(Limits(output_kb=1)) as sandbox:
        run = twin.run_notebook(nb, sandbox)
    assert run.breaks[0].limit == "output" and len(printed(nb.cells[0])) < 1200 and run.finished
