"""What a submission is graded under: everything that its report says and that is not the notebook's own doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from nbformat import NotebookNode

from autograder.common.digests import sha256
from autograder.common.machine.versions import versions
from autograder.common.results import BrokenLimit, FirstCause, QuestionResult, Report
from autograder.common.wire.handins import annotated
from autograder.course.course import Assignment, Course, course_document
from autograder.course.released_notebook import origin, released_notebook
from autograder.worker.grader_version import grader, runner


@dataclass(frozen=True)
class Task:
    """A submission of `student`, whose file has the SHA-256 `digest`, under `course`, in `language`.

    `language` may be '' for the submission's own, until the task is `settled`. `release`: of the release that it was made from.
    `all_cells`: run the release's illustrations too; the report is the same.
    """

    student: str
    assignment: str
    digest: str
    course: Course
    isolation: str
    language: str = ""
    release: str = ""
    all_cells: bool = False

    def settled(self, submitted: NotebookNode | None = None) -> Task:
        """The task of this notebook (None: of a file that is none), with the language that its student reads."""
        own = self.course.language if submitted is None else origin(self.course, self.assignment, submitted)
        return replace(self, language=self.language or own, release=own)

    @property
    def asked(self) -> Assignment:
        return self.course.assignment(self.assignment)

    @cached_property
    def released(self) -> NotebookNode:
        return released_notebook(self.course, self.assignment, self.release)

    @cached_property
    def _document(self) -> bytes:
        """What determines the report, said once for it and for what is kept with the hand-ins."""
        return course_document(self.course, self.assignment)

    def report(
        self,
        questions: Sequence[QuestionResult],
        notes: Sequence[str] = (),
        breaks: Sequence[BrokenLimit] = (),
        first_cause: FirstCause | None = None,
    ) -> Report:
        return Report(
            student=self.student,
            assignment=self.assignment,
            submission=self.digest,
            course=sha256(self._document),
            isolation=self.isolation,
            versions=_versions(),
            questions=tuple(questions),
            notes=tuple(notes),
            breaks=tuple(breaks),
            language=self.language,
            grader=grader(self.course, self.assignment, self.language),
            first_cause=first_cause,
        )

    def handins(self, packed: bytes, **facts: Any) -> bytes:
        """What the judge packed, with what only this side knows; b"" stays b"": nothing could be kept."""
        document = self._document
        names = {"assignment": self.assignment, "submission": self.digest, "language": self.language}
        about: Mapping[str, Any] = {**names, "versions": _versions(), "course": sha256(document)}
        about = {**about, "runner": runner(), **facts}
        return annotated(packed, about, {sha256(document): document}) if packed else b""


def _versions() -> dict[str, str]:
    return dict(version.split(" ", 1) for version in versions())
