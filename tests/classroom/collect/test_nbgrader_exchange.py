"""The whole circle through nbgrader's real exchange: released, fetched, solved, submitted, collected, graded, returned."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.solved_notebooks import edited, solved
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.course.course import load
from tests.classroom.collect.conftest import tree

pytestmark = pytest.mark.slow
NBGRADER = [sys.executable, "-m", "nbgrader"]
AUTOGRADER = [sys.executable, "-m", "autograder.cli"]
COURSE = "deep-neural-networks"
WRONG = {"count-answer": "hidden_parameters = deep_parameters = 0"}


class Circle:
    """One exchange, one instructor, and students with a home each."""

    def __init__(self, root, memo):
        self.root, self.memo = root, memo
        self.exchange = root / "exchange"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)

    def run(self, program, *arguments, where, code=0):
        # nbgrader calls alembic by its name, as it finds it in an activated environment.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        environment = {
            **os.environ,
            "PATH": path,
            "COLUMNS": "200",
            "JUPYTER_DATA_DIR": str(where / ".jupyter"),
            "HOME": str(where),
        }
        where.mkdir(exist_ok=True)
        result = subprocess.run(
            [*program, *map(str, arguments)], cwd=where, env=environment, capture_output=True, text=True, check=False,
            timeout=600,
        )  # fmt: skip
        assert result.returncode == code, result.stdout + result.stderr
        return " ".join(result.stdout.split()), result.stderr

    def instructor(self, *arguments):
        return self.run(NBGRADER, *arguments, f"--Exchange.root={self.exchange}", where=self.root / "course")[1]

    def autograder(self, *arguments, code=0):
        return self.run(AUTOGRADER, *arguments, where=self.root / "course", code=code)

    def student(self, name, *arguments):
        settings = (f"--course={COURSE}", f"--student={name}", f"--Exchange.root={self.exchange}")
        return self.run(NBGRADER, *arguments, *settings, where=self.root / name)[1]

    def hand_in(self, name, notebook):
        nbformat.write(notebook, self.root / name / "deep" / "deep.ipynb")
        self.student(name, "submit", "deep")

    def scores(self):
        course = load(self.root / "course" / "course.yml")
        with Book(address(course), course.course.id) as book:
            return {score.student: score.points for score in book.scores()}

    def feedback(self, name):
        """The page that a student fetched, of the attempt that was graded."""
        (page,) = (self.root / name / "deep" / "feedback").rglob("deep.html")
        return page.read_text("utf-8")


@pytest.fixture(scope="module")
def circle(course, memo_folder, tmp_path_factory):
    """Released, fetched, solved by two students (Bob with a mistake), submitted, and collected."""
    root = tmp_path_factory.mktemp("circle")
    (root / "course").mkdir()
    for name in ("course.yml", "nbgrader_config.py"):
        shutil.copyfile(course.root / name, root / "course" / name)
    shutil.copytree(course.root / "solutions", root / "course" / "solutions")
    circle = Circle(root, memo_folder)
    circle.autograder("release", "deep")
    circle.instructor("release_assignment", "deep")
    perfect = solved(course, "deep")
    for name, notebook in {"ada": perfect, "bob": edited(perfect, WRONG)}.items():
        circle.student(name, "fetch_assignment", "deep")
        fetched = nbformat.read(root / name / "deep" / "deep.ipynb", as_version=4)
        assert [cell.metadata for cell in fetched.cells] == [cell.metadata for cell in notebook.cells]
        circle.hand_in(name, notebook)
    circle.said, _ = circle.autograder("collect", circle.exchange)
    return circle


def test_what_was_submitted_is_collected_as_nbgrader_does(circle):
    assert "From nbgrader's exchange:" in circle.said
    assert "2 taken, 0 replaced, 0 kept, 0 unchanged, 0 not collected" in circle.said
    for name in ("ada", "bob"):
        (inbound,) = (circle.exchange / COURSE / "inbound").glob(f"{name}+deep+*")
        there = tree(circle.root / "course" / "submitted" / name / "deep")
        assert set(there) == {"deep.ipynb", "timestamp.txt", "submission_secret.txt"}
        assert there == {file: content for file, content in tree(inbound).items() if file in there}
    assert "No newer submission to collect: ada deep" in circle.instructor("collect", "deep", "--update")


def test_a_student_gets_the_page_with_the_right_score(circle, course):
    circle.autograder("grade", "-w", 1, "--memo", circle.memo, "--no-reference")
    lost = course.assignment("deep").questions["count"].points
    full = course.assignment("deep").points
    assert circle.scores() == {"ada": full, "bob": full - lost}

    # Bob mends his answer: the later attempt is collected, graded alone, and counts.
    circle.hand_in("bob", solved(course, "deep"))
    said, _ = circle.autograder("collect", circle.exchange)
    assert "0 taken, 1 replaced, 0 kept, 2 unchanged" in said
    _, told = circle.autograder("grade", "-w", 1, "--memo", circle.memo, "--no-reference")
    assert "1 graded, 1 unchanged since they were graded" in " ".join(told.split())
    assert circle.scores() == {"ada": full, "bob": full}

    circle.instructor("generate_feedback", "deep")
    circle.instructor("release_feedback", "deep")
    for name in ("ada", "bob"):
        circle.student(name, "fetch_feedback", "deep")
        page = circle.feedback(name)
        assert f"{full:g}<small> / {full:g} points</small>" in page
        # What the judge decided, check by check, and the executed notebook.
        assert "Layer names: hidden1, hidden2, hidden3, output" in page
        assert "Show all cells and what they printed" in page
