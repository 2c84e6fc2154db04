"""The same notebook, graded under conditions that no student controls, gives the same report byte for byte.

    python benchmarks/fairness.py [--assignments two_layer deep] [--repetitions 20] [--memo FOLDER]

Each repetition starts a judge and a sandbox of its own, under another combination of: thread variables of the machine, CPU affinity,
hash seed, time zone, locale, memo (empty and full, or none), and what the same worker graded before. Ends with 1 when two
reports differ, and shows where.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
THREADS = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


@dataclass(frozen=True)
class Condition:
    """`memo`: ``kept`` from one repetition to the next, or ``none``: all is trained anew. `before`: graded first, by the same worker."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    cpus: tuple[int, ...] = ()
    memo: str = "kept"
    before: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


def threads(number: int) -> dict[str, str]:
    return dict.fromkeys(THREADS, str(number))


CONDITIONS = (
    Condition("as it comes"),
    Condition("one thread, one CPU, Seoul", {**threads(1), "TZ": "Asia/Seoul", "PYTHONHASHSEED": "0"}, cpus=tuple(CPUS[:1])),
    Condition("eight threads, trained anew", {**threads(8), "PYTHONHASHSEED": "1", "LC_ALL": "C"}, memo="none"),
    Condition("after other notebooks", {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns"}, before=("deep", "broken")),
    Condition("another CPU, German", {"LC_ALL": "de_DE.UTF-8", "TZ": "UTC"}, cpus=tuple(CPUS[-1:])),
    Condition("Korean, four threads", {**threads(4), "LANG": "ko_KR.UTF-8", "LC_ALL": "ko_KR.UTF-8"}),
    Condition("after itself", {"PYTHONHASHSEED": "4294967295"}, before=("itself",)),
    Condition("no locale, no zone, trained anew", {"TZ": ":/nowhere"}, memo="none", unset=("LANG", "LC_ALL", "LC_CTYPE")),
    Condition("without XLA's other threads", {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", **threads(2)}),
    Condition("one CPU, trained anew", threads(2), cpus=tuple(CPUS[:1]), memo="none"),
)  # fmt: skip


def graded(course: Path, assignment: str, condition: Condition, memo: Path, notebook: Path | None = None) -> str:
    """The report, as JSON, of one notebook (default: the solution) graded by a process of its own under `condition`."""
    environment = {key: value for key, value in os.environ.items() if key not in condition.unset}
    order = {
        "course": str(course), "assignment": assignment, "before": condition.before, "cpus": condition.cpus,
        "memo": str(memo) if condition.memo == "kept" else "", "notebook": str(notebook or ""),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, __file__, "--one", json.dumps(order)], env={**environment, **condition.environment},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{condition.name}: grading failed\n{done.stderr[-4000:]}")
    return done.stdout


def grade_one(order: dict) -> str:
    """In the process that grades: a judge and a sandbox, what comes before, and the notebook itself."""
    if order["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order["cpus"])
    from autograder.common.submission import Submission
    from autograder.course.course import load
    from autograder.sandbox.host import Sandbox
    from autograder.worker.grading import grade_submission
    from autograder.worker.judge_process import JudgeProcess

    course = load(Path(order["course"]))
    name = order["assignment"]

    def solution(which: str) -> Path:
        return course.root / "solutions" / which / f"{which}.ipynb"

    notebook = Path(order["notebook"]) if order["notebook"] else solution(name)
    with (
        tempfile.TemporaryDirectory() as scratch,
        JudgeProcess(Path(order["course"]), Path(order["memo"]) if order["memo"] else None) as bench,
        Sandbox.of(course) as sandbox,
    ):
        bench.start()
        sandbox.start()
        broken = Path(scratch) / "broken.ipynb"
        broken.write_text("no notebook", "utf-8")
        for before in order["before"]:
            path = {"itself": notebook, "broken": broken}.get(before) or solution(before)
            which = before if before in course.assignments else name
            grade_submission(Submission("somebody", which, path), course, bench, sandbox)
        return grade_submission(Submission("student", name, notebook), course, bench, sandbox).report.to_json()


def difference(first: str, other: str) -> str:
    lines = difflib.unified_diff(first.splitlines(), other.splitlines(), "first", "other", lineterm="", n=1)
    return "\n".join(list(lines)[:40])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--course", type=Path, default=Path(__file__).resolve().parents[1] / "course.yml")
    parser.add_argument("--assignments", nargs="*", default=["two_layer"], help="default: two_layer")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument(
        "--memo", type=Path, help="known trainings; by default a new folder, so that each is trained once"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        report = grade_one(json.loads(arguments.one))
        sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(report)
        return 0
    different, results = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for assignment in arguments.assignments:
            first = ""
            for number in range(arguments.repetitions):
                condition = CONDITIONS[number % len(CONDITIONS)]
                start = time.monotonic()
                report = graded(arguments.course, assignment, condition, arguments.memo or Path(folder))
                first = first or report
                same = report == first
                different += not same
                results.append({"assignment": assignment, "condition": condition.name, "same": same})
                print(f"{assignment:13} {number + 1:2} {condition.name:34} {'same' if same else 'DIFFERENT'}"
                      f"  {time.monotonic() - start:5.1f} s", flush=True)  # fmt: skip
                if not same:
                    print(difference(first, report))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "fairness.json").write_text(json.dumps({"different": different, "graded": results}, indent=1) + "\n")
    print(
        f"{len(results)} gradings under {min(len(CONDITIONS), arguments.repetitions)} conditions, {different} different reports"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
