"""Notebooks written otherwise: a `Rewriter` changes one place of a cell's syntax tree, and a generator draws places by a seed.

What is drawn depends on the notebook and the seed alone, so that a combination which fails can be made again.
"""

from __future__ import annotations

import ast
import copy
import difflib
import itertools
import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, is_check
from autograder.common.code_names import modules, python, stored
from autograder.course.cell_dependencies import QuestionCells, notebook_uses, question_cells, touched

Replacement = ast.AST | list[ast.stmt] | None


@dataclass(frozen=True)
class Rewriter:
    """Changes one node. `name` is printed; `other_kind`: it gives a name a value of another kind, which checks take and other code may not.

    `change`: what stands in place of a node that matches, of which it gets a copy: a node, statements for a statement, or None where it can't.
    """

    name: str
    matches: Callable[[ast.AST], bool]
    change: Callable[[Any, random.Random], Replacement]
    other_kind: bool = False


def rewriter(
    name: str,
    kind: type[ast.AST] | tuple[type[ast.AST], ...],
    when: Callable[[Any], object] = lambda _node: True,
    *,
    other_kind: bool = False,
) -> Callable[[Callable[[Any, random.Random], Replacement]], Rewriter]:
    """Decorates a function that changes nodes of this `kind` `when` that holds of them, and makes a Rewriter of it."""
    return lambda change: Rewriter(name, lambda node: isinstance(node, kind) and bool(when(node)), change, other_kind)


def otherwise(name: str, form: str, *ways: str) -> Rewriter:
    """Expressions of that `form`, in one of these `ways`. A capital letter stands for any expression, the same in both; C for a constant."""
    wanted = ast.parse(form, mode="eval").body

    @rewriter(name, type(wanted), lambda node: _parts(wanted, node) is not None)
    def change(node: ast.expr, draw: random.Random) -> Replacement:
        return expression(draw.choice(ways), **_parts(wanted, node) or {})

    return change


def _parts(form: Any, node: Any) -> dict[str, ast.AST] | None:
    """What the capital letters of a form stand for; None for a node of another form."""
    if isinstance(form, ast.Name) and len(form.id) == 1 and form.id.isupper():
        return {form.id: node} if form.id != "C" or isinstance(node, ast.Constant) else None
    if not isinstance(form, (ast.AST, list)):
        return {} if form == node else None
    if type(form) is not type(node):
        return None
    if isinstance(form, ast.AST):
        form, node = ([getattr(one, name) for name in form._fields] for one in (form, node))
    found: dict[str, ast.AST] = {}
    for one, other in itertools.zip_longest(form, node):
        if (parts := _parts(one, other)) is None:
            return None
        found |= parts
    return found


@dataclass(frozen=True)
class Version:
    """A notebook with cells written otherwise: by place, the new source; `made_by`: which rewriter, in which question."""

    seed: int
    made_by: tuple[str, ...]
    changed: Mapping[int, str] = field(default_factory=dict)
    order: tuple[int, ...] | None = None

    def notebook(self, solved: NotebookNode) -> NotebookNode:
        made = copy.deepcopy(solved)
        for place, source in self.changed.items():
            made.cells[place].source = source
        if self.order is not None:
            made.cells = [made.cells[place] for place in self.order]
        return made

    def difference(self, solved: NotebookNode) -> str:
        """As a unified diff of the cells: what an author reads, and types to try it."""
        lines: list[str] = []
        for place, source in sorted(self.changed.items()):
            cell = solved.cells[place]
            name = grade_id_of(cell) or str(cell.get("id", place))
            before = ast.unparse(ast.parse(python(cell.source))).splitlines()
            lines += list(difflib.unified_diff(before, source.splitlines(), name, name, lineterm="", n=0))[2:]
        return "\n".join(line for line in lines if not line.startswith("@@"))


@dataclass(frozen=True)
class Source:
    """A solved notebook, read: which cells may be rewritten, and what they use."""

    notebook: NotebookNode
    questions: Mapping[str, QuestionCells]

    @classmethod
    def of(cls, notebook: NotebookNode) -> Source:
        return cls(notebook, question_cells(notebook))

    def computes_arrays(self, place: int) -> bool:
        """Whether a cell makes the large arrays: a version in which it is written otherwise takes time."""
        text = self.notebook.cells[place].source
        return any(word in text for word in ("train_test_split", ".reshape(", "/ 255"))

    @property
    def answers(self) -> list[tuple[str, int]]:
        return [(name, place) for name, one in self.questions.items() for place in one.answers]

    def read_by_others(self) -> dict[int, set[str]]:
        """By the place of each answer: the names that other code cells read, check cells aside."""
        reads = {
            place: {re.split(r"[.\[]", path)[0] for path in used.reads}
            for place, (cell, used) in enumerate(zip(self.notebook.cells, notebook_uses(self.notebook), strict=True))
            if cell.cell_type == "code" and not is_check(cell)
        }
        return {
            place: {name for other, names in reads.items() if other != place for name in names}
            for _question, place in self.answers
        }

    def movable(self) -> list[tuple[int, int]]:
        """(answer cell, place before which it may stand as well): nothing in between makes what it reads, or reads it."""
        every, found = notebook_uses(self.notebook), []
        for _question, place in self.answers:
            for target in range(place - 1, 0, -1):
                one, other = every[place], every[target]
                code = self.notebook.cells[target].source if self.notebook.cells[target].cell_type == "code" else ""
                if modules(code) or touched(one.reads, other.writes) or touched(one.writes, other.reads | other.writes):
                    break
                if self.notebook.cells[target].cell_type == "code":
                    found.append((place, target))
        return found


def places(tree: ast.AST, rewriter: Rewriter) -> Iterator[tuple[ast.AST, str, int | None]]:
    """(parent, field, index) of every node of `tree` that `rewriter` matches; none for a statement that makes an attribute of a class,
    which is a name of no cell and a function of its own kind."""
    attributes = {id(one) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for one in _of_class(node)}
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST) and rewriter.matches(value):
                yield parent, name, None
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.AST) and id(item) not in attributes and rewriter.matches(item):
                        yield parent, name, index


def _of_class(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run in a class's own body, not those of its functions."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.stmt):
            yield one
        if not isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _of_class(one)


def rewrite(source: str, rewriter: Rewriter, draw: random.Random, read: Collection[str] = ()) -> str | None:
    """`source` with one place changed, as Python writes it; None where the rewriter finds nothing to change. Names that are `read`
    elsewhere, or in `source` itself, keep the kind of their value."""
    try:
        tree = ast.Module([ast.parse(python(source))], [])  # type: ignore[list-item]  # the cell itself can be matched too
    except SyntaxError:
        return None
    before = ast.unparse(tree)
    found = list(places(tree, rewriter))
    if rewriter.other_kind:
        kept = {
            *read,
            *(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)),
        }
        found = [one for one in found if kept.isdisjoint(stored(_at(*one)))]
    draw.shuffle(found)
    for parent, name, index in found:
        node, value = _at(parent, name, index), getattr(parent, name)
        changed = rewriter.change(copy.deepcopy(node), draw)
        if changed is None or (isinstance(changed, list) and not isinstance(node, ast.stmt)):
            continue
        if index is None:
            setattr(parent, name, changed)
        elif isinstance(changed, list):
            value[index : index + 1] = changed
        else:
            value[index] = changed
        after = ast.unparse(ast.fix_missing_locations(tree))
        return after if after != before else None
    return None


def _at(parent: ast.AST, name: str, index: int | None) -> ast.AST:
    value = getattr(parent, name)
    return value if index is None else value[index]  # type: ignore[no-any-return]


MOST_CHANGES = 5  # in one right answer


def versions(
    source: Source, rewriters: Sequence[Rewriter], seeds: Sequence[int], kind: str, most: int
) -> Iterator[Version]:
    """For each seed a notebook with 1 to `most` changes; none where nothing can be changed."""
    answers = [(name, place) for name, place in source.answers if not source.computes_arrays(place)]
    moves = source.movable() if most > 1 else []
    read = source.read_by_others()
    bound = {name for cell in source.notebook.cells if cell.cell_type == "code" for name in modules(cell.source)}
    for seed in seeds:
        draw = random.Random(f"{kind}/{seed}")
        pool = source.answers if draw.random() < 0.1 or not answers else answers  # arrays take time
        changed: dict[int, str] = {}
        made_by: list[str] = []
        wanted = draw.randint(1, most)
        for _attempt in range(4 * len(rewriters)):
            if len(made_by) == wanted:
                break
            rewriter = draw.choice(rewriters)  # first: a rare construct is as likely to be rewritten as a frequent one
            for question, place in draw.sample(pool, len(pool)):
                after = rewrite(changed.get(place, source.notebook.cells[place].source), rewriter, draw, read[place])
                if after is not None:
                    changed[place] = after
                    made_by.append(f"{question}: {rewriter.name}")
                    break
        order: list[int] | None = None
        if made_by and most > 1:  # right answers: what surrounds the code differs too
            place = draw.choice(sorted(changed))
            if (line := draw.choice(_LINES)) and draw.random() < 0.3:
                changed[place] = f"{line}\n{changed[place]}"
                made_by.append(line)
            if moves and draw.random() < 0.15:
                place, before = draw.choice(moves)
                order = [one for one in range(len(source.notebook.cells)) if one != place]
                order.insert(order.index(before), place)
                made_by.append("cells in another order")
        for place, text in changed.items():
            changed[place] = _with_imports(text, bound)
        if made_by:
            yield Version(seed, tuple(made_by), changed, None if order is None else tuple(order))


def _with_imports(source: str, bound: Collection[str]) -> str:
    """`source`, and before it the imports of what rewriters write, where the notebook has none."""
    used = {node.id for node in ast.walk(ast.parse(python(source))) if isinstance(node, ast.Name)}
    used -= {*bound, *modules(source)}
    return "".join(f"{line}\n" for name, line in _IMPORTS.items() if name in used) + source


_IMPORTS = {"np": "import numpy as np", "keras": "import keras", "pd": "import pandas as pd", "tf": "import tensorflow as tf",
            "collections": "import collections", "contextlib": "import contextlib", "enum": "import enum", "functools": "import functools",
            "Fraction": "from fractions import Fraction", "Decimal": "from decimal import Decimal"}  # fmt: skip
_LINES = ("# my answer", "%matplotlib inline", "!true", "%config InlineBackend.figure_format = 'png'")


# ---- building code


def expression(text: str, **parts: ast.AST) -> ast.expr:
    """The expression that `text` says; names of `parts` stand for those nodes."""
    node: ast.expr = ast.parse(text, mode="eval").body
    return _Fill(parts).visit(node)  # type: ignore[no-any-return]


def statements(text: str, **parts: ast.AST) -> list[ast.stmt]:
    return [_Fill(parts).visit(node) for node in ast.parse(text).body]


class _Fill(ast.NodeTransformer):
    def __init__(self, parts: Mapping[str, ast.AST]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> ast.AST:
        part = self.parts.get(node.id)
        return node if part is None else copy.deepcopy(part)


def dotted(node: ast.AST) -> str:
    """``keras.layers.Dense`` for such an expression, also below ``tf.keras``; '' for others."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    whole = ".".join([node.id, *reversed(parts)])
    return whole.removeprefix("tf.") if whole.startswith("tf.keras") else whole


def calls(node: ast.AST, *names: str) -> bool:
    """Whether a node is a call of one of these functions, by the end of its dotted name."""
    if not isinstance(node, ast.Call):
        return False
    own = dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    return any(own == name or own.endswith(f".{name}") for name in names)


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    return next((one for one in call.keywords if one.arg == name), None)


def text_of(node: ast.AST | None) -> str:
    """The string that a constant holds; '' for all else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def bound_value(node: ast.AST) -> ast.expr | None:
    """The value of ``name = value``, for one name; None for all else."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.value
    return None


# ---- what courses have


OPTIMIZERS = {"sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam"}


def split_names(node: ast.Assign) -> list[str]:
    """The four names that get what train_test_split gives."""
    target = node.targets[0] if calls(node.value, "train_test_split") else None
    parts = target.elts if isinstance(target, ast.Tuple) and len(target.elts) == 4 else []
    return [part.id for part in parts if isinstance(part, ast.Name)]


def evaluates(node: ast.Assign) -> bool:
    """Whether two names get what ``evaluate`` gives."""
    target = node.targets[0]
    return calls(node.value, "evaluate") and isinstance(target, ast.Tuple) and len(target.elts) == 2
