"""What a check is: a small frozen value, called with the facts, that gives a `Verdict`.

To add a type of check: one class here or beside its kin, one line in `registry.py`, and its tests.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import (
    Field,
    GetCoreSchemaHandler,
    RootModel,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from autograder.common.data.base import HoldoutSplit
from autograder.common.hints.for_errors import for_error, meant_inside
from autograder.common.i18n import N_, _, known, speaking
from autograder.common.i18n import language as spoken
from autograder.common.keras_tables import allowed, keras_names
from autograder.common.models import Written, of_other_kind
from autograder.common.results import Status
from autograder.common.showing.readable import shorten
from autograder.common.wire.description import (
    Component,
    FailureDescription,
    FunctionDescription,
    ModelDescription,
    TableDescription,
)
from autograder.course.checks.forms import Form, nothing_returned
from autograder.course.checks.in_words import built as built
from autograder.course.checks.in_words import no_language, wrong_texts
from autograder.course.checks.in_words import number as number
from autograder.course.checks.in_words import show as show
from autograder.course.checks.plain_values import Meaning, as_accepted

_FUNCTION = re.compile(r"[^\s:][^\n:]*\.py:[A-Za-z_]\w*")  # a function in a file
Split = Literal["all_train", "train", "holdout", "test"]
Language = str


class Verdict(NamedTuple):
    """What a check found: all of its points, or none. `form`: only the form is wrong, which is no secret of a hidden check."""

    status: Status
    expected: str = ""
    actual: str = ""
    hint: str = ""
    form: bool = False


def passed(actual: object = "") -> Verdict:
    return Verdict(Status.PASSED, actual=str(actual))


def failed(expected: object, actual: object, hint: str = "") -> Verdict:
    return Verdict(Status.FAILED, str(expected), str(actual), hint)


def malformed(expected: object, actual: object, hint: str = "") -> Verdict:
    """Failed, whatever the answer is: it has not the form of one."""
    return Verdict(Status.FAILED, str(expected), str(actual), hint, form=True)


def undecided(why: object) -> Verdict:
    return Verdict(Status.UNDECIDED, actual=str(why))


class Lab(Protocol):
    """What a check may ask of the world: the data set, the course's reference functions, and a network's metrics."""

    holdout: HoldoutSplit  # the course's

    def size(self, split: str) -> int: ...

    def rows(self, split: str) -> npt.NDArray[np.int32]: ...

    def labels(self, split: str, name: str = "raw") -> npt.NDArray[Any]: ...

    def features(self, split: str, name: str) -> npt.NDArray[Any]:
        """The rows of `split` of an array that the course prepares of a table. Raises CourseError where it makes none of that name."""

    def rounding(self, name: str, targets: bool) -> float: ...  # how far a right array may be from a named one

    def held(self, values: npt.NDArray[Any]) -> str:
        """The name of such an array that all of `values` are rows of, or ''."""

    @property
    def preparations(self) -> Sequence[str]:
        """What samples may be made into: of images ``raw`` and ``unit``, of a table the arrays that the course names."""

    def evaluate(self, model: ModelDescription, split: str, prepared: str = "") -> Mapping[str, float]:
        """``loss`` and ``accuracy``, on samples prepared as those that the network was trained on, or as one of `preparations`.

        Raises CannotRebuild when the network holds what the judge won't build.
        """

    def metric(self, model: ModelDescription, split: str, metric: str, prepared: str = "") -> Mapping[str, float]:
        """One of scikit-learn's metrics, by its name, of what the network answers for `split`. Raises CannotRebuild, too."""

    def meaning(self, model: ModelDescription) -> Meaning: ...  # of its answers

    def agreement(self, model: ModelDescription, split: str, given: npt.NDArray[Any]) -> float:
        """The share of the samples of `split` of which `given` is what the network says, by its `meaning`. Raises CannotRebuild, too."""

    def estimator_score(
        self, made: Component, split: Literal["holdout", "test"], place: str, seed: int
    ) -> Mapping[str, float]:
        """Metrics of an estimator of scikit-learn's, fitted anew. Raises CannotRebuild, too."""

    def reference(self, place: str) -> Callable[..., Any]: ...


@dataclass(frozen=True)
class Facts:
    """All that was handed in for a question, by name, and the lab. `elsewhere`: trained networks of other questions."""

    values: Mapping[str, Any]
    lab: Lab
    seed: int = 0
    elsewhere: Mapping[str, ModelDescription] = field(default_factory=dict)

    def of(self, name: str) -> Any:
        """A value as most checks look at it: of a table what it is as an array."""
        value = self.values.get(name)
        return value.whole if isinstance(value, TableDescription) else value


class Localised(RootModel[dict[str, str]], frozen=True):
    """A text by language, ``{en: Scaling, ko: 스케일링}``. A plain text is the same in every language: its key is ''."""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if not isinstance(value, (str, dict)):
            raise of_other_kind(
                _("should be a text, or a text for each language: {example}", example="{en: Scaling, ko: 스케일링}")
            )
        return {"": value} if isinstance(value, str) else value

    @field_validator("root")
    @classmethod
    def _in_known_languages(cls, texts: dict[str, str]) -> dict[str, str]:
        for name in texts:
            if name and known(name) != name:
                raise ValueError(no_language(name))
        if not texts:
            raise ValueError(_("it holds no text"))
        return texts

    @model_serializer
    def _as_written(self) -> dict[str, str] | str:
        return self.root.get("", self.root)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.root.items())))

    def in_language(self, language: Language) -> str:
        """The text; where there is none in `language`, the plain one or the first."""
        own = self.root.get(language) or self.root.get(language.partition("-")[0])  # fr for fr-CA
        return own or self.root.get("") or next(filter(None, self.root.values()), "")

    def lacks(self, languages: Iterable[Language]) -> list[Language]:
        """Those of `languages` that it has no text in."""
        return [name for name in languages if not self.root.get("" if "" in self.root else name, "").strip()]


class InCourse(str):
    """A file of the course's folder, or a function in one (``solutions/references.py:relu``).

    What a check names so decides its outcome: it belongs to the course's digest, and workers get it.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


def _places(value: Any) -> set[str]:
    """What `value` names in the course's folder, at any depth: by type, and what is written as a function in a file."""
    if isinstance(value, (InCourse, PurePath)):
        return {str(value)} - {""}
    if isinstance(value, str):
        return {value} if _FUNCTION.fullmatch(value) else set()
    if isinstance(value, Localised):
        return set()
    if hasattr(type(value), "model_fields"):  # any model of pydantic's, whatever another package derived it from
        value = vars(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    return set().union(*map(_places, value)) if isinstance(value, (list, tuple, set, frozenset)) else set()


class Check(Written):
    """The fields that every check has. A subclass adds its own and decides in `decide`.

    `asks`: its keys of which one at least must say something; without any the check asks something by itself.
    `values_named`: its keys that name further values which are handed in with the question.
    """

    type: str
    id: str = ""
    of: str = "value"
    points: float = Field(ge=0, le=1000)
    hidden: bool = False
    needs: tuple[str, ...] = ()
    title: Localised | None = None
    hint: Localised | None = None

    accepts: ClassVar[tuple[Any, ...]] = ()
    wanted: ClassVar[str] = N_("a value")
    safe_hints: ClassVar[bool] = False  # whether the hints it makes up give nothing away when it is hidden
    asks: ClassVar[tuple[str, ...]] = ()
    values_named: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _can_be_earned(self) -> Check:
        fields = type(self).model_fields
        if self.asks and not any(_says(getattr(self, name)) for name in self.asks):
            keys = _(" or ").join(f"'{fields[name].alias or name}'" for name in self.asks)
            raise ValueError(_("this check asks nothing: give it {keys}", keys=keys))
        for name in self.model_fields_set - Check.model_fields.keys():
            key = fields[name].alias or name
            if getattr(self, name) == () and fields[name].default != () and name != "equals":
                raise ValueError(_("'{key}' is empty: a list of what is asked for", key=key))
            if self.type != "value" and (problem := wrong_texts(key, getattr(self, name))):
                raise ValueError(problem)
        if problem := wrong_texts("needs", self.needs):
            raise ValueError(problem)
        if "id" in self.model_fields_set and not self.id.strip():
            raise ValueError(_("'id' is empty: leave it out, and it is the type"))
        for name in sorted(self.names()):
            if not name.isidentifier() or keyword.iskeyword(name) or name == "hidden":
                message = _(
                    "'{name}' can't be the name of a value: check(..., name=value) takes a name of Python", name=name
                )
                raise ValueError(message)
        if problem := self.problem():
            raise ValueError(problem)
        return self

    def problem(self) -> str:
        """Why nobody can earn this check as it is declared, and what is allowed; '' when somebody can."""
        return ""

    def missing(self, root: Path) -> str:
        """What it needs of the course's folder `root` and doesn't find there; '' for nothing."""
        return ""

    def decide(self, value: Any, facts: Facts) -> Verdict:
        raise NotImplementedError

    def describe(self) -> str:
        """A title that a student can read, made of the check's parameters."""
        raise NotImplementedError

    def arguments(self, seed: int) -> list[tuple[Any, ...]]:
        """The calls of a student's function that this check wants to see; none for most checks."""
        return []

    def names(self) -> set[str]:
        """The names of the values that the check looks at."""
        named = [getattr(self, key) for key in self.values_named]
        return {self.of, *(name for one in named for name in ((one,) if isinstance(one, str) else one) if name)}

    def places(self) -> set[str]:
        """The files, and the functions in files, that decide this check: fields of type `InCourse` or Path, and fields that
        are written as ``file.py:name``. A check that makes up such a name has to add it here."""
        return _places(self)

    def looks_at_networks(self) -> bool:
        """Whether it can be decided only where networks can be described and built."""
        return ModelDescription in self.accepts or bool({"model", "models"} & set(self.values_named))

    def heading(self, language: Language = "") -> str:
        """The title that students read, in `language` or else in what is spoken now."""
        if self.title:
            return self.title.in_language(language or spoken())
        with speaking(language):
            return self.describe()

    def form(self) -> Form:
        """What sort of value an answer is: students may know it even where the check is hidden."""
        return Form.of_types(self.accepts)

    def __call__(self, facts: Facts) -> Verdict:
        value = built(facts.of(self.of)) if ModelDescription in self.accepts else facts.of(self.of)
        value = facts.values.get(self.of) if TableDescription in self.accepts else as_accepted(value, self.accepts)
        odd = bool(self.accepts) and not isinstance(value, self.accepts)
        if problem := refusal(facts, self.of, self.form()):
            return problem._replace(expected=_(self.wanted)) if odd else problem
        if isinstance(value, FailureDescription):
            return _raised(_(self.wanted), value)
        said = nothing_returned(facts.values.get(self.of))
        return malformed(_(self.wanted), show(value), said) if odd else self.decide(value, facts)


def refusal(facts: Facts, name: str, form: Form, check: str = "") -> Verdict | None:
    """Why what was handed in as `name` can't be an answer, whatever it is; None where it can. `check`: whose calls are looked at, too."""
    if name not in facts.values:
        return malformed(form.said, _("nothing was handed in as `{of}`", of=name))
    value = facts.values[name] if form.kind == "table" else facts.of(name)
    results = value.results.get(check, ()) if isinstance(value, FunctionDescription) else ()
    if form.kind == "network":
        value = built(value)
    if isinstance(value, FailureDescription):
        return _raised(form.said, value)
    found = form.problem(value, name, results)
    return (
        malformed(found.expected, shorten(found.found) if found.found else show(value), found.hint) if found else None
    )


def _raised(expected: str, failure: FailureDescription) -> Verdict:
    hint = for_error(failure.error, failure.message)
    return malformed(expected, f"{failure.error}: {shorten(failure.message)}", hint)


def _says(value: Any) -> bool:
    return value is not None and value is not False and value != () and value != "" and value != {}


def name_of_keras(kind: keras_names.Kind, name: str) -> str:
    """The canonical name for what course.yml calls `name`. Raises ValueError, with what was most likely meant."""
    if found := keras_names.canonical(kind, name):
        return found
    known = [one for one in keras_names.known(kind) if kind != "layers" or one in allowed.LAYERS]
    own = name.partition("(")[0].rpartition(".")[2]  # of keras.layers.Dense(32); nothing is like `Adam or SGD`
    guess = keras_names.canonical(kind, own) or ("" if " or " in own else keras_names.guess(kind, own))
    begins = [one for one in known if one.casefold().startswith(own.casefold())] if len(own) > 1 else []
    if len(begins) > 1 and not keras_names.canonical(kind, own):  # he, glorot
        guess = ("'" + _(" or ") + "'").join(begins)
    said = _("did you mean '{guess}'?", guess=guess) if guess else _("there are {names}", names=", ".join(known))
    raise ValueError(_("Keras has no '{name}' among its {kind}: {said}", name=name, kind=kind, said=said))


def unknown_key(key: str, known: list[str], place: str) -> str:
    return _("{place} has no setting '{key}': {meant}", place=place, key=key, meant=meant_inside(key, known))
