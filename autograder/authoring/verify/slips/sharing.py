"""Mistakes with objects: one of them under two names, where each name should have its own."""

from __future__ import annotations

import ast
import random
from typing import Any

from autograder.authoring.verify.rewriting import Replacement, calls, dotted, expression, rewriter


def _twice(node: ast.Module | ast.FunctionDef) -> list[tuple[Any, Any]]:
    """Pairs of statements that give two names what one function makes."""
    made = [one for one in node.body if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and _maker(one.value)]  # fmt: skip
    return [
        (first, second)
        for number, first in enumerate(made)
        for second in made[number + 1 :]
        if _maker(first.value) == _maker(second.value) and ast.dump(first.targets[0]) != ast.dump(second.targets[0])
    ]


def _maker(value: ast.expr) -> str:
    return dotted(value.func) if isinstance(value, ast.Call) else ""


@rewriter("one object for two names", (ast.Module, ast.FunctionDef), _twice)
def one_for_two(node: ast.Module | ast.FunctionDef, draw: random.Random) -> Replacement:
    """The second of two names that get what the same function makes, or the same method gives, is the first object again."""
    first, second = draw.choice(_twice(node))
    second.value = ast.Name(first.targets[0].id, ast.Load())
    return node


@rewriter("one object for two keys", ast.Dict, lambda node: sum(isinstance(one, ast.Call) for one in node.values) > 1)
def one_for_two_keys(node: ast.Dict, draw: random.Random) -> Replacement:
    """One object for two keys of a dictionary: an optimizer that two networks share, say."""
    first, second = sorted(draw.sample([n for n, one in enumerate(node.values) if isinstance(one, ast.Call)], 2))
    node.values[first] = expression("(shared := V)", V=node.values[first])
    node.values[second] = ast.Name("shared", ast.Load())
    return node


def _makes_first(node: ast.For) -> bool:
    value = node.body[0].value if len(node.body) > 1 and isinstance(node.body[0], ast.Assign) else None
    return isinstance(value, ast.Call) and not calls(value, "fit", "evaluate")


@rewriter("made before the loop", ast.For, _makes_first)
def made_before_the_loop(node: ast.For, _draw: random.Random) -> Replacement:
    """What each round of a loop should make anew is made once, before it."""
    own = {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
    if own & {one.id for one in ast.walk(node.body[0]) if isinstance(one, ast.Name)}:
        return None  # it depends on the round
    return [node.body.pop(0), node]


SHARING = (one_for_two, one_for_two_keys, made_before_the_loop)
