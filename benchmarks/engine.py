"""The engine's own cost: many one-cell submissions, and a class that is disturbed against one that is not.

    python benchmarks/engine.py [--submissions 2000] [--students 200] [--workers 2] [--seed 0]

The first series grades synthetic submissions whose notebooks take next to no time, and reports wall time a submission beside
the notebook's own, and the memory of the main process over the run. The second grades a class twice, once undisturbed, once with the
command killed (SIGKILL) at random moments and started again, and compares the gradebooks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.tiny_course import tiny_class, tiny_course

RESULTS = Path(__file__).parent / "results"
GRADE = [sys.executable, "-m", "autograder.cli", "grade", "--no-reference", "--json"]


def series(folder: Path, submissions: int, workers: int) -> dict[str, Any]:
    """Grade one-cell submissions; seconds a submission, and the main process's memory while it goes on."""
    course = tiny_course(folder)
    tiny_class(course, submissions)
    started, memory = time.perf_counter(), []
    with (folder / "out.json").open("w") as out:
        process = subprocess.Popen(
            [*GRADE, "--workers", str(workers)], cwd=folder, stdout=out, stderr=subprocess.DEVNULL
        )
        watched = psutil.Process(process.pid)
        first = last = 0.0
        while process.poll() is None:
            done = _entries(folder)
            if done and not first:
                first = time.perf_counter()
            if done < submissions:
                last = time.perf_counter()
            try:
                memory.append((done, watched.memory_info().rss / 1e6))
            except psutil.Error:
                break
            time.sleep(1)
        process.wait()
    if process.returncode:
        raise SystemExit(f"grade ended with {process.returncode}")
    wall = time.perf_counter() - started
    graded = json.loads((folder / "out.json").read_text())
    own = sum(one["seconds"] for one in graded)
    steady = last - first
    quarter = [round(rss) for done, rss in memory if done >= submissions // 4]
    again = time.perf_counter()
    subprocess.run([*GRADE, "--workers", str(workers)], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    again = time.perf_counter() - again
    return {
        "submissions": submissions, "workers": workers, "wall": wall, "steady": steady,
        "a_submission": steady / submissions, "notebook_own": own / submissions,
        # Each worker is busy with a notebook all the time, but for what the engine costs.
        "engine_own": steady * workers / submissions - own / submissions,
        "memory_mb": {"after_a_quarter": quarter[0], "at_the_end": quarter[-1], "most": max(quarter)} if quarter else {},
        "unchanged_run": again,
    }  # fmt: skip


def disturbed(folder: Path, students: int, workers: int, seed: int) -> dict[str, Any]:
    """The same class twice: once in peace, once killed a dozen times."""
    course = tiny_course(folder / "peace")
    tiny_class(course, students)
    shutil.copytree(course.root, folder / "trouble")
    subprocess.run([*GRADE, "--workers", str(workers)], cwd=folder / "peace", stdout=subprocess.DEVNULL, check=True)
    generator, kills, entries = random.Random(seed), 0, []
    while True:
        process = subprocess.Popen(
            [*GRADE, "--workers", str(workers)], cwd=folder / "trouble", stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        goal = _entries(folder / "trouble") + generator.randint(2, max(3, students // 12))
        while process.poll() is None and (kills >= 12 or _entries(folder / "trouble") < goal):
            time.sleep(0.05)
        if process.poll() is not None:
            if process.returncode:
                raise SystemExit(f"grade ended with {process.returncode}")
            break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        entries.append(_entries(folder / "trouble"))
    same = {
        "gradebook": gradebook(folder / "peace") == gradebook(folder / "trouble"),
        "reports": _files(folder / "peace" / "reports") == _files(folder / "trouble" / "reports"),
        "autograded": _files(folder / "peace" / "autograded") == _files(folder / "trouble" / "autograded"),
    }
    return {"students": students, "kills": kills, "finished_at_each_kill": entries, "same": same}


def gradebook(folder: Path) -> list[Any]:
    query = (
        "select s.student_id, c.name, g.auto_score, g.needs_manual_grade from grade g join base_cell c on c.id = g.cell_id "
        "join submitted_notebook n on n.id = g.notebook_id join submitted_assignment s on s.id = n.assignment_id"
    )
    with sqlite3.connect(folder / "gradebook.db") as database:
        return sorted(database.execute(query).fetchall(), key=repr)


def _entries(folder: Path) -> int:
    return len(list(folder.glob("journal/entries/*/*.json")))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outcome: dict[str, Any] = {}
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.submissions:
            outcome["series"] = series(Path(scratch) / "series", arguments.submissions, arguments.workers)
            print(json.dumps(outcome["series"], indent=1), flush=True)
        if arguments.students:
            outcome["disturbed"] = disturbed(Path(scratch), arguments.students, arguments.workers, arguments.seed)
            print(json.dumps(outcome["disturbed"], indent=1), flush=True)
    (RESULTS / "engine.json").write_text(json.dumps(outcome, indent=1) + "\n")


if __name__ == "__main__":
    main()
