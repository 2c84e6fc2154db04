"""``python -m autograder.authoring.verify.bench.process REQUEST ANSWER``: tries versions of assignments, in a process with Keras."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.common.files import text_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.authoring.verify.rewriting import Version

MOST_REASONS = 20  # of one kind: an author mends the first, and runs it again
MOST_COSTLESS = 3  # of one question: an author is asked about the kind


@dataclass(frozen=True)
class Odd:
    """A version that was not decided as it should be: which checks, by ``question.check``, and how."""

    seed: int
    made_by: tuple[str, ...]
    difference: str
    checks: Mapping[str, str]


@dataclass
class Tried:
    """What came of one kind: how many versions, how many were not decided as they should be, and the first of these.

    `costless`: by question the first mistakes that cost nothing though they leave something else, as code; `untried`: checks of which
    nothing was tried, since the solution passes them after a real training alone.
    """

    tried: int = 0
    wrong: int = 0
    odd: list[Odd] = field(default_factory=list)
    costless: dict[str, list[str]] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)

    def add(self, version: Version, notebook: NotebookNode, checks: Mapping[str, str]) -> None:
        """Count a version, and keep it if `checks` were not decided as they should be and not enough are kept."""
        self.tried += 1
        self.wrong += bool(checks)
        if checks and len(self.odd) < MOST_REASONS:
            self.odd.append(Odd(version.seed, version.made_by, version.difference(notebook), checks))

    def ask(self, question: str, difference: str) -> None:
        """Keep a mistake that costs nothing in this question, unless it is there or enough are."""
        known = self.costless.setdefault(question, [])
        if difference not in known and len(known) < MOST_COSTLESS:
            known.append(difference)


def main(request: Path, answer: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    asked = json.loads(text_of(request))
    answers = {
        name: {
            kind: asdict(one)
            for kind, one in try_all(Path(asked["course"]), name, asked["spellings"], asked["slips"]).items()
        }
        for name in asked["assignments"]
    }
    answer.write_text(json.dumps(answers), "utf-8")


def try_all(course_file: Path, assignment: str, spellings: list[int], slips: list[int]) -> dict[str, Tried]:
    """Versions by seed, spellings and slips; each kind as `Tried`."""
    from autograder.authoring.solved_notebooks import solved
    from autograder.course.course import load

    course = load(course_file)
    notebook = solved(course, assignment)  # raises before Keras is imported
    from autograder.authoring.verify.bench.bench import Bench
    from autograder.authoring.verify.bench.costless import Costless
    from autograder.authoring.verify.rewriting import MOST_CHANGES, Source, versions
    from autograder.authoring.verify.slips import MISTAKES
    from autograder.authoring.verify.slips.requirements import observer
    from autograder.authoring.verify.slips.unseen_by_visible_cases import blind
    from autograder.authoring.verify.spellings import REWRITERS

    questions = course.assignment(assignment).checked
    bench = Bench(course, assignment, notebook, observer(questions))
    right = bench.run({})
    source, heavy = Source.of(notebook), sorted(bench.heavy())
    found = {kind: Tried(untried=bench.untried) for kind in ("spellings", "slips")}
    if odd := dict(lost(right)):
        return {kind: Tried(1, 1, [Odd(-1, ("the solution",), "", odd)]) for kind in found}
    costless = Costless(bench, notebook)
    if slips:
        for version, checks in blind(source, questions, bench.names):
            found["slips"].add(version, notebook, dict.fromkeys(checks, "blind"))
    plans = (("spellings", REWRITERS, spellings, MOST_CHANGES), ("slips", MISTAKES, slips, 1))
    for kind, rewriters, seeds, most in plans:
        # One after the other where they share the cells that take time.
        made = sorted(versions(source, rewriters, seeds, f"{kind}/{assignment}", most), key=lambda one: [one.changed.get(place, "") for place in heavy])  # fmt: skip
        for version in made:
            done = bench.run(version.changed, version.order)
            wrong = dict(lost(done) if kind == "spellings" else unlike(questions, right, done))
            found[kind].add(version, notebook, wrong)
            if kind == "slips" and not wrong and (question := costless.question(version, done)):
                found[kind].ask(question, version.difference(notebook))
    return found


def said(done: Any, place: str) -> str:
    errors = "; ".join(done.errors.values())
    return " ".join(part for part in (done.statuses[place], done.reasons.get(place, "") or errors) if part)


def lost(done: Any) -> Iterator[tuple[str, str]]:
    """The checks that a right answer does not pass."""
    for place, status in done.statuses.items():
        if status != "passed":
            yield place, said(done, place)


def unlike(questions: Any, right: Any, done: Any) -> Iterator[tuple[str, str]]:
    """The checks whose status is not what their requirements, as stated beside them, make of a mistake."""
    from autograder.authoring.verify.slips.requirements import judged

    for name, question in questions.items():
        for check in question.checks:
            place = f"{name}.{check.id}"
            if place not in done.statuses:
                continue
            status, broken = done.statuses[place], judged(check, place, right.seen, done.seen)
            if broken and status not in ("failed", "skipped"):
                yield place, "broken " + said(done, place)
            elif broken is False and status != "passed":
                needs = [f"{name}.{need}" for need in check.needs]
                if not (status == "skipped" and any(done.statuses[need] != "passed" for need in needs)):
                    yield place, "kept " + said(done, place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
