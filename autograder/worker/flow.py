"""Which names a cell makes, changes and reads, statement by statement: told from its text alone, nothing is run.

Students wrote the text: what is too long, or no Python, is read for its assignments only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 50_000  # of a cell: parsing takes 0.5 s at most for so much
_LINE_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[^#'\"]*\?\??\s*)$")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w\s,.\[\]*]+=\s*)[%!].*$")
_PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
_ASSIGNED = re.compile(r"^[ \t]*((?:\w++[ \t]*+,[ \t]*+)*+\w++)[ \t]*(?:[-+*/@]=|=(?!=))", re.MULTILINE)
_DEFINED = re.compile(r"^[ \t]*(?:def|class)[ \t]+(\w+)|\bimport[ \t]+(\w+)(?:[ \t]+as[ \t]+(\w+))?", re.MULTILINE)
_SHOWING = ("print", "display", "len", "type", "help")  # calls that leave their arguments as they were
_SIMPLE = ("len", "str", "bool", "int", "list", "sorted", "get", "strip", "split", "lower", "upper")


@dataclass(frozen=True)
class Statement:
    """Lines `first` to `last`, which count from 1. `binds`: names that it gives a value; `changes`: names whose objects it may
    change in place; `reads`: all that it needs; `imports`: modules and what comes out of them. `copies`: it gives on what it read without working on it (``first = devices[0]``).
    """

    first: int
    last: int
    binds: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    copies: bool = False

    @property
    def makes(self) -> frozenset[str]:
        return self.binds | self.changes


def python(source: str) -> str:
    """The cell without IPython's magics and shell lines, each line at its place."""
    lines = source.split("\n")
    if lines[0].startswith("%%"):
        if not lines[0].startswith(_PYTHON_MAGICS):
            return ""
        lines[0] = ""
    for number, line in enumerate(lines):
        if match := _LINE_MAGIC.match(line):
            lines[number] = f"{match[1]}pass" if line.strip() else ""
        elif match := _ASSIGNED_MAGIC.match(line):
            lines[number] = f"{match[1]}None"
    return "\n".join(lines)


def tree(source: str) -> ast.Module | None:
    """The cell as Python parses it; None if it doesn't."""
    if len(source) > MAX_CHARACTERS:
        return None
    for text in (source, python(source)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def statements(source: str) -> list[Statement]:
    """The cell's statements, in order; one for the whole cell where it is no Python."""
    parsed = tree(source)
    try:
        if parsed is not None:
            return [_statement(node) for node in parsed.body]
    except RecursionError:
        pass
    source = source[:MAX_CHARACTERS]
    names = {name.strip() for match in _ASSIGNED.finditer(source) for name in match[1].split(",")}
    names |= {match[1] or match[3] or match[2] for match in _DEFINED.finditer(source)}
    return [Statement(1, source.count("\n") + 1, binds=frozenset(names))]


def _statement(node: ast.stmt) -> Statement:
    names = _Names()
    names.visit(node)
    # What a function or comprehension calls its own is not the notebook's.
    reads = names.reads - names.own
    copies = isinstance(node, ast.Assign | ast.AnnAssign) and not any(
        isinstance(part, ast.Call) and _called(part) not in _SIMPLE for part in ast.walk(node)
    )
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return Statement(
        first, node.end_lineno or node.lineno, frozenset(names.binds), frozenset(names.changes), frozenset(reads),
        frozenset(names.imports), copies,
    )  # fmt: skip


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _base(node: ast.AST) -> str:
    """``a`` of ``a.b[c].d``."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


class _Names(ast.NodeVisitor):
    def __init__(self) -> None:
        self.binds: set[str] = set()
        self.changes: set[str] = set()
        self.reads: set[str] = set()
        self.own: set[str] = set()
        self.imports: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        (self.reads if isinstance(node.ctx, ast.Load) else self.binds).add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load) and (base := _base(node)):
            self.changes.add(base)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute  # type: ignore[assignment]

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if base := _base(node.target):
            self.changes.add(base)
            self.reads.add(base)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """``model.fit(...)`` on a line of its own may change `model`; ``shuffle(rows)`` may change `rows`."""
        call = node.value
        if isinstance(call, ast.Call):
            if isinstance(call.func, ast.Attribute):
                self.changes.add(_base(call.func))
            if "shuffle" in _called(call) or (isinstance(call.func, ast.Name) and call.func.id not in _SHOWING):
                self.changes |= {base for argument in call.args if (base := _base(argument))}
            self.changes.discard("")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """``history = model.fit(...)`` changes `model` too."""
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self.changes |= {_base(node.value.func)} - {""}
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.imports |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        self.binds |= self.imports

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.imports |= {alias.asname or alias.name for alias in node.names}
        self.binds |= self.imports

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.binds.add(node.name)
        self._scope(
            node, [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        )

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.binds.add(node.name)
        self._scope(node, [])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._scope(
            node, [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        )

    def visit_ListComp(self, node: ast.AST) -> None:
        self._scope(node, [])

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _scope(self, node: ast.AST, arguments: list[ast.arg | None]) -> None:
        inner = _Names()
        for child in ast.iter_child_nodes(node):
            inner.visit(child)
        globals_ = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
        local = {argument.arg for argument in arguments if argument is not None} | (inner.binds - globals_)
        self.reads |= inner.reads - local - inner.own
        self.changes |= inner.changes - local - inner.own
        self.binds |= inner.binds & globals_


def at_line(found: list[Statement], line: int) -> int:
    """The number of the statement that holds a line; that of the last one before it where none does."""
    for number, statement in enumerate(found):
        if line <= statement.last:
            return number
    return max(0, len(found) - 1)


def parts_at(source: str, line: int) -> Iterator[str]:
    """The text of what runs at a line: the innermost simple statement, and the conditions of the blocks around it."""
    parsed = tree(source)
    if parsed is None:
        yield source[:MAX_CHARACTERS]
        return
    text = python(source) if python(source) != source else source
    body: list[ast.stmt] = parsed.body
    while True:
        node = next((node for node in body if node.lineno <= line <= (node.end_lineno or node.lineno)), None)
        if node is None:
            return
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(node, name, [])]
        inner += [part for handler in getattr(node, "handlers", []) for part in handler.body]
        heads = [getattr(node, name) for name in ("test", "iter") if hasattr(node, name)]
        heads += [item.context_expr for item in getattr(node, "items", [])]
        if not inner:
            yield ast.get_source_segment(text, node) or ""
            return
        for head in heads:
            yield ast.get_source_segment(text, head) or ""
        body = inner
