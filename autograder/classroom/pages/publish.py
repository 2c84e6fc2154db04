"""Feedback pages where nbgrader has its own: ``feedback/<student>/<assignment>/<assignment>.html``.

``nbgrader release_feedback`` gives each student the file of the notebook's name and no other, so the page *is* that file, with the
executed notebook inside. `write_all` makes them; `FeedbackExporter`, named in nbgrader_config.py, makes the same when somebody
runs ``nbgrader generate_feedback`` or presses its button in formgrader.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from sqlalchemy import make_url

from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address
from autograder.classroom.gradebook.formgrader import remarks
from autograder.classroom.pages.feedback import Person, feedback_page
from autograder.classroom.pages.notebook import Cell, cells
from autograder.classroom.pages.pictures import png
from autograder.common import data
from autograder.common.errors import AutograderError, DataError, SubmissionError
from autograder.common.files import put
from autograder.common.i18n import _
from autograder.common.results import Report
from autograder.course.course import Course, load

KEPT = ("timestamp.txt", "submission_secret.txt")  # what `nbgrader release_feedback` wants beside the page
LARGEST = 4096  # bytes of either: more is not nbgrader's


@dataclass(frozen=True)
class Written:
    """A page that was written. `releasable`: it came through nbgrader's exchange, so ``release_feedback`` can give it back."""

    student: str
    assignment: str
    path: Path
    releasable: bool


def reports(course: Course, assignments: Iterable[str] = (), students: Iterable[str] = ()) -> Iterator[Report]:
    """The reports in ``reports/`` beside course.yml, by student. Raises SubmissionError for one that can't be read."""
    wanted, names = set(assignments), set(students)
    for path in sorted((course.root / "reports").glob("*/*.json")):
        if path.parent.name.startswith(".") or path.stem not in course.assignments:
            continue
        if (wanted and path.stem not in wanted) or (names and path.parent.name not in names):
            continue
        try:
            yield Report.from_json(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SubmissionError(
                _("{path} can't be read", path=path), _("Grade this submission again with --force.")
            ) from error


def write_all(
    course: Course, found: Iterable[Report], language: str = "", on_page: Callable[[Written], None] = lambda page: None
) -> list[Written]:
    """Write the page of each report. Raises AutograderError if the gradebook or a folder can't be used."""
    people = persons(course)
    done = []
    for report in found:
        person = people.get((report.student, report.assignment), Person())
        text = make(report, course, language, person)
        done.append(_write(course, report, text))
        on_page(done[-1])
    return done


def make(report: Report, course: Course, language: str = "", person: Person | None = None) -> str:
    """The page of a report, with the executed notebook in ``autograded/`` if it is there."""
    path = course.root / "autograded" / report.student / report.assignment / f"{report.assignment}.ipynb"
    return feedback_page(report, course, speak=language, cells=_cells(path), image=_image(), person=person)


def _cells(path: Path) -> list[Cell]:
    try:
        return cells(nbformat.read(path, as_version=4))
    except Exception:  # the page does without: the report is what counts
        return []


@lru_cache(maxsize=1)
def _image() -> Callable[[int], str] | None:
    """From rows to pictures; None on a machine without the data set."""
    try:
        images = data.load(data.find(download=False)).images
    except DataError:
        return None
    return lambda row: png(images[row]) if 0 <= row < len(images) else ""


def persons(course: Course, url: str = "") -> dict[tuple[str, str], Person]:
    """By student and assignment, what people entered in the gradebook; nothing where there is no gradebook yet."""
    url = url or address(course)
    place = make_url(url)
    if place.get_backend_name() == "sqlite" and place.database and not Path(place.database).is_file():
        return {}
    scores: dict[tuple[str, str], dict[str, float]] = {}
    penalties: dict[tuple[str, str], float] = {}
    with Book(url, course.course.id) as book:
        for entry in book.entries():
            key = (entry.student, entry.assignment)
            penalties[key] = float(entry.penalty or 0)
            if entry.manual is not None or entry.extra_credit:
                base = entry.auto if entry.manual is None else entry.manual
                scores.setdefault(key, {})[entry.question] = float(base or 0) + float(entry.extra_credit or 0)
    written = remarks(url)
    return {key: Person(scores.get(key, {}), written.get(key, {}), penalties[key]) for key in penalties}


def _write(course: Course, report: Report, text: str) -> Written:
    place = course.root / "feedback" / report.student / report.assignment
    submitted = course.root / "submitted" / report.student / report.assignment
    path = place / f"{report.assignment}.html"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            source = submitted / name
            if source.is_file() and not source.is_symlink() and source.stat().st_size <= LARGEST:
                shutil.copyfile(source, place / name)
        put(path, text.encode("utf-8"))
    except OSError as error:
        raise AutograderError(
            _("{path} can't be written: {strerror}", path=path, strerror=error.strerror),
            _("Look at the folder's permissions."),
        ) from error
    return Written(report.student, report.assignment, path, all((place / name).is_file() for name in KEPT))


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """What nbgrader's converter calls: our page where there is a report, nbgrader's own page elsewhere."""

    def from_notebook_node(
        self, nb: Any, resources: Mapping[str, Any] | None = None, **others: Any
    ) -> tuple[str, Mapping[str, Any]]:
        text, resources = super().from_notebook_node(nb, resources, **others)
        grading = resources.get("nbgrader", {})
        student, assignment = str(grading.get("student", "")), str(grading.get("assignment", ""))
        course = load(None)
        report = next(reports(course, [assignment], [student]), None)
        if report is None:
            return text, resources
        person = persons(course, str(grading["db_url"])).get((student, assignment), Person())
        return make(report, course, person=person), resources
