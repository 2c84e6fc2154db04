"""Code that says the same: names, comments, functions as lambdas, statements in another order or another frame."""

from __future__ import annotations

import ast
import random
from functools import cache
from typing import Any

from autograder.authoring.verify.rewriting import Replacement, bound_value, expression, rewriter, statements


@rewriter("another frame", (ast.Assign, ast.Expr), lambda node: not _is_docstring(node))
def framed(node: ast.stmt, draw: random.Random) -> Replacement:
    """A statement below ``if True:``, in a loop that runs once, between try and finally, or in a ``with`` block."""
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


@rewriter("annotation", ast.Assign, lambda node: bound_value(node) and node.targets[0].id not in line_magics())
def annotated(node: Any, _draw: random.Random) -> Replacement:
    """A name with the type of its value: of ``history: object = ...`` IPython would show the history, at home too."""
    return ast.AnnAssign(target=node.targets[0], annotation=expression("object"), value=node.value, simple=1)


@rewriter("print", (ast.Assign, ast.Expr), lambda node: not _is_docstring(node))
def printed(node: ast.stmt, _draw: random.Random) -> Replacement:
    """Something is printed after a statement."""
    return [node, *statements("print('done')")]


def _numbers(node: Any) -> list[ast.keyword]:
    """The arguments of a call that are numbers."""
    given = node.value.keywords if isinstance(node.value, ast.Call) else ()
    return [one for one in given if isinstance(one.value, ast.Constant) and type(one.value.value) in (int, float)]


@rewriter("number with a name", (ast.Assign, ast.Expr), _numbers)
def named_argument(node: ast.stmt, draw: random.Random) -> Replacement:
    """A number in a call gets a name first."""
    one = draw.choice(_numbers(node))
    name = f"my_{one.arg}"
    first = statements(f"{name} = V", V=one.value)
    one.value = ast.Name(name, ast.Load())
    return [*first, node]


@rewriter(
    "in two steps",
    ast.Assign,
    lambda node: len(node.targets) == 1 and not isinstance(node.value, (ast.Name, ast.Constant)),
)
def in_two_steps(node: ast.Assign, _draw: random.Random) -> Replacement:
    """A value goes through a name of its own."""
    first = statements("result = V", V=node.value)
    node.value = ast.Name("result", ast.Load())
    return [*first, node]


@rewriter(
    "function otherwise",
    ast.FunctionDef,
    lambda node: not node.decorator_list and isinstance(node.body[-1], ast.Return),
)
def as_lambda(node: ast.FunctionDef, draw: random.Random) -> Replacement:
    """A function of one expression as a lambda, or with its result in a name."""
    body = [one for one in node.body if not _is_docstring(one)]
    last = body[-1]
    assert isinstance(last, ast.Return)
    if last.value is None:
        return None
    if len(body) == 1 and draw.random() < 0.5:
        return statements(f"{node.name} = L", L=ast.Lambda(node.args, last.value))
    node.body[-1:] = statements("answer = V\nreturn answer", V=last.value)
    return node


@rewriter("names of arguments", ast.FunctionDef, lambda node: node.args.args)
def other_arguments(node: ast.FunctionDef, _draw: random.Random) -> Replacement:
    """A function's arguments under other names."""
    names = {one.arg: f"the_{one.arg}" for one in node.args.args}
    for one in ast.walk(node):
        if isinstance(one, ast.arg):
            one.arg = names.get(one.arg, one.arg)
        elif isinstance(one, ast.Name):
            one.id = names.get(one.id, one.id)
    return node


@rewriter("docstring", ast.FunctionDef)
def docstring(node: ast.FunctionDef, _draw: random.Random) -> Replacement:
    """A docstring for a function, or another one."""
    body = node.body[1:] if _is_docstring(node.body[0]) and len(node.body) > 1 else node.body
    node.body = [*statements("'My own words.'"), *body]
    return node


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


LAYOUT = (framed, annotated, printed, named_argument, in_two_steps, as_lambda, other_arguments, docstring)
