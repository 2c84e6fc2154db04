"""Losses, metrics and optimizers, and calls of compile, fit, evaluate and predict."""

from __future__ import annotations

import ast
import random
from typing import Any

from autograder.authoring.verify.rewriting import (
    OPTIMIZERS,
    Replacement,
    calls,
    evaluates,
    expression,
    keyword,
    rewriter,
    statements,
    text_of,
)
from autograder.common.keras_tables.allowed import class_of_loss


@rewriter("form of the loss", ast.keyword, lambda node: node.arg == "loss" and "_" in text_of(node.value))
def loss_form(node: ast.keyword, draw: random.Random) -> Replacement:
    """loss="..." as a function, an object, or the name of its class."""
    said = text_of(node.value)
    ways = [f"keras.losses.{said}", f"keras.losses.{class_of_loss(said)}()", repr(class_of_loss(said)), f"keras.losses.get({said!r})", f"keras.losses.{class_of_loss(said)}({'from_logits=False' if said.endswith('crossentropy') else ''})"]  # fmt: skip
    node.value = expression(draw.choice(ways))
    return node


def _metrics(node: ast.Call) -> Any:
    """The list with the accuracy that ``compile`` gets."""
    given = keyword(node, "metrics") if calls(node, "compile") else None
    listed = given.value if given is not None else None
    return given if isinstance(listed, ast.List) and any(text_of(one) == "accuracy" for one in listed.elts) else None


@rewriter("form of the metric", ast.Call, _metrics)
def metric_form(node: ast.Call, draw: random.Random) -> Replacement:
    """metrics=["accuracy"] under its other names, as an object, as a function; in a tuple."""
    given = _metrics(node)
    ways = ["'acc'", "'Accuracy'"]
    if "sparse" in ast.unparse(node).lower():  # which accuracy it is depends on the loss
        ways += ["'sparse_categorical_accuracy'", "keras.metrics.SparseCategoricalAccuracy()", "keras.metrics.SparseCategoricalAccuracy(name='accuracy')", "keras.metrics.sparse_categorical_accuracy", "'SparseCategoricalAccuracy'"]  # fmt: skip
    way = draw.choice([*ways, "tuple"])
    if way == "tuple":
        given.value = ast.Tuple(given.value.elts, ast.Load())
    else:
        given.value.elts = [expression(way) if text_of(one) == "accuracy" else one for one in given.value.elts]
    return node


def _takes_optimizer(node: ast.Call) -> bool:
    given = [*node.args, *(one.value for one in node.keywords if one.arg == "optimizer")]
    return any(text_of(one) in OPTIMIZERS for one in given)


@rewriter("form of the optimizer", ast.Call, _takes_optimizer)
def optimizer_by_name(node: ast.Call, draw: random.Random) -> Replacement:
    """An optimizer's name as its class's name, an object, or what keras.optimizers.get gives."""

    def other(one: ast.expr) -> ast.expr:
        said = text_of(one)
        if said not in OPTIMIZERS:
            return one
        ways = [repr(OPTIMIZERS[said]), f"keras.optimizers.{OPTIMIZERS[said]}()", f"keras.optimizers.get({said!r})"]
        return expression(draw.choice(ways))

    node.args = [other(one) for one in node.args]
    for given in node.keywords:
        if given.arg == "optimizer":
            given.value = other(given.value)
    return node


@rewriter(
    "optimizer object otherwise",
    ast.Call,
    lambda node: calls(node, *(f"keras.optimizers.{kind}" for kind in OPTIMIZERS.values())),
)
def optimizer_object(node: ast.Call, draw: random.Random) -> Replacement:
    """keras.optimizers.SGD() by its name; with its default written out; below tf.keras."""
    assert isinstance(node.func, ast.Attribute)
    kind = node.func.attr
    if kind == "SGD" and not keyword(node, "learning_rate") and draw.random() < 0.5:
        node.keywords.append(ast.keyword("learning_rate", ast.Constant(0.01)))
        return node
    if rate := keyword(node, "learning_rate"):
        node.keywords.remove(rate)
        node.args.insert(0, rate.value)
        return node
    return expression(repr(kind.lower())) if not node.args and not node.keywords else None


@rewriter(
    "default optimizer said",
    ast.Call,
    lambda node: calls(node, "compile") and not node.args and not keyword(node, "optimizer"),
)
def default_said(node: ast.Call, draw: random.Random) -> Replacement:
    """compile() without an optimizer with Keras's default written out."""
    ways = ["'rmsprop'", "'RMSprop'", "keras.optimizers.RMSprop()", "keras.optimizers.RMSprop(learning_rate=0.001)"]
    node.keywords.insert(0, ast.keyword("optimizer", expression(draw.choice(ways))))
    return node


@rewriter(
    "arguments of compile", ast.Call, lambda node: calls(node, "compile") and len(node.keywords) > 1 and not node.args
)
def compile_arguments(node: ast.Call, draw: random.Random) -> Replacement:
    """compile's arguments by place, or in another order."""
    optimizer = keyword(node, "optimizer")
    if optimizer and draw.random() < 0.5:
        node.keywords.remove(optimizer)
        node.args.append(optimizer.value)
    else:
        node.keywords.reverse()
    return node


_OF_KERAS = {"epochs", "batch_size", "callbacks", "validation_data", "validation_split", "verbose"}


def trains(node: ast.AST) -> bool:
    """Whether it is a network's ``fit``: an estimator's of scikit-learn takes none of these arguments, and calls others X and y."""
    return isinstance(node, ast.Call) and calls(node, "fit") and any(one.arg in _OF_KERAS for one in node.keywords)


@rewriter("form of fit", ast.Call, lambda node: trains(node) and len(node.args) == 2)
def fit_form(node: ast.Call, draw: random.Random) -> Replacement:
    """fit's arguments by name or by place, defaults written out, or what only changes what is printed."""
    batch, epochs = keyword(node, "batch_size"), keyword(node, "epochs")
    way = draw.randrange(6)
    if way == 0:
        x, y = node.args
        node.args, node.keywords = [], [ast.keyword("x", x), ast.keyword("y", y), *node.keywords]
    elif way == 1 and epochs:
        node.args += [batch.value if batch else ast.Constant(32), epochs.value]
        node.keywords = [one for one in node.keywords if one not in (batch, epochs)]
    elif way == 2 and not batch:
        node.keywords.append(ast.keyword("batch_size", ast.Constant(32)))
    elif way == 3 and not keyword(node, "callbacks"):
        node.keywords.append(ast.keyword("callbacks", ast.List([], ast.Load())))
    elif way == 4 and not keyword(node, "shuffle"):
        node.keywords.append(ast.keyword("shuffle", ast.Constant(True)))
    elif not keyword(node, "verbose"):
        node.keywords.append(ast.keyword("verbose", expression(draw.choice(["0", "1", "2", "'auto'"]))))
    else:
        return None
    return node


def _unwatched(node: ast.Call) -> bool:
    first = node.args[0] if node.args else None
    return trains(node) and isinstance(first, ast.Name) and first.id == "train_input" and not keyword(node, "validation_data")  # fmt: skip


@rewriter("validation_data", ast.Call, _unwatched)
def watched(node: ast.Call, draw: random.Random) -> Replacement:
    """A training that also says how the hold-out does."""
    way = draw.choice(["(val_input, val_target)", "[val_input, val_target]"])
    node.keywords.append(ast.keyword("validation_data", expression(way)))
    return node


@rewriter("history = fit()", ast.Expr, lambda node: calls(node.value, "fit"))
def history_kept(node: ast.Expr, _draw: random.Random) -> Replacement:
    """What fit returns gets a name."""
    return statements("history = F", F=node.value)


@rewriter("evaluate taken apart", ast.Assign, evaluates)
def evaluate_taken(node: Any, draw: random.Random) -> Replacement:
    """The two numbers of evaluate, taken one by one, from a list or from a dictionary."""
    first, second = node.targets[0].elts
    if draw.random() < 0.5:
        text = "scores = C\nA = scores[0]\nB = scores[1]"
    else:
        node.value.keywords.append(ast.keyword("return_dict", ast.Constant(True)))
        text = "scores = C\nA = scores['loss']\nB = [scores[key] for key in scores if key != 'loss'][0]"
    return statements(text, C=node.value, A=first, B=second)


@rewriter("form of evaluate", ast.Call, lambda node: calls(node, "evaluate", "predict") and bool(node.args))
def evaluate_form(node: ast.Call, draw: random.Random) -> Replacement:
    """evaluate's arguments by name, quietly, in larger batches."""
    way = draw.randrange(3)
    if way == 0 and len(node.args) == 2:
        x, y = node.args
        node.args, node.keywords = [], [ast.keyword("x", x), ast.keyword("y", y), *node.keywords]
    elif way == 1 and not keyword(node, "batch_size"):
        node.keywords.append(ast.keyword("batch_size", ast.Constant(draw.choice([64, 256, 1000]))))
    elif not keyword(node, "verbose"):
        node.keywords.append(ast.keyword("verbose", ast.Constant(0)))
    else:
        return None
    return node


COMPILING = (
    loss_form, metric_form, optimizer_by_name, optimizer_object, default_said, compile_arguments, fit_form, watched,
    history_kept, evaluate_taken, evaluate_form,
)  # fmt: skip
