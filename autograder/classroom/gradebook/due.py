"""Which due date counts: course.yml's, unless a person entered another one in the gradebook after it was written there.

What was written there last is kept beside the journal, since a database can't tell who changed a date, and when.
"""

from __future__ import annotations

import datetime as dt
import json

from autograder.classroom.folder import AGAIN, Folder
from autograder.common.errors import GradebookError
from autograder.common.files import put, text_of, unwritable
from autograder.common.i18n import _
from autograder.course.course import Course


def utc(moment: dt.datetime) -> dt.datetime:
    """nbgrader's clock: UTC, without a zone."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def effective(
    course: Course, assignment: str, there: dt.datetime | None, known: bool = True
) -> tuple[dt.datetime | None, str]:
    """The due date that counts (UTC, without a zone; None: no date), and what has to be said about it.

    `there` is the gradebook's; `known`: whether the gradebook has the assignment at all.
    """
    ours = utc(course.assignment(assignment).due)
    written = _read(course).get(assignment)
    if not known or there == ours or (there is not None and there.isoformat() == written):
        return ours, ""
    said = {"assignment": assignment, "there": _shown(there), "ours": _shown(ours)}
    if written == ours.isoformat():
        return there, _(
            "the due date of '{assignment}' was changed in the gradebook to {there}, and that counts; course.yml says {ours}: write "
            "it there too",
            **said,
        )
    return ours, _(
        "the due date of '{assignment}' is {ours} again, as course.yml says; the gradebook had {there}: to keep that, write it into "
        "course.yml",
        **said,
    )


def remember(course: Course, assignment: str) -> None:
    """That course.yml's due date was written into the gradebook. Raises GradebookError if the disk refuses."""
    written = _read(course)
    moment = utc(course.assignment(assignment).due).isoformat()
    if written.get(assignment) == moment:
        return
    path = Folder(course.root).due
    try:
        put(path, json.dumps({**written, assignment: moment}, indent=1, sort_keys=True), durable=True)
    except OSError as error:
        raise unwritable(path, error, _(AGAIN), GradebookError) from error


def _read(course: Course) -> dict[str, str]:
    try:
        found = json.loads(text_of(Folder(course.root).due))
    except (OSError, ValueError):
        return {}
    return {str(name): str(moment) for name, moment in found.items()} if isinstance(found, dict) else {}


def _shown(moment: dt.datetime | None) -> str:
    return _("none") if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
