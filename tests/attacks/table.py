"""What each attack earned, for README.md, from what the tests assert and course.yml says: ``python -m tests.attacks.table`` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from autograder.course.course import Course, load
from tests.attacks import judging, process, protocol, secrets, training
from tests.attacks.attack import BASES, Attack
from tests.conftest import ROOT

PAGE = Path(__file__).parent / "README.md"
MODULES = (judging, process, secrets, protocol, training)
MANY = 3  # questions that are named; of more it is said how many


def lines(module: ModuleType, course: Course) -> Iterator[str]:
    yield "| attack | the questions it is after | the notebook |"
    yield "| --- | --- | --- |"
    for attack in module.ATTACKS:
        after, whole = _earned(attack, course)
        yield f"| {attack.name} | {after} | {whole} |"


def _earned(attack: Attack, course: Course) -> tuple[str, str]:
    """Of the questions that it is after, and of those of its base."""
    points = {name: question.points for name, question in course.assignment(attack.assignment).questions.items()}
    parts = [f"{name} {one:g} of {points[name]:g}" for name, one in attack.earns.items()]
    after = ", ".join(parts) or "nothing"
    if len(parts) > MANY:
        after = (
            f"{sum(attack.earns.values()):g} of {sum(map(points.__getitem__, attack.earns)):g} ({len(parts)} questions)"
        )
    base = BASES[attack.base][2]
    whole = sum(attack.earns.get(name, points[name]) for name in base)
    return after + " (undecided)" * bool(attack.undecided), f"{whole:g} of {sum(map(points.__getitem__, base)):g}"


def page(text: str, course: Course) -> str:
    """README.md with its tables as they are now."""
    for module in MODULES:
        file = Path(str(module.__file__)).name
        table = "\n".join(lines(module, course))
        text = re.sub(rf"(\(`{re.escape(file)}`\)\n\n)(?:\|.*\n)+", lambda found: f"{found[1]}{table}\n", text)  # noqa: B023
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8"), load(ROOT / "course.yml")), "utf-8")
