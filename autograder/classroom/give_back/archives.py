"""The archives that platforms take feedback in, one for each assignment, named as `collect` remembers the submissions.

**Moodle** (Assignment, View all submissions, *Upload multiple feedback files in a zip*; the feedback type *Feedback files* must be on): each
page as ``<name>_<participant>_assignfeedback_file_<assignment>.html``. What reads it, ``mod/assign/feedback/file/importziplib.php`` of
moodle/moodle, cuts a name at its first four ``_``, looks for the person by the number alone, which is the participant's under blind marking
too, and passes over files that begin with ``.`` or ``~``.

**Canvas** (Gradebook or SpeedGrader, *Re-Upload Submissions*): the executed notebook, with what was found below each question and a first cell that
sums it up, under the name that Canvas gave to the file. What reads it, ``infer_comment_context_from_filename`` of instructure/canvas-lms
(``app/models/assignment.rb``), takes the first two numbers between ``_`` for user and attachment and shows the file under the name of what was
handed in, so it has to be a notebook again.

A team's file serves all its members there, and in Gradescope. Where their grades differ (one had an extension, one was scored by a person),
it holds the best of them and says that each one's own is in the gradebook; `Archive.differing` names them.

**Gradescope** takes no files back; it asks an autograder for ``results.json``. The archive is one that has all results in it
(https://gradescope-autograders.readthedocs.io/en/latest/specs/): upload it as the assignment's autograder and regrade all submissions.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.classroom.collect.platforms import CANVAS, GRADESCOPE, MOODLE, Platform
from autograder.classroom.export.grades import Grade, comment, score
from autograder.classroom.export.gradescope import result
from autograder.classroom.folder import Folder, Place
from autograder.classroom.give_back.origin import Origin, origin
from autograder.common.files import put, text_of
from autograder.common.i18n import _, speaking
from autograder.common.showing.readable import json_text

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same pages always make the same archive
_RUN = Path(__file__).parent / "prepared_results.py"
_SETUP = """#!/usr/bin/env bash
# All results are in this archive. Python is there in most of Gradescope's images.
command -v python3 >/dev/null || { apt-get update -qq && apt-get install -y -qq python3; }
"""
PLATFORMS: dict[str, Platform] = {platform.name: platform for platform in (MOODLE, CANVAS, GRADESCOPE)}
Entry = tuple[str, str]  # a file's name and its text


@dataclass
class Archive:
    """`path`: the zip of `assignment`. `given`: whose feedback is in it; `left`: of whom the platform's name is not known;
    `differing`: teams with one file for all and several grades."""

    assignment: str
    path: Path
    given: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    differing: list[tuple[str, ...]] = field(default_factory=list)


def archives(
    folder: Folder, platform: str, places: Mapping[Place, str], grades: Mapping[Place, Grade]
) -> list[Archive]:
    """Write ``feedback/<assignment>-<platform>.zip`` for each assignment of `places`, whose pages are in feedback/ already.

    `places`: with the language that each is spoken to in. An archive without anybody's feedback is not written. Raises OSError, and CollectError for a damaged list of attempts.
    """
    by_assignment: dict[str, list[Place]] = {}
    for place in places:
        by_assignment.setdefault(place.assignment, []).append(place)
    made = []
    for assignment, own in by_assignment.items():
        archive = Archive(assignment, folder.feedback / f"{assignment}-{platform}.zip")
        entries: dict[str, str] = {}
        teams: dict[str, list[tuple[Place, Origin]]] = {}  # by entry; of most, one student
        for place in own:
            found = origin(folder, place, PLATFORMS[platform])
            entry = _entry(folder, platform, place, found, grades.get(place), places[place]) if found else None
            (archive.given if entry else archive.left).append(place.student)
            if entry and found:
                entries.setdefault(*entry)
                teams.setdefault(entry[0], []).append((place, found))
        for team in teams.values():
            standings = {
                (grade.total, grade.decided, grade.penalty) for place, _found in team if (grade := grades.get(place))
            }
            if len(standings) > 1:
                archive.differing.append(tuple(place.student for place, _found in team))
                entries.update([_shared(folder, platform, team, grades, places)])
        archive.path.unlink(missing_ok=True)  # of an earlier run
        if entries:
            around = {"run_autograder": text_of(_RUN), "setup.sh": _SETUP} if platform == GRADESCOPE.name else {}
            put(archive.path, packed({**around, **dict(sorted(entries.items()))}))
        made.append(archive)
    return made


def _entry(
    folder: Folder, platform: str, place: Place, found: Origin, grade: Grade | None, language: str
) -> Entry | None:
    with speaking(language):
        return _WRITERS[platform](folder, place, found, grade)


def _shared(
    folder: Folder, platform: str, team: list[tuple[Place, Origin]], grades: Mapping[Place, Grade],
    places: Mapping[Place, str],
) -> Entry:  # fmt: skip
    """The entry of a team whose members' grades differ: the best of them, and that it isn't everybody's."""
    place, found = max(team, key=lambda member: max(0.0, grades[member[0]].decided - grades[member[0]].penalty))
    with speaking(places[place]):
        note = _(
            "Your team handed in once, so all of you see this. Your own grade may be lower (being late, a person's score): it is in the gradebook."
        )
    grade = grades[place].model_copy(update={"notes": (note, *grades[place].notes)})
    entry = _entry(folder, platform, place, found, grade, places[place])
    assert entry is not None  # it was written once already
    return entry


def packed(entries: Mapping[str, str | bytes]) -> bytes:
    """A zip of texts and bytes by their names; what is called run_autograder or ends with .sh can be run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            mode = 0o755 if name == "run_autograder" or name.endswith(".sh") else 0o644
            info.external_attr, info.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def _moodle(folder: Folder, place: Place, found: Origin, _grade: Grade | None) -> Entry | None:
    page = folder.page(place)
    if not found.number or not page.is_file():
        return None
    name = re.sub(r"[_/\\\s]+", " ", found.name).strip(" .~") or "participant"
    return f"{name}_{found.number}_assignfeedback_file_{place.assignment}.html", text_of(page)


def _canvas(folder: Folder, place: Place, found: Origin, grade: Grade | None) -> Entry | None:
    notebook = folder.read_notebook(place)
    if notebook is None or grade is None:
        return None
    said = html.escape("\n".join(filter(None, [score(grade), comment(grade)])), quote=False)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(f"<pre>{said}</pre>", id="feedback"))
    name = re.sub(r"\.(?:zip|ipynb(?:\.(?:txt|json))?)\Z", "", found.part, flags=re.IGNORECASE)
    return f"{name}.ipynb", nbformat.writes(notebook)


def _gradescope(_folder: Folder, _place: Place, found: Origin, grade: Grade | None) -> Entry | None:
    if grade is None:
        return None
    return f"results/{found.number.removeprefix('submission_')}.json", json_text(result(grade))


_WRITERS: dict[str, Callable[[Folder, Place, Origin, Grade | None], Entry | None]] = {
    "moodle": _moodle, "canvas": _canvas, "gradescope": _gradescope,
}  # fmt: skip
