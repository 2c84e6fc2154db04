"""A course of which only the visible checks of one assignment are left: what can be graded where `checks.yml` is all there is.

It is written into a folder as any other course, so what grades submissions grades under it, and knows nothing of this.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, mark
from autograder.common.data import prepared
from autograder.common.errors import CourseError, SubmissionError
from autograder.common.i18n import _
from autograder.course.course import FILE, Course, load
from autograder.course.released_checks import RELEASED, HiddenCheck, read_released
from autograder.course.released_notebook import release_place
from autograder.course.yaml_file import read_yaml
from autograder.networks.lab import CourseLab
from autograder.networks.own_files import require_readable

ANSWER, EMPTY = "-answer", "# YOUR CODE HERE\nraise NotImplementedError()"
MOST_BESIDE = 512 << 20  # bytes: a sandbox has no more room than that
_NEVER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)  # checks.yml knows no due date


@dataclass(frozen=True)
class Visible:
    """`course`: in `file`, with those questions of `assignment` that have visible checks. `hidden`: what is left out, by question."""

    course: Course
    file: Path
    assignment: str
    hidden: Mapping[str, tuple[HiddenCheck, ...]]


def of_released(checks: Path, notebook: Path, submitted: NotebookNode, folder: Path) -> Visible:
    """What the `checks` that lie with a released notebook ask, as a course in the empty `folder`; `submitted` is what `notebook` holds.

    The release is the notebook beside `checks`; where the student works in that one, it is made of it, with empty answers.
    Raises CourseError for a damaged file, or data beside it that can't be read, or without a visible check, and SubmissionError if more lies beside it than a notebook may have.
    """
    known = read_released(checks)  # says what is wrong with it
    require_readable(CourseLab(known.data, known.root), checks, known.checks())
    public, visible_files = read_yaml(checks), _beside(checks.parent)
    _copy(visible_files, folder)  # where a check looks for a file that it names
    visible = _write(public, {}, folder)
    release = folder / release_place(visible.assignment, visible.course.language)
    release.mkdir(parents=True, exist_ok=True)
    _copy(visible_files, release)  # where the notebook looks
    there = checks.parent / f"{visible.assignment}.ipynb"
    if there.is_file() and not there.samefile(notebook):
        shutil.copyfile(there, release / there.name)
    else:
        nbformat.write(_emptied(submitted, public["questions"]), release / there.name)
    return visible


def of_course(course: Course, assignment: str, language: str, folder: Path) -> Visible:
    """The visible checks of an assignment of `course`, with its release in `language`, in the empty `folder`. Raises CourseError."""
    place = release_place(assignment, language)
    if (course.root / place).is_dir():
        shutil.copytree(course.root / place, folder / place, ignore=shutil.ignore_patterns(".*", "__*"))
    for file in course.files(assignment):
        if (course.root / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(course.root / file, folder / file)
    for name in (course.on(assignment).data.beside, prepared.FILE):
        if name and (folder / place / name).is_file():
            shutil.copyfile(folder / place / name, folder / name)
    document = course.model_dump(mode="json", include={"limits", "sandbox_training"})
    return _write(course.public(assignment, language), document, folder)


def _write(public: Mapping[str, Any], document: dict[str, Any], folder: Path) -> Visible:
    """course.yml of what `Course.public` tells, in `folder`; `document` is what it doesn't."""
    asked = public["questions"]
    questions = {
        key: {
            "title": question["title"],
            "points": round(sum(check["points"] for check in question["checks"]), 6),
            "checks": question["checks"],
        }
        for key, question in asked.items()
        if question["checks"]
    }
    assignment, heading = str(public["assignment"]), public["course"]
    if not questions:
        raise CourseError(_("'{assignment}' has hidden checks only: there is nothing to try", assignment=assignment))
    document |= {
        "course": {"id": heading["id"], "title": heading["title"], "languages": [heading["language"]]},
        "data": public["data"],
        "seed": public["seed"],
        "assignments": {assignment: {"title": assignment, "due": _NEVER.isoformat(), "questions": questions}},
    }
    file = folder / FILE
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    hidden = {key: tuple(map(HiddenCheck.written, question["hidden"])) for key, question in asked.items()}
    return Visible(load(file), file, assignment, hidden)


def _emptied(submitted: NotebookNode, questions: Mapping[str, Any]) -> NotebookNode:
    """The release that `submitted` was made from, as far as it shows: graded cells are known by their names, and answers are gone."""
    release = nbformat.from_dict(submitted)
    named = set()
    for cell in release.cells:
        name = grade_id_of(cell)
        if not name or name in named:
            cell.metadata = type(cell)()
            continue
        named.add(name)
        if name.removesuffix(ANSWER) not in questions:  # what people grade has no checks: it belongs here all the same
            mark(cell, name, schema_version=3, task=False, locked=False, grade=False, solution=True)
            continue
        kind = {"schema_version": 3, "task": False, "locked": name in questions}
        if name in questions:
            mark(cell, name, grade=True, solution=False, points=1, **kind)
        else:
            mark(cell, name, grade=False, solution=True, **kind)
            cell.source = EMPTY
    return release


def _beside(source: Path) -> list[Path]:
    """What lies in the folder of a release beside notebook and checks: data, modules. Raises SubmissionError above `MOST_BESIDE`."""
    found, room = [], MOST_BESIDE
    for path in sorted(source.iterdir()):
        if path.name.startswith((".", "__")) or path.suffix == ".ipynb" or path.name in (RELEASED, FILE):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()) or (path / "pyvenv.cfg").exists():
            continue
        files = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
        room -= sum(file.stat().st_size for file in files)
        if room < 0:
            raise SubmissionError(
                _(
                    "more than {megabytes} MB lie beside the notebook, in {folder}",
                    megabytes=MOST_BESIDE >> 20,
                    folder=source,
                ),
                _("Give the notebook, its checks.yml and its data a folder of their own."),
                misused=True,
            )
        found.append(path)
    return found


def _copy(found: Iterable[Path], target: Path) -> None:
    for path in found:
        if path.is_file():
            shutil.copyfile(path, target / path.name)
        else:
            shutil.copytree(path, target / path.name, symlinks=True, dirs_exist_ok=True)
