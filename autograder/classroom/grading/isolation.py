"""Can submissions be isolated on this machine, and does the wall hold for this course? Asked before anything is started."""

from __future__ import annotations

from pathlib import Path

from autograder.classroom.folder import Folder
from autograder.classroom.gradebook.database import address, sqlite_file
from autograder.common.errors import SandboxError
from autograder.common.i18n import _
from autograder.course.course import Course, Isolation
from autograder.sandbox import bound_folders, bubblewrap


def require(course: Course, isolation: Isolation, *others: Path | None, here: bool = True) -> None:
    """Raises SandboxError. `others`: what else is used and no student may see; `here`: notebooks run on this machine, not a cluster."""
    if isolation == "none":
        return
    if here and (reason := bubblewrap.available()):
        raise SandboxError(_("submissions can't be isolated on this machine"), reason)
    keep_apart(course, *others)


def keep_apart(course: Course, *others: Path | None) -> None:
    """Raises SandboxError when a notebook could read what no student may see, because it lies where every sandbox looks."""
    places = [course.root, course.root / "solutions", *Folder(course.root).made()]
    bound_folders.keep_apart([*places, *filter(None, (sqlite_file(address(course)), *others))])
