"""Scores reach nbgrader's gradebook, its export, its feedback pages and formgrader; people's entries are never touched."""

from __future__ import annotations

import csv
import datetime as dt
import os
import shutil
import sqlite3
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin
from traitlets.config import Config

from autograder.authoring import release
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.gradebook.entry import Score
from autograder.common.errors import GradebookError, ReleaseError
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.wire.submitted_notebook import restore
from autograder.course import course as course_module
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook
from tests.authoring.test_release import COURSE, answer, make, source, test_cell, text
from tests.hand_built import report_of

DUE = dt.datetime(2027, 3, 14, 14, 59)  # of the tiny course, in UTC


def outcome(check: str, status: Status, points: float, out_of: float, **more: Any) -> Outcome:
    return Outcome(check=check, title=f"The {check}", status=status, points=points, out_of=out_of, **more)


SHOWN = outcome("shown", Status.PASSED, 0.5, 0.5)
SECRET = outcome("secret", Status.FAILED, 0, 1.5, expected="987654", actual="5", hint="Think again.", hidden=True)
NAME = outcome("name", Status.FAILED, 0, 1, expected="ada", actual="eva", hint="Who wrote the first program?")
UNSURE = outcome("name", Status.UNDECIDED, 0, 1, actual="the worker was lost")


def report(student: str = "alice", add: tuple[Outcome, ...] = (SHOWN, SECRET), **more: Any) -> Report:
    name = more.pop("name", (NAME,))
    usual = (
        QuestionResult(question="add", title="Addition", out_of=2, outcomes=add),
        QuestionResult(question="name", title="A name", out_of=1, outcomes=name),
    )
    return report_of(*more.pop("questions", usual), student=student, **more)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny course with its gradebook: made once, as creating a database takes nbgrader a second."""
    root = tmp_path_factory.mktemp("template")
    course = make(root)
    release.release(course, ["first"])
    with Book(address(course), "tiny") as book:
        book.prepare(course, "first")
    return root


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Course:
    root = tmp_path / "course"
    shutil.copytree(template, root)
    return course_module.load(root / "course.yml")


@pytest.fixture
def book(course: Course) -> Iterator[Book]:
    with Book(address(course), "tiny") as book:
        yield book


@pytest.fixture
def raw(course: Course) -> Iterator[Gradebook]:
    """nbgrader's own view of the same database."""
    with Gradebook(address(course), "tiny") as gradebook:
        yield gradebook


def grade(raw: Gradebook, question: str, student: str = "alice") -> Any:
    raw.db.expire_all()
    return raw.find_grade(question, "first", "first", student)


def comment(raw: Gradebook, cell: str, student: str = "alice") -> str:
    raw.db.rollback()
    return str(raw.find_comment(cell, "first", "first", student).comment)


def test_a_new_gradebook_is_the_one_that_nbgrader_makes_and_needs_no_program_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(name: str) -> tuple[list[Any], list[Any]]:
        with closing(sqlite3.connect(tmp_path / name)) as database:
            tables = database.execute("select sql from sqlite_master where tbl_name != 'alembic_version' order by name")
            return tables.fetchall(), database.execute("select * from alembic_version").fetchall()

    with monkeypatch.context() as activated:
        activated.setenv("PATH", sysconfig.get_path("scripts"))
        Gradebook(f"sqlite:///{tmp_path}/theirs.db", "tiny").close()
    monkeypatch.setenv("PATH", "")
    Book(f"sqlite:///{tmp_path}/ours.db", "tiny").close()
    assert of("ours.db") == of("theirs.db") and len(of("ours.db")[1]) == 1


def test_preparing_enters_the_assignment_its_due_date_and_cells(book: Book, raw: Gradebook) -> None:
    assignment = raw.find_assignment("first")
    assert (assignment.duedate, assignment.course_id, assignment.max_score) == (DUE, "tiny", 3)
    notebook = raw.find_notebook("first", "first")
    assert {cell.name: cell.max_score for cell in notebook.grade_cells} == {"add": 2, "name": 1}
    assert {cell.name for cell in notebook.solution_cells} == {"add-answer", "name-answer"}
    sources = {cell.name: cell.source for cell in notebook.source_cells}
    assert "hidden=True" in sources["add"]  # so that plain `nbgrader autograde` runs the hidden tests


def test_scores_are_the_points_of_the_report(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, None)
    assert (grade(raw, "add").auto_score, grade(raw, "name").auto_score) == (0.5, 0)
    assert not grade(raw, "add").needs_manual_grade
    assert book.scores() == [Score("alice", "first", 0.5, 3, 0, 0)]


def test_comments_name_what_failed_and_keep_hidden_parameters_hidden(
    book: Book, course: Course, raw: Gradebook
) -> None:
    book.write(report(notes=("The check cell 'add' was missing and was put back.",)), course, None)
    assert comment(raw, "add-answer") == (
        "The check cell 'add' was missing and was put back.\n\n"
        "Graded with isolation: bubblewrap.\n\n"
        "**Addition**: 0.5 of 2 points\n\n"
        "- The secret (0 of 1.5). Think again."
    )
    assert comment(raw, "name-answer") == (
        "**A name**: 0 of 1 point\n\n- The name (0 of 1): expected `ada`, found `eva`. Who wrote the first program?"
    )


def test_comments_speak_korean_to_korean_students(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(language="ko"), course, None)
    assert comment(raw, "name-answer").startswith("**A name**: 1점 중 0점")


def test_a_question_without_outcomes_says_why_and_full_marks_say_nothing(
    book: Book, course: Course, raw: Gradebook
) -> None:
    questions = list(report(name=(outcome("name", Status.PASSED, 1, 1),)).questions)
    questions[0] = QuestionResult(question="add", title="Addition", out_of=2, problem="Cell 3 was stopped after 120 s.")
    book.write(report(questions=tuple(questions)), course, None)
    assert "- Cell 3 was stopped after 120 s." in comment(raw, "add-answer")
    assert comment(raw, "name-answer") == "None"


def test_partial_skipped_and_undecided_checks_are_told_apart(book: Book, course: Course, raw: Gradebook) -> None:
    partly = outcome("shown", Status.FAILED, 0.25, 0.5, expected="5", actual="4")
    skipped = outcome("secret", Status.SKIPPED, 0, 1.5, actual="'shown' did not pass")
    book.write(report(add=(partly, skipped), name=(UNSURE,)), course, None)
    assert "- The shown (0.25 of 0.5): expected `5`, found `4`" in comment(raw, "add-answer")
    assert "- The secret: not checked (1.5 points): 'shown' did not pass" in comment(raw, "add-answer")
    assert "The name: the grader could not decide this" in comment(raw, "name-answer")
    assert "the worker was lost" in comment(raw, "name-answer")


def test_what_is_undecided_waits_for_a_person_and_decided_checks_still_count(
    book: Book, course: Course, raw: Gradebook
) -> None:
    book.write(report(add=(SHOWN, UNSURE), name=(UNSURE,)), course, None)
    assert (grade(raw, "add").auto_score, grade(raw, "add").needs_manual_grade) == (0.5, True)
    assert (grade(raw, "name").auto_score, grade(raw, "name").needs_manual_grade) == (0, True)
    assert book.scores()[0].undecided == 2
    book.write(report(), course, None)
    assert book.scores()[0].undecided == 0


def enter_by_hand(raw: Gradebook) -> None:
    """What a person does in formgrader."""
    by_hand = grade(raw, "name")
    by_hand.manual_score, by_hand.extra_credit, by_hand.needs_manual_grade = 0.75, 0.5, False
    raw.find_comment("name-answer", "first", "first", "alice").manual_comment = "Good enough."
    raw.db.commit()


def test_what_a_person_entered_survives_grading_again(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(name=(UNSURE,)), course, DUE)
    enter_by_hand(raw)
    book.write(report(name=(UNSURE,)), course, DUE)
    found = grade(raw, "name")
    assert (found.manual_score, found.extra_credit, found.score) == (0.75, 0.5, 1.25)
    assert not found.needs_manual_grade  # the same submission, the same verdict: nothing to look at
    assert comment(raw, "name-answer") == "Good enough."
    assert book.scores() == [Score("alice", "first", 1.75, 3, 0, 0)]
    book.prepare(course, "first")
    assert grade(raw, "name").manual_score == 0.75


@pytest.mark.parametrize("change", ["another score", "another time"])
def test_a_manual_score_is_looked_at_again_when_the_submission_changed(
    change: str, book: Book, course: Course, raw: Gradebook
) -> None:
    book.write(report(), course, DUE)
    enter_by_hand(raw)
    passed = (outcome("name", Status.PASSED, 1, 1),)
    if change == "another score":
        book.write(report(name=passed), course, DUE)
    else:
        book.write(report(), course, DUE - dt.timedelta(hours=1))
    assert (grade(raw, "name").manual_score, grade(raw, "name").needs_manual_grade) == (0.75, True)


def test_being_late_costs_a_share_of_the_points_and_the_comment_shows_the_sum(
    book: Book, course: Course, raw: Gradebook
) -> None:
    zone = dt.timezone(dt.timedelta(hours=9))
    late = (DUE + dt.timedelta(days=1, minutes=5)).replace(tzinfo=dt.UTC).astimezone(zone)
    book.write(report(name=(outcome("name", Status.PASSED, 1, 1),)), course, late)
    submission = raw.find_submission("first", "alice")
    assert submission.timestamp == DUE + dt.timedelta(days=1, minutes=5)
    assert book.scores() == [Score("alice", "first", 1.5, 3, 0.3, 0)]
    assert book.scores()[0].total == pytest.approx(1.2)
    assert "1 day, 0:05:00 late: 20% of 1.5 points are deducted, 0.2 × 1.5 = 0.3." in comment(raw, "add-answer")
    book.write(report(), course, DUE)
    raw.db.expire_all()
    assert raw.find_submission_notebook("first", "first", "alice").late_submission_penalty is None
    assert "late" not in comment(raw, "add-answer")


def test_an_extension_given_in_nbgrader_counts(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, DUE)
    raw.grant_extension("first", "alice", days=2)
    book.write(report(), course, DUE + dt.timedelta(days=2))
    assert book.scores()[0].penalty == 0


def test_a_manual_score_counts_for_the_penalty(book: Book, course: Course, raw: Gradebook) -> None:
    late = DUE + dt.timedelta(hours=1)
    book.write(report(), course, late)
    enter_by_hand(raw)
    book.write(report(), course, late)
    assert book.scores() == [Score("alice", "first", 1.75, 3, 0.175, 0)]


def test_hostile_text_is_shown_as_text(book: Book, course: Course, raw: Gradebook) -> None:
    bad = "`<img src=x onerror=alert(1)>`\n\n# [x](javascript:alert(1)) \x00\x1b[31m" + "y" * 5000
    hostile = outcome("name", Status.FAILED, 0, 1, expected="ada", actual=bad, hint="$\\href{javascript:1}{}$")
    book.write(report(name=(hostile,)), course, None)
    said = comment(raw, "name-answer")
    assert "found `'<img src=x onerror=alert(1)>' # [x](javascript:alert(1)) yyy" in said
    assert "`$\\href{javascript:1}{}$`" in said
    assert len(said) < 1200
    page = feedback(course)
    assert "<img src=x" not in page
    assert 'href="javascript' not in page


def autograded(course: Course, student: str = "alice") -> None:
    """What grading leaves behind: the submission with the release's cells."""
    released = released_notebook(course, "first")
    notebook, _ = restore(released, released)
    folder = course.root / "autograded" / student / "first"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "first.ipynb")
    (course.root / "submitted" / student / "first").mkdir(parents=True)


def api(course: Course) -> NbGraderAPI:
    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.course_id = "tiny"
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "assignments/en"
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def feedback(course: Course) -> str:
    if not (course.root / "autograded").exists():
        autograded(course)
    done = api(course).generate_feedback("first")
    assert done["success"], done
    return (course.root / "feedback" / "alice" / "first" / "first.html").read_text("utf-8")


def test_nbgraders_feedback_pages_show_scores_comments_and_penalty(book: Book, course: Course) -> None:
    book.write(report(), course, DUE + dt.timedelta(hours=1))
    page = feedback(course)
    assert "(Score: 0.45 / 3.0)" in page
    assert "Late submission penalty (Score: -0.05)" in page
    assert "<code>ada</code>" in page
    assert "Think again." in page
    assert "987654" not in page


def test_formgrader_lists_the_submission_as_graded(book: Book, course: Course) -> None:
    autograded(course)
    book.write(report(name=(UNSURE,)), course, None)
    (found,) = api(course).get_submissions("first")
    assert (found["student"], found["score"], found["max_score"]) == ("alice", 0.5, 3)
    assert found["autograded"] and found["needs_manual_grade"]
    (notebook,) = api(course).get_notebook_submissions("first", "first")
    assert notebook["score"] == 0.5


def test_nbgraders_export_holds_the_scores(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, DUE + dt.timedelta(hours=1))
    path = course.root / "grades.csv"
    CsvExportPlugin(to=str(path)).export(raw)
    (row,) = csv.DictReader(path.open())
    assert (row["student_id"], row["raw_score"], row["late_submission_penalty"]) == ("alice", "0.5", "0.05")
    assert (row["score"], row["max_score"]) == ("0.45", "3.0")


def change(course: Course, notebook: Any, text: str) -> Course:
    return make(course.root, notebook, text)


def test_points_changed_in_course_yml_reach_the_gradebook(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, None)
    notebook = source()
    notebook.cells[7].metadata["nbgrader"]["points"] = 4
    text = COURSE.replace("points: 1\n", "points: 4\n").replace("equals: ada, points: 1", "equals: ada, points: 4")
    changed = change(course, notebook, text.replace("2027-03-14", "2027-03-15"))
    book.prepare(changed, "first")
    assert raw.find_assignment("first").max_score == 6
    assert raw.find_assignment("first").duedate == DUE + dt.timedelta(days=1)
    assert book.scores() == [Score("alice", "first", 0.5, 6, 0, 0)]
    with pytest.raises(GradebookError, match=r"the report of 'alice' doesn't fit .* in: name") as caught:
        book.write(report(), changed, None)
    assert "grade the submission again" in caught.value.remedy


THIRD = "      third:\n        title: Third\n        points: 5\n        checks: [{type: value, of: x, equals: 1, points: 5}]\n"


def test_a_question_gained_later_is_added_to_old_submissions(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, None)
    notebook = source()
    notebook.cells += [text("third", "en"), text("third", "ko"), answer("third", "third = 1"), test_cell("third", 5)]
    changed = change(course, notebook, COURSE + THIRD)
    book.prepare(changed, "first")
    book.prepare(changed, "first")
    assert grade(raw, "third").auto_score is None
    assert book.scores() == [Score("alice", "first", 0.5, 8, 0, 1)]
    third = QuestionResult(question="third", title="Third", out_of=5, outcomes=(outcome("x", Status.PASSED, 5, 5),))
    book.write(report(questions=(*report().questions, third)), changed, None)
    assert book.scores() == [Score("alice", "first", 5.5, 8, 0, 0)]


def without_name(course: Course) -> Course:
    notebook = source()
    notebook.cells = notebook.cells[:4]
    return change(course, notebook, COURSE[: COURSE.index("      name:")])


def test_a_question_lost_later_leaves_the_gradebook(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, None)
    book.prepare(without_name(course), "first")
    assert book.scores() == [Score("alice", "first", 0.5, 2, 0, 0)]
    assert [cell.name for cell in raw.find_notebook("first", "first").grade_cells] == ["add"]


def test_a_lost_question_with_a_persons_score_is_not_thrown_away(book: Book, course: Course, raw: Gradebook) -> None:
    book.write(report(), course, None)
    enter_by_hand(raw)
    with pytest.raises(GradebookError, match="has manual grades for it") as caught:
        book.prepare(without_name(course), "first")
    assert "Bring the question back" in caught.value.remedy
    assert grade(raw, "name").manual_score == 0.75


def test_without_an_answer_cell_the_comment_hangs_on_the_test_cell(book: Book, course: Course) -> None:
    notebook = source()
    del notebook.cells[6]
    changed = change(course, notebook, COURSE)
    book.prepare(changed, "first")
    book.write(report(), changed, None)
    book.write(report(), changed, None)
    with sqlite3.connect(course.root / "gradebook.db") as database:
        query = "select base_cell.name from comment join base_cell on base_cell.id = comment.cell_id order by 1"
        assert database.execute(query).fetchall() == [("add-answer",), ("name",)]
    with Gradebook(address(course), "tiny") as raw:  # formgrader asks for this
        shown = {
            found.name: found.to_dict() for found in raw.find_submission_notebook("first", "first", "alice").comments
        }
    assert "found `eva`" in shown["name"]["auto_comment"]


def test_a_submission_is_entered_whole_or_not_at_all(
    book: Book, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Book, "_comment", fail)
    with pytest.raises(GradebookError, match="the disk is full"):
        book.write(report(), course, None)
    assert book.scores() == []


def test_a_submission_of_an_unprepared_assignment_is_refused(book: Book, course: Course) -> None:
    with pytest.raises(GradebookError, match="no assignment 'second'"):
        book.write(report().model_copy(update={"assignment": "second"}), course, None)


def test_a_source_that_does_not_fit_the_course_is_refused_before_the_database_changes(
    book: Book, course: Course
) -> None:
    notebook = source()
    notebook.cells[3].metadata["nbgrader"]["points"] = 9
    with pytest.raises(ReleaseError, match="worth 9 points"):
        book.prepare(change(course, notebook, COURSE), "first")


def test_the_gradebook_lies_in_the_courses_folder(course: Course) -> None:
    assert address(course) == f"sqlite:///{course.root}/gradebook.db"
    odd = course.root.rename(course.root.parent / "my course, 100% done")
    with Book(address(course.model_copy(update={"root": odd})), "tiny") as book:
        assert book.scores() == []
    assert (odd / "gradebook.db").stat().st_size > 10_000
    assert len(list(course.root.parent.iterdir())) == 1
    for url in ("sqlite:////tmp/x.db", "sqlite:///:memory:", "postgresql://me:secret@host/grades"):
        assert address(course.model_copy(update={"gradebook": url})) == url
    with pytest.raises(GradebookError, match="is not a database URL"):
        address(course.model_copy(update={"gradebook": "gradebook.db"}))


def test_a_database_that_is_something_else_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("create table recipe (id integer)")
    with pytest.raises(GradebookError, match="tables that are not nbgrader's"):
        Book(f"sqlite:///{path}", "tiny")
    with sqlite3.connect(path) as database:
        assert database.execute("select name from sqlite_master").fetchall() == [("recipe",)]


def test_a_database_that_cannot_be_opened_names_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is not a database at all, and it is long enough to be seen as none.")
    for url in (
        f"sqlite:///{tmp_path}/text.db",
        f"sqlite:///{tmp_path}/no/such/folder/gradebook.db",
        "nosuchdialect://host/grades",
        "no url",
    ):
        with pytest.raises(GradebookError, match="the gradebook can't be used") as caught:
            Book(url, "tiny")
        assert "course.yml" in caught.value.remedy


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere/at/all")])
def test_what_is_no_file_in_place_of_the_gradebook_is_to_be_moved_away(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "gradebook.db")
    with pytest.raises(GradebookError, match=r"gradebook\.db") as caught:
        Book(f"sqlite:///{tmp_path}/gradebook.db", "tiny")
    assert "move it away" in caught.value.remedy


def test_a_gradebook_of_one_byte_is_an_empty_one_wherever_programs_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gradebook.db").write_bytes(b"x")
    monkeypatch.setenv("PATH", "")
    with Book(f"sqlite:///{tmp_path}/gradebook.db", "tiny") as book:
        assert book.entries() == []


def test_an_old_gradebook_asks_for_the_upgrade(course: Course) -> None:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        database.execute("alter table student drop column lms_user_id")
    with pytest.raises(GradebookError, match="made by an older nbgrader: student lacks") as caught:
        Book(address(course), "tiny")
    assert "nbgrader db upgrade" in caught.value.remedy


def test_another_courses_assignment_of_the_same_name_is_refused(course: Course) -> None:
    with Book(address(course), "another") as other, pytest.raises(GradebookError, match="of the course 'tiny'"):
        other.prepare(course, "first")


def test_a_locked_database_is_reported(book: Book, course: Course) -> None:
    with sqlite3.connect(course.root / "gradebook.db", isolation_level=None) as database:
        database.execute("begin exclusive")
        book._db.connection().exec_driver_sql("pragma busy_timeout = 50")  # and not 5 s
        with pytest.raises(GradebookError, match="database is locked"):
            book.write(report(), course, None)
        database.execute("rollback")
    database.close()
    book.write(report(), course, None)
