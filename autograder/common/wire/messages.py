"""What a kernel may ask of its judge, as validated types. See `protocol` for how a message travels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator

from autograder.common.errors import ProtocolError
from autograder.common.results import Frozen
from autograder.common.wire.description import (
    Array,
    Component,
    FitRecord,
    Length,
    Lengths,
    ModelDescription,
    Name,
    Text,
    Value,
    as_tuple,
)

MAX_ROWS = 150_000  # twice the data set
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class SamplesMessage(Frozen):
    """Rows of the data set: `rows` int32 (n,), `labels` uint8 (n,), `lookup` float64 (256,), `shape` of one sample."""

    rows: Array
    labels: Array
    lookup: Array
    shape: Lengths

    @field_validator("rows")
    @classmethod
    def _known(cls, rows: Any) -> Any:
        if rows.dtype.str != "<i4" or rows.ndim != 1 or not 0 < len(rows) <= MAX_ROWS:
            raise ValueError("rows are a list of int32")
        if rows.min() < 0 or rows.max() >= 70_000:
            raise ValueError("rows are numbers below 70,000")
        return rows

    @field_validator("labels")
    @classmethod
    def _classes(cls, labels: Any) -> Any:
        if labels.dtype.str != "|u1" or labels.ndim != 1 or not len(labels) or labels.max() > 9:
            raise ValueError("labels are a list of uint8 up to 9")
        return labels

    @field_validator("lookup")
    @classmethod
    def _scaling(cls, lookup: Any) -> Any:
        if lookup.dtype.str != "<f8" or lookup.shape != (256,) or not bool((abs(lookup) < 1e6).all()):
            raise ValueError("a lookup holds 256 numbers")
        return lookup


class HandIn(Frozen):
    """The values of a question. `answered`: functions among them carry what they returned for the judge's calls."""

    type: Literal["hand_in"]
    question: Name
    values: dict[Name, Value] = Field(max_length=30)
    answered: bool = False


class Fit(Frozen):
    """Train `model` (without weights). `start`: '' for fresh weights, or the digest of what an earlier training gave."""

    type: Literal["fit"]
    model: ModelDescription
    samples: SamplesMessage
    validation: SamplesMessage | None = None
    epochs: Annotated[Length, Field(gt=0)]
    batch_size: Annotated[Length, Field(gt=0)]
    shuffle: bool = True
    callbacks: Annotated[tuple[Component, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=5)
    start: Digest = ""
    optimizer_start: Digest = ""


class Evaluate(Frozen):
    type: Literal["evaluate"]
    model: ModelDescription
    weights: Digest
    samples: SamplesMessage


class TrainedHere(Frozen):
    """The kernel says that it trained a network itself, and why: a claim that never earns a point."""

    type: Literal["trained_here"]
    weights: Digest
    reason: Text
    fit: FitRecord | None = None


Request = Annotated[HandIn | Fit | Evaluate | TrainedHere, Field(discriminator="type")]
_REQUEST: TypeAdapter[HandIn | Fit | Evaluate | TrainedHere] = TypeAdapter(Request)


def dump(request: HandIn | Fit | Evaluate | TrainedHere) -> tuple[dict[str, Any], list[Any]]:
    frames: list[Any] = []
    return request.model_dump(mode="json", context={"frames": frames}), frames


def parse(document: Any, frames: Sequence[bytes]) -> HandIn | Fit | Evaluate | TrainedHere:
    """Raises ProtocolError for anything that `dump` could not have written."""
    try:
        return _REQUEST.validate_python(document, context={"frames": frames})
    except (ValidationError, RecursionError, ValueError, TypeError) as error:
        raise ProtocolError(f"a request is malformed: {str(error)[:300]}") from error
