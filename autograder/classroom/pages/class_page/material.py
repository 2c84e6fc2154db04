"""What the class page is made of, gathered from the course's folder: reports, gradebook, notebooks. Nothing is run again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from urllib.parse import quote

import nbformat

from autograder.classroom.collect.attempts import SubmissionPaths, read_record
from autograder.classroom.folder import FORMGRADER, Folder, Place
from autograder.classroom.gradebook import formgrader
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address, exists
from autograder.classroom.grading.journal import Journal
from autograder.classroom.pages.class_page import since
from autograder.classroom.pages.class_page.hints_needed import hints_of
from autograder.classroom.pages.class_page.page import Material, Standing
from autograder.classroom.pages.class_page.similar import Group, groups
from autograder.common.cells import grade_id_of, is_answer
from autograder.common.errors import AutograderError, CollectError
from autograder.common.machine.confined import OverLimit, confined, confined_each
from autograder.common.results import Report
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook

READ_SECONDS = 10  # of processor time for some notebooks at once, and then for one alone
COMPARE_SECONDS = 120  # for those of an assignment with one another: 500 of the course's take 3


def gather(
    course: Course,
    reports: Sequence[Report],
    home: str = FORMGRADER,
    *,
    compare: bool = True,
    beside: Path | None = None,
) -> Material:
    """The material of these reports. `home`: formgrader's address; `beside`: the folder that the page will lie in, by default the course's.

    Raises AutograderError if the gradebook can't be used.
    """
    standings, links, automatic, scored = _gradebook(course, home)
    here = {Place(report.student, report.assignment): report for report in reports}
    scores = {place: (standing.total, bool(standing.waiting)) for place, standing in standings.items()}
    changed, looks = since.compare(since.read(Folder(course.root)), since.shown(reports, scores), since.now())
    return Material(
        reports=reports,
        standings={place: standing for place, standing in standings.items() if place in here},
        scored={place: by_question for place, by_question in scored.items() if place in here},
        pages=_pages(Folder(course.root), here, beside or course.root),
        hints=hints_of(Folder(course.root), reports, course.limits.notebook_mb),
        links=links,
        seconds={
            Place(student, name): entry.seconds
            for student, name, entry in Journal(course.root).entries()
            if entry.seconds and Place(student, name) in here
        },
        similar=_similar(course, reports) if compare else {},
        differences={
            place: (report.points, automatic[place])
            for place, report in here.items()
            if place in automatic and abs(report.points - automatic[place]) > 1e-6
        },
        since=changed,
        looks=looks,
    )


def _gradebook(
    course: Course, home: str
) -> tuple[dict[Place, Standing], dict[Place, str], dict[Place, float], dict[Place, dict[str, float]]]:
    """Where people stand, formgrader's pages, automatic points, and by question what people gave instead: nothing where there is no gradebook yet."""
    automatic: dict[Place, float] = {}
    scored: dict[Place, dict[str, float]] = {}
    url = address(course)
    if not exists(url):
        return {}, {}, {}, {}
    with Book(url, course.course.id) as book:
        scores, entries = book.scores(), book.entries()
    for entry in entries:
        place = Place(entry.student, entry.assignment)
        automatic[place] = automatic.get(place, 0.0) + float(entry.auto or 0.0)
        if entry.manual is not None:
            scored.setdefault(place, {})[entry.question] = float(entry.manual) + float(entry.extra_credit or 0)
    standings = {
        Place(score.student, score.assignment): Standing(score.total, score.penalty, score.undecided)
        for score in scores
    }
    return standings, formgrader.pages(url, home), automatic, scored


def _pages(folder: Folder, here: Iterable[Place], beside: Path) -> dict[Place, str]:
    """Addresses of the feedback pages, from a page in `beside`: also of those that are to be made yet, so that it doesn't matter which comes first."""
    found = {}
    for place in here:
        path = folder.page(place)
        try:
            found[place] = quote(Path(os.path.relpath(path, beside.resolve())).as_posix())
        except ValueError:  # another drive of Windows
            found[place] = path.resolve().as_uri()
    return found


def _similar(course: Course, reports: Sequence[Report]) -> dict[str, list[Group]]:
    found, folder = {}, Folder(course.root)
    for name in course.assignments:
        teams = set[tuple[str, str]]()
        own = [one for one in reports if one.assignment == name and not _is_teammates(folder, one, teams)]
        cells = confined_each(partial(_handed_in, folder), own, seconds=READ_SECONDS)
        notebooks = {one.student: read for one, read in zip(own, cells, strict=True) if read is not None}
        if len(notebooks) > 1:
            with suppress(AutograderError, OverLimit):
                found[name] = _groups(notebooks, _answers(released_notebook(course, name)))
    return found


def _is_teammates(folder: Folder, report: Report, seen: set[tuple[str, str]]) -> bool:
    """Whether it is the same file of a platform's archive as one of `seen`, handed in by a team: nothing to compare. Adds it to `seen`."""
    try:
        record = read_record(SubmissionPaths(folder.submitted, report.student, report.assignment).record)
    except CollectError:  # damaged, which `collect` says
        return False
    source = record.source(report.submission), report.submission
    known = source in seen
    if source[0]:
        seen.add(source)
    return known


def _groups(notebooks: Mapping[str, Mapping[str, str]], release: Mapping[str, str]) -> list[Group]:
    """`groups`, within limits. Raises OverLimit."""
    alike = confined(lambda: [asdict(group) for group in groups(notebooks, release)], seconds=COMPARE_SECONDS)
    return [Group(**{**group, "students": tuple(group["students"]), "lines": tuple(group["lines"])}) for group in alike]


def _handed_in(folder: Folder, report: Report) -> dict[str, str]:
    notebook = folder.read_notebook(report)
    return _answers(notebook) if notebook is not None else {}


def _answers(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The cells that students fill in, by name."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_answer(cell) and grade_id_of(cell):
            found[grade_id_of(cell)] = str(cell.source)
    return found
