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

from autograder.common import code_names
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
        cell, tree = notebook.cells[place], code_names.parse(sources[place])
        if is_answer(cell) or is_check(cell):
            yield place, _("students write in it, or it is worth points")
        elif tree is None:
            yield place, _("it is no plain Python")
        elif changed := _changed(tree):
            yield place, _("it changes '{name}', which it didn't make", name=changed)
        elif place not in unneeded:
            later = sorted(made(sources[place]) & set().union(*(needed(text) for text in sources[place + 1 :])))
            yield place, _("a later cell needs what it makes ({names})", names=", ".join(later) or EVERY)


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


@lru_cache(maxsize=512)  # of cells that students were given; each is there again in every notebook
def made(source: str) -> frozenset[str]:
    """The names that the code of a cell gives a value, or takes it from, in the notebook."""
    tree = code_names.parse(source)
    return frozenset(_words(source) if tree is None else code_names.bound(tree.body))


def needed(source: str) -> frozenset[str]:
    """The names that the code of a cell takes from before; more rather than fewer. `EVERY`: it may be any."""
    return frozenset({EVERY}) if len(source) > code_names.MAX_CHARACTERS else _needed(source)


@lru_cache(maxsize=512)
def _needed(source: str) -> frozenset[str]:
    tree = code_names.parse(source)
    if tree is None:  # magics, or nothing that can be read: every word may be a name
        found = words = _words(source)
        by_text = bool(re.search(r"^[^\S\n]*[%!]|\?[^\S\n]*$", source, re.MULTILINE))
    else:
        words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        by_text = False
        found = code_names.unmet(tree.body, set())
    return frozenset(found | ({EVERY} if by_text or words & _BY_TEXT else set()))


def _words(source: str) -> set[str]:
    return set(re.findall(r"\w+", source))


def _changed(tree: ast.Module) -> str:
    """A name of something that the cell changes and didn't make itself; '' for none."""
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, _SCOPES))]
    own = {name for scope in scopes for name in _bound_inside(scope)}
    for node in ast.walk(tree):
        target: ast.expr | None = None
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            target = node.func.value
        elif isinstance(node, ast.Delete) and any(isinstance(one, ast.Name) for one in node.targets):
            return ", ".join(one.id for one in node.targets if isinstance(one, ast.Name))
        if target is not None and (name := code_names.owner(target)) and name not in own:
            return name
    return ""


def _bound_inside(scope: ast.AST) -> set[str]:
    arguments = (
        {one.arg for one in ast.walk(scope.args) if isinstance(one, ast.arg)} if hasattr(scope, "args") else set()
    )
    body = getattr(scope, "body", [])
    return arguments | code_names.bound(body if isinstance(body, list) else [body])
