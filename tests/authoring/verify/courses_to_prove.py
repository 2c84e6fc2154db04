"""Courses of two questions, and one for a person, that need no data and no network, with alternatives and mutants: quick to grade for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from autograder.authoring import release
from autograder.course import course as course_module
from autograder.course.course import Course
from tests.authoring.test_release import answer, code, source, text

ALTERNATIVES = {
    "computed": {"why": "Computed otherwise.", "edits": {"add-answer": "total = 4 - 2\nadd = sum([total, 3])"}}
}
MUTANTS = {
    "one-more": {
        "why": "One too many.",
        "edits": {"add-answer": "total = 1\nadd = 2 + 4"},
        "loses": {"add.shown": "6", "add.secret": ""},
    },
    "misspelled": {"why": "Another name.", "edits": {"name-answer": "name = 'bob'"}, "loses": {"name.value": "'bob'"}},
}
HEAD = """
course: {id: tiny, title: Tiny, languages: [en, ko]}
networks: false
isolation: bubblewrap
assignments:
"""
ASSIGNMENT = """\
  first:
    title: {en: First, ko: 처음}
    due: 2027-03-14T23:59:00+09:00
    questions:
      add:
        title: {en: Addition, ko: 덧셈}
        points: 2
        checks:
          - {type: value, of: add, id: shown, equals: 5, points: 0.5}
          - {type: value, of: total, id: secret, equals: 2, hidden: true, points: 1.5, title: {en: A secret, ko: 비밀}}
      name:
        title: {en: A name, ko: 이름}
        points: 1
        checks: [{type: value, of: name, equals: ada lovelace, points: 1}]
      why: {title: {en: Why, ko: 까닭}, points: 2, manual: true, rubric: [{points: 2, says: {en: Says why, ko: 까닭을 말함}}]}
"""
TEXT = HEAD + ASSIGNMENT


def write(root: Path, *names: str) -> Course:
    """A tiny course in `root` with assignments called `names`, all alike, released, with alternatives and mutants."""
    names = names or ("first",)
    (root / "solutions").mkdir()
    (root / "solutions" / "references.py").write_text("def plus(a):\n    return a + 5\n", "utf-8")
    (root / "course.yml").write_text(
        HEAD + "".join(ASSIGNMENT.replace("first:", f"{name}:") for name in names), "utf-8"
    )
    for name in names:
        notebook = source()
        notebook.cells.insert(0, code("imports", "from autograder import check"))
        notebook.cells[7] = answer("name", "name = 'ada'\nname += ' lovelace'")
        notebook.cells += [text("why", "en"), text("why", "ko"), judged("why", 2)]
        content = (
            json.dumps(notebook).replace("first.", f"{name}.").replace('.add\\", add', '.add\\", add, total=total')
        )
        (root / "solutions" / name).mkdir()
        (root / "solutions" / name / f"{name}.ipynb").write_text(content, "utf-8")
        put(root, "alternatives", ALTERNATIVES, name)
        put(root, "mutants", MUTANTS, name)
    course = course_module.load(root / "course.yml")
    release.release(course, list(names))
    return course


def judged(name: str, points: float) -> NotebookNode:
    """An answer in words, which a person grades."""
    grading = {"grade": True, "solution": True, "locked": False, "task": False, "schema_version": 3, "grade_id": name}
    return nbformat.v4.new_markdown_cell(
        "Two and three.", metadata={"nbgrader": {**grading, "points": points}}, id=name
    )


def put(root: Path, kind: str, files, name: str = "first") -> None:
    """Replace the alternatives or mutants of an assignment; a file may be a text or a document."""
    folder = root / "tests" / kind / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for stem, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
        (folder / f"{stem}.yml").write_text(text, "utf-8")


def edit_text(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), "utf-8")
