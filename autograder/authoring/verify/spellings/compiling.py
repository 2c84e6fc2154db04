"""Losses, metrics and optimizers, and calls of compile, fit, evaluate and predict."""

from __future__ import annotations

import ast
import random

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, expression, keyword, statements, text_of

_CLASSES = {"sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam"}


def camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


class LossForm(Rewriter):
    """loss="..." as a function, an object, or the name of its class."""

    name = "form of the loss"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "loss" and "_" in text_of(node.value)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.keyword)
        said = text_of(node.value)
        ways = [f"keras.losses.{said}", f"keras.losses.{camel(said)}()", repr(camel(said)), f"keras.losses.get({said!r})", f"keras.losses.{camel(said)}({'from_logits=False' if said.endswith('crossentropy') else ''})"]  # fmt: skip
        node.value = expression(draw.choice(ways))
        return node


class MetricForm(Rewriter):
    """metrics=["accuracy"] under its other names, as an object, as a function; in a tuple."""

    name = "form of the metric"

    def matches(self, node: ast.AST) -> bool:
        given = keyword(node, "metrics") if isinstance(node, ast.Call) and calls(node, "compile") else None
        return given is not None and isinstance(given.value, ast.List) and any(text_of(one) == "accuracy" for one in given.value.elts)  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        given = keyword(node, "metrics")
        assert given is not None and isinstance(given.value, ast.List)
        ways = ["'acc'", "'Accuracy'"]
        if "sparse" in ast.unparse(node).lower():  # which accuracy it is depends on the loss
            ways += ["'sparse_categorical_accuracy'", "keras.metrics.SparseCategoricalAccuracy()", "keras.metrics.SparseCategoricalAccuracy(name='accuracy')", "keras.metrics.sparse_categorical_accuracy", "'SparseCategoricalAccuracy'"]  # fmt: skip
        way = draw.choice([*ways, "tuple"])
        if way == "tuple":
            given.value = ast.Tuple(given.value.elts, ast.Load())
        else:
            given.value.elts = [expression(way) if text_of(one) == "accuracy" else one for one in given.value.elts]
        return node


class OptimizerByName(Rewriter):
    """An optimizer's name as its class's name, an object, or what keras.optimizers.get gives."""

    name = "form of the optimizer"

    def matches(self, node: ast.AST) -> bool:
        given = list(node.args) + [k.value for k in node.keywords if k.arg == "optimizer"] if isinstance(node, ast.Call) else []  # fmt: skip
        return any(text_of(one) in _CLASSES for one in given)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)

        def other(one: ast.expr) -> ast.expr:
            said = text_of(one)
            if said not in _CLASSES:
                return one
            ways = [repr(_CLASSES[said]), f"keras.optimizers.{_CLASSES[said]}()", f"keras.optimizers.get({said!r})"]
            return expression(draw.choice(ways))

        node.args = [other(one) for one in node.args]
        for given in node.keywords:
            if given.arg == "optimizer":
                given.value = other(given.value)
        return node


class OptimizerObject(Rewriter):
    """keras.optimizers.SGD() by its name; with its default written out; below tf.keras."""

    name = "optimizer object otherwise"

    def matches(self, node: ast.AST) -> bool:
        return calls(node, *(f"keras.optimizers.{kind}" for kind in _CLASSES.values()))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        kind = node.func.attr
        if kind == "SGD" and not keyword(node, "learning_rate") and draw.random() < 0.5:
            node.keywords.append(ast.keyword("learning_rate", ast.Constant(0.01)))
            return node
        if rate := keyword(node, "learning_rate"):
            node.keywords.remove(rate)
            node.args.insert(0, rate.value)
            return node
        return expression(repr(kind.lower())) if not node.args and not node.keywords else None


class DefaultSaid(Rewriter):
    """compile() without an optimizer with Keras's default written out."""

    name = "default optimizer said"

    def matches(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call) and calls(node, "compile") and not node.args and not keyword(node, "optimizer")
        )

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        ways = ["'rmsprop'", "'RMSprop'", "keras.optimizers.RMSprop()", "keras.optimizers.RMSprop(learning_rate=0.001)"]
        node.keywords.insert(0, ast.keyword("optimizer", expression(draw.choice(ways))))
        return node


class CompileArguments(Rewriter):
    """compile's arguments by place, or in another order."""

    name = "arguments of compile"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and calls(node, "compile") and len(node.keywords) > 1 and not node.args

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
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


class FitForm(Rewriter):
    """fit's arguments by name or by place, defaults written out, or what only changes what is printed."""

    name = "form of fit"

    def matches(self, node: ast.AST) -> bool:
        return trains(node) and isinstance(node, ast.Call) and len(node.args) == 2

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
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


class Watched(Rewriter):
    """A training that also says how the hold-out does."""

    name = "validation_data"

    def matches(self, node: ast.AST) -> bool:
        return trains(node) and isinstance(node, ast.Call) and bool(node.args) and isinstance(node.args[0], ast.Name) and node.args[0].id == "train_input" and not keyword(node, "validation_data")  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        way = draw.choice(["(val_input, val_target)", "[val_input, val_target]"])
        node.keywords.append(ast.keyword("validation_data", expression(way)))
        return node


class HistoryKept(Rewriter):
    """What fit returns gets a name."""

    name = "history = fit()"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Expr) and calls(node.value, "fit")

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Expr)
        return statements("history = F", F=node.value)


class EvaluateTaken(Rewriter):
    """The two numbers of evaluate, taken one by one, from a list or from a dictionary."""

    name = "evaluate taken apart"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Assign) and calls(node.value, "evaluate") and isinstance(node.targets[0], ast.Tuple) and len(node.targets[0].elts) == 2  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert (
            isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Call)
        )
        first, second = node.targets[0].elts
        call = node.value
        if draw.random() < 0.5:
            text = "scores = C\nA = scores[0]\nB = scores[1]"
        else:
            call.keywords.append(ast.keyword("return_dict", ast.Constant(True)))
            text = "scores = C\nA = scores['loss']\nB = [scores[key] for key in scores if key != 'loss'][0]"
        return _assigned(text, C=call, A=first, B=second)


def _assigned(text: str, **parts: ast.AST) -> list[ast.stmt]:
    found = statements(text, **parts)
    for one in found:
        if isinstance(one, ast.Assign):
            for target in one.targets:
                if isinstance(target, (ast.Name, ast.Subscript, ast.Attribute)):
                    target.ctx = ast.Store()
    return found


class EvaluateForm(Rewriter):
    """evaluate's arguments by name, quietly, in larger batches."""

    name = "form of evaluate"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and calls(node, "evaluate", "predict") and bool(node.args)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
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
    LossForm(), MetricForm(), OptimizerByName(), OptimizerObject(), DefaultSaid(), CompileArguments(), FitForm(), Watched(),
    HistoryKept(), EvaluateTaken(), EvaluateForm(),
)  # fmt: skip
