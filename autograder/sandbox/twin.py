"""The sandbox's twin for fast unit tests: the same calls, no wall, no kernel, no other process.

Cells are executed in this process with ``exec``. It is for notebooks that the tests wrote themselves, and knows only the
limits that can be kept without another process: output, and time between two cells.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from unittest import mock

import nbformat
from nbformat import NotebookNode

from autograder.course import Limits
from autograder.sandbox import outputs
from autograder.sandbox.run import CUT, DIED_ALONE, NOTEBOOK_STOPPED, Break, Run


class TwinSandbox:
    """Stands in for `host.Sandbox` where only its folders and limits are used."""

    isolation: Literal["none"] = "none"
    namespaces = False
    starts = 0

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-")
        self.run_folder = Path(self._folder.name)
        self.inner_run_folder = self._folder.name
        self.resets = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        pass

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self._folder.cleanup()


def run_notebook(
    nb: NotebookNode,
    sandbox: TwinSandbox,
    *,
    environment: Mapping[str, str] | None = None,
    cell_seconds: float | None = None,
    notebook_seconds: float | None = None,
    output_bytes: int | None = None,
    on_cell: Callable[[int], None] | None = None,
) -> Run:
    """Like `run.run_notebook`. A cell that raises SystemExit with an int counts as the end of the kernel."""
    started = time.monotonic()
    seconds = sandbox.limits.notebook_seconds if notebook_seconds is None else notebook_seconds
    room = sandbox.limits.output_kb * 1024 if output_bytes is None else output_bytes
    names: dict[str, Any] = {"__name__": "__main__"}
    breaks: list[Break] = []
    executed, finished, died = 0, True, False
    with mock.patch.dict(os.environ, environment or {}), _scratch():
        for index, cell in enumerate(nb.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            if on_cell is not None:
                on_cell(index)
            cell.outputs, cell.execution_count = [], executed + 1
            code = _execute(cell, names)
            printed = sum(outputs.size(output) for output in cell.outputs)
            if printed > room:
                _cut(cell, room)
                breaks.append(_note(index, cell, "output", CUT, kilobytes=sandbox.limits.output_kb))
            room = max(0, room - printed)
            if code is not None:
                died = True
                breaks.append(_note(index, cell, "kernel", DIED_ALONE, code=code))
            elif time.monotonic() - started > seconds:
                breaks.append(_note(index, cell, "notebook_seconds", NOTEBOOK_STOPPED, seconds=seconds))
            if code is not None or time.monotonic() - started > seconds:
                finished = False
                break
            executed += 1
    sandbox.reset()
    return Run(tuple(breaks), executed, died, finished, time.monotonic() - started)


@contextlib.contextmanager
def _scratch() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield


def _note(index: int, cell: NotebookNode, limit: str, template: str, **values: Any) -> Break:
    sentence = template.format(number=index + 1, **values)
    outputs.note(cell, sentence)
    return Break(index, limit, sentence)


def _cut(cell: NotebookNode, room: int) -> None:
    cell.outputs = [output for output in cell.outputs if output.output_type == "stream"][:1]
    for output in cell.outputs:
        output.text = output.text[:room]


def _execute(cell: NotebookNode, names: dict[str, Any]) -> int | None:
    """Run one cell; an exit code when it ended "the kernel"."""
    printed, value = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(printed):
            tree = ast.parse(cell.source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<cell>", "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    except SystemExit as error:
        if isinstance(error.code, int):
            return error.code
    except Exception as error:
        lines = traceback.format_exception(error)
        cell.outputs.append(
            nbformat.v4.new_output("error", ename=type(error).__name__, evalue=str(error), traceback=lines)
        )
    if value is not None:
        data = {"text/plain": repr(value)}
        cell.outputs.append(nbformat.v4.new_output("execute_result", data=data, execution_count=cell.execution_count))
    if printed.getvalue():
        text = outputs.as_shown(printed.getvalue())
        cell.outputs.insert(0, nbformat.v4.new_output("stream", name="stdout", text=text))
    return None
