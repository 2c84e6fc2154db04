"""A class that costs next to nothing: one-cell answers to two questions, no network, no training."""

from __future__ import annotations

from pathlib import Path

import nbformat

from autograder.authoring import release
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook
from tests.authoring.test_release import COURSE, code, make, source

IMPORT = "from autograder import check"


def tiny_course(root: Path, extra: str = "") -> Course:
    """A course of one assignment, `first`, released in `root`; `extra` is put before `assignments:` of its course.yml.

    It has no networks, so nobody who grades it waits for TensorFlow.
    """
    notebook = source()
    notebook.cells.insert(0, code("imports", IMPORT))
    root.mkdir(parents=True, exist_ok=True)
    course = make(root, notebook, COURSE.replace("assignments:", f"{extra}\nassignments:"))
    release.release(course, ["first"])
    return course


def tiny_submission(course: Course, student: str, add: str = "add = 5", name: str = "name = 'ada'") -> Path:
    """Hand in answers to the two questions, in one cell each."""
    notebook = released_notebook(course, "first")
    answers = {"add-answer": add, "name-answer": name}
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
    folder = course.root / "submitted" / student / "first"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "first.ipynb"
    nbformat.write(notebook, path)
    return path


def tiny_class(course: Course, students: int) -> None:
    """`students` who earn 0.5 to 1.5 of 3 points, most with a notebook of their own."""
    for number in range(students):
        right = "ada" if number % 2 else f"eva {number}"
        tiny_submission(course, f"s{number:04}", f"add = {5 if number % 3 else 4}", f"name = {right!r}")
