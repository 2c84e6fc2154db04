"""A copy of a course stands alone: it is graded and verified like the course, writes to no gradebook of its, and holds nothing of its people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from autograder.authoring.course_copy import copy_course
from autograder.classroom.gradebook.extensions import extensions
from autograder.course.course import OF_PEOPLE, Course, load
from autograder.course.settings import FileBeside
from autograder.worker.bundle import pack
from tests.conftest import ROOT
from tests.tiny_course import tiny_course

COURSES = [ROOT, *sorted(path.parent for path in (ROOT / "examples").glob("*/course.yml"))]
ELSEWHERE = "postgresql://grader:s3cr3t@db.example.org/gradebook"


def files_beside(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of course.yml that name a file of the people who take the course, wherever they stand."""
    for name, field in model.model_fields.items():
        if set(FileBeside.__metadata__) & set(field.metadata):
            yield (*above, name)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from files_beside(field.annotation, (*above, name))


def test_every_key_that_names_a_file_of_people_is_known_as_one() -> None:
    assert set(files_beside(Course)) == set(OF_PEOPLE)


@pytest.mark.parametrize("root", COURSES, ids=lambda root: root.name)
def test_a_copy_has_every_file_that_grading_reads(root: Path, tmp_path: Path) -> None:
    course = load(root / "course.yml")
    original = tmp_path / "original"
    copy_course(course, original) if (root / "assignments").is_dir() else shutil.copytree(root, original)
    (original / "assignments").mkdir(exist_ok=True)
    copy = load(copy_course(load(original / "course.yml"), tmp_path / "copy"))
    for name in course.assignments:
        assert copy.files(name) == course.files(name) and "" not in copy.files(name).values()
        assert copy.digest(name) == course.digest(name)
    assert (copy.root / "course.yml").read_bytes() == (root / "course.yml").read_bytes(), "comments stay, too"


def test_a_copy_holds_nothing_of_people_and_has_a_gradebook_of_its_own(tmp_path: Path) -> None:
    late = "late: {per_day: 0.2, extensions: extensions.csv, slip_days: 2}"
    own = tiny_course(tmp_path / "own", f"gradebook: {ELSEWHERE}\nroster: class.csv\n{late}\n")
    (own.root / "extensions.csv").write_text("id,section,assignment,due,days,slip_days\nada,,first,,1,\n", "utf-8")
    (own.root / "class.csv").write_text("id,name\nada,Ada Lovelace\n", "utf-8")
    assert extensions(own).lines
    copy = load(copy_course(own, tmp_path / "copy"))
    shutil.rmtree(own.root)
    assert not extensions(copy).lines and copy.late.per_day == 0.2
    assert copy.gradebook == "sqlite:///gradebook.db" and copy.assignments == own.assignments
    assert pack(copy, copy.root / "course.yml").content
    held = b"".join(path.read_bytes() for path in copy.root.rglob("*") if path.is_file())
    for private in (b"Lovelace", b"s3cr3t", b"class.csv", b"extensions.csv"):
        assert private not in held
