"""Collecting, from a place to nbgrader's layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from autograder.classroom.collect import sources
from autograder.classroom.collect.attempts import Step, plan
from autograder.classroom.collect.matching import Settings, match
from autograder.classroom.collect.results import Collected
from autograder.classroom.collect.write import AGAIN, apply
from autograder.classroom.folder import Folder, Place
from autograder.classroom.process_lock import alone
from autograder.common.errors import CollectError
from autograder.common.files import unwritable
from autograder.common.i18n import _
from autograder.course.course import Course

WAIT = 60.0  # seconds for another process that collects: most take one


def collect(
    place: Path,
    course: Course,
    settings: Settings,
    *,
    dry_run: bool = False,
    on_file: Callable[[sources.File], None] = lambda file: None,
) -> Collected:
    """Put the notebooks in `place` (a folder or a zip) into the course's ``submitted/``; with `dry_run` write nothing.

    Raises CollectError when `place` or the roster can't be read or submitted/ not written, and CourseError for an
    assignment that the course doesn't have.
    """
    if settings.assignment:
        course.assignment(settings.assignment)
    submitted = Folder(course.root).submitted
    if place.is_dir() and submitted.resolve().is_relative_to(place.resolve()):
        raise CollectError(
            _("{place} is, or holds, this course's submitted/, where collected notebooks go", place=place),
            _("Name the folder or zip that they come from."),
        )
    source = sources.read(place)
    try:
        matched = match(source, course, settings, on_file)
        if not (matched.candidates or matched.unmatched or matched.ignored):
            raise CollectError(
                _("{place} holds no notebook", place=place), _("Name the folder or zip that your platform gave you.")
            )
        with nullcontext() if dry_run else _alone(Folder(course.root).collecting):
            steps, unordered = plan(matched.candidates, submitted)
            for step in () if dry_run else steps:
                apply(step, course.limits.notebook_mb * 1_000_000)
    finally:
        source.close()
    return Collected(
        platform=matched.platform.name,
        dry_run=dry_run,
        notebooks=tuple(taken for step in steps for taken in step.taken),
        unmatched=tuple(sorted((*matched.unmatched, *unordered))),
        ignored=tuple(matched.ignored),
        missing=_missing(settings, course, steps),
    )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """What is planned is true until it is done: another process may have collected a later attempt meanwhile. Raises CollectError."""
    with ExitStack() as stack:
        try:
            got = stack.enter_context(alone(lock, WAIT))
        except OSError as error:
            raise unwritable(lock, error, _(AGAIN), CollectError) from None
        if not got:
            raise CollectError(
                _("another autograder is collecting into this course at the moment"),
                _("Wait for its end, and collect again."),
            )
        yield


def _missing(settings: Settings, course: Course, steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """By assignment that was collected now: who of the roster has not handed in."""
    if settings.roster is None or not settings.roster.whole:
        return {}
    folder, there = Folder(course.root), dict[str, set[str]]()
    for step in steps:
        there.setdefault(step.place.assignment, set()).add(step.place.student)
    if settings.assignment:
        there.setdefault(settings.assignment, set())
    everybody = [person.id for person in settings.roster.people]
    return {
        name: tuple(
            student
            for student in everybody
            if student not in there[name] and not folder.submission(Place(student, name)).is_file()
        )
        for name in course.assignments
        if name in there
    }
