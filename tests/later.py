"""Keras and TensorFlow for test modules, which are imported with the first test that uses them, and settled at once.

Collecting imports them in every process that runs tests, 6 s each, and a fork of a process that has them costs 25 ms instead of one. So a module
that is collected says ``from tests.later import keras``, and finds the module itself there when its tests are set up.
"""

import os
import pkgutil
import random
import sys
import types
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder

import numpy as np

HEAVY = ("keras", "tensorflow")
# Keras reads KERAS_HOME, TensorFlow much else, when it is imported: not what some test says.
_environment = dict(os.environ)


class Later:
    """A module, or something in one, that is not imported yet: for names of a test module, for parameters, and to be called by tests."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, attribute):
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return Later(f"{self.name}.{attribute}")

    def __call__(self, *arguments, **named):
        if settling.collecting:
            raise ImportError(f"{self.name} is called while tests are collected: call it where they run")
        return self.found()(*arguments, **named)

    def __mro_entries__(self, bases):
        return (_Deriving,)

    def found(self):
        return pkgutil.resolve_name(self.name)


class LaterClass(Later):
    """A class of a test module that derives from one of Keras's: it is made when that is there."""

    def __init__(self, name, bases, namespace):
        super().__init__(name)
        self.bases, self.namespace, self.made = bases, namespace, None

    def found(self):
        if self.made is None:
            bases = tuple(base.found() if isinstance(base, Later) else base for base in self.bases)
            self.made = types.new_class(self.name, bases, {}, lambda namespace: namespace.update(self.namespace))
        return self.made


class _Meta(type):
    def __new__(cls, name, bases, namespace):
        if "__orig_bases__" not in namespace:
            return super().__new__(cls, name, bases, namespace)
        return LaterClass(name, namespace.pop("__orig_bases__"), namespace)


class _Deriving(metaclass=_Meta):
    """Stands for a base that is not imported yet."""


keras, tf = map(Later, HEAVY)


_served = set()  # modules of tests, whose names are theirs now


def bring(item):
    """Give a test, and its module, what they were to have later."""
    places = [item.callspec.params] if hasattr(item, "callspec") else []
    if item.module not in _served:
        _served.add(item.module)
        places.append(vars(item.module))
    for names in places:
        for name, value in [*names.items()]:
            if not name.startswith("__") and (now := _found(value)) is not value:
                names[name] = now


def _found(value, depth=3):
    """`value`, with what is there now in the place of what was to come; itself where nothing was."""
    if isinstance(value, Later):
        return value.found()
    if depth and type(value) is dict:
        made = {key: _found(one, depth - 1) for key, one in value.items()}
        return made if any(made[key] is not value[key] for key in value) else value
    if depth and type(value) in (list, tuple):
        several = [_found(one, depth - 1) for one in value]
        return type(value)(several) if any(a is not b for a, b in zip(several, value, strict=True)) else value
    return value


def settle(module):
    """One thread and deterministic ops before the first op, and a seed: without one, deterministic ops refuse to shuffle."""
    if module.__name__ == "tensorflow":
        from autograder.common.machine import determinism

        determinism.settle(module)
    else:
        drawn = random.getstate(), np.random.get_state()  # of a test that draws while something imports Keras
        module.utils.set_random_seed(42)
        random.setstate(drawn[0])
        np.random.set_state(drawn[1])


class _Settled(Loader):
    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        from autograder.common.environment import change_to
        from autograder.common.machine.garbage import kept_from_collections

        said = dict(os.environ)
        change_to(_environment)
        try:
            with kept_from_collections():
                self.loader.exec_module(module)
        finally:
            made = {name: value for name, value in os.environ.items() if _environment.get(name) != value}
            change_to(said | made)
        settle(module)


class Settling(MetaPathFinder):
    """Whoever imports TensorFlow in this process, and whenever: it is settled before anybody can use it."""

    collecting = True

    def find_spec(self, name, path=None, target=None):
        if name not in HEAVY or (spec := PathFinder.find_spec(name, path, target)) is None:
            return None
        if self.collecting:
            raise ImportError(f"{name} is imported while tests are collected: from tests.later import {name}")
        spec.loader = _Settled(spec.loader)
        return spec


settling = Settling()


def install():
    assert not set(HEAVY) & set(sys.modules), "before anything imports them"
    sys.meta_path.insert(0, settling)
    random.seed(42)
    np.random.seed(42)
