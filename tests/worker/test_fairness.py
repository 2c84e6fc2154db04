"""What a student can't control changes no byte of the report: threads, CPUs, hash seed, zone, locale, memo, order."""

import importlib.util
import json

import pytest

from autograder.common.submission import Submission
from autograder.worker.grading import grade_submission
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def fairness():
    """The script that repeats this twenty times, by hand."""
    specification = importlib.util.spec_from_file_location("fairness", ROOT / "benchmarks" / "fairness.py")
    module = importlib.util.module_from_spec(specification)
    import sys

    sys.modules["fairness"] = module  # dataclasses look for it there
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def report(course, bench, sandbox):
    """The report of the solution of `deep`, by the judge and the sandbox that all tests share."""
    path = course.root / "solutions" / "deep" / "deep.ipynb"
    return grade_submission(Submission("student", "deep", path), course, bench, sandbox).report


@pytest.mark.slow
def test_the_same_notebook_gets_the_same_report_under_other_conditions(fairness, report, course_file, memo_folder):
    """The judge and the sandbox that all tests share against ones under another load, and everything trained anew."""
    condition = next(condition for condition in fairness.CONDITIONS if condition.name == "eight threads, trained anew")
    assert report.points == report.out_of
    assert fairness.graded(course_file, "deep", condition, memo_folder) == report.to_json()


def test_a_difference_is_shown_where_it_is(fairness):
    first = json.dumps({"points": 1, "title": "a"}, indent=1)
    assert '- "points": 1,' in fairness.difference(first, first.replace("1", "2"))
    assert fairness.difference(first, first) == ""


def test_every_kind_of_condition_is_tried(fairness):
    varied = {key for condition in fairness.CONDITIONS for key in condition.environment}
    assert {"TZ", "LC_ALL", "PYTHONHASHSEED", *fairness.THREADS} <= varied
    assert {condition.memo for condition in fairness.CONDITIONS} == {"kept", "none"}
    assert any(condition.cpus for condition in fairness.CONDITIONS)
    assert any(condition.before for condition in fairness.CONDITIONS)
