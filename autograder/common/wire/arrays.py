"""Arrays as they travel: frames beside the JSON, each with its dtype and shape. Hostile until `_load` has looked: nothing is ever unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, ValidationInfo
from pydantic_core.core_schema import SerializationInfo

from autograder.common.data import lookups

DTYPES = {"|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8"}
MAX_DIMENSIONS = 8


def _load(value: Any, info: ValidationInfo) -> npt.NDArray[Any]:
    if info.context is None:  # made by our own code, in this process
        if isinstance(value, np.ndarray):
            return value
        raise ValueError("expected a numpy array")
    frames: Sequence[bytes] = info.context["frames"]
    if not isinstance(value, dict) or set(value) != {"frame", "dtype", "shape"}:
        raise ValueError("an array is {frame, dtype, shape}")
    number, dtype, shape = value["frame"], value["dtype"], value["shape"]
    known = type(dtype) is str and dtype in DTYPES
    if type(number) is not int or not 0 <= number < len(frames) or not known or type(shape) is not list:
        raise ValueError("an array names a frame that was sent and a dtype of the list")
    if len(shape) > MAX_DIMENSIONS or any(type(length) is not int or not 0 <= length < 2**31 for length in shape):
        raise ValueError("an array's shape is a short list of lengths")
    size = 1
    for length in shape:
        size *= length  # Python's own integers: no overflow
    if size * np.dtype(dtype).itemsize != len(frames[number]):
        raise ValueError("an array's frame has another size than its shape and dtype say")
    return np.frombuffer(frames[number], dtype).reshape(shape)


def _dump(array: npt.NDArray[Any], info: SerializationInfo) -> Any:
    frames: list[Any] = info.context["frames"]  # type: ignore[index]
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    frames.append(little)
    return {"frame": len(frames) - 1, "dtype": little.dtype.str, "shape": list(array.shape)}


Array = Annotated[Any, BeforeValidator(_load), PlainSerializer(_dump)]


def _load_lookup(value: Any, info: ValidationInfo) -> lookups.Lookup:
    if isinstance(value, lookups.Lookup):  # made by our own code: nothing of the kind arrives
        return value
    numbers = _load(value, info)
    if (lookup := lookups.parsed(numbers)) is None:
        raise ValueError(f"this is no lookup: {numbers.dtype}, {numbers.shape}")
    return lookup


def _dump_lookup(lookup: lookups.Lookup, info: SerializationInfo) -> Any:
    return _dump(lookup.numbers, info)


LookupArray = Annotated[lookups.Lookup, PlainValidator(_load_lookup), PlainSerializer(_dump_lookup)]


def form(most: int, kinds: str = "") -> AfterValidator:
    """Of an array: at most so many bytes; with `kinds` of dtype, one of them and of one axis."""

    def check(array: Any) -> Any:
        if array is not None and array.nbytes > most:
            raise ValueError(f"an array has {array.nbytes:,} bytes, and {most:,} are the most here")
        if array is not None and kinds and (array.dtype.kind not in kinds or array.shape != (array.size,)):
            raise ValueError(f"an array has another form than belongs here: {array.dtype}, {array.shape}")
        return array

    return AfterValidator(check)
