"""The checks that students may see: from the released ``checks.yml``, or from course.yml itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from autograder.common.errors import CourseError
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import N_, _
from autograder.common.models import KeyPath
from autograder.course.checks.base import Check, Facts, Verdict, refusal
from autograder.course.checks.forms import Form
from autograder.course.checks.registry import parse
from autograder.course.course import FILE, load
from autograder.course.settings import DataSettings, Limits
from autograder.course.yaml_faults import explain
from autograder.course.yaml_file import read_yaml

RELEASED = "checks.yml"
TAKE_AGAIN = N_("Take it again from where you got the notebook.")


@dataclass(frozen=True)
class HiddenCheck:
    """All that students learn of a hidden check: also the form of an answer, which is no secret."""

    title: str
    points: float
    of: str
    form: Form

    @classmethod
    def written(cls, entry: Mapping[str, Any]) -> HiddenCheck:
        """As ``checks.yml`` has it."""
        return cls(entry["title"], entry["points"], entry["of"], Form(**entry.get("form", {})))

    @property
    def id(self) -> str:
        """What its call of a function is filed under: no check is called so."""
        return f"form of {self.of}"

    def arguments(self, seed: int) -> list[tuple[Any, ...]]:
        return self.form.arguments(seed)

    def refusal(self, facts: Facts) -> Verdict | None:
        """What is wrong with the form of the answer that was handed in; None for nothing."""
        return refusal(facts, self.of, self.form, self.id)


@dataclass(frozen=True)
class VisibleQuestion:
    title: str
    checks: tuple[Check, ...]
    hidden: tuple[HiddenCheck, ...]
    first_name: str
    hints: tuple[str, ...] = ()
    secret: tuple[Check, ...] = ()  # the hidden checks themselves: only where course.yml is


@dataclass(frozen=True)
class Grader:
    """What is different where notebooks are graded: limits, what happens to other trainings, and packages beside the usual ones."""

    epochs: int = Limits().epochs
    parameters: int = Limits().parameters
    training: str = "undecided"
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class VisibleCourse:
    """`data`: what the course is on; questions are keyed ``assignment.question``; `released`: as students have it."""

    questions: dict[str, VisibleQuestion]
    data: DataSettings
    seed: int
    language: str
    root: Path
    grader: Grader = Grader()
    networks: bool = True
    released: bool = True

    def checks(self, *places: str) -> Iterator[tuple[KeyPath, Check]]:
        """The visible ones of some questions, of all by default, each with its place in a released file."""
        for place in places or self.questions:
            for number, check in enumerate(self.questions[place].checks):
                yield ("questions", place.partition(".")[2], "checks", number), check

    def question(self, place: str) -> VisibleQuestion:
        if place not in self.questions:
            raise CourseError(_("there is no question '{place}'", place=place), meant(place, list(self.questions)))
        return self.questions[place]


def read(path: Path, assignment: str = "") -> VisibleCourse:
    """From either kind of file; of a course of several data sets as `assignment` has it. Raises CourseError."""
    return read_released(path) if path.name == RELEASED else _whole(path, assignment)


def read_released(path: Path) -> VisibleCourse:
    """From a released file, whatever it is called. Raises CourseError."""
    try:
        document: Any = read_yaml(path, _(TAKE_AGAIN))
        questions = {
            f"{document['assignment']}.{key}": VisibleQuestion(
                title=item["title"],
                checks=(checks := tuple(parse(check) for check in item["checks"])),
                hidden=tuple(map(HiddenCheck.written, item["hidden"])),
                first_name=checks[0].of if checks else item["hidden"][0]["of"],
                hints=tuple(map(str, item.get("hints", ()))),
            )
            for key, item in document["questions"].items()
        }
        return VisibleCourse(
            questions, DataSettings.model_validate(document["data"]), document["seed"],
            document["course"]["language"], path.parent, _grader(document.get("grader", {})),
            networks=document.get("networks") is not False,
        )  # fmt: skip
    except ValidationError as error:
        raise CourseError(explain(path, error)) from None
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise CourseError(
            _("{path} can't be used: {error}", path=path, error=error),
            _(TAKE_AGAIN),
        ) from error


def _whole(path: Path, assignment: str) -> VisibleCourse:
    course = load(path)
    course = course.on(assignment) if assignment in course.assignments else course
    language = course.language
    questions = {
        f"{name}.{key}": VisibleQuestion(
            title=question.title.in_language(language),
            checks=question.visible(),
            hidden=tuple(
                HiddenCheck(check.heading(language), check.points, check.of, check.form())
                for check in question.hidden()
            ),
            first_name=question.first_name(),
            hints=tuple(hint.in_language(language) for hint in question.hints),
            secret=question.hidden(),
        )
        for name, assignment in course.assignments.items()
        for key, question in assignment.checked.items()
    }
    return VisibleCourse(
        questions, course.data, course.seed, language, course.root, networks=course.networks, released=False
    )


def _grader(document: Mapping[str, Any]) -> Grader:
    return Grader(**{**document, "packages": tuple(document.get("packages", ()))})


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
