"""The course's folder has one owner: its paths, and one rule for a report or notebook that can't be used."""

import ast
import hashlib
import re
import subprocess
import sys

import nbformat
import pytest

from autograder.classroom.folder import LARGEST, Folder, Place
from autograder.common.errors import ReportError
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.common.submission import Submission
from tests.conftest import ROOT
from tests.hand_built import report_of

PACKAGE = ROOT / "autograder"
OWNER = PACKAGE / "classroom" / "folder.py"
OTHERS = [path for path in sorted(PACKAGE.rglob("*.py")) if path != OWNER]
NAMES = {path.name for path in Folder(ROOT).made()} - {
    "gradebook.db",
    "class.html",
}  # the one's place is course.yml's; the other is a template's name too
ADA = Place("ada", "first")


def report(student="ada", assignment="first", points=1.0):
    outcome = Outcome(check="value", title="A value", status=Status.PASSED, points=points, out_of=2.0)
    question = QuestionResult(question="add", title="Add", out_of=2.0, outcomes=(outcome,))
    return report_of(question, student=student, assignment=assignment)


@pytest.fixture
def folder(tmp_path):
    """Reports of three students; a report of an assignment that the course lost, and what the grader keeps for itself."""
    made = Folder(tmp_path)
    for place in (ADA, Place("bob", "first"), Place("eve", "first"), Place("ada", "gone"), Place(".handins", "first")):
        made.report(place).parent.mkdir(parents=True, exist_ok=True)
        made.report(place).write_text(report(*place).to_json(), "utf-8")
    return made


def spoil(path, how):
    content = path.read_bytes()
    match how:
        case "missing":
            path.unlink()
        case "cut off":
            path.write_bytes(content[:-20])
        case "not UTF-8":
            path.write_bytes(b"\xff\xfe" + content)
        case "a folder":
            path.unlink()
            path.mkdir()
        case "another's":
            path.write_text(report("mallory").to_json(), "utf-8")
        case "other fields":
            path.write_bytes(content.replace(b'"student"', b'"name"'))
        case "too large":
            path.write_bytes(content + b" " * LARGEST)
        case "empty":
            path.write_bytes(b"")


WAYS = ["missing", "cut off", "not UTF-8", "a folder", "another's", "other fields", "too large", "empty"]


@pytest.mark.parametrize("how", WAYS)
def test_a_report_that_can_not_be_used_is_named_with_the_remedy_and_stops_nobody_else(folder, how):
    path = folder.report(ADA)
    spoil(path, how)
    with pytest.raises(ReportError, match=re.escape(str(path))) as caught:
        folder.read_report(ADA)
    assert "autograder grade" in caught.value.remedy
    told = []
    assert [found.student for found in folder.read_reports(["first"], amiss=told.append)] == ["bob", "eve"]
    assert [str(error) for error in told] == ([] if how == "missing" else [str(caught.value)])


def test_reports_are_those_of_the_assignments_and_students_asked_for(folder):
    def found(*names):
        return [(one.student, one.assignment) for one in folder.read_reports(*names, amiss=pytest.fail)]

    assert found(["first"]) == [("ada", "first"), ("bob", "first"), ("eve", "first")]
    assert found(["first"], ["eve"]) == [("eve", "first")]
    assert found(["first", "gone"], ["ada"]) == [("ada", "first"), ("ada", "gone")]
    assert list(Folder(folder.root / "nowhere").read_reports(["first"], amiss=pytest.fail)) == []


def test_a_report_of_another_digest_is_not_the_one_that_was_written(folder):
    content = folder.report(ADA).read_bytes()
    assert folder.read_report(ADA, hashlib.sha256(content).hexdigest()).points == 1.0
    with pytest.raises(ReportError, match="changed"):
        folder.read_report(ADA, hashlib.sha256(content + b"\n").hexdigest())


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[]", b'{"cells": 5, "nbformat": 4}', b"\xff", b'{"nbformat": 9}']
)
def test_an_executed_notebook_that_can_not_be_used_is_none(folder, content):
    path = folder.notebook(ADA)
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    assert folder.read_notebook(ADA) is None
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()), "utf-8")
    assert folder.read_notebook(ADA).cells == []


def test_all_who_name_a_submission_find_the_same_files(folder):
    own = report()
    submission = Submission("ada", "first", folder.submission(ADA))
    for path in (folder.submission, folder.notebook, folder.report, folder.page, folder.entry):
        assert path(own) == path(submission) == path(ADA)
        assert any(path(ADA).is_relative_to(made) for made in folder.made())
    assert folder.relative(folder.page(ADA)) == "feedback/ada/first/first.html"


def test_the_shell_finds_students_without_waiting_for_libraries():
    program = (
        "import sys\nfrom pathlib import Path\nfrom autograder.classroom.folder import Folder\n"
        "Folder(Path('.')).students()\nprint(sorted({'pydantic', 'nbformat', 'numpy', 'sqlalchemy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.splitlines() == ["[]"]


# ---- the class of fault: no other module spells these paths or reads these files


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def spelled(tree):
    """Strings that are, or begin, a path into one of the folders: an operand of ``/``, an argument, an item, a text like reports/x.

    Prose that names a folder to people is none: it goes through gettext, is a docstring, or has blanks.
    """
    said = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"_", "N_", "ngettext", "Option", "Argument"}
        for inner in ast.walk(node)
        if is_text(inner)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield from (side for side in (node.left, node.right) if is_text(side) and side.value.split("/")[0] in NAMES)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in PATHS:
            yield from (item for item in node.args if is_text(item) and item.value.split("/")[0] in NAMES)
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            named = [item for item in node.elts if is_text(item) and item.value in NAMES]
            yield from named if len(named) > 1 else ()
        elif is_text(node) and id(node) not in said and re.match(rf"({'|'.join(NAMES)})/\S*$", node.value):
            yield node


PATHS = {"Path", "PurePath", "PurePosixPath", "joinpath", "glob", "rglob", "with_name", "join"}


def reads_reports(tree):
    """Calls that make a Report of a file's content, or look for all reports by themselves."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        names = {getattr(node.func, "attr", "") for node in ast.walk(function) if isinstance(node, ast.Call)}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") in ("from_json", "model_validate_json")
                and ast.unparse(node.func).split(".")[-2] in ("Report", "results.Report")
                and names & {"read_text", "read_bytes", "open", "read"}
            ):
                yield node


def test_no_other_module_spells_a_path_into_these_folders():
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value!r}"
        for path in OTHERS
        for node in spelled(ast.parse(path.read_text("utf-8")))
    }
    assert found == set(), "classroom/folder.py owns these paths"


def test_no_other_module_reads_reports_from_files():
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in OTHERS
        for node in reads_reports(ast.parse(path.read_text("utf-8")))
    }
    assert found == set(), "Folder.read_report and read_reports read reports"


NOTEBOOKS = {"course/released_notebook.py", "classroom/folder.py"}  # releases, and what was executed


def test_no_other_module_has_nbformat_read_files():
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in OTHERS
        if path.relative_to(PACKAGE).as_posix() not in NOTEBOOKS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("nbformat.read", "nbformat.reads")
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "root / 'reports' / name", "(root / 'x').joinpath('feedback', 'ada')", "Path('submitted')", "f'logs/{name}'",
        "root.glob('autograded/*/*')", "names = ['reports', 'submitted']", "root / 'journal/entries'", "place = 'reports/.handins'",
    ],
)  # fmt: skip
def test_the_search_finds_each_way_of_spelling_a_path(line):
    assert list(spelled(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["_('put it into submitted/<student>/')", "step(name='feedback')", "x = 'reports'", "d['journal']"]
)
def test_the_search_leaves_words_alone(line):
    assert not list(spelled(ast.parse(line)))


def test_the_search_finds_a_reader_of_reports():
    code = "def own(path):\n    return Report.{}(path.read_text('utf-8'))\n"
    for name in ("from_json", "model_validate_json"):
        assert list(reads_reports(ast.parse(code.format(name))))
    assert not list(reads_reports(ast.parse("def sent(answer):\n    return Report.from_json(answer.report)\n")))
