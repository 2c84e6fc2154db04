"""One sandbox for all tests of this folder: its parent takes some ten seconds to start.

Without bubblewrap these tests fail: a sandbox that was never tried is no sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course.course import Limits
from autograder.sandbox.host import Sandbox
from autograder.sandbox.run_notebook import Run, run_notebook

LIMITS = Limits(
    cell_seconds=60, notebook_seconds=120, memory_mb=2500, processes=150, open_files=256, file_mb=48, scratch_mb=64,
    output_kb=64,
)  # fmt: skip


def notebook(*cells: str) -> NotebookNode:
    nb = nbformat.v4.new_notebook()
    nb.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return nb


def printed(cell: NotebookNode) -> str:
    """Everything that a cell shows, errors by name."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}")
        else:
            parts.append(output.get("text") or output.data.get("text/plain", ""))
    return "\n".join(parts).strip()


class Tried:
    """A notebook after its run: `run` and what each cell shows."""

    def __init__(self, sandbox: Sandbox, cells: tuple[str, ...], settings: dict[str, Any]) -> None:
        self.nb = notebook(*cells)
        self.run: Run = run_notebook(self.nb, sandbox, **settings)
        self.shown = [printed(cell) for cell in self.nb.cells]

    @property
    def limits(self) -> list[str]:
        return [broken.limit for broken in self.run.breaks]


Try = Callable[..., Tried]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("bubblewrap", LIMITS) as sandbox:
        sandbox.start()
        yield sandbox


@pytest.fixture(scope="session")
def flat() -> Iterator[Sandbox]:
    """As on systems that allow no namespace within a namespace."""
    with Sandbox("bubblewrap", LIMITS, preload=False, nested=False) as sandbox:
        yield sandbox


@pytest.fixture
def attempt(sandbox: Sandbox) -> Try:
    return lambda *cells, **settings: Tried(sandbox, cells, settings)


@pytest.fixture
def attempt_flat(flat: Sandbox) -> Try:
    return lambda *cells, **settings: Tried(flat, cells, settings)
