"""What an attack is: a notebook that somebody hands in, what it may earn, and what the report must say of it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import nbformat
from nbformat import NotebookNode

from autograder.authoring.solved_notebooks import Edits, edited, solved
from autograder.common.code_names import looked_up
from autograder.course.course import Course

# Honest notebooks that are cut down to a few questions: what attacks start from. Other questions stay unanswered.
BASES: dict[str, tuple[str, bool, tuple[str, ...]]] = {
    "quick": ("two_layer", False, ("collapse", "outputs", "model", "parameters", "formula", "output_shapes", "compile", "steps")),
    "short": ("two_layer", False, ("outputs", "parameters", "steps")),
    "train": ("two_layer", True, ("scale", "split", "model", "compile", "train", "accuracy")),
    "images": ("flatten_relu", True, ("images", "model", "train", "evaluate", "accuracy")),
    "challenge": ("optimizers", True, ("trainings", "challenge")),
}  # fmt: skip
STOLEN = "STOLEN"  # what an attack prints when it got at something: must never be seen
TRIED = "TRIED"  # what it prints when it went on to its end


@dataclass(frozen=True)
class Attack:
    """`base` with `before` (new code cells in front of cells) and then `edits`.

    `earns`: points by question, for those that the attack is after (exactly so many).
    All others must be, word for word, what they are without the attack. `says`: phrases of the report. `tried`: it prints
    TRIED when it has run to its end. `raw`: the bytes of the file, instead of all that. `undecided`: whether the attacked
    questions go to a person, or which of them. `dangerous`: it may harm who is graded next. After the last such one of a file an honest notebook is graded,
    which must go as before; until then, the questions that the next attack leaves alone show it. `looks`: it looks for something and changes
    nothing, so those of a file share one notebook, each with a cell of its own. `answers`: whether the kernel ever answers when it is interrupted.
    """

    name: str
    before: Mapping[str, str] = field(default_factory=dict)
    edits: Edits = field(default_factory=dict)
    earns: Mapping[str, float] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    base: str = "quick"
    tried: bool = False
    undecided: bool | tuple[str, ...] = False
    dangerous: bool = False
    looks: bool = False
    answers: bool = True
    cell_seconds: int = 60

    @property
    def assignment(self) -> str:
        return BASES[self.base][0]


@cache
def _solved(course_file: str, assignment: str) -> NotebookNode:
    from pathlib import Path

    from autograder.course.course import load

    return solved(load(Path(course_file)), assignment)


def honest(course: Course, base: str) -> NotebookNode:
    """The perfect notebook with the answers of some questions only, and without figures.

    What the others ask for is None: that it isn't there would be an error of each check cell, and errors are most of such a notebook's time.
    """
    assignment, with_data, questions = BASES[base]
    notebook = nbformat.from_dict(_solved(str(course.root / "course.yml"), assignment))
    wanted = {"imports", *(["load"] if with_data else [])}
    wanted |= {f"{question}-{part}" for question in questions for part in ("answer", "check")}
    checks = [cell.source for cell in notebook.cells if cell.id.endswith("-check") and cell.id not in wanted]
    unanswered = set().union(*(looked_up(ast.parse(source)) for source in checks)) - {"check"}
    notebook.cells = [cell for cell in notebook.cells if cell.id in wanted]
    nothing = nbformat.v4.new_code_cell(" = ".join([*sorted(unanswered), "None"]))
    nothing["id"] = "nothing"
    notebook.cells.insert(0, nothing)
    return notebook


def notebook_of(attack: Attack, course: Course, *others: Attack) -> NotebookNode:
    """The notebook of an attack, and of `others` on the same base."""
    notebook = honest(course, attack.base)
    for number, one in enumerate((attack, *others)):
        for place, source in one.before.items():
            (index,) = [i for i, cell in enumerate(notebook.cells) if cell.id == place]
            new = nbformat.v4.new_code_cell(source)
            new["id"] = f"attack{number}-{place}"[:60]
            notebook.cells.insert(index, new)
        notebook = edited(notebook, one.edits)
    return notebook


def after_last(code: str) -> dict[str, str]:
    """Edits that append `code` to the last answer of the base `quick`."""
    return {"steps-answer": f"steps_default = 48000 // 32\nsteps_full = 48000 // 48000\n{code}"}


def shown(notebook: NotebookNode, number: int | None = None) -> str:
    """All that the notebook's cells show, as text; or what those show that one of several attacks added."""
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []) if number is None or cell.id.startswith(f"attack{number}-") else []:
            parts += [str(output.get(key, "")) for key in ("text", "ename", "evalue", "traceback")]
            parts += map(str, output.get("data", {}).values())
    return "\n".join(parts)
