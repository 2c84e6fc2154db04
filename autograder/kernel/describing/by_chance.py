"""Whether an answer that was looked for in a dictionary of numbers is right by chance: with other numbers in it, it would be the same.

The expression that made the answer is asked again, of numbers in which each key in turn has the largest. Only expressions of which
nothing else can come are: of the dictionary, and of what looks without changing anything. Where that can't be told, nobody is suspected.
A dictionary that was sorted by its numbers stays so: a place in it is found by a number.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any

_FUNCTIONS = {
    "dict",
    "enumerate",
    "filter",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "reversed",
    "sorted",
    "str",
    "tuple",
    "zip",
}
_METHODS = {"get", "items", "keys", "values", "index", "__getitem__", "argmax", "argsort", "array", "asarray", "max"}
_PARTS = (
    ast.Name, ast.Attribute, ast.Call, ast.keyword, ast.Lambda, ast.arguments, ast.arg, ast.Subscript, ast.Slice, ast.Constant, ast.UnaryOp,
    ast.USub, ast.Tuple, ast.List, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.comprehension, ast.Compare, ast.cmpop,
    ast.IfExp, ast.expr_context, ast.Expression, ast.Starred,
)  # fmt: skip
MAX_KEYS, MAX_PARTS = 50, 200


def is_by_chance(
    name: str, answer: Any, numbers: Mapping[Any, Any], space: Mapping[str, Any], cells: Sequence[str]
) -> bool:
    """Whether `answer`, bound to `name` in one of `cells`, is found in `numbers` without looking at them. `space`: the notebook's names."""
    try:
        return answer in numbers and 1 < len(numbers) <= MAX_KEYS and _is_by_chance(name, numbers, space, cells)
    except Exception:  # of other numbers it can't be asked, or of these: no error of ours in a student's cell
        return False


def _is_by_chance(name: str, numbers: Mapping[Any, Any], space: Mapping[str, Any], cells: Sequence[str]) -> bool:
    found = _expression(name, cells)
    names = _free(found) if found is not None else set()
    own = {one for one in names if space.get(one) is numbers}
    arrays = {one for one in names if getattr(space.get(one), "__name__", "") == "numpy"}
    if found is None or not own or names - own - arrays - _FUNCTIONS:
        return False
    code = compile(found, "<by chance>", "eval")
    given = {one: getattr(builtins, one) for one in _FUNCTIONS} | {one: space[one] for one in arrays}
    largest = max(float(number) for number in numbers.values()) + 1
    return any(_asked(code, own, _in_order_of({**numbers, key: largest}, numbers), given) != key for key in numbers)


def _in_order_of(changed: dict[Any, Any], numbers: Mapping[Any, Any]) -> dict[Any, Any]:
    """`changed`, sorted by its numbers as `numbers` is, if it is."""
    held = [*numbers.values()]
    for falling in (False, True):
        if held == sorted(held, reverse=falling):
            return dict(sorted(changed.items(), key=lambda item: item[1], reverse=falling))
    return changed


def _asked(code: CodeType, own: set[str], numbers: dict[Any, Any], given: dict[str, Any]) -> Any:
    return eval(code, {"__builtins__": {}, **given, **dict.fromkeys(own, numbers)})


def _expression(name: str, cells: Sequence[str]) -> ast.Expression | None:
    """What `name` was last bound to, if by an assignment of its own and made of nothing but `_PARTS`."""
    for source in reversed(cells):
        try:
            statements = ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError):
            continue
        for statement in reversed(statements):
            bound = {
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            if name not in bound:
                continue
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            alone = isinstance(statement, (ast.Assign, ast.AnnAssign)) and [ast.Name] == [*map(type, targets)]
            value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
            return ast.Expression(value) if alone and value is not None and _looks_only(value) else None
    return None


def _looks_only(value: ast.expr) -> bool:
    parts = [*ast.walk(value)]
    methods = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return len(parts) <= MAX_PARTS and methods <= _METHODS and all(isinstance(part, _PARTS) for part in parts)


def _free(value: ast.Expression) -> set[str]:
    own = {node.arg for node in ast.walk(value) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(value) if isinstance(node, ast.Name)]
    return {node.id for node in names} - own - {node.id for node in names if isinstance(node.ctx, ast.Store)}
