"""Questions left empty, one at a time: an empty answer earns nothing, and costs no other question what doesn't need it."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from nbformat import NotebookNode

from autograder.authoring.verify.compare import shown
from autograder.authoring.verify.proof import Reason
from autograder.common.errors import ReleaseError
from autograder.common.i18n import N_, _
from autograder.common.results import Report, Status
from autograder.common.showing.outcome_table import SAID
from autograder.course.cell_dependencies import following, question_cells

_EARNS = {
    Status.PASSED: N_("the answer cell is empty, and this check passes all the same"),
    Status.UNDECIDED: N_("the answer cell is empty, and this check waits for a person"),
}


def notebook(made: NotebookNode, released: NotebookNode, question: str) -> NotebookNode:
    """`made`, which is solved, but for the answer of `question`, which is as `released`. Raises ReleaseError when it has no answer cell."""
    made = copy.deepcopy(made)
    answers = question_cells(made)[question].answers
    if not answers:
        raise ReleaseError(
            _("question '{question}' has no cell to answer in", question=question),
            _("Add an autograded answer cell before its check cell."),
        )
    for place in answers:
        made.cells[place].source = released.cells[place].source
    return made


def wrong(report: Report, solved: NotebookNode, question: str, file: str) -> Iterable[Reason]:
    """Reasons why `report` is not that of `solved` with only `question` left empty."""
    followers = following(solved, question)
    for result in report.questions:
        for outcome in result.outcomes:
            place = f"{result.question}.{outcome.check}"
            if result.question == question and outcome.status in _EARNS:
                yield Reason(message=_(_EARNS[outcome.status]), file=file, place=place, found=outcome.actual)
            elif (
                result.question not in (question, *followers)
                and outcome.status is not Status.PASSED
                and not outcome.by_hand
            ):
                message = _("this check is {status}, though nothing that it needs was left empty", status=_(SAID[outcome.status]))  # fmt: skip
                yield Reason(message=message, file=file, place=place, found=shown(result, outcome))
