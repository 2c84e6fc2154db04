"""How large a network is, told from its description alone: before anything is built, so that none can fill the judge's memory or time.

The unit of work is a multiplication of a pass forward, of which a core of this decade does 10 billion a second. What isn't multiplied takes
time too, and is counted as the multiplications that take as long (measured with XLA on one thread).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import _

MAX_PARAMETERS = 50_000_000  # whatever the course allows
MAX_VALUES = 1_000_000  # outputs of all layers for one sample
OUTPUT = 50  # of each output: an activation, and the way to memory and back
WINDOW = 8  # of each value that a pooling looks at
GROUPED = 8  # how much longer a convolution in groups takes, which looks at all channels for each


class Size(NamedTuple):
    """Of a network: `parameters`; outputs of all layers (`values`, as float32) and multiplications (`work`) for one sample; `output`
    shape. `cost`: `work` with all else that takes time.
    """

    parameters: int
    values: int
    work: int
    output: tuple[int, ...] = ()
    cost: int = 0

    def batch(self, values: int, most: int) -> int:
        """How many samples, at most `most`, have no more than so many outputs of layers together. Raises CannotRebuild for none."""
        if self.values > values:
            raise CannotRebuild(_("the network is too large for the grader"))
        return min(most, values // max(1, self.values))


def size(plan: str) -> Size:
    """The size of the network of ``architecture``'s JSON. Raises CannotRebuild where it is larger than any that is built."""
    document = json.loads(plan)
    shape = list(document["input"])
    parameters = values = work = cost = 0
    for kind, _trainable, settings in document["layers"]:
        try:
            looks_at = _window(kind, settings, shape)
            added, shape = _step(kind, settings, shape)
        except (LookupError, TypeError) as error:
            raise CannotRebuild(
                _("a layer {kind} lacks settings or gets data of another shape: {error}", kind=kind, error=error)
            ) from error
        outputs = math.prod(shape) * (2 if settings.get("dtype") == "float64" else 1)
        # Each weight of a layer meets every place of its output: all pixels of a convolution, one for Dense after Flatten.
        multiplied = added * math.prod(shape[:-1])
        parameters, values, work = parameters + added, values + outputs, work + multiplied
        groups = settings.get("groups", 1)
        cost += multiplied * (GROUPED * groups if groups > 1 else 1) + outputs * (OUTPUT + WINDOW * looks_at)
        if parameters > MAX_PARAMETERS or values > MAX_VALUES:
            raise CannotRebuild(_("the network is too large for the grader"))
    return Size(parameters, values, work, tuple(shape), cost)


def _window(kind: str, settings: dict[str, Any], shape: list[int]) -> int:
    """How many values a pooling looks at for one output. Raises CannotRebuild for lengths that no image has.

    A window much wider than its images looks at padding, which takes memory: gigabytes, for a few digits in a setting.
    """
    if kind == "Reshape":
        return 0
    for name in ("kernel_size", "pool_size", "strides", "dilation_rate"):
        if name in settings and any(length < 1 for length in settings[name]):
            raise CannotRebuild(_("a layer {kind} has {name} {value}", kind=kind, name=name, value=settings[name]))
    window = settings.get("kernel_size") or settings.get("pool_size") or ()
    spread = settings.get("dilation_rate") or [1] * len(window)
    for axis, length, gap in zip(shape, window, spread, strict=False):
        if (length - 1) * gap > 2 * axis:
            raise CannotRebuild(_("a layer {kind} looks further than its images reach", kind=kind))
    return math.prod(window) if kind.endswith("Pooling2D") else 0


def _step(kind: str, settings: dict[str, Any], shape: list[int]) -> tuple[int, list[int]]:
    """A layer's number of parameters and its output shape, without the batch axis."""
    channels = shape[-1] if shape else 1
    match kind:
        case "Dense":
            return (channels + 1) * settings["units"], [*shape[:-1], settings["units"]]
        case "Flatten":
            return 0, [math.prod(shape)]
        case "Reshape":
            known = math.prod(axis for axis in settings["target_shape"] if axis > 0)
            return 0, [
                axis if axis > 0 else max(1, math.prod(shape) // max(1, known)) for axis in settings["target_shape"]
            ]
        case "Conv2D":
            kernel = math.prod(settings["kernel_size"]) * channels // settings.get("groups", 1)
            return (kernel + 1) * settings["filters"], [*_strided(shape[:-1], settings["strides"]), settings["filters"]]
        case "MaxPooling2D" | "AveragePooling2D":
            return 0, [*_strided(shape[:-1], settings["strides"]), channels]
        case "GlobalAveragePooling2D" | "GlobalMaxPooling2D":
            return 0, [channels]
        case "BatchNormalization":
            return 4 * max(shape, default=1), shape
    return 0, shape


def _strided(axes: list[int], strides: Sequence[int]) -> list[int]:
    """An upper bound for any padding."""
    return [-(-length // max(1, stride)) for length, stride in zip(axes, strides, strict=False)]
