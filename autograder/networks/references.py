"""The course's own functions, which checks compare with: loaded from its files, never from what a student wrote."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from autograder.common.errors import CourseError
from autograder.common.i18n import _


class _FromSource(SourceFileLoader):
    """Reads a module as it stands: bytecode that Python kept is an older file's, where one of the same length took its place within a second."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def load(root: Path, place: str) -> Callable[..., Any]:
    """The function at ``path.py:name``, relative to the course's folder `root`. Raises CourseError when there is none."""
    path, _colon, name = place.partition(":")
    file = root / path
    own = f"autograder_reference_{file.stem}"
    loader = _FromSource(own, str(file))
    specification = importlib.util.spec_from_file_location(own, file, loader=loader)
    if specification is None or not file.is_file():
        raise CourseError(_("the reference functions {file} do not exist", file=file))
    # It may use other files of the course: those beside it, and by their path from the course's folder. They come last,
    # so that they can't stand for a module of the grader's.
    for folder in map(str, (file.parent, root)):
        sys.path += [folder] if folder not in sys.path else []
        sys.path_importer_cache[folder] = FileFinder(folder, (_FromSource, [".py"]))
    module = importlib.util.module_from_spec(specification)
    loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        raise CourseError(_("{file} has no function '{name}'", file=file, name=name))
    reference: Callable[..., Any] = found
    return reference
