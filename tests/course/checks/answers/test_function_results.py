"""The right results of every function that the course asks for, in every shape and type that Python takes for the same, and wrong ones.

`RIGHT` and `WRONG` say which, by what `a, b = f(x)` and NumPy make of them and not by the check's own code.
"""

from collections import namedtuple

import numpy as np
import pandas as pd

from autograder.common.results import Status
from autograder.common.wire.description import FunctionDescription
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from autograder.kernel.describing.describe import call
from tests.course.checks.answers.test_shapes_of_answers import checks

Pair = namedtuple("Pair", "one other")
RIGHT = {
    "array": np.array, "list": lambda one: np.array(one).tolist(), "float32": lambda one: np.array(one, "float32"),
    "float": lambda one: np.array(one, float), "nested": lambda one: [*np.array(one)] if np.ndim(one) else one,
    "Fortran": lambda one: np.array(one, order="F"), "table": lambda one: pd.DataFrame(one) if np.ndim(one) == 2 else one,
    "tuples": lambda one: tuple(map(tuple, one)) if np.ndim(one) == 2 else one,
    "Series": lambda one: pd.Series(one) if np.ndim(one) == 1 else one,
}  # fmt: skip
WRONG = {
    "extra axis": lambda one: np.array(one)[None], "an axis behind": lambda one: np.array(one)[..., None], "text": str,
    "None": lambda one: None, "negative": lambda one: -1 - np.array(one), "in a set": lambda one: {"it": 1},
    "half": lambda one: np.array(one) / 2 + 1, "not numbers": lambda one: np.full(np.shape(one), np.nan),
}  # fmt: skip
TOGETHER = {"tuple": tuple, "list": list, "objects": lambda parts: _objects(parts)}
NOT_TOGETHER = {
    "first": lambda parts: parts[0], "reversed": lambda parts: tuple(parts)[::-1], "one more": lambda parts: (*parts, parts[0]),
    "one less": lambda parts: tuple(parts)[:-1], "by name": lambda parts: dict(enumerate(parts)), "none": lambda parts: None,
    "nested": lambda parts: (tuple(parts),), "flat": lambda parts: np.concatenate([np.ravel(part) for part in parts]),
}  # fmt: skip


def _objects(parts):
    found = np.empty(len(parts), object)
    found[:] = [*parts]
    return found


def results(wanted):
    """(way, whether it is right, result) of one call."""
    if not isinstance(wanted, tuple):
        yield from ((way, True, make(wanted)) for way, make in RIGHT.items())
        yield from ((way, False, make(wanted)) for way, make in WRONG.items())
        return
    yield from ((f"{way}, {each}", True, together([one(part) for part in wanted]))
                for way, together in TOGETHER.items() for each, one in RIGHT.items())  # fmt: skip
    yield from ((way, False, make(wanted)) for way, make in NOT_TOGETHER.items())
    yield from ((f"each {way}", False, tuple(map(make, wanted))) for way, make in WRONG.items())
    if len(wanted) == 2:
        yield "namedtuple", True, Pair(*wanted)
    if len({np.shape(part) for part in wanted}) == 1:
        yield "one array", True, np.stack(wanted)
        yield "one array, behind", np.shape(wanted[0])[:1] == (0,), np.stack(wanted, axis=-1)[None]


def test_a_functions_right_results_are_right_in_every_form_and_wrong_ones_in_none(course, lab):
    unlike, tried = [], 0
    for name, check in checks(course, "function"):
        if check.cases:
            wanted = [_parts(case.returns) for case in check.cases]
        else:
            wanted = [lab.reference(check.reference)(*arguments) for arguments in check.arguments(0)]
        for ways in zip(*map(results, wanted), strict=True):
            way, right, _ = ways[0]
            given = tuple(call(lambda result=result: result, ())[0] for _way, _right, result in ways)
            (found,) = decide(
                [check], Facts({check.of: FunctionDescription(name="f", results={check.id: given})}, lab, 0)
            )
            tried += 1
            if found.status is not (Status.PASSED if right else Status.FAILED):
                unlike.append((name, way, found.status.value, found.actual[:80], found.hint))
    assert unlike == [], "\n".join(map(str, unlike))
    assert tried > 500


def _parts(returns):
    """What a case returns: several results where they are as many as the arrays of a tuple, as course.yml writes them."""
    try:
        return np.asarray(returns, float)
    except ValueError:
        return tuple(np.asarray(part) for part in returns)
