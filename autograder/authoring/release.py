"""solutions/ -> assignments/: what students receive, made by nbgrader's GenerateAssignment, one language at a time.

What is written depends on the source and on course.yml alone, so it can be committed and compared (`stale`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from autograder.authoring import badges
from autograder.classroom.gradebook.nbgrader_release import generate
from autograder.common.cells import KEY
from autograder.common.data import prepared
from autograder.common.files import bytes_of, put, text_of
from autograder.common.i18n import _
from autograder.common.wire.submitted_notebook import PYTHON
from autograder.course.course import Course
from autograder.course.released_checks import RELEASED
from autograder.course.released_notebook import (
    RELEASES,
    release_file,
    release_place,
    released_languages,
    released_notebook,
)
from autograder.course.source_notebook import (
    REGIONS,
    Problems,
    name_of,
    pick_language,
    solutions,
    source_notebook,
    squeeze,
)
from autograder.networks.lab import CourseLab
from autograder.networks.own_files import require_own_files

_HEADER = "# Generated from course.yml by `autograder release`: what this notebook checks. Edits here are lost.\n"
_SECRET = (*(marker for region in REGIONS for marker in region), "MARK SCHEME", "hidden=True")
_CELL_METADATA = {KEY, "deletable", "editable", "tags", "slideshow", "jupyter"}


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
    destination = target or course.root / RELEASES
    written: list[Path] = []
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / RELEASES
        for assignment in assignments:
            source = source_notebook(course, assignment)
            for language in languages or course.course.languages:
                _make(course, assignment, language, source, made / language / assignment)
        for path in _files(made):
            copy = destination / path.relative_to(made)
            put(copy, bytes_of(path))  # whoever grades meanwhile finds the old release or the new one
            written.append(copy)
        if target is None:  # the folder is ours: what an earlier release left there goes
            others = [
                name for name in released_languages(course.root) if name not in course.course.languages
            ]  # the course had them once
            folders = {path.parent for path in written if path.name == RELEASED}
            for folder in folders | {course.root / release_place(name, one) for name in assignments for one in others}:
                for path in [*_files(folder), *folder.glob(".*.part")]:  # half written, by a process that was killed
                    if path not in written:
                        path.unlink()
    return sorted(written)


def stale(course: Course, assignments: Sequence[str] = ()) -> list[Path]:
    """The files of assignments/ that differ from what `release` would write now: changed, missing or superfluous.

    `assignments`: whose they are; () for all that is there. Raises ReleaseError if these can't be released at all.
    """
    committed = course.root / RELEASES
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        release(course, assignments or list(course.assignments), target=fresh)
        wanted = {path.relative_to(fresh): bytes_of(path) for path in _files(fresh)}
    named = (path.relative_to(committed) for path in _files(committed))
    there = {
        path: bytes_of(committed / path) for path in named if not assignments or {*path.parts[1:2]} & {*assignments}
    }
    return sorted(committed / path for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path))


def revealed(course: Course, assignment: str, language: str) -> list[str]:
    """Sentences on what the committed release of `assignment` gives away: markers, outputs, text of solutions."""
    problems = Problems(release_file(assignment, language).as_posix())
    _verify_release(source_notebook(course, assignment), released_notebook(course, assignment, language), problems)
    return [message for message, _remedy in problems.found]


def prepared_file(course: Course, assignment: str) -> bytes:
    """What a course makes of its table, for `check` at home; b"" where it makes nothing.

    Raises CourseError as it is made, and for checks that name what isn't.
    """
    data = course.on(assignment).data
    lab = CourseLab(data, course.root)
    require_own_files(course, assignment, lab)
    return lab.prepared.content() if data.prepare and lab.prepared is not None else b""


def _make(course: Course, assignment: str, language: str, source: NotebookNode, folder: Path) -> None:
    """The release of one assignment in one language, in `folder`."""
    content = prepared_file(course, assignment)  # first of all: what is wrong with the data is told by file and key
    generate(course, assignment, pick_language(course, source, language), folder.parent)
    path = folder / f"{assignment}.ipynb"
    notebook = nbformat.from_dict(json.loads(text_of(path)))
    notebook.metadata = nbformat.from_dict(PYTHON)  # not the versions of whoever saved the source
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in _CELL_METADATA}
    badges.add(course, assignment, language, notebook)
    problems = Problems(release_file(assignment, language).as_posix())
    _verify_release(source, notebook, problems)
    problems.check()
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", "utf-8")
    checks = yaml.safe_dump(course.public(assignment, language), allow_unicode=True, sort_keys=False)
    (folder / RELEASED).write_text(_HEADER + checks, "utf-8")
    data = course.on(assignment).data
    if content:
        (folder / prepared.FILE).write_bytes(content)
    if data.of_course:
        shutil.copyfile(course.root / data.of_course, folder / data.beside)


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
