"""Where submissions lie: ``<student>/<assignment>/<assignment>.ipynb``, nbgrader's layout, with its timestamp.txt beside it."""

from __future__ import annotations

import datetime as dt
import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from autograder.common.errors import SubmissionError
from autograder.common.files import NotAFile, is_text, opened
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import _
from autograder.common.submission import Submission
from autograder.course.course import Course


def find_submissions(
    folder: Path,
    course: Course,
    assignments: Iterable[str] = (),
    students: Iterable[str] = (),
    *,
    amiss: Callable[[SubmissionError], None] = lambda error: None,
) -> list[Submission]:
    """``folder/<student>/<assignment>/<assignment>.ipynb`` of the course's assignments, sorted.

    A lone notebook under another name is taken for a renamed one. `amiss` is told whose work can't be graded by anybody. Raises SubmissionError when there is nothing to grade.
    """
    wanted, names = set(assignments) or set(course.assignments), set(students)
    for name in wanted:
        course.assignment(name)
    if not folder.is_dir():
        raise SubmissionError(
            _("there is no folder {folder}", folder=folder), _("Put notebooks into submitted/<student>/<assignment>/.")
        )
    there = {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}
    if unknown := sorted(names - there):
        message = _("{folder} holds no submission of {students}", folder=folder, students=", ".join(unknown))
        raise SubmissionError(message, meant(unknown[0], sorted(there)), misused=True)
    found = []
    for student in sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
        if student.name.startswith(".") or (names and student.name not in names):
            continue
        if not is_text(student.name):
            amiss(_no_text(student))
            continue
        try:
            for place in sorted(path for path in student.iterdir() if path.name in wanted and not path.is_symlink()):
                if place.is_dir():
                    found.append(Submission(student.name, place.name, _notebook(place)))
        except OSError as error:
            said = _("{folder} was not graded: {error}", folder=student, error=error.strerror or error)
            amiss(SubmissionError(said, _("Make the folder readable for you, and grade again.")))
    if not found:
        raise SubmissionError(
            _("{folder} holds no submission of {students}", folder=folder, students=", ".join(sorted(names)))
            if names
            else _("{folder} holds no submission", folder=folder),
            _("It should look like submitted/<student>/<assignment>/<assignment>.ipynb."),
        )
    for alike in _alike({submission.student for submission in found}):
        amiss(alike)
    return found


def _alike(students: Iterable[str]) -> list[SubmissionError]:
    """Names that are graded each for itself, and that whoever reads the grades takes for one."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for student in sorted(students):
        seen = unicodedata.normalize("NFKC", student).casefold()
        # control and format characters, separators; and the end, which systems cut off
        names["".join(one for one in seen if unicodedata.category(one)[0] not in "CZ").rstrip(".")].append(student)
    return [
        SubmissionError(
            _(
                "{names} differ by case, spaces or what nobody sees: each is graded, and a system that takes the grades may take them for one",
                names=", ".join(repr(name) if unicodedata.is_normalized("NFC", name) else ascii(name) for name in same),
            ),
            _("Leave one folder for each student in submitted/, and enter the grades of the other by hand."),
        )
        for same in names.values()
        if len(same) > 1
    ]


def _no_text(student: Path) -> SubmissionError:
    called = os.fsencode(student.name).decode("utf-8", "replace")
    return SubmissionError(
        _("{folder} was not graded: its name is not UTF-8", folder=student.with_name(called)),
        _("Give the folder the student's id as its name, and grade again."),
    )


def _notebook(place: Path) -> Path:
    expected = place / f"{place.name}.ipynb"
    if not expected.exists():
        others = [path for path in place.iterdir() if path.suffix.lower() == ".ipynb" and path.is_file()]
        if len(others) == 1:
            return others[0]
    return expected


def submitted_at(submission: Submission) -> dt.datetime | None:
    """What nbgrader's timestamp.txt beside the notebook says; None without one. Raises SubmissionError if it is no time."""
    file = submission.path.parent / "timestamp.txt"
    try:
        with opened(file, follow=False) as stream:
            text = stream.read(100).decode("utf-8", "replace").strip()
    except (NotAFile, FileNotFoundError, NotADirectoryError):
        return None
    try:
        moment = dt.datetime.fromisoformat(text.removesuffix("UTC").strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):  # year 9999 in another zone is no time in UTC
        remedy = _("Write it like 2027-03-14 23:59:00 UTC.")
        raise SubmissionError(
            _("{file} is not a time ({text!r}): no late penalty", file=file, text=text), remedy
        ) from None
    return moment


def submission_time(submission: Submission) -> tuple[dt.datetime | None, str]:
    """When it was handed in, or why that isn't known: one student's odd file stops nobody else."""
    try:
        return submitted_at(submission), ""
    except (SubmissionError, OSError) as error:
        return None, str(error)
