"""An assignment of course.yml and its questions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator, model_validator

from autograder.common.i18n import _
from autograder.common.models import KeyPath, Written, wrong_at
from autograder.common.showing.nearest_name import nearest
from autograder.course.checks.base import Check, Localised
from autograder.course.checks.manual import Criterion
from autograder.course.checks.registry import parse
from autograder.course.checks.trainings.accuracy import OnSplit
from autograder.course.meant import word
from autograder.course.settings import DataSettings

GRADE_ID = r"^[a-z][a-z0-9_]{0,39}$"  # fits nbgrader's grade ids and file names
_EXAMPLE = "2027-03-14T23:59:00+09:00"
_FIRST_YEAR = 2024  # Keras 3 is no older; courses that are over still load


class Question(Written):
    title: Localised
    points: float = Field(gt=0)
    hints: tuple[Localised, ...] = Field(default=(), max_length=3)
    manual: bool = False
    rubric: tuple[Criterion, ...] = Field(default=(), exclude=True)  # it changes no report
    checks: tuple[Annotated[SerializeAsAny[Check], BeforeValidator(parse)], ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _by_hand(cls, declared: Any) -> Any:
        """What people grade has one check, which says so."""
        if isinstance(declared, dict) and "manual" not in declared:
            known = [*cls.model_fields]
            meant = [key for key in declared if key not in known and word(str(key), ["manual"])]
            if meant:
                said = "; ".join((_("this key is not known here"), _("did you mean '{guess}'?", guess="manual")))
                raise wrong_at(((meant[0],), said))
        if not isinstance(declared, dict) or not declared.get("manual"):
            if isinstance(declared, dict) and declared.get("rubric"):
                raise wrong_at(
                    (("rubric",), _("a rubric is of a question with `manual: true`, or of a check of the type manual"))
                )
            return declared
        checks = declared.get("checks") or ()
        if any(not isinstance(check, dict) or check.get("type") != "manual" for check in checks):
            said = _(
                "a question with `manual: true` has no checks: a person grades all of it. A check of the type manual is one among others"
            )
            raise wrong_at((("checks",), said))
        if declared.get("hints"):
            raise wrong_at(
                (
                    ("hints",),
                    _("check.hint() shows hints, and what a person grades isn't checked: write them into the text"),
                )
            )
        own = {"type": "manual", "points": declared.get("points", 1)}
        return {**declared, "checks": checks or [own]}

    @model_validator(mode="after")
    def _consistent(self) -> Question:
        total = round(sum(check.points for check in self.checks), 6)
        if total != self.points:
            said = _("the points of its checks add up to {total}, and its points are {points}", total=f"{total:.10g}", points=f"{self.points:.10g}")  # fmt: skip
            raise wrong_at((("points",), said))
        rubric = round(sum(criterion.points for criterion in self.rubric), 6)
        if rubric and rubric != self.points:
            said = _("the points of its rubric add up to {total}, and its points are {points}", total=f"{rubric:.10g}", points=f"{self.points:.10g}")  # fmt: skip
            raise wrong_at((("rubric",), said))
        seen: list[str] = []
        for number, check in enumerate(self.checks):
            place: KeyPath = ("checks", number)
            if re.search(r"[\s.]", check.id):
                said = _("'{id}' can't be a check's name: leave blanks and dots out", id=check.id)
                raise wrong_at(((*place, "id"), said))
            if check.id in seen:
                raise wrong_at((place, _("two checks are called '{id}': give each an id of its own", id=check.id)))
            for need in check.needs:
                if need not in seen:
                    guess = nearest(need, seen)
                    known = (
                        _("did you mean '{guess}'?", guess=guess)
                        if guess
                        else _("the checks before it are {seen}", seen=", ".join(seen) or _("none"))
                    )
                    said = _("check '{id}' needs '{need}', which is not a check before it: {known}", id=check.id, need=need, known=known)  # fmt: skip
                    raise wrong_at(((*place, "needs"), said))
            if check.hidden and check.title is None:
                said = _("check '{id}' is hidden and has no title: its own would tell what it expects", id=check.id)
                raise wrong_at((place, said))
            seen.append(check.id)
        return self

    def visible(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.hidden)

    def hidden(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.hidden)

    def first_name(self) -> str:
        """The name that an unnamed value is handed in under."""
        return self.checks[0].of


class Assignment(Written):
    """`data`: what it is on, where that is not what the course is on."""

    title: Localised
    due: dt.datetime
    data: DataSettings | None = Field(default=None, exclude=True)  # `Course.on` says it
    questions: dict[Annotated[str, Field(pattern=GRADE_ID)], Question] = Field(min_length=1)

    @field_validator("due", mode="before")
    @classmethod
    def _is_a_time(cls, due: Any) -> dt.datetime:
        try:
            time = due if isinstance(due, dt.datetime) else dt.datetime.fromisoformat(str(due))
        except ValueError:
            raise ValueError(_("is not a time: write it like {example}", example=_EXAMPLE)) from None
        if time.tzinfo is None:
            raise ValueError(_("has no time zone: write it like {example}", example=_EXAMPLE))
        if time.year < _FIRST_YEAR:
            raise ValueError(_("lies before {year}: is the year right?", year=_FIRST_YEAR))
        return time

    @property
    def points(self) -> float:
        return sum(question.points for question in self.questions.values())

    def measured(self) -> Iterator[tuple[str, OnSplit]]:
        """The checks on what a network reaches, each with the name of its question."""
        for name, question in self.questions.items():
            for check in question.checks:
                if isinstance(check, OnSplit):
                    yield name, check

    @property
    def checked(self) -> dict[str, Question]:
        """The questions that have a check cell: not those that only people grade."""
        return {name: question for name, question in self.questions.items() if not question.manual}
