"""Every hidden answer of an assignment, searched in all that students see of it up to its question.

That is: texts and given code, titles, parameters and hints of visible checks, what cells print in the solved notebook, and
the tables and drawings of check cells as students get them at home. Secrecy holds for an assignment as a whole: the answer to
"count with pencil and paper" must not stand in the table of the question before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from autograder.authoring.verify.proof import Part, Reason, Step
from autograder.authoring.verify.releases import expectations, hidden_checks
from autograder.common.cells import is_check
from autograder.common.i18n import _
from autograder.common.results import QuestionResult, Report
from autograder.common.showing.outcome_table import Hidden, as_html
from autograder.course.cell_dependencies import question_cells
from autograder.course.checks.base import Check
from autograder.course.course import Course, Question
from autograder.course.released_notebook import released_notebook

_TAG = re.compile(r"<(?:style|script).*?</(?:style|script)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"[^\W_][\w.]*|_\w+|=+")
# A shorter answer, such as 2, stands in many a text by chance: it counts only behind the name that it belongs to.
_LONG = 3
_SAID = ("is", "equals", "=", "==", "은", "는")
_PLAIN = ("True", "False", "None")


@dataclass(frozen=True)
class Seen:
    """A text that students see at `place` (of a cell), and `where` they see it."""

    place: int
    where: str
    text: str


def steps(course: Course, assignment: str, report: Report, executed: NotebookNode) -> Iterable[Step]:
    """A step for each hidden check. `report`, `executed`: of the solved notebook."""
    cells = question_cells(executed)
    seen = [*_texts(course, assignment), *_printed(executed), *_tables(course, assignment, report, executed)]
    for place, check in hidden_checks(course, assignment):
        own = cells[place.partition(".")[0]]
        before = [one for one in seen if one.place <= own.check and not (one.where == "output" and one.place in own.answers)]  # fmt: skip
        yield Step(part=Part.TOLD, assignment=assignment, name=place, reasons=tuple(_told(check, place, before)))


def _told(check: Check, place: str, seen: Sequence[Seen]) -> Iterator[Reason]:
    found: set[str] = set()
    for one in seen:
        answer = tells(one.text, check)
        if answer and answer not in found:
            found.add(answer)
            message = _("students read the answer of a hidden check before they give it: {answer}", answer=answer)
            yield Reason(message=message, file="course.yml", place=place, found=f"{one.where}: {around(one.text, answer)}")  # fmt: skip


# ---- what students see


def _texts(course: Course, assignment: str) -> Iterator[Seen]:
    """Texts and given code of the releases, and what visible checks say, in every language."""
    for language in course.course.languages:
        notebook = released_notebook(course, assignment, language)
        cells = question_cells(notebook)
        answers = {place for one in cells.values() for place in one.answers}
        for place, cell in enumerate(notebook.cells):
            if place not in answers:
                yield Seen(place, _("text in {language}", language=language), cell.source)
        for name, question in course.assignment(assignment).checked.items():
            for text in (*_checks(question, language), *(hint.in_language(language) for hint in question.hints)):
                yield Seen(cells[name].check, _("visible check of {question}", question=name), text)


def _checks(question: Question, language: str) -> Iterator[str]:
    for check in question.visible():
        yield check.heading(language)
        yield check.describe()
        yield check.hint.in_language(language) if check.hint else ""
        own = {key: value for key, value in check if key not in Check.model_fields}
        yield str(own)


def _printed(executed: NotebookNode) -> Iterator[Seen]:
    """What cells print, but for the check cells: what these show at home is another table."""
    for place, cell in enumerate(executed.cells):
        if is_check(cell):
            continue
        for output in cell.get("outputs", ()):
            texts = [output.get("text", ""), *(output.get("data", {}).get(f"text/{kind}", "") for kind in ("plain", "html"))]  # fmt: skip
            for text in texts:
                if text:
                    yield Seen(place, "output", "".join(text))


def _tables(course: Course, assignment: str, report: Report, executed: NotebookNode) -> Iterator[Seen]:
    cells = question_cells(executed)
    checked = course.assignment(assignment).checked
    for result in report.questions:
        if (question := checked.get(result.question)) is None:  # people grade it: check() shows nothing
            continue
        yield Seen(cells[result.question].check, _("what check() shows of {question}", question=result.question), home_table(result, question))  # fmt: skip


def home_table(result: QuestionResult, question: Question) -> str:
    """What a student reads at home who solved a question: its visible checks, and the drawings."""
    visible = result.model_copy(update={"outcomes": tuple(one for one in result.outcomes if not one.hidden)})
    hidden = [Hidden(check.heading(), check.points, looked_at=True) for check in question.hidden()]
    return as_html(visible, hidden, drawings=True)


# ---- answers


def tells(text: str, check: Check) -> str:
    """The answer of `check` that stands in `text`, as words in a row; '' if none does."""
    words = _words(text)
    for key, value in expectations(check):
        several: Any = getattr(check, "answers", None) if key in ("equals", "any_of") else None  # any of them is one
        answers = [list(_leaves(one)) for one in ([value] if several is None else several)]
        for answer in filter(None, answers):
            if _tells(words, answer, check):
                return ", ".join(answer)
    return ""


def _tells(words: Sequence[str], answer: list[str], check: Check) -> bool:
    chance = check.type == "choice" or (len(answer) == 1 and (len(answer[0]) < _LONG or answer[0] in _PLAIN))
    return any(_stands(words, pattern) for pattern in (_claims(check.of, answer) if chance else [answer]))


def _claims(name: str, answer: list[str]) -> list[list[str]]:
    """``name = answer`` and the like: what tells an answer that is no secret as a word."""
    return [[name, verb, *answer] for verb in _SAID]


def _stands(words: Sequence[str], pattern: Sequence[str]) -> bool:
    first, length = pattern[0], len(pattern)
    return any(word == first and words[at : at + length] == pattern for at, word in enumerate(words))


def _leaves(value: Any) -> Iterator[str]:
    """An answer as the words that it is written with: ``(None, 100)`` as None, 100."""
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (str(key), *_leaves(item))
    elif isinstance(value, float):
        yield f"{value:g}"
    elif isinstance(value, (bool, int, str)) or value is None:
        yield from _words(str(value)) or [str(value)]


def _words(text: str) -> list[str]:
    plain = _THOUSANDS.sub("", _CODES.sub("", _TAG.sub(" ", text)))
    return ["None" if word == "null" else word.rstrip(".") for word in _WORD.findall(plain)]


def around(text: str, answer: str, width: int = 40) -> str:
    """The words about the place where an answer stands."""
    plain = " ".join(_TAG.sub(" ", text).split())
    first = answer.partition(",")[0]
    at = max(plain.find(first), _THOUSANDS.sub("", plain).find(first), 0)
    return plain[max(0, at - width) : at + width]
