"""What every model of data derives from. What one of them does otherwise is said in its class line: ``class A(Frozen, ser_json_...)``."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from autograder.common.i18n import _
from autograder.common.showing.readable import readable

KeyPath = tuple[int | str, ...]  # keys and positions, from a model inward
Said = Annotated[str, AfterValidator(readable)]  # a text of a report: a stranger may have chosen it


class Frozen(BaseModel, frozen=True, extra="forbid", strict=True):
    """A value that a program wrote: immutable, no unknown fields, exact types."""


class Written(Frozen, strict=False, allow_inf_nan=False):
    """A value that people write, in YAML or as arguments: a list is a tuple there, and 1 is 1.0. True is no number, nor is .inf or .nan."""

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if _holds_truth(value) and _is_of_numbers(cls, info.field_name or ""):
            raise ValueError(_("should be a number; YAML reads true and false as truth values"))
        return value

    @field_validator("*")
    @classmethod
    def _can_be_meant(cls, value: Any) -> Any:
        if _holds_more_than_64_bits(value):
            raise ValueError(_("no whole number here has more than 64 bits"))
        return value


def _holds_more_than_64_bits(value: Any) -> bool:
    return (type(value) is int and abs(value) >= 2**64) or (
        type(value) in (tuple, list) and any(map(_holds_more_than_64_bits, value))
    )


def _holds_truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, (list, tuple)) and any(map(_holds_truth, value)))


@cache
def _is_of_numbers(model: type[BaseModel], name: str) -> bool:
    """Whether numbers may stand in a field, or lists of them, and nothing that is true or false."""
    kinds = set(_kinds(model.model_fields[name].annotation))
    return bool(kinds & {int, float}) and not kinds & {bool, Any, object}


def _kinds(annotation: Any) -> Iterator[Any]:
    parts = typing.get_args(annotation) if typing.get_origin(annotation) is not Literal else ()
    if not parts:
        yield annotation
    for part in parts:
        yield from _kinds(part)


OTHER_KIND = "other_kind"


def of_other_kind(said: str) -> PydanticCustomError:
    """To be raised by a validator where a list, say, stands for a mapping: what is told of it names what stands there."""
    return PydanticCustomError(OTHER_KIND, "{said}", {"said": said})


def wrong_at(*problems: tuple[KeyPath, str]) -> ValidationError:
    """To be raised by a validator of a whole model: what is wrong, each with its place inside of it."""
    return ValidationError.from_exception_data(
        "wrong",
        [
            InitErrorDetails(type=PydanticCustomError("value_error", "{said}", {"said": said}), loc=place, input={})
            for place, said in problems
        ],
    )
