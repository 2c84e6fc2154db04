"""`autograder try`: one notebook, by what its student has, as it would be graded."""

import json
import xml.etree.ElementTree as Xml

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.classroom import one_notebook
from autograder.classroom.export.grades import of_report
from autograder.classroom.pages.one_notebook import markdown
from autograder.cli import app as cli
from autograder.common.cells import grade_id_of, is_answer, is_check, mark
from autograder.common.errors import CourseError, SubmissionError
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.wire.submitted_notebook import parse, restore
from autograder.course.course import load
from autograder.course.released_checks import HiddenCheck
from autograder.course.released_notebook import released_notebook
from autograder.course.source_notebook import source_path
from autograder.worker import visible_course
from tests.conftest import ROOT
from tests.hand_built import report_of
from tests.tiny_course import tiny_course, tiny_submission


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_course(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def repository(tiny, tmp_path):
    """What a student has: a folder with the notebook they work in, and its checks.yml."""

    def make(**answers):
        folder = tmp_path / "repository"
        folder.mkdir()
        (folder / "first.ipynb").write_bytes(tiny_submission(tiny, "me", **answers).read_bytes())
        (folder / "checks.yml").write_bytes((tiny.root / "assignments" / "en" / "first" / "checks.yml").read_bytes())
        return folder

    return make


def invoke(*arguments, **environment):
    kept = {"AUTOGRADER_COURSE": None, "GITHUB_STEP_SUMMARY": None, "AUTOGRADER_LANGUAGE": None, **environment}
    return CliRunner().invoke(cli.app, ["try", *map(str, arguments)], env=kept)


def of(folder, target, name="first.ipynb"):
    target.mkdir()
    notebook = folder / name
    return visible_course.of_released(folder / "checks.yml", notebook, nbformat.read(notebook, 4), target)


# ---- the course that is left


def test_only_visible_checks_are_left_and_what_is_hidden_is_told(tiny, repository, tmp_path):
    found = of(repository(), tmp_path / "course")
    assert {key: question.points for key, question in found.course.assignments["first"].questions.items()} == {
        "add": 0.5, "name": 1,
    }  # fmt: skip
    assert {key: [(check.title, check.points) for check in checks] for key, checks in found.hidden.items()} == {
        "add": [("A secret", 1.5)], "name": [],
    }  # fmt: skip
    assert "987654" not in found.file.read_text("utf-8")
    whole = tmp_path / "whole"
    whole.mkdir()
    same = visible_course.of_course(tiny, "first", "en", whole)
    assert same.course.assignments == found.course.assignments and same.hidden == found.hidden
    assert released_notebook(same.course, "first") == released_notebook(tiny, "first")


def test_a_release_is_made_of_the_notebook_that_the_student_works_in(tiny, repository, tmp_path):
    folder = repository()
    made = {
        grade_id_of(cell): cell for cell in released_notebook(of(folder, tmp_path / "course").course, "first").cells
    }
    for cell in released_notebook(tiny, "first").cells:
        if name := grade_id_of(cell):
            again = made[name]
            assert (is_answer(again), is_check(again)) == (is_answer(cell), is_check(cell))
            assert again.source == (visible_course.EMPTY if is_answer(cell) else cell.source)


def test_a_cell_that_people_grade_belongs_to_the_assignment_though_no_check_tells_of_it(repository, tmp_path):
    notebook = repository() / "first.ipynb"
    document = nbformat.read(notebook, 4)
    document.cells.append(nbformat.v4.new_markdown_cell("My reasons."))
    mark(document.cells[-1], "why", grade=True, solution=True, points=3, schema_version=3, locked=False, task=False)
    nbformat.write(document, notebook)
    release = released_notebook(of(notebook.parent, tmp_path / "course").course, "first")
    restored, notes = restore(nbformat.from_dict(parse(notebook.read_bytes())), release)
    assert notes == [] and restored.cells[-1].source == "My reasons."


@pytest.mark.parametrize("assignment", [*load(ROOT / "course.yml").assignments])
def test_nothing_is_said_to_be_changed_in_an_authors_own_solution(assignment, tmp_path):
    course = load(ROOT / "course.yml")
    source = source_path(course, assignment)
    submitted = nbformat.from_dict(parse(source.read_bytes()))
    tried = one_notebook._as_released(course, assignment, source, submitted, tmp_path)
    for language in course.course.languages:
        _restored, notes = restore(parse(tried.read_bytes()), released_notebook(course, assignment, language))
        assert notes == []
    elsewhere = tmp_path / source.name
    elsewhere.write_bytes(source.read_bytes())
    assert one_notebook._as_released(course, assignment, elsewhere, submitted, tmp_path) == elsewhere


def test_a_release_beside_the_checks_counts_more_than_the_students_notebook(tiny, repository, tmp_path):
    folder = repository()
    mine = folder / "mine.ipynb"
    (folder / "first.ipynb").rename(mine)
    release = tiny.root / "assignments" / "en" / "first" / "first.ipynb"
    (folder / "first.ipynb").write_bytes(release.read_bytes())
    found = of(folder, tmp_path / "course", mine.name)
    assert (tmp_path / "course" / "assignments" / "en" / "first" / "first.ipynb").read_bytes() == release.read_bytes()
    assert found.assignment == "first"


def test_what_lies_beside_comes_along_and_what_is_no_part_of_the_work_does_not(repository, tmp_path, monkeypatch):
    folder = repository()
    (folder / "data").mkdir()
    (folder / "data" / "data.csv").write_text("1,2")
    (folder / "helper.py").write_text("one = 1")
    (folder / ".git").mkdir()
    (folder / "venv").mkdir()
    (folder / "venv" / "pyvenv.cfg").touch()
    (folder / "outside").symlink_to("/etc")
    of(folder, tmp_path / "course")
    release = tmp_path / "course" / "assignments" / "en" / "first"
    assert {path.name for path in release.iterdir()} == {"data", "helper.py", "first.ipynb"}
    monkeypatch.setattr(visible_course, "MOST_BESIDE", 2)
    with pytest.raises(SubmissionError) as refused:
        of(folder, tmp_path / "again")
    assert refused.value.misused


def test_released_checks_may_have_any_name_and_a_course_its_own(repository, tmp_path, tiny):
    folder = repository()
    other = folder / "first-checks.yaml"
    (folder / "checks.yml").rename(other)
    assert one_notebook._is_released(other) and not one_notebook._is_released(tiny.root / "course.yml")
    assert (
        visible_course.of_released(
            other, folder / "first.ipynb", nbformat.v4.new_notebook(), make(tmp_path / "c")
        ).assignment
        == "first"
    )


def make(folder):
    folder.mkdir()
    return folder


def test_checks_that_are_all_hidden_or_damaged_are_refused(repository, tmp_path):
    folder = repository()
    text = (folder / "checks.yml").read_text("utf-8")
    (folder / "checks.yml").write_text(text.replace("assignment: first", "assignment: ../../first"), "utf-8")
    with pytest.raises(CourseError):
        of(folder, tmp_path / "course")
    (folder / "checks.yml").write_text("assignment: first", "utf-8")
    with pytest.raises(CourseError):
        of(folder, tmp_path / "course2")


# ---- wrong use, and what is shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.ipynb"], "there is no file nothing"),
        (["first.ipynb", "--checks", "nothing.yml"], "there is no file nothing"),
        (["first.ipynb", "--language", "kr"], "혹시 'ko' 아닌가요?"),
        (["alone.ipynb"], "name it with --checks"),
    ],
)
def test_wrong_use_is_2(repository, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(repository())
    alone = tmp_path / "alone" / "alone.ipynb"
    alone.parent.mkdir()
    alone.write_text("{}")
    done = invoke(*(str(alone) if name == "alone.ipynb" else name for name in arguments))
    assert done.exit_code == 2 and sentence in " ".join(done.output.replace("│", " ").split())


def report(*statuses, actual="4"):
    outcomes = [
        Outcome(check=f"c{n}", title=f"Check {n}", status=status, points=1.0 if status is Status.PASSED else 0.0, out_of=1.0,
                expected="5", actual=actual, hint="Add `a`")
        for n, status in enumerate(statuses)
    ]  # fmt: skip
    questions = tuple(
        QuestionResult(question=name, title=name, out_of=1.0, outcomes=(outcome,))
        for name, outcome in zip(("add", "name"), outcomes, strict=True)
    )
    return report_of(*questions, student="first")


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((Status.PASSED, Status.PASSED), 0),
        ((Status.PASSED, Status.FAILED), 1),
        ((Status.UNDECIDED, Status.FAILED), 1),
        ((Status.PASSED, Status.UNDECIDED), 3),
    ],
)
def test_the_exit_code_says_whether_all_visible_marks_are_earned(
    repository, tiny, tmp_path, monkeypatch, statuses, code
):
    made = report(*statuses)
    tried = one_notebook.Tried(
        made, of_report(tiny, made), (HiddenCheck.written({"title": "A secret", "points": 1.5, "of": "total"}),)
    )
    monkeypatch.setattr(one_notebook, "try_notebook", lambda *_, **__: tried)
    monkeypatch.chdir(repository())
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    done = invoke("first.ipynb", "--junit", "out.xml", GITHUB_STEP_SUMMARY=str(summary))
    assert done.exit_code == code
    assert f"{made.points:g} of 2 points by visible checks" in done.output and "1 hidden check" in done.output
    page = summary.read_text("utf-8")
    assert page.startswith("before\n### first") and page.count("\n| ") == 4
    suite = Xml.parse("out.xml").getroot().find("testsuite")
    assert int(suite.get("failures")) == statuses.count(Status.FAILED)
    assert int(suite.get("errors")) == statuses.count(Status.UNDECIDED)
    assert json.loads(invoke("first.ipynb", "--json").stdout)["assignment"] == "first"


@pytest.mark.parametrize(
    "said", ["![x](https://e.org/x.png)", "a | b", "<img src=x>", "[a](b)", "`x` | `y`", "# h\n- l", "@x"]
)
def test_what_a_student_wrote_is_only_text_on_githubs_page(said):
    page = markdown(report(Status.PASSED, Status.FAILED, actual=said), ())
    row = page.splitlines()[5]
    assert row.replace(r"\|", "").count("|") == 4
    assert not any(part in row for part in ("](", "<img", "![", " @x", "\n#"))


# ---- the real thing


def test_a_file_that_is_no_notebook_loses_all_visible_marks_and_reads_why(repository):
    folder = repository()
    (folder / "first.ipynb").write_text("")
    done = invoke(folder / "first.ipynb", "--isolation", "none")
    assert done.exit_code == 1 and "0 of 1.5 points" in done.output and done.output.count("it is empty") == 1


def test_a_students_repository_is_tried_in_the_sandbox_by_the_visible_checks(repository, tmp_path):
    folder = repository(add="add = 4")
    summary = tmp_path / "summary.md"
    done = invoke(folder / "first.ipynb", "--no-memo", "--json", GITHUB_STEP_SUMMARY=str(summary))
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    assert found["isolation"] == "bubblewrap"
    outcomes = {o["check"]: o["status"] for q in found["questions"] for o in q["outcomes"]}
    assert outcomes == {"shown": "failed", "value": "passed"}
    assert "1 of 1" in summary.read_text("utf-8") and "987654" not in done.stdout
