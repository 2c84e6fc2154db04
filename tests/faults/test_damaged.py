"""Files of a course that are cut, empty, garbage, folders or links to nowhere, a gradebook that somebody holds, a disk that is full:
a sentence and an exit code, and once the damage is gone the same command makes what it makes undisturbed.

The workers are played: what they make of this class is known. Everything else is the command itself, in a fork of this process.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.classroom.grading import grade_class
from autograder.classroom.grading.workers import Answer, Job, Member
from autograder.common.results import Report
from autograder.common.submission import Submission
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.cli.test_surroundings import CODES, Ended, open_streams, run
from tests.faults.course import Class
from tests.faults.test_struck import COUNT, SEED
from tests.tiny_course import tiny_class, tiny_course

pytestmark = pytest.mark.slow
COMMANDS = ("status", "export", "report", "feedback")
GRADE = ("grade", "--no-reference", "--workers", "1")
REGRADE = ("regrade", "--yes")
STUDENT = "s0001"
PLACES = {
    "journal entry": f"journal/entries/{STUDENT}/first.json", "report": f"reports/{STUDENT}/first.json",
    "executed notebook": f"autograded/{STUDENT}/first/first.ipynb", "gradebook": "gradebook.db", "due dates": "journal/due.json",
    "state": "journal/state.json", "class page's looks": "journal/class.json", "lock": "journal/lock", "journal": "journal", "logs": "logs",
    "reports": "reports", "autograded": "autograded", "student's reports": f"reports/{STUDENT}", "hand-ins": "reports/.handins",
    "course": "course.yml", "released notebook": "assignments/en/first/first.ipynb", "source": "solutions/first/first.ipynb",
    "a submission": f"submitted/{STUDENT}/first/first.ipynb", "submissions": "submitted", "time of a submission": f"submitted/{STUDENT}/first/timestamp.txt",
}  # fmt: skip
INPUTS = {"course", "released notebook", "source", "a submission", "submissions", "time of a submission"}
DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"\xff\x00{[\xfe" * 300),
    "a folder": lambda path: (remove(path), (path / "in it").mkdir(parents=True)),
    "a file": lambda path: (remove(path), path.write_bytes(b"x")),
    "a link to nowhere": lambda path: (remove(path), path.symlink_to("nowhere/at/all")),
    "a pipe": lambda path: (remove(path), os.mkfifo(path)),
    "a link to itself": lambda path: (remove(path), path.symlink_to(path.name)),
}
OF_GRADE = ("submitted", "autograded", "reports", "assignments", "gradebook")
OF_FILES = ("cut", "empty", "garbage")


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Played:
    """A crew whose workers have made everything already: `made` has header, report, notebook and hand-ins by student."""

    made: dict[str, tuple[str, str, str, bytes]]

    def __init__(self, *_: Any) -> None:
        self.members = {"one": Member("one", "one", "ready")}
        self.refused: dict[str, str] = {}
        self.link = self.scheduler = ""

    def __enter__(self) -> Played:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def idle(self) -> list[Member]:
        return [member for member in self.members.values() if member.job is None]

    def busy(self) -> list[Member]:
        return [member for member in self.members.values() if member.job is not None]

    def hopeful(self) -> bool:
        return True

    def give(self, member: Member, job: Job) -> None:
        member.job = job

    def next(self, seconds: float) -> Answer | None:
        (member,) = self.members.values()
        job, member.job = member.job, None
        assert job is not None
        header, *parts = self.made.get(job.submission.student) or self.made[STUDENT]
        return Answer(job, tuple(parts), header=json.loads(header))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A class that is not graded yet, of which `Played` knows everything."""
    course = tiny_course(tmp_path_factory.mktemp("damaged") / "model")
    tiny_class(course, 2)
    made = {}
    with JudgeProcess(course.root / "course.yml", None) as bench, Sandbox.of(course, "bubblewrap") as sandbox:
        for path in sorted(course.root.glob("submitted/*/first/first.ipynb")):
            student = path.parts[-3]
            graded = grade_submission(Submission(student, "first", path), course, bench, sandbox)
            header = {"fits": 0, "trained": 0, "seconds": 1.0, "stages": {}, "log": []}
            made[student] = (json.dumps(header), *graded.texts, graded.handins)
    Played.made = made
    yield course.root


def command(course: Class, *words: str, prepare: Callable[[], None] = lambda: None) -> Ended:
    def played() -> None:
        open_streams()
        grade_class.Crew = Played  # type: ignore[misc,assignment]
        prepare()

    ended = run((words[0],), *words[1:], cwd=course.root, prepare=played)
    assert "Traceback" not in ended.said, ended.said[-3000:]
    return ended


@pytest.fixture(scope="module")
def graded(model: Path) -> tuple[Path, dict[str, bytes]]:
    """The same class, graded; and what was made."""
    course = Class.of(model, model.with_name("graded"))
    assert command(course, *GRADE).code == 0
    (course.root / "memo").mkdir(exist_ok=True)
    course.close()
    return course.root, course.made()


@pytest.fixture
def course(graded: tuple[Path, dict[str, bytes]], tmp_path: Path) -> Iterator[Class]:
    found = Class.of(graded[0], tmp_path / "course")
    yield found
    found.close()


def cases() -> Iterator[tuple[str, str]]:
    for place, name in PLACES.items():
        for damage in DAMAGES:
            if damage not in OF_FILES or ("." in name.rpartition("/")[2] and "handins" not in name):
                yield place, damage


def some() -> list[tuple[str, str]]:
    """A few, and as many as ``AUTOGRADER_FAULTS`` asks for."""
    found = [*cases()]
    return random.Random(SEED).sample(found, min(len(found), COUNT or 4))


def all_well(course: Class, wanted: dict[str, bytes]) -> None:
    ended = command(course, *GRADE)
    assert ended.code == 0, ended.said[-800:]
    now = course.made()
    paths = {path for path in {*now, *wanted} if path.startswith(OF_GRADE)}
    assert {path for path in paths if now.get(path) != wanted.get(path)} == set()


@pytest.mark.parametrize(("place", "damage"), some())
def test_what_is_damaged_is_said_or_made_again(
    course: Class, graded: tuple[Path, dict[str, bytes]], place: str, damage: str
) -> None:
    path = course.root / PLACES[place]
    there = path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not there:
        path.touch()
    DAMAGES[damage](path)
    for words in ((COMMANDS[len(place + damage) % len(COMMANDS)],), GRADE) if not COUNT else (*zip(COMMANDS), GRADE):
        ended = command(course, *words)
        assert ended.code in CODES and ended.said.strip(), (words, ended.code, ended.said[-500:])
    if place in INPUTS:  # whose own file it is brings it back, and what was made of the damaged one is made anew
        remove(path)
        if there:
            (shutil.copytree if (graded[0] / PLACES[place]).is_dir() else shutil.copyfile)(
                graded[0] / PLACES[place], path
            )
    elif ended.code not in (0, 3):
        assert path.name in ended.said, ended.said[-500:]  # what to look at
        remove(path)
    all_well(course, graded[1])


@pytest.fixture(scope="module")
def regraded(graded: tuple[Path, dict[str, bytes]]) -> dict[str, bytes]:
    """What `regrade` makes of the class after its key was corrected."""
    course = Class.of(graded[0], graded[0].with_name("regraded"))
    _correct(course)
    assert command(course, *REGRADE).code == 0
    made = _reports(course)
    assert len(made) == 2 and not made.items() & _reports(Class.of(graded[0], graded[0].with_name("as before"))).items()
    course.close()
    return made


def _correct(course: Class) -> None:
    text = (course.root / "course.yml").read_text("utf-8")
    assert "equals: 5" in text
    (course.root / "course.yml").write_text(text.replace("equals: 5", "equals: 4"), "utf-8")


def _reports(course: Class) -> dict[str, bytes]:
    return {path: made for path, made in course.made().items() if path.startswith("reports")}


@pytest.mark.parametrize(("place", "damage"), [case for case in some() if case[0] != "course"])
def test_regrade_tells_what_is_damaged_and_judges_the_others(
    course: Class, graded: tuple[Path, dict[str, bytes]], regraded: dict[str, bytes], place: str, damage: str
) -> None:
    _correct(course)
    path, before = course.root / PLACES[place], graded[0] / PLACES[place]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not before.exists():
        path.touch()
    DAMAGES[damage](path)
    ended = command(course, *REGRADE)
    assert ended.code in CODES and ended.said.strip(), (ended.code, ended.said[-500:])
    if f"/{STUDENT}" in PLACES[place] and ended.code != 4:
        assert _reports(course).items() >= {one for one in regraded.items() if STUDENT not in one[0]}
    remove(path)
    if before.exists():
        (shutil.copytree if before.is_dir() else shutil.copyfile)(before, path)
    ended = command(course, *REGRADE)
    assert ended.code == 0 and _reports(course) == regraded, ended.said[-500:]


def test_what_is_no_file_or_no_text_in_submitted_stops_nobody(
    course: Class, graded: tuple[Path, dict[str, bytes]]
) -> None:
    """Every kind of thing in place of every file of a submission, and a folder whose name no report can hold."""
    honest = course.root / PLACES["a submission"]
    odd = {
        "pipe": os.mkfifo, "folder": os.mkdir, "device": lambda path: path.symlink_to("/dev/zero"),
        "sparse": lambda path: (path.touch(), os.truncate(path, 1 << 40)),
    }  # fmt: skip
    places = {}
    for name, make in odd.items():
        for file in ("first.ipynb", "timestamp.txt", "submission_secret.txt"):
            places[f"{name}-{file[0]}{file[-1]}"] = make, file
    for student, (make, file) in places.items():
        folder = course.root / "submitted" / student / "first"
        shutil.copytree(honest.parent, folder)
        (folder / file).unlink(missing_ok=True)
        make(folder / file)
        os.mkfifo(folder / "beside.ipynb")
        shutil.copytree(honest.parent, course.root / "handed-in" / student / "first")
    os.mkfifo(course.root / "submitted" / "loose")
    shutil.copytree(honest.parent, course.root / "submitted" / os.fsdecode(b"bad\xff") / "first")
    for words in (GRADE, *zip(COMMANDS), ("feedback", "--zip", "canvas"), ("collect", "handed-in", "--dry-run"), GRADE):
        ended = command(course, *words)
        assert ended.code in CODES - {4} and ended.said.strip(), (words, ended.code, ended.said[-500:])
    assert ended.code == 1 and "UTF-8" in ended.said
    for student in places:
        shutil.rmtree(course.root / "submitted" / student)
    now = course.made()
    assert {
        path for path in graded[1] if path.startswith(("reports", "autograded")) and now.get(path) != graded[1][path]
    } == set()
    points = {path: Report.from_json(text.decode()).points for path, text in now.items() if path.startswith("reports")}
    for student, (_make, file) in places.items():
        expected = 0 if file == "first.ipynb" else points[f"reports/{STUDENT}/first.json"]
        assert points[f"reports/{student}/first.json"] == expected, student


def test_a_gradebook_that_somebody_holds_loses_nothing(
    model: Path, graded: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    course = Class.of(model, tmp_path / "course")
    shutil.copyfile(graded[0] / "gradebook.db", course.root / "gradebook.db")
    holder = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
    holder.execute("begin exclusive")
    for words in (GRADE, ("export",), ("report",), ("status",)):
        ended = command(course, *words)
        assert ended.code in CODES and ended.said.strip()
    assert command(course, *GRADE).code == 4
    holder.execute("rollback")
    holder.close()
    all_well(course, graded[1])
    course.close()


@pytest.mark.parametrize("bytes_left", [0, 100, 5_000, 20_000, 100_000])
def test_files_that_may_not_grow_are_said_and_come_whole_afterwards(
    model: Path, graded: tuple[Path, dict[str, bytes]], tmp_path: Path, bytes_left: int
) -> None:
    """A limit on the size of files (RLIMIT_FSIZE), as a full disk: every command says so, and leaves nothing half."""
    course = Class.of(model, tmp_path / "course")

    def little() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, bytes_left))

    for words in (GRADE, ("report",), ("feedback",), ("export", "--output", "grades.csv")):
        ended = command(course, *words, prepare=little)
        assert ended.code in CODES
    for name in ("class.html", "grades.csv", "feedback"):
        remove(course.root / name)
    all_well(course, graded[1])
    course.close()
