"""Which names a cell makes, changes and reads, statement by statement: told from its text alone, nothing is run.

Students wrote the text: what is too long, or no Python, is read for its assignments only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from autograder.common.code_names import MAX_CHARACTERS, bound, imported, looked_up, owner, parse_cell, python

_ASSIGNED = re.compile(r"^[ \t]*((?:\w++[ \t]*+,[ \t]*+)*+\w++)[ \t]*(?:[-+*/@]=|=(?!=))", re.MULTILINE)
_DEFINED = re.compile(r"^[ \t]*(?:def|class)[ \t]+(\w+)|\bimport[ \t]+(\w+)(?:[ \t]+as[ \t]+(\w+))?", re.MULTILINE)
_SHOWING = ("print", "display", "len", "type", "help")  # calls that leave their arguments as they were
_SCRIPTS = (
    "run_cell_magic",
    "run_line_magic",
    "system",
    "getoutput",
    "run",
    "Popen",
    "check_output",
    "check_call",
    "call",
    "exec",
    "eval",
)
_SIMPLE = ("len", "str", "bool", "int", "list", "sorted", "get", "strip", "split", "lower", "upper")


@dataclass(frozen=True)
class Statement:
    """Lines `first` to `last`, which count from 1. `binds`: names that it gives a value; `changes`: names whose objects it may
    change in place; `reads`: all that it needs; `imports`: modules and what comes out of them. `copies`: it gives on what it read without working on it (``first = devices[0]``).
    `text`: its lines; `node`: what they say, None where it is no Python, or something of the shell too.
    """

    first: int
    last: int
    binds: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    copies: bool = False
    text: str = ""
    node: ast.stmt | None = field(default=None, repr=False, compare=False)

    @property
    def makes(self) -> frozenset[str]:
        return self.binds | self.changes

    @cached_property
    def code(self) -> str:
        """Its text, without comments and prose: asked for of few, as it takes longer than all the rest."""
        return self.text if self.node is None else without_prose(self.node, self.text)


def statements(source: str) -> list[Statement]:
    """The cell's statements, in order; one for the whole cell where it is no Python."""
    parsed = parse_cell(source)
    if parsed is not None:
        own, lines = source.split("\n"), python(source).split("\n")
        found = []
        for node in parsed.body:
            statement = _statement(node)
            held = slice(statement.first - 1, statement.last)
            asks_shell = own[held] != lines[held]
            found.append(replace(statement, text="\n".join(own[held]), node=None if asks_shell else node))
        return found
    source = source[:MAX_CHARACTERS]
    names = {name.strip() for match in _ASSIGNED.finditer(source) for name in match[1].split(",")}
    names |= {match[1] or match[3] or match[2] for match in _DEFINED.finditer(source)}
    return [Statement(1, source.count("\n") + 1, binds=frozenset(names), text=source)]


def _statement(node: ast.stmt) -> Statement:
    changes, reads = _Changes(), looked_up(node)
    changes.visit(node)
    copies = isinstance(node, ast.Assign | ast.AnnAssign) and not any(
        isinstance(part, ast.Call) and _called(part) not in _SIMPLE for part in ast.walk(node)
    )
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return Statement(
        first, node.end_lineno or node.lineno, frozenset(bound([node])),
        frozenset(changes.names & reads),  # what a function or comprehension calls its own is not the notebook's
        frozenset(reads), frozenset(imported(node)), copies,
    )  # fmt: skip


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


class _Changes(ast.NodeVisitor):
    """`names` of what may be changed in place."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.add(owner(node))
        self.generic_visit(node)

    visit_Subscript = visit_Attribute  # type: ignore[assignment]

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.names.add(owner(node.target))
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """``model.fit(...)`` on a line of its own may change `model`; ``shuffle(rows)`` may change `rows`."""
        call = node.value
        if isinstance(call, ast.Call):
            if isinstance(call.func, ast.Attribute):
                self.names.add(owner(call.func))
            if "shuffle" in _called(call) or (isinstance(call.func, ast.Name) and call.func.id not in _SHOWING):
                self.names |= {owner(argument) for argument in call.args}
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """``history = model.fit(...)`` changes `model` too."""
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self.names.add(owner(node.value.func))
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        """``for name, model in models.items(): model.fit(...)`` changes what `models` holds."""
        before, self.names = self.names, set()
        self.generic_visit(node)
        if self.names & {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}:
            called = {id(part.func) for part in ast.walk(node.iter) if isinstance(part, ast.Call)}
            self.names |= {
                part.id for part in ast.walk(node.iter) if isinstance(part, ast.Name) and id(part) not in called
            }
        self.names |= before


def at_line(found: list[Statement], line: int) -> int:
    """The number of the statement that holds a line; that of the last one before it where none does."""
    for number, statement in enumerate(found):
        if line <= statement.last:
            return number
    return max(0, len(found) - 1)


def parts_at(source: str, line: int) -> Iterator[str]:
    """The text of what runs at a line: the innermost simple statement, and the conditions of the blocks around it."""
    parsed = parse_cell(source)
    if parsed is None:
        yield source[:MAX_CHARACTERS]
        return
    text = python(source)
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
            yield without_prose(node, ast.get_source_segment(text, node) or "")
            return
        for head in heads:
            yield without_prose(head, ast.get_source_segment(text, head) or "")
        body = inner


def without_prose(node: ast.AST, text: str) -> str:
    """The code of a node, which stands as `text`: without comments, and without the words of what is only shown, where anything may be named.

    A string is prose where it has markup or more words than a name or a command for a shell has; what runs as a script is code.
    """
    try:
        # A deep copy would take along what others hang on nodes that all trees share.
        own = ast.parse(ast.unparse(node))
        return ast.unparse(_WithoutProse().visit(own))
    except (RecursionError, SyntaxError, ValueError):
        return text


class _WithoutProse(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        return node if _called(node) in _SCRIPTS else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) and _is_prose(node.value) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        said = "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values)
        if _is_prose(said):
            node.values = [part for part in node.values if not isinstance(part, ast.Constant)]
        return self.generic_visit(node)


def _is_prose(said: str) -> bool:
    return ("<" in said and ">" in said) or len(said.split()) > 3
