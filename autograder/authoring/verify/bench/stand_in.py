"""Stand-ins for what takes the time: ``fit``, ``evaluate`` and ``predict``, and the lab's own measurement.

Every training leaves a network that is good for 0.88 or a little more on whatever it is measured on. The digits behind that
depend on the network, on how it was trained, and on the images, so that two numbers agree when they are about the same thing and
differ when not. The lab says the same numbers as ``evaluate``: that a right network learns is proven where it is trained.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.authoring.verify.bench.arrays import Arrays
from autograder.common.digests import sha256
from autograder.common.errors import CannotTrainHere
from autograder.common.keras_tables.keras_names import canonical
from autograder.common.wire.description import DataRecord, ModelDescription
from autograder.common.wire.messages import ArraysMessage
from autograder.course.assignment import Question
from autograder.course.checks.ranges import SHARES
from autograder.course.checks.trainings.accuracy import OnSplit
from autograder.course.checks.trainings.metric_names import ERRORS, SCORES
from autograder.kernel.home.check_at_home import HomeLab
from autograder.networks import network_metrics
from autograder.networks.build import compile_settings, loss_of
from autograder.networks.lab import data_record

GOOD, FAR = 0.88, 0.01  # accuracy of whatever was trained; what two numbers differ by that are not the same
FAIR = 0.5  # less than that of whatever was trained
UNTRAINED = {"loss": 2.3, "accuracy": 0.1}
AWRY = 1e9  # the error of what was never trained, or on other targets


@dataclass
class Training:
    """One call of ``fit``, as it was made: live objects, and the optimizer with its settings at that time."""

    x: Any
    y: Any
    epochs: int
    batch_size: int
    optimizer: tuple[str, Mapping[str, Any]]
    life: Any = None  # the optimizer itself
    rates: tuple[float, ...] = ()  # that callbacks set, epoch by epoch
    callbacks: tuple[Any, ...] = ()


def score(
    model: ModelDescription, measured_on: tuple[Any, ...], metrics: Iterable[str] = (), targets: Any = None
) -> dict[str, float]:
    """Loss, accuracy and scikit-learn's `metrics` of a network on the rows that `measured_on` tells apart.

    Metrics are those of its `answers` to samples with these `targets`, if it was trained on what it should answer.
    """
    if not model.fits:
        return {**UNTRAINED, **{name: AWRY if name in ERRORS else -AWRY for name in metrics}}
    layers = [(layer.type, sorted((key, str(value)) for key, value in layer.config.items())) for layer in model.layers]
    fits = [
        (f.epochs, f.batch_size, _data(f.data), f.compiled.optimizer.type, sorted(map(str, f.compiled.optimizer.settings.items())))
        for f in model.fits
    ]  # fmt: skip
    digits = int(sha256(repr((layers, fits, measured_on))), 16)
    # Steps above every tolerance: what is about something else is never near by chance.
    share = GOOD + FAR / 2 * (digits // 100 % 10)
    counts = sum(one for one in measured_on[:3] if isinstance(one, int))  # other data: nobody counted them
    found = {"loss": 0.3 + FAR * (digits % 100), "accuracy": round(share * counts) / counts if counts else share}
    if any(fit.data.changed_labels for fit in model.fits):
        return {**found, **{name: AWRY if name in ERRORS else -AWRY for name in metrics}}
    if targets is None:
        return found
    given = answers(model, targets, found["accuracy"])
    return {**found, **{name: network_metrics.score(name, targets, given, _loss(model)) for name in metrics}}


def _loss(model: ModelDescription) -> tuple[str, bool]:
    return loss_of(compile_settings(model.compiled)) if model.compiled else ("", False)


def answers(model: ModelDescription, targets: Any, accuracy: float) -> Any:
    """What the stand-in of a trained network says of samples with these `targets`: that share of them right, of numbers all a little too large."""
    shape = next((layer.output_shape for layer in reversed(model.layers) if layer.output_shape), None) or (None, 1)
    outputs = shape[-1] or 1
    right = np.arange(len(targets)) < round(accuracy * len(targets))
    targets = np.asarray(targets)
    whole = bool(np.array_equal(targets, np.rint(targets)) and targets.min(initial=0) >= 0)
    if whole and targets.ndim == 1 and outputs > max(1, targets.max(initial=0)):  # a number for each class
        classes = targets.astype(int)
        return np.eye(outputs, dtype=np.float32)[np.where(right, classes, (classes + 1) % outputs)]
    if whole and targets.max(initial=0) <= 1 and outputs == (1 if targets.ndim == 1 else targets.shape[1]):  # yes or no
        said = targets.reshape(len(targets), outputs)
        yes = np.where(right[:, None], said, 1 - said) > 0
        return np.where(yes, 0.75, -0.75 if _loss(model)[1] else 0.25).astype(np.float32)
    return np.asarray(targets + (1 - accuracy) * np.std(targets, axis=0), np.float32).reshape(len(targets), -1)


def _data(record: DataRecord) -> tuple[Any, ...]:
    return record.train, record.holdout, record.test, record.distinct, record.changed_labels, record.scaling


def reachable(question: Question) -> Question:
    """A question whose thresholds the stand-in of whatever was trained reaches, and that of what never was does not."""
    checks = [
        check.model_copy(update=_reached(check)) if isinstance(check, OnSplit) else check for check in question.checks
    ]
    return question.model_copy(update={"checks": tuple(checks)})


def _reached(check: OnSplit) -> dict[str, float]:
    metric, _split, at_least, at_most = check.aim()
    if metric in SHARES:
        return {} if at_least is None else {"at_least": min(at_least, FAIR)}
    return {} if at_most is None else {"at_most": max(at_most, 2.0 if metric == "loss" else AWRY / 2)}


class StandInLab(HomeLab):
    """Measures nothing: says what `score` says."""

    def evaluate(self, model: ModelDescription, split: str, prepared: str = "") -> Mapping[str, float]:
        return score(model, self._measured_on(model, split, prepared))

    def metric(self, model: ModelDescription, split: str, metric: str, prepared: str = "") -> Mapping[str, float]:
        return {metric: score(model, self._measured_on(model, split, prepared), [metric], self.labels(split))[metric]}

    def _measured_on(self, model: ModelDescription, split: str, prepared: str = "") -> tuple[Any, ...]:
        rows = self.rows(split)
        counts = {"train": 0, "holdout": 0, "test": 0}
        if split in counts:
            counts[split] = len(rows)
        else:
            counts |= {"train": len(self.rows("train")), "holdout": len(self.rows("holdout"))}
        scaled = prepared or (model.fits[-1].data.scaling if model.fits else "unit")
        return counts["train"], counts["holdout"], counts["test"], len(rows), 0, scaled

    def agreement(self, model: ModelDescription, split: str, given: Any) -> float:
        answered = answers(model, self.labels(split), self.evaluate(model, split)["accuracy"])
        meant = self.meaning(model)
        own = network_metrics.chosen(answered, meant, _loss(model)[1])
        return network_metrics.agreeing(own, given, meant) / len(given)

    def mistakes(self, model: ModelDescription, split: str, most: int) -> Any:
        return ()

    def confusion(self, model: ModelDescription, split: str) -> Any:
        return ()


class StandIns:
    """Takes the place of Keras's methods. `trainings`: by ``id`` of the network, as they were called for."""

    def __init__(self) -> None:
        self.trainings: dict[int, list[Training]] = {}
        self.arrays = Arrays()
        self.student: Any = None  # set when there is one: its description of a network is what is scored
        self.kept: list[Any] = []  # networks, so that no id comes back
        self.owners: dict[int, Any] = {}  # by ``id`` of an optimizer, the network that it trained first

    def install(self) -> None:
        """Before anything wraps ``fit``."""
        import keras

        self.predict_for_real = keras.Model.predict
        keras.Model.fit = _standing(self.fit, keras.Model.fit)
        keras.Model.evaluate = _standing(self.evaluate, keras.Model.evaluate)
        keras.Model.predict = _standing(self.predict, keras.Model.predict)

    def forget(self) -> None:
        self.trainings.clear()
        self.kept.clear()
        self.owners.clear()

    def fit(
        self, model: Any, x: Any = None, y: Any = None, batch_size: Any = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, **_others: Any,
    ) -> Any:  # fmt: skip
        import keras

        self._try_out(model, x, y)
        optimizer = model.optimizer
        if self.owners.setdefault(id(optimizer), model) is not model:
            raise ValueError("This optimizer can only be called for the variables it was originally built with.")
        settings = {key: value for key, value in optimizer.get_config().items() if key != "name"}
        history = keras.callbacks.History()
        history.set_model(model)
        history.epoch = list(range(int(epochs)))
        names = ["loss", *(f"{metric}" for metric in _metric_names(model))]
        if validation_data is not None or validation_split:
            names += [f"val_{name}" for name in names]
        history.history = {name: [0.5] * int(epochs) for name in names}
        _change_rates(model, callbacks, history)
        self.kept.append(model)
        rates = tuple(history.history.get("learning_rate", ()))
        self.trainings.setdefault(id(model), []).append(
            Training(
                x,
                y,
                int(epochs),
                int(batch_size or 32),
                (type(optimizer).__name__, settings),
                optimizer,
                rates,
                tuple(keras.tree.flatten(callbacks)),
            )
        )
        optimizer.iterations.assign_add(1)  # a training that goes on with it is known by that
        # Weights that no other training gives: two networks trained otherwise are two.
        about = (settings, type(optimizer), epochs, batch_size, len(self.trainings[id(model)]))
        step = (1 + int(sha256(repr(about))[:6], 16)) / 2**28
        model.weights[-1].assign(np.asarray(model.weights[-1]) + np.float32(step))
        model.history = history
        return history

    def _try_out(self, model: Any, x: Any, y: Any) -> None:
        """What Keras would refuse is refused: two samples go through network and loss."""
        model._assert_compile_called("fit")
        if hasattr(x, "__len__") and hasattr(y, "__len__") and len(x) != len(y):
            raise ValueError(f"Data cardinality is ambiguous. Make sure all arrays contain the same number of samples: {len(x)}, {len(y)}")  # fmt: skip
        two, targets = np.asarray(x[:2], "float32"), np.asarray(y[:2])
        answer = model(two)
        model.compute_loss(two, targets, answer)

    def evaluate(self, model: Any, x: Any = None, y: Any = None, batch_size: Any = None, verbose: Any = "auto", sample_weight: Any = None, steps: Any = None, callbacks: Any = None, return_dict: bool = False, **_others: Any) -> Any:  # fmt: skip
        self._try_out(model, x, y)
        names = {name: canonical("metrics", name) for name in _metric_names(model)}
        found = score(*self._about(model, x, y), [name for name in SCORES if name in names.values()], np.asarray(y))
        values = {"loss": found["loss"], **{name: found.get(known, found["accuracy"]) for name, known in names.items()}}
        if return_dict:
            return values
        return list(values.values()) if len(values) > 1 else found["loss"]

    def predict(self, model: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        model(np.asarray(x[:2], "float32"))
        try:
            message = self.student.trainings.recogniser.samples(x, np.zeros(len(x), np.uint8))
        except (CannotTrainHere, AttributeError):
            return self.predict_for_real(model, x, *args, **kwargs)
        lab = self.student.lab
        if isinstance(message, ArraysMessage):
            known = lab.prepared.known(message.values, message.targets) if lab.prepared is not None else None
            if known is None:
                return self.predict_for_real(model, x, *args, **kwargs)
            rows = known.rows
        else:
            rows = message.rows
        targets = lab.data.targets[rows]
        described, measured_on = self._about(model, x, targets)
        if not described.fits:
            return self.predict_for_real(model, x, *args, **kwargs)
        return answers(described, targets, score(described, measured_on)["accuracy"])

    def _about(self, model: Any, x: Any, y: Any) -> tuple[ModelDescription, tuple[Any, ...]]:
        described = self.student.values(model, {}, True, "model")["model"]
        try:
            record = data_record(self.student.trainings.recogniser.samples(x, y), self.student.lab)
        except CannotTrainHere:
            return described, ("other data", np.shape(x))
        return described, _data(record)


def _standing(stand_in: Callable[..., Any], method: Any) -> Any:
    """`stand_in` as a method that says of its arguments what `method` does: `Trainings` reads a call by them."""

    def standing(model: Any, *args: Any, **kwargs: Any) -> Any:
        return stand_in(model, *args, **kwargs)

    standing.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]
    return standing


def _metric_names(model: Any) -> list[str]:
    """Under which names Keras reports the metrics that were given to ``compile``."""
    given = (model.get_compile_config() or {}).get("metrics") or []
    return [_metric_name(metric) for metric in ([given] if isinstance(given, (str, dict)) else given) if metric]


def _metric_name(metric: Any) -> str:
    settings = metric.get("config") if isinstance(metric, dict) else metric
    return str(settings.get("name", "metric")) if isinstance(settings, dict) else str(settings)


def _change_rates(model: Any, callbacks: Any, history: Any) -> None:
    """Keras's callbacks on the learning rate see every epoch pass, and write what they set into the history, as Keras does."""
    import keras

    kinds = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)
    changing = [one for one in keras.tree.flatten(callbacks) if isinstance(one, kinds)]
    for one in changing:
        one.set_model(model)
        one.on_train_begin()
    for epoch in history.epoch if changing else ():
        logs = {name: values[epoch] for name, values in history.history.items() if epoch < len(values)}
        for moment in ("on_epoch_begin", "on_epoch_end"):
            for one in changing:
                getattr(one, moment)(epoch, logs)
        history.history.setdefault("learning_rate", []).append(float(logs["learning_rate"]))
