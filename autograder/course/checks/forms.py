"""The form of an answer: what sort of value it is.

It is no secret, even where the answer is one: students learn at home whether a hidden answer can be right at all, by the very
functions that grading asks first.
"""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from autograder.common.hints.for_errors import for_error
from autograder.common.i18n import N_, _
from autograder.common.models import Written
from autograder.common.wire.description import (
    ArrayDescription,
    FailureDescription,
    FigureDescription,
    FunctionDescription,
    LayerDescription,
    ListDescription,
    MappingDescription,
    ModelDescription,
    ObjectDescription,
    ScalarDescription,
    TableDescription,
)
from autograder.course.checks.in_words import built
from autograder.course.checks.plain_values import Kind, as_array, chosen_among, has_form, plain

NAMES: dict[str, str] = {
    "integer": N_("a whole number"),
    "number": N_("a number"),
    "loss": N_("a number"),
    "accuracy": N_("a number"),
    "metric": N_("a number"),
    "boolean": N_("True or False"),
    "text": N_("a text, in quotes"),
    "list": N_("a list or tuple"),
    "pair": N_("a pair, such as (1, 2)"),
    "lists": N_("a list of lists or tuples"),
    "choice": N_("one of the answers"),
    "array": N_("an array"),
    "function": N_("a function"),
    "network": N_("a Keras network"),
    "dictionary": N_("a dictionary"),
    "table": N_("a table, made with pandas"),
    "figure": N_("a figure of matplotlib"),
    "object": N_("an object of Keras or scikit-learn"),
    "any": N_("a plain value"),
}
_AN_ANSWER, _NUMBERS = N_("an answer"), N_("numbers, returned by the function")
_NO_ARRAY = N_("`{of}` is a list, and not one of numbers in rows of the same length, which an array could be made of.")
_TAKE_ONE = N_(
    "`{of}` holds several values, and one is asked for: `{of}[{number}]` takes the one that can be an answer."
)
RETURNS_NOTHING = N_("The function returns nothing: end it with `return ...`; print() only shows a value.")
MEASURED = {"loss": N_("loss"), "accuracy": N_("accuracy")}  # numbers that come out of evaluate(), for every network
_OF_EVALUATE = {**MEASURED, "metric": N_("metric")}
_MOST_EVALUATED = 100  # numbers that evaluate() returns
_KINDS_OF: dict[type, Kind] = {
    ArrayDescription: "array", FunctionDescription: "function", ModelDescription: "network", MappingDescription: "dictionary",
    ListDescription: "list", ScalarDescription: "any", TableDescription: "table", FigureDescription: "figure", ObjectDescription: "object",
}  # fmt: skip


class Malformed(NamedTuple):
    """Why a value can't be an answer, whatever the answer is. `found`: '' where the value itself says it."""

    expected: str
    hint: str = ""
    found: str = ""


class ArgumentSpec(Written):
    """How to draw an argument: a number, or with `shape` an array of numbers, whose axes are lengths or names (a name has
    the same length, 1 to 6, wherever it stands in the call). The numbers are standard normal, or evenly spread between
    two bounds: any `number`, or an `integer`; or it is a `boolean`, True or False."""

    shape: tuple[Annotated[int, Field(gt=0)] | str, ...] | None = None
    integer: tuple[int, int] | None = None
    number: tuple[float, float] | None = None
    boolean: Literal[True] | None = None

    @model_validator(mode="after")
    def _says_what_to_draw(self) -> ArgumentSpec:
        kinds = sum(kind is not None for kind in (self.integer, self.number, self.boolean))
        if self.shape is None and not kinds:
            raise ValueError(_("give 'shape', 'integer', 'number' or 'boolean'"))
        if kinds > 1:
            raise ValueError(_("give one of 'integer', 'number' and 'boolean'"))
        for low, high in filter(None, (self.integer, self.number)):
            if low > high:
                raise ValueError(_("{low} is more than {high}", low=low, high=high))
        return self

    def drawn(self, generator: np.random.Generator, lengths: dict[str, int]) -> Any:
        """A plain number, or an array; `lengths` of named axes are looked up, and drawn where they are new."""
        axes = [
            lengths.setdefault(axis, int(generator.integers(1, 7))) if isinstance(axis, str) else axis
            for axis in self.shape or ()
        ]
        if self.integer is not None:
            numbers: Any = generator.integers(self.integer[0], self.integer[1] + 1, axes)
        elif self.number is not None:
            numbers = generator.uniform(*self.number, axes)
        elif self.boolean:
            numbers = generator.integers(0, 2, axes).astype(bool)
        else:
            numbers = generator.standard_normal(axes)
        return numbers.item() if self.shape is None else numbers


def draw(specs: tuple[ArgumentSpec, ...], seed: str) -> tuple[Any, ...]:
    """Arguments for one call."""
    generator = np.random.default_rng(list(seed.encode()))
    lengths: dict[str, int] = {}
    return tuple(spec.drawn(generator, lengths) for spec in specs)


class Form(Written):
    """`among`: the answers that can be chosen. `args`: what the function takes, so that it can be called.

    `types`: where it is of no one kind, what it may be.
    """

    kind: Kind = "any"
    among: tuple[bool | int | str, ...] = ()
    args: tuple[ArgumentSpec, ...] = ()
    types: tuple[Kind, ...] = ()

    @property
    def said(self) -> str:
        return _(" or ").join(_(NAMES[kind]) for kind in self.types or (self.kind,))

    @classmethod
    def of_types(cls, accepts: tuple[Any, ...]) -> Form:
        """The form of what a check takes that accepts descriptions of these types."""
        kinds = tuple(_KINDS_OF[one] for one in accepts if one in _KINDS_OF)
        if len(accepts) == 1 and kinds not in ((), ("list",)):
            return cls(kind=kinds[0]) if kinds[0] != "any" else cls(types=kinds)
        return cls(types=kinds if len(kinds) == len(accepts) else ())

    def arguments(self, seed: int) -> list[tuple[Any, ...]]:
        """One call with other inputs than those that decide: enough to see whether the function answers at all."""
        return [draw(self.args, f"{seed}/form")] if self.kind == "function" and self.args else []

    def problem(self, value: Any, name: str, results: tuple[Any, ...] = ()) -> Malformed | None:
        """What keeps `value`, handed in as `name`, from being an answer. `results`: what the function returned."""
        match self.kind:
            case "any":
                there = [kind for one, kind in _KINDS_OF.items() if isinstance(value, one)]
                if not self.types or set(there) & set(self.types):
                    return None
                return Malformed(self.said, _not_called(value, self.types[0], name))
            case "choice":
                return self._not_among(value, name)
            case "array" if isinstance(value, ListDescription):
                return None if as_array(value) is not value else Malformed(_(NAMES[self.kind]), _(_NO_ARRAY, of=name))
            case "array" | "function" | "network" | "dictionary" | "table" | "figure" | "object":
                kinds = [kind for kind, called in _KINDS_OF.items() if called == self.kind]
                if not isinstance(value, tuple(kinds)):
                    return Malformed(_(NAMES[self.kind]), _not_called(value, self.kind, name))
                return next(filter(None, map(bad_result, results)), None)
        try:
            actual = plain(value)
        except TypeError:
            return Malformed(_(NAMES[self.kind]), _should_be(value, name, self.kind))
        if actual is None and self.kind not in _OF_EVALUATE:
            return Malformed(_(_AN_ANSWER), _("Set `{of}` to your answer.", of=name))
        return (
            None if has_form(actual, self.kind) else Malformed(_(NAMES[self.kind]), _should_be(value, name, self.kind))
        )

    def expectations(self) -> frozenset[str]:
        """All that `problem` may say is wanted: no more than the form."""
        kinds = [kind for kind in (self.kind, *self.types) if kind in NAMES]
        return frozenset({self.said, *(_(NAMES[kind]) for kind in kinds), self._answers(), _(_AN_ANSWER), _(_NUMBERS)})

    def _answers(self) -> str:
        return _("one of {answers}", answers=", ".join(map(_as_typed, self.among)))

    def _not_among(self, value: Any, name: str) -> Malformed | None:
        if isinstance(value, ScalarDescription) and chosen_among(value.value, self.among) is not None:
            return None
        if isinstance(value, ListDescription) and value.items:
            lone = [at for at, one in enumerate(value.items) if self._not_among(one, name) is None]
            if len(lone) == 1:
                return Malformed(self._answers(), _(_TAKE_ONE, of=name, number=lone[0]))
        return Malformed(self._answers(), _("Set `{of}` to one of them.", of=name))


def _as_typed(answer: Any) -> str:
    """An answer as a student types it: a number needs no quotes, whatever course.yml writes."""
    with contextlib.suppress(ValueError, TypeError):
        return f"{float(answer):g}"
    return repr(answer)


def _should_be(value: Any, name: str, kind: str) -> str:
    samples = isinstance(value, ArrayDescription) and value.shape[:1] > (_MOST_EVALUATED,)
    if kind in _OF_EVALUATE and samples and value.shape[1:] in ((), (1,)):
        return _("`{of}` holds a number for each sample: np.mean(...) makes one of them.", of=name)
    if (
        kind in _OF_EVALUATE
        and not samples
        and isinstance(value, (ListDescription, ArrayDescription, MappingDescription))
    ):
        metric = _(_OF_EVALUATE[kind])
        return _("model.evaluate(...) returns the loss and the metrics: take the {metric}.", metric=metric)
    if kind in ("list", "lists", "pair") and (lone := _lone_number(value)) is not None:
        return _("({number}) is a number: with a comma, ({number},), it is a tuple of one.", number=lone)
    if kind in ("text", "integer", "number", "boolean") and isinstance(value, ListDescription):
        fitting = [
            at for at, one in enumerate(value.items) if isinstance(one, ScalarDescription) and has_form(one.value, kind)
        ]
        if len(fitting) == 1:
            return _(_TAKE_ONE, of=name, number=fitting[0])
    return _("`{of}` should be {form}.", of=name, form=_(NAMES[kind]))


def _lone_number(value: Any) -> int | None:
    """A whole number where a tuple of one was meant: ``(100)`` by itself, or among tuples."""
    items: tuple[Any, ...] = value.items if isinstance(value, ListDescription) else (value,)
    numbers = [one.value for one in items if isinstance(one, ScalarDescription) and type(one.value) is int]
    return numbers[0] if numbers and (len(items) == 1 or len(numbers) < len(items)) else None


def _not_called(value: Any, kind: str, name: str) -> str:
    if isinstance(value, ScalarDescription) and value.value is None:
        return _(
            "`{of}` is None: add(), compile() and print() return nothing, so don't assign what they return.", of=name
        )
    if kind != "function" and isinstance(value, FunctionDescription):
        return _("`{of}` is a function: hand in what it returns.", of=name)
    if kind == "array" and isinstance(value, ScalarDescription) and isinstance(value.value, (int, float)):
        return _("`{of}` is one number, and many are asked for: np.argmax, np.sum and the like make one of a whole array unless they are given axis=....", of=name)  # fmt: skip
    return _(_NO_NETWORK.get(_type_of(value), ""), of=name) if kind == "network" else ""


_NO_NETWORK = {
    "History": N_("`{of}` is what fit() returns, the history of the training: hand in the network itself."),
    "KerasTensor": N_("`{of}` is what layers give: keras.Model(inputs, outputs) makes a network of it."),
    "type": N_("`{of}` is a class: with brackets it makes a network, as in keras.Sequential([...])."),
    "layer": N_("`{of}` is no network yet: keras.Sequential([...]) makes one of layers."),
}


def _type_of(value: Any) -> str:
    """The class of what is neither network nor number, by its name; ``layer`` for layers, also for a list of them."""
    while isinstance(value, ListDescription) and value.items:
        value = value.items[0]
    made = value.made if isinstance(value, ObjectDescription) else value
    return "layer" if isinstance(made, LayerDescription) else str(getattr(made, "type", ""))


def nothing_returned(value: Any) -> str:
    """What to say of a function that ``builds`` called, and that gave nothing; '' of all else."""
    made = built(value)
    empty = isinstance(made, ScalarDescription) and made.value is None
    return _(RETURNS_NOTHING) if empty and made is not value else ""


def bad_result(result: Any) -> Malformed | None:
    """Why a function's `result` can't be right: it raised, forgot to return, or returned what isn't made of numbers."""
    numbers = _(_NUMBERS)
    if isinstance(result, FailureDescription):
        text = " ".join(result.message.split())
        return Malformed(numbers, for_error(result.error, result.message), f"{result.error}: {text}"[:300])
    if isinstance(result, ScalarDescription) and result.value is None:
        return Malformed(numbers, _(RETURNS_NOTHING), "None")
    if not _is_numeric(result):
        return Malformed(numbers, _("The function should return numbers, or arrays of them."))
    return None


def _is_numeric(value: Any) -> bool:
    match value:
        case ScalarDescription():
            return type(value.value) in (int, float)
        case ListDescription():
            return all(map(_is_numeric, value.items))
        case ArrayDescription():
            return value.dtype.startswith(("int", "uint", "float"))
    return False
