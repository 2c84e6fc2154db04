"""What calibration.json says of each network at each check: for people to read, made anew from what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.authoring.calibration.evidence import DIGITS, CheckEvidence, Evidence, summarise
from autograder.course.course import Course


def summed_up(course: Course, evidence: Evidence) -> Evidence:
    """With today's thresholds, and a summary of each network at each check, for people to read."""
    for name, assignment in evidence.assignments.items():
        if name not in course.assignments:
            continue
        at_least = {
            f"{key}.{check.id}": check.at_least  # type: ignore[attr-defined]
            for key, question in course.assignment(name).questions.items()
            for check in question.checks
            if check.type == "accuracy"
        }
        networks = []
        for network in assignment.networks:
            checks = {
                place: CheckEvidence(
                    split=check.split,
                    threshold=at_least[place],
                    trials={
                        t.name: _figures(t.accuracy[check.split], at_least[place]) for t in network.trials if t.accuracy
                    },
                )
                for place, check in network.checks.items()
                if place in at_least
            }
            networks.append(network.model_copy(update={"checks": checks}))
        changed = assignment.model_copy(update={"networks": tuple(networks)})
        evidence = evidence.model_copy(update={"assignments": {**evidence.assignments, name: changed}})
    return evidence


def _figures(values: Sequence[float], at_least: float) -> dict[str, int | float]:
    summary = summarise(values)
    passed = sum(value >= at_least for value in values) / len(values)
    quantiles = {f"q{100 * float(q):02.0f}": round(value, DIGITS) for q, value in summary.quantiles.items()}
    return {
        "n": summary.n, "mean": round(summary.mean, DIGITS), "sd": round(summary.sd, 5),
        "min": round(summary.minimum, DIGITS), **quantiles, "pass_rate": round(passed, 3),
    }  # fmt: skip
