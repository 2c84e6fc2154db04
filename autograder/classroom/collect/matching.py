"""From files to candidates: whose notebook of which assignment each is, by rules that docs/collecting.md lists."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from autograder.classroom.collect import git, platform_metadata, teams, times
from autograder.classroom.collect.contents import Contents
from autograder.classroom.collect.encodings import as_utf8
from autograder.classroom.collect.names import Spellings, safe_id, stem, without_copy
from autograder.classroom.collect.paths import Cut, Groups, Rule, StudentPart, choose
from autograder.classroom.collect.platforms import EXCHANGE, FOLDER, PLATFORMS, Platform
from autograder.classroom.collect.results import Unmatched, few
from autograder.classroom.collect.roster import Roster
from autograder.classroom.collect.sources import OTHER_ARCHIVES, File, Source, is_notebook, matters
from autograder.classroom.collect.zip_directory import Refused
from autograder.common.digests import sha256
from autograder.common.errors import CollectError, SubmissionError
from autograder.common.i18n import _
from autograder.common.machine.confined import OverLimit, confined
from autograder.common.wire.submitted_notebook import parse
from autograder.course.course import Course

UPLOADS = 5  # notebooks of the largest size that one upload may become on disk, in bytes
NOTEBOOKS = 100  # of one upload: each is read in a process of its own


@dataclass(frozen=True)
class Candidate:
    """A notebook that is somebody's attempt at an assignment. `digest`: SHA-256 of what would be written.

    `claim`: whom the platform means by it, in the platform's own words; `number`: the student's there, where a team handed in.
    """

    student: str
    assignment: str
    file: File
    digest: str
    time: dt.datetime | None
    worked: bool
    order: int
    copy: int
    notes: tuple[str, ...]
    beside: tuple[File, ...] = ()
    claim: str = ""
    number: str = ""

    def rank(self) -> tuple[object, ...]:
        """Later is larger. Between files of one moment: worked on, uploaded later, the browser's later copy."""
        return (self.time is not None, self.time or dt.datetime.min, self.worked, self.order, self.copy)


@dataclass(frozen=True)
class Settings:
    """`zone`: of times that name none (by default the due date's). `assignment`: collect only this one.

    `teams`: one hand-in counts for each member of its group, as the roster has them.
    """

    platform: str = "auto"
    assignment: str = ""
    zone: dt.tzinfo | None = None
    roster: Roster | None = None
    teams: bool = False


@dataclass
class Matched:
    platform: Platform
    candidates: list[Candidate]
    unmatched: list[Unmatched]
    ignored: list[Unmatched]


class _Skip(Exception):
    """A file that is left aside: why, and whether somebody should look at it."""

    def __init__(self, reason: str, amiss: bool = True) -> None:
        super().__init__(reason)
        self.amiss = amiss


def content(file: File, limit: int) -> tuple[bytes, str]:
    """A notebook's bytes in UTF-8, and the name of another encoding that it had. Raises Refused."""
    return as_utf8(file.read(limit))


def match(
    source: Source, course: Course, settings: Settings, on_file: Callable[[File], None] = lambda file: None
) -> Matched:
    """Sort the files of `source` into candidates, unmatched and ignored ones: each is in exactly one of the three."""
    matcher = _Matcher(source, course, settings)
    return matcher.run(on_file)


class _Matcher:
    def __init__(self, source: Source, course: Course, settings: Settings) -> None:
        self.source, self.course, self.settings = source, course, settings
        self.spellings = Spellings(course)
        self.contents = Contents(course)
        self.limit = course.limits.notebook_mb * 1_000_000
        self.notebooks = [file for file in source.files if is_notebook(file.name)]
        self.by_path = {file.path: file for file in source.files}
        self.rule = self._rule()
        self.teams = teams.of(settings.roster, settings.teams)
        self.more = platform_metadata.more(self.rule, source)
        self.commits = git.Commits()
        self.uploaded: dict[str, list[int]] = defaultdict(list)  # bytes of each notebook, by the platform's part

    def _rule(self) -> Rule:
        if self.settings.platform == "auto":
            return choose(self.spellings, self.source.name, self.notebooks)
        if self.settings.platform not in PLATFORMS:
            raise CollectError(
                _("there is no platform '{platform}'", platform=self.settings.platform),
                _("There are {names}.", names=", ".join(PLATFORMS)),
                misused=True,
            )
        platform = PLATFORMS[self.settings.platform]
        return Rule(platform, self.spellings, self.source.name, self.notebooks)

    def run(self, on_file: Callable[[File], None]) -> Matched:
        found: list[tuple[Candidate, Groups]] = []
        unmatched = [Unmatched(left.path, left.reason) for left in self.source.refused if matters(left)]
        ignored = [Unmatched(left.path, left.reason) for left in self.source.refused if not matters(left)]
        ignored += [Unmatched(left.path, left.reason) for left in self.source.noise]
        for file in self.notebooks:
            on_file(file)
            try:
                found += self._candidates(file)
            except _Skip as skip:
                (unmatched if skip.amiss else ignored).append(Unmatched(file.path, str(skip)))
        has_roster = self.settings.roster is not None and self.settings.roster.whole
        candidates = _without_clashes(found, unmatched, has_roster=has_roster)
        self._sort_others(unmatched, ignored)
        return Matched(self.rule.platform, candidates, few(unmatched, self.rule.upload), sorted(ignored))

    def _candidates(self, file: File) -> list[tuple[Candidate, Groups]]:
        """The candidate that `file` is: one for each student of a group. Raises _Skip."""
        cut = self.rule.cut(file)
        if cut is None and self.rule.is_own(file.path):
            raise _Skip(_("it is {title}'s own", title=_(self.rule.platform.title)), amiss=False)
        if cut is None:
            raise _Skip(_no_fit(self.rule.platform))
        people = [whose for each in self.more(cut) for whose in self._students(each)]
        self._count(cut, file.size)
        try:
            data, encoding = content(file, self.limit)
        except Refused as error:
            raise _Skip(str(error)) from None
        remarks = [_("was {encoding}, written as UTF-8", encoding=encoding)] if encoding else []
        try:
            inside, untouched = confined(partial(self._looked_into, data))
        except (SubmissionError, OverLimit) as error:
            inside, untouched = "", None
            problem = str(error).rstrip(".") if isinstance(error, SubmissionError) else _("it takes too long to read")
            remarks.append(_("graded as it is: {problem}", problem=problem))
        assignment = self._assignment(cut, inside, remarks)
        worked = untouched is not None and assignment not in untouched
        if untouched is not None and not worked:
            remarks.append(_("no answer differs from the release"))
        name, copy = without_copy(stem(PurePosixPath(cut.student).name))
        if self.spellings.exact(name) != assignment or copy:
            remarks.append(_("renamed"))
        if self.rule.platform is EXCHANGE and file.owner and file.owner != cut.groups["login"]:
            remarks.append(_("the file belongs to '{owner}'", owner=file.owner))
        places = [cut.within(name) for name in self.rule.platform.beside]
        beside = tuple(self.by_path[place] for place in places if place in self.by_path)
        candidates = []
        for each, student in people:
            moment = self._time(file, cut, each, assignment)
            said = [*remarks, *[_("late, and nothing says by how much")] * ("late" in each and moment is None)]
            said += [_("handed in by a team")] * ("team" in each)
            digest = sha256(data)
            order = int(each.get("order", "0")[:18])
            candidate = Candidate(
                student, assignment, file, digest, moment, worked, order, copy, tuple(said), beside,
                claim=f"{self.rule.platform.name}:{'' if 'team' in each else ' '.join(_identity(each))}",
                number=each.get("own number", ""),
            )  # fmt: skip
            candidates.append((candidate, each))
        return candidates

    def _looked_into(self, data: bytes) -> tuple[str, list[str]]:
        """Which assignment a notebook is, and of which it would be the untouched release. Raises SubmissionError."""
        notebook = parse(data)
        names = self.contents.grade_ids
        return self.contents.assignment(notebook), [n for n in names if self.contents.is_untouched(notebook, n)]

    def _count(self, cut: Cut, size: int) -> None:
        """Count what one upload becomes on disk, before it is read. Raises _Skip above the limits."""
        if size > self.limit:
            return  # refused, and not read
        upload = self.uploaded[cut.above + cut.platform]
        upload.append(size)
        if len(upload) > NOTEBOOKS:
            raise _Skip(_("this upload holds more than {number} notebooks", number=NOTEBOOKS))
        if sum(upload) > UPLOADS * self.limit:
            limit = UPLOADS * self.limit / 1_000_000
            raise _Skip(_("this upload holds more than {megabytes:g} MB of notebooks", megabytes=limit))

    def _students(self, groups: Groups) -> list[tuple[Groups, str]]:
        """Whose hand-in it is: of each member, where teams hand in. Raises _Skip."""
        if self.teams is None:
            return [(groups, self._student(groups))]
        people, reason = self.teams.members(self.rule.platform, groups)
        if not people:
            raise _Skip(reason)
        own = {person.id: person.column(self.rule.platform.name) for person in people}
        return [
            ({**groups, "team": person.team, "own number": own[person.id]} if person.team else groups, person.id)
            for person in people
        ]

    def _student(self, groups: Groups) -> str:
        """The student's id. Raises _Skip when nobody is meant, or it can't be told who."""
        if self.settings.roster is not None:
            person, reason = self.settings.roster.find(self.rule.platform.name, groups)
            if person is not None:
                return person.id
            if reason:
                raise _Skip(reason)
        parts = [groups[name] for name in self.rule.platform.student if groups.get(name)]
        student = safe_id(parts[0] if parts and "login" in groups else "-".join(parts))
        if not student:
            raise _Skip(_("its name doesn't say whose it is"))
        return student

    def _assignment(self, cut: Cut, inside: str, remarks: list[str]) -> str:
        """By what is in it, then by its name, then by --assignment. Raises _Skip."""
        asked = self.settings.assignment
        path, called = PurePosixPath(cut.student), cut.groups.get("assignment", "")
        name, _number = without_copy(stem(path.name))
        texts = [name, *reversed(path.parts[:-1]), called]
        texts.append(self.spellings.without_course(self.source.name))
        named = self.spellings.exact(called) or self.spellings.within(texts)
        if inside and named and inside != named:
            remarks.append(_("named like {named}", named=named))
        found = inside or named or asked
        if not found:
            raise _Skip(_("neither its cells nor its name say which assignment it is: name it with --assignment"))
        if asked and found != asked:
            if named == found:
                raise _Skip(
                    _("it is {found}, and --assignment asks for {asked}", found=found, asked=asked), amiss=False
                )
            raise _Skip(_("it holds the cells of {found}, and --assignment asks for {asked}", found=found, asked=asked))
        return found

    def _time(self, file: File, cut: Cut, groups: Groups, assignment: str) -> dt.datetime | None:
        zone = self.settings.zone or self.course.assignment(assignment).due.tzinfo or dt.UTC
        if groups.get("time"):
            return times.parse(groups["time"], zone)
        if self.rule.platform.checkout and file.repository is not None and file.place is not None:
            return self.commits.at(file.repository, file.place)
        # The teacher's stamp lies in the teacher's folder, and not in an archive or folder that was handed in.
        stamp = self.by_path.get(cut.within("timestamp.txt")) if self._is_teachers(cut) else None
        try:
            return times.parse(stamp.read(1000).decode("utf-8", "replace"), zone) if stamp else None
        except Refused:
            return None

    def _is_teachers(self, cut: Cut) -> bool:
        return (
            self.rule.platform.stamped
            and not cut.platform.lower().endswith(".zip")
            and StudentPart(PurePosixPath(cut.student).name) == cut.student
        )

    def _sort_others(self, unmatched: list[Unmatched], ignored: list[Unmatched]) -> None:
        """Files that are no notebooks: somebody who handed in nothing else is listed, the rest is not missed."""
        with_notebook = {self._who(file) for file in self.notebooks}
        without: dict[str, list[File]] = defaultdict(list)
        for file in self.source.files:
            if is_notebook(file.name):
                continue
            who = self._who(file)
            if file.name.lower().endswith(OTHER_ARCHIVES):
                unmatched.append(Unmatched(file.path, _("an archive of this kind is not read: unpack it")))
            elif who and who not in with_notebook:
                without[who].append(file)
            else:
                ignored.append(Unmatched(file.path, _("not a notebook")))
        for files in without.values():
            listed = ", ".join(file.name for file in files[:3]) + (" ..." if len(files) > 3 else "")
            unmatched.append(Unmatched(files[0].path, _("no notebook was handed in with it ({listed})", listed=listed)))

    def _who(self, file: File) -> str:
        cut = self.rule.cut(file)
        if cut is None or ("/" not in file.path and self.rule.platform is FOLDER):
            return ""
        return "/".join(cut.groups.get(kind, "") for kind in ("login", "number", "name"))


def _no_fit(platform: Platform) -> str:
    if platform is FOLDER:
        return _("its name doesn't say whose it is")
    return (
        _("its name is not one that {title} gives, or it lies in no checkout", title=_(platform.title))
        if platform.checkout
        else _("its name is not one that {title} gives", title=_(platform.title))
    )


def _identity(groups: Groups) -> tuple[str, ...]:
    """Whom the platform means, by the words that tell its people apart; a team, whoever of it handed in."""
    if "team" in groups:
        return (groups["team"],)
    return tuple(groups.get(kind, "") for kind in (("login",) if "login" in groups else ("name", "number")))


def _without_clashes(
    found: Iterable[tuple[Candidate, Groups]], unmatched: list[Unmatched], has_roster: bool
) -> list[Candidate]:
    """The candidates without those of different people of the platform who would be one student: nobody is replaced by another."""
    people: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    listed = list(found)
    for candidate, groups in listed:
        people[candidate.student.casefold(), candidate.assignment].add(_identity(groups))
    kept = []
    for candidate, _groups in listed:
        same = people[candidate.student.casefold(), candidate.assignment]
        if len(same) == 1:
            kept.append(candidate)
            continue
        shown = ", ".join(sorted(" ".join(part for part in each if part) for each in same))
        told = {"count": len(same), "student": candidate.student, "shown": shown}
        reason = (
            _("{count} people would be '{student}' ({shown:.200}): the roster must tell them apart", **told)
            if has_roster
            else _("{count} people would be '{student}' ({shown:.200}): a roster tells them apart", **told)
        )
        unmatched.append(Unmatched(candidate.file.path, reason, candidate.student))
    return kept
