"""Tricks in a class of the tiny course: none earns what it doesn't know, none stops the grader, and who comes after it gets what it gets alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.common.results import Report
from autograder.common.submission import Submission
from autograder.course.course import Course
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.attacks.tricks import CODE, FILES
from tests.tiny_course import tiny_course, tiny_submission

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LIMITS = "limits: {cell_seconds: 5, notebook_seconds: 15, memory_mb: 600}"
EACH = 6  # tricks, after which an honest notebook is graded in the same sandbox
HONEST = {"add": "add = 5", "name": "name = 'ada'"}


@dataclasses.dataclass
class Class:
    course: Course
    bench: JudgeProcess
    sandbox: Sandbox

    def grade(self, student: str, path: Path) -> Report:
        return grade_submission(Submission(student, "first", path), self.course, self.bench, self.sandbox).report

    def honest(self) -> bytes:
        return self.grade("honest", tiny_submission(self.course, "honest", **HONEST)).to_json().encode()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    course = tiny_course(tmp_path_factory.mktemp("tricks") / "course", LIMITS)
    with JudgeProcess(course.root / "course.yml", None) as bench, Sandbox.of(course, "bubblewrap") as sandbox:
        yield Class(course, bench, sandbox)


@pytest.fixture(scope="module")
def alone(tiny: Class) -> bytes:
    return tiny.honest()


def earned(report: Report) -> dict[str, float]:
    return {question.question: question.points for question in report.questions}


@pytest.mark.parametrize("name", CODE)
def test_a_trick_earns_nothing_and_touches_nobody(tiny: Class, alone: bytes, name: str) -> None:
    """The trick stands where one answer is asked for, and neither is given: `add` is 4 unless the trick makes it something else."""
    path = tiny_submission(tiny.course, "trick", f"add = 4\n{CODE[name]}", "name = 'eve'")
    report = tiny.grade("trick", path)
    assert sum(earned(report).values()) == 0, earned(report)
    report.to_json().encode("utf-8")
    if [*CODE].index(name) % EACH == EACH - 1:
        assert tiny.honest() == alone, "after this trick, or one of those before it"


def test_what_stands_around_the_answers_changes_nothing_or_is_refused(tiny: Class, alone: bytes) -> None:
    path = tiny_submission(tiny.course, "file", "add = 4", "name = 'eve'")
    plain = path.read_bytes()
    for name, change in FILES.items():
        changed = change(plain)
        assert changed != plain, name
        path.write_bytes(changed)
        report = tiny.grade("file", path)
        assert sum(earned(report).values()) == 0, name
        path.write_bytes(change(tiny_submission(tiny.course, "right", **HONEST).read_bytes()))
        right = tiny.grade("right", path)
        assert earned(right) in ({"add": 0.5, "name": 1.0}, {"add": 0.0, "name": 0.0}), (name, earned(right))
        assert earned(right)["name"] or right.remarks, f"{name}: refused without a word"
    assert tiny.honest() == alone
