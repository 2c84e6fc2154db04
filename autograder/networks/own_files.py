"""What a course's own files make impossible is refused in one place, before a student's work is looked at: with file, key and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.common.data import prepared
from autograder.common.errors import CourseError, DataError
from autograder.common.i18n import _
from autograder.common.models import KeyPath
from autograder.course.checks.base import Check
from autograder.course.course import FILE, Course
from autograder.course.earnable import names_prepared, no_test_rows, of_numbers, split_of, unprepared
from autograder.course.released_checks import TAKE_AGAIN
from autograder.course.yaml_faults import located
from autograder.networks.lab import CourseLab


def require_own_files(course: Course, assignment: str, lab: CourseLab) -> None:
    """The files that an assignment is on can be read, and hold what its checks name. Raises CourseError; `lab`: on its data."""
    data = course.on(assignment).data
    declared: KeyPath = ("data",) if data == course.data else ("assignments", assignment, "data")
    require_readable(lab, course.root / FILE, course.checks(assignment), declared)


def require_readable(
    lab: CourseLab, file: Path, checks: Iterable[tuple[KeyPath, Check]], declared: KeyPath = ("data",)
) -> None:
    """As `require_own_files`, of the `checks` by their place in `file` (course.yml or checks.yml), with its data at `declared`."""
    data, checks = lab.settings, list(checks)
    asked = [(place, check) for place, check in checks if names_prepared(check)]
    if not (data.of_course or data.prepare or asked):
        return
    try:
        named = lab.prepared
        tested = len(lab.data) > lab.data.training
    except DataError as error:
        key = data.name if data.of_course else "name"
        raise CourseError(located(file, [((*declared, key), str(error))]), error.remedy) from error
    except CourseError as error:
        if not data.prepare:
            raise  # of the released arrays, which no key declares
        raise CourseError(located(file, [((*declared, "prepare"), str(error))]), error.remedy) from error
    if data.images and not tested:
        without = [(place, no_test_rows(data)) for place, check in checks if split_of(check) == "test"]
        if without:
            raise CourseError(located(file, without))
    if named is None:
        return
    problems = [
        (place, problem) for place, check in asked if (problem := unprepared(check, named.features, named.targets))
    ]
    again = _("{file} belongs beside it. {again}", file=prepared.FILE, again=_(TAKE_AGAIN))
    remedy = again if problems and not data.prepare else ""
    targets = lab.data.targets
    if data.file and targets.dtype.kind == "f" and (targets % 1 != 0).any():
        problems += [(place, problem) for place, check in checks if (problem := of_numbers(check, data.file))]
    if problems:
        raise CourseError(located(file, problems), remedy)
