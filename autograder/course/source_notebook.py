"""solutions/<assignment>/<assignment>.ipynb: reads a source notebook, and says all that is wrong with it at once.

A source notebook holds the text in every language of the course: neighbouring cells, each tagged with its language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, grading_of, is_answer, is_check, is_locked, is_manual
from autograder.common.errors import ReleaseError
from autograder.common.files import said_of, text_of
from autograder.common.i18n import _
from autograder.course import illustrations
from autograder.course.course import Course

REGIONS = (("BEGIN SOLUTION", "END SOLUTION"), ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"))
TEXT_STUB = "YOUR ANSWER HERE"  # what nbgrader puts in the place of a text that students write
_LANGUAGE = re.compile(r"[A-Za-z]{2}(?:[-_][A-Za-z]{2})?")
_TELLING = 16  # a solution as short as `answer = 2` may stand elsewhere by chance


class Problems:
    """What is wrong with one notebook: collected, so that an author sees all of it at once."""

    def __init__(self, notebook: str) -> None:
        self.notebook, self.found = notebook, list[tuple[str, str]]()

    def add(self, cell: object, message: str, remedy: str) -> None:
        where = f"{self.notebook}: cell {cell}" if cell != "" else self.notebook
        self.found.append((f"{where}: {message}", remedy))

    def check(self) -> None:
        """Raises ReleaseError if anything was found."""
        if self.found:
            remedies = dict.fromkeys(remedy for _, remedy in self.found)
            raise ReleaseError("\n".join(message for message, _ in self.found), " ".join(remedies))


def source_path(course: Course, assignment: str) -> Path:
    """Where the source notebook lies."""
    return course.root / "solutions" / assignment / f"{assignment}.ipynb"


def source_notebook(course: Course, assignment: str) -> NotebookNode:
    """solutions/<assignment>/<assignment>.ipynb, checked against the course.

    Raises ReleaseError that names each cell in question and the remedy.
    """
    course.assignment(assignment)
    path = source_path(course, assignment)
    name = str(path.relative_to(course.root))
    try:
        notebook = nbformat.from_dict(json.loads(text_of(path)))
        if not isinstance(notebook, NotebookNode) or notebook.get("nbformat_minor") != 5:
            raise ValueError(_("its nbformat is another"))
        cells = notebook.get("cells")
        if not isinstance(cells, list) or not all(isinstance(cell, NotebookNode) for cell in cells):
            raise ValueError(_("it has no cells"))
        ids = [cell.get("id") for cell in cells]
        if len({*ids, None}) <= len(ids):  # nbformat would make up random ones, and no two releases would be the same
            raise ValueError(_("each cell needs an id of its own"))
        nbformat.validate(notebook, version=4, version_minor=5)
    except FileNotFoundError:
        remedy = _("Write the notebook, or take the assignment out of course.yml.")
        raise ReleaseError(_("{name} does not exist", name=name), remedy) from None
    except OSError as error:
        told = said_of(error)
        raise ReleaseError(str(told), told.remedy) from error
    except (ValueError, nbformat.ValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise ReleaseError(
            _("{name} is not a notebook of format 4.5: {reason}", name=name, reason=reason), _("Save it in JupyterLab.")
        ) from error
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    problems = Problems(name)
    _verify_languages(course, notebook, problems)
    _verify_regions(notebook, problems)
    _verify_illustrations(notebook, problems)
    _verify_questions(course, assignment, notebook, problems)
    problems.check()
    return notebook


def pick_language(course: Course, notebook: NotebookNode, language: str) -> NotebookNode:
    """A copy without the cells of other languages and without language tags."""
    known: set[str] = set(course.course.languages)
    picked = nbformat.from_dict(json.loads(json.dumps(notebook)))
    picked.cells = [cell for cell in picked.cells if _languages(cell, known) <= {language}]
    for cell in picked.cells:
        tags = [tag for tag in cell.metadata.pop("tags", []) if tag not in known]
        if tags:
            cell.metadata["tags"] = tags
    return picked


def _verify_languages(course: Course, notebook: NotebookNode, problems: Problems) -> None:
    """Each text stands in every language of the course, one cell after another, in whatever order."""
    order = course.course.languages
    for index, cell in enumerate(notebook.cells):
        for tag in _foreign(cell, order):
            remedy = _(
                "Write it as course.yml does, add the language to its `languages`, or take the cell out. A tag that means something else needs another name."
            )
            here = ", ".join(order)
            problems.add(
                name_of(cell, index),
                _("it is tagged '{tag}', and the course's languages are {here}", tag=tag, here=here),
                remedy,
            )
    # Cells of one text: by language, where they stand and what they are.
    group: dict[str, tuple[int, NotebookNode]] = {}
    for index, cell in enumerate([*notebook.cells, None]):
        found = _languages(cell, set(order)) if cell is not None else set()
        if len(found) > 1:
            problems.add(
                name_of(cell, index), _("it is tagged with more than one language"), _("Keep one of the tags.")
            )
        here = next(iter(found), "")
        others = any(cell.cell_type != one.cell_type for _index, one in group.values()) if here else True
        if group and (others or here in group or len(group) == len(order)):
            where, last = list(group.values())[-1]
            for language in order:
                if language not in group:
                    remedy = _(
                        "Put the same text in that language right before or after it, tagged '{language}'.",
                        language=language,
                    )
                    said = _("it has no twin in '{language}' beside it", language=language)
                    problems.add(name_of(last, where), said, remedy)
            group = {}
        if here:
            group[here] = index, cell


def _verify_illustrations(notebook: NotebookNode, problems: Problems) -> None:
    """What is left out while grading makes nothing that another cell needs."""
    for place, why in illustrations.mistakes(notebook):
        problems.add(
            name_of(notebook.cells[place], place),
            _("it is tagged '{tag}', and {why}", tag=illustrations.TAG, why=why),
            _("Take the tag away, or make in another cell what others need."),
        )


def _verify_regions(notebook: NotebookNode, problems: Problems) -> None:
    """Every region is closed and stands in a cell of its kind; nbgrader's metadata are whole."""
    from nbgrader.nbgraderformat import MetadataValidator, SchemaTooNewError, SchemaTooOldError, ValidationError

    for index, cell in enumerate(notebook.cells):
        name, grading = name_of(cell, index), grading_of(cell)
        try:
            MetadataValidator().validate_cell(cell)
        except (SchemaTooOldError, SchemaTooNewError, ValidationError) as error:
            reason = str(error).splitlines()[0]
            problems.add(
                name,
                _("its nbgrader metadata are wrong: {reason}", reason=reason),
                _("Set the cell's type in JupyterLab again."),
            )
        for (begin, end), kind in zip(REGIONS, ("solution", "grade"), strict=True):
            marks = re.findall(f"{begin}|{end}", cell.source)
            if marks != [begin, end] * (len(marks) // 2):
                problems.add(
                    name,
                    _("'{begin}' and '{end}' do not pair up", begin=begin, end=end),
                    _("Close each region before the next begins."),
                )
            if marks and not grading.get(kind):
                problems.add(
                    name,
                    _("'{begin}' stands in a cell that is no {kind} cell", begin=begin, kind=kind),
                    _("Make it a {kind} cell.", kind=kind),
                )


def _verify_questions(course: Course, assignment: str, notebook: NotebookNode, problems: Problems) -> None:
    """The test cells are the course's questions, in its order, with its points, and check what they are named for."""
    questions = course.assignment(assignment).questions
    tests = [cell for cell in notebook.cells if is_check(cell) or is_manual(cell)]
    ids = [*map(grade_id_of, tests)]
    for question in questions:
        if question not in ids:
            remedy = _("Add one (grade_id is the question's name), or take the question out of course.yml.")
            problems.add("", _("question '{question}' of course.yml has no test cell", question=question), remedy)
    for name, cell in zip(ids, tests, strict=True):
        if name not in questions:
            problems.add(
                name,
                _("there is no question '{name}' in course.yml", name=name),
                _("Add the question, or remove the cell."),
            )
            continue
        points, wanted = grading_of(cell).get("points"), questions[name].points
        if points != wanted:
            problems.add(
                name,
                _("it is worth {points} points, and {wanted:g} in course.yml", points=points, wanted=wanted),
                _("Make the two agree."),
            )
        if questions[name].manual is not is_manual(cell):
            if is_manual(cell):
                problems.add(
                    name,
                    _("people grade this cell, and course.yml says nothing of it"),
                    _("Write `manual: true` in the question, or make it an 'Autograder tests' cell."),
                )
            else:
                problems.add(
                    name,
                    _("course.yml says `manual: true`, and checks grade this cell"),
                    _("Make it a 'Manually graded answer' or a 'Manually graded task'."),
                )
            continue
        if is_manual(cell):
            if is_answer(cell) and cell.source.strip() in ("", TEXT_STUB):
                remedy = _(
                    "Write the answer that you would give: it stays with you, and students get {stub} in its place.",
                    stub=TEXT_STUB,
                )
                problems.add(name, _("it has no answer"), remedy)
            continue
        if is_answer(cell) or not is_locked(cell):
            problems.add(
                name, _("students could edit it"), _("Make it an 'Autograder tests' cell: locked, no solution.")
            )
        if not re.search(rf"""\bcheck\(\s*["']{assignment}\.{name}["']""", cell.source):
            call = f'check("{assignment}.{name}", ...)'
            problems.add(name, _("it does not check its own question"), _("It should call {call}.", call=call))
    order = [question for question in questions if question in ids]
    known = [grade_id for grade_id in ids if grade_id in questions]
    if sorted(known) == sorted(order) and known != order:
        at = next(i for i, (a, b) in enumerate(zip(known, order, strict=True)) if a != b)
        remedy = _("Put the question '{question}' there, or change the order in course.yml.", question=order[at])
        problems.add(
            known[at], _("it stands where course.yml has the question '{question}'", question=order[at]), remedy
        )
    every = [grade_id_of(cell) for cell in notebook.cells if grading_of(cell)]
    for grade_id in dict.fromkeys(grade_id for grade_id in every if every.count(grade_id) > 1):
        problems.add(grade_id, _("two cells have this grade_id"), _("Give one of them another."))


def without_hidden_tests(source: str) -> str:
    """A cell's source as nbgrader releases it."""
    begin, end = REGIONS[1]
    kept, inside = [], False
    for line in source.split("\n"):
        inside = inside or begin in line
        kept += [] if inside else [line]
        inside = inside and end not in line
    return "\n".join(kept)


def solutions(source: NotebookNode) -> Iterator[tuple[str, str]]:
    """What gives a solution away, with its cell's grade_id: each region, and each of its parts between blank lines.

    Not single lines: that a hidden layer has 100 units may well be said elsewhere.
    """
    begin, end = REGIONS[0]
    for cell in source.cells:
        if not is_answer(cell):
            continue
        owner = grade_id_of(cell)
        regions = re.findall(rf"{begin}[^\n]*\n(.*?)\n[^\n]*{end}", cell.source, re.DOTALL)
        for region in regions or [cell.source]:
            parts = [part for part in re.split(r"\n\s*\n", region) if "\n" in part.strip()]
            for secret in dict.fromkeys(map(squeeze, [region, *parts])):
                if len(secret) >= _TELLING and secret != TEXT_STUB:  # of an answer that its author left as it is
                    yield owner, secret


def squeeze(text: str) -> str:
    return " ".join(text.split())


def _foreign(cell: NotebookNode, languages: Sequence[str]) -> list[str]:
    """Tags that look like a language's (``fr``, ``ko-KR``, ``KO``) and are none of the course's: nobody would take such a cell out."""
    tags = cell.metadata.get("tags", [])
    return [tag for tag in tags if isinstance(tag, str) and tag not in languages and _LANGUAGE.fullmatch(tag)]


def _languages(cell: NotebookNode, known: set[str]) -> set[str]:
    return known.intersection(cell.metadata.get("tags", []))


def name_of(cell: NotebookNode, index: int) -> str:
    return str(grade_id_of(cell) or cell.get("id") or index + 1)
