"""What calibration.json says of each network at each check: for people to read, made anew from what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.authoring.calibration.evidence import CheckEvidence, Evidence, rounded, summarise
from autograder.course.checks.ranges import Aim
from autograder.course.course import Course


def summed_up(course: Course, evidence: Evidence) -> Evidence:
    """With today's thresholds, and a summary of each network at each check, for people to read."""
    for name, assignment in evidence.assignments.items():
        if name not in course.assignments:
            continue
        aims = {f"{key}.{check.id}": check.aim() for key, check in course.assignment(name).measured()}
        networks = []
        for network in assignment.networks:
            checks = {
                place: CheckEvidence(
                    split=check.split,
                    threshold=aims[place].threshold,
                    trials={
                        t.name: _figures(t.accuracy[check.split], aims[place]) for t in network.trials if t.accuracy
                    },
                )
                for place, check in network.checks.items()
                if place in aims
            }
            networks.append(network.model_copy(update={"checks": checks}))
        changed = assignment.model_copy(update={"networks": tuple(networks)})
        evidence = evidence.model_copy(update={"assignments": {**evidence.assignments, name: changed}})
    return evidence


def _figures(values: Sequence[float], aim: Aim) -> dict[str, int | float]:
    summary, key = summarise(values), aim.key
    passed = sum(map(aim.reached, values)) / len(values)
    quantiles = {f"q{100 * float(q):02.0f}": rounded(value, key) for q, value in summary.quantiles.items()}
    return {
        "n": summary.n, "mean": rounded(summary.mean, key), "sd": round(summary.sd, 5),
        "min": rounded(summary.minimum, key), **quantiles, "pass_rate": round(passed, 3),
    }  # fmt: skip
