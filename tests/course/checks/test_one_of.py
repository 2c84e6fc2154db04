"""Several answers of which one counts: decided as any one of them alone, for each type of check that asks for a thing by name."""

import random
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from autograder.authoring.verify.slips import things
from autograder.common.results import Status
from autograder.common.wire.description import Component, ObjectDescription
from autograder.course.checks.base import Facts
from autograder.course.checks.one_of import OneOf
from autograder.course.checks.registry import TYPES, decide, parse
from tests.hand_built import FakeLab, compiled, fit, model

NAMES = ["SGD", "Adam", "RMSprop", "Nadam"]
LOSSES = ["mean_squared_error", "mean_absolute_error", "binary_crossentropy"]
RATES = [0.1, 0.01, 0.001]
ONE_OF = sorted(kind for kind, check in TYPES.items() if issubclass(check, OneOf))


def given(kind, name, rate):
    made = Component(type=name, settings={"learning_rate": rate})
    if kind == "object":
        return ObjectDescription(library="keras", made=made)
    how = compiled(loss=name) if kind == "loss" else compiled(name, made.settings)
    return model(compiled=how, fits=(fit(using=how),))


def decided(kind, value, **asked):
    (found,) = decide([parse({"type": kind, "points": 1, **asked})], Facts({"value": value}, FakeLab()), "en")
    return found


def some_answer(kind, draw):
    if kind == "loss":
        return draw.choice(LOSSES)
    rates = draw.choice([{}, {"learning_rate": draw.choice(RATES)}, {"learning_rate": {"at_most": draw.choice(RATES)}}])
    return {"type": draw.choice(NAMES), **rates}


def alone(kind, answer):
    return (
        {"equals": answer}
        if kind == "loss"
        else {"equals": answer["type"], "settings": {key: one for key, one in answer.items() if key != "type"}}
    )


@pytest.mark.parametrize("kind", ONE_OF)
def test_one_of_several_is_right_where_any_of_them_is_right_alone(kind):
    draw, right = random.Random(1), 0
    for _ in range(150):
        several = [some_answer(kind, draw) for _ in range(draw.randint(1, 3))]
        several = [one for number, one in enumerate(several) if one not in several[:number]]
        name, rate = draw.choice(LOSSES if kind == "loss" else NAMES), draw.choice(RATES)
        value = given(kind, name, rate)
        found = decided(kind, value, any_of=several)
        singly = [decided(kind, value, **alone(kind, one)) for one in several]
        passes = any(one.status is Status.PASSED for one in singly)
        assert (found.status is Status.PASSED) == passes, (several, name, rate)
        if not passes:
            assert found.status is Status.FAILED and all(one.expected in found.expected for one in singly)
            assert not found.hint or found.hint in {one.hint for one in singly}
        if kind != "loss":  # as live objects show it, too
            thing = type(name, (), {"learning_rate": rate})()
            asked = parse({"type": kind, "points": 1, "any_of": several}).any_of
            assert (things.one_of(thing, asked) is True) == passes
        right += passes
    assert 20 < right < 145


@pytest.mark.parametrize("kind", ONE_OF)
def test_the_nearest_of_several_answers_is_that_of_the_class_given_whatever_is_said_of_it(kind, monkeypatch):
    check, said = TYPES[kind], {}

    def in_other_words(self, value, facts):
        found = alone_as_ever(self, value, facts)
        said[self.equals] = found._replace(actual="found: " + found.actual, hint=f"about {self.equals}")
        return said[self.equals]

    alone_as_ever = check.decide_alone
    monkeypatch.setattr(check, "decide_alone", in_other_words)
    names = LOSSES if kind == "loss" else NAMES
    for name in names:
        others = [one for one in names if one != name]
        if kind == "loss":  # the class alone is asked for: with it the answer is right
            assert decided(kind, given(kind, name, 0.1), any_of=others).hint == ""
            continue
        several = [{"type": one, "learning_rate": 0.5} for one in (*others, name)]
        assert decided(kind, given(kind, name, 0.1), any_of=several).hint == f"about {name}"


@pytest.mark.parametrize("kind", ONE_OF)
def test_several_answers_are_checked_as_one_is_when_the_course_is_read(kind):
    good = LOSSES if kind == "loss" else [{"type": name} for name in NAMES]
    bad = "mean_squared_eror" if kind == "loss" else {"type": "Adm"}
    for asked, says in (
        ({"any_of": [*good, bad]}, "did you mean"),
        ({"any_of": good, "equals": LOSSES[0] if kind == "loss" else "Adam"}, "either 'equals' or 'any_of'"),
        ({"any_of": []}, "'any_of'"),
        ({}, "'equals' or 'any_of'"),
    ):
        with pytest.raises(ValidationError, match=says):
            parse({"type": kind, "points": 1, **asked})


def test_a_type_that_asks_for_a_thing_by_its_name_takes_several():
    by_name = {
        kind for kind, check in TYPES.items() if (key := check.model_fields.get("equals")) and key.annotation is str
    }
    assert by_name == {*ONE_OF}
    assert {"object", "optimizer", "loss", "trained_with"} <= by_name


def test_settings_of_a_live_object_are_looked_at_inside_of_others():
    inner = type("ExponentialDecay", (), {"decay_rate": 0.9})()
    thing = type("Adam", (), {"learning_rate": inner})()
    right, wrong = (
        parse(
            {
                "type": "object",
                "points": 1,
                "any_of": [{"type": "Adam", "learning_rate": {"type": "ExponentialDecay", "decay_rate": rate}}],
            }
        ).any_of
        for rate in (0.9, 0.5)
    )
    assert things.one_of(thing, right) is True and things.one_of(thing, wrong) is not True
    assert things.one_of(SimpleNamespace(), right) is not True


@pytest.mark.parametrize("kind", [kind for kind in ONE_OF if kind != "loss"])
def test_what_is_wrong_inside_of_another_object_is_told_with_what_was_found(kind):
    inner = Component(type="ExponentialDecay", settings={"decay_rate": 0.5, "staircase": False})
    how = compiled("Adam", {"learning_rate": inner})
    thing = ObjectDescription(library="keras", made=how.optimizer)
    value = thing if kind == "object" else model(compiled=how, fits=(fit(using=how),))
    wanted = {"learning_rate": {"type": "ExponentialDecay", "decay_rate": {"any_of": [0.9, 0.95]}}}
    for asked in ({"equals": "Adam", "settings": wanted}, {"any_of": [{"type": "Adam", **wanted}, {"type": "SGD"}]}):
        found = decided(kind, value, **asked)
        assert found.status is Status.FAILED and "0.5" in found.hint and "0.9 or 0.95" in found.hint, found
