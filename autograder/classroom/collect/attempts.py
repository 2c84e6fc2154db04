"""Which attempt counts: candidates compared with what submitted/ holds and with what was ever collected into it.

Beside the students, ``submitted/.attempts/<student>/<assignment>/`` keeps earlier attempts and ``attempts.json``, the
list of all that were collected. Names that begin with a dot are passed over by grading, nbgrader and formgrader.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from autograder.classroom.collect import times
from autograder.classroom.collect.matching import Candidate
from autograder.classroom.collect.results import Taken, Unmatched, What
from autograder.classroom.folder import Folder
from autograder.common.digests import of_file
from autograder.common.errors import CollectError
from autograder.common.files import bytes_of
from autograder.common.i18n import _
from autograder.common.models import Written

KEPT = ".attempts"


class Attempt(Written):
    """One notebook that was collected: SHA-256 of its bytes as written, when it was handed in, what it was called, and whom the
    platform meant by it (``platform:words``; without words: a team). `number`: the platform's of this student, where a team handed in.
    `order`: grows from one upload to the next, where the platform counts them; 0 elsewhere."""

    sha256: str
    time: AwareDatetime | None
    file: str
    claim: str = ""
    number: str = ""
    order: int = 0

    def rank(self) -> tuple[object, ...]:
        """Later is larger, as of `Candidate`."""
        return (self.time is not None, self.time or dt.datetime.min, self.order)


class Record(Written):
    attempts: tuple[Attempt, ...] = ()

    def knows(self, each: Candidate) -> bool:
        """Whether it was collected before: the same content at another moment is another attempt, of somebody who went back to it."""
        there = self.of(each.digest, each.time)
        return any(not (each.order and attempt.order) or attempt.order == each.order for attempt in there)

    def of(self, digest: str, time: dt.datetime | None) -> list[Attempt]:
        return [attempt for attempt in self.attempts if (attempt.sha256, attempt.time) == (digest, time)]

    def others(self, claim: str) -> set[str]:
        """Whom else of the same platform attempts were collected for: two people there can't be one student here. A team is several."""
        platform, _colon, words = claim.partition(":")
        claims = {a.claim for a in self.attempts if a.claim.partition(":")[0] == platform} if words else set()
        return claims - {claim, f"{platform}:"}

    def source(self, digest: str) -> str:
        """The file of SOURCE that a notebook with this digest was; '' if it was not collected."""
        return next((attempt.file for attempt in reversed(self.attempts) if attempt.sha256 == digest), "")


@dataclass(frozen=True)
class SubmissionPaths:
    """Where a student's submission of an assignment lies in `submitted`."""

    submitted: Path
    student: str
    assignment: str

    @property
    def folder(self) -> Path:
        return self.submitted / self.student / self.assignment

    @property
    def kept(self) -> Path:
        return self.submitted / KEPT / self.student / self.assignment

    @property
    def record(self) -> Path:
        return self.kept / "attempts.json"

    def notebook(self) -> Path | None:
        """The notebook that is there, also a lone one under another name, as grading takes it."""
        expected = self.folder / f"{self.assignment}.ipynb"
        others = sorted(self.folder.glob("*.ipynb")) if self.folder.is_dir() else []
        if expected in others:
            return expected
        return others[0] if len(others) == 1 else None

    def time(self) -> dt.datetime | None:
        try:
            return times.parse(
                bytes_of(self.folder / "timestamp.txt", 1000, follow=False).decode("utf-8", "replace")[:100]
            )
        except OSError:
            return None

    def is_linked(self) -> bool:
        return any(path.is_symlink() for path in (self.submitted, self.folder.parent, self.folder))


@dataclass
class Step:
    """What is to be done at a place: `counts` becomes the submission, `keep` are written beside as earlier attempts."""

    place: SubmissionPaths
    record: Record
    counts: Candidate | None = None
    keep: list[Candidate] = field(default_factory=list)
    has_news: bool = False  # `record` isn't what is written down
    taken: list[Taken] = field(default_factory=list)


def plan(candidates: Iterable[Candidate], submitted: Path) -> tuple[list[Step], list[Unmatched]]:
    """A step for each student and assignment, and the candidates that can't be put in order.

    Raises CollectError when a list of attempts is damaged.
    """
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.student, candidate.assignment].append(candidate)
    steps: list[Step] = []
    unmatched: list[Unmatched] = []
    there = Folder(submitted.parent).students()
    for (student, assignment), group in sorted(groups.items()):
        place = SubmissionPaths(submitted, student, assignment)
        if place.is_linked():
            reason = _(
                "{parent} is a link: collecting writes into folders only",
                parent=place.folder.relative_to(submitted.parent),
            )
            unmatched += [Unmatched(each.file.path, reason, student) for each in group]
            continue
        record = read_record(place.record)
        others = {claim.partition(":")[2] for each in group for claim in record.others(each.claim)}
        # One folder on a Mac and on Windows, and to many platforms one user name.
        others |= {name for name in there if name.casefold() == student.casefold()} if student not in there else set()
        if others:
            reason = _(
                "'{student}' was somebody else before ({others:.200}): the roster must tell them apart",
                student=student,
                others=", ".join(sorted(others)),
            )
            unmatched += [Unmatched(each.file.path, reason, student) for each in group]
            continue
        ordered, tied = _in_order(group)
        unmatched += tied
        if ordered:
            steps.append(_step(place, record, ordered))
    return steps, unmatched


def _in_order(group: list[Candidate]) -> tuple[list[Candidate], list[Unmatched]]:
    """Earliest first, each content and moment once. If it can't be told which of two is the latest, neither is taken."""
    ranked = sorted(group, key=lambda each: (each.rank(), each.file.path))
    different = {(each.digest, each.time, each.order): each for each in ranked}
    ordered = sorted(different.values(), key=Candidate.rank)  # what comes twice counts where it comes last
    latest = [each for each in ordered if each.rank() == ordered[-1].rank()]
    if len(latest) == 1:
        return ordered, []
    names = ", ".join(each.file.path for each in latest[:2])
    reason = _("nothing says which is the later: {names}. Remove one, and collect again", names=names)
    return [], [Unmatched(each.file.path, reason, each.student) for each in ordered]


def _step(place: SubmissionPaths, record: Record, ordered: list[Candidate]) -> Step:
    step = Step(place, record)
    current, time = place.notebook(), place.time()
    digest = digest_of(current) if current is not None else ""
    order = max((attempt.order for attempt in record.of(digest, time)), default=0)
    latest = ordered[-1]
    for each in ordered:
        what = What.UNCHANGED
        if current is None:
            what = What.TAKEN if each is latest else What.UNCHANGED
            if each is not latest and not record.knows(each):
                what = What.KEPT
        elif not record.knows(each) and (each.digest, each.time, each.order) != (digest, time, order):
            earlier = _is_earlier(each, time, order)
            what = What.REPLACED if each is latest and not earlier else What.KEPT
            if each.digest == digest and (earlier or each.time is None):
                what = What.UNCHANGED  # the same notebook once more, and no later
        notes = each.notes
        if what is What.REPLACED and each.digest == digest:
            notes = (_("the same notebook, handed in later"), *notes)
        if what in (What.TAKEN, What.REPLACED):
            step.counts = each
        elif what is What.KEPT:
            step.keep.append(each)
        step.taken.append(Taken(each.student, each.assignment, each.file.path, what, each.time, notes))
    new = tuple(
        Attempt(sha256=e.digest, time=e.time, file=e.file.path, claim=e.claim, number=e.number, order=e.order)
        for e in ordered
        if not record.knows(e)
    )
    step.record = Record(attempts=(*record.attempts, *new))
    step.has_news = bool(new) or not place.record.is_file()
    return step


def _is_earlier(each: Candidate, time: dt.datetime | None, order: int) -> bool:
    """Whether `each` is of before what is there. Where neither times nor the platform's count say it, what is collected later is the later."""
    if each.time is not None and time is not None and each.time != time:
        return each.time < time
    return each.time == time and 0 < each.order < order


def read_record(path: Path) -> Record:
    """The list of attempts in `path`; an empty one if there is none. Raises CollectError if it is damaged."""
    try:
        return Record.model_validate_json(bytes_of(path))
    except FileNotFoundError:
        return Record()
    except (OSError, ValidationError, json.JSONDecodeError):
        remedy = _("Delete it: what submitted/ holds counts then as the latest attempt until a later one comes.")
        raise CollectError(_("{path} is not a list of attempts", path=path), remedy) from None


def digest_of(path: Path) -> str:
    """SHA-256 of a file; '' where it can't be read."""
    try:
        return of_file(path)
    except OSError:
        return ""


def label(digest: str, time: dt.datetime | None) -> str:
    """The name of an attempt's folder: sorts by time, and is the same on every run."""
    moment = time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H%M%SZ") if time else "no-time"
    return f"{moment}-{digest[:12]}"
