"""Whether the thresholds of course.yml are earned: the evidence of calibration.json against each check on what a network reaches.

This is what `autograder verify` and `autograder calibrate` ask. No TensorFlow, and nothing is trained here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.authoring.calibration.evidence import (
    AssignmentEvidence,
    Evidence,
    NetworkEvidence,
    Summary,
    TrialEvidence,
    bounds,
    read,
    rounded_down,
    solution_digest,
    summarise,
    tolerance_factor,
)
from autograder.common.i18n import N_, _
from autograder.course.checks.ranges import ACCURACY, Aim
from autograder.course.course import Course

MARGIN = 4.0  # sd between a threshold and the reference's mean
# A wrong network may pass at most this often. Counting shows it from 29 seeds on (none passed: 1 - 0.05 ** (1/29) = 0.098), the
# distance from its mean with fewer: where accuracies are skewed, it is towards low ones, so a normal tolerance limit is safe.
RARELY = 0.1
STEP = 0.005  # thresholds of accuracy that are proposed are multiples of this, others of the power of ten that their sd has
_AGAIN = N_("Run `autograder calibrate {assignment}`.")


@dataclass(frozen=True)
class Rate:
    """How often a network passes a threshold: `passed` of `summary.n` trainings, and 95 % bounds of the rate."""

    name: str
    kind: str
    about: str
    caught_by: tuple[str, ...]
    summary: Summary
    passed: int

    @property
    def failed(self) -> int:
        return self.summary.n - self.passed

    @property
    def passes_at_most(self) -> float:
        return bounds(self.passed, self.summary.n)[1]

    @property
    def fails_at_least(self) -> float:
        return bounds(self.failed, self.summary.n)[0]

    @property
    def fails_at_most(self) -> float:
        return bounds(self.failed, self.summary.n)[1]

    def rarely_passes(self, aim: Aim) -> bool:
        """Whether the evidence shows, by counting or by the distance to a bound of `aim`, that it passes in `RARELY` at most."""
        if self.passes_at_most <= RARELY:
            return True
        allowed = tolerance_factor(self.summary.n, 1 - RARELY) * self.summary.sd
        return self.passed == 0 and self.summary.sd > 0 and -aim.distance(self.summary.mean) > allowed


@dataclass(frozen=True)
class Threshold:
    """A check on what a network reaches, and its evidence. `problems`: why its threshold is not earned."""

    assignment: str
    place: str  # question.check
    aim: Aim
    rates: tuple[Rate, ...] = ()
    problems: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def reference(self) -> Rate | None:
        return next((rate for rate in self.rates if rate.kind == "reference"), None)

    @property
    def margin(self) -> float | None:
        """Standard deviations from the nearer bound to the reference's mean."""
        return margin(self.reference.summary, self.aim) if self.reference else None

    @property
    def advice(self) -> Mapping[str, float]:
        """By its name in course.yml, each bound as near to the mean as the full margin allows."""
        if self.reference is None:
            return {}
        mean, sd = self.reference.summary.mean, self.reference.summary.sd
        step = STEP if self.aim.metric == ACCURACY or not sd else 10.0 ** math.floor(math.log10(sd))
        low, high = rounded_down(mean - MARGIN * sd, step), -rounded_down(-mean - MARGIN * sd, step)
        given = {"at_least": (self.aim.at_least, low), "at_most": (self.aim.at_most, high)}
        return {name: best for name, (bound, best) in given.items() if bound is not None}


def margin(summary: Summary, aim: Aim) -> float:
    distance = aim.distance(summary.mean)
    if summary.sd == 0:
        return float("inf") if distance >= 0 else float("-inf")
    return distance / summary.sd


def examine(course: Course, assignment: str, evidence: Evidence | None = None) -> tuple[Threshold, ...]:
    """Every check of an assignment on what a network reaches, judged by calibration.json; empty for an assignment without one.

    A threshold is earned when the reference's mean lies at least `MARGIN` sd inside of it, when no accepted variation is shown
    to fail it more than `RARELY`, and when every typical wrong network either is shown to pass it `RARELY` at most or loses
    other checks of the assignment anyway. Raises CourseError when calibration.json is damaged.
    """
    found = (read(course) if evidence is None else evidence).assignments.get(assignment)
    measured = course.assignment(assignment).measured()
    return tuple(_examine(course, assignment, f"{key}.{check.id}", check.aim(), found) for key, check in measured)


def _examine(course: Course, assignment: str, place: str, aim: Aim, found: AssignmentEvidence | None) -> Threshold:
    again = _(_AGAIN, assignment=assignment)
    network = next((n for n in found.networks if place in n.checks), None) if found else None
    plain = Threshold(assignment, place, aim)
    if found is None or network is None:
        return _with(plain, (), [_("there is no evidence for this threshold")], again)
    if network.problem:
        return _with(plain, (), [_("it can't be calibrated with the solution: {why}", why=network.problem)], again)
    rates = tuple(_rates(network, aim, _known(course, assignment)))
    judged = _with(plain, rates, [], "")
    if judged.reference is None:
        return _with(plain, rates, [_("the reference was not measured")], again)
    problems = list(_problems(judged))
    said = {
        "at_least": _("The highest at_least with the full margin is {advice:g}."),
        "at_most": _("The lowest at_most with the full margin is {advice:g}."),
    }
    remedy = " ".join(said[name].format(advice=best) for name, best in judged.advice.items())
    if any(
        rate.kind == "wrong" and not rate.caught_by and not rate.passed and rate.passes_at_most > RARELY
        for rate in rates
    ):
        remedy += " " + _("More seeds show more: `autograder calibrate --seeds 30`.")
    if found.solution != solution_digest(course, assignment):
        problems.append(_("the solution has changed since it was calibrated"))
        remedy = again if len(problems) == 1 else f"{again} {remedy}"
    return _with(plain, rates, problems, remedy if problems else "")


def _with(plain: Threshold, rates: tuple[Rate, ...], problems: Sequence[str], remedy: str) -> Threshold:
    return replace(plain, rates=rates, problems=tuple(problems), remedy=remedy)


def _known(course: Course, assignment: str) -> set[str]:
    questions = course.assignment(assignment).questions
    return {f"{key}.{check.id}" for key, question in questions.items() for check in question.checks}


def _rates(network: NetworkEvidence, aim: Aim, known: set[str]) -> Iterator[Rate]:
    for trial in network.trials:
        values = trial.accuracy.get(aim.key, ())
        if values:
            passed = sum(map(aim.reached, values))
            yield Rate(trial.name, trial.kind, trial.about, _still(trial, known), summarise(values), passed)


def _still(trial: TrialEvidence, known: set[str]) -> tuple[str, ...]:
    """Checks that catch it and that the course still has."""
    return tuple(place for place in trial.caught_by if place in known)


def _problems(threshold: Threshold) -> Iterator[str]:
    for rate in threshold.rates:
        n, mean, sd = rate.summary.n, rate.summary.mean, rate.summary.sd
        about = _(rate.about)
        if rate.kind == "reference":
            distance, aim = margin(rate.summary, threshold.aim), threshold.aim
            if distance < MARGIN:
                below = aim.at_least is not None and mean - aim.at_least == aim.distance(mean)
                said = (
                    N_("{bound:g} is {distance:.1f} sd below the reference's mean ({mean:.4f}, sd {sd:.4f}, n {n}), and should be {margin:g}")
                    if below
                    else N_("{bound:g} is {distance:.1f} sd above the reference's mean ({mean:.4f}, sd {sd:.4f}, n {n}), and should be {margin:g}")
                )  # fmt: skip
                bound = aim.at_least if below else aim.at_most
                yield _(said, bound=bound, distance=distance, mean=mean, sd=sd, n=n, margin=MARGIN)
        elif rate.kind == "variation":
            if not rate.caught_by and rate.fails_at_least > RARELY:
                yield _(
                    "{about}: every other check accepts it, and it fails in {failed} of {n} trainings (mean {mean:.4f})",
                    about=about, failed=rate.failed, n=n, mean=mean,
                )  # fmt: skip
        elif not rate.caught_by and not rate.rarely_passes(threshold.aim):
            yield _(
                "{about}: it passes in {passed} of {n} trainings, so it may pass in {rate:.0%}; {rarely:.0%} would be rarely, "
                "and no other check catches it",
                about=about, passed=rate.passed, n=n, rate=rate.passes_at_most, rarely=RARELY,
            )  # fmt: skip
