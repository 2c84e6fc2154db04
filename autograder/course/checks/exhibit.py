"""From what was handed in to what a report shows of it: ``portray(checks, outcomes, values, lab) -> Exhibit | None``.

It is made from the handed-in values and the lab alone, so that deciding again gives the same exhibit. Of hidden checks it takes
nothing, and of a network nothing that a check may not say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Protocol

from autograder.common.errors import CannotRebuild
from autograder.common.results import Outcome, Status
from autograder.common.showing import exhibits
from autograder.common.showing.exhibits import Confusion, Curve, Exhibit, Layer, Mistake, Network
from autograder.common.showing.readable import shorten
from autograder.common.wire.description import (
    FitRecord,
    FunctionDescription,
    LayerDescription,
    MappingDescription,
    ModelDescription,
)
from autograder.course.checks.base import Check, Lab, built
from autograder.course.checks.networks import compiling, effective_layers, layers, named_layers, size
from autograder.course.checks.networks.layer_specs import LayerSpec
from autograder.course.checks.trainings import accuracy, counted, evaluation, training

_STRUCTURE = (
    layers.Layers, named_layers.LayerNames, named_layers.SameLayers, size.Parameters, size.InputShape,
    size.OutputShapes, size.WeightShapes, size.Builds,
)  # fmt: skip
_TRAINING = (
    training.TrainedOn, training.TrainedWith, counted.Epochs, counted.BatchSize, training.Fresh, accuracy.Accuracy,
)  # fmt: skip
_MEASURED = (Status.PASSED, Status.FAILED)


class ShowingLab(Lab, Protocol):
    """A lab that can say, too, which images a network gets wrong, and what it takes them for."""

    def mistakes(self, model: ModelDescription, split: str, most: int) -> Sequence[Mistake]: ...

    def confusion(self, model: ModelDescription, split: str) -> tuple[tuple[int, ...], ...]: ...


def portray(
    checks: Iterable[Check], outcomes: Iterable[Outcome], values: Mapping[str, Any], lab: ShowingLab
) -> Exhibit | None:
    """The exhibit of a question; None when there is nothing to show."""
    decided = {outcome.check: outcome.status for outcome in outcomes}
    open_ = [check for check in checks if not check.hidden]
    wanted = {
        check.of: check
        for check in open_
        if isinstance(check, layers.Layers) and decided[check.id] is not Status.PASSED
    }
    found = _models(values, (check.of for check in open_ if isinstance(check, _STRUCTURE)))
    said = {kind: {check.of for check in open_ if isinstance(check, kind)} for kind in (size.Parameters, size.OutputShapes)}  # fmt: skip
    shown = [
        picture(
            model, name, wanted[name].layers if name in wanted else None,
            counts=name in said[size.Parameters], shapes=name in said[size.OutputShapes],
        )
        for name, model in found
    ]  # fmt: skip
    inputs = {check.of: (None, *check.shape) for check in open_ if isinstance(check, size.InputShape)}
    asked = [
        Network(name=name, layers=_asked(check, dict(found).get(name)), input_shape=inputs.get(name))
        for name, check in wanted.items()
    ]
    trained = _models(values, [name for check in open_ for name in _trained(check)])
    curves = [
        _curve(name, fit) for name, model in trained for fit in model.fits if fit.where == "judge" and fit.history
    ]
    measured, mistakes, confusion = _measured(open_, decided, dict(trained), lab)
    most = exhibits.MOST_NETWORKS
    exhibit = Exhibit(
        networks=tuple(shown[:most]), expected=tuple(asked[:most]), curves=tuple(curves[:most]),
        accuracies=tuple(measured), mistakes=tuple(mistakes), confusion=confusion,
    )  # fmt: skip
    return None if exhibit == Exhibit() else exhibit


def _trained(check: Check) -> tuple[str, ...]:
    """Where the networks are whose training a check looks at."""
    if isinstance(check, _TRAINING):
        return (check.of,)
    if isinstance(check, evaluation.Evaluation):
        return (check.model,)
    return (check.models,) if isinstance(check, evaluation.Evaluations) else ()


def _models(values: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, ModelDescription]]:
    """The networks under these names, each once; those of a dictionary by their keys."""
    found: dict[str, ModelDescription] = {}
    for name in dict.fromkeys(names):
        for key, value in _inside(name, values.get(name)):
            found.setdefault(shorten(key, 60), value)
    return list(found.items())


def _inside(name: str, value: Any) -> Iterator[tuple[str, ModelDescription]]:
    if isinstance(value, FunctionDescription):
        value = built(value)
    if isinstance(value, ModelDescription):
        yield name, value
    elif isinstance(value, MappingDescription):
        for key, item in value.items.items():
            if isinstance(item, ModelDescription):
                yield key, item


def _measured(
    checks: Iterable[Check], decided: Mapping[str, Status], models: Mapping[str, ModelDescription], lab: ShowingLab
) -> tuple[list[exhibits.Accuracy], list[Mistake], Confusion | None]:
    measured: list[exhibits.Accuracy] = []
    mistakes: list[Mistake] = []
    confusion: Confusion | None = None
    for check in checks:
        model = models.get(check.of)
        if not isinstance(check, accuracy.Accuracy) or decided[check.id] not in _MEASURED or model is None:
            continue
        if not isinstance(training.trainings(model), tuple):
            continue
        try:
            value = round(lab.evaluate(model, check.split)["accuracy"], 4)
            own = exhibits.Accuracy(network=check.of, split=check.split, measured=value, at_least=check.at_least)
            # Students evaluate on the hold-out themselves; of the test images they see none.
            if check.split == "holdout" and not mistakes:
                mistakes += lab.mistakes(model, check.split, exhibits.MOST_MISTAKES)
                counts = lab.confusion(model, check.split)
                confusion = Confusion(network=check.of, split=check.split, counts=counts) if counts else None
        except CannotRebuild:
            continue
        if math.isfinite(value):
            measured.append(own)
    return measured, mistakes, confusion


def picture(
    model: ModelDescription, name: str, wanted: Sequence[LayerSpec] | None = None, *,
    counts: bool = True, shapes: bool = True,
) -> Network:  # fmt: skip
    """A described network as it is drawn; layers that differ from those `wanted` are marked.

    `counts`, `shapes`: with the parameters and the output shapes of its layers. A question that does not say them itself may
    stand before one that asks for them.
    """
    differing = _differing(model, wanted) if wanted is not None else frozenset()
    layers = [_layer(layer, place in differing) for place, layer in enumerate(model.layers[: exhibits.MOST_LAYERS])]
    hidden = {"parameters": None} if not counts else {}
    hidden |= {"output_shape": None} if not shapes else {}
    layers = [layer.model_copy(update=hidden) for layer in layers]
    return Network(
        name=name,
        layers=tuple(layers),
        input_shape=model.input_shape,
        parameters=sum(layer.parameters for layer in model.layers) if counts else None,
        more=max(0, len(model.layers) - exhibits.MOST_LAYERS),
    )


def _layer(layer: LayerDescription, differs: bool) -> Layer:
    units, rate = layer.config.get("units"), layer.config.get("rate")
    activation = layer.config.get("activation")
    return Layer(
        type=shorten(layer.type, 40),
        name=shorten(layer.name, 40),
        units=units if type(units) is int else None,
        activation=shorten(activation, 40) if isinstance(activation, str) else "",
        rate=rate if type(rate) is float and math.isfinite(rate) else None,
        output_shape=layer.output_shape,
        parameters=layer.parameters,
        differs=differs,
    )


def _asked(check: layers.Layers, model: ModelDescription | None) -> tuple[Layer, ...]:
    missing = _unmatched(model, check.layers) if model is not None else frozenset()
    drawn = []
    for place, one in enumerate(effective_layers.asked(check.layers)):
        units, activation, rate = (one.settings.get(key) for key in ("units", "activation", "rate"))
        drawn.append(
            Layer(type=one.type, units=units, activation=activation or "", rate=rate, differs=place in missing)
        )
    return tuple(drawn)


def _key(layer: effective_layers.Effective) -> tuple[Any, ...]:
    return (layer.type, *(layer.settings.get(key) for key in ("units", "activation", "rate")))


def _blocks(model: ModelDescription, specs: Sequence[LayerSpec]) -> list[tuple[int, int, int]]:
    """(place in the network, place in the task, length) of the runs of layers that agree."""
    found, wanted = effective_layers.effective(model), effective_layers.asked(specs)
    if len(found) == len(wanted):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [(n, n, 1) for n, (one, own) in pairs if not own.doubt and layers.difference(one, own) == ("", "")]
    as_asked = []
    for place, one in enumerate(wanted):
        # A setting that may be anything is taken from the layer that stands there.
        own = found[place].settings if place < len(found) else {}
        as_asked.append(_key(effective_layers.Effective(one.type, {**own, **one.settings})))
    same = SequenceMatcher(None, [_key(own) for own in found], as_asked, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in same]


def _differing(model: ModelDescription, wanted: Sequence[LayerSpec]) -> frozenset[int]:
    """Places of layers that aren't as asked. An activation that is a layer of its own differs together with its layer."""
    agree = {a + n for a, _, length in _blocks(model, wanted) for n in range(length)}
    return frozenset(place for place, own in enumerate(effective_layers.groups_of(model)) if own not in agree)


def _unmatched(model: ModelDescription, wanted: Sequence[LayerSpec]) -> frozenset[int]:
    agree = {b + n for _, b, length in _blocks(model, wanted) for n in range(length)}
    return frozenset(range(len(wanted))) - agree


def _curve(name: str, fit: FitRecord) -> Curve:
    history = {
        shorten(key, 40): tuple(round(v, 4) if math.isfinite(v) else None for v in values[: exhibits.MOST_EPOCHS])
        for key, values in list(fit.history.items())[:8]
    }
    return Curve(
        network=name, optimizer=compiling.optimizer_text(fit.compiled.optimizer), epochs=fit.epochs, history=history
    )
