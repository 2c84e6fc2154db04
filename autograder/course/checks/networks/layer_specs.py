"""A layer as course.yml asks for it: its class, what its settings may be, and how many there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from autograder.common.hints.for_errors import meant_inside
from autograder.common.i18n import N_, _
from autograder.common.keras_tables import allowed, keras_names
from autograder.common.models import Written, wrong_at
from autograder.common.showing.readable import as_yaml
from autograder.common.wire.description import Component
from autograder.course.checks.base import name_of_keras, unknown_key
from autograder.course.checks.fitting import unfitting
from autograder.course.checks.ranges import One, Range

# What other checks ask of a network, and people write as settings of a layer.
OF_OTHER_CHECKS = {
    "name": "layer_names", **dict.fromkeys(("input_shape", "input_dim", "batch_input_shape"), "input_shape"),
    **dict.fromkeys(("output_shape", "shape"), "output_shapes"), **dict.fromkeys(("parameters", "params"), "parameters"),
}  # fmt: skip
_NAMED: dict[str, tuple[Any, str]] = {
    "initializer": ("initializers", "he_normal"),
    "regularizer": ("regularizers", "L2"),
}
ONCE, SOME = Range(at_least=1, at_most=1), Range(at_least=1)


class LayerSpec(Written, extra="allow"):
    """A layer that is asked for, and the settings it must have, by their names in Keras. Those left out may be anything.

    A setting may also be `{at_least, at_most}` or `{any_of: [...]}`; `times`: how many such layers follow one another. `takes`: the
    layers that it takes, by their places in the list from 1, and 0 for the network's input.
    """

    __pydantic_extra__: dict[str, One[Any]]
    type: str
    units: One[Annotated[int, Field(gt=0)]] | None = None
    activation: One[str] | None = None
    rate: One[Annotated[float, Field(ge=0, lt=1)]] | None = None
    trainable: bool | None = None
    times: One[Annotated[int, Field(ge=0)]] | None = None
    takes: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None = None

    @field_validator("type")
    @classmethod
    def _is_a_layer(cls, name: str) -> str:
        if name in ("Input", "InputLayer"):
            raise ValueError(_("input layers don't count: leave it out, and ask for the input with an `input_shape`"))
        return name_of_keras("layers", name)

    @field_validator("activation")
    @classmethod
    def _is_an_activation(cls, name: str | Range | None) -> str | Range | None:
        if isinstance(name, Range):
            if not all(isinstance(one, str) for one in name.any_of or (0,)):
                raise ValueError(_("an activation has a name, and no bounds"))
            return Range(any_of=tuple(name_of_keras("activations", one) for one in name.any_of))
        return name if name is None else name_of_keras("activations", name)

    @model_validator(mode="after")
    def _takes_them(self) -> LayerSpec:
        if "activation" in self.model_fields_set and self.activation is None:
            raise wrong_at(
                (("activation",), _("null asks nothing: leave it out, or write 'linear', as Keras calls no activation"))
            )
        known = {*keras_names.settings("layers", self.type), "trainable"}  # which every layer takes
        owner = _("a layer {type}", type=self.type)
        for key, value in self.settings.items():
            if key in OF_OTHER_CHECKS:
                said = N_("'{key}' is no setting of a layer here: a check of its own asks for it, `{check}`")
                raise ValueError(_(said, key=key, check=OF_OTHER_CHECKS[key]))
            if key not in known:
                raise ValueError(unknown_key(key, sorted(known), owner))
            for one in value.any_of if isinstance(value, Range) else (value,):
                if problem := impossible(allowed.LAYERS.get(self.type, {}).get(key, ""), key, one, owner):
                    raise ValueError(problem)
            if problem := unfitting(keras_names.takes(self.type, key), key, value, owner):
                raise ValueError(problem)
            kind, example = _NAMED.get(key.rpartition("_")[2], (None, ""))
            for one in (value.any_of if isinstance(value, Range) else (value,)) if kind else ():
                if isinstance(one, (list, dict)):
                    said = N_("'{key}' is asked for by its name: {example}")
                    raise ValueError(_(said, key=key, example=f"{key}: {example}"))
                if isinstance(one, str):
                    name_of_keras(kind, one)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What is asked for, without what may be anything."""
        own = {"units": self.units, "activation": self.activation, "rate": self.rate, "trainable": self.trainable}
        return {key: value for key, value in own.items() if value is not None} | (self.model_extra or {})

    @property
    def amount(self) -> Range | None:
        """How many of them; None where `times` isn't given."""
        return Range(at_least=self.times, at_most=self.times) if isinstance(self.times, int) else self.times

    def __str__(self) -> str:
        times = "" if self.times is None else f" × {self.times}"
        return f"{taking(shown(self.type, self.settings), self.takes)}{times}"


PLAIN = {  # kinds of settings that are no names
    "length": N_("a whole number above 0"), "lengths": N_("a whole number above 0, or several"), "flag": N_("true or false"),
    "number": N_("a number"), "factor": N_("a number, or two"), "axis": N_("a whole number"),
}  # fmt: skip


def impossible(kind: str, key: str, value: Any, owner: str) -> str:
    """Why nothing like `owner` has this value, by the `kind` of the setting; '' where something can, or nobody knows."""
    words = allowed.words(kind) if kind != "activation" else ()
    if words and not (isinstance(value, str) and value in words):
        said = meant_inside(str(value), sorted(words))
        return _("{owner} has no {key}={value}: {meant}", owner=owner, key=key, value=as_yaml(value), meant=said)
    given = tuple(value) if isinstance(value, list) else value
    given = (given,) if kind == "lengths" and not isinstance(given, tuple) else given
    if kind in PLAIN and (not allowed.fits(kind, given) or (kind == "lengths" and 0 in given)):
        wanted = _(PLAIN[kind])
        return _(
            "{owner} has no {key}={value}: it is {wanted}", owner=owner, key=key, value=as_yaml(value), wanted=wanted
        )
    return ""


def shown(kind: str, settings: dict[str, Any]) -> str:
    parts = [str(settings[key]) for key in ("units", "activation", "rate") if key in settings]
    parts += [
        f"{key}={value_text(value)}" for key, value in settings.items() if key not in ("units", "activation", "rate")
    ]
    return f"{kind}({', '.join(parts)})"


def taking(layer: str, takes: Sequence[int] | None) -> str:
    """A layer with the places of those that it takes, where that is said."""
    if takes is None:
        return layer
    which = [str(one) if one else _("the input") for one in takes]
    return _("{layer} of {which}", layer=layer, which=_(" and ").join(which))


def value_text(value: Any) -> str:
    if isinstance(value, Component):
        return value.type
    return str(tuple(value) if isinstance(value, list) else value)


def same_setting(given: Any, wanted: Any, key: str) -> bool:
    """Whether two values of a setting mean the same to Keras: 3 and (3, 3), ``he_normal`` and HeNormal, 0.1 as float32."""
    if key.endswith("factor"):
        given, wanted = _both_ways(given), _both_ways(wanted)
    if isinstance(wanted, Range):
        return wanted.holds(given, lambda one, other: same_setting(one, other, key))
    if isinstance(given, Component):
        kind: Any = "regularizers" if key.endswith("_regularizer") else "initializers"
        return not given.custom and given.type == keras_names.canonical(kind, str(wanted))
    if isinstance(wanted, list):
        wanted = tuple(wanted)
    if isinstance(given, tuple) and type(wanted) is int:
        return all(length == wanted for length in given)
    if isinstance(given, tuple) and isinstance(wanted, tuple):
        return given == wanted
    if isinstance(given, (int, float)) and isinstance(wanted, (int, float)):  # use_bias=0 is use_bias=False
        return same_number(given, wanted)
    return bool(given == wanted)


def same_number(given: float, wanted: float) -> bool:
    """However small both are: what Keras holds as float32 differs by a part of itself. What was worked out as 0 may be off by a rounding."""
    return math.isclose(given, wanted, rel_tol=1e-6, abs_tol=1e-12)


def _both_ways(factor: Any) -> Any:
    """By how much images are turned or zoomed: (-0.1, 0.1) is 0.1."""
    several = isinstance(factor, (tuple, list)) and len(factor) == 2
    return factor[1] if several and factor[0] == -factor[1] else factor


def unplaced(fits: Sequence[Sequence[bool]], amounts: Sequence[Range], others: bool) -> list[int]:
    """The first of what is asked for, in order, that finds no place among the layers; none where each has one.

    `fits`: for each that is asked for, which layers are like it. `others`: whether other layers may stand between.
    """
    for number, (row, amount) in enumerate(zip(fits, amounts, strict=True)):
        if counts(amount, len(row)) == [0] and any(row):
            return [number]
    layers = len(fits[0]) if fits else 0
    ends, last = {0}, 0  # how many layers can be used up by what was placed so far
    for number, (row, amount) in enumerate(zip(fits, amounts, strict=True)):
        following = set()
        for start in ends:
            for count in counts(amount, layers):
                following |= _runs(row, start, count, others)
        if not following:
            return [number]
        ends, last = following, number
    return [] if others or layers in ends else [last]


def counts(amount: Range, most: int) -> list[int]:
    """How many layers it may be, up to `most`."""
    return [count for count in range(most + 1) if amount.holds(count, lambda one, other: one == other)]


def _runs(row: Sequence[bool], start: int, count: int, others: bool) -> set[int]:
    """Where `count` fitting layers can end that begin at `start` or, with `others`, behind it."""
    if not others:
        return {start + count} if start + count <= len(row) and all(row[start : start + count]) else set()
    places = [at for at in range(start, len(row)) if row[at]]
    return {places[count - 1] + 1 if count else start} if count <= len(places) else set()
