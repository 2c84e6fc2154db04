"""Checks that ask for one thing, or accept one of several: each of these is decided as if it were asked for alone."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field

from autograder.common.i18n import _
from autograder.common.results import Status
from autograder.course.checks.base import Check, Facts, Verdict
from autograder.course.checks.networks.object_settings import Made, Setting, asked_text


class OneOf(Check):
    """Instead of `equals`, `any_of` accepts several. A subclass says what one alone needs: `asked_alone`, `wrong_alone`, `decide_alone`."""

    equals: str = ""
    any_of: tuple[Any, ...] = ()
    asks = ("equals", "any_of")

    def each(self) -> tuple[Self, ...]:
        """The checks that ask for one thing alone."""
        return tuple(self.model_copy(update={"any_of": (), **self._alone(one)}) for one in self.any_of) or (self,)

    def _alone(self, one: Any) -> dict[str, Any]:
        return {"equals": one}

    def asked_alone(self) -> str:
        return self.equals

    def wrong_alone(self) -> str:
        return ""

    def decide_alone(self, value: Any, facts: Facts) -> Verdict:
        raise NotImplementedError

    def class_given(self, value: Any) -> str:
        """The class, or name, of what was given; '' where nothing was."""
        raise NotImplementedError

    def asked(self) -> str:
        return _(" or ").join(one.asked_alone() for one in self.each())

    def problem(self) -> str:
        if self.any_of and self.model_fields_set & {"equals", "settings"}:
            return _("give either 'equals' or 'any_of'")
        return next(filter(None, (one.wrong_alone() for one in self.each())), "")

    def decide(self, value: Any, facts: Facts) -> Verdict:
        each = self.each()
        found = [one.decide_alone(value, facts) for one in each]
        for status in (Status.PASSED, Status.UNDECIDED):
            if decided := next((verdict for verdict in found if verdict.status is status), None):
                return decided
        # Of the class that was given, if it is one of these: what else differs is told where it is one alone.
        given = self.class_given(value)
        of_kind = [verdict for one, verdict in zip(each, found, strict=True) if given == one.equals]
        nearest = (of_kind or found)[0]
        expected = _(" or ").join(dict.fromkeys(str(verdict.expected) for verdict in found))
        return nearest._replace(
            expected=expected,
            hint=nearest.hint if len(of_kind or found) == 1 or not self._differ(of_kind or found) else "",
        )

    @staticmethod
    def _differ(found: list[Verdict]) -> bool:
        return len({verdict.hint for verdict in found}) > 1


class OneOfMade(OneOf):
    """Of objects: by class, with `settings`, and in `any_of` each with its own: `{type: Adam, learning_rate: 0.01}`."""

    settings: dict[str, Setting] = Field(default={})
    any_of: tuple[Made, ...] = ()

    def _alone(self, one: Any) -> dict[str, Any]:
        return {"equals": one.type, "settings": one.settings}

    def asked_alone(self) -> str:
        return asked_text(self.equals, self.settings)
