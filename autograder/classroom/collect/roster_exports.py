"""Rosters as platforms export them, known by their whole first line: what a single column means depends on whose file it is.

In Canvas's gradebook ``ID`` is Canvas's number and ``Student`` a name; in GitHub Classroom's roster ``identifier`` is what the teacher typed. Each export
is one value here: adding one is a value and its test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.collect.names import key, safe_id
from autograder.common.errors import CollectError
from autograder.common.i18n import _

Row = tuple[int, dict[str, str]]  # a line's number, and its cells by column
_NOBODY = ("studenttest", "teststudent")  # Canvas's own test student


@dataclass(frozen=True)
class Export:
    """`columns`: what each header of it, without case and marks, means here; `marks`: those that all stand in its first line.

    `ids`: the columns of which student ids are made, the first that tells everybody apart. `person`: a column that every person has, and the
    lines that are the platform's own have not; with `is_person` what stands in it. `of_assignment`: it is of one assignment, and names groups
    only where teams hand that in. `source`: where the format is from.
    """

    title: str
    columns: Mapping[str, str]
    marks: tuple[str, ...]
    ids: tuple[str, ...]
    person: str
    source: str
    of_assignment: bool = False

    def is_person(self, fields: Mapping[str, str]) -> bool:
        said = fields.get(self.person, "")
        fits = said.isdigit() if self.person == "canvas" else "@" in said if self.person == "email" else bool(said)
        return fits and key(fields.get("name", "")) not in _NOBODY


EXPORTS = (
    Export(
        title="Canvas",
        columns={
            "student": "name", "id": "canvas", "sisuserid": "sis", "sisloginid": "login", "integrationid": "", "section": "section",
        },
        marks=("student", "id", "section"),
        ids=("sis", "login", "canvas"),
        person="canvas",
        source="instructure/canvas-lms, lib/gradebook_exporter.rb: Student, ID, SIS User ID, SIS Login ID, Section; then rows of its own",
    ),
    Export(
        title="Canvas",
        columns={
            "name": "name", "canvasuserid": "canvas", "userid": "sis", "loginid": "login", "sections": "section", "groupname": "group",
            "canvasgroupid": "team", "groupid": "",
        },
        marks=("canvasuserid", "loginid", "groupname"),
        ids=("sis", "login", "canvas"),
        person="canvas",
        source="instructure/canvas-lms, app/controllers/group_categories_controller.rb: name, canvas_user_id, user_id, login_id, sections, "
        "group_name, canvas_group_id, group_id",
    ),
    Export(
        title="GitHub Classroom",
        columns={"identifier": "given", "githubusername": "github", "githubid": "", "name": "name"},
        marks=("identifier", "githubusername", "githubid"),
        ids=("given",),
        person="given",
        source="GitHub Classroom's Download roster: identifier, github_username, github_id, name",
    ),
    Export(
        title="Moodle",
        columns={
            "identifier": "moodle", "fullname": "name", "idnumber": "number", "emailaddress": "email", "username": "login",
            "group": "group",
        },
        marks=("identifier", "grade"),
        ids=("number", "login", "email", "name", "moodle"),
        person="moodle",
        source="moodle/moodle, mod/assign/gradingtable.php: the grading worksheet; with the column Group where teams hand in",
        of_assignment=True,
    ),
    Export(
        title="Moodle, Google Classroom",
        columns={
            "firstname": "first", "givenname": "first", "lastname": "last", "surname": "last", "emailaddress": "email", "idnumber": "number",
            "username": "login",
        },
        marks=("firstname", "lastname", "emailaddress"),
        ids=("number", "login", "email"),
        person="email",
        source="moodle/moodle, user/index.php: participants as CSV; Google Classroom's grades as CSV, which has two rows of its own",
    ),
)  # fmt: skip


def recognised(header: Sequence[str]) -> Export | None:
    """The export whose first line this is. One that names its ids (``id``) itself is a roster made by hand."""
    there = [key(cell) for cell in header]
    others = {"studentid", "sid", "studentnumber", "학번"} & set(there)
    for export in EXPORTS:
        if set(export.marks) <= set(there) and not others and (export.columns.get("id") or "id" not in there):
            return export
    return None


def people(export: Export, path: Path, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> list[Row]:
    """Everybody in the file, with an ``id``. Raises CollectError if no column tells them apart."""
    at: dict[str, int] = {}
    for place, cell in enumerate(header):
        if name := export.columns.get(key(cell), ""):
            at.setdefault(name, place)
    rows = []
    for line, row in lines:
        fields = {name: row[place].strip() for name, place in at.items() if place < len(row) and row[place].strip()}
        if export.is_person(fields):
            rows.append((line, fields))
    for column in export.ids:
        ids = [_id(column, fields.get(column, "")) for _line, fields in rows]
        if all(ids) and len({one.casefold() for one in ids}) == len(ids):
            return [(line, {**fields, "id": one}) for (line, fields), one in zip(rows, ids, strict=True)]
    raise CollectError(
        _(
            "{path} is an export of {platform}, and none of its columns tells everybody apart",
            path=path,
            platform=export.title,
        ),
        _("Give it a column 'id' with the student ids."),
    )


def _id(column: str, text: str) -> str:
    if column == "moodle":  # 'Participant 12345', as collect calls who is marked blind
        return safe_id("_".join(text.split()))
    return safe_id(text.partition("@")[0] if column == "email" else text)
