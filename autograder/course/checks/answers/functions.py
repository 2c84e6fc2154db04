"""Checks on functions: what they give on given and on unseen inputs."""

from __future__ import annotations

import ast
import contextlib
import functools
import math
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from pydantic import Field

from autograder.common.files import text_of
from autograder.common.hints.for_errors import meant_inside
from autograder.common.i18n import N_, _
from autograder.common.models import Written
from autograder.common.showing.readable import as_yaml, shorten
from autograder.common.wire.description import (
    ArrayDescription,
    FailureDescription,
    FunctionDescription,
    ListDescription,
)
from autograder.course.checks.base import Check, Facts, InCourse, Verdict, failed, malformed, passed, show
from autograder.course.checks.forms import ArgumentSpec, Form, bad_result, draw
from autograder.course.checks.plain_values import MOST, leaves, plain


class Case(Written):
    args: tuple[Any, ...]
    returns: Any


class Function(Check):
    """What a function gives on the given `cases`, or on `draws` unseen inputs, compared with a reference function.

    With `keeps`, it must leave the arrays that it gets as they are.
    """

    type: Literal["function"] = "function"
    cases: tuple[Case, ...] = ()
    reference: InCourse = InCourse("")
    draws: int = Field(default=0, ge=0, le=50)
    args: tuple[ArgumentSpec, ...] = ()
    tolerance: float = Field(default=1e-5, ge=0, lt=1)
    keeps: bool = False
    accepts = (FunctionDescription,)
    wanted = N_("a function")
    safe_hints = True
    asks = ("cases", "reference")

    def problem(self) -> str:
        odd = [one for case in self.cases for one in leaves(case.returns) if not _is_number(one)]
        if odd:
            return _("'returns' holds {value}: what a function gives is compared as numbers", value=as_yaml(odd[0]))
        if any(isinstance(one, dict) for case in self.cases for one in leaves(case.args)):
            return _("an argument of a case is a number, a text, true or false, null, or a list of them")
        if self.cases:
            if self.reference or self.draws:
                return _("give either 'cases' or 'reference' with 'draws'; two checks can have one each")
            return (
                ""
                if len({len(case.args) for case in self.cases}) == 1
                else _("its cases differ in number of arguments")
            )
        path, _colon, name = self.reference.partition(":")
        if not path.endswith(".py") or not name.isidentifier():
            return _("reference is '{reference}': write it like solutions/references.py:name", reference=self.reference)
        if not self.draws:
            return _("'draws' is 0, so that the function is never called: say how many unseen calls it must answer")
        return "" if self.args else _("'args' is missing: say how to draw the arguments")

    def missing(self, root: Path) -> str:
        return defines(self.reference, root, arguments=len(self.args))

    def describe(self) -> str:
        name = self.of if self.of != "value" else _("The function")
        return _("{name} on given inputs", name=name) if self.cases else _("{name} on unseen inputs", name=name)

    def arguments(self, seed: int) -> list[tuple[Any, ...]]:
        if self.cases:
            return [tuple(_array(arg) for arg in case.args) for case in self.cases]
        return [draw(self.args, f"{seed}/{self.id}/{number}") for number in range(self.draws)]

    def form(self) -> Form:
        return Form(kind="function", args=self.args)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        calls = self.arguments(facts.seed)
        results = value.results.get(self.id, ())
        if len(results) != len(calls):
            return malformed(
                _("{number} results", number=len(calls)),
                _("{number} results", number=len(results)),
                _("The function did not answer every call."),
            )
        if self.cases:
            expected = [_target(case.returns) for case in self.cases]
        else:
            reference = facts.lab.reference(self.reference)
            expected = [reference(*arguments) for arguments in calls]
        for arguments, wanted, returned in zip(calls, expected, results, strict=True):
            result = _in_parts(returned, wanted)
            bad = bad_result(result)
            if bad or not same_numbers(result, wanted, self.tolerance):
                call = ", ".join(shorten(str(np.asarray(a).tolist()), 60) for a in arguments)
                actual = show(result)
                with contextlib.suppress(TypeError, ValueError):
                    actual = self._given(result, wanted)
                if not self.hidden and not isinstance(result, FailureDescription):
                    actual = _("({call}) gave {actual}", call=call, actual=actual)
                if bad:
                    return malformed(bad.expected if self.hidden else self._shown(wanted), actual, bad.hint)
                return failed(
                    self._shown(wanted), actual, self._of_all_calls(value) or self._what_differs(result, wanted)
                )
        if self.keeps and self.id in value.changes:
            return malformed(
                _("arguments that stay as they were"),
                _("the function changes its arguments"),
                _("`a -= b` and `a[0] = b` change the array that the function was given: make a new one, a = a - b."),
            )
        return passed(_("{number} calls", number=len(calls)))

    def _of_all_calls(self, value: FunctionDescription) -> str:
        """A hint that no single result shows: of a function that remembers, or that doesn't look at what it is given."""
        if self.id in value.unsteady:
            return _(
                "Called again with the same arguments, the function gives another result: make what it fills inside of it, "
                "so that nothing is left of the call before."
            )
        told = [_numbers(one) for results in value.results.values() for one in results]
        if len(told) > 1 and None not in told and len({*told}) == 1:
            return _("The function gives the same whatever it is given: use its arguments, not names from outside.")
        return ""

    def _what_differs(self, result: Any, wanted: Any) -> str:
        with contextlib.suppress(TypeError, ValueError):  # what was wanted are no numbers
            return _how_many(result, wanted) or ("" if self.hidden else _difference(result, wanted, self.tolerance))
        return ""

    def _given(self, result: Any, wanted: Any) -> str:
        """A result in the notation of what is `wanted`."""
        several = isinstance(wanted, tuple) and isinstance(result, ListDescription)
        return self._shown(tuple(map(plain, result.items)) if several else (plain(result),))

    @staticmethod
    def _shown(wanted: Any) -> str:
        parts = wanted if isinstance(wanted, tuple) else (wanted,)
        listed = (np.asarray(part).tolist() for part in parts)
        return shorten(", ".join(repr(part) if isinstance(part, str) else str(part) for part in listed))


def outside(path: str) -> str:
    """Why `path` names no file of the course's folder, wherever that lies: it isn't taken to other machines; '' where it may be one."""
    said = N_("{path} lies outside of the folder of course.yml: put it into that, and name it from there")
    return _(said, path=path) if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts else ""


def defines(place: str, root: Path, arguments: int = 0) -> str:
    """Why there is no function at `place` (``file.py:name``) of the course's folder `root` that can be called with so many arguments;
    '' where there is, and for no place."""
    path, _colon, name = place.partition(":")
    if not path:
        return ""
    file = root / path
    if away := outside(path):
        return away
    if not name or not path.endswith(".py"):
        return _("'{place}' is no function in a file: write it like solutions/references.py:relu", place=place)
    if not file.is_file():
        return _("the reference file {path} does not exist in {root}", path=path, root=root)
    try:
        code = text_of(file)
        defined, bound = _names(code)
    except (OSError, ValueError, SyntaxError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        return _("the reference file {path} can't be read: {error}", path=path, error=said)
    if name in defined | bound:
        least, most = _takes(code).get(name, (0, math.inf))
        if least <= arguments <= most:
            return ""
        takes = (
            f"{least}" if least == most else _("{low} to {high}", low=least, high=most if most < math.inf else _("any"))
        )
        said = N_("{place} takes {takes} arguments, and is called with {number}")
        return _(said, place=place, takes=takes, number=arguments)
    return _(
        "{path} has no function '{name}': {meant}", path=path, name=name, meant=meant_inside(name, sorted(defined))
    )


@functools.lru_cache(maxsize=8)  # every check of a course names a function of the same one or two files
def _names(code: str) -> tuple[set[str], set[str]]:
    """What a file defines as functions and classes, and what it binds otherwise: what it imports or assigns may be a function too."""
    defined, bound = set[str](), set[str]()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                defined.add(node.name)
            case ast.Name(ctx=ast.Store()):
                bound.add(node.id)
            case ast.alias():
                bound.add(node.asname or node.name)
    return defined, bound


@functools.lru_cache(maxsize=8)
def _takes(code: str) -> dict[str, tuple[int, float]]:
    """With how many arguments each function can be called that a file defines once, and plainly."""
    found: dict[str, tuple[int, float]] = {}
    body = ast.parse(code).body
    names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    for node in body:
        if isinstance(node, ast.FunctionDef) and names.count(node.name) == 1 and not node.decorator_list:
            own = node.args
            there = len(own.posonlyargs) + len(own.args)
            lacking = any(default is None for default in own.kw_defaults)
            found[node.name] = (there - len(own.defaults) + lacking * 1000, math.inf if own.vararg else there)
    return {name: one for name, one in found.items() if one[0] < 1000}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _how_many(result: Any, wanted: Any) -> str:
    """A hint where another number of results came back than is wanted."""
    if isinstance(wanted, tuple) and not (isinstance(result, ListDescription) and len(result.items) == len(wanted)):
        return _("The function should return {number} values, separated by a comma.", number=len(wanted))
    return ""


def _difference(result: Any, wanted: Any, tolerance: float) -> str:
    """A hint where the results are the wanted ones but for something that can be named; '' for anything else."""
    if isinstance(wanted, tuple):
        if same_numbers(result, wanted[::-1], tolerance):
            return _("These are the right results in another order: mind which one `return` gives first.")
        right = [same_numbers(item, part, tolerance) for item, part in zip(result.items, wanted, strict=True)]
        hints = [_difference(*pair, tolerance) for pair, same in zip(zip(result.items, wanted, strict=True), right, strict=True) if not same]  # fmt: skip
        if hints[0] and len({*hints}) == 1:
            return hints[0]
        if any(right):
            number = right.index(False) + 1
            return _("Of the values that the function returns, number {number} is wrong.", number=number)
        return ""
    target = np.asarray(wanted, float)
    if isinstance(result, ListDescription) and target.ndim > 1 and same_numbers(result, target[::-1], tolerance):
        return _("These are the right results in another order: mind which one `return` gives first.")
    if target.any() and same_numbers(result, -target, tolerance):
        return _("The numbers have the opposite sign.")
    if target.ndim == 2 and same_numbers(result, target.T, tolerance):
        return _("Rows and columns are exchanged: mind the order of the product, or turn it round with .T.")
    if _is_whole(result) and same_numbers(result, np.trunc(target), tolerance):
        return _("The fractions are cut off: an array of whole numbers keeps whole numbers only, and np.vectorize goes by its first result.")  # fmt: skip
    try:
        found = np.asarray(plain(result), float)
    except (TypeError, ValueError):
        return ""
    if (
        target.ndim > 1
        and found.shape == target.shape[1:]
        and any(same_numbers(result, part, tolerance) for part in target)
    ):
        return _("The function should return {number} values, separated by a comma.", number=len(target))
    if found.shape != target.shape:
        return _("The result has the shape {shape}, and should have {wanted}.", shape=found.shape, wanted=target.shape)
    factor = float(np.sum(found * target) / np.sum(target**2)) if target.any() else 0.0
    if (
        f"{factor:.4g}" not in ("0", "1")
        and target.size > 1
        and np.allclose(found, factor * target, rtol=tolerance, atol=tolerance)
    ):
        return _("All numbers are {factor:.4g} times what they should be.", factor=factor)
    return ""


def _numbers(result: Any) -> str | None:
    """A result of numbers as a text that tells it from others; None for anything else."""
    try:
        found = np.asarray(plain(result))
    except (TypeError, ValueError):
        return None
    return repr(found.tolist()) if found.dtype.kind in "biuf" else None


def _is_whole(result: Any) -> bool:
    with contextlib.suppress(TypeError, ValueError):
        return np.asarray(plain(result)).dtype.kind in "iu"
    return False


def _array(argument: Any) -> Any:
    """Lists become arrays, of whole numbers where all are written as such; numbers and texts stay as they are."""
    return np.asarray(argument) if isinstance(argument, (list, tuple)) else argument


def _in_parts(result: Any, wanted: Any) -> Any:
    """Where several results are `wanted`: those that stand in one array, one behind the other, as the list that ``a, b = f(x)`` makes of it."""
    if not isinstance(wanted, tuple) or not isinstance(result, ArrayDescription) or result.data is None:
        return result
    if {(len(wanted), *np.shape(part)) for part in wanted} != {result.shape}:
        return result
    parts = (ArrayDescription(dtype=result.dtype, shape=one.shape, data=one) for one in map(np.asarray, result.data))
    return ListDescription(items=tuple(parts))


def _target(value: Any) -> Any:
    """What a case returns: lists as arrays where they are rectangular, as tuples of results where they are not."""
    if not isinstance(value, (list, tuple)):
        return value
    try:
        return np.asarray(value, float)
    except (ValueError, TypeError):
        return tuple(_target(item) for item in value)


def same_numbers(result: Any, wanted: Any, tolerance: float) -> bool:
    """Whether a described result holds the numbers that are wanted, each within `tolerance`, relative and absolute."""
    if isinstance(wanted, tuple):
        if not isinstance(result, ListDescription) or len(result.items) != len(wanted):
            return False
        return all(same_numbers(item, part, tolerance) for item, part in zip(result.items, wanted, strict=True))
    try:
        target = np.asarray(wanted)
        actual = np.asarray(plain(result, max(MOST, target.size)))
    except (TypeError, ValueError):
        return False
    if actual.dtype.kind not in "iuf" or actual.shape != target.shape:
        return False
    return bool(np.allclose(actual, target, rtol=tolerance, atol=tolerance))
