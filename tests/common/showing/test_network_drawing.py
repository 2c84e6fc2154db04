"""The drawing of a network: what it shows, that it is well formed, small, and harmless."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from autograder.common.showing.exhibits import Layer, Network
from autograder.common.showing.network_drawing import MOST_ROWS, describe, network_svg


def dense(units=100, activation="sigmoid", **fields):
    facts = {"type": "Dense", "units": units, "activation": activation, "output_shape": (None, units)}
    return Layer(**{**facts, **fields})


def texts(svg):
    return [" ".join(element.itertext()) for element in ElementTree.fromstring(svg) if element.tag.endswith("text")]


TWO_LAYER = Network(
    name="model", input_shape=(None, 784), layers=(dense(name="hidden", parameters=78_500), dense(10, "softmax"))
)


def test_a_drawing_says_type_units_activation_name_shape_and_parameters_of_each_layer():
    said = texts(network_svg(TWO_LAYER))
    assert said == [
        "Input", "(None, 784)", "Dense 100 units · sigmoid", "hidden · (None, 100) · 78,500 parameters",
        "Dense 10 units · softmax", "(None, 10)",
    ]  # fmt: skip


def test_every_unit_of_a_small_layer_is_drawn_and_of_a_large_one_some():
    small = network_svg(Network(name="n", layers=(dense(3),)))
    assert small.count('r="4.5"') == 3
    large = network_svg(Network(name="n", layers=(dense(100),)))
    assert large.count('r="4.5"') == 6
    assert large.count('r="1.3"') == 3


def test_a_layer_that_differs_is_marked_not_by_colour_alone():
    svg = network_svg(Network(name="n", layers=(dense(differs=True), dense(10))))
    assert svg.count("stroke-dasharray") == 1
    assert texts(svg).count("≠") == 1


def test_a_drawing_has_a_text_alternative():
    root = ElementTree.fromstring(network_svg(TWO_LAYER))
    assert root.get("role") == "img"
    assert root.get("aria-label") == describe(TWO_LAYER)
    assert describe(TWO_LAYER) == "model: input (None, 784); Dense 100 units sigmoid; Dense 10 units softmax"


@pytest.mark.parametrize(("layers", "more"), [(200, 0), (24, 176)])
def test_a_deep_network_is_drawn_in_part_and_says_how_much_is_left_out(layers, more):
    svg = network_svg(Network(name="n", layers=tuple(dense() for _ in range(layers)), more=more))
    drawn = svg.count("Dense</tspan>")
    assert drawn < MOST_ROWS
    assert f"… {layers + more - drawn} more layers" in texts(svg)
    assert len(svg) < 30_000


def test_names_that_students_give_are_text_and_nothing_else():
    hostile = '"><script>alert(1)</script>'
    svg = network_svg(Network(name=hostile, layers=(dense(name=hostile, activation=hostile, type=hostile),)))
    ElementTree.fromstring(svg)
    assert "<script" not in svg


@pytest.mark.parametrize("kind", ["Flatten", "Dropout", "Activation", "ReLU", "Conv2D", "Nonsense"])
def test_any_layer_can_be_drawn_also_one_of_unknown_shape(kind):
    for shape in (None, (), (None,), (None, 784), (None, 28, 28), (None, None)):
        layer = Layer(type=kind, activation="relu", output_shape=shape)
        svg = network_svg(Network(name="n", input_shape=(None, 28, 28), layers=(layer, dense(), layer)))
        assert sum(text.startswith(kind) for text in texts(svg)) == 2


def test_texts_take_the_colour_of_the_page():
    """No other colour can be read on light and on dark pages alike."""
    layers = (
        Layer(type="Dense", units=9, differs=True),
        Layer(type="ReLU"),
        *(Layer(type="Dense", units=3) for _ in range(20)),
    )
    drawn = network_svg(Network(name="model", layers=layers), label="T")
    texts = re.findall(r"<text[^>]*>", drawn)
    assert len(texts) > 10 and all('fill="currentColor"' in text for text in texts)
    assert all(float(opacity) >= 0.65 for opacity in re.findall(r'fill-opacity="([\d.]+)"', drawn))
