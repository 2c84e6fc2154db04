"""Networks and layers, built otherwise."""

from __future__ import annotations

import ast
import random
from typing import Any

from autograder.authoring.verify.rewriting import (
    Replacement,
    bound_value,
    calls,
    dotted,
    expression,
    keyword,
    rewriter,
    statements,
    text_of,
)

_LAYER_OF = {"relu": "keras.layers.ReLU()", "softmax": "keras.layers.Softmax()"}


def is_input(node: ast.AST) -> bool:
    return calls(node, "keras.Input", "layers.Input", "layers.InputLayer")


def _shape_of(node: ast.AST) -> ast.expr | None:
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


def _named(node: ast.Assign) -> list[ast.expr] | None:
    """The layers of ``name = keras.Sequential([...])``."""
    return stacked(bound_value(node) or node)


def _with_batch(shape: ast.expr | None) -> ast.Tuple:
    """The shape of a batch of what has this shape."""
    assert isinstance(shape, ast.Tuple)
    return ast.Tuple([ast.Constant(None), *shape.elts], ast.Load())


@rewriter("activation as a function", ast.keyword, lambda node: node.arg == "activation" and text_of(node.value))
def activation_given(node: ast.keyword, draw: random.Random) -> Replacement:
    """activation="relu" as a function, found by name, or as TensorFlow's own."""
    said = text_of(node.value)
    node.value = expression(draw.choice([f"keras.activations.{said}", f"keras.activations.get({said!r})"]))
    return node


def _activations(node: ast.Call) -> list[tuple[int, ast.keyword]]:
    """Which of the layers in a list are told their activation, and how."""
    layers = enumerate(stacked(node) or ())
    return [
        (place, given)
        for place, layer in layers
        if isinstance(layer, ast.Call) and (given := keyword(layer, "activation"))
    ]


@rewriter("activation as a layer", ast.Call, _activations)
def activation_layer(node: ast.Call, draw: random.Random) -> Replacement:
    """Dense(..., activation="relu") in a list as Dense(...), Activation("relu")."""
    given = [one for one in _activations(node) if text_of(one[1].value)]
    if not given:
        return None
    place, activation = draw.choice(given)
    layers: Any = stacked(node)
    layers[place].keywords.remove(activation)
    said = text_of(activation.value)
    ways = [f"keras.layers.Activation({said!r})", _LAYER_OF.get(said, f"keras.layers.Activation(keras.activations.{said})")]  # fmt: skip
    layers.insert(place + 1, expression(draw.choice(ways)))
    return node


@rewriter("arguments of Dense", ast.Call, lambda node: calls(node, "layers.Dense") and len(node.args) == 1)
def dense_arguments(node: ast.Call, draw: random.Random) -> Replacement:
    """Dense(100, activation="relu") with units= or without activation=."""
    given = keyword(node, "activation")
    if given is not None and draw.random() < 0.5:
        node.keywords.remove(given)
        node.args.append(given.value)
        return node
    node.keywords.insert(0, ast.keyword("units", node.args.pop()))
    return node


@rewriter("form of Input", ast.Call, lambda node: is_input(node) and isinstance(_shape_of(node), ast.Tuple))
def input_form(node: ast.Call, draw: random.Random) -> Replacement:
    """keras.Input(shape=(784,)) as one of its twins."""
    shape: Any = _shape_of(node)
    ways = ["keras.Input(S)", "keras.layers.Input(shape=S)", "keras.Input(shape=L)", "keras.Input(batch_shape=B)", "keras.Input(shape=S, dtype='float32')"]  # fmt: skip
    return expression(draw.choice(ways), S=shape, L=ast.List(shape.elts, ast.Load()), B=_with_batch(shape))


def _begins_with_input(node: ast.Call) -> bool:
    layers = stacked(node) or []
    return bool(layers) and is_input(layers[0]) and _shape_of(layers[0]) is not None


@rewriter("InputLayer", ast.Call, _begins_with_input)
def input_layer_object(node: ast.Call, _draw: random.Random) -> Replacement:
    """keras.Input in a list as the layer keras.layers.InputLayer."""
    layers = stacked(node) or []
    layers[0] = expression("keras.layers.InputLayer(shape=S)", S=_shape_of(layers[0]) or ast.Constant(None))
    return node


def _can_say_input(node: ast.Call) -> bool:
    layers = stacked(node) or []
    return len(layers) > 1 and is_input(layers[0]) and isinstance(layers[1], ast.Call)


@rewriter("input_shape=", ast.Call, _can_say_input)
def input_in_first_layer(node: ast.Call, _draw: random.Random) -> Replacement:
    """No Input, but input_shape= in the first layer, as older code has it."""
    layers: Any = stacked(node)
    shape = _shape_of(layers[0])
    if shape is None:
        return None
    layers[1].keywords.append(ast.keyword("input_shape", shape))
    del layers[0]
    return node


def _of_known_shape(node: ast.Assign) -> bool:
    layers = _named(node) or []
    return bool(layers) and is_input(layers[0]) and isinstance(_shape_of(layers[0]), ast.Tuple)


@rewriter("build()", ast.Assign, _of_known_shape)
def built_later(node: Any, _draw: random.Random) -> Replacement:
    """No Input, but build() afterwards."""
    first = node.value.args[0].elts.pop(0)
    return [node, *statements(f"{node.targets[0].id}.build(B)", B=_with_batch(_shape_of(first)))]


@rewriter("add()", ast.Assign, _named)
def added_layers(node: Any, draw: random.Random) -> Replacement:
    """Layer after layer by add(), one by one or in a loop."""
    name, layers = node.targets[0].id, node.value.args[0]
    start = statements(f"{name} = E", E=ast.Call(node.value.func, [], node.value.keywords))
    if draw.random() < 0.4:
        return [*start, *statements(f"for layer in L:\n    {name}.add(layer)", L=layers)]
    return [*start, *(one for layer in layers.elts for one in statements(f"{name}.add(X)", X=layer))]


def _is_chain(node: Any) -> bool:
    layers = _named(node) or []
    return bool(layers) and calls(layers[0], "keras.Input") and not node.value.keywords


@rewriter("functional", ast.Assign, _is_chain)
def functional_style(node: Any, draw: random.Random) -> Replacement:
    """The same chain with tensors, inputs and outputs."""
    first, *others = node.value.args[0].elts
    made = [*statements("inputs = I", I=first), *statements("x = inputs")]
    for layer in others:
        made += statements("x = L(x)", L=layer)
    ways = ["keras.Model(inputs, x)", "keras.Model(inputs=inputs, outputs=x)", "keras.models.Model(inputs=[inputs], outputs=[x])"]  # fmt: skip
    return [*made, *statements(f"{node.targets[0].id} = {draw.choice(ways)}")]


@rewriter("operators on tensors", ast.Assign, _is_chain)
def tensor_operators(node: Any, draw: random.Random) -> Replacement:
    """The same chain, in which functions of Keras and operators do with tensors what activations do, and some that change nothing."""
    first, *others = node.value.args[0].elts
    made = [*statements("x = inputs = I", I=first)]
    for layer in others:
        given = keyword(layer, "activation") if isinstance(layer, ast.Call) else None
        said = text_of(given.value) if given else ""
        after = []
        if said:
            layer.keywords.remove(given)
            after = [draw.choice([f"keras.activations.{said}(x)", *_ON_TENSORS.get(said, ())])]
            if draw.random() < 0.5:
                after.insert(draw.randrange(2), draw.choice(_NOTHING))
        made += [*statements("x = L(x)", L=layer), *(one for way in after for one in statements(f"x = {way}"))]
    return [*made, *statements(f"{node.targets[0].id} = keras.Model(inputs, x)")]


_ON_TENSORS = {
    "relu": ("keras.ops.relu(x)", "keras.ops.maximum(x, 0)", "keras.ops.maximum(0.0, x)"),
    "sigmoid": ("keras.ops.sigmoid(x)",), "tanh": ("keras.ops.tanh(x)",),
    "softmax": ("keras.ops.softmax(x)", "keras.ops.softmax(x, axis=-1)"),
}  # fmt: skip
_NOTHING = ("x + 0", "0 + x", "x - 0.0", "1 * x", "x * 1.0", "x / 1", "sum([x])")


@rewriter("form of Sequential", ast.Call, lambda node: stacked(node) is not None)
def sequential_form(node: ast.Call, draw: random.Random) -> Replacement:
    """keras.models.Sequential, layers=, a name, or a list made before."""
    way = draw.randrange(3)
    if way == 0:
        node.func = expression("keras.models.Sequential")
    elif way == 1 and not keyword(node, "name"):
        node.keywords.append(ast.keyword("name", ast.Constant("my_network")))
    else:
        node.keywords.insert(0, ast.keyword("layers", node.args.pop()))
    return node


def _layer_of_keras(node: ast.AST) -> str:
    """``Dense`` for ``keras.layers.Dense``; '' for all else."""
    before, _dot, kind = dotted(node).rpartition(".")
    return kind if before == "keras.layers" else ""


def _layer_names(node: ast.AST) -> list[str]:
    return sorted({kind for one in ast.walk(node) if (kind := _layer_of_keras(one))})


class _Renamed(ast.NodeTransformer):
    """Layers of Keras by another way to them."""

    def __init__(self, way: str) -> None:
        self.way = way

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        kind = _layer_of_keras(node)
        return expression(self.way + kind) if kind else self.generic_visit(node)


@rewriter("other imports", (ast.Module, ast.Assign, ast.Expr), lambda node: isinstance(node, ast.Module) or _layer_names(node))  # fmt: skip
def imported(node: ast.stmt, draw: random.Random) -> Replacement:
    """keras.layers.Dense as Dense, layers.Dense or tf.keras.layers.Dense."""
    if isinstance(node, ast.Module):
        return None
    names = ", ".join(_layer_names(node))
    ways = (
        (f"from keras.layers import {names}", ""),
        ("from keras import layers", "layers."),
        ("import tensorflow as tf", "tf.keras.layers."),
    )
    line, way = ways[draw.randrange(3)]
    return [*statements(line), _Renamed(way).visit(node)]


NETWORKS = (
    activation_given, activation_layer, dense_arguments, input_form, input_layer_object, input_in_first_layer,
    built_later, added_layers, functional_style, tensor_operators, sequential_form, imported,
)  # fmt: skip
