"""Which names a piece of a notebook's code binds and which it looks up: told from its text alone, nothing is run.

Three readings stand on it, of different caution: what a question's answer hangs on (`course.cell_dependencies`), which cell an error comes from
(`worker.statement_names`), and which cells nothing needs (`illustrations`). Students wrote the text: `parse` bounds what is read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

MAX_CHARACTERS = 50_000  # of a cell: parsing takes 0.5 s at most for so much
MAX_DEPTH = 200  # of a tree: what reads it calls itself three times a level, and Python stops at 1,000
_LINE_MAGIC = re.compile(r"^(\s*+)(?:[%!?].*|[^#'\"]*\?\??\s*)$")
_ASSIGNED_MAGIC = re.compile(r"^([\w\s,.\[\]*]++=\s*+)[%!].*$")
_PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def python(source: str) -> str:
    """A cell without IPython's magics and shell lines, each other line at its place."""
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


def parse(source: str) -> ast.Module | None:
    """The tree of a text that is Python as it stands; None for any other, and for one that is too long or too deep."""
    if len(source) > MAX_CHARACTERS:
        return None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if _deeper_than(MAX_DEPTH, tree) else tree


def _deeper_than(limit: int, tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _level in range(limit):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def parse_cell(source: str) -> ast.Module | None:
    """The tree of a cell, magics left out; None if it is no Python then either."""
    tree = parse(source)
    return parse(python(source)) if tree is None else tree


def modules(source: str) -> set[str]:
    """The names that a cell imports."""
    tree = parse_cell(source)
    return set() if tree is None else imported(tree)


def imported(node: ast.AST) -> set[str]:
    imports = [one for one in ast.walk(node) if isinstance(one, (ast.Import, ast.ImportFrom))]
    return {(alias.asname or alias.name).partition(".")[0] for one in imports for alias in one.names}


def bound(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that statements give a value, or take it from, in their own scope; what functions in them declare global too."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                found |= {other for one in ast.walk(node) if isinstance(one, ast.Global) for other in one.names}
            case ast.Lambda():
                pass
            case ast.Import() | ast.ImportFrom():
                found |= imported(node)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                found |= {one.target.id for one in ast.walk(node) if isinstance(one, ast.NamedExpr)}
            case _:
                kept = (
                    getattr(node, "rest", None) if isinstance(node, ast.MatchMapping) else getattr(node, "name", None)
                )
                if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)) and kept:
                    found.add(kept)
                found |= bound(ast.iter_child_nodes(node))
    return found


def stored(node: ast.AST) -> set[str]:
    """The names that an assignment's targets give a value."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def looked_up(node: ast.AST) -> set[str]:
    """Every name that `node` looks up, without those that its functions, classes and comprehensions bind for themselves."""
    types = getattr(node, "type_params", ())  # T in `def first[T: Number](...)`, from Python 3.12 on
    limits = {name for one in types for name in looked_up(one)}
    return (_looked_up(node) | limits) - {one.name for one in types}


def _looked_up(node: ast.AST) -> set[str]:
    match node:
        case ast.AugAssign(target=ast.Name(id=name), value=value):
            return {name} | looked_up(value)
        case ast.Name(id=name, ctx=context):
            return set() if isinstance(context, ast.Store) else {name}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            return _looked_up_by_a_function(node)
        case ast.ClassDef():
            return _looked_up_by_a_class(node)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            own = {name for one in node.generators for name in stored(one.target)}
            first = looked_up(node.generators[0].iter)  # outside of the comprehension's own scope
            return first | (_looked_up_by_children(node) - own)
        case _:
            return _looked_up_by_children(node)


def _looked_up_by_children(node: ast.AST) -> set[str]:
    return {name for child in ast.iter_child_nodes(node) for name in looked_up(child)}


def _looked_up_by_a_function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    arguments = [one for one in ast.walk(node.args) if isinstance(one, ast.arg)]
    own = {one.arg for one in arguments}
    given = [*node.args.defaults, *node.args.kw_defaults, *(one.annotation for one in arguments)]
    outside = [one for one in given if one is not None]
    body: Sequence[ast.AST]
    if isinstance(node, ast.Lambda):
        body = [node.body]
    else:
        body = node.body
        outside += [*node.decorator_list, *([node.returns] if node.returns else [])]
        kinds = (ast.Global, ast.Nonlocal)
        own |= bound(body) - {name for one in ast.walk(node) if isinstance(one, kinds) for name in one.names}
    return {name for one in outside for name in looked_up(one)} | (
        {name for one in body for name in looked_up(one)} - own
    )


def _looked_up_by_a_class(node: ast.ClassDef) -> set[str]:
    found = {name for one in (*node.decorator_list, *node.bases, *node.keywords) for name in looked_up(one)}
    known: set[str] = set()
    for statement in node.body:
        # Methods don't see what stands beside them.
        found |= looked_up(statement) if isinstance(statement, _FUNCTIONS) else unmet([statement], known)
        known |= bound([statement]) if isinstance(statement, _FUNCTIONS) else set()
    return found


def unmet(body: Sequence[ast.stmt], known: set[str]) -> set[str]:
    """What statements look up before they are certain to have given it a value. They add to `known` what is certain after them."""
    found: set[str] = set()
    for statement in body:
        match statement:
            case ast.For() | ast.AsyncFor():
                found |= (looked_up(statement.iter) | looked_up(statement.target)) - known
                found |= unmet(statement.body, known | stored(statement.target)) | unmet(statement.orelse, set(known))
            case ast.With() | ast.AsyncWith():
                for item in statement.items:
                    found |= looked_up(item.context_expr) - known
                    known |= stored(item.optional_vars) if item.optional_vars is not None else set()
                found |= unmet(statement.body, known)
            case _:
                found |= looked_up(statement) - known
                if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
                    known |= stored(statement)
                elif isinstance(statement, (ast.Import, ast.ImportFrom, *_FUNCTIONS, ast.ClassDef)):
                    known |= bound([statement])
    return found


def owner(node: ast.AST) -> str:
    """The name that an expression begins with: ``a`` of ``a.b[c](d).e``; '' if it begins with none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
