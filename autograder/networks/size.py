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
from autograder.common.keras_tables.allowed import MERGES
from autograder.common.wire.description import THE_INPUT

MAX_PARAMETERS = 50_000_000  # whatever the course allows
MAX_VALUES = 1_000_000  # outputs of all layers for one sample
OUTPUT = 50  # of each output: an activation, and the way to memory and back
WINDOW = 8  # of each value that a pooling looks at
GROUPED = 8  # how much longer a convolution in groups takes, which looks at all channels for each
# Of each value of an image that is turned or zoomed, in windows: which pixels it is made of is worked out.
AUGMENTED = 30
MAX_TURNS = 1_000  # of all loops over a sequence
GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_AS_THEY_ARE = {"Embedding", "Flatten", "Reshape"}  # layers that leave the numbers of the data what they are


class Size(NamedTuple):
    """Of a network: `parameters`; outputs of all layers (`values`, as float32) and multiplications (`work`) for one sample; `output`
    shape. `cost`: `work` with all else that takes time. `turns`: of its loops, which a batch goes through one after another.
    `convolutions`: what XLA is slow at.
    """

    parameters: int
    values: int
    work: int
    output: tuple[int, ...] = ()
    cost: int = 0
    turns: int = 0
    convolutions: int = 0

    def batch(self, values: int, most: int) -> int:
        """How many samples, at most `most`, have no more than so many outputs of layers together. Raises CannotRebuild for none."""
        if self.values > values:
            raise CannotRebuild(_("the network is too large for the grader"))
        return min(most, values // max(1, self.values))


class _Step(NamedTuple):
    """A layer: its `parameters`, its output `shape` without the batch axis. `multiplied`: for one sample. `between`: values that it
    makes on the way to its output. `grouped`: multiplications in groups; `turns`: of its loop.
    """

    parameters: int
    shape: list[int]
    multiplied: int = 0
    between: int = 0
    grouped: int = 0
    turns: int = 0


def size(plan: str) -> Size:
    """The size of the network of ``architecture``'s JSON. Raises CannotRebuild where it is larger than any that is built."""
    document = json.loads(plan)
    shapes = {THE_INPUT: list(document["input"])}
    parameters = values = work = cost = turns = convolutions = 0
    before: list[str] = []
    for number, (kind, _trainable, settings, *inputs) in enumerate(document["layers"]):
        given = [shapes[one] for one in (inputs[0] if inputs else (number - 1,))]
        try:
            step = _Step(0, _merged(kind, settings, given)) if kind in MERGES else _step(kind, settings, given[0])
            looks_at = _window(kind, settings, step.shape if kind.endswith("Transpose") else given[0])
        except (LookupError, TypeError, ValueError) as error:
            raise CannotRebuild(
                _("a layer {kind} lacks settings or gets data of another shape: {error}", kind=kind, error=error)
            ) from error
        if kind == "Embedding" and not set(before) <= _AS_THEY_ARE:
            raise CannotRebuild(_("an Embedding takes the numbers of the data, and stands behind other layers"))
        before.append(kind)
        shapes[number] = step.shape
        outputs = (math.prod(step.shape) + step.between) * (2 if settings.get("dtype") == "float64" else 1)
        parameters, values, work = parameters + step.parameters, values + outputs, work + step.multiplied
        cost += step.multiplied + step.grouped + outputs * (OUTPUT * len(given) + WINDOW * looks_at)
        turns += step.turns
        convolutions += kind.count("Conv") + kind.startswith("SeparableConv")
        if parameters > MAX_PARAMETERS or values > MAX_VALUES or turns > MAX_TURNS:
            raise CannotRebuild(_("the network is too large for the grader"))
    return Size(parameters, values, work, tuple(step.shape), cost, turns, convolutions)


def check_numbers(plan: str, lowest: float, highest: float) -> None:
    """Raises CannotRebuild for data that an Embedding has no row for: outside of XLA that is an error, which only Keras can show."""
    for kind, _trainable, settings, *_inputs in json.loads(plan)["layers"]:
        if kind == "Embedding" and not 0 <= lowest <= highest < settings["input_dim"]:
            raise CannotRebuild(_("the data hold numbers that an Embedding has no row for"))


def _window(kind: str, settings: dict[str, Any], shape: list[int]) -> int:
    """How many values a layer looks at for one output, where it doesn't multiply them. Raises CannotRebuild for lengths that no image has.

    `shape`: of its images, the larger ones. A window much wider than those looks at padding, which takes memory: gigabytes, for a few digits
    in a setting.
    """
    window = settings.get("kernel_size") or settings.get("pool_size") or ()
    spread = settings.get("dilation_rate") or [1] * len(window)
    for axis, length, gap in zip(shape, window, spread, strict=False):
        if (length - 1) * gap > 2 * axis:
            raise CannotRebuild(_("a layer {kind} looks further than its images reach", kind=kind))
    if kind.endswith(("Pooling1D", "Pooling2D")):
        return math.prod(window)
    mixed = kind in ("RandomRotation", "RandomTranslation", "RandomZoom") or settings.get("interpolation") == "bilinear"
    return AUGMENTED if mixed else 0


def _step(kind: str, settings: dict[str, Any], shape: list[int]) -> _Step:
    """What a layer makes of samples of that shape."""
    channels = shape[-1] if shape else 1
    match kind:
        case "Dense":
            return _weighted((channels + 1) * settings["units"], [*shape[:-1], settings["units"]])
        case "Flatten":
            return _Step(0, [math.prod(shape)])
        case "Reshape":
            known = math.prod(axis for axis in settings["target_shape"] if axis > 0)
            return _Step(0, [
                axis if axis > 0 else max(1, math.prod(shape) // max(1, known)) for axis in settings["target_shape"]
            ])  # fmt: skip
        case "Permute":
            if sorted(settings["dims"]) != [*range(1, len(shape) + 1)]:
                raise TypeError(f"dims {settings['dims']}")
            return _Step(0, [shape[axis - 1] for axis in settings["dims"]])
        case "RepeatVector":
            return _Step(0, [settings["n"], *shape])
        case "UpSampling1D" | "UpSampling2D":
            times = settings["size"] if kind == "UpSampling2D" else [settings["size"]]
            return _Step(0, [*(axis * by for axis, by in zip(shape[:-1], times, strict=True)), channels])
        case "ZeroPadding1D" | "ZeroPadding2D" | "Cropping1D" | "Cropping2D":
            sides = settings["padding"] if kind.startswith("Zero") else [-side for side in settings["cropping"]]
            parts = zip(shape[:-1], sides[::2], sides[1::2], strict=True)
            return _Step(0, [*(max(1, sum(part)) for part in parts), channels])
        case "Conv1D" | "Conv2D":
            groups = settings.get("groups", 1)
            kernel = math.prod(settings["kernel_size"]) * channels // groups
            maps = [*_strided(shape[:-1], settings["strides"]), settings["filters"]]
            found = _weighted((kernel + 1) * settings["filters"], maps)
            more = found.multiplied * (GROUPED * groups - 1) if groups > 1 else 0
            return found._replace(grouped=more)
        case "Conv1DTranspose" | "Conv2DTranspose":
            reach = zip(settings["kernel_size"], settings["dilation_rate"], strict=True)
            beside = [0 if settings["padding"] == "same" else (length - 1) * gap for length, gap in reach]
            axes = [axis * by + more for axis, by, more in zip(shape[:-1], settings["strides"], beside, strict=True)]
            kernel = math.prod(settings["kernel_size"]) * channels
            found = _weighted((kernel + 1) * settings["filters"], [*axes, settings["filters"]])
            return found._replace(between=math.prod(axes) * channels)  # its images with zeros between their pixels
        case "DepthwiseConv1D" | "DepthwiseConv2D":
            maps = [*_strided(shape[:-1], settings["strides"]), channels * settings["depth_multiplier"]]
            found = _weighted((math.prod(settings["kernel_size"]) + 1) * maps[-1], maps)
            return found._replace(grouped=found.multiplied * (GROUPED * channels - 1))
        case "SeparableConv1D" | "SeparableConv2D":
            axes, deep = _strided(shape[:-1], settings["strides"]), channels * settings["depth_multiplier"]
            kernel, places = math.prod(settings["kernel_size"]), math.prod(axes)
            own = kernel * deep + (deep + 1) * settings["filters"]
            grouped = kernel * deep * places * GROUPED * channels
            return _Step(own, [*axes, settings["filters"]], own * places, deep * places, grouped)
        case "MaxPooling1D" | "AveragePooling1D" | "MaxPooling2D" | "AveragePooling2D":
            return _Step(0, [*_strided(shape[:-1], settings["strides"]), channels])
        case _ if kind.startswith("Global"):
            return _Step(0, [*([1] * (len(shape) - 1) if settings.get("keepdims") else []), channels])
        case "BatchNormalization" | "LayerNormalization" | "Normalization":
            return _weighted(4 * max(shape, default=1), shape)
        case "Embedding":
            return _Step(settings["input_dim"] * settings["output_dim"], [*shape, settings["output_dim"]])
        case "SimpleRNN" | "GRU" | "LSTM":
            turns, inputs = shape
            units, gates = settings["units"], GATES[kind]
            own = gates * units * (inputs + units + 2)
            output = [turns, units] if settings.get("return_sequences") else [units]
            return _Step(own, output, own * turns, turns * units * (gates + 2), turns=turns)
    return _Step(0, shape)


def _merged(kind: str, settings: dict[str, Any], given: list[list[int]]) -> list[int]:
    """An upper bound for what a layer makes of several others. Raises TypeError for axes that don't fit."""
    if len({len(shape) for shape in given}) != 1 or not given[0]:
        raise TypeError(f"shapes {given}")
    found = [max(lengths) for lengths in zip(*given, strict=True)]
    if kind == "Concatenate":
        axis = settings["axis"] if settings["axis"] < 0 else settings["axis"] - 1 - len(found)
        if not -len(found) <= axis < 0:
            raise TypeError(f"axis {settings['axis']}")
        found[axis] = sum(shape[axis] for shape in given)
    return found


def _weighted(parameters: int, shape: list[int]) -> _Step:
    """Each weight of a layer meets every place of its output: all pixels of a convolution, one for Dense after Flatten."""
    return _Step(parameters, shape, parameters * math.prod(shape[:-1]))


def _strided(axes: list[int], strides: Sequence[int]) -> list[int]:
    """An upper bound for any padding."""
    return [-(-length // max(1, stride)) for length, stride in zip(axes, strides, strict=False)]
