"""Checks on plain values."""

from __future__ import annotations

import contextlib
import math
import unicodedata
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from autograder.common.i18n import N_, _
from autograder.common.showing.readable import as_yaml, shorten
from autograder.common.wire.description import ArrayDescription, ListDescription, MappingDescription, ScalarDescription
from autograder.course.checks.base import Check, Facts, Verdict, failed, malformed, passed, show
from autograder.course.checks.forms import Form
from autograder.course.checks.in_words import other_keys
from autograder.course.checks.plain_values import MOST, chosen, chosen_among, has_form, kind_of, leaves, plain, tuples
from autograder.course.checks.ranges import between, within
from autograder.course.habits import read_as_number

Scalar = bool | int | float | str | None
Plain = Scalar | tuple[Any, ...]


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
    if isinstance(wanted, str) and isinstance(actual, str):
        return actual.strip() == wanted.strip()
    return type(actual) is type(wanted) and bool(actual == wanted)


class ValueCheck(Check):
    """A value the student worked out: a number (within `tolerance`, or between bounds), a text, a truth value, or a list of
    them; `any_of` accepts several answers."""

    type: Literal["value"] = "value"
    equals: Plain = None
    any_of: tuple[Plain, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    tolerance: float = Field(default=0.0, ge=0, lt=1)
    kind: Literal["integer", "number", "boolean", "text", "list", "pair", "lists", "any"] = "any"
    accepts = (ScalarDescription, ListDescription, ArrayDescription)
    wanted = N_("a plain value")

    def describe(self) -> str:
        if not self.answers:
            return _("`{of}` is {value}", of=self.of, value=between(self.at_least, self.at_most))
        return _("`{of}` is {value}", of=self.of, value=self._shown(str))

    @property
    def answers(self) -> tuple[Any, ...]:
        """What is accepted; none where bounds say it."""
        bounds = (self.at_least, self.at_most) != (None, None)
        given = "equals" in self.model_fields_set and not (self.equals is None and (bounds or self.any_of))
        return (*((tuples(self.equals),) if given else ()), *map(tuples, self.any_of))

    def _shown(self, form: Callable[[Any], str]) -> str:
        return _(" or ").join(map(form, self.answers))

    def form(self) -> Form:
        kinds = {kind_of(answer) for answer in self.answers} or {"number"}
        return Form(kind=self.kind if self.kind != "any" else kinds.pop() if len(kinds) == 1 else "any")

    def problem(self) -> str:
        bounds = (self.at_least, self.at_most) != (None, None)
        if not bounds and not self.answers:
            return _("this check asks nothing: give it {keys}", keys="'equals', 'any_of', 'at_least', 'at_most'")
        if (bounds and self.answers) or (self.any_of and len(self.answers) > len(self.any_of)):
            return _("give either 'equals', 'any_of' or bounds")
        if bounds and (self.tolerance or self.kind not in ("any", "number", "integer")):
            return _("bounds are of a number, and have no tolerance")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            return _("at_least is {low}, more than at_most, {high}", low=self.at_least, high=self.at_most)
        answered = leaves(self.answers)
        if any(isinstance(leaf, float) and not math.isfinite(leaf) for leaf in answered):
            return _("equals must be finite: no value equals {value}", value=self._shown(str))
        numbers = [leaf for leaf in answered if isinstance(leaf, str) and read_as_number(leaf)]
        if numbers and self.kind != "text":
            said = N_("{value} is a text, and no number: a text like that is asked for by `kind: text`")
            return _(said, value=as_yaml(numbers[0]))
        if not all(has_form(answer, self.kind) for answer in self.answers):
            return _("equals is {value}, which is not of the kind '{kind}'", value=self._shown(as_yaml), kind=self.kind)
        if any(isinstance(leaf, dict) for leaf in answered):
            return _(
                "a value is a number, a text, true or false, null, or a list of them: {value}",
                value=self._shown(as_yaml),
            )
        if self.tolerance and not any(type(leaf) in (int, float) for leaf in answered):
            return _("only numbers have a tolerance, and equals is {value}", value=self._shown(as_yaml))
        return ""

    def decide(self, value: Any, facts: Facts) -> Verdict:
        expected = self._shown(repr) if self.answers else between(self.at_least, self.at_most)
        try:
            actual = plain(value, max(MOST, len(leaves(self.answers))))
        except TypeError:
            return failed(expected, show(value))
        if self.answers:
            right = any(equal(actual, answer, self.tolerance) for answer in self.answers)
        else:
            right = has_form(actual, "number") and within(actual, self.at_least, self.at_most)
        if (
            self.answers and _has_text(actual) and not any(map(_has_text, self.answers))
        ):  # none of the answers, whatever they are
            hint = _("None, True and numbers stand without quotes: in quotes they are texts.")
            return malformed("", shorten(repr(actual)), hint)
        return passed(shorten(repr(actual))) if right else failed(expected, shorten(repr(actual)))


def _has_text(value: Any) -> bool:
    return any(isinstance(leaf, str) for leaf in leaves(value))


class TextCheck(Check):
    """A text in the student's own words, where capitals, blanks, quotes, a full stop and the way that letters are encoded don't
    matter; any of the answers counts."""

    type: Literal["text"] = "text"
    equals: str | tuple[str, ...]
    accepts = (ScalarDescription,)
    wanted = N_("a text, in quotes")
    asks = ("equals",)

    @property
    def answers(self) -> tuple[str, ...]:
        return (self.equals,) if isinstance(self.equals, str) else self.equals

    def describe(self) -> str:
        return _("`{of}` is {value}", of=self.of, value=_(" or ").join(map(repr, self.answers)))

    def problem(self) -> str:
        return "" if all(map(tidied, self.answers)) else _("one of the answers is empty")

    def form(self) -> Form:
        return Form(kind="text")

    def decide(self, value: Any, facts: Facts) -> Verdict:
        if tidied(value.value) in map(tidied, self.answers):
            return passed(shorten(repr(value.value)))
        return failed(_(" or ").join(map(repr, self.answers)), shorten(repr(value.value)))


def tidied(text: str) -> str:
    """A text without what people write differently: "  L2 Regularisation. " is "l2 regularisation"."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(text.split()).strip("'\"`.!?。 ")


class Choice(Check):
    """One of a few answers; without `equals` any of them counts, as of a prediction. Capitals, blanks, underscores and
    quotes don't matter, and neither does 2.0 or "2" for 2."""

    type: Literal["choice"] = "choice"
    equals: bool | int | str | None = None
    among: tuple[bool | int | str, ...]
    accepts = (ScalarDescription, ListDescription, ArrayDescription)
    wanted = N_("one of the answers")
    asks = ("among",)

    def describe(self) -> str:
        if self.equals is None:
            return _("`{of}` is one of {answers}", of=self.of, answers=", ".join(map(repr, self.among)))
        return _("`{of}` is {value}", of=self.of, value=repr(self.equals))

    def problem(self) -> str:
        if any(isinstance(answer, bool) for answer in (self.equals, *self.among)):
            return _("YAML reads true and false as truth values: put them in quotes")
        known = [chosen(answer) for answer in self.among]
        if len(known) == 1:
            return _("'among' has one answer alone: there is nothing to choose")
        if len(set(known)) < len(known):
            return _("two answers of 'among' are the same")
        if self.equals is not None and chosen(self.equals) not in known:
            return _(
                "equals is {answer!r}, which is not among {answers}",
                answer=self.equals,
                answers=", ".join(map(repr, self.among)),
            )
        return ""

    def form(self) -> Form:
        return Form(kind="choice", among=self.among)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        right = self.equals is None or chosen_among(value.value, self.among) == chosen(self.equals)
        return passed(repr(value.value)) if right else failed(repr(self.equals), repr(value.value))


class Keys(Check):
    """A dictionary with at least these keys."""

    type: Literal["keys"] = "keys"
    keys: tuple[str, ...]
    asks = ("keys",)
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
            "" if self.hidden else other_keys(missing, [one for one in value.items if one not in self.keys]),
        )


AT_LEAST = N_("numbers of at least {number} networks")  # too few to compare say nothing


def _number_in(item: Any) -> Any:
    """The number that an entry holds: written as a text, '88.00%', alone in a list, or behind the loss in what evaluate() returns.

    What form it should have, other checks say: nobody loses for it twice.
    """
    match item:
        case ScalarDescription(value=str() as text):
            with contextlib.suppress(ValueError):
                return float(text.strip().rstrip("%"))
        case ScalarDescription():
            return item.value
        case ListDescription(items=(*_before, last)):
            return _number_in(last)
        case ArrayDescription(data=data) if data is not None and data.size and data.dtype.kind in "iuf":
            return float(data.flat[-1])
        case MappingDescription(items=items) if metrics := [one for name, one in items.items() if name != "loss"]:
            return _number_in(metrics[-1])
    return None


class Winner(Check):
    """The key of the largest number of a dictionary that was handed in as well."""

    type: Literal["winner"] = "winner"
    results: str
    enough: int = Field(default=1, gt=0)
    accepts = (ScalarDescription,)
    wanted = N_("a key of the dictionary")
    values_named = ("results",)

    def form(self) -> Form:
        return Form(kind="text")

    def describe(self) -> str:
        return _("`{of}` is the key of the best of `{results}`", of=self.of, results=self.results)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        results = facts.of(self.results)
        if not isinstance(results, MappingDescription):
            return failed(_("a dictionary of numbers"), show(results))
        numbers: dict[str, Any] = {key: _number_in(item) for key, item in results.items.items()}
        if not numbers or any(type(number) not in (int, float) or math.isnan(number) for number in numbers.values()):
            return failed(_("a dictionary of numbers"), show(results))
        if len(numbers) < self.enough:
            return failed(_(AT_LEAST, number=self.enough), show(results))
        best = max(numbers.values())
        winners = [key for key, number in numbers.items() if number == best]
        if value.value not in winners:
            hint = _("max(results, key=results.get) finds it.")
            return failed(_(" or ").join(map(repr, winners)), shorten(repr(value.value)), hint)
        if value.by_chance:
            hint = _("Right only by luck: with another best number your code finds the same key. max(results, key=results.get) looks at the numbers.")  # fmt: skip
            return failed(_("a key that is found by its number"), shorten(repr(value.value)), hint)
        return passed(repr(value.value))
