"""The class's learning curves as bands, which stand behind a student's own: the middle of the class, and nobody's name.

A band goes from the 10th to the 90th percentile of what the submissions reached after each epoch, as far as at least `FEWEST` of them
trained: of fewer, a student could read off a neighbour's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.common.results import Report

FEWEST = 5
LOW, HIGH = 10, 90  # percentiles


@dataclass(frozen=True)
class Band:
    """By epoch, between which numbers the middle of the class is; `submissions`: how many it is made of."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    submissions: int


Bands = Mapping[tuple[str, str, str], Band]  # by question, name of the network, and Keras's name of the metric


def bands(reports: Iterable[Report]) -> dict[tuple[str, str, str], Band]:
    """The bands of one assignment's reports. Of a network that somebody trained several times, the last training counts."""
    found: dict[tuple[str, str, str], list[Sequence[float | None]]] = {}
    for report in reports:
        for result in report.questions:
            last = {curve.network: curve for curve in (result.exhibit.curves if result.exhibit else ())}
            for name, curve in last.items():
                for metric, values in curve.history.items():
                    found.setdefault((result.question, name, metric), []).append(values)
    made = {key: _band(own) for key, own in found.items() if len(own) >= FEWEST}
    return {key: band for key, band in made.items() if band is not None}


def _band(histories: Sequence[Sequence[float | None]]) -> Band | None:
    low: list[float] = []
    high: list[float] = []
    for epoch in range(max(map(len, histories))):
        reached = [value for own in histories if epoch < len(own) and (value := own[epoch]) is not None]
        if len(reached) < FEWEST:
            break
        for ends, part in ((low, LOW), (high, HIGH)):
            ends.append(round(float(np.percentile(reached, part)), 4))
    return Band(tuple(low), tuple(high), len(histories)) if low else None
