"""Mistakes of habit: an order lost, an answer of the wrong form, code that is right and never runs, state that stays."""

from __future__ import annotations

import ast
import random
from typing import Any

from autograder.authoring.verify.rewriting import (
    Replacement,
    calls,
    evaluates,
    expression,
    otherwise,
    rewriter,
    split_names,
    statements,
    text_of,
)
from autograder.authoring.verify.slips.sharing import SHARING
from autograder.common.keras_tables.allowed import class_of_loss


def _samples(node: ast.Call) -> list[int]:
    """The places of the arguments that are samples."""
    takes = calls(node, "fit", "evaluate", "predict", "train_test_split")
    return [place for place, one in enumerate(node.args) if takes and isinstance(one, ast.Name)]


@rewriter("slice", ast.Call, _samples)
def wrong_slice(node: ast.Call, draw: random.Random) -> Replacement:
    """The first or the last sample is left out, or the samples are the other way round: of one argument alone."""
    place = draw.choice(_samples(node))
    node.args[place] = expression(draw.choice(["A[1:]", "A[:-1]", "A[::-1]", "A[:1000]"]), A=node.args[place])
    return node


@rewriter("array changed after the split", ast.Assign, split_names)
def order_lost(node: ast.Assign, draw: random.Random) -> Replacement:
    """After the split, one of the four arrays is rearranged, scaled once more, or something else than it was."""
    place = draw.randrange(4)
    name = split_names(node)[place]
    ways = [f"{name} = {name}[::-1]", f"{name} = np.roll({name}, 1, axis=0)", f"{name} = np.random.default_rng(1).permutation({name})"]  # fmt: skip
    if place < 2:
        ways += [f"{name} = {name} / 255.0", f"{name} = {name} - {name}.mean()", f"{name} = {name} * 255"]
    return [node, *statements(draw.choice(ways))]


@rewriter("form of what was measured", ast.Assign, evaluates)
def wrong_form(node: Any, draw: random.Random) -> Replacement:
    """What evaluate gives is rounded, in per cent, exchanged, typed in, or of before the training."""
    first, second = map(ast.unparse, node.targets[0].elts)
    ways = (f"{second} = round({second}, 1)", f"{second} = {second} * 100", f"{first}, {second} = {second}, {first}", f"{second} = 1 - {second}", f"{second} = {first}", f"{first}, {second} = 0.35, 0.87", f"{second} = f'{{{second}:.2%}}'", f"{second} = [{first}, {second}]")  # fmt: skip
    return [node, *statements(draw.choice(ways))]


@rewriter("behind the loop", ast.For, lambda node: len(node.body) > 1 and not node.orelse)
def behind_the_loop(node: ast.For, _draw: random.Random) -> Replacement:
    """The last line of a loop is not indented."""
    last = node.body.pop()
    return [node, last]


@rewriter("one round too few", ast.For)
def one_short(node: ast.For, draw: random.Random) -> Replacement:
    """A loop that leaves out the first or the last."""
    node.iter = expression(f"list(R){draw.choice(['[1:]', '[:-1]'])}", R=node.iter)
    return node


@rewriter("dead code", ast.FunctionDef, lambda node: node.args.args)
def early_return(node: ast.FunctionDef, draw: random.Random) -> Replacement:
    """A return before the code that is right; an exception that nobody sees."""
    if draw.random() < 0.5:
        node.body[:0] = statements(f"return {draw.choice(node.args.args).arg}")
        return node
    (swallowed,) = statements("try:\n    undefined_name\nexcept Exception:\n    return None")
    assert isinstance(swallowed, ast.Try)
    swallowed.body += node.body
    node.body = [swallowed]
    return node


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


@rewriter("state that stays", ast.FunctionDef, _filled)
def state_stays(node: ast.FunctionDef, _draw: random.Random) -> Replacement:
    """What a function fills is made once, outside of it: the second call goes on with what the first left."""
    first = _filled(node)
    assert first is not None
    node.body.remove(first)
    return [first, node]


def _trained_alone(node: ast.Expr) -> bool:
    call = node.value
    return calls(call, "fit") and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)  # type: ignore[attr-defined]


@rewriter("a copy trained", ast.Expr, _trained_alone)
def copy_trained(node: Any, _draw: random.Random) -> Replacement:
    """A copy of the network is trained, and the network is handed in."""
    own = node.value.func.value
    node.value.func.value = ast.Name("copied", ast.Load())
    first = statements("copied = keras.models.clone_model(M)\ncopied.compile(loss='sparse_categorical_crossentropy', metrics=['accuracy'])", M=own)  # fmt: skip
    return [*first, node]


@rewriter("from_logits", ast.keyword, lambda node: node.arg == "loss" and text_of(node.value).endswith("crossentropy"))
def logits_said(node: ast.keyword, _draw: random.Random) -> Replacement:
    """The loss of numbers before the softmax, for a network that has one."""
    node.value = expression(f"keras.losses.{class_of_loss(text_of(node.value))}(from_logits=True)")
    return node


def _stack(node: ast.Call) -> list[ast.expr]:
    """The layers in the list of a Sequential."""
    listed = node.args[0] if calls(node, "Sequential") and node.args else None
    return listed.elts if isinstance(listed, ast.List) else []


@rewriter("a layer more", ast.Call, lambda node: len(_stack(node)) > 2)
def extra_layer(node: ast.Call, draw: random.Random) -> Replacement:
    """A layer more than is asked for: with weights of its own or without."""
    ways = ["Dropout(0.2)", "GaussianNoise(0.1)", "BatchNormalization()", "Dense(100, activation='relu')"]
    _stack(node).insert(-1, expression(f"keras.layers.{draw.choice(ways)}"))
    return node


@rewriter(
    "forgotten call",
    ast.Call,
    lambda node: calls(node, "sqrt", "exp", "log", "abs", "int", "len") and len(node.args) == 1 and not node.keywords,
)
def forgotten_call(node: ast.Call, _draw: random.Random) -> Replacement:
    """No root, no exponential, no rounding: what a function of one number should get stands there itself."""
    return node.args[0]


@rewriter("not added", ast.AugAssign)
def not_added(node: ast.AugAssign, _draw: random.Random) -> Replacement:
    """``=`` for ``+=``: what was there before is lost."""
    return ast.Assign([node.target], node.value)


def _said(node: Any) -> ast.AST:
    """What a comparison compares with, what a condition asks, what a place is."""
    return node.comparators[0] if isinstance(node, ast.Compare) else node.test if isinstance(node, ast.If) else node.slice  # fmt: skip


@rewriter("first always", (ast.Compare, ast.If, ast.Subscript), lambda node: isinstance(_said(node), ast.Name))
def first_always(node: ast.AST, draw: random.Random) -> Replacement:
    """The first place, or class, whatever a variable says; a condition that always or never holds."""
    if isinstance(node, ast.Compare):
        node.comparators[0] = ast.Constant(0)
    elif isinstance(node, ast.If):
        node.test = ast.Constant(draw.random() < 0.5)
    elif isinstance(node, ast.Subscript):
        node.slice = ast.Constant(0)
    return node


HABITS = (
    wrong_slice, order_lost, wrong_form,
    otherwise(
        "best of", "max(R, key=K)",
        "min(R, key=R.get)", "max(R.values())", "sorted(R, key=R.get)[0]", "max(R.items(), key=lambda item: item[1])", "list(R)[0]",
    ),
    behind_the_loop, one_short, early_return, state_stays, copy_trained, logits_said, extra_layer, forgotten_call, not_added,
    first_always, *SHARING,
)  # fmt: skip
