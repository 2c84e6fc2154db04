"""A check on the callbacks that ``fit`` was given: the kernel's word, where `learning_rates` and `epochs` are seen by what comes of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from autograder.common.i18n import N_, _
from autograder.common.keras_tables import class_names
from autograder.common.models import Written
from autograder.common.results import Status
from autograder.common.wire.description import Component, FitRecord
from autograder.course.checks.base import Facts, Verdict, failed, passed, undecided
from autograder.course.checks.in_words import made_text, wrong_texts
from autograder.course.checks.networks.object_settings import Made, asked_text, unknown_class, unlike
from autograder.course.checks.trainings.training import FitCheck

GIVE = N_("A callback acts only where fit() is given it: fit(..., callbacks=[...]).")
EVERY = N_("Every call of fit() counts: give it to each, or train a fresh network in one call.")


class OneOf(Written):
    """One of several: any of them will do."""

    any_of: tuple[Made, ...] = Field(min_length=2)


def _sort(value: Any) -> str:
    several = isinstance(value, OneOf) or (isinstance(value, dict) and "any_of" in value and "type" not in value)
    return "several" if several else "made"


class Callbacks(FitCheck):
    """Callbacks that every call of `fit` on this network was given, among others, by class and settings."""

    type: Literal["callbacks"] = "callbacks"
    includes: tuple[
        Annotated[Annotated[Made, Tag("made")] | Annotated[OneOf, Tag("several")], Discriminator(_sort)], ...
    ]
    asks = ("includes",)

    def problem(self) -> str:
        known = class_names.callbacks()
        problems = (unknown_class(one.type, one.settings, known) for each in self.includes for one in choices(each))
        return (
            next(filter(None, problems), "")
            or wrong_texts("includes", tuple(map(_asked, self.includes)))
            or super().problem()
        )

    def describe(self) -> str:
        asked = ", ".join(map(_asked, self.includes))
        return _("Trained with the callbacks {asked}", asked=asked)

    def judge(self, fits: tuple[FitRecord, ...], facts: Facts) -> Verdict:
        calls = [given for fit in fits for given in fit.callbacks]
        doubts: list[Verdict] = []
        for wanted in self.includes:
            for number, given in enumerate(calls, start=1):
                problem = _lacking(given, wanted)
                if problem and problem.status is Status.FAILED:
                    if len(calls) == 1 or problem.hint != _(GIVE):
                        return problem
                    here = _(
                        "{given} in call {number} of {count}", given=problem.actual, number=number, count=len(calls)
                    )
                    elsewhere = any(_lacking(other, wanted) is None for other in calls)
                    return failed(problem.expected, here, _(EVERY if elsewhere else GIVE))
                doubts += [problem] if problem else []
        return doubts[0] if doubts else passed("; ".join(dict.fromkeys(map(_shown, calls))))


def choices(asked: Made | OneOf) -> tuple[Made, ...]:
    return asked.any_of if isinstance(asked, OneOf) else (asked,)


def _asked(wanted: Made | OneOf) -> str:
    return _(" or ").join(asked_text(one.type, one.settings) for one in choices(wanted))


def _lacking(given: tuple[Component, ...], wanted: Made | OneOf) -> Verdict | None:
    """Why none of the callbacks of a call is what is wanted; None where one is. Of several: what is wrong with one that was given."""
    found = [_lacks(given, one) for one in choices(wanted)]
    if None in found:
        return None
    told = [one for one in found if one is not None]
    doubt = next((one for one in told if one.status is Status.UNDECIDED), None)
    near = next((one for one in told if one.hint != _(GIVE)), told[0])
    return doubt or near._replace(expected=_asked(wanted))


def _lacks(given: tuple[Component, ...], wanted: Made) -> Verdict | None:
    expected = asked_text(wanted.type, wanted.settings)
    same = [one for one in given if one.type == wanted.type]
    if not same:
        return failed(expected, _shown(given), _(GIVE))
    found = [
        undecided(one.custom) if one.custom else unlike(one, wanted.settings, expected, made_text(one, wanted.settings))
        for one in same
    ]
    if None in found:
        return None
    return next((one for one in found if one and one.status is Status.UNDECIDED), found[0])


def _shown(given: tuple[Any, ...]) -> str:
    return ", ".join(made_text(one) for one in given) or _("no callbacks")
