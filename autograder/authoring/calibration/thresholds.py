"""Whether the thresholds of course.yml are earned: the evidence of calibration.json against each accuracy check.

This is what `autograder verify` and `autograder calibrate` ask. No TensorFlow, and nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from autograder.course.checks.accuracy import Accuracy
from autograder.course.course import Course

MARGIN = 4.0  # sd between a threshold and the reference's mean
# A wrong network may pass at most this often. Counting shows it from 29 seeds on (none passed: 1 - 0.05 ** (1/29) = 0.098), the
# distance from its mean with fewer: where accuracies are skewed, it is towards low ones, so a normal tolerance limit is safe.
RARELY = 0.1
STEP = 0.005  # thresholds that are proposed are multiples of this
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

    def rarely_passes(self, at_least: float) -> bool:
        """Whether the evidence shows, by counting or by the distance to `at_least`, that it passes in `RARELY` at most."""
        if self.passes_at_most <= RARELY:
            return True
        limit = self.summary.mean + tolerance_factor(self.summary.n, 1 - RARELY) * self.summary.sd
        return self.passed == 0 and self.summary.sd > 0 and limit < at_least


@dataclass(frozen=True)
class Threshold:
    """An accuracy check and its evidence. `problems`: why its threshold is not earned; `advice`: the highest one that is."""

    assignment: str
    place: str  # question.check
    split: str
    at_least: float
    rates: tuple[Rate, ...] = ()
    problems: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def reference(self) -> Rate | None:
        return next((rate for rate in self.rates if rate.kind == "reference"), None)

    @property
    def margin(self) -> float | None:
        """Standard deviations from the threshold up to the reference's mean."""
        return margin(self.reference.summary, self.at_least) if self.reference else None

    @property
    def advice(self) -> float | None:
        """The highest multiple of 0.005 with the full margin."""
        if self.reference is None:
            return None
        summary = self.reference.summary
        return rounded_down(summary.mean - MARGIN * summary.sd, STEP)


def margin(summary: Summary, at_least: float) -> float:
    distance = summary.mean - at_least
    if summary.sd == 0:
        return float("inf") if distance >= 0 else float("-inf")
    return distance / summary.sd


def examine(course: Course, assignment: str, evidence: Evidence | None = None) -> tuple[Threshold, ...]:
    """Every accuracy check of an assignment, judged by calibration.json; empty for an assignment without one.

    A threshold is earned when it lies at least `MARGIN` sd below the reference's mean, when no accepted variation is shown
    to fail it more than `RARELY`, and when every typical wrong network either is shown to pass it `RARELY` at most or loses
    other checks of the assignment anyway. Raises CourseError when calibration.json is damaged.
    """
    found = (read(course) if evidence is None else evidence).assignments.get(assignment)
    return tuple(_examine(course, assignment, key, check, found) for key, check in _checks(course, assignment))


def _checks(course: Course, assignment: str) -> Iterator[tuple[str, Accuracy]]:
    for key, question in course.assignment(assignment).questions.items():
        for check in question.checks:
            if isinstance(check, Accuracy):
                yield key, check


def _examine(course: Course, assignment: str, key: str, check: Accuracy, found: AssignmentEvidence | None) -> Threshold:
    place = f"{key}.{check.id}"
    again = _(_AGAIN, assignment=assignment)
    network = next((n for n in found.networks if place in n.checks), None) if found else None
    plain = Threshold(assignment, place, check.split, check.at_least)
    if found is None or network is None:
        return _with(plain, (), [_("there is no evidence for this threshold")], again)
    if network.problem:
        return _with(plain, (), [_("it can't be calibrated with the solution: {why}", why=network.problem)], again)
    rates = tuple(_rates(network, check, _known(course, assignment)))
    judged = _with(plain, rates, [], "")
    if judged.reference is None:
        return _with(plain, rates, [_("the reference was not measured")], again)
    problems = list(_problems(judged))
    remedy = _("The highest at_least with the full margin is {advice:g}.", advice=judged.advice)
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
    return Threshold(
        plain.assignment, plain.place, plain.split, plain.at_least, rates, tuple(problems), remedy
    )  # fmt: skip


def _known(course: Course, assignment: str) -> set[str]:
    questions = course.assignment(assignment).questions
    return {f"{key}.{check.id}" for key, question in questions.items() for check in question.checks}


def _rates(network: NetworkEvidence, check: Accuracy, known: set[str]) -> Iterator[Rate]:
    for trial in network.trials:
        values = trial.accuracy.get(check.split, ())
        if values:
            passed = sum(value >= check.at_least for value in values)
            yield Rate(trial.name, trial.kind, trial.about, _still(trial, known), summarise(values), passed)


def _still(trial: TrialEvidence, known: set[str]) -> tuple[str, ...]:
    """Checks that catch it and that the course still has."""
    return tuple(place for place in trial.caught_by if place in known)


def _problems(threshold: Threshold) -> Iterator[str]:
    for rate in threshold.rates:
        n, mean, sd = rate.summary.n, rate.summary.mean, rate.summary.sd
        about = _(rate.about)
        if rate.kind == "reference":
            distance = margin(rate.summary, threshold.at_least)
            if distance < MARGIN:
                yield _(
                    "{at_least:g} is {distance:.1f} sd below the reference's mean ({mean:.4f}, sd {sd:.4f}, n {n}), and "
                    "should be {margin:g}",
                    at_least=threshold.at_least, distance=distance, mean=mean, sd=sd, n=n, margin=MARGIN,
                )  # fmt: skip
        elif rate.kind == "variation":
            if not rate.caught_by and rate.fails_at_least > RARELY:
                yield _(
                    "{about}: every other check accepts it, and it fails in {failed} of {n} trainings (mean {mean:.4f})",
                    about=about, failed=rate.failed, n=n, mean=mean,
                )  # fmt: skip
        elif not rate.caught_by and not rate.rarely_passes(threshold.at_least):
            yield _(
                "{about}: it passes in {passed} of {n} trainings, so it may pass in {rate:.0%}; {rarely:.0%} would be rarely, "
                "and no other check catches it",
                about=about, passed=rate.passed, n=n, rate=rate.passes_at_most, rarely=RARELY,
            )  # fmt: skip
