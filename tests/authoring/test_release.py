"""What students receive: one language, no solutions, the same bytes every time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from nbformat import NotebookNode

from autograder.authoring import release
from autograder.classroom.gradebook.nbgrader_release import generate
from autograder.common.errors import CourseError, ReleaseError
from autograder.course import course as course_module
from autograder.course import source_notebook
from autograder.course.course import Course
from autograder.course.released_checks import RELEASED
from autograder.course.released_notebook import released_notebook

ROOT = Path(__file__).resolve().parents[2]
COURSE = """
course: {id: tiny, title: Tiny, languages: [en, ko]}
networks: false
assignments:
  first:
    title: {en: First, ko: 처음}
    due: 2027-03-14T23:59:00+09:00
    questions:
      add:
        title: {en: Addition, ko: 덧셈}
        points: 2
        checks:
          - {type: value, of: total, id: shown, equals: 5, points: 0.5}
          - {type: value, of: total, id: secret, equals: 987654, hidden: true, points: 1.5, title: {en: A secret, ko: 비밀}}
      name:
        title: {en: A name, ko: 이름}
        points: 1
        checks: [{type: value, of: name, equals: ada, points: 1}]
"""


def text(name: str, language: str) -> NotebookNode:
    cell: Any = nbformat.v4.new_markdown_cell(f"About {name}, in {language}", id=f"{name}-{language}")
    cell.metadata["tags"] = [language]
    return cell


def code(name: str, source: str, **grading: Any) -> NotebookNode:
    cell: Any = nbformat.v4.new_code_cell(source, id=name)
    if grading:
        kind = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
        cell.metadata["nbgrader"] = {**kind, **grading}
    return cell


def answer(question: str, solution: str) -> NotebookNode:
    source = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    return code(f"{question}-answer", source, solution=True, grade_id=f"{question}-answer")


def test_cell(question: str, points: float, hidden: bool = False) -> NotebookNode:
    call = f'check("first.{question}", {question}'
    source = call + ")"
    if hidden:
        source += f"\n### BEGIN HIDDEN TESTS\n{call}, hidden=True)\n### END HIDDEN TESTS"
    return code(f"{question}-check", source, grade=True, locked=True, grade_id=question, points=points)


test_cell.__test__ = False  # type: ignore[attr-defined]  # pytest takes it for a test


def source() -> NotebookNode:
    """The source notebook of the tiny course; cells are en, ko, answer, test for each of the two questions."""
    notebook: Any = nbformat.v4.new_notebook()
    notebook.nbformat_minor = 5
    notebook.cells = [
        text("add", "en"),
        text("add", "ko"),
        answer("add", "total = 2\nadd = total + 3  # five"),
        test_cell("add", 2, hidden=True),
        text("name", "en"),
        text("name", "ko"),
        answer("name", "name = 'ada lovelace'"),
        test_cell("name", 1),
    ]
    return notebook


def make(root: Path, notebook: NotebookNode | None = None, text: str = COURSE) -> Course:
    """The tiny course in `root`."""
    folder = root / "solutions" / "first"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "course.yml").write_text(text, "utf-8")
    (root / "solutions" / "references.py").write_text("SECRET = 987654\n", "utf-8")
    (folder / "first.ipynb").write_text(json.dumps(notebook or source()), "utf-8")
    return course_module.load(root / "course.yml")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The tiny course, released. Tests that change it copy it first."""
    course = make(tmp_path_factory.mktemp("course"))
    release.release(course, ["first"])
    return course


def test_each_language_gets_its_text_and_no_tags(released: Course) -> None:
    for language, other in (("en", "ko"), ("ko", "en")):
        notebook = released_notebook(released, "first", language)
        said = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        assert said == [f"About add, in {language}", f"About name, in {language}"]
        assert not any(f"-{other}" in cell.id or "tags" in cell.metadata for cell in notebook.cells)


def test_solutions_and_hidden_tests_stay_behind(released: Course) -> None:
    for path in (released.root / "assignments").rglob("*"):
        content = path.read_text("utf-8") if path.is_file() else ""
        for secret in ("SOLUTION", "HIDDEN", "hidden=True", "total + 3", "lovelace", "987654"):
            assert secret not in content, path
    cells = {
        c.metadata.nbgrader.grade_id: c for c in released_notebook(released, "first").cells if c.cell_type == "code"
    }
    assert "NotImplementedError" in cells["add-answer"].source
    assert cells["add"].source == 'check("first.add", add)'
    assert (cells["add"].metadata.editable, cells["add"].metadata.deletable) == (False, False)


def test_students_get_the_visible_checks_beside_the_notebook(released: Course) -> None:
    path = released.root / "assignments" / "ko" / "first" / RELEASED
    content = path.read_text("utf-8")
    assert content.startswith("# Generated")
    document = yaml.safe_load(content)
    assert document == released.public("first", "ko")
    assert "비밀" in content


def test_only_what_lies_in_the_assignments_folder_is_released(released: Course) -> None:
    files = sorted(str(p.relative_to(released.root)) for p in (released.root / "assignments").rglob("*") if p.is_file())
    assert files == [
        "assignments/en/first/checks.yml",
        "assignments/en/first/first.ipynb",
        "assignments/ko/first/checks.yml",
        "assignments/ko/first/first.ipynb",
    ]


def test_a_data_file_beside_the_notebook_is_released_with_it(tmp_path: Path) -> None:
    course = make(tmp_path)
    (tmp_path / "solutions" / "first" / "table.csv").write_text("1,2\n")
    paths = release.release(course, ["first"], target=tmp_path / "out", languages=["en"])
    assert [path.name for path in paths] == ["checks.yml", "first.ipynb", "table.csv"]


def test_a_release_is_the_same_byte_for_byte(released: Course, tmp_path: Path) -> None:
    again = release.release(released, ["first"], target=tmp_path)
    for path in again:
        assert path.read_bytes() == (released.root / "assignments" / path.relative_to(tmp_path)).read_bytes()


def test_saving_the_source_with_outputs_and_another_python_changes_nothing(released: Course, tmp_path: Path) -> None:
    notebook = source()
    notebook.metadata = {"language_info": {"name": "python", "version": "3.99"}, "widgets": {}}
    notebook.cells[3].execution_count = 7
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", text="5\n")]
    notebook.cells[3].metadata["execution"] = {"shell.execute_reply": "2027-01-01"}
    course = make(tmp_path, notebook)
    release.release(course, ["first"])
    name = "assignments/en/first/first.ipynb"
    assert (tmp_path / name).read_bytes() == (released.root / name).read_bytes()


def test_stale_names_changed_missing_and_superfluous_files(released: Course, tmp_path: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(released.root, root)
    course = course_module.load(root / "course.yml")
    assert release.stale(course) == []
    folder = root / "assignments" / "en" / "first"
    (folder / "old.csv").write_text("")
    (folder / RELEASED).unlink()
    notebook = root / "assignments" / "ko" / "first" / "first.ipynb"
    notebook.write_text(notebook.read_text("utf-8") + "\n", "utf-8")
    assert release.stale(course) == [folder / RELEASED, folder / "old.csv", notebook]
    assert release.stale(course, ["first"]) == release.stale(course)
    other = root / "assignments" / "en" / "withdrawn" / "old.csv"
    other.parent.mkdir()
    other.write_text("")
    assert other in release.stale(course) and other not in release.stale(course, ["first"])
    release.release(course, ["first"])
    assert release.stale(course, ["first"]) == []


def test_reading_a_release_that_is_missing_or_broken_names_the_remedy(released: Course, tmp_path: Path) -> None:
    course = make(tmp_path)
    with pytest.raises(ReleaseError, match="not released yet") as caught:
        released_notebook(course, "first")
    assert "autograder release" in caught.value.remedy
    path = tmp_path / "assignments" / "en" / "first" / "first.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ReleaseError, match="can't be read"):
        released_notebook(course, "first")


def test_an_unknown_assignment_is_a_course_error(released: Course) -> None:
    with pytest.raises(CourseError, match="no assignment 'frist'"):
        release.release(released, ["frist"])


def _drop(*indices: int) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        notebook.cells = [cell for index, cell in enumerate(notebook.cells) if index not in indices]

    return change


def _set(index: int, **changes: Any) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        cell = notebook.cells[index]
        for name, value in changes.items():
            if name in ("points", "grade_id", "schema_version", "locked", "grade"):
                cell.metadata["nbgrader"][name] = value
            elif name == "tags":
                cell.metadata["tags"] = value
            else:
                cell[name] = value

    return change


def _swap(notebook: NotebookNode) -> None:
    notebook.cells = notebook.cells[4:] + notebook.cells[:4]


def _leak(notebook: NotebookNode) -> None:
    notebook.cells[5].source = "For example:\n\n    total = 2\n    add = total + 3  # five\n"


WRONG: dict[str, tuple[Callable[[NotebookNode], None], str]] = {
    "no test cell": (_drop(7), r"first\.ipynb: question 'name' of course\.yml has no test cell"),
    "points differ": (_set(3, points=3), r"cell add: it is worth 3 points, and 2 in course\.yml"),
    "unknown question": (_set(7, grade_id="nmae"), r"cell nmae: there is no question 'nmae'"),
    "order": (_swap, r"cell name: it stands where course\.yml has the question 'add'"),
    "no twin": (_drop(1), r"cell add-en: it has no twin in 'ko' beside it"),
    "no first twin": (_drop(4), r"cell name-ko: it has no twin in 'en' beside it"),
    "last cell without twin": (_drop(5, 6, 7), r"cell name-en: it has no twin in 'ko'"),
    "two tags": (_set(0, tags=["en", "ko"]), r"cell add-en: it is tagged with more than one language"),
    "open region": (_set(2, source="### BEGIN SOLUTION\nx = 1"), r"cell add-answer: 'BEGIN SOLUTION' and"),
    "nested region": (
        _set(2, source="### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION\n### END SOLUTION"),
        r"cell add-answer: 'BEGIN SOLUTION' and 'END SOLUTION' do not pair up",
    ),
    "region elsewhere": (
        _set(1, source="### BEGIN SOLUTION\n42\n### END SOLUTION"),
        r"cell add-ko: 'BEGIN SOLUTION' stands in a cell that is no solution cell",
    ),
    "old metadata": (_set(3, schema_version=1), r"cell add: its nbgrader metadata are wrong: Outdated"),
    "editable test": (_set(3, locked=False), r"cell add: students could edit it"),
    "checks another question": (
        _set(7, source='check("first.add", name)'),
        r"cell name: it does not check its own question",
    ),
    "solution elsewhere": (
        _leak,
        r"assignments/ko/first/first\.ipynb: cell name-ko: it holds text of the solution of 'add-",
    ),
    "hidden call in sight": (
        _set(7, source='check("first.name", name)\ncheck("first.name", name, hidden=True)'),
        r"cell name: 'hidden=True' would reach students",
    ),
    "two cells with one id": (_set(1, id="add-en"), r"each cell needs an id of its own"),
    "two cells with one grade_id": (_set(6, grade_id="add-answer"), r"cell add-answer: two cells have this grade_id"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_source_that_does_not_fit_is_refused_with_its_cell_and_a_remedy(name: str, tmp_path: Path) -> None:
    change, message = WRONG[name]
    notebook = source()
    change(notebook)
    course = make(tmp_path, notebook)
    with pytest.raises(ReleaseError, match=message) as caught:
        release.release(course, ["first"])
    assert caught.value.remedy
    assert not (tmp_path / "assignments").exists()


@pytest.mark.parametrize("swapped", [(), (0,), (4,), (0, 4)])
@pytest.mark.parametrize("order", ["[en, ko]", "[ko, en]"])
def test_which_language_stands_first_changes_no_release(tmp_path: Path, swapped: tuple[int, ...], order: str) -> None:
    notebook, texts = source(), {}
    for place in swapped:
        notebook.cells[place : place + 2] = reversed(notebook.cells[place : place + 2])
    for name, cells in (("as it was", source()), ("swapped", notebook)):
        folder = tmp_path / name
        release.release(make(folder, cells, COURSE.replace("[en, ko]", order)), ["first"])
        texts[name] = {file.relative_to(folder): file.read_bytes() for file in folder.glob("assignments/*/*/*")}
    assert texts["swapped"] == texts["as it was"] and len(texts["swapped"]) == 4


def test_a_missing_or_broken_source_is_refused(tmp_path: Path) -> None:
    course = make(tmp_path)
    path = tmp_path / "solutions" / "first" / "first.ipynb"
    for content in (
        "",
        "[]",
        "{}",
        json.dumps({**source(), "nbformat_minor": 2}),
        '{"nbformat": 4, "nbformat_minor": 5}',
    ):
        path.write_text(content)
        with pytest.raises(ReleaseError, match=r"solutions/first/first\.ipynb is not a notebook of format 4\.5"):
            source_notebook.source_notebook(course, "first")
    path.unlink()
    with pytest.raises(ReleaseError, match="does not exist"):
        source_notebook.source_notebook(course, "first")


def test_what_nbgrader_refuses_is_a_release_error_with_its_reason(tmp_path: Path) -> None:
    course = make(tmp_path)
    notebook = source()
    notebook.cells[2].source = "### BEGIN SOLUTION"
    with pytest.raises(ReleaseError, match="nbgrader refuses it: no end solution statement found"):
        generate(course, "first", notebook, tmp_path / "out")


@pytest.mark.parametrize("name", list(course_module.load(ROOT / "course.yml").assignments))
def test_the_courses_own_sources_can_be_released(name: str, tmp_path: Path) -> None:
    course = course_module.load(ROOT / "course.yml")
    assert len(release.release(course, [name], target=tmp_path)) == 4


def test_nbgraders_configuration_agrees_with_the_course() -> None:
    from traitlets.config import PyFileConfigLoader

    course = course_module.load(ROOT / "course.yml")
    config = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
    assert config.CourseDirectory.course_id == course.course.id
    assert config.CourseDirectory.db_url == course.gradebook


def test_nbgraders_command_line_works_in_the_courses_folder() -> None:
    command = [sys.executable, "-m", "nbgrader", "list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
