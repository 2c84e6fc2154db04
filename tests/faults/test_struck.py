"""Commands that a signal hits at any moment: nothing half written counts, the next plain run makes what an undisturbed one does, and nothing is left behind.

Moments are occasions at which a command changes something on the disk (`struck`), so that they are the same on every machine. Each command is hit
once here; ``AUTOGRADER_FAULTS=50 AUTOGRADER_FAULTS_SEED=7`` asks for fifty other moments of all commands.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.course import Class, Ended, adopting, left_running
from tests.tiny_course import tiny_class, tiny_course

pytestmark = pytest.mark.slow
COMMANDS = {
    "collect": ("collect", "../handed-in"),
    "grade": ("grade", "--no-reference", "--workers", "1"),
    "regrade": ("regrade", "--yes"),
    "feedback": ("feedback",),
    "report": ("report",),
    "export": ("export", "--output", "grades.csv"),
    "release": ("release",),
    "new-course": ("new-course", "mine", "--task", "sklearn"),
    "new-assignment": ("new-assignment", "second", "--task", "sklearn"),
    "export-autograder": ("export-autograder", "gradescope", "--output", "autograder.zip"),
}
OF_GRADED = ("regrade", "feedback", "report", "export")
# The first three take little longer than what they import.
IMPORTING = (
    ("status",), ("verify", "--help"), ("--help",),
    *COMMANDS.values(), ("doctor",), ("try", "submitted/s0000/first/first.ipynb"),
)  # fmt: skip
SIGNALS = ("SIGKILL", "SIGINT", "SIGTERM", "SIGHUP")
COUNT = int(os.environ.get("AUTOGRADER_FAULTS") or 0)
SEED = int(os.environ.get("AUTOGRADER_FAULTS_SEED") or 1)


def strikes() -> list[tuple[str, str, float]]:
    """Command, signal, and which share of its occasions have passed."""
    draw = random.Random(SEED)
    names = list(COMMANDS)
    if COUNT:
        return [(draw.choice(names), draw.choice(SIGNALS), draw.random()) for _ in range(COUNT)]
    drawn = [(name, SIGNALS[(SEED + place) % len(SIGNALS)], draw.random()) for place, name in enumerate(names)]
    return [*drawn, ("release", "SIGTERM", 0.0)]  # before a command has begun


@pytest.fixture(scope="module", autouse=True)
def orphans() -> Iterator[None]:
    with adopting():
        yield


class Known:
    """What each command finds, and what it makes undisturbed, worked out when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.new = folder / "new"
        tiny_class(tiny_course(self.new), 3)
        shutil.copytree(self.new / "submitted", folder / "handed-in")
        self.made: dict[str, tuple[dict[str, bytes], int]] = {}
        self.imports: dict[tuple[str, ...], int] = {}  # of a command line

    def before(self, name: str) -> Path:
        place = self.folder / f"before-{name}"
        if place.exists():
            return place
        if name in OF_GRADED:
            self.after("grade")
        shutil.copytree(self.folder / "after-grade" if name in OF_GRADED else self.new, place)
        if name == "collect":
            shutil.rmtree(place / "submitted")
        if name == "regrade":
            text = (place / "course.yml").read_text("utf-8")
            (place / "course.yml").write_text(text.replace("equals: 5, points: 0.5", "equals: 4, points: 0.5"), "utf-8")
        return place

    def after(self, name: str) -> tuple[dict[str, bytes], int]:
        """What it makes, and how many occasions there are."""
        if name not in self.made:
            undisturbed = Class.of(self.before(name), self.folder / f"after-{name}")
            ended = undisturbed.run(*COMMANDS[name])
            assert (ended.code, undisturbed.litter(), left_running()) == (0, [], {}), ended.said[-2000:]
            self.made[name] = undisturbed.made(), ended.occasions
            undisturbed.close()
        return self.made[name]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    return Known(tmp_path_factory.mktemp("struck"))


@pytest.mark.parametrize(("command", "name", "share"), strikes())
def test_a_command_that_is_struck_loses_and_leaves_nothing(known: Known, command: str, name: str, share: float) -> None:
    made, occasions = known.after(command)
    at = 1 + int(share * occasions)
    struck = Class.of(known.before(command), known.folder / "struck")
    try:
        ended = struck.run(*COMMANDS[command], at=at, signal=name)
        assert "Traceback" not in ended.said, ended.said[-3000:]
        assert left_running() == {}, "processes of a command that has ended"
        if name != "SIGKILL":
            assert struck.litter() == []
            # What all but ended may end as if nothing had been.
            assert (ended.code, "Stopped" in ended.said) == (130, True) or ended.code == 0, (
                ended.code,
                ended.said[-500:],
            )
        again = struck.run(*COMMANDS[command])
        assert again.code == 0 and "Traceback" not in again.said, again.said[-3000:]
        assert left_running() == {}
        assert struck.litter() == [], "what a killed run left is swept by the next"
        now = struck.made()
        assert {path for path in {*now, *made} if now.get(path) != made.get(path)} == set()
    finally:
        struck.close()
        shutil.rmtree(struck.root)


def imports() -> list[tuple[tuple[str, ...], str, float]]:
    draw = random.Random(SEED)
    commands = IMPORTING if COUNT else IMPORTING[:3]
    return [(draw.choice(commands), draw.choice(SIGNALS[1:]), draw.random()) for _ in range(COUNT or 4)]


@pytest.mark.parametrize(("words", "name", "share"), imports())
def test_a_command_that_is_struck_while_it_imports_says_a_sentence_or_nothing(
    known: Known, words: tuple[str, ...], name: str, share: float
) -> None:
    def run(**struck: Any) -> tuple[Ended, list[str]]:
        one = Class.of(known.before("collect" if words[0] == "collect" else "grade"), known.folder / "struck")
        try:
            return one.run(*words, **struck), one.litter()
        finally:
            one.close()
            shutil.rmtree(one.root)

    if words not in known.imports:
        known.imports[words] = run()[0].imports
    ended, litter = run(at=-1 - int(share * known.imports[words]), signal=name)
    assert "Traceback" not in ended.said, ended.said[-3000:]
    assert ended.code in (130, -signal.Signals[name]), (ended.code, ended.said[-500:])
    assert (left_running(), litter) == ({}, [])
