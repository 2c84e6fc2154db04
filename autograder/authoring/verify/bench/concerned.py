"""Which questions a change concerns: those that can't be answered otherwise than before aren't run again.

Dependences between cells go by names. Here two names of one object, or of what holds it, count as one name: what trains ``second``
after ``second = first`` changes what a question about ``first`` sees.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from autograder.common.code_names import parse_cell
from autograder.course.cell_dependencies import QuestionCells, Uses, base, path_of, reaching, uses_of

# Functions whose result holds what they are given, as that of a notebook's own may. Of others it is taken to be new.
_HOLD = frozenset({"list", "tuple", "set", "dict", "zip", "enumerate", "sorted", "reversed", "iter", "next"})
_VIEWS = frozenset({"values", "items", "copy", "get", "pop"})


def dependences(cells: Sequence[str], changed: Mapping[int, str]) -> list[Uses]:
    """What each cell reads, and may change under any name: before, or as it is now."""
    now = [changed.get(place, source) for place, source in enumerate(cells)]
    groups = _groups([*cells, *changed.values()])
    return [
        Uses(one.reads | other.reads, _every_name(one.writes | other.writes, groups))
        for one, other in zip(uses_of(cells), uses_of(now), strict=True)
    ]


def concerned(
    places: Mapping[str, QuestionCells], every: Sequence[Uses], changed: Iterable[int]
) -> dict[str, QuestionCells]:
    """Of the questions at `places`, those of which a cell is changed, or needs what a changed one makes; `every`: `dependences`."""
    reached = reaching(every, changed)
    return {name: one for name, one in places.items() if reached.intersection({*one.answers, one.check})}


def _every_name(paths: Iterable[str], groups: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(other for path in paths for other in (path, *groups.get(base(path), ())))


def _groups(sources: Iterable[str]) -> dict[str, frozenset[str]]:
    """By name, all names that may be of the same object, or of what holds it."""
    every_source = list(sources)
    holding = _HOLD.union(*map(_functions, every_source))
    groups: dict[str, frozenset[str]] = {}
    for source in every_source:
        for names in _same(source, holding):
            every = names.union(*(groups.get(name, ()) for name in names))
            groups |= dict.fromkeys(every, every)
    return groups


@lru_cache(maxsize=1024)  # a version changes a cell or two, and is one of hundreds
def _functions(source: str) -> frozenset[str]:
    """Those that a cell defines, wherever they stand in it."""
    tree = parse_cell(source)
    nodes = ast.walk(tree) if tree is not None else ()
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


@lru_cache(maxsize=1024)
def _same(source: str, holding: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Each a few names that a cell gives to one object, or to what holds it."""
    tree = parse_cell(source)
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Assign(targets=targets, value=value):
                held = targets
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.NamedExpr(target=target, value=value)
                | ast.For(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
            ):
                held = [target]
            case _:
                continue
        if names := set(_held(value, holding)):
            named = {base(path) for one in held for part in ast.walk(one) if (path := path_of(part))}
            found.append(frozenset(names | named))
    return tuple(found)


def _held(value: ast.AST, holding: frozenset[str]) -> Iterator[str]:
    """The names of what a value is, or holds."""
    match value:
        case ast.Name() | ast.Attribute() | ast.Subscript():
            if path := path_of(value):
                yield base(path)
        case ast.Call(func=ast.Name(id=name)) if name in holding:
            for part in ast.iter_child_nodes(value):
                yield from () if part is value.func else _held(part, holding)
        case ast.Call(func=ast.Attribute(value=of, attr=name)) if name in _VIEWS:
            yield from _held(of, holding)
        case ast.Call() | ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.Constant() | ast.JoinedStr() | ast.Lambda():
            return
        case _:
            for part in ast.iter_child_nodes(value):
                yield from _held(part, holding)
