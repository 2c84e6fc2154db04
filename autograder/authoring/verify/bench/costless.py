"""Mistakes that cost nothing though they leave something else behind: an author is asked whether that is meant."""

from __future__ import annotations

import contextlib
import types
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.authoring.verify.bench.bench import Answered, Bench
from autograder.authoring.verify.bench.stand_in import StandIns
from autograder.authoring.verify.rewriting import Version
from autograder.course.cell_dependencies import base, uses
from autograder.course.checks.answers.functions import Function
from autograder.course.course import Question

SAMPLE = 50_000  # numbers of an array that are looked at
DEEPEST = 6


class Costless:
    """Asked after each run of the bench, first after that of the solution."""

    def __init__(self, bench: Bench, notebook: NotebookNode) -> None:
        self.bench, self.notebook = bench, notebook
        self.answers = {place: name for name, one in bench.places.items() for place in one.answers}
        self.right = self._left(self.answers)

    def question(self, version: Version, done: Answered) -> str:
        """In whose answer the mistake is, if it costs nothing and something else came of it; else ''."""
        places = [place for place in version.changed if place in self.answers]
        if not places or done.errors or any(status != "passed" for status in done.statuses.values()):
            return ""
        now = self._left(places)
        differs = any(now[name] != self.right.get(name) for name in now)
        return self.answers[places[0]] if differs else ""

    def _left(self, places: Iterable[int]) -> dict[str, Any]:
        """What the answer cells there leave under each name, but functions that a check calls: what they give is seen."""
        found: dict[str, Any] = {}
        for place in places:
            called = _called(self.bench.questions.get(self.answers[place]))
            for name in sorted({base(path) for path in self._writes(place)} - called):
                if name in self.bench.names:
                    found[name] = look(self.bench.names[name], self.bench.stand_ins)
        return found

    def _writes(self, place: int) -> frozenset[str]:
        return uses(self.bench.cells[place]).writes  # what a mistake writes besides nobody asked for


def _called(question: Question | None) -> set[str]:
    return {check.of for check in question.checks if isinstance(check, Function)} if question else set()


def look(value: Any, stand_ins: StandIns, depth: int = 0) -> Any:
    """What can be compared of a value: of arrays a sample, of networks layers, settings and trainings, of functions their code."""
    if depth > DEEPEST:
        return "..."
    with contextlib.suppress(Exception):  # what somebody's object raises, such as a closed file that is a mapping
        return _looked(value, stand_ins, depth)
    return type(value).__name__


def _looked(value: Any, stand_ins: StandIns, depth: int) -> Any:
    if isinstance(value, (types.FunctionType, types.CodeType)):
        return _code(value)
    if isinstance(value, Mapping):
        return {str(key): look(one, stand_ins, depth + 1) for key, one in value.items() if str(key) != "name"}
    if isinstance(value, (list, tuple)):
        return [look(one, stand_ins, depth + 1) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "layers") and hasattr(value, "get_compile_config"):
        return _network(value, stand_ins, depth)
    if hasattr(value, "get_config"):
        return [type(value).__name__, look(value.get_config(), stand_ins, depth + 1)]
    array = np.asarray(value)
    if array.dtype.kind in "biufU":
        flat = array.reshape(-1)
        return [array.dtype.kind, array.shape, zlib.crc32(flat[:: max(1, flat.size // SAMPLE)].tobytes())]
    return type(value).__name__


def _network(network: Any, stand_ins: StandIns, depth: int) -> Any:
    compiled: Any = None
    with contextlib.suppress(Exception):
        compiled = network.get_compile_config()
    trainings = [
        (one.x, one.y, one.epochs, one.batch_size, one.optimizer, one.rates, [type(call).__name__ for call in one.callbacks])
        for one in stand_ins.trainings.get(id(network), ())
    ]  # fmt: skip
    layers = [[type(layer).__name__, layer.get_config()] for layer in network.layers]
    return look([layers, getattr(network, "input_shape", None), compiled, trainings], stand_ins, depth)


def _code(value: Any) -> Any:
    """What a function does, without its description."""
    code = getattr(value, "__code__", value)
    constants = [
        look_inside
        for one in code.co_consts
        if (look_inside := _constant(one)) != repr(getattr(value, "__doc__", None))
    ]
    return [code.co_code, constants, code.co_names, repr(getattr(value, "__defaults__", None))]


def _constant(one: Any) -> Any:
    return _code(one) if isinstance(one, types.CodeType) else repr(one)
