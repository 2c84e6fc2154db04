"""What grading says: `Outcome` of one check, `QuestionResult`, and `Report` of one submission. Rendered only at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from autograder.common.models import Frozen as Frozen
from autograder.common.models import Said
from autograder.common.showing.exhibits import Exhibit
from autograder.common.showing.readable import json_text


class Status(StrEnum):
    PASSED = "passed"
    FAILED = "failed"  # the student's work is wrong
    UNDECIDED = "undecided"  # the grader could not tell: never scored as zero, goes to manual review
    SKIPPED = "skipped"  # a check that this one needs did not pass


class Result(Frozen):
    """A part of a report. What it says is `Said`: nothing gets in past that type, also not into a copy."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        changed = super().model_copy(update=update, deep=deep)
        return type(self).model_validate(vars(changed)) if update else changed


class Outcome(Result):
    """One check, decided. `points` of `out_of` were earned; `expected` and `actual` are for people to read."""

    check: str
    title: Said
    status: Status
    points: float = 0.0
    out_of: float = 0.0
    expected: Said = ""
    actual: Said = ""
    hint: Said = ""
    hidden: bool = False
    by_hand: bool = False  # for a person to decide, as the course wants it

    @property
    def waits(self) -> bool:
        """Whether a person has yet to decide it, as the course wants it."""
        return self.by_hand and self.status is Status.UNDECIDED


class QuestionResult(Result):
    """A question's outcomes. `problem` says why there are none (a cell raised, broke a limit, nothing was handed in)."""

    question: str
    title: Said
    out_of: float
    outcomes: tuple[Outcome, ...] = ()
    problem: Said = ""
    hint: Said = ""
    exhibit: Exhibit | None = None  # what pages show beside the outcomes; reports from before it have none

    @property
    def points(self) -> float:
        return round(sum((outcome.points for outcome in self.outcomes), 0.0), 6)

    @property
    def undecided(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status is Status.UNDECIDED)

    @property
    def status(self) -> Status:
        if self.undecided:
            return Status.UNDECIDED
        return Status.PASSED if self.points >= self.out_of - 1e-9 else Status.FAILED


class BrokenLimit(Result):
    """A limit that the notebook broke: `cell` counts from 0; `limit` as in `sandbox.run_notebook.Break`; `sentence` is for people."""

    cell: int
    limit: str
    sentence: Said


class FirstCause(Result):
    """The exception of a notebook that explains most of the later ones, for people to read.

    `cell` counts from 0; `question`: whose answer cell it is, or ''; `place`: that question's title, or the heading above the cell.
    `error`: like ``NameError: name 'x' is not defined``; `followed`: how many later errors come from it; `questions`: those that it
    cost something. `surroundings`: what the grader's machine lacks, if that is why. `sentence`: all this in one or two sentences.
    """

    cell: int
    question: str = ""
    place: Said
    error: Said
    followed: int = 0
    questions: tuple[str, ...] = ()
    surroundings: Said = ""
    sentence: Said


class Report(Result):
    """One submission, graded: the same submission always gives the same report, byte for byte.

    It holds no clock time, path, host name or worker number; `submission` and `course` are SHA-256 digests.
    """

    student: str
    assignment: str
    submission: str
    course: str
    isolation: str
    versions: dict[str, str]
    questions: tuple[QuestionResult, ...]
    notes: tuple[Said, ...] = ()  # what happened to the notebook as a whole: limits broken, cells restored
    breaks: tuple[BrokenLimit, ...] = ()  # the broken limits of `notes` again, for pages that say what to do about each
    language: str = "en"  # of titles, hints and notes
    grader: str = (
        ""  # its version, and what its code comes to (`worker.grader_version`); reports from before it have none
    )
    first_cause: FirstCause | None = None

    @property
    def points(self) -> float:
        return round(sum(question.points for question in self.questions), 6)

    @property
    def out_of(self) -> float:
        return round(sum(question.out_of for question in self.questions), 6)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What there is to say about the notebook as a whole: the first cause of its errors, then `notes`."""
        return (*((self.first_cause.sentence,) if self.first_cause else ()), *self.notes)

    @property
    def undecided(self) -> bool:
        return any(question.undecided for question in self.questions)

    @property
    def complete(self) -> bool:
        """Whether it has all points that checks give; those that only people give aren't counted."""
        waiting = sum(one.out_of for question in self.questions for one in question.outcomes if one.waits)
        return self.points >= self.out_of - waiting - 1e-9

    @property
    def unsettled(self) -> bool:
        """Whether the grader could not tell something: not what only people tell."""
        return any(not outcome.by_hand for question in self.questions for outcome in question.undecided)

    def to_json(self) -> str:
        document: dict[str, Any] = self.model_dump(mode="json")
        return json_text(document, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Report:
        return cls.model_validate_json(text)
