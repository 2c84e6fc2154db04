"""A deduction is a share of all points: where it is none any more, whoever reads grades is told, until `grade` has entered it."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.classroom.folder import Folder, Place
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.outdated import outdated_deductions, tell_outdated
from autograder.classroom.gradebook.preview import preview
from autograder.cli import app as cli
from autograder.course.course import Course
from autograder.course.settings import LatePolicy
from tests.classroom.gradebook.test_book import DUE, book, course, raw, report, template

__all__ = ["book", "course", "raw", "template"]  # fixtures


def told(course: Course) -> set[str]:
    said: list[str] = []
    everybody = {(f"s{number}", "first") for number in range(24)} | {("alice", "first")}
    tell_outdated(outdated_deductions(course), everybody, lambda error: said.append(str(error)))
    return {one.partition(" ")[0] for one in said}


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_is_what_grading_again_would_change(book: Book, course: Course, raw: Gradebook, seed: int) -> None:
    """A drawn class: some are late, some are scored by hand, have more time, or another rule holds."""
    draw, moments, rule = random.Random(seed), {}, course.late
    for number in range(24):
        student = f"s{number}"
        late = draw.choice([None, -5, 0.5, 30, 60])
        moments[student] = None if late is None else DUE + dt.timedelta(hours=late)
        book.write(report(student), course, moments[student])
    for student in draw.sample(sorted(moments), 12):
        raw.find_grade("name", "first", "first", student).manual_score = draw.choice([0, 0.5, 1])
    for student in draw.sample(sorted(moments), 4):
        raw.find_submission("first", student).extension = dt.timedelta(days=draw.choice([1, 9]))
    raw.db.commit()
    if seed == 1:
        rule = LatePolicy(per_day=0.3)
    elif seed == 2:
        rule = LatePolicy(per_day=0)
    course = course.model_copy(update={"late": rule})
    reports = [(report(student), moment) for student, moment in moments.items()]
    changing = {
        one.student for (one, _), seen in zip(reports, preview(book, course, reports), strict=True)
        if (seen.before or 0) != (seen.after or 0)
    }  # fmt: skip
    assert told(course) == changing != set()
    book.write_all(reports, course)
    assert told(course) == set()


def test_a_deduction_that_a_person_entered_for_what_has_no_time_stands(
    book: Book, course: Course, raw: Gradebook
) -> None:
    book.write(report(), course, None)
    raw.find_submission_notebook("first", "first", "alice").late_submission_penalty = 0.25
    raw.db.commit()
    assert book.scores()[0].penalty == 0.25 and told(course) == set()


@pytest.mark.parametrize("command", [["export"], ["feedback"], ["report"]], ids=str)
def test_every_command_that_gives_grades_away_says_so(
    book: Book, course: Course, raw: Gradebook, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    book.write(report(), course, DUE + dt.timedelta(hours=1))
    path = Folder(course.root).report(Place("alice", "first"))
    path.parent.mkdir(parents=True)
    path.write_text(report().to_json(), "utf-8")
    raw.find_grade("name", "first", "first", "alice").manual_score = 1
    raw.db.commit()
    monkeypatch.chdir(course.root)
    done = CliRunner().invoke(cli.app, [*command, "--course", str(course.root / "course.yml")])
    assert done.exit_code == 1
    assert "alice first: 0.05 points are deducted for being late, and 0.15 are due" in " ".join(done.stderr.split())
