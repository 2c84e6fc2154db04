"""Code that says the same: names, comments, functions as lambdas, statements in another order or another frame."""

from __future__ import annotations

import ast
import random
from functools import cache
from typing import Any

from autograder.authoring.verify.rewriting import Replacement, Rewriter, expression, statements


class Framed(Rewriter):
    """A statement below ``if True:``, in a loop that runs once, between try and finally, or in a ``with`` block."""

    name = "another frame"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, (ast.Assign, ast.Expr)) and not _is_docstring(node)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.stmt)
        ways = ("if True:\n    pass", "for _once in range(1):\n    pass", "try:\n    pass\nfinally:\n    pass", "try:\n    pass\nexcept OSError:\n    raise", "with contextlib.nullcontext():\n    pass", "while True:\n    pass\n    break")  # fmt: skip
        (frame,) = statements(draw.choice(ways))
        frame.body[0] = node  # type: ignore[attr-defined]
        return frame


@cache
def line_magics() -> frozenset[str]:
    """The names that IPython takes for its own commands where a line begins with one and no ``=`` follows."""
    from IPython.core import magics
    from IPython.core.magic import Magics

    every = (getattr(magics, name) for name in dir(magics))  # some are imported when asked for
    kinds: list[Any] = [one for one in every if isinstance(one, type) and issubclass(one, Magics)]
    return frozenset(name for kind in kinds for name in kind.magics.get("line", ()))


class Annotated(Rewriter):
    """A name with the type of its value: of ``history: object = ...`` IPython would show the history, at home too."""

    name = "annotation"

    def matches(self, node: ast.AST) -> bool:
        named = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        return named and node.targets[0].id not in line_magics()  # type: ignore[attr-defined]

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        return ast.AnnAssign(target=node.targets[0], annotation=expression("object"), value=node.value, simple=1)


class Printed(Rewriter):
    """Something is printed after a statement."""

    name = "print"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, (ast.Assign, ast.Expr)) and not _is_docstring(node)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.stmt)
        return [node, *statements("print('done')")]


class NamedArgument(Rewriter):
    """A number in a call gets a name first."""

    name = "number with a name"

    def matches(self, node: ast.AST) -> bool:
        if not isinstance(node, (ast.Assign, ast.Expr)) or not isinstance(node.value, ast.Call):
            return False
        return any(
            isinstance(k.value, ast.Constant) and type(k.value.value) in (int, float) for k in node.value.keywords
        )

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, (ast.Assign, ast.Expr)) and isinstance(node.value, ast.Call)
        given = [k for k in node.value.keywords if k.arg and isinstance(k.value, ast.Constant) and type(k.value.value) in (int, float)]  # fmt: skip
        one = draw.choice(given)
        name = f"my_{one.arg}"
        first = statements(f"{name} = V", V=one.value)
        one.value = ast.Name(name, ast.Load())
        return [*first, node]


class InTwoSteps(Rewriter):
    """A value goes through a name of its own."""

    name = "in two steps"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.value, (ast.Name, ast.Constant))  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign)
        first = statements("result = V", V=node.value)
        node.value = ast.Name("result", ast.Load())
        return [*first, node]


class AsLambda(Rewriter):
    """A function of one expression as a lambda, or with its result in a name."""

    name = "function otherwise"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef) and not node.decorator_list and isinstance(node.body[-1], ast.Return)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.FunctionDef)
        body = [one for one in node.body if not _is_docstring(one)]
        last = body[-1]
        assert isinstance(last, ast.Return)
        if last.value is None:
            return None
        if len(body) == 1 and draw.random() < 0.5:
            return statements(f"{node.name} = L", L=ast.Lambda(node.args, last.value))
        node.body = [
            *node.body[:-1],
            *statements("answer = V", V=last.value),
            ast.Return(ast.Name("answer", ast.Load())),
        ]
        return node


class OtherArguments(Rewriter):
    """A function's arguments under other names."""

    name = "names of arguments"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef) and bool(node.args.args)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.FunctionDef)
        names = {one.arg: f"the_{one.arg}" for one in node.args.args}
        for one in ast.walk(node):
            if isinstance(one, ast.arg):
                one.arg = names.get(one.arg, one.arg)
            elif isinstance(one, ast.Name):
                one.id = names.get(one.id, one.id)
        return node


class Docstring(Rewriter):
    """A docstring for a function, or another one."""

    name = "docstring"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.FunctionDef)
        body = node.body[1:] if _is_docstring(node.body[0]) and len(node.body) > 1 else node.body
        node.body = [*statements("'My own words.'"), *body]
        return node


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


LAYOUT = (Framed(), Annotated(), Printed(), NamedArgument(), InTwoSteps(), AsLambda(), OtherArguments(), Docstring())
