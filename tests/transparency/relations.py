"""What the numbers that ``fit``, ``evaluate`` and ``predict`` give have to do with the weights and the rows that they are said to be of.

All of `RELATIONS` hold beside plain Keras, so they hold while grading. They are looked for when all that a cell left has been compared,
so they may do with its networks as they like.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.transparency.replays import (
    Unknown,
    compiled,
    differing,
    is_at_once,
    measured,
    none,
    of_fit,
    own,
    rows_of,
    tolerance,
)
from tests.transparency.watch import KERAS, Call, State

NUMBER = re.compile(r" (\w+): (nan|-?[\d.]+(?:e[-+]\d+)?)")  # as Keras prints one


def broken(calls: list[Call], code: str, *, while_grading: bool) -> tuple[list[str], dict[str, int]]:
    """Which relations don't hold for which of a cell's calls, and how often each could be looked for."""
    found, looked = [], dict.fromkeys((one.__name__ for one in RELATIONS), 0)
    for number, call in enumerate([*calls]):
        for one in RELATIONS:
            try:
                said = [*one(call, code, while_grading)]
            except Unknown:
                continue
            except Exception as error:
                said = [f"{type(error).__name__} {error}"[:300]]
            looked[one.__name__] += 1
            found += [f"{call.name} {number}, {one.__name__.replace('_', ' ')}: {text}" for text in said]
    return found, looked


# ---- relations

Relation = Callable[[Call, str, bool], Iterator[str]]


def validation_is_of_the_weights_after_its_epoch(call: Call, code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    validation = rows_of(call)[1]
    steps = call.given.get("validation_steps")
    if validation is None:
        raise Unknown
    seen = [epoch for epoch in epochs if own(epoch, of_validation=True)]
    for epoch in epochs[-1:] if is_at_once(call) else seen[:1] if steps else seen:
        how = (
            {"steps": steps, "batch_size": call.given.get("validation_batch_size") or call.given.get("batch_size")}
            if steps
            else {}
        )
        said = own(epoch, of_validation=True)
        for text in differing(said, measured(call, epoch.ended, code, validation, **how), tolerance(call)):
            yield f"epoch {epoch.number}: {text}"


def epochs_one_by_one_are_the_epochs_at_once(call: Call, code: str, grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    given = call.given
    if not grading or not is_at_once(call) or len(epochs) != given["epochs"] - given.get("initial_epoch", 0):
        raise Unknown
    model = compiled(call, epochs[0].began, code, eagerly=False)
    again = Between()
    history = model.fit(**{**given, "callbacks": [again], "verbose": 0})
    if not call.before.trained_as(call.after) and any(
        state.trained_as(again.states[-1]) for state in again.states[:-1]
    ):
        yield "nothing was learned one by one"
    yield from differing(call.result, history.history, 1e-5)
    if not again.states[-1].trained_as(call.after):
        yield "other weights"
    validation = rows_of(call)[1]
    if validation is not None and given.get("validation_freq", 1) == 1 and not given.get("validation_steps"):
        for number, state in enumerate(again.states):
            said = {key[4:]: values[number] for key, values in call.result.items() if key.startswith("val_")}
            yield from differing(said, measured(call, state, code, validation), tolerance(call))


class Between(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.states: list[State] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.states.append(State.of(self.model))


def training_is_of_its_rows(call: Call, code: str, grading: bool) -> Iterator[str]:
    """Where the order of rows is said or doesn't matter, and nothing is drawn: an epoch of Keras's own from where it began ends where it did."""
    epochs = of_fit(call)
    given = call.given
    x, y, weights = rows_of(call)[0]
    arrays = isinstance(x, np.ndarray) or keras.ops.is_tensor(x)
    if is_at_once(call) or not arrays or given.get("steps_per_epoch") or given.get("class_weight"):
        raise Unknown
    size = given.get("batch_size") or 32
    drawing = call.model is None or any(hasattr(layer, "seed_generator") for layer in call.model._flatten_layers())
    if drawing or (given.get("shuffle", True) is not False and size < len(x)):
        raise Unknown
    known = [one for one in epochs if not grading or (one.began.optimizer and one.began.optimizer[0] > 0)]
    if not known:  # while grading the judge draws what a first epoch begins with
        raise Unknown
    for epoch in known:
        model = compiled(call, epoch.began, code)
        history = KERAS["fit"](model, x, y, sample_weight=weights, batch_size=size, shuffle=False, verbose=0)
        again = {key: values[0] for key, values in history.history.items()}
        yield from differing(own(epoch, of_validation=False), again, 5 * tolerance(call))
        ended = State.of(model)
        moved = sum(
            float(np.abs(one - other).sum()) for one, other in zip(epoch.began.weights, ended.weights, strict=True)
        )
        apart = sum(
            float(np.abs(one - other).sum()) for one, other in zip(epoch.ended.weights, ended.weights, strict=True)
        )
        if not apart <= 0.05 * moved + 1e-6:
            yield f"epoch {epoch.number}: weights went {moved:.3g} far, and are {apart:.3g} off"


def what_learns_nothing_is_what_it_measures(call: Call, code: str, _grading: bool) -> Iterator[str]:
    """An epoch that leaves the weights as they were says what they are worth on its rows."""
    epochs = of_fit(call)
    layers = [*call.model._flatten_layers()] if call.model is not None else []
    drawing = any(hasattr(layer, "seed_generator") or "Norm" in type(layer).__name__ for layer in layers)
    still = [one for one in epochs[1:] if one.began.trained_as(one.ended)]
    if drawing or not still or call.given.get("steps_per_epoch") or is_at_once(call):
        raise Unknown
    for epoch in still:
        said = own(epoch, of_validation=False)
        yield from differing(said, measured(call, epoch.ended, code, rows_of(call)[0]), tolerance(call))


def callbacks_are_told_what_the_history_says(call: Call, _code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    told: dict[str, list[Any]] = {}
    for epoch in epochs:
        for key, value in epoch.logs.items():
            told.setdefault(key, []).append(value)
        if epoch.tested:
            yield from differing(epoch.tested, own(epoch, of_validation=True), 1e-9)
    for key, values in told.items():
        if len(call.result.get(key, ())) != len(values):
            yield f"{key}: {len(values)} times, in the history {len(call.result.get(key, ()))}"
        else:
            yield from differing({key: values}, call.result, 1e-9)


def learning_rates_are_the_optimizers(call: Call, _code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    rates = [epoch.rate for epoch in epochs]
    if "learning_rate" not in call.result or None in rates:
        raise Unknown
    yield from differing({"learning_rate": call.result["learning_rate"]}, {"learning_rate": rates}, 1e-6)


def metrics_afterwards_are_of_the_last_pass(call: Call, _code: str, _grading: bool) -> Iterator[str]:
    """What ``get_metrics_result`` gives."""
    epochs = of_fit(call)
    if call.callbacks or not call.results or (call.given.get("validation_split") or 0) < 0 or none(rows_of(call)[1]):
        raise Unknown
    last = own(epochs[-1], of_validation=True) or own(epochs[-1], of_validation=False)
    yield from differing({key: last[key] for key in last if key in call.results}, call.results, 1e-5)


def lines_say_what_the_history_says(call: Call, _code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", re.split(r"[\r\x08]", line)[-1]) for line in call.printed.split("\n")]
    found = [
        {key: float(value) for key, value in NUMBER.findall(line)} for line in lines if re.match(r" *\d+/\d+ ", line)
    ]
    found = [numbers for numbers in found if numbers]
    if len(found) != len(epochs):  # not shown, or more than that
        raise Unknown
    for numbers, epoch in zip(found, epochs, strict=True):
        said = {key: np.mean(value) for key, value in epoch.logs.items() if key in numbers}
        if not said:
            yield f"epoch {epoch.number}: {numbers} for {epoch.logs}"
        for key, value in said.items():
            if not np.isclose(numbers[key], value, 1e-4, 6e-5, equal_nan=True):
                yield f"epoch {epoch.number}: {key} {numbers[key]} for {value}"


def the_table_says_what_the_history_says(call: Call, _code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    loggers = [one for one in call.callbacks if type(one) is keras.callbacks.CSVLogger]
    if not loggers:
        raise Unknown
    for one in loggers:
        rows = [*csv.DictReader(io.StringIO(call.files[one.filename].decode()), delimiter=one.sep)][-len(epochs) :]
        for row, epoch in zip(rows, epochs, strict=True):
            said = {key: float(value) for key, value in row.items() if key in epoch.logs and value not in ("NA", "")}
            yield from differing(said, epoch.logs, 1e-5)
            if int(row["epoch"]) != epoch.number or not said:
                yield f"row {row}"


def what_is_restored_is_the_best(call: Call, _code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    if not call.stopping or call.stopping["best"] is None or call.stopping["start_from_epoch"]:
        raise Unknown
    best = next((epoch for epoch in epochs if epoch.number == call.stopping["best_epoch"]), None)
    if best is None:
        yield f"no epoch {call.stopping['best_epoch']}"
        return
    if call.stopping["monitor"] not in best.logs:  # a number of the notebook's own, which came to the logs later
        raise Unknown
    yield from differing({"best": call.stopping["best"]}, {"best": best.logs[call.stopping["monitor"]]}, 1e-6)
    if call.stopping["restore_best_weights"] and len(call.callbacks) == 1 and not best.ended.trained_as(call.after):
        yield "other weights"


def a_checkpoint_is_of_its_epoch(call: Call, code: str, _grading: bool) -> Iterator[str]:
    epochs = of_fit(call)
    keeping = [
        one for one in call.callbacks if type(one) is keras.callbacks.ModelCheckpoint and one.save_freq == "epoch"
    ]
    if not keeping or call.model is None:
        raise Unknown
    expected = {}
    for one in keeping:
        best = None
        if one.save_best_only and all(epoch.logs.get(one.monitor) != one.best for epoch in epochs):
            continue  # it waits for something better than it was told
        for epoch in epochs:
            if one.save_best_only:
                if one.monitor not in epoch.logs:
                    continue
                if best is not None and not one._is_improvement(epoch.logs[one.monitor], best):
                    continue
                best = epoch.logs[one.monitor]
            expected[one.filepath.format(epoch=epoch.number + 1, **epoch.logs)] = epoch
    for name, epoch in expected.items():
        if name not in call.files:
            yield f"no {name}"
            continue
        model = compiled(call, epoch.ended, code)
        file = Path("kept" + ("".join(Path(name).suffixes[-2:]) if name.endswith(".h5") else ".keras"))
        file.write_bytes(call.files[name])
        model.load_weights(file)
        if not State.of(model).trained_as(epoch.ended):
            yield f"{name}: other weights"


def evaluation_is_of_its_weights_and_rows(call: Call, code: str, _grading: bool) -> Iterator[str]:
    if call.name != "evaluate":
        raise Unknown
    given = call.given
    how = {key: given.get(key) for key in ("steps", "batch_size") if given.get("steps")}
    found = measured(call, call.before, code, (given.get("x"), given.get("y"), given.get("sample_weight")), **how)
    said = call.result
    if not isinstance(said, dict):
        said = dict(zip(_in_order(call.model, found), said if isinstance(said, list) else [said], strict=True))
    yield from differing(said, found, tolerance(call))
    yield from differing({key: value for key, value in call.results.items() if key in said}, said, 1e-5)


def _in_order(model: Any, found: dict[str, Any]) -> list[str]:
    """The names of what was measured as Keras gives their numbers in a list."""
    numbers = {name: number for number, name in enumerate(found)}
    places = model._flatten_metrics_in_order(numbers)
    return [[*found][place] for place in (places if isinstance(places, list) else [places])]


def answers_are_the_networks(call: Call, code: str, _grading: bool) -> Iterator[str]:
    x = call.given.get("x")
    if call.name != "predict" or not isinstance(x, np.ndarray) or not call.compiled or call.given.get("steps"):
        raise Unknown
    found = KERAS["predict"](compiled(call, call.before, code), x, batch_size=len(x), verbose=0)
    if not isinstance(found, np.ndarray):
        raise Unknown
    yield from differing({"answers": call.result}, {"answers": found}, tolerance(call))


RELATIONS: tuple[Relation, ...] = (
    validation_is_of_the_weights_after_its_epoch, training_is_of_its_rows, what_learns_nothing_is_what_it_measures,
    callbacks_are_told_what_the_history_says, learning_rates_are_the_optimizers, metrics_afterwards_are_of_the_last_pass,
    lines_say_what_the_history_says, the_table_says_what_the_history_says, what_is_restored_is_the_best, a_checkpoint_is_of_its_epoch,
    evaluation_is_of_its_weights_and_rows, answers_are_the_networks, epochs_one_by_one_are_the_epochs_at_once,
)  # fmt: skip
