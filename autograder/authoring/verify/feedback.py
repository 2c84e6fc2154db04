"""What students read after grading: nothing hidden in it, and nbgrader's own validator and feedback pages agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nbformat import NotebookNode

from autograder.authoring.verify.compare import said
from autograder.authoring.verify.proof import Reason
from autograder.authoring.verify.releases import hidden_answer_in, hidden_checks
from autograder.classroom.folder import Folder, Place
from autograder.classroom.gradebook.comments import question_text
from autograder.classroom.gradebook.converting import Failed, converting
from autograder.common.cells import grade_id_of, is_check
from autograder.common.errors import GradebookError
from autograder.common.i18n import _
from autograder.common.results import Report, Status
from autograder.course.checks.networks.model_check import ModelCheck
from autograder.course.course import Course

_MARKERS = ("BEGIN HIDDEN TESTS", "hidden=True", "BEGIN SOLUTION")


def outcomes_tell(course: Course, report: Report, file: str) -> Iterable[Reason]:
    """Failed hidden checks whose outcome, or whose comment in the gradebook, holds what they expect."""
    hidden = dict(hidden_checks(course, report.assignment))
    for question in report.questions:
        for outcome in question.outcomes:
            check = hidden.get(f"{question.question}.{outcome.check}")
            if check is None or outcome.status is Status.PASSED:
                continue
            place = f"{question.question}.{outcome.check}"
            if outcome.expected and outcome.expected not in check.form().expectations():
                message = _("the feedback shows what a hidden check expects")
                yield Reason(message=message, file=file, place=place, found=outcome.expected)
                continue
            # What a network is, its student reads in summary(): the part of it that is right is no news.
            theirs = {"actual": ""} if isinstance(check, ModelCheck) else {}
            text = said(question, outcome.model_copy(update=theirs))
            if answer := hidden_answer_in(text, check):
                message = _("the feedback on a hidden check tells its answer")
                yield Reason(
                    message=message,
                    file=file,
                    place=place,
                    found=_("{answer!r} in {text!r}", answer=answer, text=text),
                )


def texts_tell(course: Course, report: Report, texts: Iterable[str], file: str) -> Iterable[Reason]:
    """Markers of hidden tests, and places of reference functions, in what was rendered for a student."""
    places = {place for _name, check in hidden_checks(course, report.assignment) for place in check.places()}
    comments = [question_text(question) for question in report.questions]
    for text in (*texts, *comments):
        for secret in (*sorted(places), *_MARKERS):
            if secret in text:
                yield Reason(message=_("the feedback holds {secret!r}", secret=secret), file=file)


def page(course: Course, student: str, assignment: str) -> Path:
    """The feedback page of one submission, made by nbgrader's GenerateFeedback. Raises GradebookError with its reason."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from autograder.classroom.gradebook.database import address

    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.db_url = address(course)
    config.CourseDirectory.course_id = course.course.id
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.student_id = student
    try:
        with converting() as log:
            GenerateFeedback(coursedir=CourseDirectory(config=config, log=log), config=config, log=log).start()
    except Failed as error:
        raise GradebookError(
            _(
                "nbgrader can't make the feedback page of {assignment}: {reason}",
                assignment=assignment,
                reason=error,
            )
        ) from error
    return Folder(course.root).page(Place(student, assignment))


def validator_disagrees(path: Path, executed: NotebookNode, report: Report, file: str) -> Iterable[Reason]:
    """Where ``nbgrader validate`` sees the executed notebook, which is the file `path`, otherwise: it must fail the questions that lost points, only those."""
    from nbgrader.preprocessors import CheckCellMetadata
    from nbgrader.validator import Validator

    # The notebook has been run, in the sandbox beside the judge: the validator looks at it as it is.
    results = Validator(preprocessors=[CheckCellMetadata]).validate(str(path.resolve()))
    for kind in ("type_changed", "changed"):
        if results.get(kind):
            message = _(
                "`nbgrader validate` says that {count} cells have changed ({kind})", count=len(results[kind]), kind=kind
            )
            yield Reason(message=message, file=file, found=results[kind][0]["source"][:100])
    # What nobody could decide has no points yet, and the validator knows only passed and failed.
    waiting = {question.question for question in report.questions if question.status is Status.UNDECIDED}
    failed = [
        question
        for question in _questions(executed, [item["source"] for item in results.get("failed", ())])
        if question not in waiting
    ]
    checked = {
        grade_id_of(cell) for cell in executed.cells if is_check(cell)
    }  # it looks at no answer that a person grades
    lost = [one.question for one in report.questions if one.status is Status.FAILED and one.question in checked]
    if "changed" not in results and "type_changed" not in results and failed != lost:
        message = _("`nbgrader validate` fails other questions than the report")
        yield Reason(
            message=message, file=file, expected=", ".join(lost) or _("none"), found=", ".join(failed) or _("none")
        )


def _questions(executed: NotebookNode, sources: Sequence[str]) -> list[str]:
    """The grade ids of cells with these sources, in the notebook's order."""
    return [grade_id_of(cell) for cell in executed.cells if is_check(cell) and cell.source.strip() in sources]
