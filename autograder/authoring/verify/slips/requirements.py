"""What each type of check asks for, stated a second time: as something that can be seen in the student's own objects.

A statement looks at live objects, by other means than descriptions: Keras's own attributes, numbers that a loss gives, the very
arrays that ``fit`` got. What it sees of the solution is what is asked for; a mistake breaks a requirement when something else is
seen. So a check and its statement can only agree when both are right, or both wrong in the same way by different means.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.authoring.verify.bench.stand_in import StandIns
from autograder.authoring.verify.slips import structure, things
from autograder.authoring.verify.slips.trainings import (
    Objects,
    Statement,
    batch_size,
    each,
    epochs,
    fingerprint,
    fresh,
    predictions,
    settings,
    trained_on,
    trainings,
)  # fmt: skip
from autograder.course.checks.base import Check
from autograder.course.course import Question

BROKEN = "broken: "  # begins what is seen where looking raised


def observer(questions: Mapping[str, Question]) -> Callable[[str, Objects, StandIns], dict[str, Any]]:
    """By ``question.check``, what is seen of what was handed in; nothing for a type of check without a statement."""

    def observe(name: str, objects: Objects, stand_ins: StandIns) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for check in questions[name].checks:
            statement = STATEMENTS.get(check.type)
            if statement is not None:
                try:
                    seen[f"{name}.{check.id}"] = statement(check, objects, stand_ins)
                except Exception as error:  # what can't even be looked at isn't as asked
                    seen[f"{name}.{check.id}"] = f"{BROKEN}{type(error).__name__}"
        return seen

    return observe


def same(one: Any, other: Any) -> bool:
    """Whether two observations are of the same thing."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        try:
            first, second = np.asarray(one, float), np.asarray(other, float)
        except (ValueError, TypeError):  # parts of several shapes, or no numbers
            return False
        return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-5, atol=1e-5))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return bool(abs(one - other) <= 1e-6 * max(1.0, abs(one)))
    return bool(one == other)


def _parameters(check: Any, objects: Objects, _: StandIns) -> Any:
    """What is asked for of: all numbers, those that training changes, and layer by layer where there are any."""
    network = structure.network(check, objects)
    layers = [int(layer.count_params()) for layer in network.layers]
    trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    seen = {"total": sum(layers), "trainable": trained, "per_layer": [count for count in layers if count]}
    return {name: value for name, value in seen.items() if getattr(check, name) is not None}


# ---- compile


def _loss(check: Any, objects: Objects, _: StandIns) -> Any:
    """What the loss makes of three answers to three questions."""
    import keras

    network = structure.network(check, objects)
    for name in check.any_of:
        with contextlib.suppress(Exception):  # the network's own takes no such targets
            if same(
                things.made_of_loss(network, name), float(np.mean(keras.losses.get(name)(*things.asked_of_loss(name))))
            ):
                return True
    return things.made_of_loss(network, check.equals or check.any_of[0])


def _metrics(check: Any, objects: Objects, _: StandIns) -> Any:
    network = structure.network(check, objects)
    given = network.get_compile_config()["metrics"]
    listed = given if isinstance(given, (list, tuple)) else []
    names = [one["class_name"] if isinstance(one, dict) else str(one) for one in listed]
    return [
        any(name.lower() == one.replace("_", "").lower() or name == one for name in names) for one in check.includes
    ]


def _optimizer(check: Any, objects: Objects, _: StandIns) -> Any:
    network = structure.network(check, objects)
    optimizer = network.optimizer
    if check.own and any(
        one is not network and getattr(one, "optimizer", None) is optimizer for one in objects.values()
    ):
        raise ValueError("one optimizer for several networks")
    return (
        things.one_of(optimizer, check.any_of)
        if check.any_of
        else (type(optimizer).__name__, _asked(check, optimizer.get_config()))
    )


def _asked(check: Any, config: Any) -> dict[str, Any]:
    """Of an optimizer's settings those that are asked for."""
    return {key: value for key, value in settings(config).items() if check.others == "default" or key in check.settings}


def _trained_with(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    kind, config = trainings(check, objects, stand_ins)[-1].optimizer
    return (
        things.one_of(type(kind, (), dict(config))(), check.any_of) if check.any_of else (kind, _asked(check, config))
    )


# ---- values


def _value(check: Any, objects: Objects, _: StandIns) -> Any:
    value = objects[check.of]
    if value is None or isinstance(value, type(...)):
        raise ValueError("no answer")
    listed = np.asarray(value, object).tolist() if isinstance(value, (list, tuple, np.ndarray)) else value
    if check.type == "value" and (check.at_least, check.at_most) != (None, None):
        low, high = check.at_least, check.at_most
        return bool(np.isfinite(float(listed)) and (low is None or low <= listed) and (high is None or listed <= high))
    if check.type == "value" and check.any_of:
        return any(np.array_equal(listed, one) for one in check.any_of) or listed
    return ("truth", value) if isinstance(value, (bool, np.bool_)) else listed


def _text(check: Any, objects: Objects, _: StandIns) -> Any:
    """Its letters and digits alone: whether they are those of an answer."""
    said = "".join(letter for letter in str(objects[check.of]).lower() if letter.isalnum())
    wanted = ["".join(letter for letter in one.lower() if letter.isalnum()) for one in check.answers]
    return said in wanted or said


def _choice(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    if check.equals is None:  # a prediction: any of the answers will do
        return str(objects[check.of]).strip() in map(str, check.among)
    return _value(check, objects, stand_ins)


def _array(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    array = np.asarray(objects[check.of])
    return stand_ins.arrays.look(array, repr(check), lambda: _content(check, array))


def _content(check: Any, array: Any) -> Any:
    """Only what the check is about: shape, kind and range of an array, or its very content; of finite numbers in any case."""
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise ValueError("no numbers")
    seen: list[Any] = []
    if check.shape is not None:
        seen.append(array.shape)
    if check.kind is not None:
        seen.append("float" if array.dtype.kind == "f" else "whole")
    if check.minimum is not None:
        seen.append(bool(array.min() >= check.minimum))
    if check.maximum is not None:
        seen.append(bool(array.max() <= check.maximum))
    if check.equals is not None:
        flat = array.reshape(len(array), -1)
        weights = np.arange(1, len(flat) + 1) / len(flat)
        column = flat[:, ::7].mean(axis=1, dtype=np.float64)
        scale = 1.0 if check.scaling or check.prepared or check.equals.endswith("_labels") else float(column.max())
        seen += [len(flat), float((column * weights).sum() / scale), float(column.sum() / scale)]
    if check.reference:
        seen += [array.shape, float(array.sum()), float((array.ravel() * np.arange(1, array.size + 1)).sum())]
    return seen


def _number(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    """The number, as far as it is about a network that was trained."""
    return _is_measured(objects[check.of], objects[check.model], check, stand_ins)


def _is_measured(value: Any, network: Any, check: Any, stand_ins: StandIns) -> bool | Untold:
    """A number that is near the right one, and isn't it, is tolerated unless it is known as another one: that isn't told here."""
    if not stand_ins.trainings.get(id(network)):
        raise ValueError("not trained")
    if isinstance(value, (str, list, tuple)):
        raise TypeError("no number")
    described = stand_ins.student.values(network, {}, True, "network")["network"]
    lab = stand_ins.student.lab
    measured = lab.evaluate(described, check.split)
    right = (
        measured[check.metric]
        if check.metric in measured
        else lab.metric(described, check.split, check.metric)[check.metric]
    )
    off = abs(float(value) - right)
    return Untold(off) if 1e-5 * max(1.0, abs(right)) < off <= check.tolerance else bool(off <= check.tolerance)


def _numbers(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    networks, numbers = objects[check.models], objects[check.of]
    right = {key: _is_measured(value, networks[key], check, stand_ins) for key, value in numbers.items()}
    told = [one for one in right.values() if not isinstance(one, Untold)]
    if all(told) and len(told) < len(right):
        return Untold(len(told))
    own = len({id(one) for one in networks.values()}) == len(networks)
    return all(told) and len(right) >= check.enough, own


def _keys(check: Any, objects: Objects, _: StandIns) -> Any:
    return [key in objects[check.of] for key in check.keys]


def _winner(check: Any, objects: Objects, _: StandIns) -> Any:
    results, best = objects[check.results], objects[check.of]
    return len(results) >= check.enough and all(results[best] >= value for value in results.values())


def seen_of_function(check: Any, function: Any) -> Any:
    """What the function gives for the check's cases, or for arguments of our own drawing."""
    if check.cases:
        seen_of_cases = []
        for case in check.cases:
            arguments = [np.asarray(a) if isinstance(a, (list, tuple)) else a for a in case.args]
            result = _result(function(*arguments))
            kept = all(map(np.array_equal, arguments, case.args))
            seen_of_cases.append((result, kept or not check.keeps))
        return seen_of_cases
    draw = np.random.default_rng(0)
    seen = []
    for _turn in range(3):
        lengths: dict[str, int] = {}
        seen.append(_result(function(*(spec.drawn(draw, lengths) for spec in check.args))))
    return seen


def _result(value: Any) -> Any:
    if isinstance(value, tuple):
        return [np.asarray(part, float) for part in value]
    return np.asarray(value, float)


def _accuracy(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    """An accuracy is measured where networks are trained: of another training than the solution's nothing is told here."""
    used = [
        (one.epochs, one.batch_size, one.optimizer[0], fingerprint(one.x, one.y))
        for one in trainings(check, objects, stand_ins)
    ]
    return Untold(used, structure.every_layer(check, objects))


def _rates(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    """No loss falls here, which a callback could go by: the same trainings with the same rates are told."""
    passed = [one.rates for one in trainings(check, objects, stand_ins)]
    return Untold(passed, _accuracy(check, objects, stand_ins).seen)


class Untold:
    """Seen, but told only where it is the same as the solution's."""

    def __init__(self, *seen: Any) -> None:
        self.seen = list(seen)


STATEMENTS: dict[str, Statement] = {
    "input_shape": lambda check, objects, _: tuple(structure.network(check, objects).input_shape[1:]),
    "layers": structure.layers,
    "layer_names": structure.layer_names,
    "same_layers": structure.made_of,
    "parameters": _parameters,
    "output_shapes": structure.output_shapes,
    "weight_shapes": lambda check, objects, _: [
        tuple(weight.shape) for weight in structure.network(check, objects).get_weights()
    ],
    "builds": lambda check, objects, _: bool(objects[check.of]().layers),
    "loss": _loss,
    "metrics": _metrics,
    "optimizer": _optimizer,
    "trained_with": each(_trained_with),
    "trained_on": each(trained_on),
    "epochs": each(epochs),
    "batch_size": each(batch_size),
    "fresh": each(fresh),
    "value": _value,
    "text": _text,
    "choice": _choice,
    "array": _array,
    "evaluation": _number,
    "evaluations": _numbers,
    "predictions": predictions,
    "keys": _keys,
    "winner": _winner,
    "function": lambda check, objects, _: seen_of_function(check, objects[check.of]),
    "accuracy": _accuracy,
    "metric": _accuracy,
    "learning_rates": _rates,
    "callbacks": each(things.callbacks),
    "table": things.table,
    "figure": things.figure,
    "object": things.made,
    "score": lambda check, objects, _: Untold(things.estimator(check, objects)),
    "manual": lambda check, objects, _: objects[check.of] is not None and bool(str(objects[check.of]).strip()),
}


def stated(check: Check) -> bool:
    return check.type in STATEMENTS


def judged(check: Check, place: str, asked: Mapping[str, Any], seen: Mapping[str, Any]) -> bool | None:
    """Whether a mistake breaks what `check` asks for; None where that isn't told, as where the solution itself couldn't be looked at."""
    if not stated(check) or place not in asked or str(asked[place]).startswith(BROKEN):
        return None
    if place not in seen:
        return True  # nothing was handed in
    one, other = asked[place], seen[place]
    if isinstance(other, Untold):
        return False if isinstance(one, Untold) and same(one.seen, other.seen) else None
    return str(other).startswith(BROKEN) or not same(one, other)
