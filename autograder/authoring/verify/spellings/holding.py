"""The way of a value to its name: through a function, a class, a container, a walrus; functions as objects and with more arguments."""

from __future__ import annotations

import ast
import copy
import random
import re

from autograder.authoring.verify.rewriting import Replacement, Rewriter, calls, expression, keyword, statements, text_of
from autograder.authoring.verify.spellings.compiling import trains
from autograder.authoring.verify.spellings.networks import is_input, stacked


def named(node: ast.AST) -> ast.Name | None:
    """The one name that a statement binds, if its value is more than another name."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or isinstance(node.value, ast.Name):
        return None
    return node.targets[0] if isinstance(node.targets[0], ast.Name) else None


class _Held(Rewriter):
    """``N = V`` in another of `ways`."""

    ways: tuple[str, ...] = ()

    def matches(self, node: ast.AST) -> bool:
        return named(node) is not None

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        target = named(node)
        assert target is not None and isinstance(node, ast.Assign)
        return statements(_fresh(draw.choice(self.ways), draw).replace("N_", target.id), V=node.value)


def _fresh(way: str, draw: random.Random) -> str:
    """With helpers of its own: changed again, what a function, class or dictionary holds would else be the second of that name."""
    return re.sub(r"\b(make_it|inner|held|Held|Rule|_kind|digits|verbose)\b", rf"\1_{draw.randrange(10**6)}", way)


class MadeInFunction(_Held):
    """What a function returns, early, by default, or after cleaning up; a function without a name."""

    name = "made in a function"
    ways = (
        "def make_it(now=True):\n    if now:\n        return V\n    return None\nN_ = make_it()",
        "def make_it(*parts, **settings):\n    try:\n        made = V\n    finally:\n        pass\n    return made\nN_ = make_it()",
        "def make_it() -> object:\n    def inner():\n        return V\n    return inner()\nN_ = make_it()",
        "N_ = (lambda: V)()",
        "N_ = (lambda made: made)(V)",
    )


class Held(_Held):
    """What a dictionary, a list, a class or an object holds for a while."""

    name = "held elsewhere first"
    ways = (
        "held = {'it': V}\nN_ = held['it']",
        "held = {}\nheld.update(it=V)\nN_ = held.get('it')",
        "[N_] = [V]",
        "N_, *_others = (V, 1)",
        "class Held:\n    it = V\nN_ = Held.it",
        "for N_ in [V]:\n    pass",
        "with contextlib.nullcontext(V) as N_:\n    pass",
        "(N_ := V)",
    )


class WithoutAName(Rewriter):
    """A text or a network that gets its name through ``globals()``, as loops over names do it."""

    name = "globals()"

    def matches(self, node: ast.AST) -> bool:
        value = node.value if named(node) is not None and isinstance(node, ast.Assign) else None
        return bool(text_of(value)) or stacked(value or ast.Pass()) is not None

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        target = named(node)
        assert target is not None and isinstance(node, ast.Assign)
        ways = (f"globals()[{target.id!r}] = V", f"globals().update({target.id}=V)", f"for name, value in {{{target.id!r}: V}}.items():\n    globals()[name] = value")  # fmt: skip
        return statements(draw.choice(ways), V=node.value)


class FunctionObject(Rewriter):
    """A function as an object that can be called, as a part of another, decorated, with an argument more than is asked."""

    name = "function as an object"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.args.defaults and node.args.vararg is None  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.FunctionDef)
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


class LayersOfTable(Rewriter):
    """Dense layers in a list as a comprehension over their settings."""

    name = "layers of a table"

    def matches(self, node: ast.AST) -> bool:
        layers = stacked(node) or []
        return len(layers) > 2 and is_input(layers[0]) and all(map(_dense, layers[1:]))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        layers = stacked(node)
        assert layers and isinstance(node, ast.Call)
        rows: list[ast.expr] = []
        for layer in layers[1:]:
            assert isinstance(layer, ast.Call)
            settings = [ast.keyword("units", layer.args[0]), *layer.keywords]
            rows.append(ast.Call(ast.Name("dict", ast.Load()), [], settings))
        ways = (
            "[F] + [keras.layers.Dense(**row) for row in R]",
            "[F, *(keras.layers.Dense(**row) for row in R)]",
            "[F, *map(lambda row: keras.layers.Dense(**row), R)]",
        )
        node.args[0] = expression(draw.choice(ways), F=layers[0], R=ast.List(rows, ast.Load()))
        return node


def _dense(layer: ast.expr) -> bool:
    return isinstance(layer, ast.Call) and calls(layer, "layers.Dense") and len(layer.args) == 1


class InSeveralFits(Rewriter):
    """The epochs of one ``fit`` in several calls; a callback would begin anew with each."""

    name = "epochs in several calls"

    def matches(self, node: ast.AST) -> bool:
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or not trains(call) or keyword(call, "callbacks"):
            return False
        epochs = keyword(call, "epochs")
        return epochs is not None and isinstance(epochs.value, ast.Constant) and epochs.value.value in range(2, 9)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        epochs = keyword(node.value, "epochs")
        assert epochs is not None and isinstance(epochs.value, ast.Constant) and isinstance(epochs.value.value, int)
        count = epochs.value.value
        if draw.random() < 0.5:
            node.value.keywords.remove(epochs)
            return statements(f"for _epoch in range({count}):\n    F", F=node.value)
        later = copy.deepcopy(node)
        epochs.value = ast.Constant(1)
        rest = keyword(later.value, "epochs") if isinstance(later.value, ast.Call) else None
        assert rest is not None
        rest.value = ast.Constant(count - 1)
        return [node, later]


class OnlyWatching(Rewriter):
    """Callbacks that change nothing."""

    name = "callbacks that watch"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and trains(node) and not keyword(node, "callbacks")

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
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
    MadeInFunction(), Held(), WithoutAName(), FunctionObject(), LayersOfTable(), InSeveralFits(), OnlyWatching(),
)  # fmt: skip
