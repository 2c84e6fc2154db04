"""The course as it travels to a worker: what the judge and the restored notebooks need, in one checked archive.

No shared disk is needed. Solutions stay at home, and so does the gradebook's address, which may hold a password.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from autograder.common.digests import sha256
from autograder.common.errors import CourseError
from autograder.common.files import bytes_of
from autograder.common.i18n import _
from autograder.course.course import FILE, Course
from autograder.course.released_notebook import release_place
from autograder.course.yaml_file import read_yaml

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files always make the same archive


@dataclass(frozen=True)
class Bundle:
    """`digest`: SHA-256 of `content`."""

    digest: str
    content: bytes


def pack(course: Course, path: Path) -> Bundle:
    """The course in `path` (its course.yml), the released notebooks, and the reference functions.

    Raises CourseError if a file can't be read.
    """
    document = read_yaml(path)
    document.pop("gradebook", None)
    files = {FILE: yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode("utf-8")}
    for found in sorted(_needed(course)):
        name = found.relative_to(course.root).as_posix()
        try:
            files[name] = bytes_of(found)
        except OSError as error:
            raise CourseError(
                _("{file} can't be read: {error}", file=found, error=error.strerror), _("The workers need it.")
            ) from error
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return Bundle(sha256(buffer.getvalue()), buffer.getvalue())


def _needed(course: Course) -> set[Path]:
    folders = [course.root / release_place(name, one) for name in course.assignments for one in course.course.languages]
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    found = {path for path in found if not any(part.startswith((".", "__")) for part in path.parts[-3:])}
    # What checks name, with all that it uses: what the course's digest holds, and nothing that it doesn't.
    return found | {course.root / file for name in course.assignments for file in course.files(name)}


def unpack(bundle: Bundle, folder: Path) -> Path:
    """Write the course into the empty `folder`; the path of its course.yml. Raises CourseError if it was damaged on the way."""
    if sha256(bundle.content) != bundle.digest:
        raise CourseError(_("the course was damaged on its way to this worker"))
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        archive.extractall(folder)
    return folder / FILE
