"""The check on what an estimator of scikit-learn's reaches: the grader fits it anew, and measures."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.common.wire.description import Component, ObjectDescription
from autograder.course.checks.answers.functions import defines
from autograder.course.checks.base import Check, Facts, InCourse, Verdict, failed, malformed, passed, undecided
from autograder.course.checks.forms import Form
from autograder.course.checks.in_words import TRAIN_IT, show
from autograder.course.checks.ranges import between, out_of_reach, within

OF_CLASSES = {"accuracy", "balanced_accuracy", "f1_macro"}


class Score(Check):
    """What an estimator of scikit-learn's reaches: the grader makes it anew by its class and settings, fits it to the training data
    and measures it on `split`, or on the four arrays of `data` (``file.py:function``, in the order of ``train_test_split``).

    `reported`: the name of a number that is handed in too, and must agree with what was measured.
    """

    type: Literal["score"] = "score"
    metric: Literal["accuracy", "balanced_accuracy", "f1_macro", "r2", "mae", "mse", "rmse"]
    at_least: float | None = None
    at_most: float | None = None
    reported: str = ""
    tolerance: float = Field(default=0.02, ge=0)
    split: Literal["holdout", "test"] = "test"
    data: InCourse = InCourse("")
    accepts = (ObjectDescription,)
    wanted = N_("an estimator of scikit-learn")
    asks = ("at_least", "at_most", "reported")
    values_named = ("reported",)
    safe_hints = True

    def form(self) -> Form:
        return Form(kind="object")

    def problem(self) -> str:
        if self.data and not self.hidden:
            return _("students don't have `data`, a function of the course: this check has to be hidden")
        return out_of_reach(self.metric, self.at_least, self.at_most)

    def missing(self, root: Path) -> str:
        return defines(self.data, root) if self.data else ""

    def describe(self) -> str:
        if self.at_least is None and self.at_most is None:
            return _("`{of}` reaches what is handed in as `{reported}`", of=self.of, reported=self.reported)
        return _(
            "{metric} of {bounds}, fitted by the grader",
            metric=self.metric,
            bounds=between(self.at_least, self.at_most),
        )

    def decide(self, value: Any, facts: Facts) -> Verdict:
        if value.library != "sklearn":
            return malformed(_(self.wanted), show(value))
        if not value.fitted:
            return failed(self.describe(), _("an estimator that was not fitted"), _(TRAIN_IT))
        try:
            measured = facts.lab.estimator_score(value.made, self.split, str(self.data), facts.seed)
        except CannotRebuild as error:
            return undecided(error)
        if not measured or (self.metric in OF_CLASSES and OF_CLASSES & measured.keys() and self.metric not in measured):
            return undecided(_("scikit-learn has no {metric} of such targets", metric=self.metric))
        if self.metric not in measured:
            return failed(self.describe(), _("{type} has no {metric}", type=value.made.type, metric=self.metric))
        number = measured[self.metric]
        if (self.at_least, self.at_most) != (None, None) and not within(number, self.at_least, self.at_most):
            return failed(
                between(self.at_least, self.at_most),
                f"{number:.4f}",
                _("It was fitted anew by the grader, on the training data alone."),
            )
        return self._agrees(value.made, measured, facts) if self.reported else passed(f"{number:.4f}")

    def _agrees(self, made: Component, measured: Mapping[str, float], facts: Facts) -> Verdict:
        number = measured[self.metric]
        given = facts.of(self.reported)
        if problem := Form(kind="number").problem(given, self.reported):
            return malformed(problem.expected, show(given), problem.hint)
        hint, of_fitted = _("Measure this very estimator, on what it was not fitted to."), False
        on_fitted = measured.get(f"fitted_{self.metric}")
        if on_fitted is not None and _same(given.value, on_fitted) and not _same(given.value, number):
            hint = _("That is what it reaches on the very rows that it was fitted to: measure it on the others.")
            of_fitted = self._is_certain(made, number, facts)
        if not of_fitted and abs(float(given.value) - number) <= self.tolerance:
            return passed(f"{number:.4f}")
        return failed(f"{number:.4f}", f"{given.value:.4f}", hint)

    def _is_certain(self, made: Component, number: float, facts: Facts) -> bool:
        """Whether it reaches this however it is seeded: otherwise the student's may have reached anything near it."""
        with contextlib.suppress(CannotRebuild):
            again = facts.lab.estimator_score(made, self.split, str(self.data), facts.seed + 1)
            return _same(again.get(self.metric, math.nan), number)
        return False


def _same(one: float, other: float) -> bool:
    """The very same number, whatever a check tolerates."""
    return abs(one - other) <= 1e-6 * max(1.0, abs(other))
