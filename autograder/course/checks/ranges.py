"""Bounds: one value or several that are accepted, in course.yml and in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Discriminator, Tag, model_validator

from autograder.common.i18n import _
from autograder.common.models import Written

ACCURACY = "accuracy"


def within(value: float, at_least: float | None, at_most: float | None) -> bool:
    """Whether a number lies between bounds, which belong to it; NaN lies nowhere."""
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most) and value == value


def between(at_least: float | None, at_most: float | None) -> str:
    """Bounds in words."""
    if at_least is not None and at_most is not None:
        return _("{low:g} to {high:g}", low=at_least, high=at_most)
    if at_least is not None:
        return _("at least {low:g}", low=at_least)
    return _("at most {high:g}", high=at_most)


SHARES = (ACCURACY, "r2", "r2_score", "explained_variance_score", "accuracy_score", "balanced_accuracy", "balanced_accuracy_score",
          "f1_score", "f1_macro", "precision_score", "recall_score", "roc_auc_score")  # fmt: skip


def out_of_reach(metric: str, at_least: float | None, at_most: float | None) -> str:
    """Why no `metric` lies between these bounds; '' where it can."""
    if at_least is not None and at_most is not None and at_least > at_most:
        return _("at_least is {low}, more than at_most, {high}", low=at_least, high=at_most)
    if metric in SHARES and at_least is not None and at_least > 1:
        return _("{metric} is 1 at the most, and at_least is {low:g}: write 90 % as 0.9", metric=metric, low=at_least)
    if metric not in SHARES and at_most is not None and at_most < 0:
        return _("{metric} is never below 0, and at_most is {high:g}", metric=metric, high=at_most)
    return ""


class Aim(NamedTuple):
    """What a network must reach: `metric`, measured by the grader on `split`, between bounds that belong to it."""

    metric: str
    split: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def key(self) -> str:
        """What it is measured under: the split, and the metric where that is not accuracy."""
        return self.split if self.metric == ACCURACY else f"{self.split} {self.metric}"

    @property
    def threshold(self) -> float:
        """The bound that counts where one number is to say it."""
        bound = self.at_least if self.at_least is not None else self.at_most
        assert bound is not None
        return bound

    def reached(self, value: float) -> bool:
        return within(value, self.at_least, self.at_most)

    def distance(self, value: float) -> float:
        """How far inside of the nearer bound `value` lies; negative outside."""
        inside = [value - self.at_least] if self.at_least is not None else []
        inside += [self.at_most - value] if self.at_most is not None else []
        return min(inside)


class Range(Written):
    """What a setting may be: between two bounds, or one of several."""

    at_least: float | None = None
    at_most: float | None = None
    any_of: tuple[Any, ...] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> Range:
        bounds = (self.at_least, self.at_most) != (None, None)
        if bounds == bool(self.any_of):
            raise ValueError(_("give either bounds, 'at_least' and 'at_most', or 'any_of'"))
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(_("at_least is {low}, more than at_most, {high}", low=self.at_least, high=self.at_most))
        return self

    def holds(self, value: Any, same: Callable[[Any, Any], bool]) -> bool:
        """Whether `value`, or each length of a tuple, is accepted; `same` compares it with one of several."""
        if self.any_of:
            return any(same(value, one) for one in self.any_of)
        numbers = value if isinstance(value, tuple) else (value,)
        return all(type(one) in (int, float) and within(one, self.at_least, self.at_most) for one in numbers)

    def __str__(self) -> str:
        if self.at_least is not None and self.at_least == self.at_most:
            return f"{self.at_least:g}"
        return _(" or ").join(map(str, self.any_of)) if self.any_of else between(self.at_least, self.at_most)


def _sort(value: Any) -> str:
    return "range" if isinstance(value, (dict, Range)) else "one"


_Value = TypeVar("_Value")
One = Annotated[Annotated[_Value, Tag("one")] | Annotated[Range, Tag("range")], Discriminator(_sort)]
