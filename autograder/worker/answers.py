"""All questions of a submission, also those that were not handed in: why, as the notebook shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from nbformat import NotebookNode

from autograder.common.cells import cells_by_id, grade_id_of, is_manual, is_task, left_empty
from autograder.common.hints.for_errors import for_error, missing_name
from autograder.common.i18n import N_, _, ngettext
from autograder.common.results import FirstCause, Outcome, QuestionResult, Status
from autograder.common.showing.nearest_name import nearest
from autograder.common.showing.readable import sentence_case
from autograder.common.showing.readable import shorten as clean
from autograder.common.wire.handins import Cause, Circumstances
from autograder.course.course import Assignment, Question
from autograder.sandbox.run_notebook import Run
from autograder.worker.first_cause import error_of, follow, forgotten, heading_above
from autograder.worker.surroundings import reason

# What shows errors says so where it can't: none of that is the student's, but for how it ends.
_NOT_SHOWN = ("Traceback (most recent call last)", "Unexpected exception formatting exception")
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt)\b.*", re.MULTILINE)
_UNANSWERED = N_("This question was not answered.")


def unseen(key: str, question: Question, language: str, status: Status, why: str) -> QuestionResult:
    """A question that nothing was handed in for: every check has the same `status`, and `why` is its reason."""
    outcomes = tuple(
        Outcome(check=check.id, title=check.heading(language), status=status, out_of=check.points, hidden=check.hidden)
        for check in question.checks
    )
    title = question.title.in_language(language)
    return QuestionResult(question=key, title=title, out_of=question.points, outcomes=outcomes, problem=why)


def by_hand(key: str, question: Question, language: str) -> QuestionResult:
    """A question that a person grades."""
    found = unseen(key, question, language, Status.UNDECIDED, _("A person grades this answer."))
    return found.model_copy(
        update={"outcomes": tuple(one.model_copy(update={"by_hand": True}) for one in found.outcomes)}
    )


def all_failed(assignment: Assignment, language: str, why: str) -> list[QuestionResult]:
    return [unseen(key, q, language, Status.FAILED, why) for key, q in assignment.questions.items()]


def all_undecided(assignment: Assignment, language: str, why: str) -> list[QuestionResult]:
    return [unseen(key, q, language, Status.UNDECIDED, why) for key, q in assignment.questions.items()]


def circumstances(
    assignment: Assignment, handed_in: Collection[str], notebook: NotebookNode, released: NotebookNode, run: Run
) -> Circumstances:
    """What the executed notebook says about the questions: why some were not `handed_in`, and what their cells raised."""
    handed_in = {*handed_in, *(assignment.questions.keys() - assignment.checked.keys())}
    cells, originals = cells_by_id(notebook), cells_by_id(released)
    found, first = follow(assignment, notebook, run, handed_in)
    errors, beside, missing = {}, {}, {}
    for key in assignment.questions:
        index, cell = cells.get(f"{key}-answer", (-1, None))
        error = found.errors.get(index)
        places = (index, cells.get(key, (-1, None))[0])  # what the check cell calls may have no end either
        stopped = next((found.breaks[place] for place in places if place in found.breaks), "")
        if error is not None and error.name and not stopped:  # an interrupt of ours is no exception of theirs
            errors[key] = (error.name, error.message)
        if cell is not None and (error is None or left_empty(error.name, error.message)):
            original = originals.get(f"{key}-answer")
            if where := forgotten(cell, original[1] if original else None):
                beside[key] = where
        if key not in handed_in:
            explained = error is not None and beside.get(key) != "above"
            missing[key] = (
                ("", "") if explained and not stopped else _why_missing(key, cells, run, stopped, found.others)
            )
        elif stopped:
            missing[key] = (sentence_case(stopped), "")
    missing |= {key: (_(_UNANSWERED), "") for key in unanswered(assignment, notebook, released)}
    below = {name: (place, _question_of(notebook.cells[place], assignment), heading_above(notebook, place)) for name, place in found.below.items()}  # fmt: skip
    return Circumstances(
        missing=missing, errors=errors, forgotten=beside, causes=tuple(found.causes), first=first, below=below
    )


def _question_of(cell: NotebookNode, assignment: Assignment) -> str:
    key = grade_id_of(cell).removesuffix("-answer")
    return key if key in assignment.questions else ""


def unanswered(assignment: Assignment, notebook: NotebookNode, released: NotebookNode) -> list[str]:
    """The questions for people whose answer cell is as it was released, or empty."""
    given, own = ({grade_id_of(cell): cell.source.strip() for cell in one.cells} for one in (released, notebook))
    answers = [grade_id_of(cell) for cell in released.cells if is_manual(cell) and not is_task(cell)]
    return [key for key in answers if key in assignment.questions and own.get(key, "") in ("", given[key])]


def complete(
    assignment: Assignment, questions: Sequence[QuestionResult], facts: Circumstances, language: str
) -> list[QuestionResult]:
    """All questions, in order: those that were not handed in fail, with the reason that the notebook shows.

    What the grader's machine lacks costs nothing: what did not pass for that reason is undecided.
    """
    handed_in = {result.question: result for result in questions}
    completed = []
    for key, question in assignment.questions.items():
        if question.manual:
            why, _hint = facts.missing.get(key, ("", ""))
            completed.append(
                unseen(key, question, language, Status.FAILED, why) if why else by_hand(key, question, language)
            )
            continue
        problem, hint, lacks = _why(key, assignment, facts, language)
        result = handed_in.get(key)
        if result is None:
            status = Status.UNDECIDED if lacks else Status.FAILED
            result = unseen(key, question, language, status, problem).model_copy(update={"hint": hint})
        elif result.status is Status.FAILED and problem:
            result = result.model_copy(update={"problem": problem, "hint": hint})
            if lacks:
                result = result.model_copy(update={"outcomes": tuple(map(_open, result.outcomes))})
        completed.append(result)
    return completed


def _open(outcome: Outcome) -> Outcome:
    if outcome.status is Status.PASSED:
        return outcome
    return outcome.model_copy(
        update={"status": Status.UNDECIDED, "points": 0.0, "hint": "", "expected": "", "actual": ""}
    )


def first_cause(
    assignment: Assignment, facts: Circumstances, language: str, questions: Sequence[QuestionResult] = ()
) -> FirstCause | None:
    """The exception that explains most of the notebook's other errors, in the language that is spoken; None without one.

    `questions`: what became of all of them. What raised it may have been given a wrong answer.
    """
    if facts.first < 0:
        return None
    cause = facts.causes[facts.first]
    place, error, lacks = _place(assignment, cause.cell, cause.question, cause.heading, language), _said(cause), ""
    if cause.lack[0]:
        lacks = reason(cause.lack)
        said = [_("“{place}” could not run here: {error}.", place=place, error=error)]
        said.append(
            _("That is no mistake of yours ({reason}): a person will look at what depends on it.", reason=lacks)
        )
    elif _unanswered(cause, facts):
        said = [_("“{place}” was not answered.", place=place)]
    elif facts.first:  # an earlier error explains less
        said = [_("Most of the later errors come from “{place}”: {error}.", place=place, error=error)]
    else:
        said = [_("The first error is in “{place}”: {error}.", place=place, error=error)]
    wrong = [
        one for one in questions if one.question in cause.rests and one.status is Status.FAILED and not one.problem
    ]
    if wrong and not cause.lack[0] and not left_empty(*cause.error):
        said.append(_("It is given what is not right yet: look at “{place}” first.", place=wrong[0].title))
    if cause.followed:
        said.append(ngettext("One later error comes from it.", "{number} later errors come from it.", cause.followed))
    return FirstCause(
        cell=cause.cell, question=cause.question, place=place, error=error, followed=cause.followed,
        questions=cause.questions, surroundings=lacks, sentence=" ".join(said),
    )  # fmt: skip


def _place(assignment: Assignment, cell: int, question: str, heading: str, language: str) -> str:
    if question in assignment.questions:
        return assignment.questions[question].title.in_language(language)
    return heading or _("cell {number}", number=cell + 1)


def _hint(error: tuple[str, str], assignment: Assignment, facts: Circumstances, language: str) -> str:
    """What to do about an exception: where the name that it misses is made too late, or what fits all of its kind."""
    name = missing_name(*error)
    if name not in facts.below:
        return for_error(*error)
    return _(
        "`{name}` is made further down (“{place}”), and cells run from top to bottom: it must be made above the cell that needs it.",
        name=name, place=_place(assignment, *facts.below[name], language),
    )  # fmt: skip


def _said(cause: Cause) -> str:
    name, message = cause.error
    return (f"{name}: {message}" if name and message else name or message).rstrip(".")


def _unanswered(cause: Cause, facts: Circumstances) -> bool:
    return left_empty(*cause.error) and bool(cause.question) and cause.question not in facts.forgotten


def _why(key: str, assignment: Assignment, facts: Circumstances, language: str) -> tuple[str, str, bool]:
    """Why a question has no points, a hint, and whether the grader's machine is to blame; nothing if its values alone say it."""
    cause = next((cause for cause in facts.causes if key in cause.questions), None)
    if cause is not None:
        place = _place(assignment, cause.cell, cause.question, cause.heading, language)
        if cause.lack[0]:
            why = reason(cause.lack)
            if cause.question == key:
                problem = _("The grader could not run this: {reason}. A person will look at it.", reason=why)
            else:
                problem = _(
                    "The grader could not run “{place}”, which this needs: {reason}. A person will look at it.",
                    place=place, reason=why,
                )  # fmt: skip
            return problem, "", True
        if _unanswered(cause, facts):
            return _("This needs “{place}”, which was not answered.", place=place), "", False
        problem = _("This comes from an earlier error, in “{place}”: {error}.", place=place, error=_said(cause))
        return problem, _hint(cause.error, assignment, facts, language), False
    if key in facts.forgotten:
        if facts.forgotten[key] == "above":
            problem = _("What stands above `raise NotImplementedError()` ran and counts.")
            problem = f"{problem} {facts.missing.get(key, ('', ''))[0]}".strip()
        else:
            problem = _("What stands below `raise NotImplementedError()` did not run.")
        return problem, _("Delete the line `raise NotImplementedError()`."), False
    if key in facts.errors and not facts.missing.get(key, ("", ""))[0]:
        name, message = facts.errors[key]
        if left_empty(name, message):
            return _(_UNANSWERED), for_error(name, message), False
        said = _("Your cell raised {kind}: {message}", kind=name, message=message)
        return said, _hint((name, message), assignment, facts, language), False
    why, hint = facts.missing.get(key, ("", ""))
    own = next((cause.error for cause in facts.causes if cause.question == key), ("", ""))
    return why, _hint(own, assignment, facts, language) if missing_name(*own) in facts.below else hint, False


def _why_missing(
    key: str, cells: Mapping[str, tuple[int, NotebookNode]], run: Run, stopped: str, others: Collection[str]
) -> tuple[str, str]:
    """Why nothing was handed in for a question, but for what its answer cell raised: a broken limit, or what its check cell says."""
    ended = run.breaks[-1].sentence if run.breaks and not run.finished else ""
    check = cells.get(key)
    if stopped:
        return _("Nothing was handed in: {why}.", why=stopped), ""
    error = error_of(check[1]) if check is not None else None
    if error is not None:
        said = _("The check cell raised {kind}: {message}", kind=error.name, message=error.message)
        name = missing_name(error.name, error.message)
        if meant := nearest(name, sorted(others), 0.85) if name else "":
            return said, _(
                "There is `{name}`: write the name exactly as the text does, `{asked}`.", name=meant, asked=name
            )
        return said, for_error(error.name, error.message)
    if ended:
        return _("The check cell did not run: {why}.", why=ended), ""
    printed = printed_by(check[1]) if check is not None else ""
    return _("Nothing was handed in. {printed}", printed=printed).strip(), ""


def printed_by(cell: NotebookNode) -> str:
    """What a check cell printed, in a line; of a traceback that could not be shown as errors are, how it ends."""
    texts = [str(output.get("text", "")) for output in cell.get("outputs", []) if output.output_type == "stream"]
    text = "".join(texts)
    if any(said in text for said in _NOT_SHOWN):
        text = (_RAISED.findall(text[-20_000:]) or [""])[-1]
    return clean(text, 300)
