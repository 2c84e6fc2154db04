"""The zip that Gradescope takes as an autograder: it grades one submission of one assignment in their container.

Gradescope unpacks it into ``/autograder/source``, runs ``setup.sh`` once to build an image, and ``run_autograder`` for each submission, which
writes ``/autograder/results/results.json`` (https://gradescope-autograders.readthedocs.io/en/latest/specs/). In it are this package, the
versions of what it needs as they are installed here, and of the course what a worker gets: no solution, no gradebook.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path, PurePosixPath

import yaml
from packaging.requirements import Requirement

import autograder
from autograder.classroom.give_back.archives import packed
from autograder.classroom.gradescope_container import COURSE
from autograder.common.errors import CourseError
from autograder.common.files import bytes_of, text_of
from autograder.common.i18n import _
from autograder.common.machine.requirements import THIS
from autograder.course.course import FILE, Course
from autograder.course.released_notebook import RELEASES
from autograder.course.yaml_file import parse_yaml
from autograder.worker.bundle import pack
from autograder.worker.visible_course import of_course

_OWN = Path(__file__).parent


def archive(course: Course, file: Path, assignment: str, *, visible: bool = False) -> bytes:
    """The zip for `assignment` of the course in `file`; with `visible`, only with the checks that students know.

    Raises CourseError for an assignment that the course doesn't have, or that was not released.
    """
    course.assignment(assignment)
    entries: dict[str, str | bytes] = {name: text_of(_OWN / name) for name in ("run_autograder", "setup.sh")}
    entries["requirements.txt"] = "\n".join([*_requirements(course.networks), *course.packages]) + "\n"
    package = Path(autograder.__file__).parent
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            entries[f"package/autograder/{path.relative_to(package).as_posix()}"] = bytes_of(path)
    folder = COURSE.removeprefix("source/")
    found = _visible(course, assignment) if visible else _whole(course, file, assignment)
    return packed(entries | {f"{folder}/{name}": content for name, content in found.items()})


def _whole(course: Course, file: Path, assignment: str) -> dict[str, bytes]:
    """What a worker gets of the course, without its other assignments."""
    with zipfile.ZipFile(io.BytesIO(pack(course, file).content)) as bundle:
        found = {name: bundle.read(name) for name in bundle.namelist()}
    document = parse_yaml(found[FILE].decode("utf-8-sig"), file)
    document["assignments"] = {assignment: document["assignments"][assignment]}
    found[FILE] = yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode("utf-8")
    files = {FILE, *course.files(assignment)}
    kept = {name: content for name, content in found.items() if name in files or _of(name) == assignment}
    if len(kept) == len(files):
        raise CourseError(
            _("'{assignment}' was not released yet", assignment=assignment), _("Run `autograder release`.")
        )
    return kept


def _of(name: str) -> str:
    """The assignment whose release a file of the bundle belongs to, or ''."""
    parts = PurePosixPath(name).parts
    return parts[2] if len(parts) > 3 and parts[0] == RELEASES else ""


def _visible(course: Course, assignment: str) -> dict[str, bytes]:
    """The same in one language, the course's first, and with nothing that is hidden."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        of_course(course, assignment, course.language, folder)
        return {
            path.relative_to(folder).as_posix(): bytes_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
        }


def _requirements(networks: bool) -> list[str]:
    """What this package needs to grade, in the versions that are installed here: the same numbers there as here."""
    found, extras = set(), ("", "grading", *(("tensorflow",) if networks else ()))
    for text in requires(THIS) or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
            try:
                found.add(f"{wanted.name}=={version(wanted.name)}")
            except PackageNotFoundError:
                found.add(f"{wanted.name}{wanted.specifier}")
    return sorted(found)
