"""Plain values, written otherwise: numbers of NumPy, sums, lists for tuples."""

from __future__ import annotations

import ast
import random

import numpy as np

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, expression, text_of


def _answer(node: ast.AST) -> ast.expr | None:
    """The value of ``name = value`` at one name."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.value
    return None


def _whole(node: ast.AST | None) -> bool:
    """Whether an expression is whole numbers and arithmetic that stays whole."""
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    whole = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)
    return isinstance(node, ast.BinOp) and isinstance(node.op, whole) and _whole(node.left) and _whole(node.right)


class WholeNumber(Rewriter):
    """A whole number as NumPy's, as a float, or through int()."""

    name = "kind of number"
    other_kind = True

    def matches(self, node: ast.AST) -> bool:
        return _whole(_answer(node))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign)
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


class FewBits(Rewriter):
    """A decimal as a number of other bits, which stands for it: of NumPy, TensorFlow, pandas or Python's exact ones."""

    name = "bits of a number"
    other_kind = True

    def matches(self, node: ast.AST) -> bool:
        value = _answer(node)
        return isinstance(value, ast.Constant) and type(value.value) is float

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign)
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
        assert isinstance(node.value, ast.Constant) and isinstance(node.value.value, float)
        if float(str(np.float16(node.value.value))) == node.value.value:  # not of more digits than it has room for
            ways.append("np.float16(V)")
        node.value = expression(draw.choice(ways), V=node.value)
        return node


class Arithmetic(Rewriter):
    """A number as a small sum."""

    name = "number worked out"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 3

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Constant) and isinstance(node.value, int)
        part = draw.randint(1, node.value - 1)
        ways = [f"{node.value - part} + {part}", f"{node.value + part} - {part}", f"int({str(node.value)!r})", f"2 * {node.value} // 2"]  # fmt: skip
        return expression(draw.choice(ways))


class ListForTuple(Rewriter):
    """A tuple as a list, a list as a tuple, either as an array, a Series or a deque, where a name gets it."""

    name = "list or tuple"
    other_kind = True

    def matches(self, node: ast.AST) -> bool:
        value = _answer(node)
        return isinstance(value, (ast.List, ast.Tuple)) and all(isinstance(one, (ast.Constant, ast.Tuple)) for one in value.elts)  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Tuple))
        inside = all(isinstance(one, ast.Tuple) for one in node.value.elts)
        if draw.random() < 0.4:
            ways = ["np.array(V, dtype=object)", "pd.Series(list(V), dtype=object)", "collections.deque(V)"]
            node.value = expression(draw.choice(ways), V=node.value)
        elif inside and draw.random() < 0.5:
            node.value = expression("[list(one) for one in V]", V=node.value)
        elif isinstance(node.value, ast.List):
            node.value = ast.Tuple(node.value.elts, ast.Load())
        else:
            node.value = ast.List(node.value.elts, ast.Load())
        return node


class TextBuilt(Rewriter):
    """A text that is put together, NumPy's, or a member of an Enum."""

    name = "text put together"
    other_kind = True

    def matches(self, node: ast.AST) -> bool:
        return len(text_of(_answer(node))) > 1

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign)
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


class TruthOf(Rewriter):
    """A comparison as NumPy's truth value, or through bool()."""

    name = "truth value"
    other_kind = True

    def matches(self, node: ast.AST) -> bool:
        return isinstance(_answer(node), ast.Compare)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign)
        node.value = expression(
            draw.choice(["np.bool_(V)", "bool(V)", "True if V else False", "not not V"]), V=node.value
        )
        return node


class TruthAsked(Rewriter):
    """``if flag`` of a function's argument as a comparison with True, or turned round."""

    name = "truth value asked"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, (ast.If, ast.IfExp)) and isinstance(node.test, ast.Name)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, (ast.If, ast.IfExp))
        ways = ["V is True", "V == True", "not V is False", "bool(V)", "isinstance(V, bool) and V"]
        node.test = expression(draw.choice(ways), V=node.test)
        return node


class NumberOf(Rewriter):
    """The mean of an array as Python's or NumPy's float, or worked out."""

    name = "float of NumPy"

    def matches(self, node: ast.AST) -> bool:
        return calls(node, "np.mean") and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        ways = ["float(np.mean(V))", "np.float32(np.mean(V))", "(V).mean()", "np.sum(V) / len(V)", "np.average(V)"]
        return expression(draw.choice(ways), V=node.args[0])


VALUES = (WholeNumber(), FewBits(), Arithmetic(), ListForTuple(), TextBuilt(), TruthOf(), TruthAsked(), NumberOf())
