"""solutions/ -> assignments/: what students receive, made by nbgrader's GenerateAssignment, one language at a time.

What is written depends on the source and on course.yml alone, so it can be committed and compared (`stale`).
"""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from autograder import badges
from autograder.course import Course
from autograder.errors import ReleaseError
from autograder.i18n import N_, _
from autograder.restore import PYTHON
from autograder.sources import REGIONS, Problems, name_of, pick_language, solutions, source_notebook, squeeze
from autograder.visible import RELEASED

_HEADER = "# Generated from course.yml by `autograder release`: what this notebook checks. Edits here are lost.\n"
_AGAIN = N_("Run `autograder release`.")
_SECRET = (*(marker for region in REGIONS for marker in region), "MARK SCHEME", "hidden=True")
_CELL_METADATA = {"nbgrader", "deletable", "editable", "tags", "slideshow", "jupyter"}


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
            for folder in {path.parent for path in written if path.name == RELEASED}:
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


def revealed(course: Course, assignment: str, language: str) -> list[str]:
    """Sentences on what the committed release of `assignment` gives away: markers, outputs, text of solutions."""
    problems = Problems(f"assignments/{language}/{assignment}/{assignment}.ipynb")
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
    badges.add(course, assignment, language, notebook)
    problems = Problems(f"assignments/{language}/{assignment}/{assignment}.ipynb")
    _verify_release(source, notebook, problems)
    problems.check()
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", "utf-8")
    checks = yaml.safe_dump(course.public(assignment, language), allow_unicode=True, sort_keys=False)
    (folder / RELEASED).write_text(_HEADER + checks, "utf-8")


def _verify_release(source: NotebookNode, released: NotebookNode, problems: Problems) -> None:
    """Nothing that students must not see is in `released`."""
    remedy = _("Reword the one or the other in the source notebook.")
    secrets = list(solutions(source))
    for index, cell in enumerate(released.cells):
        name, text = name_of(cell, index), squeeze(cell.source)
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


def _files(folder: Path) -> list[Path]:
    """The files below `folder`, without what Jupyter and editors hide there."""
    found = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))
