"""Every way out, walked with a hostile text in every place that a student can choose: nothing acts, nothing names this machine's folders."""

import csv
import io
import json
import logging
import re
import sys
import zipfile
from types import UnionType
from typing import Any, get_args, get_origin

import nbformat
import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from autograder.authoring.release import release
from autograder.classroom.export import FORMATS
from autograder.classroom.folder import Folder, Place
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.log import logged
from autograder.classroom.pages import one_notebook, summary
from autograder.cli.app import app
from autograder.cli.common import Terminal
from autograder.common.results import FirstCause, Report, Status
from autograder.common.showing.outcome_table import as_html, as_text
from autograder.sandbox import outputs
from tests.authoring.test_release import make as tiny_course
from tests.common.showing.test_readable import acts

PATH = f"{sys.prefix}/lib/python3.11/site-packages/secret.py"
BAD = f"=cmd|' \u202egnp\u2066\x1b]0;title\x07\x1b[2J\x9b31m\r\x08\x00\u2028</script><script>alert(1)</script><img src=x onerror=alert(1)>[a](javascript:x) {PATH}"
OWN = BAD.replace(PATH, "")  # what stands in a student's own cells
STUDENT = "=1+1|\u202e\x1b]0;t\x07\x9b2J <b>[red]x"  # what a folder's name can be
# What is the course's, the platform's or the grader's own; every other text of a report may be a student's.
OURS = {
    "student": STUDENT, "assignment": "first", "submission": "0", "course": "0", "isolation": "bubblewrap", "versions": {"keras": "3"}, "language": "en",
    "grader": "1", "limit": "memory", "check": "shown", "question": "add", "split": "holdout", "points": 0.0, "out_of": 1.0, "status": Status.FAILED,
}  # fmt: skip


def filled(kind: Any) -> Any:
    """A value of this type with the hostile text wherever a text may stand."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        own = OURS | ({"questions": ("add",)} if kind is FirstCause else {})
        fields = kind.model_fields.items()
        return kind(**{name: own[name] if name in own else filled(field.annotation) for name, field in fields})
    if kind is str:
        return BAD[:190]
    if origin is tuple:
        return tuple(map(filled, inner[:1])) if inner[-1] is Ellipsis else tuple(map(filled, inner))
    if origin is dict:
        return {filled(inner[0]): filled(inner[1])}
    if origin in (UnionType, None) and inner:
        return filled(inner[0])
    return {int: 1, float: 0.5, bool: False}.get(kind) if origin is None else filled(inner[0])


@pytest.fixture(scope="module")
def report():
    made = filled(Report)
    asked = [
        made.questions[0].model_copy(update={"question": key, "out_of": worth})
        for key, worth in (("add", 2.0), ("name", 1.0))
    ]
    return made.model_copy(update={"questions": tuple(asked)})


@pytest.fixture(scope="module")
def course(tmp_path_factory, report):
    course = tiny_course(tmp_path_factory.mktemp("course"))
    release(course, ["first"])
    folder = Folder(course.root)
    place = Place(STUDENT, "first")
    shown = [
        nbformat.v4.new_output("stream", name="stderr", text=BAD),
        nbformat.v4.new_output("error", ename=BAD, evalue=BAD, traceback=[BAD, f'File "{PATH}"']),
        nbformat.v4.new_output(
            "display_data",
            data={"text/html": BAD, "text/plain": BAD, BAD: BAD, "application/json": {BAD: BAD}},
            metadata={BAD: BAD},
        ),
    ]
    cell = nbformat.v4.new_code_cell(OWN, outputs=shown)
    outputs.tidy(cell)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(OWN), cell], metadata={BAD: BAD})
    for path, text in ((folder.report(place), report.to_json()), (folder.notebook(place), nbformat.writes(notebook))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
        book.write(report, course, None)
    return course


def innocent(text: str, *, typed: bool = False) -> None:
    """`typed`: of a file for people, in which half of HTML may stand as text."""
    assert not [character for character in text if acts(character)]
    assert sys.prefix not in text and "site-packages" not in text
    if not typed:
        assert "<script>alert" not in text and "<img src=x" not in text


def run(course, *arguments):
    done = CliRunner().invoke(
        app, [arguments[0], "--course", str(course.root / "course.yml"), *map(str, arguments[1:])]
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    innocent(done.stdout.replace(str(course.root), ""), typed=True)
    innocent(done.stderr.replace(str(course.root), ""), typed=True)
    return done


def test_a_report_says_nothing_hostile_wherever_it_has_a_text(report):
    text = report.to_json()
    innocent(text, typed=True)
    assert text.count("gnp") >= 15  # the words are shown
    assert Report.from_json(text) == report


@pytest.mark.parametrize("name", FORMATS)
def test_exports(course, tmp_path, name):
    run(course, "export", "-f", name, "-o", tmp_path / name)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for file in files:
        text = file.read_bytes().decode("utf-8")
        innocent(text.replace("\r\n", "\n"), typed=True)
        if file.suffix == ".json":
            json.loads(text)
        if name in ("csv", "canvas", "moodle"):
            for cell in (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row):
                assert cell == "-" or not cell.lstrip(" ").startswith(("=", "+", "-", "@"))
                assert not re.search(r"[;|\t\n] *(?:[=+@]|-(?! ))", cell)


def test_pages(course, tmp_path):
    run(course, "report", "-o", tmp_path / "class.html")
    run(course, "feedback")
    for page in (tmp_path / "class.html", Folder(course.root).page(Place(STUDENT, "first"))):
        innocent(page.read_text("utf-8"))


@pytest.mark.parametrize("platform", ["moodle", "canvas", "blackboard", "folder"])
def test_what_is_said_of_an_archive_whose_names_act_on_a_terminal(course, tmp_path, platform):
    odd = "a\u202eb\u2066\x1b]0;t\x07\x9b2J\r\n[red]<b>"
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for name in (
            f"{odd}_7_assignsubmission_file_/{odd}.ipynb",
            f"{odd}_7_8_{odd}.ipynb",
            f"{odd}/first/first.ipynb",
            f"{odd}.txt",
        ):
            archive.writestr(name, "{}")
    for options in ([], ["--json"], ["--verbose"]):
        run(course, "collect", tmp_path / "class.zip", "--from", platform, "--dry-run", *options)


def test_commands(course):
    found = json.loads(run(course, "status", "--json").stdout)
    assert found["state"] == "never"
    run(course, "status")
    run(course, "regrade", "--diff")
    run(course, "regrade", "--diff", "--json")


def test_what_terminals_and_workflows_show_of_one_notebook(report, tmp_path):
    stream = io.StringIO()
    terminal = Terminal(file=stream, force_terminal=True, width=120, color_system=None)
    terminal.print(one_notebook.table(report))
    terminal.print(as_text(report.questions[0]))
    for line in summary.failed_checks(report):
        terminal.print(line)
    terminal.print(summary.class_table([report], ["first"], {}))
    innocent(stream.getvalue().replace("\x1b[", ""), typed=True)
    innocent(one_notebook.markdown(report, ()))
    innocent(as_html(report.questions[0]))
    with logged(tmp_path) as place:
        logging.getLogger("autograder.x").warning("a submission could not be worked on: %s", OWN)
    innocent((tmp_path / place).read_text("utf-8"), typed=True)
