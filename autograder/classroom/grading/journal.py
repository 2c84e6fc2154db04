"""What is finished, on disk: a run that is stopped, killed or cut off from power loses nothing that is written here.

A result is finished when its entry is there and its digests fit: executed notebook, report and hand-ins are each written beside their
place, synced and renamed, the entry after all others (`classroom.folder` says where). The entry's key is the digest of everything that
determines the result, so what changed is seen.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from autograder.classroom.folder import AGAIN, BESIDE, Folder
from autograder.classroom.grading.basis import Basis, of_report, released
from autograder.classroom.grading.handin_store import Store
from autograder.classroom.process_lock import alone, is_held
from autograder.common.digests import sha256
from autograder.common.errors import JournalError, ReportError
from autograder.common.files import bytes_of, put, unwritable
from autograder.common.i18n import _
from autograder.common.results import Frozen, Report
from autograder.common.submission import Submission


class Entry(Frozen):
    """One finished submission. `report`, `notebook`: SHA-256 of the files; `handins`: of the entry in their store, or ''.

    `language`: that was asked for; '' where the report is in the submission's own.
    """

    key: str
    report: str
    notebook: str
    handins: str = ""
    points: float
    out_of: float
    undecided: tuple[str, ...] = ()  # questions
    language: str = ""
    fits: int = 0
    trained: int = 0
    seconds: float = 0.0
    basis: Basis | None = None  # what the key is the digest of; entries from before it have none


@dataclass(frozen=True)
class Result:
    """What a worker made of a submission, as it goes to disk: text and bytes only."""

    report: str
    notebook: str
    handins: bytes = b""
    fits: int = 0
    trained: int = 0
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)  # as `submission.Graded`'s


class Journal:
    """The results of the course in `root`. Every method raises JournalError, with file and remedy, when the disk refuses."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = Folder(root)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One run at a time. The system lets go of the lock when the process ends, however it ends."""
        with ExitStack() as stack:
            with _said(self.folder.lock):  # `busy` holds it for a moment
                got = stack.enter_context(alone(self.folder.lock, 1.0))
            if not got:
                message = _("another autograder is grading this course at the moment")
                raise JournalError(message, _("`autograder status` shows what it does; wait for its end."))
            yield

    def busy(self) -> bool:
        """Is a run of this course alive?"""
        return is_held(self.folder.lock)

    def known(
        self, submission: Submission, now: Basis, course: Callable[[], Mapping[str, list[str]]] = dict
    ) -> Report | tuple[str, ...]:
        """What is finished and rests on the same as `now`; otherwise why it must be graded again, nothing if it never was.

        `course` gives what changed in the course since, as `course_changes` does.
        """
        found = self.read(submission)
        if found is None:
            return (_("its journal entry is damaged"),) if self.folder.entry(submission).exists() else ()
        if found.key != now.key():
            if found.basis is None:
                return (_("the grader changed ({old} → {new})", old=_("an older one"), new=now.grader),)
            return found.basis.changes(now, course)
        try:
            if sha256(bytes_of(self.folder.notebook(submission))) != found.notebook:
                return (_("its executed notebook is not as it was written"),)
            decided = self.folder.read_report(submission, found.report)
        except (OSError, ReportError):
            return (_("its report or executed notebook is not as it was written"),)
        return (_("it was undecided"),) if decided.unsettled else decided

    def read(self, submission: Submission) -> Entry | None:
        """The entry of the last time that this submission was finished, whatever its key."""
        try:
            return Entry.model_validate_json(bytes_of(self.folder.entry(submission)))
        except (OSError, ValidationError):
            return None

    def write(self, submission: Submission, report: str, notebook: str, handins: bytes = b"") -> Report:
        """Finish a submission again, whoever judged it, in the language of before: `regrade` does it without a run."""
        before = self.read(submission)
        return self.finish(submission, Result(report, notebook, handins), before.language if before else "")

    def finish(self, submission: Submission, result: Result, language: str = "") -> Report:
        """Write a result; `language` was asked for, '' for each submission's own.

        Killed at any moment, this leaves the old one or the new one, or none that fits.
        """
        decided = Report.from_json(result.report)
        notebook, report = result.notebook.encode("utf-8"), result.report.encode("utf-8")
        with _said(self.folder.reports):
            handins = Store(self.root).keep(submission.student, submission.assignment, result.handins)
        write(self.folder.notebook(submission), notebook)
        self.stamp(submission)
        write(self.folder.report(submission), report)
        basis = of_report(decided, released(self, decided.assignment))
        entry = Entry(
            key=basis.key(), basis=basis,
            report=sha256(report), notebook=sha256(notebook), handins=handins,
            points=decided.points, out_of=decided.out_of,
            undecided=tuple(question.question for question in decided.questions if question.undecided),
            language=language, fits=result.fits, trained=result.trained, seconds=round(result.seconds, 3),
        )  # fmt: skip
        write(self.folder.entry(submission), entry.model_dump_json(indent=1).encode() + b"\n")
        return decided

    def entries(self) -> Iterator[tuple[str, str, Entry]]:
        """Everything that is finished: student, assignment, entry; by student and assignment."""
        for path in sorted(self.folder.entries.glob("*/*.json")):
            with suppress(OSError, ValidationError):
                yield path.parent.name, path.stem, Entry.model_validate_json(bytes_of(path))

    def stamp(self, submission: Submission) -> None:
        """What nbgrader keeps beside the executed notebook, as it is beside the submitted one; nothing else there."""
        notebook = self.folder.notebook(submission)
        target, keep = notebook.parent, {notebook.name}
        with _said(target):
            for name, size in BESIDE.items():
                try:
                    text = bytes_of(submission.path.parent / name, size, follow=False)
                except OSError:  # there is none, or none that belongs here
                    continue
                keep.add(name)
                there = target / name
                if not there.is_file() or bytes_of(there) != text:
                    write(there, text)
            for path in target.iterdir():
                if path.name not in keep:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def sweep(self) -> None:
        """Remove half-written files of a run that was killed."""
        with _said(self.folder.journal):
            for folder in (self.folder.journal, self.folder.reports, self.folder.autograded):
                for path in folder.rglob(".*.part") if folder.is_dir() else ():
                    path.unlink(missing_ok=True)


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """`files.put`, and its trouble as a JournalError."""
    with _said(path):
        put(path, content, durable=durable)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """What the disk says, as JournalError with the remedy."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, _(AGAIN), JournalError) from error
