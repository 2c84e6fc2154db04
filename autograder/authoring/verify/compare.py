"""What a report should say, and where it says something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nbformat import NotebookNode

from autograder.authoring.verify.mutants_and_alternatives import Mutant, check_places
from autograder.authoring.verify.proof import Reason
from autograder.common.cells import grade_id_of
from autograder.common.i18n import _
from autograder.common.results import Outcome, QuestionResult, Report, Status
from autograder.common.showing.outcome_table import SAID
from autograder.course.course import Assignment

_CLOSE = 1e-6  # points


def said(question: QuestionResult, outcome: Outcome | None = None, between: str = " ") -> str:
    """All that a student reads of one check, or of a question as a whole."""
    outcomes = question.outcomes if outcome is None else (outcome,)
    texts = [question.problem, question.hint] if outcome is None else []
    for one in outcomes:
        if one.status is not Status.PASSED:
            texts += [one.expected, one.actual, one.hint]
    return between.join(text for text in texts if text)


def shown(question: QuestionResult, outcome: Outcome) -> str:
    """What a student reads of one check, or else of its question, part by part."""
    return said(question, outcome, "; ") or said(question, between="; ")


def statuses(report: Report) -> dict[str, tuple[QuestionResult, Outcome]]:
    """Every check's outcome, by ``question.check``."""
    return {
        f"{question.question}.{outcome.check}": (question, outcome)
        for question in report.questions
        for outcome in question.outcomes
    }


def full_marks(report: Report, file: str) -> Iterable[Reason]:
    """Reasons why this is not a report of full marks: a check for each, with what the student would read."""
    for place, (question, outcome) in statuses(report).items():
        if outcome.status is Status.PASSED or outcome.waits:
            continue
        found = shown(question, outcome) or _("no reason")
        yield Reason(
            message=_("this check should pass and is {status}", status=_(SAID[outcome.status])),
            file=file,
            place=place,
            found=found,
        )
    settled = [outcome for _question, outcome in statuses(report).values() if not outcome.waits]
    if not report.complete and all(outcome.status is Status.PASSED for outcome in settled):
        yield _points(file, sum(outcome.out_of for outcome in settled), report.points)


def unremarked(report: Report, file: str) -> Iterable[Reason]:
    """Reasons for what is said of the notebook itself: nothing where all its cells are there, in their order."""
    for note in report.notes:
        yield Reason(message=_("the notebook itself is remarked on"), file=file, found=note)


def raising(executed: NotebookNode, file: str) -> Iterable[Reason]:
    """A reason for each cell that raises in a right notebook: a given cell must take every form of a right answer."""
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                name = grade_id_of(cell) or str(cell.get("id", ""))
                message = _("a cell raises in a notebook that is right")
                yield Reason(message=message, file=file, place=name, found=f"{output.ename}: {output.evalue}")


def nothing(report: Report, file: str) -> Iterable[Reason]:
    """Reasons why this is not the report of a notebook in which nothing was answered."""
    for place, (_question, outcome) in statuses(report).items():
        if outcome.waits:
            continue  # a task: what is done for it may be anywhere
        if outcome.status is Status.UNDECIDED:
            message = _("this check of the untouched notebook is undecided, and would wait for a person")
            yield Reason(message=message, file=file, place=place, found=outcome.actual)
        elif outcome.points > 0 or outcome.status is Status.PASSED:
            message = _("the untouched notebook earns {points:g} points: it asks for no work", points=outcome.points)
            yield Reason(message=message, file=file, place=place, found=outcome.actual)
    for question in report.questions:
        hints = [question.problem, question.hint, *(outcome.hint for outcome in question.outcomes)]
        if not any(hints):
            yield Reason(message=_("an empty answer is not told what to do"), file=file, place=question.question)


def exactly(report: Report, mutant: Mutant, assignment: Assignment, file: str) -> Iterable[Reason]:
    """Reasons why `report` is not the one that `mutant` names."""
    expected, found = mutant.expected(assignment), statuses(report)
    lost = {
        place
        for place, (_question, outcome) in found.items()
        if outcome.status is not Status.PASSED and not outcome.waits
    }
    if not lost:
        yield Reason(
            message=_("the mutant survives: it earns every point"),
            file=file,
            expected=_("to lose {checks}", checks=", ".join(expected)),
        )
        return
    for place, status in expected.items():
        question, outcome = found[place]
        if outcome.status.value != status:
            message = _("the mutant should lose this check, and keeps it")
            if outcome.status is not Status.PASSED:
                message = _("this check is not decided as the mutant says")
            detail = ": ".join(filter(None, (_(SAID[outcome.status]), said(question, outcome, "; ") or outcome.actual)))
            yield Reason(message=message, file=file, place=place, expected=_(SAID[Status(status)]), found=detail)
    for place in sorted(lost - expected.keys()):
        question, outcome = found[place]
        message = _("the mutant should keep this check, and it is {status}", status=_(SAID[outcome.status]))
        yield Reason(message=message, file=file, place=place, found=shown(question, outcome))
    yield from _hints(found, report.questions, mutant, file)
    worth = check_places(assignment)
    points = sum(worth.values()) - sum(worth[place] for place in expected)
    if lost == set(expected) and abs(report.points - points) > _CLOSE:
        yield _points(file, points, report.points)


def _hints(
    found: dict[str, tuple[QuestionResult, Outcome]], questions: Sequence[QuestionResult], mutant: Mutant, file: str
) -> Iterable[Reason]:
    for place, phrases in mutant.loses.items():
        texts = [said(*found[place])] if place in found else [said(q) for q in questions if q.question == place]
        for phrase in phrases:
            if not any(phrase in text for text in texts):
                message = _("the feedback does not say what the student must read")
                yield Reason(message=message, file=file, place=place, expected=repr(phrase), found="; ".join(texts))


def _points(file: str, expected: float, found: float) -> Reason:
    message = _("the points don't add up")
    return Reason(message=message, file=file, expected=_("{points:g} points", points=expected), found=f"{found:g}")


def unkilled(assignment: Assignment, mutants: Sequence[Mutant], folder: Path) -> Iterable[Reason]:
    """A reason for each check that no mutant loses: nobody has seen it fail."""
    killed = {
        place for mutant in mutants for place, status in mutant.expected(assignment).items() if status == "failed"
    }
    for place in check_places(assignment):
        if place not in killed:
            yield Reason(
                message=_("no mutant in {folder} is lost by this check: nothing shows that it can fail", folder=folder),
                file="course.yml",
                place=place,
            )
