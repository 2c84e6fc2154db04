"""solutions/ -> assignments/: what students receive, made by nbgrader's GenerateAssignment, one language at a time.

A source notebook holds the text in every language of the course: neighbouring cells, each tagged with its language.
What is written depends on the source and on course.yml alone, so it can be committed and compared (`stale`).
"""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from autograder.course import Course
from autograder.errors import ReleaseError
from autograder.i18n import N_, _
from autograder.restore import PYTHON

CHECKS = "checks.yml"
_HEADER = "# Generated from course.yml by `autograder release`: what this notebook checks. Edits here are lost.\n"
_AGAIN = N_("Run `autograder release`.")
_REGIONS = (("BEGIN SOLUTION", "END SOLUTION"), ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"))
_SECRET = (*(marker for region in _REGIONS for marker in region), "MARK SCHEME", "hidden=True")
_CELL_METADATA = {"nbgrader", "deletable", "editable", "tags", "slideshow", "jupyter"}
_TELLING = 16  # a solution as short as `answer = 2` may stand elsewhere by chance


class _Problems:
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


def release(
    course: Course,
    assignments: Sequence[str],
    *,
    target: Path | None = None,
    languages: Sequence[str] | None = None,
) -> list[Path]:
    """Write <target>/<language>/<assignment>/ for each assignment and language, and return the files written.

    `target` is the course's assignments/ unless given. Nothing is written unless everything can be released.
    Raises ReleaseError for a source notebook that doesn't fit the course or would give away a solution, and
    CourseError for an assignment that the course doesn't have.
    """
    destination = target or course.root / "assignments"
    written: list[Path] = []
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "assignments"
        for assignment in assignments:
            source = source_notebook(course, assignment)
            for language in languages or course.course.languages:
                _make(course, assignment, language, source, made / language / assignment)
        for path in _files(made):
            copy = destination / path.relative_to(made)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            written.append(copy)
        if target is None:  # the folder is ours: what an earlier release left there goes
            for folder in {path.parent for path in written if path.name == CHECKS}:
                for path in _files(folder):
                    if path not in written:
                        path.unlink()
    return sorted(written)


def stale(course: Course) -> list[Path]:
    """The files of assignments/ that differ from what `release` would write now: changed, missing or superfluous.

    Raises ReleaseError if the course can't be released at all.
    """
    committed = course.root / "assignments"
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        release(course, list(course.assignments), target=fresh)
        wanted = {path.relative_to(fresh): path.read_bytes() for path in _files(fresh)}
    there = {path.relative_to(committed): path.read_bytes() for path in _files(committed)}
    return sorted(committed / path for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path))


def released_notebook(course: Course, assignment: str, language: str = "en") -> NotebookNode:
    """The committed release of `assignment`. Raises ReleaseError if it is missing or can't be read."""
    course.assignment(assignment)
    path = course.root / "assignments" / language / assignment / f"{assignment}.ipynb"
    try:
        return nbformat.reads(path.read_text("utf-8"), as_version=4)
    except FileNotFoundError:
        raise ReleaseError(
            _("{path} does not exist: '{assignment}' was not released yet", path=path, assignment=assignment), _(_AGAIN)
        ) from None
    except (OSError, ValueError) as error:
        raise ReleaseError(_("{path} can't be read: {error}", path=path, error=error), _(_AGAIN)) from error


def source_notebook(course: Course, assignment: str) -> NotebookNode:
    """solutions/<assignment>/<assignment>.ipynb, checked against the course.

    Raises ReleaseError that names each cell in question and the remedy.
    """
    course.assignment(assignment)
    path = course.root / "solutions" / assignment / f"{assignment}.ipynb"
    name = str(path.relative_to(course.root))
    try:
        notebook = nbformat.from_dict(json.loads(path.read_text("utf-8")))
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
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise ReleaseError(
            _("{name} is not a notebook of format 4.5: {reason}", name=name, reason=reason), _("Save it in JupyterLab.")
        ) from error
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    problems = _Problems(name)
    _verify_languages(course, notebook, problems)
    _verify_regions(notebook, problems)
    _verify_questions(course, assignment, notebook, problems)
    problems.check()
    return notebook


def revealed(course: Course, assignment: str, language: str) -> list[str]:
    """Sentences on what the committed release of `assignment` gives away: markers, outputs, text of solutions."""
    problems = _Problems(f"assignments/{language}/{assignment}/{assignment}.ipynb")
    _verify_release(source_notebook(course, assignment), released_notebook(course, assignment, language), problems)
    return [message for message, _remedy in problems.found]


def generate(course: Course, assignment: str, notebook: NotebookNode, target: Path, database: str = "") -> None:
    """Run nbgrader's GenerateAssignment on `notebook`; with `database`, a URL, its cells are entered there as well.

    The result, with whatever else lies in solutions/<assignment>/, is in `target`/<assignment>/.
    Raises ReleaseError with nbgrader's reason.
    """
    # Imported here because it takes seconds, and reading a release doesn't need it.
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    said = io.StringIO()
    log = logging.Logger("autograder.release", logging.ERROR)  # of its own: nbgrader's would print to the terminal
    log.addHandler(logging.StreamHandler(said))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "source" / assignment
        ignored = shutil.ignore_patterns("*.ipynb", ".*", "__pycache__")
        shutil.copytree(course.root / "solutions" / assignment, folder, ignore=ignored)
        (folder / f"{assignment}.ipynb").write_text(nbformat.writes(notebook), "utf-8")
        config = Config()
        config.CourseDirectory.root = scratch
        config.CourseDirectory.release_directory = str(target.resolve())
        config.CourseDirectory.course_id = course.course.id
        config.CourseDirectory.assignment_id = assignment
        config.CourseDirectory.notebook_id = assignment
        if not database:
            config.GenerateAssignment.no_database = True
            config.SaveCells.enabled = False  # no_database alone does not keep this one from opening a database
        else:
            config.CourseDirectory.db_url = database
        try:
            courses = CourseDirectory(config=config, log=log)
            GenerateAssignment(coursedir=courses, config=config, log=log).start()
        except NbGraderException as error:
            # nbgrader writes the cause into its log, as a traceback, and raises a sentence that points there.
            causes = re.findall(r"^[\w.]+(?:Error|Exception|Entry): (.+)$", said.getvalue(), re.MULTILINE)
            reason = causes[-1] if causes else str(error)
            raise ReleaseError(
                _(
                    "solutions/{assignment}/{assignment}.ipynb: nbgrader refuses it: {reason}",
                    assignment=assignment,
                    reason=reason,
                )
            ) from error


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


def _make(course: Course, assignment: str, language: str, source: NotebookNode, folder: Path) -> None:
    """The release of one assignment in one language, in `folder`."""
    generate(course, assignment, pick_language(course, source, language), folder.parent)
    path = folder / f"{assignment}.ipynb"
    notebook = nbformat.from_dict(json.loads(path.read_text("utf-8")))
    notebook.metadata = nbformat.from_dict(PYTHON)  # not the versions of whoever saved the source
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in _CELL_METADATA}
    problems = _Problems(f"assignments/{language}/{assignment}/{assignment}.ipynb")
    _verify_release(source, notebook, problems)
    problems.check()
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", "utf-8")
    checks = yaml.safe_dump(course.public(assignment, language), allow_unicode=True, sort_keys=False)
    (folder / CHECKS).write_text(_HEADER + checks, "utf-8")


def _verify_languages(course: Course, notebook: NotebookNode, problems: _Problems) -> None:
    """Cells of the languages follow one another in the order of the course: en, ko, en, ko."""
    order = course.course.languages
    expected = ""  # the language that the cell must have
    previous: Any = None
    for index, cell in enumerate([*notebook.cells, None]):
        found = _languages(cell, set(order)) if cell is not None else set()
        if len(found) > 1:
            problems.add(_name(cell, index), _("it is tagged with more than one language"), _("Keep one of the tags."))
        here = next(iter(found), "")
        if expected and (here != expected or cell.cell_type != previous.cell_type):
            remedy = _(
                "Put the same text in the other language right after it, tagged '{expected}'.", expected=expected
            )
            problems.add(
                _name(previous, index - 1), _("it has no '{expected}' twin right after it", expected=expected), remedy
            )
        elif not expected and here and here != order[0]:
            remedy = _("Put the '{language}' text right before it.", language=order[0])
            problems.add(
                _name(cell, index),
                _("it is tagged '{here}' and has no '{expected}' cell before it", here=here, expected=order[0]),
                remedy,
            )
        position = order.index(here) + 1 if here in order else len(order)
        expected = order[position] if position < len(order) else ""
        previous = cell


def _verify_regions(notebook: NotebookNode, problems: _Problems) -> None:
    """Every region is closed and stands in a cell of its kind; nbgrader's metadata are whole."""
    from nbgrader.nbgraderformat import MetadataValidator, SchemaTooNewError, SchemaTooOldError, ValidationError

    for index, cell in enumerate(notebook.cells):
        name, grading = _name(cell, index), cell.metadata.get("nbgrader", {})
        try:
            MetadataValidator().validate_cell(cell)
        except (SchemaTooOldError, SchemaTooNewError, ValidationError) as error:
            reason = str(error).splitlines()[0]
            problems.add(
                name,
                _("its nbgrader metadata are wrong: {reason}", reason=reason),
                _("Set the cell's type in JupyterLab again."),
            )
        for (begin, end), kind in zip(_REGIONS, ("solution", "grade"), strict=True):
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


def _verify_questions(course: Course, assignment: str, notebook: NotebookNode, problems: _Problems) -> None:
    """The test cells are the course's questions, in its order, with its points, and check what they are named for."""
    questions = course.assignment(assignment).questions
    tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    ids = [cell.metadata.nbgrader.get("grade_id", "") for cell in tests]
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
        points, wanted = cell.metadata.nbgrader.get("points"), questions[name].points
        if points != wanted:
            problems.add(
                name,
                _("it is worth {points} points, and {wanted:g} in course.yml", points=points, wanted=wanted),
                _("Make the two agree."),
            )
        if cell.metadata.nbgrader.get("solution") or not cell.metadata.nbgrader.get("locked"):
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
    every = [cell.metadata.nbgrader.get("grade_id") for cell in notebook.cells if "nbgrader" in cell.metadata]
    for grade_id in dict.fromkeys(grade_id for grade_id in every if every.count(grade_id) > 1):
        problems.add(grade_id, _("two cells have this grade_id"), _("Give one of them another."))


def _verify_release(source: NotebookNode, released: NotebookNode, problems: _Problems) -> None:
    """Nothing that students must not see is in `released`."""
    remedy = _("Reword the one or the other in the source notebook.")
    secrets = list(_solutions(source))
    for index, cell in enumerate(released.cells):
        name, text = _name(cell, index), _squeeze(cell.source)
        for marker in _SECRET:
            if marker in cell.source:
                problems.add(
                    name,
                    _("'{marker}' would reach students", marker=marker),
                    _("Put it into a closed region of the source."),
                )
        if cell.get("outputs") or cell.get("execution_count") is not None:
            problems.add(
                name, _("it has an output or an execution count"), _("Clear the outputs of the source notebook.")
            )
        for owner, secret in secrets:
            if secret in text:
                problems.add(
                    name,
                    _("it holds text of the solution of '{owner}': {secret:.60}", owner=owner, secret=secret),
                    remedy,
                )


def _solutions(source: NotebookNode) -> Iterator[tuple[str, str]]:
    """What gives a solution away, with its cell's grade_id: each region, and each of its parts between blank lines.

    Not single lines: that a hidden layer has 100 units may well be said elsewhere.
    """
    begin, end = _REGIONS[0]
    for cell in source.cells:
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            continue
        owner = cell.metadata.nbgrader.grade_id
        regions = re.findall(rf"{begin}[^\n]*\n(.*?)\n[^\n]*{end}", cell.source, re.DOTALL)
        for region in regions or [cell.source]:
            parts = [part for part in re.split(r"\n\s*\n", region) if "\n" in part.strip()]
            for secret in dict.fromkeys(map(_squeeze, [region, *parts])):
                if len(secret) >= _TELLING:
                    yield owner, secret


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _languages(cell: NotebookNode, known: set[str]) -> set[str]:
    return known.intersection(cell.metadata.get("tags", []))


def _name(cell: NotebookNode, index: int) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id") or index + 1)


def _files(folder: Path) -> list[Path]:
    """The files below `folder`, without what Jupyter and editors hide there."""
    found = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))
