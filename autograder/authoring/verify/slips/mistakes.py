"""Rewriters that make one mistake each."""

from __future__ import annotations

import ast
import random
from typing import Any

from autograder.authoring.verify.rewriting import OPTIMIZERS, Replacement, calls, expression, keyword, rewriter, text_of
from autograder.authoring.verify.slips.habits import HABITS

_OTHER_WORDS = {
    "sigmoid": ("relu", "softmax", "tanh"), "softmax": ("sigmoid", "relu"), "relu": ("sigmoid", "tanh", "elu"),
    "sparse_categorical_crossentropy": ("categorical_crossentropy", "binary_crossentropy", "mean_squared_error"),
    "accuracy": ("mse", "mae"), "sgd": ("adam", "rmsprop"), "adam": ("sgd", "rmsprop"), "adagrad": ("adam", "sgd"),
    "rmsprop": ("adam", "sgd"),
}  # fmt: skip
_TWINS = (("train_", "val_"), ("model2", "model"), ("dense1", "dense2"), ("W1", "W2"), ("b1", "b2"), ("images", "test_images"), ("input", "target"), ("loss", "accuracy"), ("binary", "multiclass"), ("inputs", "units"))  # fmt: skip


@rewriter("number", ast.Constant, lambda node: type(node.value) in (int, float))
def wrong_number(node: Any, draw: random.Random) -> Replacement:
    """Another number."""
    value = node.value
    ways = (
        [value + 1, value - 1, value * 2, value * 10]
        if type(value) is int
        else [value * 2, value / 10, value + 0.1]
    )  # fmt: skip
    return ast.Constant(draw.choice(ways))


@rewriter("word", ast.Constant, lambda node: len(text_of(node)) > 2)
def wrong_word(node: ast.Constant, draw: random.Random) -> Replacement:
    """Another word, or one with a letter too few."""
    said = text_of(node)
    at = draw.randrange(1, len(said))
    return ast.Constant(draw.choice([*_OTHER_WORDS.get(said, ()), said[:at] + said[at + 1 :]]))


def _twins(node: ast.Name) -> list[str]:
    pairs = [pair for one, other in _TWINS for pair in ((one, other), (other, one))]
    return [node.id.replace(one, other, 1) for one, other in pairs if one in node.id and other not in node.id]


@rewriter("variable or set", ast.Name, lambda node: isinstance(node.ctx, ast.Load) and _twins(node))
def wrong_variable(node: ast.Name, draw: random.Random) -> Replacement:
    """The variable beside it: the other set, the other network, the other matrix."""
    return ast.Name(draw.choice(_twins(node)), ast.Load())


@rewriter("axis", ast.keyword, lambda node: node.arg == "axis")
def wrong_axis(node: ast.keyword, _draw: random.Random) -> Replacement:
    """Along the other axis."""
    node.value = ast.Constant(0)
    return node


def _in_order(node: Any) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div, ast.FloorDiv))
    return len(node.args if isinstance(node, ast.Call) else node.elts) > 1


@rewriter("order", (ast.BinOp, ast.List, ast.Tuple, ast.Call), _in_order)
def wrong_order(node: Any, draw: random.Random) -> Replacement:
    """Two arguments, targets, factors or layers change places."""
    if isinstance(node, ast.BinOp):
        node.left, node.right = node.right, node.left
        return node
    parts = node.args if isinstance(node, ast.Call) else node.elts
    at = draw.randrange(len(parts) - 1)
    parts[at], parts[at + 1] = parts[at + 1], parts[at]
    return node  # type: ignore[no-any-return]


@rewriter("missing argument", ast.Call, lambda node: node.keywords)
def missing_argument(node: ast.Call, draw: random.Random) -> Replacement:
    """An argument is forgotten."""
    del node.keywords[draw.randrange(len(node.keywords))]
    return node


def _has_settings(node: ast.Call) -> bool:
    values = [*node.args, *(one.value for one in node.keywords)]
    return calls(node, *OPTIMIZERS.values(), "fit") or any(text_of(one) in OPTIMIZERS for one in values)


@rewriter("hyper-parameter", ast.Call, _has_settings)
def changed_setting(node: ast.Call, draw: random.Random) -> Replacement:
    """An optimizer with a setting that nobody asked for; another batch size."""
    if calls(node, "fit"):
        if not keyword(node, "batch_size"):
            node.keywords.append(ast.keyword("batch_size", ast.Constant(draw.choice([64, 128]))))
            return node
        return None
    if calls(node, *OPTIMIZERS.values()):
        if rate := keyword(node, "learning_rate"):
            rate.value = ast.Constant(0.5)
        else:
            node.keywords.append(ast.keyword("learning_rate", ast.Constant(0.05)))
        return node

    def other(one: ast.expr) -> ast.expr:
        kind = OPTIMIZERS.get(text_of(one))
        return expression(f"keras.optimizers.{kind}(learning_rate=0.05)") if kind else one

    node.args = [other(one) for one in node.args]
    for given in node.keywords:
        given.value = other(given.value)
    return node


@rewriter("done twice", ast.Expr, lambda node: calls(node.value, "fit", "add", "compile"))
def twice_done(node: ast.Expr, _draw: random.Random) -> Replacement:
    """A statement that trains, or adds a layer, is there twice."""
    return [node, node]


def _first(node: ast.Return) -> ast.expr | None:
    """What a ``return`` gives first."""
    value = node.value
    return value.elts[0] if isinstance(value, ast.Tuple) and value.elts else value


def _changes_a_name(node: ast.Return) -> bool:
    value = _first(node)
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, (ast.Add, ast.Sub, ast.Mult))
        and isinstance(value.left, ast.Name)
    )


@rewriter("in place", ast.Return, _changes_a_name)
def in_place(node: ast.Return, _draw: random.Random) -> Replacement:
    """What a function was given is changed: ``w -= ...`` and ``return w`` for ``return w - ...``."""
    value: Any = _first(node)
    changed = ast.AugAssign(ast.Name(value.left.id, ast.Store()), value.op, value.right)
    if isinstance(node.value, ast.Tuple):
        node.value.elts[0] = value.left
    else:
        node.value = value.left
    return [changed, node]


@rewriter("epochs", ast.keyword, lambda node: node.arg == "epochs" and isinstance(node.value, ast.Constant))
def one_epoch_more(node: Any, draw: random.Random) -> Replacement:
    """One epoch more or less."""
    node.value = ast.Constant(node.value.value + draw.choice([1, -1]))
    return node  # type: ignore[no-any-return]


@rewriter("forgotten step", (ast.Assign, ast.Expr), lambda node: not isinstance(node.value, ast.Constant))
def forgotten_step(_node: ast.stmt, _draw: random.Random) -> Replacement:
    """A statement is left out."""
    return ast.Pass()


@rewriter("entry of a list", ast.List, lambda node: len(node.elts) > 1)
def forgotten_part(node: ast.List, draw: random.Random) -> Replacement:
    """A layer, or another entry of a list, is left out, or is there twice."""
    at = draw.randrange(len(node.elts))
    if draw.random() < 0.6:
        del node.elts[at]
    else:
        node.elts.insert(at, node.elts[at])
    return node


@rewriter("half an operation", ast.BinOp)
def forgotten_operation(node: ast.BinOp, draw: random.Random) -> Replacement:
    """Half of an operation: not divided, no bias added."""
    return draw.choice([node.left, node.right])


_OTHERS: dict[type[ast.operator], ast.operator] = {ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.FloorDiv: ast.Mod(), ast.Div: ast.Mult(), ast.MatMult: ast.Mult()}  # fmt: skip


@rewriter("operation", ast.BinOp, lambda node: type(node.op) in _OTHERS)
def wrong_operation(node: ast.BinOp, _draw: random.Random) -> Replacement:
    """Plus for minus, times for plus."""
    node.op = _OTHERS[type(node.op)]
    return node


MISTAKES = (
    wrong_number, wrong_word, wrong_variable, wrong_axis, wrong_order, missing_argument, changed_setting, twice_done,
    in_place, one_epoch_more, forgotten_step, forgotten_part, forgotten_operation, wrong_operation, *HABITS,
)  # fmt: skip
