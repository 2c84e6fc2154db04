"""The gradebook in PostgreSQL: a real server, started for these tests in a temporary folder."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.find_submissions import find_submissions
from autograder.classroom.gradebook.book import Book, Score
from autograder.classroom.gradebook.database import address, with_driver
from autograder.classroom.grading.grade_class import Settings, grade_class
from autograder.common.errors import GradebookError
from autograder.common.results import Status
from autograder.course import course as course_module
from autograder.course.course import Course
from tests.classroom.gradebook.test_book import DUE, UNSURE, enter_by_hand, grade, outcome, report
from tests.tiny_course import tiny_course, tiny_submission

REMEDY = "PostgreSQL is not installed: apt-get install postgresql (`make test-slow` does that)."


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    assert program, REMEDY
    return program


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that listens on a Unix socket only: the folder of the socket."""
    root = Path("/tmp") / f"pg{os.getpid()}"  # a socket's path has at most 107 bytes
    root.mkdir()
    me = os.geteuid() != 0
    if not me:  # PostgreSQL refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(root, user.pw_uid, user.pw_gid)
    as_user: dict[str, Any] = {} if me else {"user": "postgres", "group": "postgres", "extra_groups": []}
    data = root / "data"
    quiet: dict[str, Any] = {"cwd": root, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True, **as_user}
    made = subprocess.run(
        [_program("initdb"), "-D", str(data), "-U", "grader", "-A", "trust", "-N", "--locale=C.UTF-8"],
        check=False,
        **quiet,
    )
    assert made.returncode == 0, made.stderr
    with (root / "log").open("w") as log:
        process = subprocess.Popen(
            [_program("postgres"), "-D", str(data), "-k", str(root), "-c", "listen_addresses=", "-F"],
            cwd=root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_user,
        )  # fmt: skip
    try:
        ready = [_program("pg_isready"), "-h", str(root), "-t", "60", "-q"]
        for _ in range(120):
            if subprocess.run(ready, check=False).returncode == 0:
                break
            assert process.poll() is None, (root / "log").read_text()
            import time

            time.sleep(0.25)
        yield str(root)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def database(server: str) -> Callable[[str], str]:
    """``database(name)``: the URL of a new one."""
    import psycopg2

    def create(name: str) -> str:
        connection = psycopg2.connect(host=server, user="grader", dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
        connection.close()
        return f"postgresql://grader@/{name}?host={server}"

    return create


@pytest.fixture(scope="module")
def course(database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Course:
    url = database("tiny")
    return tiny_course(tmp_path_factory.mktemp("postgresql") / "course", f'gradebook: "{url}"')


@pytest.fixture
def book(course: Course) -> Iterator[Book]:
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        yield book


@pytest.fixture
def raw(course: Course) -> Iterator[Gradebook]:
    """nbgrader's own view of the same database."""
    with Gradebook(with_driver(address(course)), "tiny") as gradebook:
        yield gradebook


def score(book: Book, student: str) -> Score:
    (found,) = (score for score in book.scores() if score.student == student)
    return found


def test_scores_comments_and_the_late_penalty_are_entered(book: Book, course: Course, raw: Gradebook) -> None:
    late = DUE + dt.timedelta(days=1, minutes=5)
    passed = (outcome("name", Status.PASSED, 1, 1),)
    book.write(report("eve", name=passed), course, late)
    assert score(book, "eve") == Score("eve", "first", 1.5, 3, pytest.approx(0.3), 0)
    said = raw.find_comment("add-answer", "first", "first", "eve").comment
    assert "1 day, 0:05:00 late: 20% of 1.5 points are deducted, 0.2 × 1.5 = 0.3." in said
    raw.db.rollback()
    raw.grant_extension("first", "eve", days=2)
    book.write(report("eve", name=passed), course, late)
    assert score(book, "eve").penalty == 0


def test_what_a_person_entered_survives_grading_again(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(name=(UNSURE,)), course, DUE)
    enter_by_hand(raw)
    book.write(report(name=(UNSURE,)), course, DUE)
    found = grade(raw, "name")
    assert (found.manual_score, found.extra_credit, found.score) == (0.75, 0.5, 1.25)
    raw.db.rollback()
    assert raw.find_comment("name-answer", "first", "first", "alice").comment == "Good enough."
    raw.db.rollback()
    book.prepare(course, "first")
    assert grade(raw, "name").manual_score == 0.75


def test_many_are_entered_at_once_and_one_that_does_not_fit_costs_only_itself(book: Book, course: Course) -> None:
    good = [(report(f"many{number}"), None) for number in range(6)]
    book.write_all(good, course)
    odd = report("odd")
    odd = odd.model_copy(update={"questions": odd.questions[:1]})
    with pytest.raises(GradebookError, match="doesn't fit the gradebook"):
        book.write_all([(report("before"), None), (odd, None)], course)
    students = {found.student for found in book.scores()}
    assert {f"many{number}" for number in range(6)} | {"before"} <= students
    assert "odd" not in students


def test_a_class_is_graded_and_nothing_is_entered_twice(course: Course) -> None:
    for number in range(3):
        tiny_submission(course, f"class{number}").write_text("")
    settings = Settings(course.root / "course.yml", "none", 1, None)
    submissions = find_submissions(course.root / "submitted", course)
    for _ in range(2):
        grade_class(submissions, course, settings)
    with Book(address(course), "tiny") as book:
        students = [found.student for found in book.scores()]
    assert [student for student in students if student.startswith("class")] == ["class0", "class1", "class2"]


def test_a_read_only_database_is_named_with_a_remedy(database: Callable[[str], str], tmp_path: Path) -> None:
    url = database("closed")
    course = tiny_course(tmp_path / "course", f'gradebook: "{url}"')
    with Book(url, "tiny") as book:
        book.prepare(course, "first")
    with Book(f"{url}&options=-c%20default_transaction_read_only%3Don", "tiny") as book:
        with pytest.raises(GradebookError, match="read-only transaction") as caught:
            book.write(report(), course, None)
        assert "writable for you" in caught.value.remedy
        assert book.scores() == []


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course", 'gradebook: "postgresql://me:secret@/grades?host=/nowhere"')
    tiny_submission(course, "ada").write_text("")
    program = [sys.executable, "-m", "autograder.cli", "grade", "--isolation", "none"]
    done = subprocess.run(program, cwd=course.root, capture_output=True, text=True, check=False)
    said = " ".join(done.stderr.split())
    assert done.returncode == 4, said
    assert "the gradebook can't be used" in said
    assert "://me:***@/grades" in said
    assert "secret" not in said
    assert "secret" not in "".join(path.read_text() for path in (course.root / "logs").iterdir())
    assert course_module.load(course.root / "course.yml").gradebook.endswith("/nowhere")
