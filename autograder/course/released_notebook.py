"""The committed releases of an assignment: where they lie, one for each language of the course, and which one a notebook was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from autograder.common.cells import grade_id_of
from autograder.common.data import prepared
from autograder.common.errors import ReleaseError
from autograder.common.files import text_of
from autograder.common.i18n import N_, _, known
from autograder.course.course import Course
from autograder.course.released_checks import RELEASED

if TYPE_CHECKING:
    from nbformat import NotebookNode

RELEASES = "assignments"  # the folder; in it one for each language, and in that one for each assignment
AGAIN = N_("Run `autograder release`.")


def release_place(assignment: str, language: str) -> Path:
    """The folder of a release, from the course's."""
    return Path(RELEASES) / language / assignment


def release_file(assignment: str, language: str) -> Path:
    """The notebook of a release, from the course's folder."""
    return release_place(assignment, language) / f"{assignment}.ipynb"


def released_languages(root: Path) -> list[str]:
    """The languages that the course in `root` has releases in, and those that it had once."""
    folder = root / RELEASES
    return sorted(path.name for path in folder.iterdir() if known(path.name) == path.name) if folder.is_dir() else []


def released_notebook(course: Course, assignment: str, language: str = "") -> NotebookNode:
    """The committed release of `assignment` in `language`, or else in the course's first.

    Raises ReleaseError if it is missing or can't be read.
    """
    import nbformat  # takes seconds, which `autograder status` needn't wait for

    course.assignment(assignment)
    path = course.root / release_file(assignment, language or course.language)
    try:
        return nbformat.reads(text_of(path), as_version=4)
    except FileNotFoundError:
        raise ReleaseError(
            _("{path} does not exist: '{assignment}' was not released yet", path=path, assignment=assignment), _(AGAIN)
        ) from None
    except (OSError, ValueError) as error:
        raise ReleaseError(_("{path} can't be read: {error}", path=path, error=error), _(AGAIN)) from error


def beside(course: Course, assignment: str, language: str = "") -> dict[str, Path]:
    """What lies beside the notebook in a release, such as data and modules of the course's own, by its place from there."""
    folder = course.root / release_place(assignment, language or course.language)
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    own = {Path(f"{assignment}.ipynb"), Path(RELEASED), Path(prepared.FILE)}  # the last would answer questions
    return {
        place.as_posix(): path
        for place, path in found.items()
        if place not in own and not any(part.startswith((".", "__")) for part in place.parts)
    }


def origin(course: Course, assignment: str, notebook: NotebookNode) -> str:
    """The language of the release that `notebook` was made from: the one that most of its text is from, else the course's first.

    A text is known by its cell's id, or where an editor dropped the ids, by what it says. Raises ReleaseError as `released_notebook`.
    """
    languages = course.course.languages
    if len(languages) == 1:
        return course.language
    ids = {str(cell.get("id", "")) for cell in notebook.cells} - {""}
    texts = {cell.source.strip() for cell in notebook.cells if cell.cell_type == "markdown"}

    def count(language: str) -> int:
        return sum(name in ids or text in texts for name, text in _texts(course, assignment, language))

    return max(languages, key=count)  # the first of several


_known: dict[tuple[Path, int], list[tuple[str, str]]] = {}


def _texts(course: Course, assignment: str, language: str) -> list[tuple[str, str]]:
    """The texts of a release, with their cells' ids; read once while it stays the same, since each submission asks."""
    path = course.root / release_file(assignment, language)
    key = (path, path.stat().st_mtime_ns if path.is_file() else 0)
    if key not in _known:
        cells = released_notebook(course, assignment, language).cells
        _known[key] = [
            (str(cell.get("id", "")), cell.source.strip())
            for cell in cells
            if cell.cell_type == "markdown" and not grade_id_of(cell)
        ]
    return _known[key]
