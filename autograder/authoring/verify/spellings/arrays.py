"""Arrays, computed otherwise: scaling, reshaping, splitting, matrix products."""

from __future__ import annotations

import ast
import random
from fractions import Fraction
from typing import Any

from autograder.authoring.verify.rewriting import (
    Replacement,
    calls,
    expression,
    keyword,
    otherwise,
    rewriter,
    split_names,
    statements,
)


def _share(node: ast.Call) -> Any:
    """The share that a split is told, as a decimal; None for another one."""
    size = keyword(node, "test_size") if calls(node, "train_test_split") else None
    return size if size and isinstance(size.value, ast.Constant) and type(size.value.value) is float else None


@rewriter("arguments of the split", ast.Call, _share)
def split_arguments(node: ast.Call, draw: random.Random) -> Replacement:
    """train_test_split with the other share, a number of images, or defaults written out."""
    size = _share(node)
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


def _labels(node: ast.Assign) -> list[str]:
    return split_names(node)[2:]


@rewriter("kind of labels", ast.Assign, _labels)
def labels_kind(node: ast.Assign, draw: random.Random) -> Replacement:
    """Labels of another type after the split: of one that holds the same numbers."""
    name = draw.choice(_labels(node))
    same = "L.dtype.kind in 'biuf' and np.array_equal(L, L.astype('{kind}'))"
    ways = [f"L.astype('{kind}' if {same.format(kind=kind)} else L.dtype)" for kind in ("int64", "int32", "uint8")]
    ways += ["np.array(L)", "np.asarray(L)", "L.copy()"]
    way = draw.choice(ways).replace("L", name)
    return [node, *statements(f"{name} = {way}")]


ARRAYS = (
    otherwise(
        "division", "V / 255.0",
        "V / 255", "np.divide(V, 255.0)", "np.true_divide(V, 255)", "(V).astype('float32') / 255.0", "V / np.float32(255)",
        "(V).astype(float) / 255", "V * (1.0 / 255.0)", "V / 255.0 + 0",
    ),
    otherwise(
        "reshape", "V.reshape(A, B)",
        "np.reshape(V, (A, B))", "(V).reshape((A, B))", "(V).reshape([A, B])", "(V).reshape(len(V), -1)", "(V).reshape((V).shape[0], B)",
    ),
    split_arguments,
    labels_kind,
    otherwise("matrix product", "A @ B", "np.dot(A, B)", "np.matmul(A, B)", "(A).dot(B)"),
    otherwise(
        "argmax", "np.argmax(V, axis=A)",
        "(V).argmax(axis=1)", "np.argmax(V, axis=-1)", "np.argmax(V, 1)", "(V).argmax(-1)", "np.argsort(V, axis=1)[:, -1]",
        "np.array([np.argmax(one) for one in V])", "[int(np.argmax(one)) for one in V]", "pd.DataFrame(V).idxmax(axis=1)",
    ),
    otherwise(
        "maximum", "np.maximum(A, C)",
        "np.where(A > C, A, C)", "A * (A > C)", "np.clip(A, C, None)", "np.maximum(C, A)", "(A + np.abs(A)) / 2",
    ),
)  # fmt: skip
