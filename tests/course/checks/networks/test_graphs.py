"""Layers that are asked for in a graph: decided as trying every order of the layers decides it."""

import itertools
import random

import pytest

from autograder.common.results import Status
from autograder.course.checks.networks import graphs
from autograder.course.checks.networks.layer_specs import ONCE
from autograder.course.checks.ranges import Range
from autograder.course.checks.registry import parse
from tests.deciding import outcome
from tests.hand_built import dense, layer, model


def any_graph(draw, most=5):
    """Letters of layers, and what each takes."""
    count = draw.randint(1, most)
    taken = [tuple(draw.sample(range(-1, number), draw.randint(1, min(3, number + 1)))) for number in range(count)]
    return [draw.choice("abc") for _ in range(count)], taken


def orders(taken):
    """Every order in which each layer comes after those that it takes."""
    for order in itertools.permutations(range(len(taken))):
        place = {layer: at for at, layer in enumerate(order)} | {-1: -1}
        if all(place[one] < place[layer] for layer in order for one in taken[layer]):
            yield order, place


def fitting(letters, wanted):
    return [[one == letter for one in letters] for letter in wanted]


def test_all_layers_are_found_where_some_order_has_them_and_each_takes_what_is_asked():
    draw, right = random.Random(1), 0
    for _ in range(600):
        letters, taken = any_graph(draw)
        (order, place), *_others = draw.sample(every := list(orders(taken)), 1)
        wanted = [letters[one] if draw.random() < 0.9 else "c" for one in order]
        asked = [
            tuple(place[one] if draw.random() < 0.9 else -1 for one in taken[layer]) if draw.random() < 0.6 else None
            for layer in order
        ]
        expected = any(
            [letters[one] for one in way] == wanted
            and all(
                takes is None or sorted(takes) == sorted(at[one] for one in taken[layer])
                for layer, takes in zip(way, asked, strict=True)
            )
            for way, at in every
        )
        right += expected
        assert graphs.placed(fitting(letters, wanted), taken, asked, [ONCE] * len(wanted)) is expected
    assert 200 < right < 500


def test_layers_in_order_are_found_where_the_data_go_through_them_one_after_another():
    draw, right = random.Random(2), 0
    for _ in range(600):
        letters, taken = any_graph(draw, 6)
        behind = [set(takes) for takes in taken]
        for before in behind:
            before.update(*(behind[one] for one in list(before) if one >= 0))
        wanted = draw.choices("abc", k=draw.randint(1, 3))
        ways = itertools.permutations(range(len(letters)), len(wanted))
        expected = any(
            [letters[one] for one in way] == wanted
            and all(earlier in behind[later] for earlier, later in itertools.pairwise(way))
            for way in ways
        )
        right += expected
        assert (not graphs.unplaced(fitting(letters, wanted), taken, [ONCE] * len(wanted))) is expected
    assert 100 < right < 500


def test_several_of_a_kind_are_counted_in_a_graph_too():
    taken, fits = [(-1,), (-1,), (0, 1)], [[True, True, False], [False, False, True]]
    for times, right in (
        (Range(at_least=2), True),
        (Range(at_least=1, at_most=1), False),
        (Range(any_of=(1, 2)), True),
    ):
        assert graphs.placed(fits, taken, [None, None], [times, ONCE]) is right
        assert (graphs.unplaced(fits, taken, [times, ONCE]) == []) is (times != Range(at_least=2))  # no way has both


def test_a_network_of_very_many_orders_is_given_up_in_time():
    taken = [*[(-1,)] * 15, tuple(range(15))]
    fits = [[number < 15] * 15 + [number == 15] for number in range(16)]
    asked = [None] * 15 + [tuple(range(14))]
    with pytest.raises(graphs.TooMany):
        graphs.placed(fits, taken, asked, [ONCE] * 16)


def graph(*layers):
    """A network of pairs of a layer and what it takes."""
    return model(*(one.model_copy(update={"inputs": inputs}) for one, inputs in layers), topology="graph")


ADD, JOIN = layer("Add", (None, 8)), layer("Concatenate", (None, 16))
RELU = layer("Activation", (None, 8), activation="relu")
RESIDUAL = graph((dense(8, "relu"), (-1,)), (dense(8), (0,)), (ADD, (0, 1)), (RELU, (2,)), (dense(3, "softmax"), (3,)))
WANTED = [
    {"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dense", "units": 8, "activation": "linear"}, {"type": "Add", "takes": [2, 1]},
    {"type": "Activation", "activation": "relu"}, {"type": "Dense", "units": 3, "activation": "softmax"},
]  # fmt: skip


def layers(network, wanted, **more):
    return outcome({"type": "layers", "layers": wanted, **more}, network)


def test_a_residual_block_is_what_is_asked_for_however_it_is_written():
    assert layers(RESIDUAL, WANTED).status is Status.PASSED
    assert layers(RESIDUAL, [{**one, "takes": None} for one in WANTED]).status is Status.PASSED
    in_parts = graph(
        (dense(8), (-1,)), (RELU, (0,)), (dense(8), (1,)), (ADD, (2, 1)), (RELU, (3,)), (dense(3, "softmax"), (4,))
    )
    assert layers(in_parts, WANTED).status is Status.PASSED  # an activation of its own layer


def test_an_activation_that_not_all_take_stays_a_layer():
    apart = graph((dense(8), (-1,)), (RELU, (0,)), (ADD, (0, 1)), (dense(3, "softmax"), (2,)))
    asked = [
        {"type": "Dense", "units": 8},
        {"type": "Activation", "activation": "relu"},
        {"type": "Add", "takes": [1, 2]},
        {"type": "Dense"},
    ]
    assert layers(apart, asked).status is Status.PASSED
    merged = [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Add"}, {"type": "Dense"}]
    assert layers(apart, merged).status is Status.FAILED


def test_branches_may_be_made_in_either_order():
    wide, narrow, ending = dense(16, "relu"), dense(4, "relu"), dense(3)
    asked = [
        {"type": "Dense", "units": 16, "takes": [0]},
        {"type": "Dense", "units": 4, "takes": [0]},
        {"type": "Concatenate", "takes": [1, 2]},
        {"type": "Dense"},
    ]
    for first, second in ((wide, narrow), (narrow, wide)):
        assert (
            layers(graph((first, (-1,)), (second, (-1,)), (JOIN, (0, 1)), (ending, (2,))), asked).status
            is Status.PASSED
        )


@pytest.mark.parametrize(
    ("network", "wanted", "says"),
    [
        (graph((dense(8, "relu"), (-1,)), (dense(9), (0,)), (ADD, (0, 1)), (RELU, (2,)), (dense(3, "softmax"), (3,))), WANTED,
         "Layer 2: it has 9 units, and should have 8"),
        (graph((dense(8, "relu"), (-1,)), (dense(8), (0,)), (JOIN, (0, 1)), (RELU, (2,)), (dense(3, "softmax"), (3,))), WANTED,
         "No layer is like Add()"),
        (graph((dense(8, "relu"), (-1,)), (dense(8), (-1,)), (ADD, (0, 1)), (RELU, (2,)), (dense(3, "softmax"), (3,))),
         [WANTED[0], {**WANTED[1], "takes": [1]}, *WANTED[2:]], "hang together in another way"),
        (RESIDUAL, [*WANTED[:3], WANTED[4]], "should have 4 layers, and has 5"),
        (model(dense(8, "relu"), dense(8), ADD), [*WANTED[:2], {"type": "Add", "takes": [1, 2]}], "hang together in another way"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_graph_is_told(network, wanted, says):
    found = layers(network, wanted)
    assert found.status is Status.FAILED and says in found.hint


def test_places_and_what_is_taken_are_told():
    found = layers(RESIDUAL, [*WANTED[:4], {"type": "Dense", "units": 4}])
    assert found.expected.startswith("1: Dense(8, relu), 2: Dense(8, linear), 3: Add() of 2 and 1, 4: ")
    assert "2: Dense(8), 3: Add() of 1 and 2, 4: Activation(relu)" in found.actual
    assert "1: Dense(8, relu) of the input" not in found.actual


@pytest.mark.parametrize("match", ["in_order", "any_order"])
def test_parts_of_a_graph_are_decided(match):
    asks = lambda *units: layers(RESIDUAL, [{"type": "Dense", "units": one} for one in units], match=match).status  # noqa: E731
    assert asks(8, 3) is Status.PASSED and asks(9) is Status.FAILED


@pytest.mark.parametrize("inputs", [[(), ()], [(-1,), (1,)], [(-1,), (7,)]])
def test_a_graph_that_does_not_tell_or_makes_no_sense_is_left_to_a_person(inputs):
    odd = graph(*zip((dense(8), dense(3)), inputs, strict=True))
    assert layers(odd, [{"type": "Dense"}, {"type": "Dense"}]).status is Status.UNDECIDED


def test_what_nobody_knows_in_a_graph_is_left_to_a_person():
    own = layer("Mine").model_copy(update={"custom": "Mine is not one of Keras's layers", "keras": False})
    network = graph((own, (-1,)), (dense(8), (-1,)), (ADD, (0, 1)))
    asked = [{"type": "Dense", "units": 8}, {"type": "Dense", "units": 8}, {"type": "Add"}]
    assert layers(network, asked).status is Status.UNDECIDED
    assert layers(network, [*asked[:2], {"type": "Multiply"}]).status is Status.FAILED


@pytest.mark.parametrize(
    ("asked", "match", "says"),
    [
        ([{"type": "Dense", "takes": [1]}], "all", "layer 1 takes 1, and can take those before it"),
        ([{"type": "Dense"}, {"type": "Dense", "takes": [1], "times": 2}], "all", "leave out 'times' and 'match'"),
        ([{"type": "Dense"}, {"type": "Dense", "takes": [1]}], "any_order", "leave out 'times' and 'match'"),
        ([{"type": "Dense", "takes": []}], "all", "at least 1 item"),
    ],
)
def test_what_no_layer_can_take_is_refused(asked, match, says):
    with pytest.raises(ValueError, match=says):
        parse({"type": "layers", "points": 1, "match": match, "layers": asked})


TWO, THREE = layer("Rescaling", scale=1 / 127.5, offset=0.0), layer("Rescaling", scale=1.0, offset=-1.0)
HALF = layer("Rescaling", scale=0.5, offset=0.0)
BRANCHES = [(dense(8), (-1,)), (dense(7), (-1,)), (dense(6), (-1,))]
THREE_BRANCHES = [{"type": "Dense", "units": units, "takes": [0]} for units in (8, 7, 6)]


@pytest.mark.parametrize(
    ("network", "wanted"),
    [
        (model(TWO, THREE, dense(3)), [{"type": "Rescaling", "scale": 1 / 127.5, "offset": -1}, {"type": "Dense"}]),
        (model(TWO, THREE, dense(3)), [{"type": "Rescaling"}, {"type": "Rescaling", "offset": -1}, {"type": "Dense"}]),
        (graph(*BRANCHES, (ADD, (0, 1)), (ADD, (3, 2))), [*THREE_BRANCHES, {"type": "Add", "takes": [3, 2, 1]}]),
        (graph(*BRANCHES, (ADD, (0, 1)), (ADD, (3, 2))), [*THREE_BRANCHES, {"type": "Add"}, {"type": "Add"}]),
        (graph(*BRANCHES, (ADD, (0, 1)), (ADD, (3, 2))), [*THREE_BRANCHES, {"type": "Add", "takes": [3, 2]}, {"type": "Add", "takes": [4, 1]}]),
        (graph(*BRANCHES[:2], (ADD, (0, 1)), (HALF, (2,))), [*THREE_BRANCHES[:2], {"type": "Average", "takes": [1, 2]}]),
    ],
)  # fmt: skip
def test_what_one_layer_does_may_be_written_in_two(network, wanted):
    assert layers(network, wanted).status is Status.PASSED


@pytest.mark.parametrize(
    ("network", "wanted"),
    [
        (model(TWO, TWO, dense(3)), [{"type": "Rescaling", "scale": 1 / 127.5}, {"type": "Dense"}]),
        (graph(*BRANCHES, (ADD, (0, 1)), (JOIN, (3, 2))), [*THREE_BRANCHES, {"type": "Add", "takes": [3, 2, 1]}]),
        (graph(*BRANCHES[:2], (ADD, (0, 1)), (TWO, (2,))), [*THREE_BRANCHES[:2], {"type": "Average", "takes": [1, 2]}]),
        (graph(*BRANCHES[:2], (ADD, (0, 1)), (ADD, (2, 0))), [*THREE_BRANCHES[:2], {"type": "Add", "takes": [1, 2]}]),
    ],
)  # fmt: skip
def test_what_two_layers_do_together_is_told_from_something_else(network, wanted):
    assert layers(network, wanted).status is Status.FAILED
