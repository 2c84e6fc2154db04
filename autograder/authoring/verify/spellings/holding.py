"""The way of a value to its name: through a function, a class, a container, a walrus; functions as objects and with more arguments."""

from __future__ import annotations

import ast
import copy
import random
import re
from typing import Any

from autograder.authoring.verify.rewriting import (
    Replacement,
    Rewriter,
    bound_value,
    calls,
    expression,
    keyword,
    rewriter,
    statements,
    text_of,
)
from autograder.authoring.verify.spellings.compiling import trains
from autograder.authoring.verify.spellings.networks import is_input, stacked


def _worked_out(node: ast.Assign) -> ast.expr | None:
    """The value that one name gets, if it is more than another name."""
    value = bound_value(node)
    return None if isinstance(value, ast.Name) else value


def _held(name: str, *ways: str) -> Rewriter:
    """``N_ = V`` in another of `ways`."""

    @rewriter(name, ast.Assign, _worked_out)
    def change(node: Any, draw: random.Random) -> Replacement:
        return statements(_fresh(draw.choice(ways), draw).replace("N_", node.targets[0].id), V=node.value)

    return change


def _fresh(way: str, draw: random.Random) -> str:
    """With helpers of its own: changed again, what a function, class or dictionary holds would else be the second of that name."""
    return re.sub(r"\b(make_it|inner|held|Held|Rule|_kind|digits|verbose)\b", rf"\1_{draw.randrange(10**6)}", way)


def _text_or_network(node: ast.Assign) -> bool:
    value = _worked_out(node)
    return value is not None and (bool(text_of(value)) or stacked(value) is not None)


@rewriter("globals()", ast.Assign, _text_or_network)
def without_a_name(node: Any, draw: random.Random) -> Replacement:
    """A text or a network that gets its name through ``globals()``, as loops over names do it."""
    own = node.targets[0].id
    ways = (f"globals()[{own!r}] = V", f"globals().update({own}=V)", f"for name, value in {{{own!r}: V}}.items():\n    globals()[name] = value")  # fmt: skip
    return statements(draw.choice(ways), V=node.value)


@rewriter(
    "function as an object",
    ast.FunctionDef,
    lambda node: not node.decorator_list and not node.args.defaults and node.args.vararg is None,
)
def function_object(node: ast.FunctionDef, draw: random.Random) -> Replacement:
    """A function as an object that can be called, as a part of another, decorated, with an argument more than is asked."""
    own, way = node.name, draw.randrange(5)
    if way == 0:
        node.args.kwonlyargs.append(ast.arg(_fresh("verbose", draw)))
        node.args.kw_defaults.append(ast.Constant(False))
        return node
    if way == 1:
        node.args.args.append(ast.arg(_fresh("digits", draw)))
        node.args.defaults.append(ast.Constant(4))
        return node
    if way == 2:
        node.args.args.insert(0, ast.arg(_fresh("_kind", draw)))
        return [node, *statements(f"{own} = functools.partial({own}, 'mine')")]
    if way == 3:
        node.decorator_list.append(expression("np.errstate(over='ignore')"))
        return node
    method = copy.deepcopy(node)
    method.name = "__call__"
    method.args.args.insert(0, ast.arg("self"))
    made, named_so = statements(_fresh("class Rule:\n    pass\nN_ = Rule()", draw).replace("N_", own))
    assert isinstance(made, ast.ClassDef)
    made.body = [method]
    return [made, named_so]


def _dense_layers(node: ast.Call) -> bool:
    layers = stacked(node) or []
    return len(layers) > 2 and is_input(layers[0]) and all(map(_dense, layers[1:]))


def _dense(layer: ast.expr) -> bool:
    return isinstance(layer, ast.Call) and calls(layer, "layers.Dense") and len(layer.args) == 1


@rewriter("layers of a table", ast.Call, _dense_layers)
def layers_of_table(node: ast.Call, draw: random.Random) -> Replacement:
    """Dense layers in a list as a comprehension over their settings."""
    layers: Any = stacked(node)
    first, *others = layers
    rows: list[ast.expr] = [
        ast.Call(ast.Name("dict", ast.Load()), [], [ast.keyword("units", layer.args[0]), *layer.keywords])
        for layer in others
    ]
    ways = (
        "[F] + [keras.layers.Dense(**row) for row in R]",
        "[F, *(keras.layers.Dense(**row) for row in R)]",
        "[F, *map(lambda row: keras.layers.Dense(**row), R)]",
    )
    node.args[0] = expression(draw.choice(ways), F=first, R=ast.List(rows, ast.Load()))
    return node


def _few_epochs(node: ast.Expr) -> Any:
    call = node.value
    if not isinstance(call, ast.Call) or not trains(call) or keyword(call, "callbacks"):
        return None
    epochs = keyword(call, "epochs")
    return epochs if epochs and isinstance(epochs.value, ast.Constant) and epochs.value.value in range(2, 9) else None


@rewriter("epochs in several calls", ast.Expr, _few_epochs)
def in_several_fits(node: Any, draw: random.Random) -> Replacement:
    """The epochs of one ``fit`` in several calls; a callback would begin anew with each."""
    epochs = _few_epochs(node)
    count = epochs.value.value
    if draw.random() < 0.5:
        node.value.keywords.remove(epochs)
        return statements(f"for _epoch in range({count}):\n    F", F=node.value)
    later = copy.deepcopy(node)
    epochs.value = ast.Constant(1)
    _few_epochs(later).value = ast.Constant(count - 1)
    return [node, later]


@rewriter("callbacks that watch", ast.Call, lambda node: trains(node) and not keyword(node, "callbacks"))
def only_watching(node: ast.Call, draw: random.Random) -> Replacement:
    """Callbacks that change nothing."""
    ways = (
        "keras.callbacks.History()",
        "[keras.callbacks.CSVLogger('log.csv')]",
        "[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))]",
        "[keras.callbacks.EarlyStopping(monitor='loss', patience=99)]",
        "[keras.callbacks.TerminateOnNaN(), keras.callbacks.ProgbarLogger()]",
    )
    node.keywords.append(ast.keyword("callbacks", expression(draw.choice(ways))))
    return node


HOLDING = (
    # What a function returns, early, by default, or after cleaning up; a function without a name.
    _held(
        "made in a function",
        "def make_it(now=True):\n    if now:\n        return V\n    return None\nN_ = make_it()",
        "def make_it(*parts, **settings):\n    try:\n        made = V\n    finally:\n        pass\n    return made\nN_ = make_it()",
        "def make_it() -> object:\n    def inner():\n        return V\n    return inner()\nN_ = make_it()",
        "N_ = (lambda: V)()",
        "N_ = (lambda made: made)(V)",
    ),
    # What a dictionary, a list, a class or an object holds for a while.
    _held(
        "held elsewhere first",
        "held = {'it': V}\nN_ = held['it']",
        "held = {}\nheld.update(it=V)\nN_ = held.get('it')",
        "[N_] = [V]",
        "N_, *_others = (V, 1)",
        "class Held:\n    it = V\nN_ = Held.it",
        "for N_ in [V]:\n    pass",
        "with contextlib.nullcontext(V) as N_:\n    pass",
        "(N_ := V)",
    ),
    without_a_name, function_object, layers_of_table, in_several_fits, only_watching,
)  # fmt: skip
