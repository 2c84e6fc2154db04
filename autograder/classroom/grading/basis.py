"""What a report rests on: everything that determines it, and, when some of that changed, what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from autograder.classroom.grading.handin_store import Store
from autograder.classroom.pages.changes import course_changes
from autograder.common.digests import of_file, sha256
from autograder.common.i18n import _
from autograder.common.machine.versions import versions
from autograder.common.results import Frozen, Report
from autograder.common.submission import Submission
from autograder.course.course import Course, course_document
from autograder.course.released_notebook import beside, release_file, released_languages
from autograder.worker.grader_version import grader


class Basis(Frozen):
    """Everything that determines the report of a submission: digests of its file, of the course and of the release; and who
    graded it how. Two reports with the same basis are the same, byte for byte."""

    student: str
    assignment: str
    submission: str
    course: str
    release: str
    grader: str
    isolation: str
    language: str
    versions: tuple[str, ...]

    def key(self) -> str:
        return sha256(self.model_dump_json())

    def changes(self, now: Basis, course: Callable[[], Mapping[str, list[str]]] = dict) -> tuple[str, ...]:
        """What changed until `now`, for people. `course` gives what changed in the course, by question or file."""
        found = []
        if self.submission != now.submission:
            found.append(_("the submission changed"))
        if self.course != now.course:
            found += _course(course())
        if self.release != now.release:
            found.append(_("the released notebook changed"))
        if self.grader != now.grader:
            found.append(_("the grader changed ({old} → {new})", old=self.grader or _("an older one"), new=now.grader))
        if self.versions != now.versions:
            new = sorted(set(now.versions) - set(self.versions)) or sorted(now.versions)
            found.append(_("other libraries ({names})", names=", ".join(new)))
        if self.isolation != now.isolation:
            found.append(_("another isolation ({old} → {new})", old=self.isolation, new=now.isolation))
        if self.language != now.language:
            found.append(_("another language ({old} → {new})", old=self.language, new=now.language))
        return tuple(found)


def _course(changes: Mapping[str, list[str]]) -> list[str]:
    files = sorted(name for name in changes if "." in name)
    questions = [name for name in changes if name and name not in files]
    found = [_("a file that checks use changed: {files}", files=", ".join(files))] if files else []
    if questions:
        found.append(_("course.yml changed: {questions}", questions=", ".join(questions)))
    if "" in changes:
        found.append(_("course.yml changed: {what}", what="; ".join(changes[""])))
    return found or [_("course.yml changed")]


def of_report(report: Report, release: str) -> Basis:
    """What `report` rests on, made with the release of that digest."""
    return Basis(
        student=report.student, assignment=report.assignment, submission=report.submission, course=report.course,
        release=release, grader=report.grader, isolation=report.isolation, language=report.language,
        versions=tuple(sorted(f"{name} {version}" for name, version in report.versions.items())),
    )  # fmt: skip


def of_now(course: Course, student: str, assignment: str, submission: str, isolation: str, language: str) -> Basis:
    """What a report would rest on that is made now."""
    return Basis(
        student=student, assignment=assignment, submission=submission, course=course.digest(assignment),
        release=released(course, assignment), grader=grader(course, assignment, language), isolation=isolation,
        language=language, versions=tuple(sorted(versions())),
    )  # fmt: skip


class Bases:
    """What reports of `course` would rest on that are made now."""

    def __init__(self, course: Course, isolation: str, language: str) -> None:
        self.course, self.isolation, self.language = course, isolation, language
        self._known: dict[tuple[str, str], Basis] = {}  # of nobody's submission, by assignment and language

    def of(self, submission: Submission, digest: str, own: str = "") -> Basis:
        """That of a submission with these bytes; `own` is its language, for where none was asked for."""
        name, language = submission.assignment, self.language or own or self.course.language
        place = name, language
        if place not in self._known:
            self._known[place] = of_now(self.course, "", name, "", self.isolation, language)
        return self._known[place].model_copy(update={"student": submission.student, "submission": digest})

    def course_changes(self, submission: Submission) -> Mapping[str, list[str]]:
        """What changed in the course since a submission was graded, by question or file; nothing if that was not kept."""
        before = Store(self.course.root).course_of(submission.student, submission.assignment)
        now = json.loads(course_document(self.course, submission.assignment))
        return course_changes(before, now) if before is not None else {}


def released(course: Any, assignment: str) -> str:
    """SHA-256 of the released notebooks that submissions are restored from, and of what lies beside them for their cells.

    '' without any. Only the course's `root` counts.
    """
    found = []
    for language in released_languages(course.root):
        notebook = course.root / release_file(assignment, language)
        for name, path in {"": notebook, **beside(course, assignment, language)}.items():
            if path.is_file():
                found.append((language, name, of_file(path)))
    return sha256(json.dumps(found)) if found else ""
