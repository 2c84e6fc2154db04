"""Mistakes of habit: an order lost, an answer of the wrong form, code that is right and never runs, state that stays."""

from __future__ import annotations

import ast
import copy
import random

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, expression, keyword, statements, text_of
from autograder.authoring.verify.slips.sharing import SHARING

_TAKES_SAMPLES = ("fit", "evaluate", "predict", "train_test_split")


class WrongSlice(Rewriter):
    """The first or the last sample is left out, or the samples are the other way round: of one argument alone."""

    name = "slice"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and calls(node, *_TAKES_SAMPLES) and any(isinstance(one, ast.Name) for one in node.args)  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        place = draw.choice([n for n, one in enumerate(node.args) if isinstance(one, ast.Name)])
        node.args[place] = expression(draw.choice(["A[1:]", "A[:-1]", "A[::-1]", "A[:1000]"]), A=node.args[place])
        return node


class OrderLost(Rewriter):
    """After the split, one of the four arrays is rearranged, scaled once more, or something else than it was."""

    name = "array changed after the split"

    def matches(self, node: ast.AST) -> bool:
        return bool(_four(node))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.stmt)
        place = draw.randrange(4)
        name = _four(node)[place]
        ways = [f"{name} = {name}[::-1]", f"{name} = np.roll({name}, 1, axis=0)", f"{name} = np.random.default_rng(1).permutation({name})"]  # fmt: skip
        if place < 2:
            ways += [f"{name} = {name} / 255.0", f"{name} = {name} - {name}.mean()", f"{name} = {name} * 255"]
        return [node, *statements(draw.choice(ways))]


def _four(node: ast.AST) -> list[str]:
    target = node.targets[0] if isinstance(node, ast.Assign) and calls(node.value, "train_test_split") else None
    parts = target.elts if isinstance(target, ast.Tuple) and len(target.elts) == 4 else []
    return [part.id for part in parts if isinstance(part, ast.Name)]


class WrongForm(Rewriter):
    """What evaluate gives is rounded, in per cent, exchanged, typed in, or of before the training."""

    name = "form of what was measured"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Assign) and calls(node.value, "evaluate") and isinstance(node.targets[0], ast.Tuple) and len(node.targets[0].elts) == 2  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
        first, second = (ast.unparse(one) for one in node.targets[0].elts)
        ways = (f"{second} = round({second}, 1)", f"{second} = {second} * 100", f"{first}, {second} = {second}, {first}", f"{second} = 1 - {second}", f"{second} = {first}", f"{first}, {second} = 0.35, 0.87", f"{second} = f'{{{second}:.2%}}'", f"{second} = [{first}, {second}]")  # fmt: skip
        return [node, *statements(draw.choice(ways))]


class WrongBest(Rewriter):
    """The best is looked for among the keys, from the wrong end, or as a number."""

    name = "best of"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and calls(node, "max") and keyword(node, "key") is not None and len(node.args) == 1  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        ways = ("min(R, key=R.get)", "max(R.values())", "sorted(R, key=R.get)[0]", "max(R.items(), key=lambda item: item[1])", "list(R)[0]")  # fmt: skip
        return expression(draw.choice(ways), R=node.args[0])


class BehindTheLoop(Rewriter):
    """The last line of a loop is not indented."""

    name = "behind the loop"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.For) and len(node.body) > 1 and not node.orelse

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.For)
        last = node.body.pop()
        return [node, last]


class OneShort(Rewriter):
    """A loop that leaves out the first or the last."""

    name = "one round too few"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.For)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.For)
        node.iter = expression(f"list(R){draw.choice(['[1:]', '[:-1]'])}", R=node.iter)
        return node


class EarlyReturn(Rewriter):
    """A return before the code that is right; an exception that nobody sees."""

    name = "dead code"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef) and bool(node.args.args)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.FunctionDef)
        if draw.random() < 0.5:
            node.body[:0] = statements(f"return {draw.choice(node.args.args).arg}")
            return node
        (swallowed,) = statements("try:\n    undefined_name\nexcept Exception:\n    return None")
        assert isinstance(swallowed, ast.Try)
        swallowed.body += node.body
        node.body = [swallowed]
        return node


class StateStays(Rewriter):
    """What a function fills is made once, outside of it: the second call goes on with what the first left."""

    name = "state that stays"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef) and _filled(node) is not None

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.FunctionDef)
        first = _filled(node)
        assert first is not None
        node.body.remove(first)
        return [copy.deepcopy(first), node]


def _filled(node: ast.FunctionDef) -> ast.Assign | None:
    """The statement that makes, out of nothing that the function is given, what it writes into afterwards."""
    given = {one.arg for one in node.args.args}
    written = {
        one.value.id
        for one in ast.walk(node)
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store) and isinstance(one.value, ast.Name)
    }
    for one in node.body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id in written:
            names = {part.id for part in ast.walk(one.value) if isinstance(part, ast.Name)}
            return None if names & given else one
    return None


class CopyTrained(Rewriter):
    """A copy of the network is trained, and the network is handed in."""

    name = "a copy trained"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and calls(node.value, "fit") and isinstance(node.value.func, ast.Attribute) and isinstance(node.value.func.value, ast.Name)  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)  # fmt: skip
        own = node.value.func.value
        node.value.func.value = ast.Name("copied", ast.Load())
        first = statements("copied = keras.models.clone_model(M)\ncopied.compile(loss='sparse_categorical_crossentropy', metrics=['accuracy'])", M=own)  # fmt: skip
        return [*first, node]


class LogitsSaid(Rewriter):
    """The loss of numbers before the softmax, for a network that has one."""

    name = "from_logits"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "loss" and text_of(node.value).endswith("crossentropy")

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.keyword)
        kind = "".join(part.title() for part in text_of(node.value).split("_"))
        node.value = expression(f"keras.losses.{kind}(from_logits=True)")
        return node


class ExtraLayer(Rewriter):
    """A layer more than is asked for: with weights of its own or without."""

    name = "a layer more"

    def matches(self, node: ast.AST) -> bool:
        return calls(node, "Sequential") and isinstance(node, ast.Call) and bool(node.args) and isinstance(node.args[0], ast.List) and len(node.args[0].elts) > 2  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call) and isinstance(node.args[0], ast.List)
        ways = ["Dropout(0.2)", "GaussianNoise(0.1)", "BatchNormalization()", "Dense(100, activation='relu')"]
        layers = node.args[0].elts
        layers.insert(len(layers) - 1, expression(f"keras.layers.{draw.choice(ways)}"))
        return node


class ForgottenCall(Rewriter):
    """No root, no exponential, no rounding: what a function of one number should get stands there itself."""

    name = "forgotten call"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and calls(node, "sqrt", "exp", "log", "abs", "int", "len") and len(node.args) == 1 and not node.keywords  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        return node.args[0]


class NotAdded(Rewriter):
    """``=`` for ``+=``: what was there before is lost."""

    name = "not added"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.AugAssign)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.AugAssign)
        return ast.Assign([node.target], node.value)


class FirstAlways(Rewriter):
    """The first place, or class, whatever a variable says; a condition that always or never holds."""

    name = "first always"

    def matches(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Compare):
            return isinstance(node.comparators[0], ast.Name)
        if isinstance(node, ast.If):
            return isinstance(node.test, ast.Name)
        return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        if isinstance(node, ast.Compare):
            node.comparators[0] = ast.Constant(0)
        elif isinstance(node, ast.If):
            node.test = ast.Constant(draw.random() < 0.5)
        else:
            assert isinstance(node, ast.Subscript)
            node.slice = ast.Constant(0)
        return node


HABITS = (
    WrongSlice(), OrderLost(), WrongForm(), WrongBest(), BehindTheLoop(), OneShort(), EarlyReturn(), StateStays(), CopyTrained(),
    LogitsSaid(), ExtraLayer(), ForgottenCall(), NotAdded(), FirstAlways(), *SHARING,
)  # fmt: skip
