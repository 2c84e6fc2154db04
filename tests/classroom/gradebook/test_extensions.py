"""Who may hand in later: one line counts for each student, and a mistake in a line is said before anybody is graded."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.extensions import extensions
from autograder.common.errors import CollectError, CourseError
from autograder.course.course import Course, load
from tests.classroom.gradebook.test_book import DUE, book, course, raw, report, template

__all__ = ["book", "course", "raw", "template"]  # fixtures
HEADER = "id,section,assignment,due,days,slip_days\n"
ROSTER = "id,section\nalice,A\nbob,B\neve,A and B\nkim,\n"


def granting(course: Course, lines: str, header: str = HEADER, roster: str | None = ROSTER) -> Course:
    (course.root / "extensions.csv").write_text(header + lines, "utf-8")
    if roster is not None:
        (course.root / "roster.csv").write_text(roster, "utf-8")
    late = course.late.model_copy(update={"extensions": "extensions.csv", "slip_days": 3})
    return course.model_copy(update={"late": late, "roster": "roster.csv" if roster is not None else ""})


DAY = dt.timedelta(days=1)
DATE = dt.datetime(2027, 3, 20, 14, 59)
GRANTED = {
    "nothing": ("", "alice", DUE),
    "a date in another zone": ("alice,,first,2027-03-20T23:59:00+09:00,,", "alice", DATE),
    "an earlier date": ("alice,,first,2027-03-13T23:59:00+09:00,,", "alice", DUE - DAY),
    "days, of the assignment": ("alice,,first,,2,", "alice", DUE + 2 * DAY),
    "half a day, of all assignments": ("ALICE,,,,0.5,", "alice", DUE + DAY / 2),
    "somebody else's": ("alice,,first,,2,", "bob", DUE),
    "a section's date": (",B,first,2027-03-20T23:59:00+09:00,,", "bob", DATE),
    "of two sections the later": (",A,first,,1,\n,B,first,,2,", "eve", DUE + 2 * DAY),
    "another section's": (",b,first,,2,", "alice", DUE),
    "in no section": (",B,first,,2,", "kim", DUE),
    "the student's before the section's": (",A,first,,5,\nalice,,,,1,", "alice", DUE + DAY),
    "of the assignment before of all": ("alice,,,,5,\nalice,,first,,1,", "alice", DUE + DAY),
    "slip days alone": ("alice,,first,,,2", "alice", DUE + 2 * DAY),
    "slip days on top of the section's": (",A,first,,1,\nalice,,first,,,2", "alice", DUE + 3 * DAY),
    "slip days on top of one's own": ("alice,,first,,1,2", "alice", DUE + 3 * DAY),
}


@pytest.mark.parametrize(("lines", "student", "wanted"), GRANTED.values(), ids=GRANTED)
def test_one_line_counts_for_a_student(course: Course, lines: str, student: str, wanted: dt.datetime) -> None:
    assert extensions(granting(course, lines)).due(student, "first", DUE) == wanted


def test_without_a_list_and_without_a_due_date_nothing_is_late(course: Course) -> None:
    assert extensions(course).due("alice", "first", DUE) == DUE
    assert extensions(granting(course, "alice,,first,,2,1")).due("alice", "first", None) is None


MISTAKES = {
    "alice,A,first,,1,": "line 2: it should name a student (id) or a section",
    ",,first,,1,": "line 2: it should name a student (id) or a section",
    "alcie,,first,,1,": "line 2, column 'id': there is no 'alcie' (nearest: alice)",
    ",C,first,,1,": "line 2, column 'section': there is no 'C'",
    "alice,,frist,,1,": "line 2, column 'assignment': there is no 'frist' (nearest: first)",
    "alice,,first,,,": "line 2: it should hold due or days, or slip_days",
    "alice,,first,2027-03-20T23:59:00+09:00,1,": "line 2: it should hold due or days, or slip_days",
    "alice,,,2027-03-20T23:59:00+09:00,,": "line 2, column 'due': of which assignment?",
    "alice,,first,2027-03-20,,": "line 2, column 'due': write it like 2027-03-14T23:59:00+09:00, with a time zone",
    "alice,,first,2027-03-20T23:59:00,,": "with a time zone",
    "alice,,first,9999-12-31T23:59:00-09:00,,": "line 2, column 'due'",
    "alice,,first,,two,": "line 2, column 'days': 'two' is no number of days",
    "alice,,first,,-1,": "'-1' is no number of days",
    "alice,,first,,nan,": "'nan' is no number of days",
    "alice,,first,,1e9,": "'1e9' is no number of days",
    "alice,,first,,,1.5": "line 2, column 'slip_days': '1.5' is no whole number of days",
    "alice,,,,,1": "line 2, column 'slip_days': a student spends them on one assignment",
    ",A,first,,,1": "line 2, column 'slip_days': a student spends them on one assignment",
    "alice,,first,,,4": "line 2, column 'slip_days': that makes 4 for 'alice', and course.yml gives 3",
    "alice,,first,,1,\nAlice,,first,,2,": "line 3: line 2 is of the same",
}


@pytest.mark.parametrize(("lines", "message"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_named_with_file_line_and_column_before_anything_is_graded(
    book: Book, course: Course, raw: Gradebook, lines: str, message: str
) -> None:
    before = book.entries()
    with pytest.raises(CollectError, match=re.escape(message)) as caught:
        book.prepare(granting(course, lines), "first")
    assert str(caught.value).startswith(str(course.root / "extensions.csv")) and caught.value.remedy
    assert book.entries() == before


def test_all_mistakes_are_said_at_once_and_a_section_needs_a_roster(course: Course) -> None:
    with pytest.raises(CollectError) as caught:
        extensions(granting(course, ",A,first,,1,\nalice,,first,,x,", roster=None))
    first, second = str(caught.value).splitlines()
    assert "line 2, column 'section': course.yml names no roster" in first and "line 3, column 'days'" in second


@pytest.mark.parametrize("header", ["", "name,days\n", "id,assignment\n"])
def test_a_file_without_the_columns_is_refused(course: Course, header: str) -> None:
    with pytest.raises(CollectError, match="line 1: the columns are id or section"):
        extensions(granting(course, "", header))


def test_a_file_that_is_not_there_is_said(course: Course) -> None:
    late = course.late.model_copy(update={"extensions": "none.csv"})
    with pytest.raises(CollectError, match=r"none\.csv can't be read") as caught:
        extensions(course.model_copy(update={"late": late}))
    assert "late: extensions" in caught.value.remedy


def test_a_longer_extension_that_a_person_entered_in_the_gradebook_holds(
    book: Book, course: Course, raw: Gradebook
) -> None:
    moment = (DUE + 3 * DAY).replace(tzinfo=dt.UTC)
    granted = granting(course, "alice,,first,,1,")
    book.write(report(), granted, moment)
    late = {score.student: score.penalty for score in book.scores()}["alice"]
    raw.grant_extension("first", "alice", days=4)
    book.write(report(), granted, moment)
    assert late > 0 and {score.student: score.penalty for score in book.scores()}["alice"] == 0


@pytest.mark.parametrize(
    "key", ["roster: ../class.csv", "late: {extensions: /etc/passwd}", "roster: lists/class.csv", "roster: .."]
)
def test_lists_of_people_lie_beside_course_yml(course_file: Path, tmp_path: Path, key: str) -> None:
    text = course_file.read_text("utf-8").replace("late: {per_day: 0.1, grace_minutes: 60, at_most: 0.5}", key)
    (tmp_path / "course.yml").write_text(text, "utf-8")
    with pytest.raises(CourseError, match="is not the name of a file beside"):
        load(tmp_path / "course.yml")


def test_lists_of_people_determine_no_report(course: Course) -> None:
    other: Any = granting(course, "alice,,first,,1,")
    assert other.digest("first") == course.digest("first")
