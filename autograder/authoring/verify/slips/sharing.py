"""Mistakes with objects: one of them under two names, where each name should have its own."""

from __future__ import annotations

import ast
import random

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, dotted, expression


class OneForTwo(Rewriter):
    """The second of two names that get what the same function makes, or the same method gives, is the first object again."""

    name = "one object for two names"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, (ast.Module, ast.FunctionDef)) and bool(_twice(node.body))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, (ast.Module, ast.FunctionDef))
        first, second = draw.choice(_twice(node.body))
        second.value = ast.Name(first.targets[0].id, ast.Load())  # type: ignore[attr-defined]
        return node


def _twice(body: list[ast.stmt]) -> list[tuple[ast.Assign, ast.Assign]]:
    """Pairs of statements that give two names what one function makes."""
    made = [one for one in body if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and _maker(one.value)]  # fmt: skip
    return [
        (first, second)
        for number, first in enumerate(made)
        for second in made[number + 1 :]
        if _maker(first.value) == _maker(second.value) and ast.dump(first.targets[0]) != ast.dump(second.targets[0])
    ]


def _maker(value: ast.expr) -> str:
    return dotted(value.func) if isinstance(value, ast.Call) else ""


class OneForTwoKeys(Rewriter):
    """One object for two keys of a dictionary: an optimizer that two networks share, say."""

    name = "one object for two keys"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Dict) and sum(isinstance(one, ast.Call) for one in node.values) > 1

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Dict)
        first, second = sorted(draw.sample([n for n, one in enumerate(node.values) if isinstance(one, ast.Call)], 2))
        node.values[first] = expression("(shared := V)", V=node.values[first])
        node.values[second] = ast.Name("shared", ast.Load())
        return node


class MadeBeforeTheLoop(Rewriter):
    """What each round of a loop should make anew is made once, before it."""

    name = "made before the loop"

    def matches(self, node: ast.AST) -> bool:
        first = node.body[0] if isinstance(node, ast.For) and len(node.body) > 1 else None
        return isinstance(first, ast.Assign) and isinstance(first.value, ast.Call) and not calls(first.value, "fit", "evaluate")  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.For)
        own = {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
        if own & {one.id for one in ast.walk(node.body[0]) if isinstance(one, ast.Name)}:
            return None  # it depends on the round
        return [node.body.pop(0), node]


SHARING = (OneForTwo(), OneForTwoKeys(), MadeBeforeTheLoop())
