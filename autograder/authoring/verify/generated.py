"""Spellings and slips: hundreds of versions of each assignment, decided in processes of their own beside the grading of notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.authoring.verify.proof import Part, Reason, Step
from autograder.common.files import text_of
from autograder.common.i18n import N_, _
from autograder.common.showing.outcome_table import SAID
from autograder.course.course import FILE, Course
from autograder.course.source_notebook import source_path

IN_KERNELS, THOROUGH = 5, 25  # of them, right answers that are graded as a student's notebook is
PROCESSES = 2  # each needs some 3 GB
_MESSAGES = {
    "": N_("a right answer, written otherwise, is {status}"),
    "broken": N_("a mistake breaks what this check asks for, and the check is {status}"),
    "blind": N_("a mistake passes the visible cases and fails the hidden calls: add a case that sees it"),
    "kept": N_("a mistake keeps what this check asks for, and the check is {status}"),
}


@dataclass(frozen=True)
class Seeds:
    """Which versions are tried: `spellings` and `slips` by seed, and the first `kernels` of the spellings in real kernels too.

    `lacks`: of what the grader's machine lacks, how much an assignment is tried with (as `environment.kinds`); None for all of it.
    """

    spellings: Sequence[int] = ()
    slips: Sequence[int] = ()
    kernels: int = IN_KERNELS
    lacks: int | None = None


NONE = Seeds()


def steps(course: Course, assignments: Sequence[str], parts: frozenset[Part], seeds: Seeds) -> list[Step]:
    """A step for each assignment and part, which says how many versions were tried and shows those that went wrong."""
    spellings = list(seeds.spellings) if Part.SPELLINGS in parts else []
    slips = list(seeds.slips) if Part.SLIPS in parts else []
    if not spellings and not slips:
        return []
    with ThreadPoolExecutor(min(PROCESSES, os.cpu_count() or 1)) as pool:
        # A process of its own for each, though an import of Keras takes 10 s: what one leaves in memory ends with it.
        answers = list(
            pool.map(lambda name: _asked(course, [name], spellings, slips), _longest_first(course, assignments))
        )
    every = {name: answer for share in answers for name, answer in share.items()}
    wanted = [part for part in (Part.SPELLINGS, Part.SLIPS) if part in parts]
    return [_step(part, name, every[name]) for name in assignments for part in wanted]


def _longest_first(course: Course, assignments: Sequence[str]) -> list[str]:
    """So that no process works alone on the longest when the others are done."""
    paths = {name: source_path(course, name) for name in assignments}
    return sorted(assignments, key=lambda name: paths[name].stat().st_size if paths[name].exists() else 0, reverse=True)


def _asked(course: Course, assignments: Sequence[str], spellings: list[int], slips: list[int]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        request, answer = Path(scratch) / "request.json", Path(scratch) / "answer.json"
        document = {
            "course": str(course.root / FILE),
            "assignments": list(assignments),
            "spellings": spellings,
            "slips": slips,
        }
        request.write_text(json.dumps(document), "utf-8")
        command = [sys.executable, "-m", "autograder.authoring.verify.bench.process", str(request), str(answer)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode or not answer.exists():
            problem = {"problem": "\n".join(done.stderr.strip().splitlines()[-3:])}
            return dict.fromkeys(assignments, problem)
        found: dict[str, Any] = json.loads(text_of(answer))
        return found


def _step(part: Part, assignment: str, answer: dict[str, Any]) -> Step:
    name = "in one process"
    if "problem" in answer:
        reason = Reason(message=_("the notebooks could not be tried: {reason}", reason=answer["problem"]))
        return Step(part=part, assignment=assignment, name=name, reasons=(reason,))
    found = answer[part.value]
    return Step(
        part=part, assignment=assignment, name=name, reasons=tuple(_reasons(part, assignment, found["odd"])),
        asked=tuple(_asked_about(found["costless"])), tried=max(1, found["tried"]), wrong=found["wrong"],
        notes=tuple(_untried(found["untried"])),
    )  # fmt: skip


def _untried(checks: list[str]) -> Iterable[str]:
    if checks:
        yield _(
            "nothing was tried of {checks}: here no network is trained for real, which these ask for",
            checks=", ".join(checks),
        )


def _asked_about(costless: dict[str, list[str]]) -> Iterable[str]:
    """A sentence for each question in which mistakes cost nothing, with the mistakes as code."""
    for question, differences in costless.items():
        shown = "\n".join(differences)
        yield _("{question}: these changes cost nothing. Is that meant?\n{changes}", question=question, changes=shown)


def _reasons(part: Part, assignment: str, odd: Iterable[dict[str, Any]]) -> Iterable[Reason]:
    """Of each version, one for each check; what is written otherwise in it is shown with the first of them."""
    for one in odd:
        seed, shown = one["seed"], f" [{'; '.join(one['made_by'])}]\n{one['difference']}"
        replay = f"autograder verify {assignment} --only {part.value} --seed {seed}" if seed >= 0 else FILE
        for place, said in one["checks"].items():
            first, _blank, rest = said.partition(" ")
            kind = first if first in _MESSAGES else ""
            status, _blank, why = (rest if kind else said).partition(" ")
            yield Reason(
                message=_(_MESSAGES[kind], status=_({one.value: words for one, words in SAID.items()}.get(status, status))), file=replay, place=place,
                found=f"{why}{shown}".strip(),
            )  # fmt: skip
            shown = ""
