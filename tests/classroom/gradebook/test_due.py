"""What determines a grade and no report: due dates, the rule for late work, times, and what people enter in the gradebook."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.preview import preview
from autograder.common.results import Status
from autograder.course.course import Course
from tests.classroom.gradebook.test_book import DUE, UNSURE, book, course, outcome, raw, report, template

__all__ = ["book", "course", "raw", "template"]  # fixtures
LATE = (DUE + dt.timedelta(hours=30)).replace(tzinfo=dt.UTC)
LATER = DUE + dt.timedelta(days=7)


def due(course: Course, moment: dt.datetime) -> Course:
    """The course with another due date in course.yml."""
    first = course.assignments["first"].model_copy(update={"due": moment.replace(tzinfo=dt.UTC)})
    return course.model_copy(update={"assignments": {**course.assignments, "first": first}})


def entered(raw: Gradebook, moment: dt.datetime | None) -> None:
    """A person sets the due date in formgrader."""
    raw.db.expire_all()
    raw.find_assignment("first").duedate = moment
    raw.db.commit()


def there(raw: Gradebook) -> Any:
    raw.db.expire_all()
    return raw.find_assignment("first").duedate


@pytest.mark.parametrize("moment", [LATER, None], ids=["later", "none"])
def test_a_due_date_set_in_the_gradebook_counts_and_is_said(
    book: Book, course: Course, raw: Gradebook, moment: Any
) -> None:
    entered(raw, moment)
    for _again in range(2):
        said = book.prepare(course, "first")
        assert there(raw) == moment
        assert "was changed in the gradebook" in said and "course.yml says 2027-03-14 14:59:00 UTC" in said
    book.write(report(), course, LATE)
    assert book.scores()[0].penalty == 0


def test_a_due_date_changed_in_course_yml_counts(book: Book, course: Course, raw: Gradebook) -> None:
    assert book.prepare(due(course, LATER), "first") == ""
    assert there(raw) == LATER


def test_when_both_changed_course_yml_counts_and_what_was_there_is_said(
    book: Book, course: Course, raw: Gradebook
) -> None:
    entered(raw, LATER)
    said = book.prepare(due(course, DUE + dt.timedelta(days=1)), "first")
    assert there(raw) == DUE + dt.timedelta(days=1)
    assert "the gradebook had 2027-03-21 14:59:00 UTC" in said


def test_written_into_course_yml_too_nothing_is_said_any_more(book: Book, course: Course, raw: Gradebook) -> None:
    entered(raw, LATER)
    assert book.prepare(course, "first")
    assert book.prepare(due(course, LATER), "first") == ""
    assert book.prepare(course, "first") == "" and there(raw) == DUE


def _policy(course: Course, **values: Any) -> Course:
    return course.model_copy(update={"late": course.late.model_copy(update=values)})


def _granted(course: Course, line: str, **late: Any) -> Course:
    (course.root / "extensions.csv").write_text(f"id,section,assignment,due,days,slip_days\n{line}\n", "utf-8")
    return _policy(course, extensions="extensions.csv", **late)


CHANGES = {
    "an extension": lambda course, raw: (_granted(course, "alice,,first,2027-03-20T23:59:00+09:00,,"), report(), LATE),
    "days for all": lambda course, raw: (_granted(course, "alice,,,,0.5,"), report(), LATE),
    "slip days": lambda course, raw: (_granted(course, "alice,,first,,,1", slip_days=1), report(), LATE),
    "due": lambda course, raw: (due(course, LATER), report(), LATE),
    "due in the gradebook": lambda course, raw: (entered(raw, LATER), (course, report(), LATE))[1],
    "per_day": lambda course, raw: (_policy(course, per_day=0.5), report(), LATE),
    "grace_minutes": lambda course, raw: (_policy(course, grace_minutes=6000), report(), LATE),
    "at_most": lambda course, raw: (_policy(course, at_most=0.01), report(), LATE),
    "when it was handed in": lambda course, raw: (course, report(), LATE + dt.timedelta(days=3)),
    "in time": lambda course, raw: (course, report(), None),
    "points": lambda course, raw: (course, report(name=(outcome("name", Status.PASSED, 1, 1),)), LATE),
    "undecided": lambda course, raw: (course, report(name=(UNSURE,)), LATE),
    "a note": lambda course, raw: (course, report(notes=("A cell was stopped.",)), LATE),
    "isolation": lambda course, raw: (course, report(isolation="none"), LATE),
    "language": lambda course, raw: (course, report(language="ko"), LATE),
    "another student": lambda course, raw: (course, report("bob"), LATE),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_whatever_changes_a_grade_is_seen_and_nothing_is_written(
    book: Book, course: Course, raw: Gradebook, change: str
) -> None:
    book.write(report(), course, LATE)
    new, reported, moment = CHANGES[change](course, raw)
    before = book.entries()
    (seen,) = preview(book, new, [(reported, moment)])
    assert seen.changed and book.entries() == before
    book.prepare(new, "first")
    book.write(reported, new, moment)
    assert preview(book, new, [(reported, moment)])[0].changed is False
    penalty = {score.student: score.penalty for score in book.scores()}[reported.student]
    assert (seen.after or 0) == penalty


def test_what_does_not_change_a_grade_is_not_seen(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, LATE)
    raw.db.expire_all()
    raw.find_grade("name", "first", "first", "alice").extra_credit = None
    raw.db.commit()
    other = course.model_copy(update={"seed": 7, "isolation": "none", "gradebook": "sqlite:///else.db"})
    (seen,) = preview(book, other, [(report(course="1", submission="1", grader="2", versions={"keras": "4"}), LATE)])
    assert not seen.changed and seen.before == seen.after


def test_a_person_s_entry_is_seen_where_it_changes_the_penalty(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, LATE)
    raw.db.expire_all()
    raw.find_grade("name", "first", "first", "alice").manual_score = 1
    raw.db.commit()
    (seen,) = preview(book, course, [(report(), LATE)])
    assert seen.changed and (seen.before, seen.after) == (pytest.approx(0.1), pytest.approx(0.3))  # two started days
