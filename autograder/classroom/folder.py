"""The course's folder: where everything lies that is handed in, made and kept, and the one reader of reports and executed notebooks.

::

    submitted/<student>/<assignment>/<assignment>.ipynb    what was handed in, with nbgrader's timestamp.txt
    autograded/<student>/<assignment>/<assignment>.ipynb   the executed notebook, as nbgrader lays it out
    reports/<student>/<assignment>.json                    the report
    reports/.handins/                                      what was handed in, for judging again (`handin_store`)
    feedback/<student>/<assignment>/<assignment>.html      the student's page
    journal/entries/<student>/<assignment>.json            what is finished; beside it `lock`, `collecting`, `state.json`, `due.json` and `class.json`
    logs/<utc time>.log                                    one of each run

As nbgrader's CourseDirectory, one object owns every path; no other module spells these names. There is one rule for a file that can't be
used: read by itself, a report raises what is wrong with it and what to do; among many it is told, left out, and stops nobody else's. A
notebook that can't be read is None: the report is what counts. This module is cheap to import: the shell's completion waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from autograder.common.digests import sha256
from autograder.common.errors import AutograderError, ReportError
from autograder.common.files import is_text, opened
from autograder.common.i18n import N_, _

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.common.results import Report

LARGEST = 64 << 20  # bytes of a report or an executed notebook that is read: far above what grading writes
GRADEBOOK = "gradebook.db"  # where course.yml's default puts it
AGAIN = N_("Then run the same command again: what was graded is kept.")  # behind a remedy
FORMGRADER = "http://localhost:8888/formgrader"  # where `jupyter lab` has it unless it was told otherwise
CLASS_PAGE = "class.html"  # where `autograder report` puts it
# What nbgrader's release_feedback needs beside a notebook or page, and its size in bytes: the secret names a student's page.
BESIDE = {"timestamp.txt": 100, "submission_secret.txt": 1000}
SHOWN = 20  # names of a class, where none is near
_AGAIN = N_("Run `autograder grade`: it grades this submission anew.")


class Work(Protocol):
    """Whose work, for which assignment: a `Submission`, a `Report`, a `Place`."""

    @property
    def student(self) -> str: ...

    @property
    def assignment(self) -> str: ...


class Place(NamedTuple):
    """One submission, by its names alone."""

    student: str
    assignment: str


class Folder:
    """The folder `root` of a course. Nothing is created, and nothing has to be there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.submitted = root / "submitted"
        self.autograded = root / "autograded"
        self.reports = root / "reports"
        self.handins = self.reports / ".handins"
        self.feedback = root / "feedback"
        self.journal = root / "journal"
        self.entries = self.journal / "entries"
        self.lock = self.journal / "lock"
        self.collecting = self.journal / "collecting"
        self.state = self.journal / "state.json"
        self.due = self.journal / "due.json"
        self.looks = self.journal / "class.json"
        self.logs = root / "logs"
        self.gradebook = root / GRADEBOOK
        self.class_page = root / CLASS_PAGE

    def made(self) -> tuple[Path, ...]:
        """All that is made at run time: no student may see it, and it is never committed."""
        return (
            self.submitted, self.autograded, self.reports, self.feedback, self.journal, self.logs, self.gradebook,
            self.class_page,
        )  # fmt: skip

    def submission(self, work: Work) -> Path:
        return self.submitted / work.student / work.assignment / f"{work.assignment}.ipynb"

    def notebook(self, work: Work) -> Path:
        return self.autograded / work.student / work.assignment / f"{work.assignment}.ipynb"

    def report(self, work: Work) -> Path:
        return self.reports / work.student / f"{work.assignment}.json"

    def page(self, work: Work) -> Path:
        return self.feedback / work.student / work.assignment / f"{work.assignment}.html"

    def entry(self, work: Work) -> Path:
        return self.entries / work.student / f"{work.assignment}.json"

    def relative(self, path: Path) -> str:
        """`path` as people read it: from the course's folder, with slashes."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def students(self) -> list[str]:
        """Who has a folder in submitted/ or reports/, sorted; nobody where they can't be read."""
        found = set()
        for folder in (self.submitted, self.reports):
            with suppress(OSError):
                found |= {
                    path.name
                    for path in folder.iterdir()
                    if path.is_dir() and not path.name.startswith(".") and is_text(path.name)
                }
        return sorted(found)

    # ---- the readers

    def require_students(self, names: Collection[str], others: Iterable[str] = ()) -> None:
        """Raises AutograderError for one of `names` who handed nothing in, has no report and is none of `others`: with the nearest name."""
        from autograder.common.hints.for_errors import meant
        from autograder.common.showing.nearest_name import nearest

        known = sorted({*others, *(self.students() if names else ())})
        for name in names:
            if name not in known:
                listed = known if nearest(name, known) else known[:SHOWN]
                said = _("there is no student '{name}'", name=name)
                raise AutograderError(said, meant(name, listed) if listed else "", misused=True)

    def read_report(self, work: Work, digest: str = "") -> Report:
        """The report; with `digest`, only if that is its file's SHA-256. Raises ReportError."""
        return read_report(self.report(work), digest)

    def read_reports(
        self, assignments: Collection[str], students: Collection[str] = (), *, amiss: Callable[[ReportError], None]
    ) -> Iterator[Report]:
        """The reports of `assignments`, by student; of `students` alone, if any are named. `amiss` is told what can't be used."""
        for path in sorted(self.reports.glob("*/*.json")):
            student = path.parent.name
            if student.startswith(".") or path.stem not in assignments or (students and student not in students):
                continue
            try:
                yield read_report(path)
            except ReportError as error:
                amiss(error)

    def read_notebook(self, work: Work) -> NotebookNode | None:
        """The executed notebook in format 4; None if it isn't there or can't be used."""
        import nbformat  # takes seconds, which a table of scores needn't wait for

        try:
            notebook = nbformat.reads(_content(self.notebook(work)).decode("utf-8"), as_version=4)
            return notebook if isinstance(notebook.cells, list) else None
        except Exception:  # what nbformat raises at a damaged document has no one base class
            return None


def read_report(path: Path, digest: str = "") -> Report:
    """The report in ``reports/<student>/<assignment>.json``.

    Raises ReportError, with the remedy, for a file that is missing, no report, that of somebody else, or not that of `digest`.
    """
    from autograder.common.results import Report

    try:
        content = _content(path)
        report = Report.from_json(content.decode("utf-8"))
    except OSError as error:
        why = error.strerror or str(error)
        raise ReportError(_("{path} can't be read: {why}", path=path, why=why), _(_AGAIN)) from error
    except ValueError as error:
        raise ReportError(_("{path} is damaged: it holds no report", path=path), _(_AGAIN)) from error
    if (report.student, report.assignment) != (path.parent.name, path.stem):
        whose = f"{report.student} {report.assignment}"
        raise ReportError(_("{path} is the report of another submission ({whose})", path=path, whose=whose), _(_AGAIN))
    if digest and sha256(content) != digest:
        raise ReportError(_("{path} was changed since it was written", path=path), _(_AGAIN))
    return report


def _content(path: Path) -> bytes:
    """Raises OSError, and ValueError for more than `LARGEST` bytes."""
    with opened(path) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("larger than anything that grading writes")
    return content
