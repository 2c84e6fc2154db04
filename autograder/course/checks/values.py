"""Checks on plain values, arrays and functions."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.rows import scaling_of
from autograder.common.wire.description import ArrayDescription, ListDescription, MappingDescription, ScalarDescription
from autograder.course.checks.base import Check, Facts, Split, Verdict, failed, passed, shorten, show

Scalar = bool | int | float | str | None
Plain = Scalar | tuple[Any, ...]
KINDS = {"float": N_("of floats"), "integer": N_("of integers")}
KINDS_OF_VALUE = {"integer": N_("integer"), "boolean": N_("True or False"), "text": N_("text")}
KINDS_OF_ARRAY = {"float": N_("an array of floats"), "integer": N_("an array of integers")}


def plain(value: Any) -> Any:
    """A description as Python values: scalars and tuples; arrays as nested tuples. Raises TypeError for the rest."""
    match value:
        case ScalarDescription():
            return value.value
        case ListDescription():
            return tuple(plain(item) for item in value.items)
        case ArrayDescription() if value.data is not None:
            return _tuples(value.data.tolist())
    raise TypeError(show(value))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def equal(actual: Any, wanted: Any, tolerance: float) -> bool:
    """Same structure, numbers within `tolerance` (relative above 1). True is not 1, and NaN equals nothing."""
    if isinstance(wanted, tuple):
        return (
            isinstance(actual, tuple)
            and len(actual) == len(wanted)
            and all(equal(a, w, tolerance) for a, w in zip(actual, wanted, strict=True))
        )
    if type(wanted) in (int, float) and type(actual) in (int, float):
        return bool(abs(actual - wanted) <= tolerance * max(1.0, abs(wanted)))
    return type(actual) is type(wanted) and bool(actual == wanted)


class ValueCheck(Check):
    """A value the student worked out: a number (within `tolerance`), a text, a truth value, or a list of them."""

    type: Literal["value"] = "value"
    equals: Plain
    tolerance: float = Field(default=0.0, ge=0)
    kind: Literal["integer", "number", "boolean", "text", "any"] = "any"
    accepts = (ScalarDescription, ListDescription, ArrayDescription)
    wanted = N_("a plain value")

    def describe(self) -> str:
        return _("`{of}` is {value}", of=self.of, value=self.equals)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        try:
            actual = plain(value)
        except TypeError:
            return failed(_("a plain value"), show(value))
        if actual is None and self.equals is not None:
            return failed(_("an answer"), "None", _("Set `{of}` to your answer.", of=self.of))
        if self.kind == "integer" and type(actual) is float and actual.is_integer():
            actual = int(actual)  # 78500.0 is as good an answer
        wrong_kind = {"integer": int, "boolean": bool, "text": str}.get(self.kind)
        if wrong_kind and type(actual) is not wrong_kind:
            return failed(_("a value of kind {kind}", kind=_(KINDS_OF_VALUE[self.kind])), show(value))
        if equal(actual, _tuples(self.equals), self.tolerance):
            return passed(shorten(repr(actual)))
        return failed(repr(self.equals), shorten(repr(actual)))


class Choice(Check):
    """One of a few answers."""

    type: Literal["choice"] = "choice"
    equals: int | str
    among: tuple[int | str, ...]
    accepts = (ScalarDescription,)
    wanted = N_("one of the answers")

    def describe(self) -> str:
        return _("`{of}` is {value}", of=self.of, value=repr(self.equals))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        answer = value.value
        if isinstance(answer, str) and isinstance(self.equals, str):
            answer = answer.strip().lower()
        if type(answer) is not type(self.equals) or answer not in self.among:
            return failed(
                _("one of {answers}", answers=", ".join(map(repr, self.among))),
                shorten(repr(value.value)),
                _("Set `{of}` to one of them.", of=self.of),
            )
        return passed(repr(answer)) if answer == self.equals else failed(repr(self.equals), repr(answer))


class ArrayCheck(Check):
    """An array's shape, kind, range, and whether it is a certain part of the data set, row by row."""

    type: Literal["array"] = "array"
    shape: tuple[int, ...] | None = None
    kind: Literal["float", "integer"] | None = None
    minimum: float | None = None
    maximum: float | None = None
    equals: Split | Literal["all_train_labels", "train_labels", "holdout_labels", "test_labels"] | None = None
    scaling: Literal["unit", "raw"] | None = None
    accepts = (ArrayDescription,)
    wanted = N_("an array")

    def describe(self) -> str:
        parts = [_("of shape {shape}", shape=self.shape)] if self.shape else []
        parts += [_(KINDS[self.kind])] if self.kind else []
        parts += (
            [_("from {low:g} to {high:g}", low=self.minimum, high=self.maximum)]
            if self.minimum is not None and self.maximum is not None
            else []
        )
        parts += (
            [_("of at least {low:g}", low=self.minimum)] if self.minimum is not None and self.maximum is None else []
        )
        parts += (
            [_("of at most {high:g}", high=self.maximum)] if self.maximum is not None and self.minimum is None else []
        )
        parts += [_("holds {part}", part=_(PARTS[self.equals]))] if self.equals else []
        return _("`{of}` {parts}", of=self.of, parts=", ".join(parts))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        array: ArrayDescription = value
        if self.shape and array.shape != self.shape:
            return failed(self.shape, array.shape, "" if self.hint else _("Look at .shape: which axis differs?"))
        sorts = {"float": ("float16", "float32", "float64"), "integer": ("int8", "uint8", "int16", "int32", "int64")}
        if self.kind and array.dtype not in sorts[self.kind]:
            hint = _("Divide by 255.0: the pixels are still whole numbers.") if self.kind == "float" else ""
            return failed(_(KINDS_OF_ARRAY[self.kind]), array.dtype, hint)
        if not array.finite:
            return failed(_("finite numbers"), _("NaN or infinity"))
        low, high = array.minimum or 0.0, array.maximum or 0.0
        if (self.minimum is not None and low < self.minimum) or (self.maximum is not None and high > self.maximum):
            hint = (
                _("Pixels run to 255, expected 0 to 1: divide by 255.0.")
                if high > 1
                else _("Pixels run from 0: divide by 255.0, and do nothing else to them.")
            )
            ends = [_("any") if end is None else f"{end:g}" for end in (self.minimum, self.maximum)]
            return failed(
                _("{low} to {high}", low=ends[0], high=ends[1]), _("{low:g} to {high:g}", low=low, high=high), hint
            )
        return (
            self._same(array, facts)
            if self.equals
            else passed(_("shape {shape}, {low:g} to {high:g}", shape=array.shape, low=low, high=high))
        )

    def _same(self, array: ArrayDescription, facts: Facts) -> Verdict:
        assert self.equals is not None
        title = _(PARTS[self.equals])
        if self.equals.endswith("_labels"):
            expected = facts.lab.labels(self.equals.removesuffix("_labels"))
            same = array.data is not None and np.array_equal(np.ravel(array.data), expected)
            return (
                passed(title)
                if same
                else failed(title, show(array), _("Split images and labels in one call, with random_state=42."))
            )
        if array.rows is None or array.lookup is None:
            return failed(
                title,
                _("other values"),
                _("Are these the images, only scaled and reshaped? Reshape must not mix rows."),
            )
        if self.scaling and scaling_of(array.lookup) != self.scaling:
            return failed(
                _("pixels divided by 255"),
                _("scaling: {scaling}", scaling=scaling_of(array.lookup)),
                _("Divide by 255.0, once."),
            )
        rows = facts.lab.rows(self.equals)
        if np.array_equal(array.rows, rows):
            return passed(title)
        ordered = len(array.rows) == len(rows) and np.array_equal(np.sort(array.rows), np.sort(rows))
        hint = _("Use train_test_split(..., test_size=0.2, random_state=42), and mind the order of what it returns.")
        return failed(title, _("the right images in another order") if ordered else _("other images"), hint)


PARTS = {
    "all_train": N_("all 60,000 training images, in order"),
    "train": N_("the images of the training split"),
    "holdout": N_("the images of the hold-out"),
    "test": N_("the test images"),
    "all_train_labels": N_("all 60,000 training labels, in order"),
    "train_labels": N_("the labels of the training split"),
    "holdout_labels": N_("the labels of the hold-out"),
    "test_labels": N_("the test labels"),
}


class Keys(Check):
    """A dictionary with at least these keys."""

    type: Literal["keys"] = "keys"
    keys: tuple[str, ...]
    accepts = (MappingDescription,)
    wanted = N_("a dictionary")

    def describe(self) -> str:
        return _("`{of}` has an entry for {keys}", of=self.of, keys=", ".join(self.keys))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        missing = [key for key in self.keys if key not in value.items]
        if not missing:
            return passed(", ".join(value.items))
        return failed(
            ", ".join(self.keys),
            ", ".join(value.items) if self.hidden else _("missing: {keys}", keys=", ".join(missing)),
        )


class Winner(Check):
    """The key of the largest number of a dictionary that was handed in as well."""

    type: Literal["winner"] = "winner"
    results: str
    accepts = (ScalarDescription,)
    wanted = N_("a key of the dictionary")

    def names(self) -> set[str]:
        return {self.of, self.results}

    def describe(self) -> str:
        return _("`{of}` is the key of the best of `{results}`", of=self.of, results=self.results)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        results = facts.of(self.results)
        if not isinstance(results, MappingDescription):
            return failed(_("a dictionary of numbers"), show(results))
        numbers: dict[str, Any] = {key: getattr(item, "value", None) for key, item in results.items.items()}
        if not numbers or any(type(number) not in (int, float) or math.isnan(number) for number in numbers.values()):
            return failed(_("a dictionary of numbers"), show(results))
        best = max(numbers.values())
        winners = [key for key, number in numbers.items() if number == best]
        if value.value in winners:
            return passed(repr(value.value))
        return failed(
            _(" or ").join(map(repr, winners)), shorten(repr(value.value)), _("max(results, key=results.get) finds it.")
        )
