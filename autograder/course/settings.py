"""The parts of course.yml above its assignments: what the course is, its data, its limits, and what being late costs."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from autograder.common import data_sets
from autograder.common.data import RANDOM_STATE, TEST_SIZE
from autograder.common.i18n import LANGUAGES, _, known
from autograder.common.models import Written
from autograder.course.checks.base import Localised, no_language


class Holdout(Written):
    """scikit-learn's ``train_test_split`` settings."""

    test_size: float = Field(default=TEST_SIZE, gt=0, lt=1)
    random_state: int = RANDOM_STATE


class DataSettings(Written):
    """Which data set the course is on, and how it splits the rows for training."""

    name: Annotated[str, Field(json_schema_extra={"enum": sorted(data_sets.SOURCES)})] = data_sets.USUAL
    holdout: Holdout = Holdout()

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in data_sets.SOURCES:
            raise ValueError(
                _(
                    "there is no data set '{name}' here: there are {known}",
                    name=name,
                    known=", ".join(data_sets.SOURCES),
                )
            )
        return name


class Limits(Written):
    """What one submission may use. Breaking a limit costs the questions that needed it, and the feedback says so."""

    cell_seconds: int = Field(default=900, gt=0)
    notebook_seconds: int = Field(default=2400, gt=0)
    memory_mb: int = Field(default=6144, ge=512)
    processes: int = Field(default=256, ge=32)
    open_files: int = Field(default=512, ge=64)
    file_mb: int = Field(default=512, gt=0)
    scratch_mb: int = Field(default=512, gt=0)
    output_kb: int = Field(default=1024, gt=0)
    notebook_mb: int = Field(default=20, gt=0)
    epochs: int = Field(default=100, gt=0)
    parameters: int = Field(default=5_000_000, gt=0)


def _named_alone(name: str) -> str:
    if name and (name in (".", "..") or re.search(r"[/\\\0]", name)):
        raise ValueError(_("is not the name of a file beside course.yml"))
    return name


FileBeside = Annotated[str, AfterValidator(_named_alone)]  # of people, and never given to students


class LatePolicy(Written):
    """A started day late costs `per_day` of the points, after `grace_minutes`, and never more than `at_most`.

    `extensions`: a CSV of whom something else holds for, from the course's folder; `slip_days`: how many its lines may give to a student.
    """

    per_day: float = Field(default=0.1, ge=0, le=1)
    grace_minutes: int = Field(default=0, ge=0)
    at_most: float = Field(default=1.0, ge=0, le=1)
    extensions: FileBeside = ""
    slip_days: int = Field(default=0, ge=0)

    def penalty(self, late: dt.timedelta) -> float:
        """The share of the points that is lost, 0 to 1."""
        seconds = late.total_seconds() - 60 * self.grace_minutes
        if seconds <= 0:
            return 0.0
        return min(self.at_most, self.per_day * -(-seconds // 86_400))


class Heading(Written):
    """What the course is. `github` (``owner/name``): where it is published; released notebooks then open in Colab.

    Where that is determines no report, so it is left out of what describes the course.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,60}$")
    title: Localised
    languages: tuple[str, ...] = Field(default=LANGUAGES[:1], min_length=1)
    github: str = Field(default="", exclude=True)
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", exclude=True)

    @field_validator("languages", mode="before")
    @classmethod
    def _are_texts(cls, names: Any) -> Any:
        if isinstance(names, (list, tuple)) and any(isinstance(name, bool) for name in names):
            raise ValueError(_("YAML reads yes, no, on, off, true and false as truth values: put them in quotes"))
        return names

    @field_validator("languages")
    @classmethod
    def _known_and_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not name or known(name) != name:
                raise ValueError(no_language(name))
            if names.count(name) > 1:
                raise ValueError(_("'{name}' stands twice", name=name))
        return names

    @field_validator("github")
    @classmethod
    def _is_a_repository(cls, name: str) -> str:
        if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", name):
            raise ValueError(_("{name} is not the name of a repository: write it like owner/name", name=name))
        return name
