"""Settings of an object as course.yml asks for them: a plain value, a range, or another object with settings of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag, model_validator

from autograder.common.i18n import _
from autograder.common.keras_tables import class_names
from autograder.common.models import Written
from autograder.common.showing.nearest_name import nearest
from autograder.common.wire.description import Component
from autograder.course.checks.base import Verdict, failed, undecided, unknown_key
from autograder.course.checks.fitting import unfitting
from autograder.course.checks.in_words import made_text, setting_differs
from autograder.course.checks.networks.layer_specs import same_setting
from autograder.course.checks.ranges import Range


def unknown_class(name: str, settings: Mapping[str, Any], known: Collection[str]) -> str:
    """Why nothing is an object of the class called `name` that has `settings`, and what is meant; '' where something can be.

    `known`: the names of the classes that may stand there: the class itself is named, without its module.
    """
    if name not in known:
        own = name.rpartition(".")[2]
        guess = own if own in known else nearest(own, list(known))
        said = _("Keras and scikit-learn have no class '{name}' that can be asked for", name=name)
        return said + (": " + _("did you mean '{guess}'?", guess=guess) if guess else "")
    told = class_names.settings(name)
    for key, value in settings.items():
        if told is not None and key not in told:
            return unknown_key(key, told, name)
        if problem := unfitting(class_names.takes(name, key), key, value, name):
            return problem
    return ""


def _sort(value: Any) -> str:
    if isinstance(value, (Made, Range)):
        return "made" if isinstance(value, Made) else "range"
    return "plain" if not isinstance(value, dict) else "made" if "type" in value else "range"


# Before the class that it is of: pydantic asks for this name when the class is made.
Inner = Annotated[
    Annotated[Any, Tag("plain")] | Annotated["Made", Tag("made")] | Annotated[Range, Tag("range")], Discriminator(_sort)
]


class Made(Written, extra="allow"):
    """An object inside of another: its class, and its settings by their names."""

    __pydantic_extra__: dict[str, Inner]
    type: str

    @model_validator(mode="after")
    def _names_a_class(self) -> Made:
        if problem := unknown_class(self.type, self.settings, class_names.parts()):
            raise ValueError(problem)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What its settings are asked to be, by their names."""
        return dict(self.model_extra or {})


Plain = bool | int | float | str | None | tuple[bool | int | float | str | None, ...]
Setting = Annotated[
    Annotated[Plain, Tag("plain")] | Annotated[Made, Tag("made")] | Annotated[Range, Tag("range")], Discriminator(_sort)
]


def same_made(given: Any, wanted: Any, key: str) -> bool:
    """Whether a setting is what is asked for; a nested object by its class and the settings that are named."""
    if isinstance(wanted, Made):
        if not isinstance(given, Component) or given.type != wanted.type:
            return False
        inner = given.settings
        return all(name in inner and same_made(inner[name], one, name) for name, one in wanted.settings.items())
    if isinstance(given, Component):
        return given.type in (wanted, str(tuple(wanted)) if isinstance(wanted, (tuple, list)) else wanted)
    return same_setting(given, wanted, key)


def unlike(made: Component, settings: Mapping[str, Any], expected: str, actual: str) -> Verdict | None:
    """The first of `settings` that an object hasn't, or doesn't tell; None where it has them all."""
    for key, wanted in settings.items():
        if key not in made.settings:
            return undecided(_("{type} doesn't tell its setting '{key}'", type=made.type, key=key))
        if not same_made(made.settings[key], wanted, key):
            shown = made_text(made, {key: 0}).partition("=")[2].removesuffix(")")
            shown = told_inside(made.settings[key], wanted) or shown
            return failed(expected, actual, setting_differs(key, shown, wanted_text(wanted)))
    return None


def told_inside(given: Any, wanted: Any) -> str:
    """An object inside of another, with those of its settings that are asked for; '' for anything else."""
    inner = isinstance(given, Component) and isinstance(wanted, Made)
    return made_text(given, wanted.settings) if inner else ""


def asked_text(kind: str, settings: Mapping[str, Any]) -> str:
    return f"{kind}({', '.join(f'{key}={wanted_text(value)}' for key, value in settings.items())})"


def wanted_text(wanted: Any) -> str:
    if isinstance(wanted, Made):
        return asked_text(wanted.type, wanted.settings)
    return str(wanted) if isinstance(wanted, Range) else repr(wanted)
