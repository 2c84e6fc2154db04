"""The parts of course.yml above its assignments: what the course is, its data, its limits, and what being late costs."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from autograder.common.data import data_sets, own_images, tables
from autograder.common.data.base import RANDOM_STATE, TEST_SIZE, DataSet, HoldoutSplit
from autograder.common.digests import of_file
from autograder.common.i18n import LANGUAGES, N_, _, known
from autograder.common.models import Written, of_other_kind, wrong_at
from autograder.common.showing.nearest_name import nearest
from autograder.course.checks.base import InCourse, Localised
from autograder.course.checks.in_words import no_language, wrong_texts


class Holdout(Written):
    """scikit-learn's ``train_test_split`` settings."""

    test_size: float = Field(default=TEST_SIZE, gt=0, lt=1)
    random_state: int = Field(default=RANDOM_STATE, ge=0, lt=2**32)
    shuffle: bool = True
    stratify: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Holdout:
        for key in ("stratify", "random_state"):
            if not self.shuffle and key in self.model_fields_set and getattr(self, key):
                said = _("says nothing where the rows stay in their order (`shuffle: false`): leave one of the two out")
                raise wrong_at(((key,), said))
        return self

    @model_serializer(mode="wrap")
    def _as_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what goes without saying."""
        left_out = {"shuffle": self.shuffle, "stratify": not self.stratify, "random_state": not self.shuffle}
        return {key: value for key, value in write(self).items() if not left_out.get(key)}

    @property
    def split(self) -> HoldoutSplit:
        return HoldoutSplit(self.test_size, self.random_state, self.shuffle, self.stratify)


Columns = Annotated[
    tuple[str, ...], BeforeValidator(lambda names: (names,) if isinstance(names, str) else names)
]  # one, or several


# The grader has to know of each row whether it is for training: of rows from several sets nobody can tell.
ONE_ALONE = N_(
    "an assignment is on one data set, by which the grader knows the rows for training. Make an assignment of each, with `data` of its own; or "
    "one file of both; or lay the other's file beside the notebook, and ask nothing of what is trained or reached on it"
)


# The keys of a file of the course's; such a data set is called like its key.
_OF_COURSE = (tables.FILE, own_images.IMAGES)
_ARRAYS = ", ".join((*own_images.TRAINING, *own_images.TEST))


class DataSettings(Written):
    """What the course is on, by `name`, as a `file` of the course or as one with `images`, and how the rows for training are split.

    `features`, `targets`: columns of the file, or one array each; `classes`: what the targets' numbers are called; `test`: how many of
    its last rows are the test set; `digest`: its SHA-256. `prepare`: a function of the course's (``file.py:name``) that makes the named
    arrays which students prepare: ``prepare(features, targets, train)`` gives them by name, with a row for each of the data set, and
    those that take the place of the targets by name under ``targets``.
    """

    name: Annotated[str, Field(json_schema_extra={"enum": sorted(data_sets.NAMES)})] = data_sets.USUAL
    file: str = ""
    images: str = ""
    features: Columns = ()
    targets: Columns = ()
    classes: tuple[str, ...] = ()
    test: int = Field(default=0, ge=0)
    digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    prepare: InCourse = InCourse("")
    holdout: Holdout = Holdout()

    @model_validator(mode="before")
    @classmethod
    def _is_called_file(cls, declared: Any) -> Any:
        if isinstance(declared, (list, tuple)):
            raise of_other_kind(_(ONE_ALONE))
        if not isinstance(declared, dict):
            return declared
        several = [
            (key,)
            for key, value in declared.items()
            if (key in ("name", "file", "images") and isinstance(value, (list, tuple)))
            or (isinstance(value, dict) and not nearest(str(key), [*cls.model_fields]))
        ]
        if several:
            raise wrong_at(*((place, _(ONE_ALONE)) for place in several))
        kind = next((kind for kind in _OF_COURSE if declared.get(kind)), "")
        return {"name": kind, **declared} if kind else declared

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in (*data_sets.NAMES, *_OF_COURSE):
            said = _(
                "there is no data set '{name}' here: there are {known}", name=name, known=", ".join(data_sets.NAMES)
            )
            plain = name.rpartition("load_")[2].replace("-", "_")
            guess = nearest(plain, list(data_sets.NAMES)) if "." not in name else ""  # a file, not a name
            raise ValueError(said + (_("; did you mean '{guess}'?", guess=guess) if guess else ""))
        return name

    @model_validator(mode="after")
    def _consistent(self) -> DataSettings:
        for kind in _OF_COURSE:
            if (self.name == kind) != bool(getattr(self, kind)):
                raise wrong_at((("name",), _("give either `name` or `file` or `images`")))
        for key in ("features", "targets", "classes"):
            if odd_text := wrong_texts(key, getattr(self, key)):
                raise wrong_at(((key,), odd_text))
        said_of = [key for key in ("features", "targets", "classes", "test", "digest") if getattr(self, key)]
        if said_of and not self.of_course:
            raise wrong_at(((said_of[0],), _("this is said of a `file`, and {name} is none", name=self.name)))
        if self.images and (odd := [key for key in said_of if key not in ("classes", "digest")]):
            said = _("this is said of a table: the arrays of `images` are called {known}", known=_ARRAYS)
            raise wrong_at(((odd[0],), said))
        if self.images and not self.images.endswith(own_images.KIND):
            raise wrong_at((("images",), _("is a file that ends with {kinds}", kinds=own_images.KIND)))
        if self.prepare and data_sets.has_images(self.name):
            raise wrong_at(
                (
                    ("prepare",),
                    _("images are recognised as they are and however they are scaled: `prepare` is for tables"),
                )
            )
        if self.holdout.stratify and self.name in tables.OF_NUMBERS:
            said = _("it is of classes, and {data} has numbers as targets", data=self.name)
            raise wrong_at((("holdout", "stratify"), said))
        if self.file and not self.file.endswith(tables.KINDS):
            raise wrong_at((("file",), _("is a file that ends with {kinds}", kinds=_(" or ").join(tables.KINDS))))
        return self

    @model_serializer(mode="wrap")
    def _as_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what goes without saying."""
        kept = ("name", "holdout")
        return {key: value for key, value in write(self).items() if value or key in kept}

    @property
    def beside(self) -> str:
        """What its file is called beside a notebook; '' where it has none."""
        return PurePosixPath(self.of_course).name

    @property
    def of_course(self) -> str:
        """Its file, from the course's folder; '' where it is none of the course's."""
        return self.file or self.images

    def table(self, root: Path) -> tables.Table:
        """Its `file`, in the course's folder `root`."""
        return tables.Table(root / self.file, self.features, self.targets, self.classes, self.test, self.digest)

    def load(self, root: Path) -> DataSet:
        """The data set. Raises DataError where it can't be had."""
        if self.images:
            return own_images.ImageFile(root / self.images, self.classes, self.digest).read()
        return self.table(root).read() if self.file else data_sets.load(self.name)

    def public(self, root: Path) -> DataSettings:
        """As students have it, with the file beside the notebook: what prepares it is the course's."""
        digest, path = self.digest, root / self.of_course
        if not digest and self.of_course and path.is_file():
            digest = of_file(path)
        own = {kind: self.beside for kind in _OF_COURSE if getattr(self, kind)}
        return self.model_copy(update={**own, "digest": digest, "prepare": InCourse("")})


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
        if name and not re.fullmatch(r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", name):
            raise ValueError(_("{name} is not the name of a repository: write it like owner/name", name=name))
        return name
