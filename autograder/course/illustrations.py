"""Cells of a release that only show something: tagged `illustration`, and left out while grading, where nothing hangs on them.

What a cell makes and what others need is found by reading the code, never by running it. Where that can't tell (code that is no Python, code
that looks names up by their text), the cell runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nbformat import NotebookNode

from autograder.common.cells import is_answer, is_check
from autograder.common.i18n import _

TAG = "illustration"
EVERY = "*"  # what a cell needs that may need anything
# Names by which code gets at names that it doesn't write down: IPython's own among them.
_BY_TEXT = {
    "globals",
    "locals",
    "vars",
    "dir",
    "eval",
    "exec",
    "compile",
    "get_ipython",
    "inspect",
    "gc",
    "sys",
    "In",
    "Out",
    "__main__",
}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Methods that change what they are called on: of what the cell itself didn't make, somebody may notice.
_CHANGING = {
    "add", "append", "build", "clear", "compile", "extend", "fill", "fit", "insert", "load_weights", "partial_fit", "pop", "popitem", "remove",
    "reverse", "set_weights", "setdefault", "shuffle", "sort", "train_on_batch", "update",
}  # fmt: skip


def is_tagged(cell: NotebookNode) -> bool:
    tags = cell.metadata.get("tags", [])
    return cell.cell_type == "code" and isinstance(tags, list) and TAG in tags


def left_out(notebook: NotebookNode, released: NotebookNode) -> frozenset[int]:
    """The places of the release's illustrations in a student's `notebook` that no other of its cells needs anything of.

    A cell is the release's if its whole text is, once; what a student changed or copied always runs.
    """
    sources = {cell.source for cell in released.cells if is_tagged(cell)}
    seen: set[str] = set()
    places = []
    for place, cell in enumerate(notebook.cells):
        if (
            cell.cell_type == "code"
            and cell.source in sources
            and cell.source not in seen
            and not (is_answer(cell) or is_check(cell))
        ):
            seen.add(cell.source)
            places.append(place)
    return _unneeded([cell.source if cell.cell_type == "code" else "" for cell in notebook.cells], places)


def mistakes(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """Places of a source notebook's cells that are tagged and may not be, with the reason."""
    places = [place for place, cell in enumerate(notebook.cells) if is_tagged(cell)]
    sources = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
    unneeded = _unneeded(sources, places)
    for place in places:
        cell, tree = notebook.cells[place], _parsed(sources[place])
        if is_answer(cell) or is_check(cell):
            yield place, _("students write in it, or it is worth points")
        elif tree is None:
            yield place, _("it is no plain Python")
        elif changed := _changed(tree):
            yield place, _("it changes '{name}', which it didn't make", name=changed)
        elif place not in unneeded:
            names = sorted(made(sources[place]) & set().union(*(needed(text) for text in sources[place + 1 :])))
            yield place, _("a later cell needs what it makes ({names})", names=", ".join(names) or EVERY)


def _unneeded(sources: Sequence[str], places: Sequence[int]) -> frozenset[int]:
    """Those of `places` whose names no cell after them needs, other than cells that are left out themselves."""
    left = set(places)
    while True:
        needs: set[str] = set()
        kept = set()
        for place in range(len(sources) - 1, -1, -1):
            if place in left and EVERY not in needs and not made(sources[place]) & needs:
                kept.add(place)
            else:
                needs |= needed(sources[place])
        if kept == left:
            return frozenset(left)
        left = kept


@lru_cache(maxsize=4096)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=4096)
def made(source: str) -> frozenset[str]:
    """The names that the code of a cell gives a value, or takes it from, in the notebook."""
    tree = _parsed(source)
    return frozenset(_words(source)) if tree is None else frozenset(_bound(tree.body))


@lru_cache(maxsize=4096)
def needed(source: str) -> frozenset[str]:
    """The names that the code of a cell takes from before; more rather than fewer. `EVERY`: it may be any."""
    tree = _parsed(source)
    if tree is None:  # magics, or no Python: every word may be a name
        found = _words(source)
        return frozenset(
            found | ({EVERY} if found & _BY_TEXT or re.search(r"^\s*[%!]|\?\s*$", source, re.MULTILINE) else set())
        )
    try:
        found = _needs(tree.body, set())
    except RecursionError:
        return frozenset({EVERY})
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return frozenset(found | ({EVERY} if words & _BY_TEXT else set()))


def _words(source: str) -> set[str]:
    return set(re.findall(r"\w+", source))


def _needs(body: Sequence[ast.stmt], bound: set[str]) -> set[str]:
    """What the statements need that is not in `bound`, which they add to: what is certain to have a value after them."""
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            found |= _loads(statement.iter) - bound
            inner = bound | _stored(statement.target)
            found |= _loads(statement.target) - bound
            found |= _needs(statement.body, inner) | _needs(statement.orelse, set(bound))
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            for item in statement.items:
                found |= _loads(item.context_expr) - bound
                bound |= _stored(item.optional_vars) if item.optional_vars is not None else set()
            found |= _needs(statement.body, bound)
        else:
            found |= _loads(statement) - bound
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
                bound |= _stored(statement)
            elif isinstance(
                statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            ):
                bound |= _bound([statement])
    return found


def _loads(node: ast.AST) -> set[str]:
    """Every name that is looked up in `node`, without what its functions and comprehensions bind for themselves."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return {node.target.id} | _loads(node.value)
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, (ast.Load, ast.Del)) else set()
    own: set[str] = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        arguments = node.args
        own = {one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)}
        if not isinstance(node, ast.Lambda):
            declared = {
                name for one in ast.walk(node) if isinstance(one, (ast.Global, ast.Nonlocal)) for name in one.names
            }
            own |= _bound(node.body) - declared
        outside = {
            name
            for default in (*arguments.defaults, *arguments.kw_defaults)
            if default is not None
            for name in _loads(default)
        }
        outside |= {name for decorator in getattr(node, "decorator_list", []) for name in _loads(decorator)}
        inside = [node.body] if isinstance(node, ast.Lambda) else node.body
        return outside | ({name for one in inside for name in _loads(one)} - own)
    if isinstance(node, _COMPREHENSIONS):
        own = {name for one in node.generators for name in _stored(one.target)}
        first = _loads(node.generators[0].iter)  # is looked up outside
        return first | ({name for child in ast.iter_child_nodes(node) for name in _loads(child)} - own)
    return {name for child in ast.iter_child_nodes(node) for name in _loads(child)}


def _stored(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _bound(body: Sequence[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            found |= {name for one in ast.walk(node) if isinstance(one, ast.Global) for name in one.names}
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name):
            found |= {node.id} if isinstance(node.ctx, (ast.Store, ast.Del)) else set()
        elif isinstance(node, _COMPREHENSIONS):
            found |= {one.target.id for one in ast.walk(node) if isinstance(one, ast.NamedExpr)}
        else:
            if isinstance(node, ast.ExceptHandler) and node.name:
                found.add(node.name)
            found |= _bound(list(ast.iter_child_nodes(node)))
    return found


def _changed(tree: ast.Module) -> str:
    """A name of something that the cell changes and didn't make itself; '' for none."""
    own = {
        name for node in [tree, *ast.walk(tree)] if isinstance(node, (ast.Module, *_SCOPES)) for name in _bound_in(node)
    }
    for node in ast.walk(tree):
        target: ast.expr | None = None
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            target = node.func.value
        elif isinstance(node, ast.Delete) and any(isinstance(one, ast.Name) for one in node.targets):
            return ", ".join(one.id for one in node.targets if isinstance(one, ast.Name))
        while isinstance(target, (ast.Attribute, ast.Subscript, ast.Call)):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name) and target.id not in own:
            return target.id
    return ""


def _bound_in(node: ast.AST) -> set[str]:
    arguments = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)} if hasattr(node, "args") else set()
    body = getattr(node, "body", [])
    return arguments | _bound(body if isinstance(body, list) else [body])
