"""Networks and layers, built otherwise."""

from __future__ import annotations

import ast
import random

from autograder.authoring.verify.rewriting import (
    Replacement,
    Rewriter,
    calls,
    dotted,
    expression,
    keyword,
    statements,
    text_of,
)

_LAYER_OF = {"relu": "keras.layers.ReLU()", "softmax": "keras.layers.Softmax()"}


def is_input(node: ast.AST) -> bool:
    return calls(node, "keras.Input", "layers.Input", "layers.InputLayer")


def shape_of(node: ast.AST) -> ast.expr | None:
    """The shape that an Input is given."""
    if not isinstance(node, ast.Call):
        return None
    given = keyword(node, "shape")
    return given.value if given else node.args[0] if node.args else None


def stacked(node: ast.AST) -> list[ast.expr] | None:
    """The layers in the list of a Sequential; None for anything else, and where they are made by a loop in it."""
    if (
        isinstance(node, ast.Call)
        and calls(node, "keras.Sequential")
        and node.args
        and isinstance(node.args[0], ast.List)
        and not any(isinstance(layer, ast.Starred) for layer in node.args[0].elts)
    ):
        return node.args[0].elts
    return None


def named_network(node: ast.AST) -> tuple[str, ast.Call, list[ast.expr]] | None:
    """Name, call and layers of ``name = keras.Sequential([...])``."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    layers = stacked(node.value)
    if not layers or not isinstance(node.value, ast.Call):
        return None
    return node.targets[0].id, node.value, layers


class ActivationGiven(Rewriter):
    """activation="relu" as a function, found by name, or as TensorFlow's own."""

    name = "activation as a function"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "activation" and bool(text_of(node.value))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.keyword)
        said = text_of(node.value)
        ways = [f"keras.activations.{said}", f"keras.activations.get({said!r})"]
        node.value = expression(draw.choice(ways))
        return node


class ActivationLayer(Rewriter):
    """Dense(..., activation="relu") in a list as Dense(...), Activation("relu")."""

    name = "activation as a layer"

    def matches(self, node: ast.AST) -> bool:
        return any(keyword(layer, "activation") for layer in stacked(node) or () if isinstance(layer, ast.Call))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        layers = stacked(node)
        assert layers is not None
        places = [n for n, layer in enumerate(layers) if isinstance(layer, ast.Call) and (k := keyword(layer, "activation")) and text_of(k.value)]  # fmt: skip
        if not places:
            return None
        place = draw.choice(places)
        layer = layers[place]
        assert isinstance(layer, ast.Call)
        given = keyword(layer, "activation")
        assert given is not None
        layer.keywords.remove(given)
        said = text_of(given.value)
        ways = [f"keras.layers.Activation({said!r})", _LAYER_OF.get(said, f"keras.layers.Activation(keras.activations.{said})")]  # fmt: skip
        layers.insert(place + 1, expression(draw.choice(ways)))
        return node


class DenseArguments(Rewriter):
    """Dense(100, activation="relu") with units= or without activation=."""

    name = "arguments of Dense"

    def matches(self, node: ast.AST) -> bool:
        return calls(node, "layers.Dense") and isinstance(node, ast.Call) and len(node.args) == 1

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        given = keyword(node, "activation")
        if given is not None and draw.random() < 0.5:
            node.keywords.remove(given)
            node.args.append(given.value)
            return node
        node.keywords.insert(0, ast.keyword("units", node.args.pop()))
        return node


class InputForm(Rewriter):
    """keras.Input(shape=(784,)) as one of its twins."""

    name = "form of Input"

    def matches(self, node: ast.AST) -> bool:
        return is_input(node) and isinstance(shape_of(node), ast.Tuple)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        shape = shape_of(node)
        assert isinstance(shape, ast.Tuple)
        batch = ast.Tuple([ast.Constant(None), *shape.elts], ast.Load())
        ways = ["keras.Input(S)", "keras.layers.Input(shape=S)", "keras.Input(shape=L)", "keras.Input(batch_shape=B)", "keras.Input(shape=S, dtype='float32')"]  # fmt: skip
        return expression(draw.choice(ways), S=shape, L=ast.List(shape.elts, ast.Load()), B=batch)


class InputLayerObject(Rewriter):
    """keras.Input in a list as the layer keras.layers.InputLayer."""

    name = "InputLayer"

    def matches(self, node: ast.AST) -> bool:
        layers = stacked(node) or []
        return bool(layers) and is_input(layers[0]) and shape_of(layers[0]) is not None

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        layers = stacked(node)
        assert layers
        layers[0] = expression("keras.layers.InputLayer(shape=S)", S=shape_of(layers[0]) or ast.Constant(None))
        return node


class InputInFirstLayer(Rewriter):
    """No Input, but input_shape= in the first layer, as older code has it."""

    name = "input_shape="

    def matches(self, node: ast.AST) -> bool:
        layers = stacked(node)
        return bool(layers) and len(layers or ()) > 1 and is_input((layers or [])[0]) and isinstance((layers or [])[1], ast.Call)  # fmt: skip

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        layers = stacked(node)
        assert layers
        shape, first = shape_of(layers[0]), layers[1]
        if shape is None or not isinstance(first, ast.Call):
            return None
        first.keywords.append(ast.keyword("input_shape", shape))
        del layers[0]
        return node


class BuiltLater(Rewriter):
    """No Input, but build() afterwards."""

    name = "build()"

    def matches(self, node: ast.AST) -> bool:
        found = named_network(node)
        return found is not None and is_input(found[2][0]) and isinstance(shape_of(found[2][0]), ast.Tuple)

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        found = named_network(node)
        assert found is not None and isinstance(node, ast.stmt)
        name, _call, layers = found
        shape = shape_of(layers[0])
        assert isinstance(shape, ast.Tuple)
        del layers[0]
        batch = ast.Tuple([ast.Constant(None), *shape.elts], ast.Load())
        return [node, *statements(f"{name}.build(B)", B=batch)]


class AddedLayers(Rewriter):
    """Layer after layer by add(), one by one or in a loop."""

    name = "add()"

    def matches(self, node: ast.AST) -> bool:
        return named_network(node) is not None

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        found = named_network(node)
        assert found is not None
        name, call, layers = found
        empty = ast.Call(call.func, [], call.keywords)
        start = statements(f"{name} = E", E=empty)
        if draw.random() < 0.4:
            return [*start, *statements(f"for layer in L:\n    {name}.add(layer)", L=ast.List(layers, ast.Load()))]
        return [*start, *(one for layer in layers for one in statements(f"{name}.add(X)", X=layer))]


class FunctionalStyle(Rewriter):
    """The same chain with tensors, inputs and outputs."""

    name = "functional"

    def matches(self, node: ast.AST) -> bool:
        found = named_network(node)
        return found is not None and calls(found[2][0], "keras.Input") and not found[1].keywords

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        found = named_network(node)
        assert found is not None
        name, _call, layers = found
        made = [*statements("inputs = I", I=layers[0]), *statements("x = inputs")]
        for layer in layers[1:]:
            made += statements("x = L(x)", L=layer)
        ways = ["keras.Model(inputs, x)", "keras.Model(inputs=inputs, outputs=x)", "keras.models.Model(inputs=[inputs], outputs=[x])"]  # fmt: skip
        return [*made, *statements(f"{name} = {draw.choice(ways)}")]


class TensorOperators(FunctionalStyle):
    """The same chain, in which functions of Keras and operators do with tensors what activations do, and some that change nothing."""

    name = "operators on tensors"

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        found = named_network(node)
        assert found is not None
        name, _call, layers = found
        made = [*statements("x = inputs = I", I=layers[0])]
        for layer in layers[1:]:
            given = keyword(layer, "activation") if isinstance(layer, ast.Call) else None
            said = text_of(given.value) if given else ""
            after = []
            if isinstance(layer, ast.Call) and given and said:
                layer.keywords.remove(given)
                after = [draw.choice([f"keras.activations.{said}(x)", *_ON_TENSORS.get(said, ())])]
                if draw.random() < 0.5:
                    after.insert(draw.randrange(2), draw.choice(_NOTHING))
            made += [*statements("x = L(x)", L=layer), *(one for way in after for one in statements(f"x = {way}"))]
        return [*made, *statements(f"{name} = keras.Model(inputs, x)")]


_ON_TENSORS = {
    "relu": ("keras.ops.relu(x)", "keras.ops.maximum(x, 0)", "keras.ops.maximum(0.0, x)"),
    "sigmoid": ("keras.ops.sigmoid(x)",), "tanh": ("keras.ops.tanh(x)",),
    "softmax": ("keras.ops.softmax(x)", "keras.ops.softmax(x, axis=-1)"),
}  # fmt: skip
_NOTHING = ("x + 0", "0 + x", "x - 0.0", "1 * x", "x * 1.0", "x / 1", "sum([x])")


class SequentialForm(Rewriter):
    """keras.models.Sequential, layers=, a name, or a list made before."""

    name = "form of Sequential"

    def matches(self, node: ast.AST) -> bool:
        return stacked(node) is not None

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        assert isinstance(node, ast.Call)
        way = draw.randrange(3)
        if way == 0:
            node.func = expression("keras.models.Sequential")
        elif way == 1 and not keyword(node, "name"):
            node.keywords.append(ast.keyword("name", ast.Constant("my_network")))
        else:
            node.keywords.insert(0, ast.keyword("layers", node.args.pop()))
        return node


class Imported(Rewriter):
    """keras.layers.Dense as Dense, layers.Dense or tf.keras.layers.Dense."""

    name = "other imports"

    def matches(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Module) or (isinstance(node, (ast.Assign, ast.Expr)) and bool(_layer_names(node)))

    def change(self, node: ast.AST, draw: random.Random) -> Replacement:
        if not isinstance(node, (ast.Assign, ast.Expr)):
            return None
        way = draw.randrange(3)
        names = sorted(_layer_names(node))
        if way == 0:
            _Renamed(lambda kind: kind).visit(node)
            return [*statements(f"from keras.layers import {', '.join(names)}"), node]
        if way == 1:
            _Renamed(lambda kind: f"layers.{kind}").visit(node)
            return [*statements("from keras import layers"), node]
        _Renamed(lambda kind: f"tf.keras.layers.{kind}").visit(node)
        return [*statements("import tensorflow as tf"), node]


def _layer_names(node: ast.AST) -> set[str]:
    return {name.rpartition(".")[2] for one in ast.walk(node) if (name := dotted(one)).startswith("keras.layers.") and name.count(".") == 2}  # fmt: skip


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: object) -> None:
        self.name = name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        own = dotted(node)
        if own.startswith("keras.layers.") and own.count(".") == 2:
            return expression(self.name(node.attr))  # type: ignore[operator]
        return self.generic_visit(node)


NETWORKS = (
    ActivationGiven(), ActivationLayer(), DenseArguments(), InputForm(), InputLayerObject(), InputInFirstLayer(),
    BuiltLater(), AddedLayers(), FunctionalStyle(), TensorOperators(), SequentialForm(), Imported(),
)  # fmt: skip
