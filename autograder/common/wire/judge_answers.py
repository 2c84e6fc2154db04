"""What the judge's process answers to the orders of its worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.common.results import QuestionResult
from autograder.common.wire.handins import Measured


@dataclass(frozen=True)
class Rejudged:
    """`questions` that were handed in and could be judged; `cannot`: the reason, by question; all that was measured."""

    questions: list[QuestionResult]
    cannot: dict[str, str]
    measured: Measured


@dataclass(frozen=True)
class Decided:
    """What the judge says at the end of a submission: of the `fits` asked for, `trained` had to run.

    `handins`: what was handed in, as `handins.unpack` reads it; b"" if it could not be kept.
    `seconds`: the judge's, by what it did (train, recall a known training, evaluate, hand_in, decide).
    """

    questions: list[QuestionResult]
    fits: int = 0
    trained: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    handins: bytes = b""
