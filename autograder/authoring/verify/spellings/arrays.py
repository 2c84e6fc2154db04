"""Arrays, computed otherwise: scaling, reshaping, splitting, matrix products."""

from __future__ import annotations

import ast
import random
from fractions import Fraction

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, expression, keyword, statements


class Division(Rewriter):
    """/ 255.0 by another number of the same value, in another function, of another float."""

    name = "division"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and node.right.value == 255  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.BinOp)
        ways = ["V / 255", "np.divide(V, 255.0)", "np.true_divide(V, 255)", "(V).astype('float32') / 255.0", "V / np.float32(255)", "(V).astype(float) / 255", "V * (1.0 / 255.0)", "V / 255.0 + 0"]  # fmt: skip
        return expression(draw.choice(ways), V=node.left)


class Reshape(Rewriter):
    """images.reshape(-1, 784) with all lengths, of another function."""

    name = "reshape"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reshape" and len(node.args) == 2  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        ways = ["np.reshape(V, (A, B))", "(V).reshape((A, B))", "(V).reshape([A, B])", "(V).reshape(len(V), -1)", "(V).reshape((V).shape[0], B)"]  # fmt: skip
        return expression(draw.choice(ways), V=node.func.value, A=node.args[0], B=node.args[1])


class SplitArguments(Rewriter):
    """train_test_split with the other share, a number of images, or defaults written out."""

    name = "arguments of the split"

    def matches(self, node: ast.AST) -> bool:
        size = keyword(node, "test_size") if calls(node, "train_test_split") and isinstance(node, ast.Call) else None
        return size is not None and isinstance(size.value, ast.Constant) and type(size.value.value) is float

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        size = keyword(node, "test_size")
        assert size is not None and isinstance(size.value, ast.Constant) and isinstance(size.value.value, float)
        share = size.value.value
        way = draw.randrange(5)
        if way == 0:
            size.value = expression(f"int(np.ceil(len(V) * {share}))", V=node.args[0])
        elif way == 1:
            size.value = expression(str(Fraction(str(share))).replace("/", " / "))
        elif way == 2:
            size.arg, size.value = "train_size", ast.Constant(round(1 - share, 6))
        elif way == 3 and not keyword(node, "shuffle"):
            node.keywords.append(ast.keyword("shuffle", ast.Constant(True)))
        else:
            node.keywords.reverse()
        return node


class LabelsKind(Rewriter):
    """Labels of another type after the split: of one that holds the same numbers."""

    name = "kind of labels"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Assign) and calls(node.value, "train_test_split") and bool(_labels(node))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign)
        name = draw.choice(_labels(node))
        same = "L.dtype.kind in 'biuf' and np.array_equal(L, L.astype('{kind}'))"
        ways = [f"L.astype('{kind}' if {same.format(kind=kind)} else L.dtype)" for kind in ("int64", "int32", "uint8")]
        ways += ["np.array(L)", "np.asarray(L)", "L.copy()"]
        way = draw.choice(ways).replace("L", name)
        return [node, *statements(f"{name} = {way}")]


def _labels(node: ast.Assign) -> list[str]:
    """The names that get the labels of a split into four."""
    (target,) = node.targets if len(node.targets) == 1 else (None,)
    parts = target.elts[2:] if isinstance(target, ast.Tuple) and len(target.elts) == 4 else []
    return [part.id for part in parts if isinstance(part, ast.Name)]


class Product(Rewriter):
    """a @ b by NumPy's functions."""

    name = "matrix product"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.BinOp)
        way = draw.choice(["np.dot(A, B)", "np.matmul(A, B)", "(A).dot(B)"])
        return expression(way, A=node.left, B=node.right)


class LargestClass(Rewriter):
    """np.argmax(p, axis=1) as a method, along the last axis."""

    name = "argmax"

    def matches(self, node: ast.AST) -> bool:
        return (
            calls(node, "np.argmax") and isinstance(node, ast.Call) and len(node.args) == 1 and len(node.keywords) == 1
        )

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        ways = ["(V).argmax(axis=1)", "np.argmax(V, axis=-1)", "np.argmax(V, 1)", "(V).argmax(-1)", "np.argsort(V, axis=1)[:, -1]", "np.array([np.argmax(one) for one in V])", "[int(np.argmax(one)) for one in V]", "pd.DataFrame(V).idxmax(axis=1)"]  # fmt: skip
        return expression(draw.choice(ways), V=node.args[0])


class Maximum(Rewriter):
    """np.maximum(z, 0) by other means."""

    name = "maximum"

    def matches(self, node: ast.AST) -> bool:
        return calls(node, "np.maximum") and isinstance(node, ast.Call) and len(node.args) == 2 and isinstance(node.args[1], ast.Constant)  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        ways = [
            "np.where(A > B, A, B)",
            "A * (A > B)",
            "np.clip(A, B, None)",
            "np.maximum(B, A)",
            "(A + np.abs(A)) / 2",
        ]
        return expression(draw.choice(ways), A=node.args[0], B=node.args[1])


ARRAYS = (Division(), Reshape(), SplitArguments(), LabelsKind(), Product(), LargestClass(), Maximum())
