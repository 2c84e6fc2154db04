"""Scores and comments in nbgrader's gradebook: what `nbgrader export`, `generate_feedback` and formgrader show.

The one writer to nbgrader's database, which this folder alone knows: one process writes to it. What people entered in formgrader (manual
scores, extra credit, manual comments, extensions) is read and never changed.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)  # fmt: skip
from sqlalchemy import func

from autograder.classroom.gradebook.cell_rows import complete, reconcile, worth
from autograder.classroom.gradebook.comments import isolation_text, prose, question_text, rubric_text
from autograder.classroom.gradebook.database import (
    ANOTHER,
    inspect_schema,
    make_whole,
    remedy,
    translated,
    with_driver,
)
from autograder.classroom.gradebook.due import effective, remember, utc
from autograder.classroom.gradebook.entry import Entry, Score
from autograder.classroom.gradebook.extensions import Extensions, extensions
from autograder.classroom.gradebook.late import deduction, late_text, lateness
from autograder.classroom.gradebook.nbgrader_release import generate
from autograder.common.errors import GradebookError, ReleaseError
from autograder.common.i18n import _, speaking
from autograder.common.results import QuestionResult, Report
from autograder.course.checks.manual import rubric_of
from autograder.course.course import Course
from autograder.course.source_notebook import pick_language, source_notebook


class Book:
    """The gradebook at a database URL, created if it isn't there: ``with Book(address(course), course.course.id)``.

    Opening and every method raise GradebookError if the database can't be used or doesn't fit the course.
    """

    def __init__(self, url: str, course_id: str) -> None:
        self.url = url = with_driver(url)
        self.course_id = course_id
        with translated(url):
            inspect_schema(url)
            make_whole(url)
            self._gradebook = Gradebook(url, course_id)
        self._db: Any = self._gradebook.db
        self._extensions: tuple[Course, Extensions] | None = None

    def __enter__(self) -> Book:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._gradebook.close()

    def prepare(self, course: Course, assignment: str) -> str:
        """Enter the assignment, its due date, its notebook and its cells; bring up to date what is there already.

        The due date is course.yml's unless a person changed it in the gradebook (`due`); what has to be said about that is returned.
        Questions that course.yml gained or lost since the last time gain or lose their cell, also in the submissions
        that are in the gradebook. Raises GradebookError if a lost one holds a person's score or comment,
        ReleaseError if the source notebook doesn't fit the course, and CollectError for a mistake in the list of extensions.
        """
        self._granted(course)  # a mistake in it is said before anything is graded
        source = pick_language(course, source_notebook(course, assignment), course.language)
        with self._transaction():
            known = self._db.query(Assignment).filter(Assignment.name == assignment).one_or_none()
            if known is not None and known.course_id not in (self.course_id, "default_course"):
                message = _(
                    "the gradebook has an assignment '{assignment}' of the course '{course_id}'",
                    assignment=assignment, course_id=known.course_id,
                )  # fmt: skip
                raise GradebookError(message, _(ANOTHER))
            due, said = effective(course, assignment, known and known.duedate, known is not None)
            notebook = self._notebook(assignment)
            if notebook is not None and notebook.submissions:
                reconcile(self._db, notebook, source)
        with tempfile.TemporaryDirectory() as scratch, translated(self.url):
            try:
                generate(course, assignment, source, Path(scratch), database=self.url)
            except ReleaseError as error:  # the source was verified above: it is the database that refuses
                reason = str(error).strip().partition("\n")[0]
                message = _("the gradebook can't take '{assignment}': {error}", assignment=assignment, error=reason)
                raise GradebookError(message, remedy(reason, self.url)) from error
        with self._transaction():
            row = self._db.query(Assignment).filter(Assignment.name == assignment).one()
            row.duedate = due
            row.course_id = self.course_id
        if due == utc(course.assignment(assignment).due):
            remember(course, assignment)
        return said

    def write(self, report: Report, course: Course, submitted_at: dt.datetime | None) -> None:
        """Enter one submission's scores, comments and late penalty, all or nothing, in the report's language.

        `submitted_at` should be what the submission's timestamp.txt says, and None without one: formgrader takes a
        submission for ungraded when the two differ. A question with undecided checks gets the points of the decided
        ones and is marked for manual grading. A manual score is kept; if the submission or its automatic score
        changed since, it is marked for a second look.
        """
        with self._transaction():
            self._write(report, course, submitted_at)

    def write_all(self, reports: Sequence[tuple[Report, dt.datetime | None]], course: Course) -> None:
        """`write` for each, in one transaction, which is faster; if that fails, one by one: each is entered whole or not."""
        if len(reports) > 1:
            with suppress(GradebookError), self._transaction():
                for report, submitted_at in reports:
                    self._write(report, course, submitted_at)
                return
        for report, submitted_at in reports:
            self.write(report, course, submitted_at)

    def _write(self, report: Report, course: Course, submitted_at: dt.datetime | None) -> None:
        notebook = self._notebook(report.assignment)
        if notebook is None:
            message = _("the gradebook has no assignment '{assignment}'", assignment=report.assignment)
            raise GradebookError(message, _("Prepare the assignment before its submissions are entered."))
        cells = {cell.name: cell for cell in worth(notebook)}
        _fits(report, {name: float(cell.max_score) for name, cell in cells.items()})
        submitted = self._submitted(notebook, report.student)
        submission = submitted.assignment
        timestamp = None if submitted_at is None else utc(submitted_at)
        resubmitted = submission.timestamp != timestamp
        submission.timestamp = timestamp
        grades = {grade.cell_id: grade for grade in submitted.grades}
        for question in report.questions:
            _enter(grades[cells[question.question].id], question, resubmitted)
        score = sum(_points(grade) for grade in submitted.grades)
        late = lateness(submission, report.student, self._granted(course))
        share, penalty = deduction(course.late, late, score)
        submitted.late_submission_penalty = penalty if share else None
        overall = [prose(remark) for remark in report.remarks]
        with speaking(report.language):
            if share:
                overall.append(late_text(course.late, late, share, score, penalty))
            overall.append(isolation_text(report.isolation))
            self._comment(report, course, submitted, notebook, overall)

    def scores(self) -> list[Score]:
        """Every submission in the gradebook, by assignment and student."""
        with self._transaction():
            waiting = self._db.query(SubmittedNotebook.assignment_id, func.count(Grade.id))
            waiting = waiting.join(Grade, Grade.notebook_id == SubmittedNotebook.id).filter(Grade.needs_manual_grade)
            undecided = dict(waiting.group_by(SubmittedNotebook.assignment_id).all())
            rows = self._db.query(
                SubmittedAssignment.id, SubmittedAssignment.student_id, Assignment.name, SubmittedAssignment.score,
                SubmittedAssignment.max_score, SubmittedAssignment.late_submission_penalty,
            ).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)  # fmt: skip
            rows = rows.order_by(Assignment.duedate, Assignment.name, SubmittedAssignment.student_id)
            return [
                Score(student, name, float(points), float(out_of), float(penalty or 0), undecided.get(key, 0))
                for key, student, name, points, out_of, penalty in rows
            ]

    def deducted_before(self, course: Course) -> list[tuple[str, str, float, float]]:
        """(student, assignment, points that are deducted, points that are due) of what is late, where they differ.

        Somebody scored by hand after the deduction, which is a share of all points; or a due date, an extension or the rule changed.
        """
        held = {(score.student, score.assignment): score for score in self.scores()}
        found = []
        with self._transaction():
            for submission in (
                self._db.query(SubmittedAssignment).join(Assignment).filter(SubmittedAssignment.timestamp.isnot(None))
            ):
                score = held.get((submission.student_id, submission.assignment.name))
                if score is not None and score.assignment in course.assignments:
                    late = lateness(submission, score.student, self._granted(course))
                    share, penalty = deduction(course.late, late, score.points)
                    if (share or score.penalty) and abs(penalty - score.penalty) > 1e-6:
                        found.append((score.student, score.assignment, score.penalty, penalty))
        return sorted(found)

    def entries(self) -> list[Entry]:
        """Every question of every submission, with what a person entered, by assignment, student and question."""
        with self._transaction():
            rows = self._db.query(
                SubmittedAssignment.student_id, Assignment.name, BaseCell.name, Grade.max_score, Grade.auto_score,
                Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade,
                SubmittedNotebook.late_submission_penalty,
            ).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)  # fmt: skip
            rows = rows.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            rows = rows.join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            rows = rows.join(BaseCell, BaseCell.id == Grade.cell_id)
            rows = rows.order_by(Assignment.name, SubmittedAssignment.student_id, BaseCell.name)
            return [Entry(*row) for row in rows]

    def students(self) -> list[str]:
        """All students of the gradebook, also those who handed in nothing."""
        with self._transaction():
            return sorted(student for (student,) in self._db.query(Student.id))

    def _granted(self, course: Course) -> Extensions:
        """Read once a course: while a class is graded, the same holds for all of it."""
        if self._extensions is None or self._extensions[0] is not course:
            self._extensions = course, extensions(course)
        return self._extensions[1]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated(self.url):
            try:
                yield
                self._db.commit()
            except BaseException:
                self._db.rollback()
                raise

    def _notebook(self, assignment: str) -> Any:
        """The notebook of `assignment`, which has its name, or None."""
        return (
            self._db.query(Notebook)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .filter(Assignment.name == assignment, Notebook.name == assignment)
            .one_or_none()
        )

    def _submitted(self, notebook: Any, student: str) -> Any:
        """The student's notebook with a row for each cell, created as far as it isn't there."""
        person = self._db.get(Student, student)
        if person is None:
            person = Student(id=student)
            self._db.add(person)
        assignment = notebook.assignment
        submission = (
            self._db.query(SubmittedAssignment)
            .filter(SubmittedAssignment.assignment_id == assignment.id, SubmittedAssignment.student_id == student)
            .one_or_none()
        )
        if submission is None:
            submission = SubmittedAssignment(assignment=assignment, student=person)
            self._db.add(submission)
        submitted = next((s for s in submission.notebooks if s.notebook_id == notebook.id), None)
        if submitted is None:
            submitted = SubmittedNotebook(notebook=notebook, assignment=submission)
            self._db.add(submitted)
            self._db.flush()
        complete(self._db, submitted, notebook)
        return submitted

    def _comment(self, report: Report, course: Course, submitted: Any, notebook: Any, overall: list[str]) -> None:
        """Each question's comment beside its answer cell, with the rubric while it waits; what is said of the notebook as a whole above the first."""
        asked = course.assignment(report.assignment).questions
        answers = {cell.name: cell for cell in notebook.solution_cells}
        graded = {cell.name: cell for cell in worth(notebook)}
        comments = {comment.cell_id: comment for comment in submitted.comments}
        for question in report.questions:
            name = question.question
            cell = answers.get(f"{name}-answer") or answers.get(name) or graded[name]
            if cell.id not in comments:  # nbgrader makes no comments for test cells
                comments[cell.id] = Comment(cell_id=cell.id, notebook=submitted)
                self._db.add(comments[cell.id])
            said = [*(overall if question is report.questions[0] else []), question_text(question)]
            if question.undecided and name in asked:
                said.append(rubric_text(rubric_of(asked[name]), report.language))
            comments[cell.id].auto_comment = "\n\n".join(filter(None, said)) or None


def _fits(report: Report, cells: dict[str, float]) -> None:
    """Raises GradebookError if the report's questions are not the gradebook's."""
    questions = {question.question: question.out_of for question in report.questions}
    if questions == cells:
        return
    odd = sorted(name for name in questions.keys() | cells.keys() if questions.get(name) != cells.get(name))
    message = _(
        "the report of '{student}' doesn't fit the gradebook's '{assignment}' in: {odd}",
        student=report.student, assignment=report.assignment, odd=", ".join(odd),
    )  # fmt: skip
    raise GradebookError(message, _("Prepare the assignment and grade the submission again, with the same course.yml."))


def _enter(grade: Any, question: QuestionResult, resubmitted: bool) -> None:
    """A question's points; a person is asked to look where the grader couldn't tell, or when a person's score is old."""
    if grade.manual_score is None:
        grade.needs_manual_grade = bool(question.undecided)
    elif resubmitted or grade.auto_score != question.points:
        grade.needs_manual_grade = True
    grade.auto_score = question.points


def _points(grade: Any) -> float:
    """As nbgrader counts: a manual score wins, extra credit is added."""
    score = grade.auto_score if grade.manual_score is None else grade.manual_score
    return 0.0 if score is None else float(score) + float(grade.extra_credit or 0)
