"""What one cell of a notebook needs of another: which names it reads, and which it makes or changes.

A name is a path: ``model``, or ``models['sgd']`` for an entry of a dictionary under a key that is written out. Who calls a method
of an object, stores into it or gives it to a function of the notebook may change it: better a dependence too many than a wrong
complaint.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nbformat import NotebookNode

from autograder.common.cells import grade_id_of, is_answer, is_check, is_manual
from autograder.common.code_names import bound, imported, looked_up, modules, parse_cell


@dataclass(frozen=True)
class Uses:
    """The paths that a cell `reads`, and those that it `writes`: makes, or may change. `functions`: those that it defines."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class QuestionCells:
    """Where a question stands in a notebook: its answer cells and its check cell, as places in the list of cells."""

    answers: tuple[int, ...]
    check: int


def question_cells(notebook: NotebookNode) -> dict[str, QuestionCells]:
    """By question that checks decide: the cells that students fill in since the check cell before, and its own check cell."""
    found: dict[str, QuestionCells] = {}
    answers: list[int] = []
    for place, cell in enumerate(notebook.cells):
        if is_check(cell):
            found[grade_id_of(cell)] = QuestionCells(tuple(answers), place)
            answers = []
        elif is_answer(cell) and not is_manual(cell):
            answers.append(place)
    return found


@lru_cache(maxsize=1024)  # asked of the same cells for each question of an assignment
def uses(source: str, functions: frozenset[str] = frozenset()) -> Uses:
    """What a cell reads and writes; nothing for one that is not Python. `functions`: defined by cells before it."""
    tree = parse_cell(source)
    if tree is None:
        return Uses()
    made, imports, outer = bound(tree.body), imported(tree), looked_up(tree)
    own = frozenset(node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))
    look = _Look(outer | made, functions | own)
    look.visit(tree)
    reads = {path for path in look.reads if base(path) in outer}
    writes = {path for path in look.writes if base(path) in outer | made} | made
    writes -= {path for path in writes if base(path) in imports and base(path) not in made}
    return Uses(frozenset(reads), frozenset(writes), own)


class _Look(ast.NodeVisitor):
    def __init__(self, names: set[str], functions: frozenset[str]) -> None:
        self.names, self.functions = names, functions
        self.reads: set[str] = set()
        self.writes: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        path = path_of(node)
        if path is None or path == base(path):
            self.generic_visit(node)
        elif not isinstance(node.ctx, ast.Load):
            self.writes.add(path)
        else:
            self.reads.add(path)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load) and (path := path_of(node.value)):
            self.writes.add(path)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if path := path_of(node.target):
            self.reads.add(path)
            self.writes.add(path)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and (path := path_of(node.func.value)):
            self.writes.add(path)
        if isinstance(node.func, ast.Name) and node.func.id in self.functions:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            self.writes |= {path for one in given if (path := path_of(one))}
        self.generic_visit(node)


def path_of(node: ast.AST) -> str | None:
    """The path that an expression begins with: of ``models['sgd'].history`` that is ``models['sgd']``."""
    match node:
        case ast.Name():
            return node.id
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key)):
            return f"{name}[{key!r}]"
        case ast.Subscript() | ast.Attribute():
            return path_of(node.value)
    return None


def base(path: str) -> str:
    return path.partition("[")[0]


def meet(path: str, other: str) -> bool:
    """Whether two paths may be the same thing, or one a part of the other."""
    return path == other or (base(path) == base(other) and (path == base(path) or other == base(other)))


def touched(paths: Iterable[str], others: Iterable[str]) -> bool:
    others = list(others)
    return any(meet(path, other) for path in paths for other in others)


def notebook_uses(notebook: NotebookNode) -> list[Uses]:
    """Of every cell, in order; text cells use nothing."""
    return uses_of(cell.source if cell.cell_type == "code" else "" for cell in notebook.cells)


def uses_of(sources: Iterable[str]) -> list[Uses]:
    """Of every cell of a notebook with these sources, in order."""
    found: list[Uses] = []
    functions: frozenset[str] = frozenset()
    imported: set[str] = set()
    for source in sources:
        one = uses(source, functions)
        functions |= one.functions
        imported |= modules(source)
        # A module is not changed by calling its functions.
        found.append(Uses(one.reads, frozenset(p for p in one.writes if base(p) not in imported), one.functions))
    return found


def following(notebook: NotebookNode, question: str) -> set[str]:
    """The questions that need, themselves or through others, what the answer to `question` makes or changes."""
    cells, every = question_cells(notebook), notebook_uses(notebook)
    own = cells[question]
    reached = reaching(every, own.answers) - {*own.answers, own.check}
    return {name for name, one in cells.items() if reached.intersection({*one.answers, one.check})} - {question}


def reaching(every: Sequence[Uses], changed: Iterable[int]) -> set[int]:
    """The cells at the places in `changed`, and those after them that need, themselves or through others, what these make or change."""
    reached = {*changed}
    paths: set[str] = set()
    for place, one in enumerate(every):
        if place in reached or touched(one.reads, paths):
            reached.add(place)
            paths |= one.writes
    return reached
