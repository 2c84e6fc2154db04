"""A changed due date or rule for late work changes no report, and `regrade` finds and mends the grades all the same."""

import datetime as dt
import json
import shutil

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.classroom.find_submissions import find_submissions, submission_time
from autograder.classroom.folder import Folder
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.grading.journal import Journal
from autograder.cli.app import app
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course.course import load
from autograder.worker.task import Task
from tests.tiny_course import tiny_course, tiny_submission

DUE = "2027-03-14T23:59:00+09:00"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Two submissions with full marks, one of them a day and a half late; graded as `grade` would."""
    course = tiny_course(tmp_path_factory.mktemp("late") / "course")
    tiny_submission(course, "ada")
    late = tiny_submission(course, "bob").parent / "timestamp.txt"
    late.write_text(f"{dt.datetime(2027, 3, 16, 3, 0)} UTC")
    with Book(address(course), course.course.id) as book:
        book.prepare(course, "first")
        for submission in find_submissions(course.root / "submitted", course):
            task = Task(submission.student, "first", submission.digest(), course, "none").settled()
            report = task.report([
                QuestionResult(question=name, title=name, out_of=question.points, outcomes=(
                    Outcome(check="c", title="C", status=Status.PASSED, points=question.points, out_of=question.points),
                ))
                for name, question in task.asked.questions.items()
            ])  # fmt: skip
            Journal(course.root).write(submission, report.to_json(), nbformat.writes(nbformat.v4.new_notebook()))
            book.write(report, course, submission_time(submission)[0])
    return course


@pytest.fixture
def course(template, tmp_path):
    shutil.copytree(template.root, tmp_path / "course")
    return load(tmp_path / "course" / "course.yml")


def regrade(course, *options):
    done = CliRunner().invoke(app, ["regrade", "--course", str(course.root / "course.yml"), *options])
    return done.exit_code, " ".join(done.stdout.split())


def penalty(course, student="bob"):
    with Book(address(course), course.course.id) as book:
        return {score.student: score.penalty for score in book.scores()}[student]


def edit(course, old, new):
    path = course.root / "course.yml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [(DUE, "2027-03-20T23:59:00+09:00"), ("assignments:", "late: {per_day: 0.01}\nassignments:")],
    ids=["due", "late"],
)
def test_a_changed_rule_for_late_work_is_applied_by_regrade(course, old, new):
    before = penalty(course)
    reports = {path: path.read_bytes() for path in (course.root / "reports").rglob("*.json")}
    assert regrade(course) == (0, "Every report fits course.yml: nothing to regrade.")
    edit(course, old, new)
    code, said = regrade(course, "--diff")
    assert code == 1 and f"bob first: {before:g} → " in said and "ada" not in said
    assert penalty(course) == before
    code, said = regrade(course, "--json", "--yes")
    (only,) = json.loads(said)["submissions"]
    assert (code, only["student"], only["penalty"][0]) == (0, "bob", before)
    assert penalty(course) == pytest.approx(only["penalty"][1]) and only["penalty"][1] < before
    assert regrade(course)[0] == 0
    assert {path: path.read_bytes() for path in (course.root / "reports").rglob("*.json")} == reports


def test_an_extension_is_applied_by_regrade_and_by_grading_and_its_mistakes_stop_both(course):
    before = penalty(course)
    course = edit(
        course, "assignments:", "late: {per_day: 0.1, extensions: extensions.csv}\nroster: roster.csv\nassignments:"
    )
    (course.root / "roster.csv").write_text("id,section\nada,A\nbob,B\n", "utf-8")
    file = course.root / "extensions.csv"
    file.write_text("section,assignment,days\nB,frist,7\n", "utf-8")
    for command in (["regrade", "--diff"], ["grade", "--isolation", "none"]):
        done = CliRunner().invoke(app, [*command, "--course", str(course.root / "course.yml")])
        said = " ".join(done.output.split())
        assert done.exit_code == 4 and "line 2, column 'assignment': there is no 'frist' (nearest: first)" in said
    file.write_text("section,assignment,days\nB,first,7\n", "utf-8")
    code, said = regrade(course, "--diff")
    assert code == 1 and f"bob first: {before:g} → 0" in said and "ada" not in said
    assert regrade(course, "--yes")[0] == 0 and penalty(course) == 0
    assert regrade(course) == (0, "Every report fits course.yml: nothing to regrade.")
    file.write_text("section,assignment,days\nA,first,7\n", "utf-8")
    with Book(address(course), course.course.id) as book:  # as `grade` enters what is unchanged
        (bob,) = [each for each in find_submissions(course.root / "submitted", course) if each.student == "bob"]
        book.prepare(course, "first")
        book.write_all([(Folder(course.root).read_report(bob), submission_time(bob)[0])], course)
    assert penalty(course) == pytest.approx(before)


def test_another_time_of_handing_in_is_seen(course):
    (course.root / "submitted" / "bob" / "first" / "timestamp.txt").unlink()
    assert regrade(course, "--yes")[0] == 0
    assert penalty(course) == 0


def test_what_another_grader_made_is_not_called_fitting(course, monkeypatch):
    from autograder.classroom.grading import regrade as module

    monkeypatch.setattr(module, "grader", lambda course, name, language: "0.2.0+another")
    code, said = regrade(course, "--diff")
    assert code == 1 and "2" in said and "nothing to regrade" not in said
