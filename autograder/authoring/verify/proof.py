"""What verifying says: a `Step` for each thing that was proven or not, with the reasons. Rendered only at the edge."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from autograder.common.i18n import N_, _
from autograder.common.models import Written
from autograder.common.showing.readable import json_text


class Part(StrEnum):
    """What `--only` may name, in the order in which it is proven."""

    SOLUTION = "solution"
    ALTERNATIVES = "alternatives"
    RELEASE = "release"
    MUTANTS = "mutants"
    CHECKS = "checks"
    SECRETS = "secrets"
    NBGRADER = "nbgrader"
    LANGUAGES = "languages"
    THRESHOLDS = "thresholds"
    EMPTIED = "emptied"
    UNASKED = "unasked"
    TOLD = "told"
    ENVIRONMENT = "environment"
    SPELLINGS = "spellings"
    SLIPS = "slips"


ABOUT = {
    Part.SOLUTION: N_("The solution earns every point"),
    Part.ALTERNATIVES: N_("Right solutions that are written differently earn every point"),
    Part.RELEASE: N_("The untouched release is up to date and earns nothing"),
    Part.MUTANTS: N_("A solution with one mistake loses exactly the checks it should, and reads why"),
    Part.CHECKS: N_("Every check can fail: it kills a mutant"),
    Part.SECRETS: N_("Nothing hidden is in the release, in feedback, or in the kernel"),
    Part.NBGRADER: N_("nbgrader's validator agrees"),
    Part.LANGUAGES: N_("All languages have the same questions"),
    Part.THRESHOLDS: N_("Thresholds are earned: right networks pass them, typical wrong ones don't"),
    Part.EMPTIED: N_("A question left empty earns nothing, and costs only what needs it"),
    Part.UNASKED: N_("What a question asks for is handed in and looked at"),
    Part.TOLD: N_("No hidden answer is told before its question"),
    Part.ENVIRONMENT: N_("What only the grader's machine lacks costs nobody a point"),
    Part.SPELLINGS: N_("Right answers, written otherwise by a generator, earn every point"),
    Part.SLIPS: N_("Single mistakes, made by a generator, cost the checks whose requirement they break"),
}


class Reason(Written):
    """One thing that is wrong. `place`: the check or question; `file`: what to look into, from the course's folder."""

    message: str
    file: str = ""
    place: str = ""
    expected: str = ""
    found: str = ""

    def sentence(self) -> str:
        start = ": ".join(part for part in (self.file, self.place, self.message) if part)
        details = [_("expected {what}", what=self.expected)] * bool(self.expected) + [
            _("found {what}", what=self.found)
        ] * bool(self.found)
        return f"{start} ({', '.join(details)})" if details else start


class Step(Written):
    """`name`: the mutant, the language, the check. `notes`: what is worth knowing though nothing is wrong; `asked`: what an author is
    asked, since only an author knows whether it is.

    `tried`: how many versions of a notebook the step stands for, and `wrong` how many of them gave the reasons.
    """

    part: Part
    assignment: str
    name: str
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    seconds: float = 0.0
    tried: int = 1
    wrong: int = 0

    @property
    def proven(self) -> bool:
        return not self.reasons

    @property
    def right(self) -> int:
        """How many of those that were tried are as they should be."""
        return self.tried if self.proven else self.tried - max(1, self.wrong)


class Proof(Written):
    """All steps, in order; `seconds` of wall time, and how many trainings the notebooks asked for."""

    steps: tuple[Step, ...]
    seconds: float = 0.0
    fits: int = 0

    @property
    def proven(self) -> bool:
        return all(step.proven for step in self.steps)

    @property
    def wrong(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not step.proven)

    @property
    def assignments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step.assignment for step in self.steps))

    def of(self, assignment: str, part: Part | None = None) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.assignment == assignment and part in (None, step.part))

    def to_json(self) -> str:
        document = {"proven": self.proven, **self.model_dump(mode="json")}
        return json_text(document) + "\n"


def ordered(steps: Iterable[Step], assignments: Iterable[str]) -> tuple[Step, ...]:
    """By assignment, then part, else as they came."""
    order, parts = list(assignments), list(Part)
    return tuple(sorted(steps, key=lambda step: (order.index(step.assignment), parts.index(step.part))))
