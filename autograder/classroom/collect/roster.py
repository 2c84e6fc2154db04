"""Who is in the class: a CSV, made by hand or exported from a platform, that maps platforms' names to student ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.classroom.collect import roster_exports
from autograder.classroom.collect.csv_lines import csv_lines
from autograder.classroom.collect.encodings import decoded
from autograder.classroom.collect.names import is_safe, key, safe_id, words
from autograder.common.errors import CollectError
from autograder.common.files import opened
from autograder.common.i18n import _, ngettext
from autograder.common.showing.nearest_name import nearest
from autograder.course.course import Course

# What a column may be called, without case, spaces and punctuation.
COLUMNS = {
    "id": ("id", "studentid", "student", "idnumber", "sid", "studentnumber", "sisuserid", "학번", "아이디"),
    "name": ("name", "fullname", "studentname", "displayname", "이름", "성명", "성명이름"),
    "first": ("first", "firstname", "givenname", "givennames"),
    "last": ("last", "lastname", "surname", "familyname", "성"),
    "email": ("email", "emailaddress", "mail", "이메일", "이메일주소"),
    "login": ("login", "username", "user", "loginid", "sisloginid", "사용자이름"),
    "moodle": ("moodle", "moodleid", "identifier", "participant", "식별번호"),
    "canvas": ("canvas", "canvasid", "canvasuserid"),
    "blackboard": ("blackboard", "blackboardid", "blackboardusername"),
    "github": ("github", "githubid", "githubuser", "githubusername"),
    "gradescope": ("gradescope", "gradescopeid"),
    "classroom": ("classroom", "googleclassroom", "google"),
    "exchange": ("exchange", "nbgrader", "unixname"),
    "folder": ("folder",),
    "group": ("group", "groupname", "team", "teamname", "모둠", "조"),
    "section": ("section", "sections", "분반"),
}
_UNIQUE = ("id", "email", "login", "moodle", "canvas", "blackboard", "github", "gradescope", "classroom", "exchange")
MOST_SAID = 20  # mistakes that are named one by one
ROWS = 100_000
BYTES = 50_000_000
_LOCAL = "email before the @"


@dataclass(frozen=True)
class Person:
    """One row. `fields`: the cells by column, without those that are empty."""

    id: str
    line: int
    fields: Mapping[str, str] = field(hash=False)

    def column(self, name: str) -> str:
        email = self.fields.get("email", "")
        return email.partition("@")[0] if name == _LOCAL else self.fields.get(name, "")

    @property
    def team(self) -> str:
        """Which group of the class, '' for none: by the platform's number where its export has one, else by its name."""
        return self.fields.get("team", "") or key(self.fields.get("group", ""))

    def names(self) -> set[str]:
        """Their full name in every order: 'Jane Doe', 'Doe, Jane' and Canvas's 'doejane' are all found."""
        parts = [words(self.fields.get("first", "")), words(self.fields.get("last", ""))]
        whole = words(self.fields.get("name", ""))
        orders = [whole, whole[1:] + whole[:1], whole[-1:] + whole[:-1], parts[0] + parts[1], parts[1] + parts[0]]
        return {"".join(order) for order in orders if order}


class Roster:
    """The class. `find` answers for what a platform says of a person; `name` is the file's, for messages.

    `of_teams`: it is the platform's own file of one assignment, and says that teams hand it in. `whole`: who isn't in it is nobody.
    """

    def __init__(self, name: str, people: Iterable[Person], *, of_teams: bool = False, whole: bool = True) -> None:
        self.name = name
        self.people = list(people)
        self.of_teams, self.whole = of_teams, whole

    def find(self, platform: str, groups: Mapping[str, str]) -> tuple[Person | None, str]:
        """Whose submission it is, or None and the reason: '' where nobody fits, and not the whole class is here.

        Compared without case are, in this order, and the first that fits one person alone decides: the platform's own
        column, ``email``, ``id``, ``login``, ``email`` before the @, the full name in any order. A name, which students choose on many
        platforms, is asked for last, where nothing else that the platform says is anybody's.
        """
        given = [text for kind in ("login", "email") if (text := groups.get(kind))]
        columns = ("email", "id", "login", _LOCAL)
        asked = [(platform, [*given, groups.get("number", "")]), *((column, given) for column in columns)]
        asked += [(column, [groups.get("name", "")]) for column in (platform, *columns)]
        ambiguous = ""
        for column, wanted in asked:
            plain = {_plain(text) for text in wanted} - {""}
            found = [person for person in self.people if _plain(person.column(column)) in plain]
            if len(found) == 1:
                return found[0], ""
            ambiguous = ambiguous or (_several(found) if found else "")
        names = {key(groups[kind]) for kind in ("name", "login") if groups.get(kind)} - {""}
        found = [person for person in self.people if names & person.names()]
        if len(found) == 1:
            return found[0], ""
        shown = groups.get("name") or groups.get("login") or groups.get("number") or ""
        if found or ambiguous:
            return None, _(
                "'{shown}' could be {found} of {name}",
                shown=shown,
                found=_several(found) if found else ambiguous,
                name=self.name,
            )
        if not self.whole:
            return None, ""
        known = [person.fields.get("name", person.id) for person in self.people]
        guess = nearest(shown, known)
        return None, (
            _("nobody in {name} is called '{shown}' (nearest: {guess})", name=self.name, shown=shown, guess=guess)
            if guess
            else _("nobody in {name} is called '{shown}'", name=self.name, shown=shown)
        )


def load(path: Path) -> Roster:
    """The roster in `path`. Raises CollectError that names the line and the column of each mistake."""
    return _read(path, table(path, _("Name the roster's CSV with --roster, or as 'roster' in course.yml.")))


def of_course(course: Course, named: Path | None = None) -> Roster | None:
    """The roster in the file `named`, else in the one that course.yml names; None without any. Raises CollectError."""
    path = named or (course.root / course.roster if course.roster else None)
    return load(path) if path is not None else None


def table(path: Path, remedy: str) -> list[tuple[int, list[str]]]:
    """The lines of a CSV that hold anything, each with its number. Raises CollectError; `remedy` is that of a file that isn't there."""
    try:
        with opened(path) as stream:
            content = stream.read(BYTES + 1)
    except OSError as error:
        raise CollectError(_("{path} can't be read: {strerror}", path=path, strerror=error.strerror), remedy) from None
    if len(content) > BYTES:
        raise CollectError(
            _("{path} is larger than {megabytes:g} MB", path=path, megabytes=BYTES / 1_000_000),
            _("Keep the students of this course."),
        )
    text = decoded(content)
    if text is None:
        raise CollectError(_("{path} is in no encoding that is known here", path=path), _("Save it as CSV in UTF-8."))
    rows = csv_lines(path, text, _delimiter(text))
    lines = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
    if len(lines) > ROWS:
        raise CollectError(
            _("{path} has more than {number:,} lines", path=path, number=ROWS), _("Keep the students of this course.")
        )
    return lines


def mistakes(path: Path, problems: list[str]) -> str:
    """The `problems` of a CSV in lines of a message: the first of them, and how many more there are."""
    said = [f"{path}, {problem}" for problem in problems[:MOST_SAID]]
    if (more := len(problems) - len(said)) > 0:
        said.append(ngettext("and {number} more", "and {number} more", more))
    return "\n".join(said)


def _read(path: Path, lines: list[tuple[int, list[str]]]) -> Roster:
    if not lines:
        raise CollectError(_("{path} is empty", path=path), _("Its first line names the columns: at least 'id'."))
    problems: list[str] = []
    people: list[Person] = []
    seen: dict[tuple[str, str], int] = {}
    export = roster_exports.recognised(lines[0][1])
    for line, fields in _rows(path, export, lines[0][1], lines[1:]):
        if "moodle" in fields:  # the grading worksheet has 'Participant 12345'
            fields["moodle"] = fields["moodle"].split()[-1]
        identity = fields.get("id", "")
        if not identity:
            problems.append(_("line {line}, column 'id': it is empty", line=line))
        elif not is_safe(identity):
            problems.append(
                _(
                    "line {line}, column 'id': {identity!r} can't name a folder; '{allowed}' could",
                    line=line,
                    identity=identity,
                    allowed=safe_id(identity),
                )
            )
        for name in _UNIQUE:
            before = seen.setdefault((name, _plain(fields.get(name, ""))), line)
            if before != line and fields.get(name):
                problems.append(
                    _(
                        "line {line}, column '{name}': {fields!r} stands in line {before} too",
                        line=line,
                        name=name,
                        fields=fields[name],
                        before=before,
                    )
                )
        people.append(Person(identity, line, fields))
    if problems:
        raise CollectError(mistakes(path, problems), _("Mend the roster."))
    of_teams = export is not None and export.of_assignment and any(person.team for person in people)
    return Roster(path.name, people, of_teams=of_teams)


def _rows(
    path: Path, export: roster_exports.Export | None, header: list[str], lines: list[tuple[int, list[str]]]
) -> list[roster_exports.Row]:
    """The cells of each line by column: of a platform's export as that platform means them, else as `COLUMNS` names them."""
    if export is not None:
        return roster_exports.people(export, path, header, lines)
    columns = _columns(path, header)
    return [
        (line, {name: row[at].strip() for name, at in columns.items() if at < len(row) and row[at].strip()})
        for line, row in lines
    ]


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    meant = {spelling: name for name, spellings in COLUMNS.items() for spelling in spellings}
    for at, cell in enumerate(header):
        name = meant.get(key(cell), "")
        if name in found:
            raise CollectError(
                _(
                    "{path}, line 1: the columns '{header}' and '{cell}' both mean '{name}'",
                    path=path,
                    header=header[found[name]],
                    cell=cell,
                    name=name,
                ),
                _("Rename one."),
            )
        if name:
            found[name] = at
    if "id" not in found:
        known = ", ".join(cell for cell in header if cell.strip())
        raise CollectError(
            _("{path}, line 1: there is no column 'id' (there are: {known:.200})", path=path, known=known),
            _("Name the column with the ids 'id'."),
        )
    return found


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return Counter({mark: first.count(mark) for mark in (",", ";", "\t")}).most_common(1)[0][0]


def _plain(text: str) -> str:
    return safe_id(text).casefold() if text else ""


def _several(people: list[Person]) -> str:
    shown = _(" or ").join(f"'{person.id}'" for person in people[:3])
    return _("{people} or {number} others", people=shown, number=len(people) - 3) if len(people) > 3 else shown
