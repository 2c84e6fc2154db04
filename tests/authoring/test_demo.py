"""The demo's class: twelve notebooks that are what they say, and a folder that is never overwritten by mistake."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring import demo
from autograder.authoring.release import stale
from autograder.authoring.solved_notebooks import solved
from autograder.classroom.find_submissions import find_submissions, submitted_at
from autograder.common.errors import CourseError
from autograder.course.course import load
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def made(course, tmp_path_factory):
    return demo.make(course, tmp_path_factory.mktemp("demo"))


def test_twelve_students_hand_in_valid_notebooks(course, made):
    copy = load(made)
    found = {(s.student, s.assignment): s.path for s in find_submissions(copy.root / "submitted", copy)}
    assert len(demo.STUDENTS) == len({student.name for student in demo.STUDENTS}) == 12
    assert set(found) == {(student.name, assignment) for student in demo.STUDENTS for assignment in student.work}
    for path in found.values():
        nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("student", demo.STUDENTS, ids=lambda student: student.name)
def test_each_student_is_another_one(course, made, student):
    """An edit that changed nothing would be refused; what is left empty is empty, and the rest is the solution."""
    for assignment, edits in student.work.items():
        path = made.parent / "submitted" / student.name / assignment / f"{assignment}.ipynb"
        handed_in = nbformat.read(path, as_version=4).cells
        perfect = solved(course, assignment, student.language).cells
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in perfect]
        different = {name for name, a, b in zip(ids, perfect, handed_in, strict=True) if a.source != b.source}
        empty = {f"{question}-answer" for question in student.empty.get(assignment, ())}
        assert different == set(edits) | empty
        for name, cell in zip(ids, handed_in, strict=True):
            unanswered = cell.cell_type == "code" and "raise NotImplementedError()" in cell.source
            assert unanswered == (name in empty)


def test_every_slip_of_the_lecture_has_its_student(course):
    slips = {"typo", "string-metrics", "forgotten-optimizer", "second-fit", "input-shape", "wrong-shape", "unscaled"}
    assert slips <= {student.name for student in demo.STUDENTS}


def test_only_the_late_student_is_late(made):
    copy = load(made)
    late = {}
    for submission in find_submissions(copy.root / "submitted", copy):
        late.setdefault(submission.student, submitted_at(submission) - copy.assignment(submission.assignment).due)
    assert {student for student, span in late.items() if span > dt.timedelta()} == {"late"}
    assert late["late"] == dt.timedelta(days=2.5)


def test_the_copy_of_the_course_is_whole(course, made):
    copy = load(made)
    assert copy.assignments == course.assignments
    assert stale(copy) == []
    assert (made.parent / "nbgrader_config.py").is_file()


def test_an_earlier_demo_is_replaced_and_anything_else_is_left_alone(course, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CourseError, match="is not empty, and is not an earlier demo") as caught:
        demo.make(course, tmp_path)
    assert "--folder" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    target = tmp_path / "demo"
    demo.make(course, target)
    leftover = target / "submitted" / "nobody"
    leftover.mkdir()
    demo.make(course, target)
    assert not leftover.exists()


def test_the_end_says_where_everything_is(tmp_path):
    text = demo.explain(tmp_path)
    for student in demo.STUDENTS:
        assert student.name in text
        assert student.about in text
    for place in ("gradebook.db", "autograded", "reports"):
        assert str(tmp_path / place) in text


def test_the_wheel_has_what_the_demo_needs(course, tmp_path):
    """As pip installs it, run in an empty folder, without the checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site, code = (
        tmp_path / "site",
        "from autograder.authoring import demo; from autograder.course.course import load; from pathlib import Path; print(demo.make(load(demo.course_file(None)), Path('demo').resolve(), 2))",
    )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (tmp_path / "empty").mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "AUTOGRADER_COURSE"}
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "empty", env={**environment, "PYTHONPATH": str(site)}, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    copy = load(Path(made.stdout.strip()))
    assert copy.root == tmp_path / "empty" / "demo" and copy.assignments == course.assignments
    assert {path.name for path in (copy.root / "submitted").iterdir()} == {"perfect", "reformatted"}
    assert not any((site / "autograder").rglob("solutions")), "what is in the package goes to students"


def test_another_course_in_this_folder_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    shutil.copyfile(ROOT / "examples" / "convolution" / "course.yml", tmp_path / "course.yml")
    assert demo.course_file(None) == ROOT / "course.yml" and demo.course_file(tmp_path) == tmp_path
    shutil.copyfile(ROOT / "course.yml", tmp_path / "course.yml")
    assert demo.course_file(None) == tmp_path / "course.yml"
