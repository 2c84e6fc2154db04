"""The files of a course's folder that decide outcomes beside course.yml: those that checks name, and what these use."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from autograder.common.errors import CourseError
from autograder.common.i18n import _
from autograder.common.machine.imports import Source, absolute, closure, module_file

_LONGEST = 200  # characters of a text that may be a file's name


def used_files(root: Path, places: Mapping[str, str], skip: Container[str] = ()) -> dict[str, str]:
    """SHA-256 by path from `root`: the files in `places` (``file.py:name`` or a file; with the question that names it), the
    modules that they import from their own folder or from `root`, and the files there that they name in a text, without `skip`.

    A file that isn't there has the digest ''. Raises CourseError for a place outside of `root`.
    """
    root = Path(os.path.abspath(root))
    start = []
    for place, question in sorted(places.items()):
        path = Path(os.path.normpath(root / place.partition(":")[0]))
        if not path.is_relative_to(root):
            message = _("{question}: '{place}' lies outside of the course's folder", question=question, place=place)
            raise CourseError(message, _("Move the file into the course's folder: workers get nothing else."))
        start.append(path)
    found = closure(start, lambda path, source: _uses(root, path, source, skip))
    return {path.relative_to(root).as_posix(): source.digest for path, source in sorted(found.items())}


def _uses(root: Path, path: Path, source: Source, skip: Container[str]) -> Iterator[Path]:
    here = path.relative_to(root).with_suffix("").parts
    for name in source.modules():
        if name.startswith("."):
            candidates = [module_file(absolute(name, ".".join(here), here[-1] == "__init__"), root)]
        else:
            candidates = [module_file(name, folder) for folder in (path.parent, root)]
        yield from filter(None, candidates)
    for text in source.texts:
        if 0 < len(text) <= _LONGEST and text.isprintable():
            for folder in (path.parent, root):
                named = Path(os.path.normpath(folder / text))
                if named.is_relative_to(root) and named.is_file() and named.name not in skip:
                    yield named
