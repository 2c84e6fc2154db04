"""What a verdict states of the past is so, whatever the student did: sequences of events at random, and each sentence held against them.

For a long run: ``AUTOGRADER_FUZZ=20 pytest tests/kernel/test_told_facts.py``.
"""

import random

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from autograder.common.results import Status
from autograder.common.wire.description import DataRecord, ModelDescription, with_networks
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from autograder.kernel.check_in_both_modes import Student
from autograder.kernel.home.check_at_home import HomeStudent
from autograder.kernel.home.recorder import Recorder
from autograder.kernel.in_place import done
from tests.fuzz import TIMES
from tests.hand_built import FakeLab
from tests.later import keras

X, Y = np.zeros((8, 3), "float32"), np.zeros(8)
CHECKS = [
    parse({"points": 1, "id": f"c{number}", "of": "model", **keys})
    for number, keys in enumerate((
        {"type": "optimizer", "equals": "SGD"},
        {"type": "loss", "equals": "mean_squared_error"},
        {"type": "metrics", "includes": ["accuracy"]},
        {"type": "trained_on", "split": "train"},
        {"type": "trained_with", "equals": "SGD", "settings": {"learning_rate": 0.01}},
        {"type": "epochs", "equals": 1},
        {"type": "batch_size", "equals": 32},
        {"type": "fresh"},
        {"type": "accuracy", "split": "holdout", "at_least": 0.5},
        {"type": "evaluation", "of": "number", "model": "model", "trained": True},
        {"type": "parameters", "total": 8},
        {"type": "optimizer", "equals": "SGD", "own": True},
    ))
]  # fmt: skip


class AtHome(Student):
    """As at home, without a course."""

    _known_about = HomeStudent._known_about

    def __init__(self):
        self.trainings = Recorder(
            lambda samples: DataRecord(samples=48_000, train=48_000, distinct=48_000, scaling="unit")
        )


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


class Past:
    """A notebook in which things happen to `model`, and what of it is so. The weights that some fit ended with, by their bytes."""

    def __init__(self, student):
        self.student, self.model, self.other = student, None, None
        self.fitted, self.ended = {}, set()
        self.make()

    def make(self):
        self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

    def known(self):
        return b"".join(weight.tobytes() for weight in self.model.get_weights())

    def compile(self, **broken):
        try:
            self.model.compile(
                **{"optimizer": "sgd", "loss": "mse", "metrics": ["accuracy"], "run_eagerly": True, **broken}
            )
        except Exception:
            assert broken  # the others are right

    def fit(self, x=X, **settings):
        if not self.model.compiled:
            return
        try:
            y = np.zeros((len(x), 2))
            done(self.student.trainings.fit(self.model, x, y, epochs=1, verbose=0, **settings))
        except (Exception, KeyboardInterrupt):
            return
        self.fitted[id(self.model)] = self.fitted.get(id(self.model), 0) + 1
        self.ended.add(self.known())

    def copy(self):
        fresh = keras.models.clone_model(self.model)
        fresh.set_weights(self.model.get_weights())
        self.keep, self.model = self.model, fresh  # kept, so that no other object gets its id

    def state_from_elsewhere(self):
        if self.model.compiled:
            self.model.optimizer.iterations.assign(7)
            self.model.set_weights([weight + 1 for weight in self.model.get_weights()])


EVENTS = {
    "compile": Past.compile,
    "compile with adam": lambda past: past.compile(optimizer="adam"),
    "compile, metrics no list": lambda past: past.compile(metrics="accuracy"),
    "compile, no such optimizer": lambda past: past.compile(optimizer="sdg"),
    "fit": Past.fit,
    "fit on rows of another length": lambda past: past.fit(np.zeros((8, 5), "float32")),
    "fit, stopped": lambda past: past.fit(callbacks=[Stop()]),
    "made anew": Past.make,
    "copied": Past.copy,
    "as of a file": Past.state_from_elsewhere,
}
HELD = {
    "itself": (lambda one: one, lambda found: found),
    "in a dictionary": (lambda one: {1: one}, lambda found: found.items["1"]),
    "in a list": (lambda one: [3, one], lambda found: found.items[1]),
    "deeper": (lambda one: {"a": [(one,)]}, lambda found: found.items["a"].items[0].items[0]),
    "returned": (lambda one: lambda: one, lambda found: found.results["()"][0]),
}  # fmt: skip


def untrue(past, found):
    """The sentences among `found` that aren't so."""
    trained = past.fitted.get(id(past.model), 0)
    so = {
        "compile() has not run": not past.model.compiled,
        "compile() was not called": False,
        "fit() has not run": not trained and past.known() not in past.ended,
        "fit() was not called": False,
        "not by a fit() that ended": past.known() not in past.ended,
        "calls of fit": trained > 1 or past.known() in past.ended,
        "no weights yet": not past.model.built,
        "the same network": False,
        "weights that do not come out": past.known() not in past.ended,
        "a second fit() goes on": len(past.fitted) > 1 or trained > 1,
        "learning rate changed": False,
    }
    return [said for said, is_so in so.items() if not is_so and said in found]


@pytest.mark.parametrize("seed", range(10 * TIMES))
def test_nothing_is_told_of_what_was_done_that_is_not_so(seed):
    draw = random.Random(seed)
    past = Past(AtHome())
    past.student.trainings.original_fit = keras.Model.fit
    happened = draw.choices([*EVENTS], k=draw.randint(1, 6))
    for event in happened:
        EVENTS[event](past)
    how = draw.choice([*HELD])
    wrap, unwrap = HELD[how]
    thing = wrap(past.model)
    values = past.student.values(None, {"model": thing}, False, "")
    if how == "returned":
        values = past.student.answer(values, {"model": thing}, {"model": {"()": [()]}})
    described = unwrap(values["model"])
    assert isinstance(described, ModelDescription)
    seen = []
    with_networks(values["model"], lambda network: seen.append(network) or network)
    assert seen == [described]
    number = past.student.values(0.5, {}, True, "number")["number"]
    outcomes = decide(CHECKS, Facts({"model": described, "number": number}, FakeLab(accuracy=0.4)))
    text = "\n".join(f"{one.actual} {one.hint}" for one in outcomes)
    assert not untrue(past, text), (happened, how, text)
    if past.fitted.get(id(past.model)) and not described.origin:
        assert sum(fit.calls for fit in described.fits) == past.fitted[id(past.model)]


@pytest.mark.parametrize("seed", range(6 * TIMES))
def test_nothing_is_told_of_an_estimator_that_is_not_so(seed):
    draw, estimator, fitted = random.Random(seed), Ridge(), False
    for event in (
        happened := draw.choices(("fit", "fit that raises", "made anew", "other settings"), k=draw.randint(0, 4))
    ):
        if event == "fit":
            estimator.fit(X, Y)
        elif event == "fit that raises":
            with pytest.raises(ValueError):
                estimator.fit(X, Y[1:])
        elif event == "made anew":
            estimator = clone(estimator)
        else:
            estimator.set_params(alpha=draw.random())
        fitted = event == "fit" or (fitted and event != "made anew")
    described = AtHome().values(estimator, {}, True, "value")["value"]
    check = parse({"type": "object", "equals": "Ridge", "fitted": True, "points": 1, "id": "fitted", "of": "value"})
    (found,) = decide([check], Facts({"value": described}, FakeLab()))
    assert (found.status is Status.PASSED) is fitted, happened
    assert not any(said in found.hint for said in ("call fit()", "was not called", "has not been called")), happened


@pytest.mark.parametrize("seed", range(6 * TIMES))
def test_networks_are_the_same_where_they_are_one_object_and_only_there(seed):
    """Objects of equal weights, wherever they stand: names, entries of dictionaries, items of lists."""
    draw = random.Random(seed)
    first = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made = [first, *(keras.models.clone_model(first) for _ in range(2))]
    for one in made:
        one.set_weights(first.get_weights())
    places = []  # (how it is written, which object)

    def thing(place, depth):
        kind = draw.choice(("network", "network", "number", "list", "dictionary")[: 5 if depth < 3 else 3])
        if kind == "network":
            which = draw.randrange(3)
            places.append((place, which))
            return made[which]
        if kind == "number":
            return 1.5
        if kind == "list":
            return [thing(f"{place}[{at}]", depth + 1) for at in range(draw.randint(1, 3))]
        return {key: thing(f"{place}[{key!r}]", depth + 1) for key in draw.sample("abcd", draw.randint(1, 3))}

    values = AtHome().values(None, {name: thing(name, 0) for name in ("x", "y", "z", "u")}, False, "")
    seen = []
    for value in values.values():
        with_networks(value, lambda network: seen.append(network) or network)
    firsts = {}
    for (place, which), network in zip(places, seen, strict=True):
        assert network.same_as == ("" if firsts.setdefault(which, place) == place else firsts[which])
