"""Any process of a run, struck by any signal at any moment: the run or the next one makes what an undisturbed one does, and nothing is left behind.

`test_struck` stops commands where they write; here the victim is whoever takes part: the command itself, Dask's worker, the judge, the sandbox's two
sides, its parent, a kernel. Each is struck some time after it was first seen. ``AUTOGRADER_FAULTS=40 AUTOGRADER_FAULTS_SEED=7`` asks for forty others,
half of them in a class whose judge trains.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from autograder.authoring import release
from autograder.common import cells
from autograder.common.results import Report
from autograder.course.course import load
from autograder.course.released_notebook import released_notebook
from tests.conftest import ROOT
from tests.faults.course import Class, adopting, left_running
from tests.faults.test_struck import COUNT, SEED
from tests.tiny_course import tiny_course, tiny_submission

pytestmark = pytest.mark.slow
GRADE = ("grade", "--no-reference", "--workers", "1")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGSTOP", "SIGINT")
ROLES = ("main", "worker", "judge", "wall", "parent", "kernel")
OURS_TO_CONTINUE = ("main", "worker")  # who is stopped like this was stopped by a person, who lets it go on
STOPPED_SECONDS = 8.0
CELL_SECONDS = 15
MOST_SECONDS = 240


def _tree(root: int) -> dict[int, tuple[int, str]]:
    """All processes below `root`: how deep, and their command lines."""
    found, level, depth = {}, [root], 0
    while level:
        below: list[int] = []
        for pid in level:
            with suppress(OSError):
                found[pid] = (
                    depth,
                    Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"),
                )
                for task in Path(f"/proc/{pid}/task").iterdir():
                    below += map(int, (task / "children").read_text().split())
        level, depth = below, depth + 1
    return found


def who(root: int) -> dict[str, int]:
    """The processes of a run, by role, as far as they are there."""
    roles = {"main": root}
    inside: list[tuple[int, int]] = []
    for pid, (depth, words) in _tree(root).items():
        if "multiprocessing.spawn" in words:
            roles.setdefault("worker", pid)
        elif "autograder.judge.process" in words:
            roles["judge"] = pid
        elif "autograder.sandbox.inside.parent" in words and "bwrap" in words.split(" ", 1)[0]:
            roles.setdefault("wall", pid)
        elif "autograder.sandbox.inside.parent" in words and "unroot" not in words:
            inside.append((depth, pid))
    inside.sort()
    if inside:
        roles["parent"] = inside[0][1]
    if len(inside) > 1 and inside[-1][0] > inside[0][0]:
        roles["kernel"] = inside[-1][1]
    return roles


def waiting_class(root: Path) -> None:
    """Three whose notebooks take a moment."""
    course = tiny_course(root, f"limits: {{cell_seconds: {CELL_SECONDS}, notebook_seconds: 60}}")
    for number in range(3):
        tiny_submission(course, f"s{number}", f"import time\ntime.sleep(0.8)\nadd = {5 - number % 2}", "name = 'ada'")


def training_class(root: Path) -> None:
    """Two whose judge trains most of the time: sample by sample, which costs them a point, each in epochs of a number of its own."""
    shutil.copytree(ROOT / "examples" / "regression", root)
    course = load(root / "course.yml")
    release.release(course, ["regression"])
    source = nbformat.read(root / "solutions" / "regression" / "regression.ipynb", as_version=4)
    solved = {cells.grade_id_of(cell): cell.source for cell in source.cells}
    for number in range(2):
        notebook = released_notebook(course, "regression")
        for cell in notebook.cells:
            name = cells.grade_id_of(cell)
            if name in solved and cells.is_answer(cell):
                cell.source = solved[name].replace("epochs=60, batch_size=32", f"epochs={90 + number}, batch_size=1")
        path = root / "submitted" / f"s{number}" / "regression" / "regression.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


class Strike(NamedTuple):
    role: str
    signal: str
    share: float  # of the time that this role lives in an undisturbed run
    in_class: Callable[[Path], None] = waiting_class

    def __str__(self) -> str:
        return f"{self.in_class.__name__}-{self.role}-{self.signal}-{self.share:.2f}"


CLASSES = (waiting_class, training_class)


def strikes() -> list[Strike]:
    draw = random.Random(SEED)
    if COUNT:
        return [
            Strike(draw.choice(ROLES), draw.choice(SIGNALS), draw.random(), draw.choice(CLASSES)) for _ in range(COUNT)
        ]
    # Each of these once cost a mark or a run, or left processes; a case is two runs, ten seconds of processor time.
    usual = [("judge", "SIGSTOP"), ("kernel", "SIGSTOP"), ("parent", "SIGSTOP"), ("worker", "SIGTERM")]
    return [Strike(*one, draw.random()) for one in draw.sample(usual, 2)]


class Known:
    """A class, and what grading makes of it undisturbed."""

    def __init__(self, folder: Path, make: Callable[[Path], None]) -> None:
        self.before, self.folder = folder / "before", folder
        make(self.before)
        undisturbed = Class.of(self.before, folder / "undisturbed")
        process = undisturbed.start(*GRADE)
        seen: dict[str, list[float]] = {}
        while process.poll() is None:
            for role in who(process.pid):
                seen.setdefault(role, []).append(time.monotonic())
            time.sleep(0.02)
        ended = undisturbed.end(process)
        assert (ended.code, undisturbed.litter(), left_running()) == (0, [], {}), ended.said[-2000:]
        assert set(seen) == set(ROLES), sorted(seen)
        self.lives = {role: moments[-1] - moments[0] for role, moments in seen.items()}
        self.made = undisturbed.made()
        undisturbed.close()

    def points(self, root: Path) -> dict[str, str]:
        """Every question that is worse off than undisturbed and doesn't wait for a person."""
        lost = {}
        for path in sorted(root.glob("reports/s*/*.json")):
            wanted = Report.from_json(self.made[str(path.relative_to(root))].decode())
            for now, then in zip(Report.from_json(path.read_text("utf-8")).questions, wanted.questions, strict=True):
                if now.points != then.points and not now.undecided:
                    lost[f"{path.parent.name} {now.question}"] = f"{now.points}: {now.problem}"
        return lost


@pytest.fixture(scope="module", autouse=True)
def orphans() -> Iterator[None]:
    with adopting():
        yield


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], None]], Known]:
    return cache(lambda make: Known(tmp_path_factory.mktemp(make.__name__), make))


def hit(process: subprocess.Popen[bytes], strike: Strike, after: float) -> bool:
    """Strike when the role was there for so long, whoever plays it then. False where it wasn't any more."""
    started = time.monotonic()
    since = 0.0
    while process.poll() is None and time.monotonic() < started + MOST_SECONDS:
        victim = who(process.pid).get(strike.role)
        since = since or (time.monotonic() if victim else 0.0)
        if victim and time.monotonic() - since >= after:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.Signals[strike.signal])
                if strike.signal == "SIGSTOP" and strike.role in OURS_TO_CONTINUE:
                    time.sleep(STOPPED_SECONDS)
                    os.kill(victim, signal.SIGCONT)
                return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize("strike", strikes(), ids=str)
def test_whoever_is_struck_costs_no_mark_and_the_next_run_makes_what_is_missing(
    known: Callable[[Callable[[Path], None]], Known], strike: Strike
) -> None:
    known = known(strike.in_class)
    struck = Class.of(known.before, known.folder / "struck")
    try:
        process = struck.start(*GRADE)
        try:
            hit(process, strike, strike.share * known.lives[strike.role])
            ended = struck.end(process, MOST_SECONDS)
        finally:
            process.kill()
        assert "Traceback" not in ended.said, ended.said[-3000:]
        assert left_running() == {}, "processes of a command that has ended"
        assert known.points(struck.root) == {}, "a fault of the grader's costs a mark"
        if strike.role != "main":
            assert ended.code in (0, 3), (ended.code, ended.said[-1000:])
        again = struck.run(*GRADE)
        assert again.code == 0 and "Traceback" not in again.said, again.said[-3000:]
        assert left_running() == {}
        assert struck.litter() == []
        now = struck.made()
        assert {
            path: (now.get(path), known.made.get(path))
            for path in {*now, *known.made}
            if now.get(path) != known.made.get(path)
        } == {}
    finally:
        struck.close()
        shutil.rmtree(struck.root)
