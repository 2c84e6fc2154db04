"""A copy of the course with small limits, and one judge and one sandbox for all attacks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode

from autograder.common.results import Report
from autograder.common.submission import Submission
from autograder.course.course import Course, load
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import Graded, grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.attacks.attack import BASES, honest
from tests.conftest import ROOT

LIMITS = {
    "cell_seconds": 60, "notebook_seconds": 120, "memory_mb": 2500, "processes": 150, "open_files": 256, "file_mb": 48,
    "scratch_mb": 64, "output_kb": 256, "notebook_mb": 2, "epochs": 30, "parameters": 1_000_000,
}  # fmt: skip


def copy_course(folder: Path) -> Path:
    """course.yml with small limits, solutions and releases, in `folder`; the path of its course.yml."""
    document = yaml.safe_load((ROOT / "course.yml").read_text("utf-8"))
    document["limits"] = LIMITS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course.yml").write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "course.yml"


@pytest.fixture(scope="package")
def course_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_course(tmp_path_factory.mktemp("attacked") / "course")


@pytest.fixture(scope="package")
def course(course_file: Path) -> Course:
    return load(course_file)


@pytest.fixture(scope="package")
def bench(course_file: Path, memo_folder: Path) -> Iterator[JudgeProcess]:
    with JudgeProcess(course_file, memo_folder) as bench:
        bench.start()
        yield bench


@pytest.fixture(scope="package")
def sandbox(bench: JudgeProcess, course: Course) -> Iterator[Sandbox]:
    with Sandbox("bubblewrap", course.limits) as sandbox:
        sandbox.start()
        yield sandbox


@dataclass
class Grader:
    """Grades notebooks (or bytes) one after another, always with the same judge and sandbox."""

    course: Course
    bench: JudgeProcess
    sandbox: Sandbox
    folder: Path

    def __call__(
        self, content: NotebookNode | bytes, assignment: str, student: str = "student", cell_seconds: int = 60
    ) -> Graded:
        place = self.folder / student / assignment
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{assignment}.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else nbformat.writes(content).encode("utf-8", "replace"))
        self.sandbox.limits = self.course.limits.model_copy(update={"cell_seconds": cell_seconds})
        return grade_submission(Submission(student, assignment, path), self.course, self.bench, self.sandbox)


@pytest.fixture(scope="package")
def grader(course: Course, bench: JudgeProcess, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Grader:
    return Grader(course, bench, sandbox, tmp_path_factory.mktemp("submitted"))


@pytest.fixture(scope="package")
def before(grader: Grader) -> Callable[[str], Report]:
    """The report of an honest notebook, by base, before any attack: ``before("quick")``."""

    @cache
    def grade(base: str) -> Report:
        return grader(honest(grader.course, base), BASES[base][0]).report

    for base in ("quick", "short"):
        grade(base)
    return grade
