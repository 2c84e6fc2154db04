"""Names and numbers that nbgrader's gradebook holds are used where no roster was named."""

import zipfile

import pytest
from typer.testing import CliRunner

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.gradebook.people import known
from autograder.cli.app import app
from tests.classroom.give_back.test_give_back import graded
from tests.tiny_course import tiny_course, tiny_submission

PEOPLE = {
    "2027001": {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.edu", "lms_user_id": "501"},
    "2027002": {"first_name": "철수", "last_name": "김"},
    "2027003": {"first_name": "철수", "last_name": "김"},
    "2027004": {},
}


@pytest.fixture
def course(tmp_path):
    """A tiny course, with its students in the gradebook as `nbgrader db student import` enters them."""
    course = tiny_course(tmp_path / "course")
    with Book(address(course), course.course.id) as book:
        book.prepare(course, "first")
        for student, facts in PEOPLE.items():
            book._gradebook.add_student(student, **facts)
        book.write(graded("2027001"), course, None)
    return course


def run(course, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments), "--course", str(course.root / "course.yml")])


def download(course, tmp_path, *names):
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        for name in names:
            archive.write(tiny_submission(course, "scratch", name=f"name = {name!r}"), name)
    (course.root / "submitted").rename(tmp_path / "scratch")
    return tmp_path / "download.zip"


def students(course):
    return {path.name for path in (course.root / "submitted").iterdir() if not path.name.startswith(".")}


def test_collect_finds_people_by_their_names_there_and_whom_it_lacks_as_ever(course, tmp_path):
    place = download(
        course,
        tmp_path,
        *(f"{name}_assignsubmission_file/first.ipynb" for name in ("Jane Doe_11", "Bob Roe_12", "김철수_13")),
    )
    done = run(course, "collect", place, "--json")
    assert students(course) == {"2027001", "Bob-Roe"}
    assert done.exit_code == 1 and "could be '2027002' or '2027003' of the gradebook" in done.stdout


def test_canvas_numbers_are_the_gradebooks(course, tmp_path):
    assert run(course, "collect", download(course, tmp_path, "doe_501_9001_first.ipynb")).exit_code == 0
    assert students(course) == {"2027001"}


def test_a_roster_that_is_named_counts_alone(course, tmp_path):
    (course.root / "roster.csv").write_text("id,name\nj,Jane Doe\n", "utf-8")
    file = course.root / "course.yml"
    file.write_text(file.read_text("utf-8").replace("assignments:", "roster: roster.csv\nassignments:", 1), "utf-8")
    place = download(
        course, tmp_path, *(f"{name}_assignsubmission_file/first.ipynb" for name in ("Jane Doe_11", "Bob Roe_12"))
    )
    assert run(course, "collect", place).exit_code == 1
    assert students(course) == {"j"}
    exported = run(course, "export", "--format", "csv").output
    assert "Jane Doe" in exported and "j," in exported


def test_exports_have_names_and_numbers(course):
    csv, canvas = (run(course, "export", "--format", name).stdout for name in ("csv", "canvas"))
    assert '2027001,"Doe, Jane",jane@example.edu' in csv and "2027004" in csv
    assert '"Doe, Jane",501,,,' in canvas


def test_a_gradebook_that_knows_ids_alone_is_no_roster(tmp_path):
    course = tiny_course(tmp_path / "course")
    assert known(course) is None
    with Book(address(course), course.course.id) as book:
        book.prepare(course, "first")
        book.write(graded("ada"), course, None)
    assert known(course) is None
