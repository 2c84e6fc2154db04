"""What student code hands over: plain data, typed and bounded. Nothing here imports a machine-learning framework.

A value travels as JSON plus raw array frames (`encode`, `decode`). Everything that arrives is hostile until `decode` has validated
it: types are exact, names and lists are bounded, dtypes are on a list, nothing is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from autograder.common.data.base import MAX_NUMBERS, MAX_ROWS
from autograder.common.digests import of_parts
from autograder.common.errors import ProtocolError
from autograder.common.results import Frozen
from autograder.common.wire.arrays import MAX_DIMENSIONS, Array, LookupArray, form

# Bytes, of any table in float64: larger arrays travel only as the row numbers they are made of.
SMALL_ARRAY = 8 * MAX_NUMBERS
Name = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=4000)]
Length = Annotated[int, Field(ge=0, lt=2**31)]
Whole = Annotated[int, Field(gt=-(2**63), lt=2**63)]


def as_tuple(value: Any) -> Any:
    return tuple(value) if type(value) is list else value  # JSON has no tuples


Axes = Annotated[tuple[Length | None, ...], BeforeValidator(as_tuple), Field(max_length=MAX_DIMENSIONS)]
Numbers = Annotated[tuple[float, ...], BeforeValidator(as_tuple), Field(max_length=MAX_DIMENSIONS)]
Statistics = Annotated[tuple[float, ...], BeforeValidator(as_tuple), Field(max_length=1000)]
Lengths = Annotated[tuple[Whole, ...], BeforeValidator(as_tuple), Field(max_length=MAX_DIMENSIONS)]


class Component(Frozen):
    """An optimizer, loss, metric, initializer or regularizer: class name and plain settings. `custom` says why it isn't Keras's own."""

    type: Name
    settings: dict[Name, bool | Whole | float | Name | Numbers | Component | None] = Field(default={}, max_length=40)
    custom: Text = ""


THE_INPUT = -1  # of a network, among the numbers of layers
MAX_LAYERS = 200
MAX_FAN_IN = 16  # layers that one takes
Inputs = Annotated[
    tuple[Annotated[int, Field(ge=THE_INPUT, lt=MAX_LAYERS)], ...],
    BeforeValidator(as_tuple),
    Field(max_length=MAX_FAN_IN),
]


class LayerDescription(Frozen):
    kind: Literal["layer"] = "layer"
    type: Name
    name: Name
    config: dict[Name, bool | Whole | float | Name | Lengths | Statistics | Component | None] = Field(
        default={}, max_length=40
    )
    output_shape: Axes | None = None
    weights: Annotated[tuple[Array, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=16)
    trainable: bool = True
    learning: Annotated[tuple[bool, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=16)  # of `weights`
    adapts: bool = False  # whether it is a Normalization whose `mean` and variance are weights
    same_as: Name = ""  # the name under which the student handed in this very object as well
    inputs: Inputs = ()  # in a graph: the layers that it takes, by their numbers, or THE_INPUT
    custom: Text = ""  # why it is outside the allow-list
    keras: bool = True  # whether its class is one of Keras's own, and made as can be told

    @property
    def parameters(self) -> int:
        fixed = 2 * np.size(self.config.get("mean")) + 1 if self.adapts and self.type == "Normalization" else 0  # type: ignore[arg-type]
        return sum(int(array.size) for array in self.weights) + fixed

    @property
    def trainable_parameters(self) -> int:
        learning = self.learning or (self.trainable,) * len(self.weights)
        return sum(int(array.size) for array, learns in zip(self.weights, learning, strict=False) if learns)


class CompileDescription(Frozen):
    optimizer: Component
    loss: Component
    metrics: Annotated[tuple[Component, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=20)


class DataRecord(Frozen):
    """What a network was trained on, in numbers of rows; all zero for other data than the course's. `weighted`: samples counted
    differently, by their ``classes`` or each by a number of its own. `lookup`: from pixel to what the network saw.
    `prepared`, `targets`: of a table, the named arrays that these are rows of.
    """

    samples: Length
    train: Length = 0
    holdout: Length = 0
    test: Length = 0
    distinct: Length = 0
    changed_labels: Length = 0
    weighted: Literal["", "classes", "samples"] = ""
    scaling: Literal["unit", "raw", "other", "unknown"] = "unknown"
    lookup: LookupArray | None = None
    prepared: Name = ""
    targets: Name = ""

    @property
    def recognised(self) -> bool:
        return self.train + self.holdout + self.test > 0


MAX_CALLBACKS, MAX_CALLS = 16, 20
Callbacks = Annotated[tuple[Component, ...], BeforeValidator(as_tuple), Field(max_length=MAX_CALLBACKS)]
CallbacksOfCalls = Annotated[tuple[Callbacks, ...], BeforeValidator(as_tuple), Field(max_length=MAX_CALLS)]


class FitRecord(Frozen):
    """One training: all epochs of one optimizer's life on the same data, in however many `calls` of ``fit``.

    `compiled` holds the learning rate that it began with; `learning_rates` all that it had, if it changed.
    `callbacks`: by call, the kernel's word on what it was given. `where`: ``judge`` trained it, or it ran as written (``kernel``), for `reason`.
    """

    epochs: Length
    calls: Length = 1
    learning_rates: Annotated[tuple[float, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=1000)
    batch_size: Length
    data: DataRecord
    compiled: CompileDescription
    callbacks: CallbacksOfCalls = ()
    history: dict[Name, Annotated[tuple[float, ...], BeforeValidator(as_tuple)]] = Field(default={}, max_length=40)
    where: Literal["judge", "kernel"] = "kernel"
    reason: Text = ""

    @property
    def learning_rate(self) -> Any:
        """The one that the training ended with."""
        return self.learning_rates[-1] if self.learning_rates else self.compiled.optimizer.settings.get("learning_rate")

    def joined(self, later: FitRecord, calls: int = 1) -> FitRecord:
        """This training with the epochs of `later`, which went on with the same optimizer, in so many further calls."""
        history = {name: (*self.history.get(name, ()), *values) for name, values in later.history.items()}
        rates: list[Any] = []
        for record in (self, later):
            own = record.learning_rates or (record.compiled.optimizer.settings.get("learning_rate"),)
            rates += [rate for number, rate in enumerate(own) if number or not rates or rates[-1] != rate]
        numbers = tuple(rate for rate in rates if isinstance(rate, float))
        return self.model_copy(
            update={
                "epochs": self.epochs + later.epochs, "calls": self.calls + calls, "history": {**self.history, **history},
                "learning_rates": numbers[-1000:] if len(numbers) > 1 else (),
                "callbacks": (self.callbacks + later.callbacks if calls else self.callbacks)[-MAX_CALLS:],
            }
        )  # fmt: skip


class ModelDescription(Frozen):
    """A network. `topology`: layers one after another (``chain``), not ``built`` yet, or some other ``graph``, whose layers say by their
    `inputs` how they hang together; without these it can't be told."""

    kind: Literal["model"] = "model"
    name: Name = ""
    topology: Literal["chain", "graph", "unbuilt"] = "chain"
    input_shape: Axes | None = None
    layers: Annotated[tuple[LayerDescription, ...], BeforeValidator(as_tuple)] = Field(
        default=(), max_length=MAX_LAYERS
    )
    compiled: CompileDescription | None = None
    custom: Text = ""  # of a class of the student's own: why its layers don't tell what it does
    beyond: Text = ""  # what of its graph no layer does
    fits: Annotated[tuple[FitRecord, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=50)
    origin: Text = ""  # why `fits` doesn't explain the weights: set by hand, loaded, trained elsewhere
    undecided: bool = False  # whether that is the grader's limit rather than the student's doing
    same_as: Name = ""  # the first name, or entry, under which the question's check cell handed in this very object
    optimizer_of: Name = ""  # the first name of a network with this very optimizer, handed in by the same check cell

    @property
    def doubt(self) -> str:
        """Why its layers can't all be told, where they can't: a class of the student's own may hold others."""
        return self.custom or next((layer.custom for layer in self.layers if not layer.keras), "")

    @property
    def outputs(self) -> int | None:
        """How many numbers its last layer gives for one sample, along the last axis; None where that isn't known."""
        return (self.layers[-1].output_shape or (None,))[-1] if self.layers else None

    @property
    def weights(self) -> tuple[npt.NDArray[Any], ...]:
        return tuple(array for layer in self.layers for array in layer.weights)

    def without_weights(self) -> ModelDescription:
        return self.model_copy(update={"layers": tuple(one.model_copy(update={"weights": ()}) for one in self.layers)})


class ScalarDescription(Frozen):
    kind: Literal["scalar"] = "scalar"
    value: bool | Whole | float | Text | None
    by_chance: bool = False  # a key that was found in a dictionary without looking at its numbers


class ListDescription(Frozen):
    kind: Literal["list"] = "list"
    items: Annotated[tuple[Value, ...], BeforeValidator(as_tuple)] = Field(max_length=1000)


class MappingDescription(Frozen):
    kind: Literal["mapping"] = "mapping"
    items: dict[Name, Value] = Field(max_length=200)


class ArrayDescription(Frozen):
    """`rows` and `lookup` for images of the data set, `data` for other arrays of `SMALL_ARRAY` bytes, neither for larger ones."""

    kind: Literal["array"] = "array"
    dtype: Name
    shape: Axes
    minimum: float | None = None
    maximum: float | None = None
    finite: bool = True
    rows: Annotated[Array | None, form(4 * MAX_ROWS, "iu")] = None
    lookup: LookupArray | None = None
    data: Annotated[Array | None, form(SMALL_ARRAY)] = None


class FunctionDescription(Frozen):
    """A function, and what it returned for the arguments that each check (by id) asked for. `changes`: checks whose arguments
    it changed in place. `unsteady`: checks whose first call gave something else when it was made again."""

    kind: Literal["function"] = "function"
    name: Name = ""
    results: dict[Name, Annotated[tuple[Value, ...], BeforeValidator(as_tuple)]] = Field(default={}, max_length=50)
    changes: Annotated[tuple[Name, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=50)
    unsteady: Annotated[tuple[Name, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=50)


class FailureDescription(Frozen):
    """An exception that student code raised."""

    kind: Literal["failure"] = "failure"
    error: Name
    message: Text


Sort = Literal["integer", "float", "boolean", "text", "time", "other"]
SHOWN_COLUMNS, SHOWN_AXES = 200, 50


class TableDescription(Frozen):
    """A DataFrame: its columns in order, what each holds, and how many rows there are. `whole`: what it is as an array."""

    kind: Literal["table"] = "table"
    rows: Length
    columns: dict[Name, Sort] = Field(max_length=SHOWN_COLUMNS)
    values: dict[Name, ArrayDescription | ListDescription] = Field(default={}, max_length=SHOWN_COLUMNS)
    whole: Value


class AxesDescription(Frozen):
    """One drawing of a figure: what is written at it, and how much is drawn. `points`: of the line that has the fewest."""

    title: Name = ""
    xlabel: Name = ""
    ylabel: Name = ""
    xscale: Name = "linear"
    yscale: Name = "linear"
    lines: Length = 0
    points: Length = 0
    bars: Length = 0
    scatters: Length = 0
    images: Length = 0
    legend: Annotated[tuple[Name, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=50)


class FigureDescription(Frozen):
    """A figure of matplotlib."""

    kind: Literal["figure"] = "figure"
    axes: Annotated[tuple[AxesDescription, ...], BeforeValidator(as_tuple)] = Field(default=(), max_length=SHOWN_AXES)


class ObjectDescription(Frozen):
    """An object of Keras or scikit-learn by its class and what it was made with. `fitted`: whether it has learned from data."""

    kind: Literal["object"] = "object"
    library: Literal["keras", "sklearn"]
    made: Component
    fitted: bool = False


class OtherDescription(Frozen):
    """An object of a type that no check looks into."""

    kind: Literal["other"] = "other"
    type: Name


Value = Annotated[
    ModelDescription | LayerDescription | ScalarDescription | ListDescription | MappingDescription | ArrayDescription
    | FunctionDescription | FailureDescription | OtherDescription | TableDescription | FigureDescription | ObjectDescription,
    Field(discriminator="kind"),
]  # fmt: skip
for _model in (Component, ListDescription, MappingDescription, FunctionDescription, TableDescription):
    _model.model_rebuild()
_VALUES: TypeAdapter[dict[str, Value]] = TypeAdapter(dict[Name, Value])


def entry(name: str, key: str) -> str:
    """How an entry of a dictionary is written."""
    return f"{name}[{key!r}]"[:200]


def with_networks(value: Any, change: Callable[[ModelDescription], ModelDescription]) -> Any:
    """`value` with each of its networks changed, those in dictionaries and lists and what functions returned among them."""
    match value:
        case ModelDescription():
            return change(value)
        case MappingDescription():
            return value.model_copy(
                update={"items": {key: with_networks(item, change) for key, item in value.items.items()}}
            )
        case ListDescription():
            return value.model_copy(update={"items": tuple(with_networks(item, change) for item in value.items)})
        case FunctionDescription():
            results = {key: tuple(with_networks(item, change) for item in all_) for key, all_ in value.results.items()}
            return value.model_copy(update={"results": results})
    return value


def digest(arrays: Iterable[npt.NDArray[Any]]) -> str:
    """SHA-256 of arrays in order: dtype, shape and bytes."""
    return of_parts(
        part for array in arrays for part in (f"{array.dtype.str}{array.shape}", np.ascontiguousarray(array).data)
    )


def encode(values: dict[str, Any]) -> tuple[Any, list[npt.NDArray[Any]]]:
    """Named values as (JSON-able document, array frames)."""
    frames: list[npt.NDArray[Any]] = []
    return _VALUES.dump_python(values, mode="json", context={"frames": frames}), frames


def decode(document: Any, frames: Sequence[bytes]) -> dict[str, Any]:
    """The named values of a message. Raises ProtocolError for anything that `encode` could not have written."""
    try:
        return _VALUES.validate_python(document, context={"frames": frames})
    except (ValidationError, RecursionError) as error:
        raise ProtocolError(f"a handed-in value is malformed: {str(error)[-300:]}") from error
