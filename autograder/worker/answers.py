"""All questions of a submission, also those that were not handed in: why, as the notebook shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbformat import NotebookNode

from autograder.common.cells import cells_by_id
from autograder.common.hints import for_error
from autograder.common.i18n import _
from autograder.common.results import Outcome, QuestionResult, Status
from autograder.course.checks.base import shorten as clean
from autograder.course.course import Assignment, Question
from autograder.sandbox.run import Run

EMPTY = "NotImplementedError"  # what an answer cell raises until it is answered


def unseen(key: str, question: Question, language: str, status: Status, why: str) -> QuestionResult:
    """A question that nothing was handed in for: every check has the same `status`, and `why` is its reason."""
    outcomes = tuple(
        Outcome(check=check.id, title=check.heading(language), status=status, out_of=check.points, hidden=check.hidden)
        for check in question.checks
    )
    title = question.title.in_language(language)
    return QuestionResult(question=key, title=title, out_of=question.points, outcomes=outcomes, problem=why)


def all_failed(assignment: Assignment, language: str, why: str) -> list[QuestionResult]:
    return [unseen(key, q, language, Status.FAILED, why) for key, q in assignment.questions.items()]


def all_undecided(assignment: Assignment, language: str, why: str) -> list[QuestionResult]:
    return [unseen(key, q, language, Status.UNDECIDED, why) for key, q in assignment.questions.items()]


def circumstances(
    assignment: Assignment, questions: Sequence[QuestionResult], notebook: NotebookNode, run: Run
) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """By question: why nothing was handed in, with a hint; and the exception of the answer cell, name and message."""
    handed_in = {result.question for result in questions}
    cells = cells_by_id(notebook)
    missing = {key: _why_missing(key, cells, run) for key in assignment.questions if key not in handed_in}
    answers = {key: cells.get(f"{key}-answer") for key in assignment.questions}
    found = {key: _error(cell[1]) for key, cell in answers.items() if cell is not None}
    return missing, {key: error for key, error in found.items() if error is not None}


def complete(
    assignment: Assignment,
    questions: Sequence[QuestionResult],
    missing: Mapping[str, tuple[str, str]],
    errors: Mapping[str, tuple[str, str]],
    language: str,
) -> list[QuestionResult]:
    """All questions, in order: those that were not handed in fail, with the reason that the notebook shows."""
    handed_in = {result.question: result for result in questions}
    completed = []
    for key, question in assignment.questions.items():
        if key in handed_in:
            completed.append(_with_own_error(handed_in[key], errors.get(key)))
            continue
        problem, hint = missing[key]
        result = unseen(key, question, language, Status.FAILED, problem)
        completed.append(result.model_copy(update={"hint": hint}))
    return completed


def _with_own_error(result: QuestionResult, error: tuple[str, str] | None) -> QuestionResult:
    """A failed question whose own cell raised says so: the error explains more than its consequences."""
    if error is None or result.status is not Status.FAILED:
        return result
    problem = (
        _("This question was not answered.")
        if error[0] == EMPTY
        else _("Your cell raised {kind}: {message}", kind=error[0], message=error[1])
    )
    return result.model_copy(update={"problem": problem, "hint": for_error(*error)})


def _why_missing(key: str, cells: Mapping[str, tuple[int, NotebookNode]], run: Run) -> tuple[str, str]:
    """Why nothing was handed in for a question: the error of its own cell, else of its check cell, else a broken limit."""
    breaks = {broken.cell: broken.sentence for broken in run.breaks}
    ended = run.breaks[-1].sentence if run.breaks and not run.finished else ""
    own = cells.get(f"{key}-answer")
    check = cells.get(key)
    if own is not None and own[0] in breaks:
        return _("Nothing was handed in: {why}.", why=breaks[own[0]]), ""
    error = _error(own[1]) if own is not None else None
    if error is not None:
        hint = for_error(*error)
        if error[0] == EMPTY:
            return _("This question was not answered."), hint
        return _("Your cell raised {kind}: {message}", kind=error[0], message=error[1]), hint
    error = _error(check[1]) if check is not None else None
    if error is not None:
        return _("The check cell raised {kind}: {message}", kind=error[0], message=error[1]), for_error(*error)
    if ended:
        return _("The check cell did not run: {why}.", why=ended), ""
    printed = _printed(check[1]) if check is not None else ""
    return _("Nothing was handed in. {printed}", printed=printed).strip(), ""


def _error(cell: NotebookNode) -> tuple[str, str] | None:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return clean(str(output.get("ename", "")), 100), clean(str(output.get("evalue", "")), 400)
    return None


def _printed(cell: NotebookNode) -> str:
    texts = [str(output.get("text", "")) for output in cell.get("outputs", []) if output.output_type == "stream"]
    return clean("".join(texts), 300)
