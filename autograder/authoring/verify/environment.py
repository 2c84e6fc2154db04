"""What students' machines have and the grader's hasn't: where the first cell asks for it, no question fails."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from nbformat import NotebookNode

from autograder.authoring.verify.compare import shown, statuses
from autograder.authoring.verify.proof import Reason
from autograder.common.cells import is_check
from autograder.common.code_names import modules
from autograder.common.errors import ReleaseError
from autograder.common.i18n import _
from autograder.common.results import Report, Status
from autograder.common.showing.outcome_table import SAID
from autograder.course.course import Course

# By what is lacking: lines that work on somebody's machine. Each kind that `worker.surroundings` tells apart.
LINES = {
    "module": "import a_package_of_their_own",
    "device": "import tensorflow as tf\ngpu = tf.config.list_physical_devices('GPU')[0]",
    "display": "import tkinter\nwindow = tkinter.Tk()",
    "network": "import urllib.request\npage = urllib.request.urlopen('https://example.org').read()",
    "folder": "notes = open('/content/drive/MyDrive/notes.txt').read()",
    "program": "import subprocess\nsubprocess.run(['nvidia-smi'], check=True)",
    "input": "name = input('Your name: ')",
    "version": "import sys\nassert sys.version_info >= (99, 0)",
    "magic": "%a_magic_of_their_own",
}


def kinds(course: Course, assignment: str, most: int | None = None) -> list[str]:
    """Of `LINES`, what `assignment` is tried with: all, or the first and `most` others, in turn, so that together the assignments have each."""
    first, *others = (kind for kind in LINES if course.networks or kind != "device")
    if most is not None:
        begin = most * list(course.assignments).index(assignment)
        others = [others[place % len(others)] for place in range(begin, begin + most)]
    return [first, *others]


def notebook(solved: NotebookNode, kind: str, last: bool) -> NotebookNode:
    """`solved`, with a line that fails where the grader runs it at the head or, where `last`, at the foot of its first imports.

    Raises ReleaseError when there is no cell of code before the checks.
    """
    made = copy.deepcopy(solved)
    cells = [cell for cell in made.cells if cell.cell_type == "code" and not is_check(cell)]
    first = next((cell for cell in cells if modules(cell.source)), cells[0] if cells else None)
    if first is None:
        raise ReleaseError(_("there is no cell of code"), _("Add a cell that imports what students need."))
    first.source = f"{first.source}\n{LINES[kind]}" if last else f"{LINES[kind]}\n{first.source}"
    return made


def wrong(report: Report, kind: str, file: str) -> Iterable[Reason]:
    """Reasons why `report` takes a point for what the grader's machine lacks, or leaves one undecided without a word."""
    for place, (question, outcome) in statuses(report).items():
        found = shown(question, outcome)
        if outcome.status in (Status.FAILED, Status.SKIPPED):
            message = _(
                "this check is {status} for what only the grader's machine lacks", status=_(SAID[outcome.status])
            )
            yield Reason(message=message, file=file, place=place, expected=LINES[kind].splitlines()[-1], found=found)
        elif outcome.status is Status.UNDECIDED and not found:
            yield Reason(message=_("this check waits for a person, and nothing says why"), file=file, place=place)
