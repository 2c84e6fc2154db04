"""A new assignment: put into course.yml without touching anything else, whole or not at all."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from autograder.authoring.release import release, stale
from autograder.authoring.scaffold import make
from autograder.authoring.scaffold.make import inserted, new_assignment, new_course
from autograder.authoring.scaffold.parts import TASKS, New
from autograder.authoring.solved_notebooks import edited, solved
from autograder.authoring.verify.mutants_and_alternatives import files, read_mutant
from autograder.classroom.folder import Folder
from autograder.cli.app import app
from autograder.common.errors import AutograderError, CourseError
from autograder.common.i18n import known
from autograder.course.course import load
from autograder.course.released_notebook import released_notebook
from tests.conftest import ROOT


@pytest.fixture
def course_copy(tmp_path, course):
    shutil.copyfile(course.root / "course.yml", tmp_path / "course.yml")
    (tmp_path / "solutions").mkdir()
    shutil.copyfile(course.root / "solutions" / "references.py", tmp_path / "solutions" / "references.py")
    return tmp_path / "course.yml"


def test_the_entry_goes_behind_the_last_assignment_and_nothing_else_changes(course_copy):
    before = course_copy.read_text("utf-8")
    made = new_assignment(course_copy, New("fifth", 'Fifth: a "test"', "다섯째"))
    after = course_copy.read_text("utf-8")
    assert after.startswith(before.rstrip("\n")) and made[0] == course_copy
    course = load(course_copy)
    assert list(course.assignments)[-1] == "fifth" and course.assignments["fifth"].points == 7
    assert course.assignments["fifth"].title.root == {"en": 'Fifth: a "test"', "ko": "다섯째"}


@pytest.mark.parametrize("task", TASKS)
def test_what_is_made_can_be_released_in_both_languages(tmp_path, task):
    new_assignment(tmp_path / "course.yml", New("first", "First", "첫째", task=task))
    course = load(tmp_path / "course.yml")
    release(course, ["first"])
    assert stale(course) == []
    assert "# 첫째" in (tmp_path / "assignments" / "ko" / "first" / "first.ipynb").read_text("utf-8")
    notebook = solved(course, "first")
    for file in (tmp_path / "tests" / "mutants" / "first").glob("*.yml"):
        mutant = yaml.safe_load(file.read_text("utf-8"))
        edited(notebook, mutant["edits"])  # raises where an edit finds nothing
    lost = {place for file in (tmp_path / "tests" / "mutants" / "first").glob("*.yml")
            for place in yaml.safe_load(file.read_text("utf-8"))["loses"]}  # fmt: skip
    every = {
        f"{key}.{check.id}"
        for key, question in course.assignments["first"].questions.items()
        for check in question.checks
    }
    assert lost == every


def test_a_course_that_is_begun_keeps_out_of_git_what_names_students(tmp_path):
    new_assignment(tmp_path / "course.yml", New("first"))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    made = [str(path) for path in Folder(tmp_path).made()]
    done = subprocess.run(
        [
            "git",
            "-C",
            tmp_path,
            "check-ignore",
            *[f"{path}/x" if "." not in path.rpartition("/")[2] else path for path in made],
        ],
        check=False,
    )
    assert done.returncode == 0
    shown = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    ).stdout
    assert "course.yml" in shown and "first.ipynb" in shown


def test_this_course_too_keeps_out_of_git_what_names_students():
    kept_out = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {line for line in make._ignored(ROOT).splitlines() if line not in kept_out} == set()


@pytest.mark.parametrize("task", TASKS)
def test_a_korean_course_says_nothing_to_students_in_english(tmp_path, task):
    new_course(tmp_path / "course", New("first", languages=("ko",), task=task), "강의")
    course = load(tmp_path / "course" / "course.yml")
    cells = json.loads((course.root / "solutions" / "first" / "first.ipynb").read_text("utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    titles = [line for text in prose for line in text.splitlines() if line.startswith("#")]
    said = [text.in_language("ko") for _place, text in course._texts()]
    assert len(titles) > 3 and [text for text in (*titles, *prose, *said) if not re.search("[가-힣]", text)] == []


@pytest.mark.parametrize("languages", [("fr",), ("no", "ko", "en")], ids="-".join)
def test_a_course_is_begun_in_any_languages_with_all_that_it_needs(tmp_path, languages):
    made = new_course(tmp_path / "my_course", New("start", languages=languages), 'My "course"')
    names = {path.name for path in made}
    assert {"course.yml", ".gitignore", "nbgrader_config.py", "start.ipynb", "test_start.py"} <= names
    course = load(tmp_path / "my_course" / "course.yml")
    assert course.course.languages == languages and course.course.title.root == {"": 'My "course"'}
    release(course, ["start"])
    for language in languages:
        text = released_notebook(course, "start", language).cells[0].source
        assert text.startswith("# 작은 신경망\n" if language == "ko" else "# Start\n")
        assert ("이 노트북에서는" in text) == (language == "ko")
    config = (course.root / "nbgrader_config.py").read_text()
    assert f'release_directory = "assignments/{languages[0]}"' in config
    workflow = yaml.safe_load((course.root / ".github" / "workflows" / "course.yml").read_text())
    assert workflow["jobs"]["verify"]["uses"].endswith("/.github/workflows/verify-course.yml@main")
    assert not re.search(
        r"\b(TITLE|LANGUAGES?|COURSE|NAME)\b", (course.root / "course.yml").read_text().replace("assignment NAME", "")
    )


def test_a_course_is_begun_once_in_a_language_and_for_a_task_that_there_is(tmp_path):
    new_course(tmp_path, New("first"))
    for new, said in ((New("first"), "is a course already"), (New("a", languages=("french",)), "not the code of a language"),
                      (New("a", task="cmm"), "no task 'cmm'")):  # fmt: skip
        with pytest.raises(CourseError, match=said):
            new_course(tmp_path if said.endswith("already") else tmp_path / "other", new)
    assert not (tmp_path / "other").exists()


def test_the_example_of_a_regression_is_what_the_command_makes(tmp_path):
    """So its proof (tests/test_examples.py) is one of the templates."""
    example = ROOT / "examples" / "regression"
    new_course(tmp_path, New("regression", languages=("en",), task="regression", due="2030-01-31T23:59:00+00:00"))
    kept = sorted(
        path.relative_to(example) for folder in ("solutions", "tests") for path in (example / folder).rglob("*.*")
    )
    assert kept == sorted(
        path.relative_to(tmp_path)
        for folder in ("solutions", "tests")
        for path in (tmp_path / folder).rglob("*.*")
        if not path.name.startswith("test_")
    )
    assert [path for path in kept if (example / path).read_bytes() != (tmp_path / path).read_bytes()] == []
    made, shown = (yaml.safe_load((folder / "course.yml").read_text("utf-8")) for folder in (tmp_path, example))
    shown["assignments"]["regression"]["title"] = {"en": "Regression"}
    for entry in (made, shown):
        for question in entry["assignments"]["regression"]["questions"].values():
            question["title"] = question["title"]["en"] if isinstance(question["title"], dict) else question["title"]
    assert made["data"] == shown["data"] and made["assignments"] == shown["assignments"]


@pytest.mark.parametrize("task", [task for task in TASKS if task != "sklearn"])
def test_an_assignment_says_what_it_is_on_where_the_course_is_on_something_else(tmp_path, task):
    new_course(tmp_path, New("first", languages=("en",), task="regression" if task != "regression" else "cnn"))
    new_assignment(tmp_path / "course.yml", New("second", task=task))
    course = load(tmp_path / "course.yml")
    assert {course.on(name).data.name for name in ("first", "second")} == {"diabetes", "fashion_mnist"}
    new_assignment(tmp_path / "course.yml", New("third", task="regression" if task != "regression" else "cnn"))
    assert (load(tmp_path / "course.yml").assignments["third"].data is None) == (task == "regression")


@pytest.mark.parametrize("languages", [("ko", "en"), ("en", "ko"), ("ko",), ("fr", "ko"), ("ko", "fr")], ids="-".join)
@pytest.mark.parametrize("task", TASKS)
def test_what_students_should_read_of_a_mutant_is_in_the_language_that_they_read(tmp_path, task, languages):
    """The phrases of templates are English: a student of such a mutant reads English, or nothing in particular is asked."""
    new_course(tmp_path, New("first", languages=languages, task=task))
    course = load(tmp_path / "course.yml")
    release(course, ["first"])
    found = [read_mutant(path, course) for path in files(course, Path("tests/mutants"), "first")]
    assert len(found) > 3
    for one in found:
        assert one.notebook(course).cells
        read = known(one.language or course.language) or "en"
        assert read == "en" or not any(phrase for phrases in one.loses.values() for phrase in phrases), one.path
    assert any(one.loses for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("languages", [("ko", "en"), ("ko",)], ids="-".join)
def test_an_assignment_proves_itself_in_a_course_that_is_korean_first(tmp_path, languages, memo_folder):
    new_course(tmp_path, New("first", languages=languages, task="sklearn"))
    parts = [word for part in ("solution", "alternatives", "release", "mutants") for word in ("--only", part)]
    for words in (["release"], ["verify", "--memo", str(memo_folder), *parts]):
        done = CliRunner().invoke(app, [*words, "--course", str(tmp_path / "course.yml")])
        assert done.exit_code == 0, done.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    ["cnn", "sklearn"],  # a regression is proven by its example, and by docs/writing-assignments.md
)
def test_an_assignment_of_each_task_proves_itself(tmp_path, task, memo_folder):
    new_course(tmp_path, New("first", languages=("en",), task=task))
    if task == "cnn":  # and beside it one on other data
        new_assignment(tmp_path / "course.yml", New("second", task="regression"))
        new_assignment(tmp_path / "course.yml", New("third", task="network"))
    parts = [
        word
        for part in ("solution", "alternatives", "release", "mutants", "checks", "emptied", "unasked", "told")
        for word in ("--only", part)
    ]
    for words in (["release"], ["verify", "--memo", str(memo_folder), *parts]):
        done = CliRunner().invoke(app, [*words, "--course", str(tmp_path / "course.yml")])
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize("task", TASKS)
def test_a_course_without_networks_takes_the_tasks_that_need_none_and_names_them(tmp_path, task):
    new_course(tmp_path, New("first", task="sklearn"))
    before = (tmp_path / "course.yml").read_bytes()
    if task == "sklearn":
        new_assignment(tmp_path / "course.yml", New("second", task=task))
        return
    with pytest.raises(CourseError, match=f"says `networks: false`, and the task '{task}' is about networks") as caught:
        new_assignment(tmp_path / "course.yml", New("second", task=task))
    assert "--task sklearn" in caught.value.remedy and (tmp_path / "course.yml").read_bytes() == before


def test_a_gitignore_that_is_there_stays(tmp_path):
    (tmp_path / ".gitignore").write_text("mine\n")
    new_assignment(tmp_path / "course.yml", New("first"))
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_a_second_one_goes_behind_the_first(tmp_path):
    path = tmp_path / "course.yml"
    for name in ("first", "second"):
        new_assignment(path, New(name))
    assert list(load(path).assignments) == ["first", "second"]
    assert load(path).course.id == tmp_path.name.replace("_", "-") or load(path).course.id.startswith("course-")


ENTRY = "new:\n  title: x\n"
PLACES = {
    "the end of the file": ("assignments:\n  a:\n    title: y\n", "assignments:\n  a:\n    title: y\n  new:\n    title: x\n"),
    "before the next key and its comment": (
        "assignments:\n  a: {title: y}  # kept\n\n# about late\nlate: {}\n",
        "assignments:\n  a: {title: y}  # kept\n  new:\n    title: x\n\n# about late\nlate: {}\n",
    ),
    "as deep as the others": ("assignments:\n    a: {}\n", "assignments:\n    a: {}\n    new:\n      title: x\n"),
    "behind a comment of the last one": (
        "assignments:\n  a: {}\n  # of a\nseed: 1\n", "assignments:\n  a: {}\n  # of a\n  new:\n    title: x\nseed: 1\n"
    ),
    "the first one": ("assignments:\nseed: 1\n", "assignments:\n  new:\n    title: x\nseed: 1\n"),
    "a last line without an end": ("assignments:\n  a: {}", "assignments:\n  a: {}\n  new:\n    title: x\n"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), PLACES.values(), ids=PLACES)
def test_the_place_of_an_entry(before, after):
    assert inserted(before, ENTRY) == after


@pytest.mark.parametrize("begins", ["", "\ufeff"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_lines_end_and_the_file_begins_as_they_did(tmp_path, begins, ends):
    path = tmp_path / "course.yml"
    new_assignment(path, New("first"))
    before = (begins + path.read_text("utf-8").replace("\n", ends)).encode()
    path.write_bytes(before)
    new_assignment(path, New("second"))
    after = path.read_bytes()
    assert after.startswith(before) and after.count(b"\n") == after.count(ends.encode()) > before.count(ends.encode())
    assert list(load(path).assignments) == ["first", "second"]


@pytest.mark.parametrize("text", ["assignments: {a: {}}\n", "seed: 1\n", "just text\n"])
def test_a_file_without_assignments_in_block_style_is_refused(text):
    with pytest.raises(CourseError, match="block style"):
        inserted(text, ENTRY)


@pytest.mark.parametrize("name", ["Fifth", "5th", "fifth-one", "", "a" * 41, "../up"])
def test_a_name_that_fits_no_file_is_refused(name, course_copy):
    with pytest.raises(CourseError, match="can't be an assignment's name"):
        new_assignment(course_copy, New(name))


def test_what_is_there_is_never_written_over(course_copy):
    with pytest.raises(CourseError, match="already"):
        new_assignment(course_copy, New("deep"))
    before = course_copy.read_bytes()
    taken = course_copy.parent / "solutions" / "fifth" / "fifth.ipynb"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")
    with pytest.raises(AutograderError, match=r"fifth\.ipynb exists already"):
        new_assignment(course_copy, New("fifth"))
    assert taken.read_text() == "mine" and course_copy.read_bytes() == before


def test_an_entry_that_the_course_refuses_leaves_nothing_behind(course_copy):
    before = course_copy.read_bytes()
    files = sorted(course_copy.parent.rglob("*"))
    with pytest.raises(CourseError, match="has no time zone") as caught:
        new_assignment(course_copy, New("fifth", due="2027-04-11T23:59:00"))
    assert "block style" not in caught.value.remedy and caught.value.misused
    assert course_copy.read_bytes() == before
    assert sorted(course_copy.parent.rglob("*")) == files


def test_a_folder_that_can_not_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AutograderError, match=r"file.* can't be written: ") as caught:
        new_assignment(tmp_path / "file" / "course.yml", New("fifth"))
    assert "may write" in caught.value.remedy


@pytest.mark.parametrize("task", TASKS)
def test_assignments_of_one_task_are_called_differently_in_every_language(tmp_path, task):
    new_course(tmp_path, New("first", task=task))
    for name in ("second", "third_one"):
        new_assignment(tmp_path / "course.yml", New(name, task=task))
    new_assignment(tmp_path / "course.yml", New("mine", title="Mine", title_ko="나의 과제", task=task))
    made = load(tmp_path / "course.yml").assignments.values()
    for language in ("en", "ko"):
        titles = [one.title.in_language(language) for one in made]
        assert len({*titles}) == 4, titles
    assert titles[2].endswith(": Third one") and titles[3] == "나의 과제"
    text = (tmp_path / "solutions" / "second" / "second.ipynb").read_text("utf-8")
    assert f"# {titles[1]}" in text
