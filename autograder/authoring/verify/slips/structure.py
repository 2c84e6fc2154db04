"""What checks on a network's layers ask for, stated a second time: by behaviour, and by Keras's own account."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autograder.authoring.verify.bench.stand_in import StandIns
from autograder.authoring.verify.slips.trainings import Objects
from autograder.course.checks.ranges import Range


def network(check: Any, objects: Objects) -> Any:
    network = objects[check.of]
    if getattr(check, "own", False) and sum(one is network for one in objects.values()) > 1:
        raise ValueError("one network under several names")
    return network() if not hasattr(network, "layers") and callable(network) else network


def layers(check: Any, objects: Objects, _: StandIns) -> Any:
    """All layers; where the check leaves something free, whether they are as is asked: then no layer is looked at further."""
    there = network(check, objects).layers
    if check.type != "layers":
        return every_layer(check, objects)
    if check.match != "all" and not there:
        raise ValueError("no layers")
    if check.match == "any_order":
        free = all(
            (_ANY if spec.times is None else _times(spec)).holds(
                sum(_is_like(layer, spec) for layer in there), operator.eq
            )
            for spec in check.layers
        )
    else:
        ranges = (isinstance(one, Range) for spec in check.layers for one in (spec.times, *spec.settings.values()))
        free = (check.match != "all" or any(ranges)) and _in_turn(check.layers, there, check.match != "all")
    return free or every_layer(check, objects)


_ANY = Range(at_least=1)


def _times(spec: Any) -> Range:
    one = 1 if spec.times is None else spec.times
    return one if isinstance(one, Range) else Range(at_least=one, at_most=one)


def _in_turn(specs: Any, layers: Any, others: bool) -> bool:
    """Whether the layers, one after another, are as many of each kind as is asked; with `others` between them, before and behind."""
    if any(_times(spec).at_most == 0 and any(_is_like(layer, spec) for layer in layers) for spec in specs):
        return False
    ends = {0}
    for spec in specs:
        later: set[int] = set()
        for start in ends:
            like = [at for at in range(start, len(layers)) if _is_like(layers[at], spec)]
            run = like if others else [at for place, at in enumerate(like) if at == start + place]
            later |= {
                end
                for count, end in enumerate((start, *(at + 1 for at in run)))
                if _times(spec).holds(count, operator.eq)
            }
        ends = later
    return bool(ends) if others else len(layers) in ends


def _is_like(layer: Any, spec: Any) -> bool:
    if type(layer).__name__ != spec.type:
        return False
    for key, wanted in spec.settings.items():
        own = getattr(layer, key, None)
        own = getattr(own, "__name__", own)
        own = list(own) if isinstance(own, tuple) else own
        given = list(wanted) if isinstance(wanted, tuple) else wanted
        if not (wanted.holds(own, operator.eq) if isinstance(wanted, Range) else own in (given, [given] * 2)):
            return False
    return True


def every_layer(check: Any, objects: Objects) -> Any:
    """Kind and width of each layer, what else is asked, and what it makes of numbers: not what its activation is called."""
    points = np.linspace(-2, 2, 5, dtype=np.float32)
    seen = []
    for layer in network(check, objects).layers:
        bend = getattr(layer, "activation", None)
        seen.append(
            (
                type(layer).__name__,
                getattr(layer, "units", None),
                _settings(check, layer),
                np.asarray(bend(points[None, :])) if bend else None,
            )
        )
    return seen


def _settings(check: Any, layer: Any) -> list[str]:
    """Of a layer, what is asked of any of its class beside width and activation; where a range is asked for, whether it lies there."""
    specs = [spec for spec in check.layers if spec.type == type(layer).__name__] if check.type == "layers" else []
    asked = [
        (key, wanted) for spec in specs for key, wanted in spec.settings.items() if key not in ("units", "activation")
    ]
    return [
        str(
            wanted.holds(getattr(layer, key, None), operator.eq)
            if isinstance(wanted, Range)
            else getattr(layer, key, None)
        )
        for key, wanted in asked
    ]


def made_of(check: Any, objects: Objects, _: StandIns) -> Any:
    """Which of the objects it uses, in its order; other layers may be there."""
    layers = network(check, objects).layers
    return [name for own in layers for name in check.layers if own is objects[name]]


def layer_names(check: Any, objects: Objects, _: StandIns) -> Any:
    names = [layer.name for layer in network(check, objects).layers]
    if not check.default:
        return names
    return bool(names) and all(name.rstrip("0123456789").rstrip("_") == "dense" for name in names)


def output_shapes(check: Any, objects: Objects, _: StandIns) -> Any:
    """The shapes that numbers take on their way; a layer that has no weights and leaves the shape is no step of it."""
    shapes: list[Any] = []
    for layer in network(check, objects).layers:
        if layer.weights or not shapes or tuple(layer.output.shape) != shapes[-1]:
            shapes.append(tuple(layer.output.shape))
    return shapes
