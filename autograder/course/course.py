"""course.yml as frozen, typed values: ``load(path) -> Course``.

An error names the file, the key path, the value and what is allowed; it is never a traceback.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from autograder.common.data import data_sets
from autograder.common.digests import sha256
from autograder.common.errors import CourseError
from autograder.common.files import is_text
from autograder.common.hints.for_errors import meant
from autograder.common.i18n import _
from autograder.common.models import KeyPath, Written, wrong_at
from autograder.common.showing.nearest_name import nearest
from autograder.course.assignment import GRADE_ID
from autograder.course.assignment import Assignment as Assignment
from autograder.course.assignment import Question as Question
from autograder.course.checks.answers.functions import defines, outside
from autograder.course.checks.base import Check, Localised
from autograder.course.checks.manual import Criterion
from autograder.course.earnable import unsuited, untrained
from autograder.course.packages import checked
from autograder.course.settings import DataSettings as DataSettings
from autograder.course.settings import FileBeside
from autograder.course.settings import Heading as Heading
from autograder.course.settings import Holdout as Holdout
from autograder.course.settings import LatePolicy as LatePolicy
from autograder.course.settings import Limits as Limits
from autograder.course.used_files import used_files
from autograder.course.yaml_faults import explain, located
from autograder.course.yaml_file import read_yaml

Isolation = Literal["bubblewrap", "none"]
FILE = "course.yml"
OF_PEOPLE: tuple[tuple[str, ...], ...] = (("roster",), ("late", "extensions"))  # what names a file of those who take it
SQLITE, _POSTGRESQL = "sqlite:///gradebook.db", "postgresql://user:password@host/gradebook"


class Course(Written):
    """All of course.yml. `root` is the folder it lies in; `public` is true for the file that students receive."""

    course: Heading
    data: DataSettings = DataSettings()
    networks: bool = True
    seed: int = Field(default=42, ge=0, lt=2**32)
    isolation: Literal["bubblewrap", "none"] = "bubblewrap"
    gradebook: str = SQLITE
    limits: Limits = Limits()
    late: LatePolicy = LatePolicy()
    roster: FileBeside = ""
    sandbox_training: Literal["undecided", "accepted"] = "undecided"
    packages: Annotated[tuple[str, ...], AfterValidator(checked)] = ()
    assignments: dict[Annotated[str, Field(pattern=GRADE_ID)], Assignment] = Field(min_length=1)
    root: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _speaks_its_languages(self) -> Course:
        """Every text that students read is there in each of the course's languages, and may be there in others."""
        languages = self.course.languages
        known = _("the course's languages are {known}", known=", ".join(languages))
        lacking = [
            (place, _("it has no text in '{missing}'", missing="', '".join(missing)) + f"; {known}")
            for place, text in self._texts()
            if (missing := text.lacks(languages))
        ]
        if lacking:
            raise wrong_at(*lacking)
        return self

    @model_validator(mode="after")
    def _can_be_earned(self) -> Course:
        """Each check asks for something that there is in what its assignment is on."""
        found = [
            (place, problem)
            for name, assignment in self.assignments.items()
            for place, check in self.checks(name)
            if (problem := unsuited(check, assignment.data or self.data, self.limits, self.networks))
        ]
        if self.sandbox_training == "undecided":
            for name, assignment in self.assignments.items():
                said = untrained(question.checks for question in assignment.questions.values())
                found += [(place, said[id(check)]) for place, check in self.checks(name) if id(check) in said]
        if found:
            raise wrong_at(*found)
        return self

    def checks(self, assignment: str) -> Iterator[tuple[KeyPath, Check]]:
        """Those of an assignment, each with its place in the file."""
        for key, question in self.assignments[assignment].questions.items():
            for number, check in enumerate(question.checks):
                yield ("assignments", assignment, "questions", key, "checks", number), check

    def _texts(self) -> Iterator[tuple[KeyPath, Localised]]:
        yield ("course", "title"), self.course.title
        for name, assignment in self.assignments.items():
            yield ("assignments", name, "title"), assignment.title
            for key, question in assignment.questions.items():
                place: KeyPath = ("assignments", name, "questions", key)
                yield (*place, "title"), question.title
                for number, hint in enumerate(question.hints):
                    yield (*place, "hints", number), hint
                rubrics: list[tuple[KeyPath, tuple[Criterion, ...]]] = [((), question.rubric)]
                for number, check in enumerate(question.checks):
                    for kind, text in (("title", check.title), ("hint", check.hint)):
                        if text is not None:
                            yield (*place, "checks", number, kind), text
                    rubrics.append((("checks", number), getattr(check, "rubric", ())))
                for inside, rubric in rubrics:
                    for at, criterion in enumerate(rubric):
                        yield (*place, *inside, "rubric", at, "says"), criterion.says

    def on(self, assignment: str) -> Course:
        """The course as that assignment has it: `data` is what the assignment is on."""
        own = self.assignment(assignment).data
        return self if own is None else self.model_copy(update={"data": own})

    @property
    def shown_data(self) -> str:
        """The data set that a kernel shows, as a sandbox calls it; '' where there are no networks to show its images to."""
        if not data_sets.has_images(self.data.name):
            return self.data.name
        return (
            data_sets.called(self.root / self.data.images if self.data.images else self.data.name)
            if self.networks
            else ""
        )

    @property
    def all_data(self) -> tuple[DataSettings, ...]:
        """What its assignments are on, each once."""
        found: list[DataSettings] = []
        for name in self.assignments:
            found += [] if (one := self.on(name).data) in found else [one]
        return tuple(found)

    @property
    def images(self) -> tuple[str | Path, ...]:
        """The data sets of images that its kernels hold ready, by name, or as a file of its own."""
        found = [data for data in self.all_data if data_sets.has_images(data.name)]
        names = dict.fromkeys(self.root / data.images if data.images else data.name for data in found)
        return tuple(names) if self.networks else ()

    @property
    def language(self) -> str:
        """The language that counts where nobody chose one: the first of the course's."""
        return self.course.languages[0]

    @field_validator("gradebook")
    @classmethod
    def _is_a_known_database(cls, url: str) -> str:
        if not re.match(r"(sqlite|postgresql)(\+\w+)?://", url):
            message = _("is no address of a database: write it like {one} or {other}", one=SQLITE, other=_POSTGRESQL)
            raise ValueError(message)
        return url

    def assignment(self, name: str) -> Assignment:
        if name not in self.assignments:
            raise CourseError(
                _("the course has no assignment '{name}'", name=name), meant(name, list(self.assignments)), misused=True
            )
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
        others = {"gradebook", "late", "roster", "isolation", "packages", "assignments"}
        document = self.on(assignment).model_dump(mode="json", exclude=others)
        document["assignment"] = self.assignments[assignment].model_dump(
            mode="json", exclude={"due": True, "questions": {"__all__": {"hints"}}}  # neither determines a report
        )  # fmt: skip
        document["files"] = self.files(assignment)
        if document["networks"]:  # as it was before there were courses without
            del document["networks"]
        return document

    def files(self, assignment: str) -> dict[str, str]:
        """The files that the checks of `assignment` name, with the course's files that those use: SHA-256 by path from the
        course's folder, '' for one that isn't there. Raises CourseError for a file outside of it."""
        data = self.on(assignment).data
        places = {
            place: f"{assignment}.{name}"
            for name, question in self.assignment(assignment).questions.items()
            for check in question.checks
            for place in check.places()
        } | {place: "data" for place in (data.of_course, str(data.prepare)) if place}
        return used_files(self.root, places, {FILE})

    def digest(self, assignment: str) -> str:
        """SHA-256 of everything in the course that determines the report of a submission of `assignment`."""
        return sha256(course_document(self, assignment))

    def public(self, assignment: str, language: str) -> dict[str, Any]:
        """What students may know: one assignment, visible checks whole, of hidden ones no more than an answer's form."""
        questions: dict[str, Any] = {}
        for name, question in self.assignment(assignment).checked.items():
            visible = [check.model_dump(mode="json", by_alias=True, exclude_unset=True) for check in question.visible()]
            for check, document in zip(question.visible(), visible, strict=True):
                document.pop("id", None)
                questions_id = {"type": check.type, **({"id": check.id} if check.id != check.type else {})}
                document |= questions_id
                document["points"] = check.points
                document["needs"] = [need for need in check.needs if need in {c.id for c in question.visible()}]
            hidden = [
                {
                    "title": check.heading(language), "points": check.points, "of": check.of,
                    "form": check.form().model_dump(mode="json", exclude_defaults=True),
                }
                for check in question.hidden()
            ]  # fmt: skip
            questions[name] = {"title": question.title.in_language(language), "checks": visible, "hidden": hidden}
            if question.hints:
                questions[name]["hints"] = [hint.in_language(language) for hint in question.hints]
        return {
            "course": {"id": self.course.id, "title": self.course.title.in_language(language), "language": language},
            "data": self.on(assignment).data.public(self.root).model_dump(mode="json"),
            "seed": self.seed,
            **({} if self.networks else {"networks": False}),
            "grader": {  # what is different there
                "epochs": self.limits.epochs, "parameters": self.limits.parameters, "training": self.sandbox_training,
                "packages": list(self.packages),
            },
            "assignment": assignment,
            "questions": questions,
        }  # fmt: skip


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
        _(
            "Run the command inside the course's folder, or name the file with --course (or AUTOGRADER_COURSE). "
            "`autograder new-course` begins one."
        ),
    )


def load(path: Path | None = None) -> Course:
    """The course in `path` (default: `find`). Raises CourseError for everything that is wrong with the file."""
    path = path or find()
    if not is_text(str(path.resolve())):  # gradebooks' addresses and reports are
        shown = os.fsencode(path.resolve()).decode("utf-8", "replace")
        raise CourseError(_("the name of {path} is not UTF-8", path=shown), _("Give its folder another name."))
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
        course = Course.model_validate({**document, "root": path.resolve().parent})
    except ValidationError as error:
        raise CourseError(explain(path, error, Course)) from None
    missing: list[tuple[KeyPath, str]] = [
        (place, problem)
        for name in course.assignments
        for place, check in course.checks(name)
        if (problem := check.missing(course.root))
    ]
    declared: list[tuple[KeyPath, DataSettings]] = [(("data",), course.data)]
    declared += [(("assignments", name, "data"), one.data) for name, one in course.assignments.items() if one.data]
    for place, data in declared:
        if problem := defines(data.prepare, course.root, arguments=3):
            missing.append(((*place, "prepare"), problem))
        if data.of_course and (said := outside(data.of_course)):
            missing.append(((*place, data.name), said))
        elif data.of_course and not (course.root / data.of_course).is_file():
            missing.append(((*place, data.name), _("{file} is not there", file=data.of_course)))
    if missing:
        raise CourseError(located(path, missing))
    return course


def course_document(course: Course, assignment: str) -> bytes:
    """What determines a report, as it is kept with the hand-ins: a later course is compared with it."""
    return json.dumps(course.document(assignment), sort_keys=True).encode()
