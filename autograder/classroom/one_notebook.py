"""One notebook, tried as it would be graded: the same sandbox and judge, and the visible checks alone."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.classroom.collect.contents import Contents
from autograder.classroom.export import junit
from autograder.classroom.export.grades import Sheet, of_report
from autograder.classroom.grading.isolation import require
from autograder.common.errors import AutograderError, CourseError, SubmissionError
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import LANGUAGES, _, speaking
from autograder.common.machine.confined import OverLimit, confined
from autograder.common.results import Report, Status
from autograder.common.submission import Submission
from autograder.common.wire.submitted_notebook import content, parse
from autograder.course.course import FILE, Course, Isolation, Limits, load
from autograder.course.released_checks import HiddenCheck, locate
from autograder.course.released_notebook import origin
from autograder.course.source_notebook import source_path, without_hidden_tests
from autograder.course.yaml_file import read_yaml
from autograder.worker.grade_alone import grade_alone
from autograder.worker.visible_course import of_course, of_released


@dataclass(frozen=True)
class Tried:
    """`report` is of the visible checks; `hidden` are those that will run besides when the notebook is graded."""

    report: Report
    sheet: Sheet
    hidden: tuple[HiddenCheck, ...]

    @property
    def full(self) -> bool:
        return self.report.points >= self.report.out_of - 1e-9

    @property
    def failed(self) -> bool:
        """Whether the student lost points; what the grader could not decide is not lost."""
        return any(question.status is Status.FAILED for question in self.report.questions) or any(
            outcome.status in (Status.FAILED, Status.SKIPPED)
            for question in self.report.questions
            for outcome in question.outcomes
        )

    def junit(self) -> str:
        with speaking(self.report.language):
            return junit.files(self.sheet)["junit.xml"]


def source_of(notebook: Path, checks: Path | None, course: Path | None) -> Path:
    """Where the checks of `notebook` stand: what was named, or checks.yml beside it, or course.yml in its folder or above.

    Raises SubmissionError and CourseError for a file that isn't there, and where there is none to be found.
    """
    if not notebook.is_file():
        raise SubmissionError(_("there is no file {file}", file=notebook), misused=True)
    named = checks or course or (Path(os.environ["AUTOGRADER_COURSE"]) if "AUTOGRADER_COURSE" in os.environ else None)
    if named is not None:
        if not named.is_file():
            raise CourseError(_("there is no file {file}", file=named), misused=True)
        return named
    try:
        return locate(notebook.resolve().parent)
    except CourseError as error:
        remedy = _("Keep it beside the notebook, or name it with --checks.")
        raise CourseError(str(error), remedy, misused=True) from None


def try_notebook(
    notebook: Path,
    source: Path,
    *,
    assignment: str = "",
    isolation: Isolation | None = None,
    memo: Path | None = None,
    language: str = "",
) -> Tried:
    """Grade the file `notebook` by the visible checks of `source`, a checks.yml or course.yml.

    `assignment`: where course.yml has several and the notebook doesn't say which. `language`: of the report, '' for the notebook's own.
    Raises AutograderError; what is wrong with the notebook is in the report.
    """
    whole = load(source) if source.name == FILE or not _is_released(source) else None
    submitted = parsed(notebook, (whole.limits if whole else Limits()).notebook_mb)
    with tempfile.TemporaryDirectory(prefix="autograder-try-") as scratch:
        folder = Path(scratch)
        if whole is None:
            visible = of_released(source, notebook, submitted, folder)
        else:
            name = assignment or _which(whole, submitted)
            whole.assignment(name)
            visible = of_course(whole, name, origin(whole, name, submitted), folder)
        spoken = [*LANGUAGES, *(whole or visible.course).course.languages]
        if language and language not in spoken:
            said = _("there is no language '{name}' here", name=language)
            raise AutograderError(said, meant(language, spoken), misused=True)
        chosen = isolation or (whole or visible.course).isolation
        require(whole or visible.course, chosen, memo)
        path = notebook if whole is None else _as_released(whole, visible.assignment, notebook, submitted, folder)
        submission = Submission(notebook.stem, visible.assignment, path)
        report = grade_alone(submission, visible.course, visible.file, chosen, memo, language).report
    hidden = tuple(check for checks in visible.hidden.values() for check in checks)
    return Tried(report, of_report(visible.course, report), hidden)


def _is_released(source: Path) -> bool:
    """Whether it is a checks.yml, whatever it is called: of one assignment. Raises CourseError."""
    document = read_yaml(source)
    return isinstance(document, dict) and "assignment" in document


def _as_released(course: Course, assignment: str, notebook: Path, submitted: NotebookNode, folder: Path) -> Path:
    """The file to run: of the course's own source, a copy without the hidden tests, which the release leaves out."""
    source = source_path(course, assignment)
    if not source.is_file() or not notebook.samefile(source):
        return notebook
    for cell in submitted.cells:
        cell.source = without_hidden_tests(cell.source)
    copy = folder / "solution.ipynb"
    nbformat.write(submitted, copy)
    return copy


def parsed(notebook: Path, limit_mb: int) -> NotebookNode:
    """The notebook, as far as it can be read: what grades it says what is wrong with it."""
    try:
        return nbformat.from_dict(confined(partial(parse, content(notebook, limit_mb)), answer_mb=4 * limit_mb))
    except (SubmissionError, OverLimit):
        return nbformat.v4.new_notebook()


def _which(course: Course, notebook: NotebookNode) -> str:
    name = Contents(course).assignment(notebook)
    if name:
        return name
    if len(course.assignments) == 1:
        return next(iter(course.assignments))
    raise SubmissionError(
        _("the notebook doesn't say which assignment it is"),
        _("Name it with --assignment: there are {assignments}.", assignments=", ".join(course.assignments)),
        misused=True,
    )
