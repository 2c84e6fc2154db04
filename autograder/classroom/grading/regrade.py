"""Regrading: after a change of course.yml, what was handed in is judged again, and nothing runs that needn't.

`plan` reads the reports, compares the course of then with the course of now, and has the judge decide again what it can.
What it can't comes with the reason: such a submission is graded again by `grade`, since its report doesn't fit the course
any more. `apply` writes what `plan` found to reports/, autograded/ and the gradebook; a report is then, byte for byte, the one that
grading the submission anew would write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.classroom.find_submissions import find_submissions, submission_time
from autograder.classroom.folder import Folder
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address, exists
from autograder.classroom.gradebook.preview import preview
from autograder.classroom.grading.handin_store import Store
from autograder.classroom.grading.journal import Journal
from autograder.classroom.pages.changes import QuestionChange, changes, course_changes
from autograder.common.digests import sha256
from autograder.common.errors import AutograderError, ReportError, SubmissionError
from autograder.common.i18n import LANGUAGES, N_, _, speaking
from autograder.common.machine.versions import versions
from autograder.common.results import Report
from autograder.common.submission import Submission
from autograder.common.wire.handins import Circumstances, HandIns, Kept, Measured, code_digest, pack
from autograder.common.wire.submitted_notebook import read, restore
from autograder.course.assignment import Assignment
from autograder.course.course import Course, course_document
from autograder.course.released_notebook import origin, released_notebook
from autograder.course.source_notebook import source_notebook
from autograder.worker.answers import complete, first_cause
from autograder.worker.grader_version import grader, runner
from autograder.worker.grading import redone
from autograder.worker.judge_process import JudgeDied, JudgeProcess

_GONE = N_("the submission is not in submitted/ any more")
_OTHER_FILE = N_("another file was handed in since")
_NOT_KEPT = N_("what was handed in was not kept")
_OTHER_CODE = N_("the released notebook runs other code now")
_NO_NOTEBOOK = N_("its executed notebook is not in autograded/ as it was written")


@dataclass(frozen=True)
class Regraded:
    """A submission whose report was made with another course. `after` None: it has to be graded again, for `reasons`, or is `gone`.

    `why`: what changed in the course, by question ('': what concerns all).
    """

    submission: Submission
    before: Report
    after: Report | None = None
    reasons: tuple[str, ...] = ()
    why: Mapping[str, list[str]] = field(default_factory=dict)
    measured: Measured = field(default_factory=Measured)
    # The late penalty in the gradebook and the one that is due, where they differ.
    penalty: tuple[float, float] | None = None

    @property
    def gone(self) -> bool:
        """Whether its file is in submitted/ no more: nobody can grade it again, and its report and grade stay."""
        return self.after is None and not self.submission.digest()

    @property
    def changes(self) -> list[QuestionChange]:
        return changes(self.before, self.after) if self.after is not None else []

    @property
    def gained(self) -> float:
        return round(self.after.points - self.before.points, 6) if self.after is not None else 0.0


def outdated(
    course: Course,
    assignments: Collection[str] = (),
    students: Collection[str] = (),
    amiss: Callable[[ReportError], None] = lambda error: None,
) -> Iterator[tuple[Submission, Report]]:
    """Reports that were made with another course than `course`, or by another grader than this one, by student and assignment, with their submissions.

    `amiss` is told of reports that can't be used: `grade` writes them anew. Raises CourseError for an assignment that the course doesn't have.
    """
    for name in assignments:
        course.assignment(name)
    wanted = assignments or course.assignments
    folder = Folder(course.root)
    try:
        there = {(s.student, s.assignment): s for s in find_submissions(folder.submitted, course, wanted, students)}
    except SubmissionError:  # no submission any more
        there = {}
    digests = {name: course.digest(name) for name in course.assignments}
    graders = {
        (name, language): grader(course, name, language)
        for name in course.assignments
        for language in {*LANGUAGES, *course.course.languages}
    }
    for report in folder.read_reports(wanted, students, amiss=amiss):
        of_now = digests[report.assignment], graders.get((report.assignment, report.language))
        if (report.course, report.grader) != of_now:
            gone = Submission(report.student, report.assignment, folder.submission(report))
            yield there.get((report.student, report.assignment), gone), report


def grades(
    course: Course, regraded: Sequence[Regraded], assignments: Collection[str] = (), students: Collection[str] = ()
) -> list[Regraded]:
    """`regraded` with late penalties, and the submissions whose report fits while the gradebook holds something else.

    A due date, the rule for late work, when something was handed in: what determines a grade and no report. Nothing is written.
    """
    url, places = address(course), {(r.submission.student, r.submission.assignment): r for r in regraded}
    if not exists(url):  # `grade` makes one and enters everything
        return list(regraded)
    folder, found = Folder(course.root), []
    for report in folder.read_reports(assignments or course.assignments, students, amiss=lambda error: None):
        known = places.get((report.student, report.assignment))
        if known is None:
            submission = Submission(report.student, report.assignment, folder.submission(report))
            found.append(Regraded(submission, report, report))
        elif known.after is not None:
            found.append(known)
    moments = [submission_time(result.submission)[0] for result in found]
    with Book(url, course.course.id) as book:
        seen = preview(book, course, [(r.after or r.before, at) for r, at in zip(found, moments, strict=True)])
    made = []
    for result, one in zip(found, seen, strict=True):
        before, after = one.before or 0.0, one.after or 0.0
        if result.after is not result.before or one.changed:
            made.append(replace(result, penalty=(before, after) if before != after else None))
    return sorted(
        [*made, *(result for result in regraded if result.after is None)],
        key=lambda result: (result.submission.student, result.submission.assignment),
    )


def plan(
    course: Course, path: Path, waiting: Iterable[tuple[Submission, Report]], on_done: Callable[[Regraded], None] = lambda done: None
) -> list[Regraded]:  # fmt: skip
    """Judge again what `outdated` found; nothing is written. `path` is the course's course.yml.

    Raises ReleaseError if the source notebook doesn't fit the course any more.
    """
    store, found = Store(course.root), []
    looked_at: set[str] = set()
    with ExitStack() as stack:
        bench: JudgeProcess | None = None
        for submission, report in waiting:
            if submission.assignment not in looked_at:
                source_notebook(course, submission.assignment)
                looked_at.add(submission.assignment)
            kept = store.of(submission.student, submission.assignment)
            why = _why(course, kept, submission.assignment)
            reasons = _before(course, submission, report, kept, why)
            result = Regraded(submission, report, None, reasons, why)
            if kept is not None and not reasons:
                if bench is None and kept.document.answers:
                    bench = stack.enter_context(JudgeProcess(path, None))
                result = _judged(course, result, kept, bench)
            found.append(result)
            on_done(result)
    return found


def _why(course: Course, kept: Kept | None, assignment: str) -> dict[str, list[str]]:
    if kept is None or not kept.document.course:
        return {}
    return course_changes(kept.course(), json.loads(course_document(course, assignment)))


def _before(
    course: Course, submission: Submission, report: Report, kept: Kept | None, why: Mapping[str, list[str]]
) -> tuple[str, ...]:  # fmt: skip
    """Why it can't be judged again, as far as that shows without a judge."""
    digest = submission.digest()
    if digest != report.submission or not digest:
        return (_(_OTHER_FILE if digest else _GONE),)
    if kept is None:
        return (_(_NOT_KEPT),)
    document = kept.document
    if document.dropped or document.submission != digest:
        return (_(document.dropped or _NOT_KEPT),)
    libraries = dict(version.split(" ", 1) for version in versions())
    reasons = [
        _("graded with {name} {old}, and this is {now}", name=name, old=old, now=libraries.get(name))
        for name, old in report.versions.items()
        if libraries.get(name) != old
    ]
    reasons += why.get("", [])
    if document.runner != runner():
        now = grader(course, submission.assignment, report.language)
        old = report.grader or _("an older one")
        reasons.append(_("the grader that runs notebooks changed ({old} → {new})", old=old, new=now))
    if document.unreadable:
        return tuple(reasons)
    restored = _restored(course, submission)
    if restored is None or code_digest(restored[0]) != document.code:
        new = _unknown(course.assignment(submission.assignment), document, report)
        reasons += [_new(key) for key in new] or [_(_OTHER_CODE)]
    elif _executed(course, submission, restored[0]) is None:
        reasons.append(_(_NO_NOTEBOOK))
    return tuple(reasons)


def _unknown(assignment: Assignment, document: HandIns, before: Report) -> list[str]:
    """The questions that nobody was asked then. What people grade is not handed in to the judge: the report knows of it."""
    known = {*document.answers, *document.circumstances.missing}
    known |= {result.question for result in before.questions} - assignment.checked.keys()
    return [key for key in assignment.questions if key not in known]


def _restored(course: Course, submission: Submission) -> tuple[NotebookNode, list[str]] | None:
    """The notebook that grading it anew would run, and what would be said about its cells."""
    try:
        submitted = read(submission.path, course.limits.notebook_mb)
        return restore(
            submitted,
            released_notebook(course, submission.assignment, origin(course, submission.assignment, submitted)),
        )
    except SubmissionError:
        return None


def _executed(course: Course, submission: Submission, restored: NotebookNode) -> NotebookNode | None:
    """The executed notebook, if it is of the same code."""
    notebook = Folder(course.root).read_notebook(submission)
    try:
        return notebook if notebook is not None and code_digest(notebook) == code_digest(restored) else None
    except (AttributeError, KeyError, TypeError):  # cells that are none
        return None


def _judged(course: Course, result: Regraded, kept: Kept, bench: JudgeProcess | None) -> Regraded:
    """The report that grading it anew would give, or why there is none."""
    submission, before, document = result.submission, result.before, kept.document
    assignment = course.assignment(submission.assignment)
    questions, measured, facts, notes = [], document.measured, document.circumstances, list(before.notes)
    if document.unreadable:
        facts = Circumstances(missing=dict.fromkeys(assignment.questions, (document.unreadable, "")))
    else:
        if bench is not None:
            try:
                again = bench.rejudge(pack(kept))
            except (JudgeDied, AutograderError) as error:
                return _again(result, _("the judge could not: {error}", error=error))
            lost = {key: why for key, why in again.cannot.items() if key in assignment.questions}
            if lost:
                return _again(result, *(f"{key}: {why}" for key, why in lost.items()))
            questions, measured = again.questions, again.measured
        if unknown := _unknown(assignment, document, before):
            return _again(result, *map(_new, unknown))
        with speaking(document.language):
            restored = _restored(course, submission)
        assert restored is not None
        notes = [*restored[1], *(broken.sentence for broken in before.breaks)]
    with speaking(document.language):
        completed = complete(assignment, questions, facts, document.language)
        cause = first_cause(assignment, facts, document.language, completed)
    new = {
        "course": course.digest(submission.assignment),
        "grader": grader(course, submission.assignment, before.language),
        "questions": tuple(completed),
        "notes": tuple(notes),
        "first_cause": cause,
    }
    return Regraded(submission, before, before.model_copy(update=new), (), result.why, measured)


def _new(question: str) -> str:
    return _("'{question}' is a new question: nothing was handed in for it", question=question)


def _again(result: Regraded, *reasons: str) -> Regraded:
    return Regraded(result.submission, result.before, None, reasons, result.why)


def apply(course: Course, regraded: Sequence[Regraded], on_done: Callable[[Regraded], None] = lambda done: None) -> int:
    """Write the new reports, the check cells of the executed notebooks, and the gradebook; how many.

    Each submission is whole when the next one begins: stopped in the middle, the same command goes on from there.
    """
    journal, store = Journal(course.root), Store(course.root)
    ready = [result for result in regraded if result.after is not None]
    if not ready:
        return 0
    with Book(address(course), course.course.id) as book:
        for name in sorted({result.submission.assignment for result in ready}):
            book.prepare(course, name)
        for result in ready:
            submission, report = result.submission, result.after
            assert report is not None
            if report is result.before:  # only the gradebook is behind
                book.write(report, course, submission_time(submission)[0])
                on_done(result)
                continue
            kept = store.of(submission.student, submission.assignment)
            notebook = _notebook(course, submission, report, kept)
            if kept is None or notebook is None:
                raise AutograderError(
                    _(
                        "{student}'s {assignment} changed on disk meanwhile",
                        student=submission.student,
                        assignment=submission.assignment,
                    ),
                    _("Run the command again."),
                )
            moment, _said = submission_time(submission)  # `grade` has said so
            document = course_document(course, submission.assignment)
            kept = kept.changed({sha256(document): document}, course=sha256(document), measured=result.measured)
            # The gradebook first: a report that fits the course says that there is nothing left to do.
            book.write(report, course, moment)
            journal.write(submission, report.to_json(), nbformat.writes(notebook), pack(kept))
            on_done(result)
    store.sweep()
    return len(ready)


def _notebook(course: Course, submission: Submission, report: Report, kept: Kept | None) -> NotebookNode | None:
    if kept is not None and kept.document.unreadable:
        empty, _ = restore(nbformat.v4.new_notebook(), released_notebook(course, submission.assignment))
        return redone(empty, None, report.questions)
    restored = _restored(course, submission)
    executed = _executed(course, submission, restored[0]) if restored else None
    return redone(restored[0], executed, report.questions) if restored and executed else None
