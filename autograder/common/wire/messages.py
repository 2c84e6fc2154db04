"""What a kernel may ask of its judge, as validated types. See `protocol` for how a message travels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from autograder.common.data.base import LARGEST, MAX_ROWS
from autograder.common.errors import ProtocolError
from autograder.common.results import Frozen
from autograder.common.wire.arrays import Array, LookupArray
from autograder.common.wire.description import (
    Callbacks,
    Component,
    FitRecord,
    Length,
    Lengths,
    ModelDescription,
    Name,
    Text,
    Value,
    as_tuple,
    digest,
)

MAX_COLUMNS = 100
MOST = 1e9  # the largest of these numbers
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class SamplesMessage(Frozen):
    """Rows of the notebook's data set, which says how many rows and classes there are: `rows` int32 (n,), `labels` uint8 (n,), `lookup` from pixel to value, `shape` of one sample.

    `one_hot`: the labels were vectors of so many columns; 0: numbers. `weights` float32 (n,): how much each sample counts.
    """

    rows: Array
    labels: Array
    lookup: LookupArray
    shape: Lengths
    one_hot: Annotated[Length, Field(le=MAX_COLUMNS)] = 0
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @field_validator("rows")
    @classmethod
    def _known(cls, rows: Any) -> Any:
        if rows.dtype.str != "<i4" or rows.ndim != 1 or not 0 < len(rows) <= MAX_ROWS:
            raise ValueError("rows are a list of int32")
        if rows.min() < 0:
            raise ValueError("rows are numbers from 0")
        return rows

    @field_validator("labels")
    @classmethod
    def _classes(cls, labels: Any) -> Any:
        if labels.dtype.str != "|u1" or labels.ndim != 1 or not len(labels):
            raise ValueError("labels are a list of uint8")
        return labels

    @field_validator("weights")
    @classmethod
    def _finite(cls, weights: Any) -> Any:
        if weights is not None and (
            weights.dtype.str != "<f4" or weights.ndim != 1 or not len(weights) or not bool((abs(weights) < 1e6).all())
        ):
            raise ValueError("weights are a list of float32")
        return weights

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(self.labels) != len(self.rows) or (self.weights is not None and len(self.weights) != len(self.rows)):
            raise ValueError("there are not as many labels and weights as rows")
        if self.one_hot and self.labels.max() >= self.one_hot:
            raise ValueError("a label lies beyond its columns")
        return self

    @field_validator("lookup")
    @classmethod
    def _scaling(cls, lookup: Any) -> Any:
        if not bool((abs(lookup.numbers) < LARGEST).all()):
            raise ValueError("the numbers of a lookup are too large")
        return lookup


class ArraysMessage(Frozen):
    """Samples as numbers, for the judge to say what they are: `values` float32 (n, ...), `targets` int32 or float32, (n,) or (n, columns).

    `weights` as in `SamplesMessage`.
    """

    values: Array
    targets: Array
    weights: Array | None = None

    @field_validator("values", "targets", "weights")
    @classmethod
    def _numbers(cls, array: Any, info: ValidationInfo) -> Any:
        if array is None and info.field_name == "weights":
            return None
        dtypes = ("<f4", "<i4") if info.field_name == "targets" else ("<f4",)
        if array.dtype.str not in dtypes or not array.size or not bool((abs(array.astype(float)) < MOST).all()):
            raise ValueError(f"{info.field_name} are not finite numbers of the right kind")
        return array

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        count, columns = len(self.values), self.targets.shape[1:]
        if self.values.ndim < 2 or count > MAX_ROWS or len(self.targets) != count:
            raise ValueError("values and targets have a row for each sample")
        if len(columns) > 1 or (columns and not 1 < columns[0] <= MAX_COLUMNS):
            raise ValueError(f"targets are numbers, or up to {MAX_COLUMNS} columns of them")
        if self.weights is not None and self.weights.shape != (count,):
            raise ValueError("there are not as many weights as samples")
        return self

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(self.values.shape[1:])

    @property
    def one_hot(self) -> int:
        """How many columns the targets have; 0: numbers."""
        return int(self.targets.shape[1]) if self.targets.ndim == 2 else 0


class HandIn(Frozen):
    """The values of a question. `answered`: functions among them carry what they returned for the judge's calls."""

    type: Literal["hand_in"]
    question: Name
    values: dict[Name, Value] = Field(max_length=30)
    answered: bool = False


Metrics = Annotated[tuple[Component, ...], BeforeValidator(as_tuple)]


class Fit(Frozen):
    """Train `model` (without weights) for some epochs. `start`: '' for fresh weights, or the digest of what the judge gave.

    `metrics`: Keras's objects that measure. `first`: a call of ``fit`` begins here; one with callbacks asks for each epoch.
    """

    type: Literal["fit"]
    model: ModelDescription
    samples: SamplesMessage | ArraysMessage
    validation: SamplesMessage | ArraysMessage | None = None
    metrics: Metrics = Field(default=(), max_length=20)
    epochs: Annotated[Length, Field(gt=0)]
    batch_size: Annotated[Length, Field(gt=0)]
    shuffle: bool = True
    first: bool = True
    callbacks: Callbacks = ()  # that this call was given
    start: Digest = ""
    optimizer_start: Digest = ""


class Evaluate(Frozen):
    type: Literal["evaluate"]
    model: ModelDescription
    weights: Digest
    samples: SamplesMessage | ArraysMessage
    metrics: Metrics = Field(default=(), max_length=20)


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


def optimizer_digest(variables: Sequence[Any], constant_rate: bool) -> str:
    """Of an optimizer's variables, without a learning rate: that is a setting, which a notebook may change at any time."""
    return digest([*variables[:1], *variables[2:]] if constant_rate else variables)
