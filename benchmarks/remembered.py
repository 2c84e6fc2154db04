"""Where the time of a notebook goes whose trainings are all known: ``python benchmarks/classroom.py --report``.

CPU-seconds, since wall time says little on a machine that does other things too: of each process, of the kernel by kind of cell (given by the
release, the student's, check cells, and what IPython does between them), and shares of the kernel's by whose code it is, told by cProfile.
"""

from __future__ import annotations

import base64
import json
import marshal
import os
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.solved_notebooks import solved
from autograder.common.cells import is_answer, is_check
from autograder.course.course import Course
from autograder.sandbox.host import Sandbox
from autograder.worker import grading
from autograder.worker.judge_process import JudgeProcess
from autograder.worker.task import Task

BEGIN = """
import time as _time
_begun, _cells = _time.process_time(), []
get_ipython().events.register("pre_run_cell", lambda info, _cells=_cells: _cells.append([_time.process_time()] * 2))
get_ipython().events.register("post_run_cell", lambda result, _cells=_cells: _cells and _cells[-1].__setitem__(1, _time.process_time()))
"""
PROFILE = "import cProfile as _profile\n_profile = _profile.Profile(_time.process_time)\n_profile.enable()\n"
END = """
import base64, json, marshal, zlib
_ended, _told = _time.process_time(), b""
if "_profile" in globals():
    _profile.disable(); _profile.create_stats(); _told = zlib.compress(marshal.dumps(_profile.stats))
print("@@", json.dumps([_begun, _cells, _ended, base64.b64encode(_told).decode()]), "@@")
"""
OWNERS = (
    ("autograder/", "ours"), ("keras/", "Keras"), ("tensorflow/", "TensorFlow"), ("matplotlib/", "matplotlib"), ("PIL/", "matplotlib"),
    ("numpy/", "NumPy, scikit-learn"), ("sklearn/", "NumPy, scikit-learn"), ("scipy/", "NumPy, scikit-learn"),
    ("IPython/", "IPython"), ("ipykernel/", "IPython"), ("zmq/", "IPython"), ("jupyter_client/", "IPython"), ("tornado/", "IPython"),
    ("traitlets/", "IPython"), ("/tmp/ipykernel", "the notebook's own lines"),
)  # fmt: skip


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _probed(profile: bool) -> Iterator[dict[str, Any]]:
    """Notebooks run meanwhile with a cell before and one behind that take the kernel's time; what they said of the last one."""
    told: dict[str, Any] = {}
    run_notebook = grading.run_notebook

    def probing(notebook: Any, sandbox: Sandbox, **options: Any) -> Any:
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
        end = nbformat.v4.new_code_cell(END)
        notebook.cells = [nbformat.v4.new_code_cell(BEGIN + PROFILE * profile), *notebook.cells, end]
        run = run_notebook(notebook, sandbox, **options, output_bytes=64 << 20)
        notebook.cells = notebook.cells[1:-1]
        said = "".join(output.get("text", "") for output in end.outputs)
        told["begun"], told["cells"], told["ended"], packed = json.loads(said.split("@@")[1])
        told["kinds"] = list(map(_kind, cells))
        told["stats"] = marshal.loads(zlib.decompress(base64.b64decode(packed))) if packed else {}
        return run

    grading.run_notebook = probing
    try:
        yield told
    finally:
        grading.run_notebook = run_notebook


def _kind(cell: Any) -> str:
    if is_check(cell):
        return "check cells"
    return "student's cells" if is_answer(cell) else "given cells"


def _owner(place: tuple[str, int, str], callers: dict[Any, Any]) -> Iterator[tuple[str, float]]:
    """Whose the time of a function is; that of one written in C is its callers'."""
    if place[0] == "~":
        for caller, (_calls, _primitive, own, _all) in callers.items():
            yield _of_path(caller[0]), own
    else:
        yield _of_path(place[0]), 1.0


def _of_path(path: str) -> str:
    found = [(path.rfind(mark), owner) for mark, owner in OWNERS if mark in path]
    return max(found)[1] if found else "Python's library, and others"


def _shares(stats: dict[Any, Any]) -> Counter[str]:
    seconds: Counter[str] = Counter()
    for place, (_calls, _primitive, own, _all, callers) in stats.items():
        owners = list(_owner(place, callers))
        whole = sum(weight for _owner, weight in owners) or 1.0
        for owner, weight in owners:
            seconds[owner] += own * weight / whole
    return seconds


def _once(task: Task, content: bytes, bench: JudgeProcess, sandbox: Sandbox, told: dict[str, Any]) -> dict[str, float]:
    assert bench._process is not None
    judge, children, worker = _cpu(bench._process.pid), sum(os.times()[2:4]), time.process_time()
    graded = grading.grade(task, content, bench, sandbox)
    cells = dict.fromkeys(("given cells", "student's cells", "check cells"), 0.0)
    for kind, (begun, ended) in zip(told["kinds"], told["cells"], strict=False):
        cells[kind] += ended - begun
    kernel = told["ended"] - told["begun"]
    return {
        "kernel's start": told["begun"], **cells, "between cells": kernel - sum(cells.values()),
        "judge": _cpu(bench._process.pid) - judge, "worker": time.process_time() - worker,
        "worker's helpers": sum(os.times()[2:4]) - children, "trained": graded.trained,
    }  # fmt: skip


def report(course: Course, assignments: tuple[str, ...], memo: Path, repeat: int = 5) -> dict[str, Any]:
    """CPU-seconds of each solution, the median of `repeat` runs after two that fill the memo and warm the judge."""
    outcome: dict[str, Any] = {}
    with (
        JudgeProcess(course.root / "course.yml", memo) as bench,
        Sandbox.of(course) as sandbox,
    ):
        bench.wait()
        for name in assignments:
            content = nbformat.writes(solved(course, name)).encode()
            task = Task("solution", name, "0" * 64, course, course.isolation)
            with _probed(False) as told:
                runs = [_once(task, content, bench, sandbox, told) for _number in range(repeat + 2)][2:]
            with _probed(True) as told:
                _once(task, content, bench, sandbox, told)
            seconds = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
            outcome[name] = {"seconds": seconds, "shares": dict(_shares(told["stats"]))}
    return outcome


def shown(outcome: dict[str, Any]) -> str:
    """Both tables, in Markdown."""
    names = list(outcome)
    parts = [part for part in outcome[names[0]]["seconds"] if part != "trained"]
    lines = [f"| CPU-seconds | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    lines += [f"| {part} | " + " | ".join(f"{outcome[n]['seconds'][part]:.3f}" for n in names) + " |" for part in parts]
    lines.append(
        "| in all | " + " | ".join(f"{sum(outcome[n]['seconds'][p] for p in parts):.3f}" for n in names) + " |"
    )
    lines += ["", f"| the kernel's, by whose code | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    owners = Counter({owner: 0.0 for n in names for owner in outcome[n]["shares"]})
    for name in names:
        owners.update(outcome[name]["shares"])
    for owner, _seconds in owners.most_common():
        shares = (outcome[n]["shares"].get(owner, 0.0) / sum(outcome[n]["shares"].values()) for n in names)
        lines.append(f"| {owner} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    return "\n".join(lines)
