"""The checks that students may see: from the released ``checks.yml``, or from course.yml itself."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from autograder.common.errors import CourseError
from autograder.common.hints import meant
from autograder.common.i18n import N_, _
from autograder.course.checks.base import Check
from autograder.course.checks.registry import parse
from autograder.course.course import FILE, load
from autograder.course.yaml_file import explain, read_yaml

RELEASED = "checks.yml"
_AGAIN = N_("Take it again from where you got the notebook.")


@dataclass(frozen=True)
class HiddenCheck:
    """All that students learn of a hidden check."""

    title: str
    points: float


@dataclass(frozen=True)
class VisibleQuestion:
    title: str
    checks: tuple[Check, ...]
    hidden: tuple[HiddenCheck, ...]
    first_name: str
    secret: tuple[Check, ...] = ()  # the hidden checks themselves: only where course.yml is


@dataclass(frozen=True)
class VisibleCourse:
    """`holdout` is (test_size, random_state); questions are keyed ``assignment.question``."""

    questions: dict[str, VisibleQuestion]
    holdout: tuple[float, int]
    seed: int
    language: str
    root: Path

    def question(self, place: str) -> VisibleQuestion:
        if place not in self.questions:
            raise CourseError(_("there is no question '{place}'", place=place), meant(place, list(self.questions)))
        return self.questions[place]


def read(path: Path) -> VisibleCourse:
    """From either kind of file. Raises CourseError."""
    if path.name != RELEASED:
        return _whole(path)
    try:
        document: Any = read_yaml(path, _(_AGAIN))
        questions = {
            f"{document['assignment']}.{key}": VisibleQuestion(
                title=item["title"],
                checks=(checks := tuple(parse(check) for check in item["checks"])),
                hidden=tuple(HiddenCheck(hidden["title"], hidden["points"]) for hidden in item["hidden"]),
                first_name=checks[0].of if checks else item["hidden"][0]["of"],
            )
            for key, item in document["questions"].items()
        }
        holdout = document["data"]["holdout"]
        return VisibleCourse(
            questions, (holdout["test_size"], holdout["random_state"]), document["seed"],
            document["course"]["language"], path.parent,
        )  # fmt: skip
    except ValidationError as error:
        raise CourseError(explain(path, error)) from None
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise CourseError(
            _("{path} can't be used: {error}", path=path, error=error),
            _(_AGAIN),
        ) from error


def _whole(path: Path) -> VisibleCourse:
    course = load(path)
    language = course.language
    questions = {
        f"{name}.{key}": VisibleQuestion(
            title=question.title.in_language(language),
            checks=question.visible(),
            hidden=tuple(HiddenCheck(check.heading(language), check.points) for check in question.hidden()),
            first_name=question.first_name(),
            secret=question.hidden(),
        )
        for name, assignment in course.assignments.items()
        for key, question in assignment.questions.items()
    }
    holdout = course.data.holdout
    return VisibleCourse(questions, (holdout.test_size, holdout.random_state), course.seed, language, course.root)


def locate(start: Path) -> Path:
    """``checks.yml`` beside the notebook, or course.yml in its folder or above. Raises CourseError when there is neither."""
    start = start.resolve()
    for folder in (start, *start.parents):
        for name in (RELEASED, FILE):
            if (folder / name).is_file():
                return folder / name
    raise CourseError(
        _("there is no {file} beside this notebook (in {start})", file=RELEASED, start=start),
        _(
            "In Colab, put it there: run `from google.colab import files; files.upload()` in a new cell, choose the {file} that "
            "came with the notebook, and run this cell again.",
            file=RELEASED,
        )
        if "google.colab" in sys.modules
        else _("Keep the notebook in the folder you got it in, together with {file}.", file=RELEASED),
    )
