"""course.yml as frozen, typed values: ``load(path) -> Course``.

An error names the file, the key path, the value and what is allowed; it is never a traceback.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)

from autograder.common.data import RANDOM_STATE, TEST_SIZE
from autograder.common.digests import sha256
from autograder.common.errors import CourseError
from autograder.common.hints import nearest
from autograder.common.i18n import LANGUAGES, _
from autograder.course.checks.base import Check, Localised
from autograder.course.checks.registry import TYPES, parse
from autograder.course.files import used_files
from autograder.course.packages import checked

Isolation = Literal["bubblewrap", "none"]
FILE = "course.yml"


_ID = r"^[a-z][a-z0-9_]{0,39}$"  # fits nbgrader's grade ids and file names


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Holdout(_Frozen):
    """scikit-learn's ``train_test_split`` settings."""

    test_size: float = Field(default=TEST_SIZE, gt=0, lt=1)
    random_state: int = RANDOM_STATE


class DataSettings(_Frozen):
    name: Literal["fashion_mnist"] = "fashion_mnist"
    holdout: Holdout = Holdout()


class Limits(_Frozen):
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


class LatePolicy(_Frozen):
    """A started day late costs `per_day` of the points, after `grace_minutes`, and never more than `at_most`."""

    per_day: float = Field(default=0.1, ge=0, le=1)
    grace_minutes: int = Field(default=0, ge=0)
    at_most: float = Field(default=1.0, ge=0, le=1)

    def penalty(self, late: dt.timedelta) -> float:
        """The share of the points that is lost, 0 to 1."""
        seconds = late.total_seconds() - 60 * self.grace_minutes
        if seconds <= 0:
            return 0.0
        return min(self.at_most, self.per_day * -(-seconds // 86_400))


class Question(_Frozen):
    title: Localised
    points: float = Field(gt=0)
    checks: tuple[Annotated[SerializeAsAny[Check], BeforeValidator(parse)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Question:
        total = round(sum(check.points for check in self.checks), 6)
        if total != self.points:
            raise ValueError(
                _(
                    "the points of its checks add up to {total:g}, and its points are {points:g}",
                    total=total,
                    points=self.points,
                )
            )
        seen: list[str] = []
        for check in self.checks:
            if check.id in seen:
                raise ValueError(_("two checks are called '{id}': give each an id of its own", id=check.id))
            for need in check.needs:
                if need not in seen:
                    guess = nearest(need, seen)
                    known = (
                        _("did you mean '{guess}'?", guess=guess)
                        if guess
                        else _("the checks before it are {seen}", seen=", ".join(seen) or _("none"))
                    )
                    raise ValueError(
                        _(
                            "check '{id}' needs '{need}', which is not a check before it: {known}",
                            id=check.id,
                            need=need,
                            known=known,
                        )
                    )
            if check.hidden and check.title is None:
                raise ValueError(
                    _("check '{id}' is hidden and has no title: its own would tell what it expects", id=check.id)
                )
            seen.append(check.id)
        return self

    def visible(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.hidden)

    def hidden(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.hidden)

    def first_name(self) -> str:
        """The name that an unnamed value is handed in under."""
        return self.checks[0].of


class Assignment(_Frozen):
    title: Localised
    due: dt.datetime
    questions: dict[Annotated[str, Field(pattern=_ID)], Question] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_zone(self) -> Assignment:
        if self.due.tzinfo is None:
            raise ValueError(_("due {due} has no time zone: write it like 2027-03-14T23:59:00+09:00", due=self.due))
        return self

    @property
    def points(self) -> float:
        return sum(question.points for question in self.questions.values())


class Heading(_Frozen):
    """What the course is. `github` (``owner/name``): where it is published; released notebooks then open in Colab.

    Where that is determines no report, so it is left out of what describes the course.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,60}$")
    title: Localised
    languages: tuple[Annotated[str, Field(json_schema_extra={"enum": list(LANGUAGES)})], ...] = Field(
        default=LANGUAGES[:1], min_length=1
    )
    github: str = Field(default="", exclude=True)
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", exclude=True)

    @field_validator("languages")
    @classmethod
    def _known_and_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in LANGUAGES:
                raise ValueError(
                    _("there is no language '{name}' here: there are {known}", name=name, known=", ".join(LANGUAGES))
                )
            if names.count(name) > 1:
                raise ValueError(_("'{name}' stands twice", name=name))
        return names

    @field_validator("github")
    @classmethod
    def _is_a_repository(cls, name: str) -> str:
        if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", name):
            raise ValueError(_("{name} is not the name of a repository: write it like owner/name", name=name))
        return name


class HiddenCheck(_Frozen):
    """What a released course file says of a hidden check: that it exists, its title and its points."""

    title: Localised
    points: float


class Course(_Frozen):
    """All of course.yml. `root` is the folder it lies in; `public` is true for the file that students receive."""

    course: Heading
    data: DataSettings = DataSettings()
    seed: int = Field(default=42, ge=0, lt=2**32)
    isolation: Literal["bubblewrap", "none"] = "bubblewrap"
    gradebook: str = "sqlite:///gradebook.db"
    limits: Limits = Limits()
    late: LatePolicy = LatePolicy()
    sandbox_training: Literal["undecided", "accepted"] = "undecided"
    packages: Annotated[tuple[str, ...], AfterValidator(checked)] = ()
    assignments: dict[Annotated[str, Field(pattern=_ID)], Assignment] = Field(min_length=1)
    root: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _speaks_its_languages(self) -> Course:
        """Every text that students read is there in each of the course's languages, and may be there in others."""
        languages = self.course.languages
        lacking = [
            f"{place}: " + _("it has no text in '{missing}'", missing="', '".join(missing))
            for place, text in self._texts()
            if (missing := text.lacks(languages))
        ]
        if lacking:
            known = ", ".join(languages)
            raise ValueError("; ".join([*lacking, _("the course's languages are {known}", known=known)]))
        return self

    def _texts(self) -> Iterator[tuple[str, Localised]]:
        yield "course.title", self.course.title
        for name, assignment in self.assignments.items():
            yield f"assignments.{name}.title", assignment.title
            for key, question in assignment.questions.items():
                place = f"assignments.{name}.questions.{key}"
                yield f"{place}.title", question.title
                for check in question.checks:
                    for kind, text in (("title", check.title), ("hint", check.hint)):
                        if text is not None:
                            yield f"{place}.checks.{check.id}.{kind}", text

    @property
    def language(self) -> str:
        """The language that counts where nobody chose one: the first of the course's."""
        return self.course.languages[0]

    def assignment(self, name: str) -> Assignment:
        if name not in self.assignments:
            guess = nearest(name, list(self.assignments))
            meant = (
                _("did you mean '{guess}'?", guess=guess)
                if guess
                else _("there are {assignments}", assignments=", ".join(self.assignments))
            )
            raise CourseError(_("the course has no assignment '{name}'", name=name), meant, misused=True)
        return self.assignments[name]

    def question(self, place: str) -> tuple[str, Question]:
        """The question at ``assignment.question``, with its assignment's name."""
        name, dot, key = place.partition(".")
        if not dot:
            raise CourseError(
                _("'{place}' is not the name of a question", place=place),
                _("Write it as 'assignment.question'."),
                misused=True,
            )
        questions = self.assignment(name).questions
        if key not in questions:
            guess = nearest(key, list(questions))
            meant = (
                _("did you mean '{name}.{guess}'?", name=name, guess=guess)
                if guess
                else _("it has {questions}", questions=", ".join(questions))
            )
            said = _("assignment '{name}' has no question '{key}'", name=name, key=key)
            raise CourseError(said, meant, misused=True)
        return name, questions[key]

    def document(self, assignment: str) -> dict[str, Any]:
        """Everything in course.yml that determines the report of a submission of `assignment`, as JSON has it."""
        document = self.model_dump(mode="json", exclude={"gradebook", "late", "isolation", "packages", "assignments"})
        document["assignment"] = self.assignments[assignment].model_dump(mode="json", exclude={"due"})
        document["files"] = self.files(assignment)
        return document

    def files(self, assignment: str) -> dict[str, str]:
        """The files that the checks of `assignment` name, with the course's files that those use: SHA-256 by path from the
        course's folder, '' for one that isn't there. Raises CourseError for a file outside of it."""
        places = {
            place: f"{assignment}.{name}"
            for name, question in self.assignment(assignment).questions.items()
            for check in question.checks
            for place in check.places()
        }
        return used_files(self.root, places, {FILE})

    def digest(self, assignment: str) -> str:
        """SHA-256 of everything in the course that determines the report of a submission of `assignment`."""
        return sha256(course_document(self, assignment))

    def public(self, assignment: str, language: str) -> dict[str, Any]:
        """What students may know: one assignment, visible checks whole, hidden ones without any parameter."""
        questions: dict[str, Any] = {}
        for name, question in self.assignment(assignment).questions.items():
            visible = [check.model_dump(mode="json", by_alias=True, exclude_unset=True) for check in question.visible()]
            for check, document in zip(question.visible(), visible, strict=True):
                document.pop("id", None)
                questions_id = {"type": check.type, **({"id": check.id} if check.id != check.type else {})}
                document |= questions_id
                document["points"] = check.points
                document["needs"] = [need for need in check.needs if need in {c.id for c in question.visible()}]
            hidden = [
                {"title": check.heading(language), "points": check.points, "of": check.of}
                for check in question.hidden()
            ]
            questions[name] = {"title": question.title.in_language(language), "checks": visible, "hidden": hidden}
        return {
            "course": {"id": self.course.id, "title": self.course.title.in_language(language), "language": language},
            "data": self.data.model_dump(mode="json"),
            "seed": self.seed,
            "assignment": assignment,
            "questions": questions,
        }


def find(start: Path | None = None, name: str = FILE) -> Path:
    """The course file: ``$AUTOGRADER_COURSE``, or `name` in `start` (default: the current folder) or a folder above it."""
    if os.environ.get("AUTOGRADER_COURSE"):
        return Path(os.environ["AUTOGRADER_COURSE"])
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / name).is_file():
            return folder / name
    raise CourseError(
        _("there is no {name} in {start} or a folder above it", name=name, start=start),
        _("Run the command inside the course's folder, or name the file with --course (or AUTOGRADER_COURSE)."),
    )


def load(path: Path | None = None) -> Course:
    """The course in `path` (default: `find`). Raises CourseError for everything that is wrong with the file."""
    path = path or find()
    document = read_yaml(path, _("Name an existing file with --course."))
    if not isinstance(document, dict):
        raise CourseError(
            _(
                "{path} should hold keys such as 'course' and 'assignments', and holds {document!r:.80}",
                path=path,
                document=document,
            )
        )
    if "root" in document:
        raise CourseError(_("{path}: 'root' is not a key of a course file", path=path), _("Remove it."))
    try:
        return Course.model_validate({**document, "root": path.resolve().parent})
    except ValidationError as error:
        raise CourseError(explain(path, error)) from None


def read_yaml(path: Path, remedy: str = "") -> Any:
    """What a YAML file holds; a key may stand only once. Raises CourseError, with `remedy` for a missing file."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Unique)
    except OSError as error:
        raise CourseError(_("{path} can't be read: {strerror}", path=path, strerror=error.strerror), remedy) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as February 30, or not UTF-8
        raise CourseError(_("{path} is not valid YAML: {error}", path=path, error=error)) from error


class _Unique(yaml.SafeLoader):
    """YAML in which a key may stand only once: a second one would replace the first without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, _("the key '{key}' stands twice", key=key), key_node.start_mark
                )
            seen.add(key if isinstance(key, str) else id(key_node))
        return super().construct_mapping(node, deep)


def explain(path: Path, error: ValidationError) -> str:
    """pydantic's errors as lines of: file, key path, what is wrong, the value."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"] if part != "[key]") or _("(the whole file)")
        message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
        if problem["type"] == "extra_forbidden":
            message = _("this key is not known here") + _known_keys(str(problem["loc"][-1]), problem["loc"])
        value = problem.get("input")
        shown = (
            ""
            if isinstance(value, (dict, list, tuple)) or problem["type"] == "missing"
            else _(" (found {value!r:.80})", value=value)
        )
        lines.append(f"{path}: {key}: {message}{shown}")
    return "\n".join(lines)


def _known_keys(key: str, place: tuple[int | str, ...]) -> str:
    """The nearest field of the model at `place`, for a mistyped key."""
    models: list[type[BaseModel]] = [
        Course,
        Heading,
        DataSettings,
        Holdout,
        Limits,
        LatePolicy,
        Assignment,
        Question,
        Check,
    ]
    checks = TYPES.values() if "checks" in place else ()
    fields = sorted({field.alias or name for model in (*models, *checks) for name, field in model.model_fields.items()})
    guess = nearest(key, fields)
    return _("; did you mean '{guess}'?", guess=guess) if guess else ""


def course_document(course: Course, assignment: str) -> bytes:
    """What determines a report, as it is kept with the hand-ins: a later course is compared with it."""
    return json.dumps(course.document(assignment), sort_keys=True).encode()
