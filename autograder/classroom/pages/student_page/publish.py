"""Feedback pages where nbgrader has its own: ``feedback/<student>/<assignment>/<assignment>.html``.

``nbgrader release_feedback`` gives each student the file of the notebook's name and no other, so the page *is* that file, with the
executed notebook inside. `write_all` makes them; `FeedbackExporter`, named in nbgrader_config.py, makes the same when somebody
runs ``nbgrader generate_feedback`` or presses its button in formgrader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter

from autograder.classroom.folder import BESIDE, Folder, Place
from autograder.classroom.gradebook.book import Book
from autograder.classroom.gradebook.database import address, exists
from autograder.classroom.gradebook.formgrader import remarks
from autograder.classroom.pages.student_page.bands import Bands, bands
from autograder.classroom.pages.student_page.notebook import Cell, cells, prepare
from autograder.classroom.pages.student_page.page import Person, feedback_page
from autograder.classroom.pages.student_page.pictures import png
from autograder.common.data import data_sets
from autograder.common.errors import DataError, SubmissionError
from autograder.common.files import bytes_of, put, unwritable
from autograder.common.machine.confined import OverLimit, confined
from autograder.common.results import Report
from autograder.course.course import Course, DataSettings, load

SECONDS = 10  # of processor time, for the cells of a page: those of the course take 0.3


@dataclass(frozen=True)
class Written:
    """A page that was written. `releasable`: it came through nbgrader's exchange, so ``release_feedback`` can give it back."""

    student: str
    assignment: str
    path: Path
    releasable: bool


def write_all(
    course: Course, found: Iterable[Report], language: str = "", on_page: Callable[[Written], None] = lambda page: None
) -> list[Written]:
    """Write the page of each report. Raises AutograderError if the gradebook or a folder can't be used."""
    people = persons(course)
    done = []
    behind: dict[str, Bands] = {}
    for report in found:
        if report.assignment not in behind:
            behind[report.assignment] = class_bands(course, report.assignment)
        person = people.get(Place(report.student, report.assignment), Person())
        text = make(report, course, language, person, behind[report.assignment])
        done.append(_write(course, report, text))
        on_page(done[-1])
    return done


def make(
    report: Report, course: Course, language: str = "", person: Person | None = None, behind: Bands | None = None
) -> str:
    """The page of a report, with the executed notebook in ``autograded/`` if it is there, before the class's curves."""
    shown = _cells(Folder(course.root), report)
    return feedback_page(
        report,
        course,
        speak=language,
        cells=shown,
        image=_image(course.on(report.assignment).data, course.root),
        person=person,
        bands=behind,
    )


def class_bands(course: Course, assignment: str) -> Bands:
    """Of all reports of the assignment, also where pages of a few are made; read anew when one has changed."""
    reports = sorted(Folder(course.root).reports.glob(f"*/{assignment}.json"))
    latest = max((path.stat().st_mtime_ns for path in reports), default=0)
    return _bands(course.root, assignment, len(reports), latest)


@lru_cache(maxsize=16)
def _bands(root: Path, assignment: str, _number: int, _latest: int) -> Bands:
    """`_number`, `_latest`: what tells one state of the reports from another. One that can't be read is told where it is graded."""
    return bands(Folder(root).read_reports([assignment], amiss=lambda error: None))


def _cells(folder: Folder, report: Report) -> list[Cell]:
    """The executed notebook's cells, within limits: what is in there, a student wrote. As plain text where Markdown and HTML take too long."""
    prepare()
    for plain in (False, True):
        try:
            found = confined(partial(_documents, folder, report, plain), seconds=SECONDS)
        except (OverLimit, SubmissionError):
            continue
        return [Cell.of_document(one) for one in found]
    return []  # the page does without: the report is what counts


def _documents(folder: Folder, report: Report, plain: bool) -> list[dict[str, Any]]:
    notebook = folder.read_notebook(report)
    return [cell.document() for cell in cells(notebook, plain=plain)] if notebook is not None else []


@lru_cache(maxsize=4)
def _image(data: DataSettings, root: Path) -> Callable[[int], str] | None:
    """From rows to pictures; None on a machine without the data set, and where its samples are no images."""
    if not data_sets.has_images(data.name):
        return None
    try:
        found = data.load(root) if data.images else data_sets.source(data.name).load(download=False)
        images = found.features
    except DataError:
        return None
    return lambda row: png(images[row]) if 0 <= row < len(images) else ""


def persons(course: Course, url: str = "") -> dict[Place, Person]:
    """By student and assignment, what people entered in the gradebook; nothing where there is no gradebook yet."""
    url = url or address(course)
    if not exists(url):
        return {}
    scores: dict[Place, dict[str, float]] = {}
    penalties: dict[Place, float] = {}
    with Book(url, course.course.id) as book:
        for entry in book.entries():
            key = Place(entry.student, entry.assignment)
            penalties[key] = float(entry.penalty or 0)
            if entry.manual is not None or entry.extra_credit:
                base = entry.auto if entry.manual is None else entry.manual
                scores.setdefault(key, {})[entry.question] = float(base or 0) + float(entry.extra_credit or 0)
    written = remarks(url)
    return {key: Person(scores.get(key, {}), written.get(key, {}), penalties[key]) for key in penalties}


def _write(course: Course, report: Report, text: str) -> Written:
    folder = Folder(course.root)
    path, submitted = folder.page(report), folder.submission(report).parent
    place = path.parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, largest in BESIDE.items():
            try:
                content = bytes_of(submitted / name, largest, follow=False)
            except OSError:  # there is none, or none of a student's making that belongs here
                continue
            put(place / name, content)
        put(path, text)
    except OSError as error:
        raise unwritable(path, error) from error
    return Written(report.student, report.assignment, path, all((place / name).is_file() for name in BESIDE))


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """What nbgrader's converter calls: our page where there is a report, nbgrader's own page elsewhere."""

    def from_notebook_node(
        self, nb: Any, resources: Mapping[str, Any] | None = None, **others: Any
    ) -> tuple[str, Mapping[str, Any]]:
        text, resources = super().from_notebook_node(nb, resources, **others)
        grading = resources.get("nbgrader", {})
        student, assignment = str(grading.get("student", "")), str(grading.get("assignment", ""))
        course = load(None)
        folder, place = Folder(course.root), Place(student, assignment)
        if not folder.report(place).is_file():
            return text, resources
        report = folder.read_report(place)
        person = persons(course, str(grading["db_url"])).get(Place(student, assignment), Person())
        return make(report, course, person=person, behind=class_bands(course, assignment)), resources
