"""The registry: which checks there are, how they are declared, and how a question's checks are decided together."""

import pytest
from pydantic import ValidationError

from autograder.common.errors import CannotRebuild
from autograder.common.results import Status
from autograder.common.wire.description import (
    ArrayDescription,
    Component,
    FigureDescription,
    FunctionDescription,
    ObjectDescription,
    TableDescription,
)
from autograder.course.checks.base import Check, Facts, failed, passed, undecided
from autograder.course.checks.forms import NAMES
from autograder.course.checks.one_of import OneOf
from autograder.course.checks.registry import TYPES, decide, parse
from tests.hand_built import FakeLab, NoLab, compiled, dense, fit, listed, mapping, model, scalar

EVERY_TYPE = {
    "accuracy": {"at_least": 0.9},
    "array": {"shape": [3], "kind": "float", "minimum": 0, "maximum": 1, "equals": "train", "scaling": "unit"},
    "batch_size": {"equals": 31},
    "builds": {},
    "callbacks": {"includes": [{"type": "EarlyStopping", "patience": 77}]},
    "choice": {"equals": "alpha", "among": ["alpha", "beta"]},
    "epochs": {"equals": 7},
    "evaluation": {"model": "model"},
    "evaluations": {"models": "models"},
    "figure": {"drawings": [{"title": "gamma"}]},
    "fresh": {},
    "function": {"reference": "references.py:double", "draws": 2, "args": [{"integer": [1, 3]}]},
    "input_shape": {"shape": [783]},
    "keys": {"keys": ["gamma"]},
    "layer_names": {"names": ["gamma"]},
    "layers": {"layers": [{"type": "Dense", "units": 77}]},
    "learning_rates": {"equals": [0.123]},
    "loss": {"equals": "hinge"},
    "manual": {},
    "metric": {"metric": "loss", "at_most": 0.123},
    "metrics": {"includes": ["recall"]},
    "object": {"equals": "Lion", "settings": {"learning_rate": 0.123}},
    "optimizer": {"equals": "Lion", "settings": {"learning_rate": 0.123}},
    "output_shapes": {"shapes": [[None, 77]]},
    "parameters": {"total": 777},
    "predictions": {"model": "model"},
    "same_layers": {"layers": ["dense7"]},
    "score": {"metric": "r2", "at_least": 0.123},
    "table": {"columns": ["gamma"], "kinds": {"gamma": "float"}, "rows": 777, "reference": "references.py:table"},
    "text": {"equals": "alpha"},
    "trained_on": {"split": "train"},
    "trained_with": {"equals": "Lion"},
    "value": {"equals": 777},
    "weight_shapes": {"shapes": [[77]]},
    "winner": {"results": "results"},
}


def declared(kind, **fields):
    return parse({"type": kind, "points": 1, **EVERY_TYPE[kind], **fields})


def test_every_type_is_tried_here():
    assert {name for name, kind in TYPES.items() if kind.__module__.startswith("autograder.")} == set(EVERY_TYPE)


def test_a_check_is_a_frozen_value_with_a_readable_form():
    for kind in EVERY_TYPE:
        check = declared(kind)
        assert check == declared(kind) and check.id == check.type == kind
        assert kind in repr(check) and len(repr(check)) < 1000
        with pytest.raises(ValidationError, match="frozen"):
            check.points = 100
        assert parse(check) is check


def test_unknown_keys_are_refused():
    for kind in EVERY_TYPE:
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            declared(kind, colour="red")


def test_a_check_without_its_parameters_is_refused():
    optional = (
        "trained_on",
        "function",
        "array",
        "parameters",
        "epochs",
        "batch_size",
        "layer_names",
        "value",
        "table",
        "learning_rates",
        *(kind for kind in EVERY_TYPE if issubclass(TYPES[kind], OneOf)),
    )
    for kind in [kind for kind, fields in EVERY_TYPE.items() if fields and kind not in optional]:
        with pytest.raises(ValidationError, match="Field required"):
            parse({"type": kind, "points": 1})


EMPTY = (None, "", [], {}, 0, [None], [""], [[]])
WRONG = (  # of every kind that checks look at, something that nobody would ask for
    scalar(-9), scalar("nothing"), scalar(None), listed(), listed(-9), mapping(), mapping(a=scalar("x")), model(dense(3, name="odd"), compiled=None),
    model(dense(3, name="odd"), fits=(fit(99, 99, compiled("Ftrl", {}), train=1),), compiled=compiled("Ftrl", {}, "hinge", ())), FunctionDescription(),
    ArrayDescription(dtype="complex64", shape=(1, 1, 1, 1), finite=False),
    TableDescription(rows=0, columns={}, whole=listed()), FigureDescription(),
    ObjectDescription(library="keras", made=Component(type="Odd", settings={"learning_rate": 9.0})),
)  # fmt: skip


def asks_something(check):
    """Whether there is a value of its kind that it does not pass."""
    others = dict.fromkeys(check.names(), WRONG[0])
    own = [value for value in WRONG if isinstance(value, check.accepts or object)]
    return any(
        decide([check], Facts({**others, check.of: value}, FakeLab()))[0].status is not Status.PASSED for value in own
    )


@pytest.mark.parametrize("kind", sorted(EVERY_TYPE))
def test_a_declaration_that_asks_nothing_is_refused_whatever_is_empty_in_it(kind):
    """Each key left out and each emptied in every way: what loads all the same must fail some answer."""
    assert asks_something(declared(kind))
    whole = {"type": kind, "points": 1, **EVERY_TYPE[kind]}
    declarations = [{"type": kind, "points": 1}]
    for key in EVERY_TYPE[kind]:
        declarations += [{**whole, key: empty} for empty in EMPTY] + [
            {"type": kind, "points": 1, key: empty} for empty in EMPTY
        ]
        declarations += [{name: value for name, value in whole.items() if name != key}]
    loaded = 0
    for declaration in declarations:
        try:
            check = parse(declaration)
        except ValueError:  # pydantic's ValidationError is one
            continue
        loaded += 1
        assert asks_something(check), declaration
    assert loaded < len(declarations) or not EVERY_TYPE[kind]


def test_a_check_survives_its_own_dump():
    for kind in EVERY_TYPE:
        check = declared(kind, title={"en": "A title", "ko": "제목"}, hidden=True)
        assert parse(check.model_dump(mode="json", by_alias=True, exclude_unset=True)) == check  # as a release does
        assert check.heading("ko") == "제목" and check.heading("en") == "A title"


def test_a_title_in_one_language_serves_both():
    for kind in EVERY_TYPE:
        check = declared(kind, title="Only English", hint="Look again")
        assert check.heading("ko") == "Only English" and check.hint.in_language("ko") == "Look again"
        own = declared(kind)  # without a title of its own, it makes one in the language that is asked for
        assert own.heading() == own.describe() != own.heading("ko"), kind


@pytest.mark.parametrize(
    ("name", "meant"), [("layer", "layers"), ("acuracy", "accuracy"), ("optimiser", "optimizer"), ("trainedon", "trained_on")]
)  # fmt: skip
def test_an_unknown_type_is_answered_with_the_nearest(name, meant):
    with pytest.raises(ValueError, match=f"unknown check type '{name}': did you mean '{meant}'"):
        parse({"type": name, "points": 1})


def test_an_unknown_type_like_no_other_is_answered_with_all():
    with pytest.raises(ValueError, match="unknown check type 'xyzzy': Known are accuracy, array"):
        parse({"type": "xyzzy", "points": 1})


@pytest.mark.parametrize("declaration", [None, 3, "layers", [], {}, {"points": 1}])
def test_a_declaration_is_a_mapping_with_a_type(declaration):
    with pytest.raises(ValueError, match="a mapping with the key 'type'"):
        parse(declaration)


# ---- several checks of one question


class Fixed(Check):
    """A check of one's own that gives the verdict, or raises the error, that it was made with."""

    type: str = "fixed"
    gives: object

    def describe(self):
        return f"fixed {self.id}"

    def decide(self, value, facts):
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


def fixed(name, gives, points=1, **fields):
    return Fixed(id=name, gives=gives, points=points, of="value", **fields)


def decided(*checks):
    return decide(checks, Facts({"value": scalar(1)}, NoLab()))


def test_each_check_earns_its_own_points():
    found = decided(fixed("a", passed(), 0.25), fixed("b", failed(1, 2), 0.5), fixed("c", passed(), 1.5))
    assert [item.points for item in found] == [0.25, 0.0, 1.5]
    assert [item.out_of for item in found] == [0.25, 0.5, 1.5]
    assert [item.check for item in found] == ["a", "b", "c"]


def test_a_failed_prerequisite_skips_its_dependents_with_the_reason():
    found = decided(
        fixed("a", failed(1, 2), title="The first"), fixed("b", passed(), needs=("a",)), fixed("c", passed(), needs=("b",)),
        fixed("d", passed()),
    )  # fmt: skip
    assert [item.status for item in found] == [Status.FAILED, Status.SKIPPED, Status.SKIPPED, Status.PASSED]
    assert found[1].actual == "not looked at, because 'The first' did not pass"
    assert (found[1].points, found[1].out_of) == (0.0, 1.0)


def test_what_depends_on_something_undecided_is_undecided():
    found = decided(fixed("a", undecided("a custom layer")), fixed("b", passed(), needs=("a",)))
    assert [item.status for item in found] == [Status.UNDECIDED, Status.UNDECIDED]
    assert [item.points for item in found] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("error", "actual"),
    [
        (CannotRebuild("MyLayer is unknown"), "MyLayer is unknown"),
        (
            ZeroDivisionError("division by zero"),
            "the grader failed on this check (ZeroDivisionError: division by zero)",
        ),
        (RecursionError("too deep"), "RecursionError"),
    ],
)
def test_a_check_that_raises_is_undecided_and_the_others_go_on(error, actual):
    found = decided(fixed("a", error), fixed("b", passed()))
    assert found[0].status is Status.UNDECIDED and actual in found[0].actual
    assert found[1].status is Status.PASSED


def test_the_checks_own_hint_follows_the_general_one_and_only_on_failure():
    hint = {"en": "Look again.", "ko": "다시 보세요."}
    found = decided(fixed("a", failed(1, 2, "Too small."), hint=hint), fixed("b", passed(), hint=hint))
    assert [item.hint for item in found] == ["Too small. Look again.", ""]
    korean = decide([fixed("a", failed(1, 2), hint=hint)], Facts({"value": scalar(1)}, NoLab()), "ko")
    assert korean[0].hint == "다시 보세요."


@pytest.mark.parametrize(("made", "points"), [(passed(), 4.0), (failed(1, 2), 0.0), (undecided("why"), 0.0)])
def test_a_check_earns_all_of_its_points_or_none(made, points):
    (found,) = decide([fixed("a", made, points=4)], Facts({"value": scalar(1)}, NoLab()))
    assert (found.points, found.out_of) == (points, 4.0)


VALUES = [
    scalar(0), scalar("beta"), listed(1, 2), mapping(delta=0.1), model(), model(fits=(fit(),)), model(fits=(fit(), fit(3))),
    model(compiled=None, fits=(fit(),)),
]  # fmt: skip
FORMS = {*NAMES.values(), "an answer", "numbers, returned by the function", "one of 'alpha', 'beta'"}  # no secrets
SECRETS = ("alpha", "gamma", "hinge", "recall", "Lion", "0.123", "dense7")


@pytest.mark.parametrize("kind", EVERY_TYPE)
def test_a_hidden_outcome_never_shows_what_was_expected(kind):
    check = declared(kind, of="value", hidden=True, title="Something hidden")
    for value in VALUES:
        facts = {"value": value, "model": model(), "models": mapping(delta=model()), "results": mapping(delta=0.1)}
        (found,) = decide([check], Facts(facts, FakeLab()))
        assert found.expected in ("", check.wanted, *FORMS) and found.hidden and found.title == "Something hidden"
        if found.status is Status.PASSED:
            assert found.actual == ""
        if not found.hint:  # hints are written for students, also those of hidden checks
            assert not any(secret in found.model_dump_json() for secret in SECRETS), value
