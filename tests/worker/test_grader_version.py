"""The grader's version changes with the code that makes a report, and with nothing else."""

import json
import re
import shutil
from pathlib import Path
from typing import Literal

import pytest

import autograder
from autograder.common.machine import versions
from autograder.common.machine.versions import code, code_digest
from autograder.common.results import Report
from autograder.course.checks import registry
from autograder.course.checks.base import Check
from autograder.worker import grader_version as module
from autograder.worker.answers import all_failed
from autograder.worker.grader_version import grader, runner
from autograder.worker.task import Task
from tests.tiny_course import tiny_course

PACKAGE = Path(autograder.__file__).parent


class Own(Check):
    type: Literal["own"] = "own"

    def describe(self):
        return "own"


def forget():
    for cached in (code, code_digest, module._grader):
        cached.cache_clear()


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The package's source in a folder where it can be touched; digests are of that."""
    shutil.copytree(PACKAGE, tmp_path / "source" / "autograder", ignore=shutil.ignore_patterns("__pycache__", "locale"))
    monkeypatch.setattr(versions, "_folder", lambda package: tmp_path / "source")
    forget()
    yield tmp_path / "source" / "autograder"
    monkeypatch.undo()
    forget()


@pytest.fixture
def course(tmp_path):
    return tiny_course(tmp_path / "course")


@pytest.mark.parametrize(
    ("file", "graded_again", "run_again"),
    [
        ("course/checks/trainings/accuracy.py", True, False), ("course/checks/registry.py", True, False),
        ("judge/session.py", True, True), ("judge/rejudge.py", True, True), ("kernel/describing/describe.py", True, True),
        ("sandbox/run_notebook.py", True, True), ("networks/train.py", True, True), ("worker/answers.py", True, True),
        ("common/hints/for_errors.py", True, True), ("common/wire/submitted_notebook.py", True, True),
        ("classroom/pages/html.py", False, False), ("classroom/grading/grade_class.py", False, False),
        ("classroom/gradebook/book.py", False, False), ("cli/grade.py", False, False), ("authoring/demo.py", False, False),
    ],
)  # fmt: skip
def test_code_that_makes_a_report_changes_the_grader(source, course, file, graded_again, run_again):
    before = grader(course, "first", "en"), runner()
    (source / file).write_text((source / file).read_text("utf-8") + "\n# mended\n", "utf-8")
    forget()
    assert (grader(course, "first", "en") != before[0], runner() != before[1]) == (graded_again, run_again)


def test_a_report_names_the_grader_by_version_and_code_and_old_ones_load(course):
    task = Task("ada", "first", "d", course, "none")
    report = task.report(all_failed(task.asked, "en", "no"))
    assert re.fullmatch(rf"{re.escape(autograder.__version__)}\+[0-9a-f]{{16}}", report.grader)
    old = report.model_dump(mode="json")
    del old["grader"]
    assert (
        Report.model_validate_json(Report.model_validate(report).model_copy(update={"grader": ""}).to_json()).grader
        == ""
    )
    assert Report.from_json(json.dumps(old)).grader == ""


def test_a_check_type_of_another_package_counts_where_it_is_used(course, monkeypatch):
    monkeypatch.setitem(registry.TYPES, "own", Own)
    before = grader(course, "first", "en")
    question = next(iter(course.assignments["first"].questions.values()))
    own = question.model_copy(update={"checks": (Own(id="own", points=1),)})
    other = course.assignments["first"].model_copy(update={"questions": {"q": own}})
    using = course.model_copy(update={"assignments": {"first": other}})
    assert grader(using, "first", "en") != before
    first = grader(using, "first", "en")
    monkeypatch.setattr(module, "_foreign", lambda kind: "its code changed")
    module._grader.cache_clear()
    assert grader(using, "first", "en") != first and grader(course, "first", "en") == before
    monkeypatch.undo()
    module._grader.cache_clear()


def test_translations_count_for_reports_in_their_language_as_far_as_reports_hold_them(course, monkeypatch):
    english, korean = grader(course, "first", "en"), grader(course, "first", "ko")
    translated = module._
    try:
        for text, counts in (("nothing was handed in as `{of}`", True), ("Regrading", False)):
            monkeypatch.setattr(module, "_", lambda said, text=text: "other" if said == text else translated(said))
            module._grader.cache_clear()
            assert (grader(course, "first", "ko") != korean) == counts
            assert grader(course, "first", "en") == english
    finally:
        module._grader.cache_clear()
