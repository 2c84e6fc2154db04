"""Layers that are asked for in ranges, in any number, order or company: decided as a regular expression decides it."""

import itertools
import re

import pytest

from autograder.common.results import Status
from autograder.course.checks.networks.layer_specs import unplaced
from autograder.course.checks.ranges import Range
from autograder.course.checks.registry import parse
from tests.deciding import outcome
from tests.hand_built import dense, layer, model

AMOUNTS = [
    Range(at_least=0, at_most=1),
    Range(at_least=1, at_most=1),
    Range(at_least=2, at_most=2),
    Range(at_least=1),
    Range(any_of=(1, 3)),
]
WORDS = ["?", "", "{2}", "+", "(?:{0}|{0}{{3}})"]


def written(letter, amount):
    letter = f"(?:{letter})"
    word = WORDS[AMOUNTS.index(amount)]
    return f"(?:{word.format(letter)})" if "(" in word else f"(?:{letter}{word})"


@pytest.mark.parametrize("others", [False, True], ids=["all", "in order"])
def test_layers_find_their_places_as_a_regular_expression_finds_them(others):
    tried = differing = 0
    for length, wanted in itertools.product(range(5), ("a", "b", "ab", "ba", "aba")):
        for found in map("".join, itertools.product("abc", repeat=length)):
            for amounts in itertools.product(AMOUNTS, repeat=min(len(wanted), 2)):
                amounts = (*amounts, AMOUNTS[1])[: len(wanted)]
                pattern = "".join(written(letter, amount) for letter, amount in zip(wanted, amounts, strict=True))
                if others:  # what is asked for, with anything before, between and behind
                    spread = [
                        f"(?:{written(f'{letter}[abc]*', amount)})"
                        for letter, amount in zip(wanted, amounts, strict=True)
                    ]
                    pattern = "[abc]*" + "".join(spread)
                fits = [[one == letter for one in found] for letter in wanted]
                tried += 1
                differing += bool(unplaced(fits, amounts, others)) is bool(re.fullmatch(pattern, found))
    assert tried > 5_000 and differing == 0


CNN = model(
    layer("Conv2D", filters=8, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu"), layer("Dropout", rate=0.25),
    layer("Conv2D", filters=16, kernel_size=(3, 3), strides=(2, 2), padding="valid", activation="relu"), layer("Flatten"),
    dense(64, "relu"), layer("Dropout", rate=0.5), dense(10, "softmax", inputs=64),
)  # fmt: skip


@pytest.mark.parametrize(
    ("match", "layers", "hint"),
    [
        ("any_order", [{"type": "Dropout"}], ""),
        ("any_order", [{"type": "Dropout", "times": 2}], ""),
        ("any_order", [{"type": "Dropout", "times": {"at_most": 1}}], "2 layers are like Dropout(), and there should be at most 1"),
        ("any_order", [{"type": "BatchNormalization"}], "No layer is like BatchNormalization()"),
        ("any_order", [{"type": "BatchNormalization", "times": 0}], ""),
        ("any_order", [{"type": "Dense", "units": {"at_least": 32, "at_most": 128}, "activation": {"any_of": ["relu", "elu"]}}], ""),
        ("any_order", [{"type": "Dense", "units": {"at_least": 65, "at_most": 128}}], "No layer is like Dense(65 to 128)"),
        ("any_order", [{"type": "Conv2D", "filters": {"at_least": 8}, "times": {"at_least": 2}, "kernel_size": 3}], ""),
        ("any_order", [{"type": "Conv2D", "strides": 1, "padding": "same"}, {"type": "Dense", "units": {"any_of": [32, 64]}}], ""),
        ("any_order", [{"type": "Conv2D", "kernel_size": {"at_most": 2}}], "No layer is like"),
        ("in_order", [{"type": "Conv2D"}, {"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}], ""),
        ("in_order", [{"type": "Flatten"}, {"type": "Conv2D"}], "Look for Conv2D(): 2 layers are like it"),
        ("in_order", [{"type": "Conv2D", "times": 2}, {"type": "Dropout", "rate": {"at_least": 0.4}}], ""),
        ("in_order", [{"type": "Dropout", "times": 0}, {"type": "Dense"}], "2 layers are like it"),
        ("all", [{"type": "Conv2D", "times": 2}, {"type": "Flatten"}, {"type": "Dense", "times": {"at_least": 1}}], "Look for Conv2D"),
    ],
)  # fmt: skip
def test_layers_among_others(match, layers, hint):
    found = outcome({"type": "layers", "match": match, "layers": layers}, CNN)
    assert (found.status is Status.PASSED) is (not hint), found
    assert hint in found.hint


def test_hidden_layers_in_any_number_with_a_last_one():
    wanted = [{"type": "Dense", "units": {"at_least": 16}, "activation": "relu", "times": {"at_least": 1, "at_most": 3}},
              {"type": "Dense", "units": 10, "activation": "softmax"}]  # fmt: skip
    for count in range(5):
        network = model(*(dense(32, "relu") for _ in range(count)), dense(10, "softmax"))
        found = outcome({"type": "layers", "layers": wanted}, network)
        assert (found.status is Status.PASSED) is (1 <= count <= 3), found
    apart = model(dense(32), layer("Activation", activation="relu"), dense(10, "softmax"))
    assert outcome({"type": "layers", "layers": wanted}, apart).status is Status.PASSED


def test_several_activations_may_stand_in_a_layer_of_their_own():
    either = {"activation": {"any_of": ["relu", "tanh"]}}
    for wanted in (
        [{"type": "Dense", "units": 8, **either}],
        [{"type": "Dense", "units": 8}, {"type": "Activation", **either}],
    ):
        for given in (model(dense(8, "tanh")), model(dense(8), layer("Activation", activation="relu"))):
            assert outcome({"type": "layers", "layers": wanted}, given).status is Status.PASSED
        assert outcome({"type": "layers", "layers": wanted}, model(dense(8, "elu"))).status is Status.FAILED


def test_a_layer_that_nobody_knows_leaves_open_what_it_may_decide():
    own = layer("Mine").model_copy(update={"custom": "Mine is not one of Keras's layers", "keras": False})
    for wanted, status in (
        ([{"type": "Dense"}], Status.PASSED), ([{"type": "Dropout"}], Status.UNDECIDED), ([{"type": "Dropout", "times": 0}], Status.UNDECIDED),
    ):  # fmt: skip
        assert (
            outcome({"type": "layers", "match": "any_order", "layers": wanted}, model(own, dense(3))).status is status
        )


def test_a_graph_of_layers_may_hold_what_is_asked_for_in_any_order():
    graph = model(dense(8, "relu"), dense(8)).model_copy(update={"topology": "graph"})
    for match, units, status in (
        ("any_order", 8, Status.PASSED), ("any_order", 9, Status.UNDECIDED), ("in_order", 8, Status.UNDECIDED),
    ):  # fmt: skip
        found = outcome({"type": "layers", "match": match, "layers": [{"type": "Dense", "units": units}]}, graph)
        assert found.status is status


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"type": "Dense", "units": {"at_least": 5, "at_most": 4}}, "more than at_most"),
        ({"type": "Dense", "units": {}}, "give either bounds"),
        ({"type": "Dense", "units": {"at_least": 5, "any_of": [1]}}, "give either bounds"),
        ({"type": "Dense", "activation": {"any_of": ["reluu"]}}, "did you mean 'relu'"),
        ({"type": "Dense", "activation": {"at_least": 1}}, "an activation has a name"),
        ({"type": "Conv2D", "filters": {"least": 1}}, "Extra inputs"),
        ({"type": "Dense", "times": -1}, "greater than or equal to 0"),
    ],
)
def test_ranges_that_nothing_fulfils_are_refused(spec, said):
    with pytest.raises(ValueError, match=said):
        parse({"type": "layers", "points": 1, "layers": [spec]})
