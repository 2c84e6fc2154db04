"""Checks on what libraries make: tables of pandas, figures of matplotlib, objects of Keras and scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from autograder.common.hints.for_errors import meant_inside
from autograder.common.i18n import N_, _
from autograder.common.keras_tables import class_names
from autograder.common.models import Written, wrong_at
from autograder.common.wire.description import (
    AxesDescription,
    Component,
    FigureDescription,
    ObjectDescription,
    Sort,
    TableDescription,
)
from autograder.course.checks.answers.functions import defines, same_numbers
from autograder.course.checks.answers.values import equal, tidied
from autograder.course.checks.base import Check, Facts, InCourse, Verdict, failed, passed, show, undecided
from autograder.course.checks.forms import Form
from autograder.course.checks.in_words import TRAIN_IT, made_text
from autograder.course.checks.networks.object_settings import (
    Made,
    same_made,
    unknown_class,
    unlike,
    wanted_text,
)
from autograder.course.checks.one_of import OneOfMade
from autograder.course.checks.plain_values import plain, tuples

Count = Annotated[int, Field(ge=0)]


class Table(Check):
    """A DataFrame's columns, what they hold, its number of rows, and its numbers."""

    type: Literal["table"] = "table"
    columns: tuple[str, ...] = ()
    others: Literal["none", "any"] = "none"
    kinds: dict[str, Sort] = Field(default={})
    rows: Annotated[int, Field(gt=0)] | None = None
    reference: InCourse = InCourse("")
    tolerance: float = Field(default=1e-5, ge=0, lt=1)
    accepts = (TableDescription,)
    wanted = N_("a table, made with pandas")
    asks = ("columns", "kinds", "rows", "reference")

    def form(self) -> Form:
        return Form(kind="table")

    def describe(self) -> str:
        parts = [_("with the columns {columns}", columns=", ".join(self.columns))] if self.columns else []
        parts += [_("{column} holds {kind}", column=column, kind=kind) for column, kind in self.kinds.items()]
        parts += [_("of {rows} rows", rows=self.rows)] if self.rows is not None else []
        parts += [_("with the right numbers")] if self.reference else []
        return _("`{of}` is a table {parts}", of=self.of, parts=", ".join(parts))

    def problem(self) -> str:
        strange = next((name for name in self.kinds if self.columns and name not in self.columns), "")
        if strange and self.others == "none":
            said = _("'kinds' names {name}, which is none of its columns", name=strange)
            return f"{said}: {meant_inside(strange, list(self.columns))}"
        return ""

    def missing(self, root: Path) -> str:
        return defines(self.reference, root)

    def decide(self, value: Any, facts: Facts) -> Verdict:
        there = tuple(value.columns)
        lacking = [name for name in (*self.columns, *self.kinds) if name not in there]
        if lacking:
            return failed(
                ", ".join(self.columns or self.kinds),
                ", ".join(there),
                _("Look for {name}: no column is called so.", name=lacking[0]),
            )
        if self.columns and self.others == "none" and there != self.columns:
            return failed(
                ", ".join(self.columns), ", ".join(there), _("The columns should be these alone, in this order.")
            )
        for name, kind in self.kinds.items():
            if value.columns[name] != kind:
                return failed(
                    f"{name}: {kind}", f"{name}: {value.columns[name]}", _("astype() makes another type of a column.")
                )
        if self.rows is not None and value.rows != self.rows:
            return failed(
                self.rows, value.rows, _("dropna() and boolean masks change the number of rows: which of them ran?")
            )
        return self._compared(value, facts) if self.reference else passed(show(value))

    def _compared(self, table: TableDescription, facts: Facts) -> Verdict:
        for name, wanted in dict(facts.lab.reference(self.reference)()).items():
            if name not in table.columns:
                return failed(name, ", ".join(table.columns))
            if name not in table.values:
                return undecided(_("the column {name} is too large to be compared, or holds no numbers", name=name))
            if not _same_column(table.values[name], np.asarray(wanted), self.tolerance):
                return failed(_("the right numbers"), _("other numbers in {name}", name=name))
        return passed(show(table))


def _same_column(given: Any, wanted: np.ndarray[Any, Any], tolerance: float) -> bool:
    if wanted.dtype.kind in "biuf":
        return same_numbers(given, wanted.astype(float), tolerance)
    try:
        return equal(plain(given), tuples(wanted.tolist()), tolerance)
    except TypeError:
        return False


Written_ = bool | str | tuple[str, ...]


class Drawing(Written):
    """What one drawing of a figure should have: a text by itself, any text (`true`), or one of several."""

    title: Written_ = False
    xlabel: Written_ = False
    ylabel: Written_ = False
    xscale: Literal["linear", "log"] | None = None
    yscale: Literal["linear", "log"] | None = None
    lines: Count = 0
    points: Count = 0
    bars: Count = 0
    scatters: Count = 0
    images: Count = 0
    legend: bool = False

    @model_validator(mode="after")
    def _asks_something(self) -> Drawing:
        if not any(getattr(self, key) for key in type(self).model_fields):
            raise ValueError(_("this drawing asks nothing: give it {keys}", keys=", ".join(type(self).model_fields)))
        for key in ("title", "xlabel", "ylabel"):
            if str(getattr(self, key)).casefold() in ("yes", "no", "on", "off"):
                raise wrong_at(((key,), _("this is a text here: write `true` where there should be any")))
        return self

    def lacks(self, axes: AxesDescription) -> list[str]:
        """What isn't there, in words."""
        found = []
        for key in ("title", "xlabel", "ylabel"):
            wanted, given = getattr(self, key), getattr(axes, key)
            texts = (wanted,) if isinstance(wanted, str) else wanted
            if texts is True:
                found += [] if given.strip() else [_("its {key} is empty", key=key)]
            elif texts and tidied(given) not in map(tidied, texts):
                found.append(
                    _(
                        "its {key} is {found!r}, and should be {wanted}",
                        key=key,
                        found=given,
                        wanted=_(" or ").join(map(repr, texts)),
                    )
                )
        for key in ("xscale", "yscale"):
            if (wanted := getattr(self, key)) and getattr(axes, key) != wanted:
                found.append(
                    _(
                        "its {key} is {found!r}, and should be {wanted}",
                        key=key,
                        found=getattr(axes, key),
                        wanted=repr(wanted),
                    )
                )
        for key in ("lines", "points", "bars", "scatters", "images"):
            if getattr(axes, key) < getattr(self, key):
                found.append(
                    _("{key}: {found} of {wanted}", key=key, found=getattr(axes, key), wanted=getattr(self, key))
                )
        if self.legend and not axes.legend:
            found.append(_("it has no legend; give each line a label, and call legend()"))
        return found

    def __str__(self) -> str:
        asked = {key: value for key in type(self).model_fields if (value := getattr(self, key))}
        shown = {key: _(" or ").join(value) if isinstance(value, tuple) else value for key, value in asked.items()}
        return ", ".join(key if value is True else f"{key}: {value}" for key, value in shown.items())


class Figure(Check):
    """What is drawn and written in a figure: for each of `drawings` there is one that has all of it."""

    type: Literal["figure"] = "figure"
    drawings: tuple[Drawing, ...]
    accepts = (FigureDescription,)
    wanted = N_("a figure of matplotlib")
    asks = ("drawings",)

    def form(self) -> Form:
        return Form(kind="figure")

    def describe(self) -> str:
        return _("`{of}` shows {drawings}", of=self.of, drawings="; ".join(map(str, self.drawings)))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        if len(value.axes) < len(self.drawings):
            hint = _(
                "Hand the figure in with the cell that draws it: plt.show() ends it, and plt.gcf() then makes an empty one."
            )
            return failed(len(self.drawings), show(value), hint if not value.axes else "")
        for drawing in self.drawings:
            lacking = min(
                (drawing.lacks(axes) for axes in value.axes),
                key=lambda found: (sum(":" in one for one in found), len(found)),
            )
            if lacking:
                return failed(str(drawing), "; ".join(lacking))
        return passed(show(value))


def _is(step: Any, wanted: Made) -> bool:
    return isinstance(step, Component) and step.type == wanted.type and same_made(step, wanted, "")


class Object(OneOfMade):
    """An object of Keras or scikit-learn by its class and what it was made with: a callback, schedule, optimizer or estimator."""

    type: Literal["object"] = "object"
    fitted: bool = False
    accepts = (ObjectDescription,)
    wanted = N_("an object of Keras or scikit-learn")

    def form(self) -> Form:
        return Form(kind="object")

    def wrong_alone(self) -> str:
        return unknown_class(self.equals, self.settings, class_names.objects())

    def describe(self) -> str:
        fitted = _(", trained with fit()") if self.fitted else ""
        return _("`{of}` is {value}", of=self.of, value=self.asked() + fitted)

    def class_given(self, value: Any) -> str:
        return str(value.made.type)

    def decide_alone(self, value: Any, facts: Facts) -> Verdict:
        expected, actual = self.asked_alone(), made_text(value.made, self.settings)
        if value.made.custom:
            return undecided(value.made.custom)
        if value.made.type != self.equals:
            hint = _("`{of}` is another object: hand in the {type} itself, and not what it found or holds.", of=self.of, type=self.equals)  # fmt: skip
            return failed(expected, actual, hint)
        for key, wanted in self.settings.items():
            if value.made.type == "Pipeline" and isinstance(wanted, Made) and key not in value.made.settings:
                if any(_is(one, wanted) for one in value.made.settings.values()):  # a step that was given another name
                    continue
                return failed(expected, actual, _("It has no step like {step}.", step=wanted_text(wanted)))
            if problem := unlike(value.made, {key: wanted}, expected, actual):
                return problem
        if self.fitted and not value.fitted:
            return failed(expected, actual, _(TRAIN_IT))
        return passed(actual)
