"""Rewriters that make one mistake each."""

from __future__ import annotations

import ast
import random
from typing import ClassVar

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, expression, keyword, text_of
from autograder.authoring.verify.slips.habits import HABITS

_OTHER_WORDS = {
    "sigmoid": ("relu", "softmax", "tanh"), "softmax": ("sigmoid", "relu"), "relu": ("sigmoid", "tanh", "elu"),
    "sparse_categorical_crossentropy": ("categorical_crossentropy", "binary_crossentropy", "mean_squared_error"),
    "accuracy": ("mse", "mae"), "sgd": ("adam", "rmsprop"), "adam": ("sgd", "rmsprop"), "adagrad": ("adam", "sgd"),
    "rmsprop": ("adam", "sgd"),
}  # fmt: skip
_TWINS = (("train_", "val_"), ("model2", "model"), ("dense1", "dense2"), ("W1", "W2"), ("b1", "b2"), ("images", "test_images"), ("input", "target"), ("loss", "accuracy"), ("binary", "multiclass"), ("inputs", "units"))  # fmt: skip


class WrongNumber(Rewriter):
    """Another number."""

    name = "number"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and type(node.value) in (int, float)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
        value = node.value
        ways = (
            [value + 1, value - 1, value * 2, value * 10]
            if type(value) is int
            else [value * 2, value / 10, value + 0.1]
        )
        return ast.Constant(draw.choice(ways))


class WrongWord(Rewriter):
    """Another word, or one with a letter too few."""

    name = "word"

    def matches(self, node: ast.AST) -> bool:
        return len(text_of(node)) > 2

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        said = text_of(node)
        at = draw.randrange(1, len(said))
        return ast.Constant(draw.choice([*_OTHER_WORDS.get(said, ()), said[:at] + said[at + 1 :]]))


class WrongVariable(Rewriter):
    """The variable beside it: the other set, the other network, the other matrix."""

    name = "variable or set"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and bool(_twins(node.id))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Name)
        return ast.Name(draw.choice(_twins(node.id)), ast.Load())


def _twins(name: str) -> list[str]:
    pairs = [pair for one, other in _TWINS for pair in ((one, other), (other, one))]
    return [name.replace(one, other, 1) for one, other in pairs if one in name and other not in name]


class WrongAxis(Rewriter):
    """Along the other axis."""

    name = "axis"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "axis"

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.keyword)
        node.value = ast.Constant(0)
        return node


class WrongOrder(Rewriter):
    """Two arguments, targets, factors or layers change places."""

    name = "order"

    def matches(self, node: ast.AST) -> bool:
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div, ast.FloorDiv))
        if isinstance(node, (ast.List, ast.Tuple)):
            return len(node.elts) > 1
        return isinstance(node, ast.Call) and len(node.args) > 1

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        if isinstance(node, ast.BinOp):
            node.left, node.right = node.right, node.left
            return node
        assert isinstance(node, (ast.List, ast.Tuple, ast.Call))
        parts = node.args if isinstance(node, ast.Call) else node.elts
        at = draw.randrange(len(parts) - 1)
        parts[at], parts[at + 1] = parts[at + 1], parts[at]
        return node


class MissingArgument(Rewriter):
    """An argument is forgotten."""

    name = "missing argument"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and bool(node.keywords)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        del node.keywords[draw.randrange(len(node.keywords))]
        return node


class ChangedSetting(Rewriter):
    """An optimizer with a setting that nobody asked for; another batch size."""

    name = "hyper-parameter"
    kinds: ClassVar = {"sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam"}

    def matches(self, node: ast.AST) -> bool:
        if calls(node, *self.kinds.values(), "fit"):
            return True
        return isinstance(node, ast.Call) and any(text_of(one) in self.kinds for one in [*node.args, *(k.value for k in node.keywords)])  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        if calls(node, "fit"):
            if not keyword(node, "batch_size"):
                node.keywords.append(ast.keyword("batch_size", ast.Constant(draw.choice([64, 128]))))
                return node
            return None
        if calls(node, *self.kinds.values()):
            if rate := keyword(node, "learning_rate"):
                rate.value = ast.Constant(0.5)
            else:
                node.keywords.append(ast.keyword("learning_rate", ast.Constant(0.05)))
            return node

        def other(one: ast.expr) -> ast.expr:
            kind = self.kinds.get(text_of(one))
            return expression(f"keras.optimizers.{kind}(learning_rate=0.05)") if kind else one

        node.args = [other(one) for one in node.args]
        for given in node.keywords:
            given.value = other(given.value)
        return node


class TwiceDone(Rewriter):
    """A statement that trains, or adds a layer, is there twice."""

    name = "done twice"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Expr) and calls(node.value, "fit", "add", "compile")

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.stmt)
        return [node, node]


class InPlace(Rewriter):
    """What a function was given is changed: ``w -= ...`` and ``return w`` for ``return w - ...``."""

    name = "in place"
    ways: ClassVar = (ast.Add, ast.Sub, ast.Mult)

    def matches(self, node: ast.AST) -> bool:
        value = self._first(node)
        return isinstance(value, ast.BinOp) and isinstance(value.op, self.ways) and isinstance(value.left, ast.Name)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        value = self._first(node)
        assert isinstance(node, ast.Return) and isinstance(value, ast.BinOp) and isinstance(value.left, ast.Name)
        changed = ast.AugAssign(ast.Name(value.left.id, ast.Store()), value.op, value.right)
        if isinstance(node.value, ast.Tuple):
            node.value.elts[0] = value.left
        else:
            node.value = value.left
        return [changed, node]

    @staticmethod
    def _first(node: ast.AST) -> ast.expr | None:
        """What a ``return`` gives first."""
        value = node.value if isinstance(node, ast.Return) else None
        return value.elts[0] if isinstance(value, ast.Tuple) and value.elts else value


class OneEpochMore(Rewriter):
    """One epoch more or less."""

    name = "epochs"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "epochs" and isinstance(node.value, ast.Constant)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant)
        value = node.value.value
        assert isinstance(value, int)
        node.value = ast.Constant(value + draw.choice([1, -1]))
        return node


class ForgottenStep(Rewriter):
    """A statement is left out."""

    name = "forgotten step"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, (ast.Assign, ast.Expr)) and not isinstance(node.value, ast.Constant)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        return ast.Pass()


class ForgottenPart(Rewriter):
    """A layer, or another entry of a list, is left out, or is there twice."""

    name = "entry of a list"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.List) and len(node.elts) > 1

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.List)
        at = draw.randrange(len(node.elts))
        if draw.random() < 0.6:
            del node.elts[at]
        else:
            node.elts.insert(at, node.elts[at])
        return node


class ForgottenOperation(Rewriter):
    """Half of an operation: not divided, no bias added."""

    name = "half an operation"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.BinOp)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.BinOp)
        return draw.choice([node.left, node.right])


class WrongOperation(Rewriter):
    """Plus for minus, times for plus."""

    name = "operation"
    others: ClassVar[dict[type[ast.operator], ast.operator]] = {ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.FloorDiv: ast.Mod(), ast.Div: ast.Mult(), ast.MatMult: ast.Mult()}  # fmt: skip

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.BinOp) and type(node.op) in self.others

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.BinOp)
        node.op = self.others[type(node.op)]
        return node


MISTAKES = (
    WrongNumber(), WrongWord(), WrongVariable(), WrongAxis(), WrongOrder(), MissingArgument(), ChangedSetting(), TwiceDone(),
    InPlace(), OneEpochMore(), ForgottenStep(), ForgottenPart(), ForgottenOperation(), WrongOperation(), *HABITS,
)  # fmt: skip
