"""What every model of data derives from. What one of them does otherwise is said in its class line: ``class A(Frozen, ser_json_...)``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from autograder.common.readable import readable

KeyPath = tuple[int | str, ...]  # keys and positions, from a model inward
Said = Annotated[str, AfterValidator(readable)]  # a text of a report: a stranger may have chosen it


class Frozen(BaseModel, frozen=True, extra="forbid", strict=True):
    """A value that a program wrote: immutable, no unknown fields, exact types."""


class Written(Frozen, strict=False):
    """A value that people write, in YAML or as arguments: a list is a tuple there, and 1 is 1.0."""


def wrong_at(*problems: tuple[KeyPath, str]) -> ValidationError:
    """To be raised by a validator of a whole model: what is wrong, each with its place inside of it."""
    return ValidationError.from_exception_data(
        "wrong",
        [
            InitErrorDetails(type=PydanticCustomError("value_error", "{said}", {"said": said}), loc=place, input={})
            for place, said in problems
        ],
    )
