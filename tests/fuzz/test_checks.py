"""Every type of check on every value that a kernel may hand in, however odd its parts are.

Values are drawn from the descriptions' own types, part by part, and sent through the protocol's encoding, so that what is tried is what may
arrive. Oracle: every check returns an outcome in time; it never says that the grader failed, what it says is short and acts on nobody, and
it can be written down. Nothing odd earns a point that a wrong answer doesn't.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from autograder.common.data import lookups
from autograder.common.errors import ProtocolError
from autograder.common.showing.readable import LONGEST
from autograder.common.wire import arrays as wire_arrays
from autograder.common.wire import description
from autograder.common.wire.arrays import DTYPES
from autograder.common.wire.description import decode, encode
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from tests.common.showing.test_readable import acts
from tests.course.checks.test_registry import EVERY_TYPE, declared
from tests.fuzz import bounded, fuzz
from tests.hand_built import FakeLab, fit, mapping, model

pytestmark = pytest.mark.slow
TEXTS = st.sampled_from(
    ["", "x", "Dense", "relu", "kernel", "accuracy", "learning_rate", "gamma", "\x1b[2J\u202e", "=1+1", "x" * 200, "(1, 2)", "[[[[", "([])", "Pipeline", "steps",
     "nan", "-1", "1e999", "None", "{name}", "`", "best_estimator_", "GridSearchCV", "units", "weight_decay", "ExponentialDecay", "SGD"]
)  # fmt: skip
WHOLE = st.sampled_from([0, 1, -1, 2, 3, 5, 10, 100, 784, 2**31 - 1, 2**63 - 1, -(2**63) + 1, 10**400])
REAL = st.sampled_from([0.0, -0.0, 0.1, 1.0, -1.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf")])
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 10]), max_size=3)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    dtype, shape = np.dtype(draw(st.sampled_from(sorted(DTYPES)))), draw(SHAPES)
    size = int(np.prod(shape)) * dtype.itemsize
    content = draw(st.sampled_from([b"\x00", b"\xff", b"\x7f", b"\x01\x02\x03\x04\x05\x06\x07\x40"]))
    if dtype.kind == "b":
        content = b"\x01"
    return np.frombuffer((content * (size // len(content) + 1))[:size], dtype).reshape(shape)


@st.composite
def what_became_of_pixels(draw: st.DrawFn) -> Any:
    """Of all three kinds."""
    odd = draw(REAL)
    with np.errstate(all="ignore"):
        by_shade = [np.full(256, odd), np.arange(256.0) * odd]
    return lookups.parsed(draw(st.sampled_from([*by_shade, np.full((2, 3), odd), np.array([1, 0, 1, odd, odd])])))


def of_type(kind: Any, depth: int = 3) -> st.SearchStrategy[Any]:
    """Values of a description's part; where it nests, to so many levels."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return arrays() if kind is wire_arrays.Array or inner[0] is Any else of_type(inner[0], depth)
    if kind == lookups.Lookup:
        return what_became_of_pixels()
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (UnionType, Union):
        kinds = [one for one in inner if depth > 0 or not _nests(one)]
        return st.one_of(*(of_type(one, depth) for one in kinds or inner))
    if origin is tuple:
        return st.lists(of_type(inner[0], depth), max_size=3 if depth > 0 else 0).map(tuple)
    if origin is dict:
        return st.dictionaries(of_type(inner[0], depth), of_type(inner[1], depth), max_size=3 if depth > 0 else 0)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return st.deferred(lambda: _models(kind, depth - 1))
    return {str: TEXTS, int: WHOLE, float: REAL, bool: st.booleans(), NoneType: st.none(), Any: arrays()}[kind]


def _nests(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not description.ScalarDescription


@st.composite
def _models(draw: st.DrawFn, kind: type[BaseModel], depth: int) -> Any:
    given: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if field.is_required() or draw(st.booleans()):
            annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            given[name] = draw(of_type(annotation, depth))
    try:
        return kind(**given)
    except (ValidationError, ValueError, OverflowError):
        return description.OtherDescription(type="refused")


VALUES = of_type(description.Value)


class Lab(FakeLab):
    """Knows a table's arrays, and fits every estimator."""

    def features(self, split: str, name: str) -> np.ndarray:
        return np.ones((len(self.rows(split)), 3))

    def held(self, values: np.ndarray) -> str:
        return ""

    def estimator_score(self, *_: object) -> dict[str, float]:
        return {"accuracy": 0.5, "r2": float("nan")}

    def metric(self, model: object, split: str, metric: str) -> dict[str, float]:
        return {metric: float("nan")}

    def reference(self, place: str) -> Any:
        return {"references.py:table": lambda: {"gamma": np.ones(3)}, "references.py:double": lambda x: 2 * x}[place]


CHECKS = [declared(kind, of="value") for kind in EVERY_TYPE if kind != "manual"]
NAMED = {"model": model(fits=(fit(),)), "models": mapping(delta=model()), "results": mapping(delta=0.1)}


@given(st.dictionaries(st.sampled_from(["value", "value", *NAMED, "dense7"]), VALUES, max_size=3), VALUES)
@fuzz(300)
def test_every_check_answers_whatever_is_handed_in(others: dict[str, Any], value: Any) -> None:
    try:
        document, frames = encode({**others, "value": value})
        values = decode(document, [frame.tobytes() for frame in frames])
    except (ProtocolError, ValueError, OverflowError):  # it can't be sent
        return
    with bounded(seconds=20):
        outcomes = [decide((check,), Facts({**NAMED, **values}, Lab(), seed=1)) for check in CHECKS]
    for check, (found,) in zip(CHECKS, outcomes, strict=True):
        assert "the grader failed" not in found.actual, (check, found.actual)
        for said in (found.title, found.expected, found.actual, found.hint):
            assert len(said) <= LONGEST and not any(map(acts, said.replace("\n", "")))
        assert found.model_dump_json().encode()
