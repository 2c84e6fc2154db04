"""The table of Keras's names against the Keras that is installed: every alias, every setting, every activation layer."""

import inspect
import json
import math

import numpy as np
import pytest
from sklearn.utils import all_estimators

from autograder.common.keras_tables import class_names, keras_names, setting_kinds
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_things import describe_thing
from autograder.kernel.describing.functions import activation_name
from tests.later import keras
from tools import keras_names as tool

KINDS = ("losses", "metrics", "optimizers", "activations", "initializers", "regularizers")
TABLE = json.loads(tool.TARGET.read_text("utf-8"))


def test_the_table_is_that_of_the_installed_keras():
    assert tool.text() == tool.TARGET.read_text("utf-8"), "run `make names`"


def test_the_classes_that_can_be_asked_for_are_those_that_are_installed():
    assert tool.text_of_classes() == tool.CLASSES.read_text("utf-8"), "run `make names`"


def _made():
    """An object of each class that can be made without saying anything."""
    keras_own = {**vars(keras.callbacks), **vars(keras.optimizers), **vars(keras.optimizers.schedules)}
    estimators = dict(all_estimators())
    for name in class_names.objects():
        try:
            yield name, (keras_own.get(name) or estimators[name])()
        except (TypeError, ValueError, KeyError, ImportError):
            continue


def test_what_an_object_of_each_class_tells_is_what_can_be_asked_of_it():
    looked = 0
    for name, thing in _made():
        found = describe_thing(thing)
        if found is None:  # a class that others derive from
            continue
        looked += 1
        told = class_names.settings(name)
        assert found.made.type == name and (
            told is None or set(told[:40]) - {class_names.FOUND} <= found.made.settings.keys()
        ), name
    assert looked > 150


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_that_keras_resolves_is_known(kind):
    module = getattr(keras, kind)
    resolved = 0
    for name in TABLE["aliases"][kind]:
        try:
            module.get(name)
        except (ValueError, TypeError, KeyError, NotImplementedError):  # given as a class only, or in need of arguments
            continue
        resolved += 1
        assert keras_names.canonical(kind, name)
    assert resolved > 5


@pytest.mark.parametrize("name", sorted(TABLE["aliases"]["losses"]))
def test_every_spelling_of_a_loss_is_described_alike(name):
    try:
        keras.losses.get(name)
    except (ValueError, TypeError):
        return  # a base class, or one that is given as an object only
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    wanted = keras_names.canonical("losses", name)
    for given in (name, keras.losses.get(name)):
        model.compile(loss=given)
        assert describe(model).compiled.loss.type == wanted


@pytest.mark.parametrize("name", sorted(TABLE["aliases"]["metrics"]))
def test_every_spelling_of_a_metric_is_described_alike(name):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    wanted = keras_names.canonical("metrics", name)
    model.compile(loss="mse", metrics=[name])
    assert describe(model).compiled.metrics[0].type == wanted
    try:
        made = keras.metrics.get(name)
    except (ValueError, TypeError):
        return
    model.compile(loss="mse", metrics=[made])
    found = describe(model).compiled.metrics[0]
    assert found.type == ("Accuracy" if wanted == "accuracy" else wanted) and not found.custom


def test_every_spelling_of_an_optimizer_is_described_alike():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    compared = 0
    for name, wanted in TABLE["aliases"]["optimizers"].items():
        for spelled in (name, name.upper(), wanted):
            assert keras_names.canonical("optimizers", spelled) == wanted
            try:
                made = keras.optimizers.get(spelled)
            except (ValueError, TypeError, KeyError, NotImplementedError):
                continue
            model.compile(optimizer=made)
            assert describe(model).compiled.optimizer.type == wanted
            compared += 1
    assert compared >= 30


def test_every_spelling_of_an_activation_is_described_alike():
    for name, wanted in TABLE["aliases"]["activations"].items():
        function = keras.activations.get(name)
        assert activation_name(function) == activation_name(keras.layers.Activation(name)) == wanted


VALUES = (None, 0, 0.0, 0.2, 0.3, 1.0, -1, 1, 2, 5.0, 6.0)
POINTS = np.linspace(-9, 9, 60, dtype=np.float32).reshape(6, 10)


def _alike(layer):
    """The activation functions that give what `layer` gives, at many points."""
    found = np.asarray(layer(POINTS))
    names = ("linear", "relu", "relu6", "leaky_relu", "elu", "softmax")
    return {name for name in names if np.allclose(np.asarray(keras.activations.get(name)(POINTS)), found, atol=1e-6)}


@pytest.mark.parametrize(
    ("kind", "setting"),
    [(kind, setting) for kind in ("ReLU", "LeakyReLU", "ELU", "Softmax") for setting in keras_names.settings("layers", kind)],
)  # fmt: skip
def test_an_activation_layer_counts_as_a_function_exactly_where_it_does_the_same(kind, setting):
    compared = 0
    for value in VALUES:
        try:
            layer = getattr(keras.layers, kind)(**{setting: value})
            alike = _alike(layer)
        except Exception:  # Keras refuses this value
            continue
        name = keras_names.activation_of(kind, layer.get_config(), 2)
        assert (name in alike) if name else not alike, f"{kind}({setting}={value})"
        compared += 1
    assert compared >= 2
    default = getattr(keras.layers, kind)(**{setting: keras_names.settings("layers", kind)[setting].default})
    assert keras_names.activation_of(kind, default.get_config(), 2) == keras_names.activation_of(kind, {}, 2)


def _defaults():
    """Each class whose settings' kinds are in the tables, with what its settings are when they are left out."""
    estimators = dict(all_estimators())
    keras_own = {
        **vars(keras.layers),
        **vars(keras.callbacks),
        **vars(keras.optimizers),
        **vars(keras.optimizers.schedules),
    }
    for name in [*keras_names.known("layers"), *class_names.objects()]:
        layer = name in TABLE["settings"]["layers"]
        if (own := keras_own.get(name) or estimators.get(name)) is None:
            continue
        for one in inspect.signature(own.__init__).parameters.values():
            takes = keras_names.takes(name, one.name) if layer else class_names.takes(name, one.name)
            plain = isinstance(one.default, (bool, int, float, str, type(None))) and one.default == one.default
            if plain and type(one.default).__module__ == "builtins" and one.default not in (math.inf, "deprecated"):
                yield name, one.name, takes, one.default


def test_no_default_of_a_setting_is_refused():
    tried, refused, kinds = 0, set(), []
    for name, key, takes, default in _defaults():
        tried += 1
        kinds += setting_kinds.read(takes)
        if not setting_kinds.fits(takes, default):
            refused.add((name, key))
    assert tried > 2000 and sum(kind.name != "any" for kind in kinds) > 0.6 * len(kinds)
    assert refused == {("SelfTrainingClassifier", "estimator")}  # whose fit() refuses its default itself


def test_where_numbers_may_stand_a_list_is_one_of_them():
    """Every setting of every class that takes numbers and lists; texts only where one may stand alone."""
    beside = {
        takes
        for name, key, takes, _default in _defaults()
        if {"list", "number"} <= {kind.name.replace("whole", "number") for kind in setting_kinds.read(takes)}
    }
    assert len(beside) > 5
    for takes in beside:
        texts = any(kind.name == "text" for kind in setting_kinds.read(takes))
        for right in ([1, 2], [3, 3, 3], [[1, 1], [0, 2]]):
            assert setting_kinds.fits(takes, right), takes
        for wrong in ([True, 3], [math.nan, 3], [math.inf], [{}, 3], [[], 3], [None], [], [[]], [10**30, 1]):
            assert not setting_kinds.fits(takes, wrong), (takes, wrong)
        assert setting_kinds.fits(takes, ["three", 3]) == texts, takes
