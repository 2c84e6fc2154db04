"""What the judge asks of functions that are handed in: the calls that checks want to see, and how they are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.common.digests import of_parts
from autograder.common.wire.description import (
    ArrayDescription,
    FunctionDescription,
    LayerDescription,
    ScalarDescription,
    encode,
)
from autograder.course.checks.base import Check
from autograder.course.course import Question

Answer = tuple[dict[str, Any], Sequence[Any]]


def named(values: Mapping[str, Any], question: Question) -> dict[str, Any]:
    """A value without a name belongs to the question's first check."""
    return {name or question.first_name(): value for name, value in values.items()}


def takes_networks(checks: Iterable[Check]) -> bool:
    """Whether one of them may look at a network, whose weights are megabytes; a check type that doesn't say what it accepts may."""
    return any(not check.accepts or check.looks_at_networks() or LayerDescription in check.accepts for check in checks)


def called(values: Mapping[str, Any], question: Question, seed: int) -> dict[str, dict[str, str]]:
    """Digests of the arguments that functions are called on, by the name as handed in and the check's id."""
    first = question.first_name() if "" in values else None
    calls = calls_for(question.checks, named(values, question), seed)
    return {
        "" if name == first else name: {check: _arguments_digest(tuples) for check, tuples in checks.items()}
        for name, checks in calls.items()
    }


def _arguments_digest(tuples: Sequence[tuple[Any, ...]]) -> str:
    return of_parts(part for arguments in tuples for part in (*map(_as_bytes, arguments), b"|"))


def _as_bytes(argument: Any) -> bytes:
    array = np.asarray(argument)
    return f"{type(argument).__name__} {array.dtype.str} {array.shape};".encode() + array.tobytes()


def calls_for(checks: Any, values: dict[str, Any], seed: int) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
    """By value name and check id: the argument tuples that checks want to see answered."""
    calls: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
    for check in checks:
        if isinstance(values.get(check.of), FunctionDescription):
            wanted = check.arguments(seed)
            if wanted:
                calls.setdefault(check.of, {})["()" if wanted == [()] else check.id] = wanted
    return calls


def asked(calls: dict[str, dict[str, list[tuple[Any, ...]]]]) -> Answer:
    """The calls as a message: each argument as a described value."""
    flat: dict[str, Any] = {}
    plan: list[list[Any]] = []
    for name, checks in calls.items():
        for check, tuples in checks.items():
            for number, arguments in enumerate(tuples):
                keys = []
                for position, argument in enumerate(arguments):
                    keys.append(f"{len(plan)}/{position}")
                    flat[keys[-1]] = _argument(argument)
                plan.append([name, check, number, keys])
    document, frames = encode(flat)
    return {"type": "call", "calls": plan, "arguments": document}, frames


def _argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return ArrayDescription(dtype=value.dtype.name, shape=value.shape, data=value)
    return ScalarDescription(value=value)
