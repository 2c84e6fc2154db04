"""Plain values, written otherwise: numbers of NumPy, sums, lists for tuples."""

from __future__ import annotations

import ast
import random
from typing import Any

import numpy as np

from autograder.authoring.verify.rewriting import Replacement, bound_value, expression, otherwise, rewriter, text_of


def _whole(node: ast.AST | None) -> bool:
    """Whether an expression is whole numbers and arithmetic that stays whole."""
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    whole = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)
    return isinstance(node, ast.BinOp) and isinstance(node.op, whole) and _whole(node.left) and _whole(node.right)


@rewriter("kind of number", ast.Assign, lambda node: _whole(bound_value(node)), other_kind=True)
def whole_number(node: ast.Assign, draw: random.Random) -> Replacement:
    """A whole number as NumPy's, as a float, or through int()."""
    ways = [
        "np.int64(V)",
        "np.int32(V)",
        "int(V)",
        "float(V)",
        "np.array(V)",
        "round(V)",
        "Fraction(V)",
        "Decimal(V)",
        "np.uint32(V)",
        "np.float32(V)",
        "enum.IntEnum('Answer', {'it': V}).it",
    ]
    node.value = expression(draw.choice(ways), V=node.value)
    return node


def _decimal(node: ast.Assign) -> bool:
    value = bound_value(node)
    return isinstance(value, ast.Constant) and type(value.value) is float


@rewriter("bits of a number", ast.Assign, _decimal, other_kind=True)
def few_bits(node: ast.Assign, draw: random.Random) -> Replacement:
    """A decimal as a number of other bits, which stands for it: of NumPy, TensorFlow, pandas or Python's exact ones."""
    ways = [
        "np.float32(V)",
        "np.array(V, 'float32')",
        "np.array([V], 'float32')[0]",
        "np.longdouble(V)",
        "pd.Series([V], dtype='float32').iloc[0]",
        "keras.ops.convert_to_tensor(V, 'float32')",
        "Decimal(str(V))",
        "Fraction(str(V))",
    ]
    number: Any = bound_value(node)
    if float(str(np.float16(number.value))) == number.value:  # not of more digits than it has room for
        ways.append("np.float16(V)")
    node.value = expression(draw.choice(ways), V=node.value)
    return node


@rewriter("number worked out", ast.Constant, lambda node: type(node.value) is int and node.value > 3)
def arithmetic(node: Any, draw: random.Random) -> Replacement:
    """A number as a small sum."""
    part = draw.randint(1, node.value - 1)
    ways = [f"{node.value - part} + {part}", f"{node.value + part} - {part}", f"int({str(node.value)!r})", f"2 * {node.value} // 2"]  # fmt: skip
    return expression(draw.choice(ways))


def _listed(node: ast.Assign) -> bool:
    value = bound_value(node)
    parts = (ast.Constant, ast.Tuple)
    return isinstance(value, (ast.List, ast.Tuple)) and all(isinstance(one, parts) for one in value.elts)


@rewriter("list or tuple", ast.Assign, _listed, other_kind=True)
def list_for_tuple(node: ast.Assign, draw: random.Random) -> Replacement:
    """A tuple as a list, a list as a tuple, either as an array, a Series or a deque, where a name gets it."""
    held: Any = node.value
    inside = all(isinstance(one, ast.Tuple) for one in held.elts)
    if draw.random() < 0.4:
        ways = ["np.array(V, dtype=object)", "pd.Series(list(V), dtype=object)", "collections.deque(V)"]
        node.value = expression(draw.choice(ways), V=node.value)
    elif inside and draw.random() < 0.5:
        node.value = expression("[list(one) for one in V]", V=node.value)
    else:
        other = ast.Tuple if isinstance(held, ast.List) else ast.List
        node.value = other(held.elts, ast.Load())
    return node


@rewriter("text put together", ast.Assign, lambda node: len(text_of(bound_value(node))) > 1, other_kind=True)
def text_built(node: ast.Assign, draw: random.Random) -> Replacement:
    """A text that is put together, NumPy's, or a member of an Enum."""
    said = text_of(node.value)
    at = draw.randint(1, len(said) - 1)
    ways = [
        f"{said[:at]!r} + {said[at:]!r}",
        f"np.str_({said!r})",
        f"''.join([{said[:at]!r}, {said[at:]!r}])",
        f"str({said!r})",
        f"{said!r}.strip()",
        f"enum.Enum('Answer', {{'it': {said!r}}}, type=str).it",
        f"enum.StrEnum('Answer', {{'it': {said!r}}}).it",
    ]
    node.value = expression(draw.choice(ways))
    return node


@rewriter("truth value", ast.Assign, lambda node: isinstance(bound_value(node), ast.Compare), other_kind=True)
def truth_of(node: ast.Assign, draw: random.Random) -> Replacement:
    """A comparison as NumPy's truth value, or through bool()."""
    ways = ["np.bool_(V)", "bool(V)", "True if V else False", "not not V"]
    node.value = expression(draw.choice(ways), V=node.value)
    return node


@rewriter("truth value asked", (ast.If, ast.IfExp), lambda node: isinstance(node.test, ast.Name))
def truth_asked(node: ast.If | ast.IfExp, draw: random.Random) -> Replacement:
    """``if flag`` of a function's argument as a comparison with True, or turned round."""
    ways = ["V is True", "V == True", "not V is False", "bool(V)", "isinstance(V, bool) and V"]
    node.test = expression(draw.choice(ways), V=node.test)
    return node


VALUES = (
    whole_number, few_bits, arithmetic, list_for_tuple, text_built, truth_of, truth_asked,
    otherwise(
        "float of NumPy", "np.mean(V)",
        "float(np.mean(V))", "np.float32(np.mean(V))", "(V).mean()", "np.sum(V) / len(V)", "np.average(V)",
    ),
)  # fmt: skip
