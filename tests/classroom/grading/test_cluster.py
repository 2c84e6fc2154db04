"""A class on a cluster of real processes, which are killed: the gradebook is the one of an undisturbed run."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import autograder
from autograder.course.course import Course, load
from tests.cluster import Cluster
from tests.tiny_course import tiny_class, tiny_course, tiny_submission

pytestmark = pytest.mark.slow
SEED = 20270314
STUDENTS = 24  # a strike takes 1 to 3 submissions: some must be left at the last one
STRIKES = ("main", "judge", "kernel", "worker", "scheduler", "everything")


def find(cluster: Cluster, role: str) -> list[psutil.Process]:
    """Running judges or kernels of the workers."""
    found = []
    for process in cluster.workers.values():
        if process.poll() is None:
            below = psutil.Process(process.pid).children(recursive=True)
            found += [one for one in below if _role(one) == role]
    return found


def _role(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
        if "autograder.judge.process" in command:
            return "judge"
        # A kernel is the innermost fork of the sandbox's parent process.
        forked = "autograder.sandbox.inside.parent" in command and not process.children()
        parent = process.parent()
        below = parent is not None and "autograder.sandbox.inside.parent" in " ".join(parent.cmdline())
        return "kernel" if forked and below and "bwrap" not in command else ""
    except psutil.Error:
        return ""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, memo_folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), memo_folder)
    cluster.start("north", "south")
    yield cluster
    cluster.stop()


@pytest.fixture
def grade(cluster: Cluster) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """``grade(course)``: the command, as a process of its own that a test may kill."""
    started: list[subprocess.Popen[str]] = []

    def start(course: Course, *options: str) -> subprocess.Popen[str]:
        program = [sys.executable, "-m", "autograder.cli", "grade", "--scheduler", cluster.address, "--no-reference"]
        process = subprocess.Popen(
            [*program, *options], cwd=course.root, env={**cluster.environment, "COLUMNS": "200"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def entries(course: Course) -> int:
    return len(list(course.root.glob("journal/entries/*/*.json")))


def until(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> bool:
    """Wait for it; False when `process` ended before."""
    deadline = time.monotonic() + 300
    while not condition():
        if process is not None and process.poll() is not None:
            return False
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)
    return True


def gradebook(course: Course) -> list[Any]:
    """Everything that the gradebook says about submissions, without the random ids of its rows."""
    queries = (
        "select s.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade from grade g "
        "join base_cell c on c.id = g.cell_id join submitted_notebook n on n.id = g.notebook_id "
        "join submitted_assignment s on s.id = n.assignment_id",
        "select s.student_id, c.name, m.auto_comment, m.manual_comment from comment m join base_cell c on c.id = m.cell_id "
        "join submitted_notebook n on n.id = m.notebook_id join submitted_assignment s on s.id = n.assignment_id",
        "select student_id, timestamp, extension from submitted_assignment",
    )
    with sqlite3.connect(course.root / "gradebook.db") as database:
        return [sorted(database.execute(query).fetchall(), key=repr) for query in queries]


def files(course: Course, folder: str) -> dict[str, bytes]:
    root = course.root / folder
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded once from the beginning to the end."""
    course = tiny_course(tmp_path_factory.mktemp("class") / "course")
    tiny_class(course, STUDENTS)
    program = [sys.executable, "-m", "autograder.cli", "grade", "--scheduler", cluster.address, "--no-reference"]
    done = subprocess.run(
        program, cwd=course.root, env=cluster.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{STUDENTS} graded" in " ".join(done.stderr.split())
    return course


def strike(what: str, cluster: Cluster, process: subprocess.Popen[str], generator: random.Random) -> None:
    """SIGKILL, to one or to all."""
    if what in ("judge", "kernel"):
        victims: list[psutil.Process] = []
        struck = False
        while not struck:  # a kernel may have ended by itself meanwhile: then another one
            victims.clear()
            until(lambda: victims.extend(find(cluster, what)) or victims, process)
            if not victims:
                return
            with suppress(psutil.NoSuchProcess):
                generator.choice(victims).kill()
                struck = True
        return
    victims_by_role = {
        "main": [process], "scheduler": [cluster.scheduler],
        "worker": [cluster.workers[generator.choice(sorted(cluster.workers))]],
        "everything": [process, cluster.scheduler, *cluster.workers.values()],
    }  # fmt: skip
    for victim in victims_by_role[what]:
        assert victim is not None
        victim.kill()
        if victim is not process:
            victim.wait()


@pytest.mark.timeout(1500)
def test_a_class_that_is_killed_again_and_again_ends_in_the_same_gradebook(
    undisturbed: Course, cluster: Cluster, grade: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    root = tmp_path / "course"
    kept = shutil.ignore_patterns("journal", "logs", "reports", "autograded", "gradebook.db")
    shutil.copytree(undisturbed.root, root, ignore=kept)
    course = load(root / "course.yml")
    generator = random.Random(SEED)
    strikes = generator.sample(STRIKES, len(STRIKES))
    process = grade(course)
    struck = []
    for what in strikes:
        if process.poll() is not None:
            process = grade(course)
        goal = entries(course) + 1
        if not until(lambda goal=goal: entries(course) >= goal, process):
            process = grade(course)
            assert until(lambda goal=goal: entries(course) >= goal, process)
        moment = time.monotonic() + generator.uniform(0, 0.4)
        while time.monotonic() < moment and entries(course) <= goal:  # not until a fast machine has finished the class
            time.sleep(0.01)
        assert entries(course) < STUDENTS - 2, f"the class ends before strike {len(struck) + 1}: too few students"
        strike(what, cluster, process, generator)
        struck.append(what)
        if what in ("main", "scheduler", "everything"):
            process.wait(timeout=600)
            assert process.returncode == (4 if what == "scheduler" else -signal.SIGKILL)
        if what in ("worker", "scheduler", "everything"):
            for worker in cluster.workers.values():
                if what != "worker":
                    worker.kill()  # without their scheduler they end by themselves, after a while
                    worker.wait()
            cluster.start("north", "south")
    assert struck == strikes
    if process.poll() is None:
        process.communicate()
    last = grade(course)
    _, said = last.communicate()
    assert last.returncode == 0, said
    assert gradebook(course) == gradebook(undisturbed)
    assert files(course, "reports") == files(undisturbed, "reports")
    assert files(course, "autograded") == files(undisturbed, "autograded")
    assert entries(course) == STUDENTS
    # Nothing was graded again that was decided before. (A notebook whose judge is struck twice is undecided, and tried again.)
    logs = "".join(path.read_text("utf-8") for path in (course.root / "logs").glob("*.log"))
    graded = Counter(re.findall(r"grading\.run: (s\d+/first): [^,]+, (?!undecided)", logs))
    assert len(graded) > STUDENTS // 2
    assert {name: count for name, count in graded.items() if count > 1} == {}
    assert not list(course.root.rglob(".*.part"))


def status(course: Course) -> dict[str, Any]:
    program = [sys.executable, "-m", "autograder.cli", "status", "--json"]
    done = subprocess.run(program, cwd=course.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(900)
def test_ctrl_c_finishes_what_runs_twice_stops_at_once_and_status_tells(
    undisturbed: Course, cluster: Cluster, grade: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    root = tmp_path / "course"
    shutil.copytree(
        undisturbed.root, root, ignore=shutil.ignore_patterns("submitted", "journal", "logs", "gradebook.db")
    )
    course = load(root / "course.yml")
    assert status(course)["state"] == "never"
    slow = 16  # of 1 s each: enough for one to be caught at work on a busy machine
    for number in range(slow):
        tiny_submission(course, f"slow{number}", "import time\ntime.sleep(1)\nadd = 5")
    process = grade(course)
    until(lambda: entries(course) >= 1, process)
    seen = status(course)
    assert seen["state"] == "running"
    assert seen["run"]["phase"] == "grading"
    assert {one["worker"] for one in seen["run"]["busy"]} <= {"north", "south"}
    assert all(one["student"].startswith("slow") and one["since"] for one in seen["run"]["busy"])

    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "finishing what runs (Ctrl-C again stops at once)" in said
    assert "the same command goes on from there" in said
    first = entries(course)
    assert 1 <= first < slow
    seen = status(course)
    assert (seen["state"], seen["run"]["done"], seen["graded"]) == ("stopped", first, first)

    process = grade(course)
    until(lambda: entries(course) > first, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert entries(course) < slow

    process = grade(course)
    # From when it has written down that it began; before that, the last run's end is what is known.
    until(lambda: status(course)["run"]["phase"] in ("starting", "references", "grading"), process)
    process.kill()
    process.communicate()
    assert status(course)["state"] == "killed"
    done = grade(course)
    _, said = done.communicate()
    assert done.returncode == 0, said
    seen = status(course)
    assert (seen["state"], seen["run"]["done"], seen["graded"], seen["undecided"]) == ("finished", slow, slow, [])


@pytest.mark.timeout(600)
def test_a_worker_that_would_judge_otherwise_is_refused_with_the_reason(
    undisturbed: Course, cluster: Cluster, grade: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    package = Path(autograder.__file__).parent
    shutil.copytree(package, tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "autograder" / "common" / "hints" / "for_errors.py").open("a") as changed:
        changed.write("\n# another version\n")
    lonely = Cluster(tmp_path, Path(cluster.environment["AUTOGRADER_MEMO"]))
    try:
        lonely.start("odd", PYTHONPATH=str(tmp_path))
        process = grade(undisturbed, "--force", "--scheduler", lonely.address)
        _, said = process.communicate()
    finally:
        lonely.stop()
    said = " ".join(said.split())
    assert process.returncode == 4, said
    assert "no worker can grade this course: odd: its autograder package is another one" in said
    assert "Install the same version on both" in said
    assert entries(undisturbed) == STUDENTS  # nothing was lost
