"""``calibration.json``: what each network reached with each seed, and what can be said from it.

All measured values are kept, not only their summary, so that a threshold can be judged again after it was changed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from autograder.common.digests import sha256
from autograder.common.errors import CourseError, ReleaseError
from autograder.common.files import put, text_of
from autograder.common.i18n import _
from autograder.common.models import Frozen
from autograder.course.course import Course
from autograder.course.source_notebook import source_path
from autograder.course.yaml_faults import explain

FILE = "calibration.json"
DIGITS = 4  # of an accuracy: 1 of 12,000 hold-out images is 0.0001
SIGNIFICANT = 5  # digits of any other number
CONFIDENCE = 0.95
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class TrialEvidence(Frozen):
    """One network over seeds. `accuracy`: by `Aim.key`, one value for each of `seeds`. `caught_by`: checks that it fails anyway."""

    name: str
    kind: Literal["reference", "variation", "wrong"]
    about: str
    digest: str
    caught_by: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    accuracy: dict[str, tuple[float, ...]] = Field(default={})


class CheckEvidence(Frozen):
    """Where a threshold stood when this was written; to be read by people. `split`: `Aim.key`, the split and what isn't accuracy."""

    split: str
    threshold: float
    trials: dict[str, dict[str, int | float]] = Field(default={})


class NetworkEvidence(Frozen):
    """A network that checks with thresholds (``question.check``) look at."""

    checks: dict[str, CheckEvidence]
    problem: str = ""
    trials: tuple[TrialEvidence, ...] = ()

    def trial(self, name: str) -> TrialEvidence | None:
        return next((trial for trial in self.trials if trial.name == name), None)


class AssignmentEvidence(Frozen):
    """`solution`: digest of what was graded to find the networks. `versions`: of the libraries that trained them."""

    solution: str
    versions: dict[str, str]
    networks: tuple[NetworkEvidence, ...] = ()


class Evidence(Frozen):
    about: str = "Made by `autograder calibrate`: accuracy over seeds, on which the thresholds of course.yml stand."
    format: Literal[1] = 1
    assignments: dict[str, AssignmentEvidence] = Field(default={})

    def to_json(self) -> str:
        return _text(self.model_dump(mode="json")) + "\n"


def _text(value: Any, indent: str = "\n") -> str:
    """JSON in which seeds, values and the figures of a summary take one line each: a change is a short difference."""
    items: list[str] = []
    if isinstance(value, dict) and not all(isinstance(item, (int, float)) for item in value.values()):
        items = [f"{json.dumps(key)}: {_text(item, indent + ' ')}" for key, item in value.items()]
        return "{" + indent + " " + f",{indent} ".join(items) + indent + "}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        items = [_text(item, indent + " ") for item in value]
        return "[" + indent + " " + f",{indent} ".join(items) + indent + "]"
    return json.dumps(value, ensure_ascii=False)


def path_of(course: Course) -> Path:
    return course.root / FILE


def read(course: Course) -> Evidence:
    """The evidence beside course.yml; empty when there is none. Raises CourseError when the file is damaged."""
    path = path_of(course)
    try:
        return Evidence.model_validate_json(text_of(path))
    except FileNotFoundError:
        return Evidence()
    except ValidationError as error:
        raise CourseError(explain(path, error), _("Delete {path} and run `autograder calibrate`.", path=path)) from None
    except (OSError, ValueError) as error:
        raise CourseError(
            _("{path} can't be read: {error}", path=path, error=error),
            _("Delete {path} and run `autograder calibrate`.", path=path),
        ) from error


def write(course: Course, evidence: Evidence) -> None:
    """Atomic, so that stopping at any moment loses at most one training."""
    put(path_of(course), evidence.to_json())


def solution_digest(course: Course, assignment: str) -> str:
    """SHA-256 of what decides which networks are graded: the solution's code, seed, split, and the places of checks with thresholds."""
    path = source_path(course, assignment)
    try:
        cells = json.loads(text_of(path))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ReleaseError(
            _("{path} can't be read: {error}", path=path, error=error),
            _("Run `autograder release` to see what is wrong."),
        ) from error
    checks = [[key, check.id, check.of, check.aim().key] for key, check in course.assignment(assignment).measured()]
    document: list[Any] = [code, course.seed, course.on(assignment).data.model_dump(mode="json"), checks]
    return sha256(json.dumps(document))


# ---- statistics


class Summary(Frozen):
    """Of what was measured. `sd`: of the sample (n - 1); 0 for a single value."""

    n: int = Field(gt=0)
    mean: float
    sd: float
    minimum: float
    maximum: float
    quantiles: dict[str, float]


def summarise(values: Sequence[float]) -> Summary:
    array = np.asarray(values, np.float64)
    sd = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return Summary(
        n=len(array), mean=float(array.mean()), sd=sd, minimum=float(array.min()), maximum=float(array.max()),
        quantiles={f"{q:g}": float(np.quantile(array, q)) for q in QUANTILES},
    )  # fmt: skip


def bounds(events: int, n: int) -> tuple[float, float]:
    """One-sided bounds, at `CONFIDENCE`, of a rate of which `events` in `n` were seen: (at least, at most).

    The exact interval of Clopper and Pearson (Biometrika 26, 1934). With no event the upper one is nearly 3/n, the rule of
    three (Hanley and Lippman-Hand, JAMA 249, 1983). (0, 1) when nothing was seen.
    """
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    low = binomtest(events, n, alternative="greater").proportion_ci(CONFIDENCE, "exact").low
    high = binomtest(events, n, alternative="less").proportion_ci(CONFIDENCE, "exact").high
    return float(low), float(high)


def tolerance_factor(n: int, coverage: float) -> float:
    """How many sd above the mean of `n` values `coverage` of all values lie at most, with `CONFIDENCE`; infinite below 2.

    The one-sided tolerance limit of a normal distribution, by the noncentral t (NIST/SEMATECH e-Handbook, 7.2.6.3).
    """
    if n < 2:
        return math.inf
    from scipy.stats import nct, norm

    root = math.sqrt(n)
    return float(nct.ppf(CONFIDENCE, n - 1, root * norm.ppf(coverage)) / root)


def rounded(value: float, key: str) -> float:
    """As it is kept and shown: `key` says of what (`Aim.key`); a split alone is of accuracy."""
    return round(value, DIGITS) if " " not in key else float(f"{value:.{SIGNIFICANT}g}")


def rounded_down(value: float, step: float) -> float:
    return round(math.floor(value / step + 1e-9) * step, 6)
