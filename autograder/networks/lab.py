"""The lab that checks work in: the data set's parts, the course's reference functions, and evaluation by our own rigs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from autograder.common.data import data_sets
from autograder.common.data.base import DataSet
from autograder.common.data.lookups import RAW_PIXELS, UNIT_PIXELS
from autograder.common.data.prepared import ONE_HOT, RAW, Column, Prepared
from autograder.common.digests import sha256
from autograder.common.errors import CannotRebuild
from autograder.common.i18n import _
from autograder.common.machine.versions import code_digest, versions
from autograder.common.showing.exhibits import Mistake
from autograder.common.wire.description import Component, DataRecord, ModelDescription, digest
from autograder.common.wire.handins import Measured
from autograder.common.wire.messages import MAX_COLUMNS, ArraysMessage, SamplesMessage
from autograder.course.checks.plain_values import Meaning
from autograder.course.settings import DataSettings
from autograder.networks import estimators, fit_spec, network_metrics, references, rows_of_tables
from autograder.networks.accepted_trainings import check_lookup, network
from autograder.networks.budget import Budget
from autograder.networks.build import loss_of, one_hot
from autograder.networks.fit_spec import Samples, training_code
from autograder.networks.memo import Memo
from autograder.networks.size import size
from autograder.networks.train import Trainer

T = TypeVar("T")
Pay = Callable[[Budget], None]
LOOKED_AT = 1_000  # images that mistakes are looked for in: one batch
_PIXELS = {"raw": RAW_PIXELS, "unit": UNIT_PIXELS}


class CourseLab:
    """Implements `checks.Lab`. `root`: the course's folder, for its reference functions. TensorFlow loads when first needed.

    `memo`: where measurements are kept, so that no other judge has to build a network to repeat them; None: nowhere.
    """

    def __init__(
        self, settings: DataSettings | None = None, root: Path | None = None, memo: Memo | None = None
    ) -> None:
        self.settings = settings or DataSettings()
        self.holdout = self.settings.holdout.split
        self._memo = memo
        self._root = root
        self._references: dict[str, Callable[..., Any]] = {}
        self._known = Measured()
        self._trainer: Trainer | None = None
        self._data: DataSet | None = None
        self._prepared: Prepared | None = None
        self.asked = Measured()  # what was asked for since somebody replaced this
        self.apart = True  # estimators are fitted in a child process with limits: not on a student's own machine
        self.budget: Budget | None = None  # of the submission that asks; None: ours, without bounds
        self.prepare: Callable[[], None] = lambda: None  # called before TensorFlow's first op
        self.stop: Callable[[], bool] = lambda: False  # as `Trainer.stop`

    @property
    def data(self) -> DataSet:
        if self._data is None:
            self._data = self.settings.load(self._root or Path())
        return self._data

    @property
    def prepared(self) -> Prepared | None:
        """What the course makes of a table; None for images. Raises CourseError as `rows_of_tables.prepare`."""
        if self._prepared is None and not data_sets.has_images(self.settings.name):
            self._prepared = rows_of_tables.prepare(self.settings, self.data, self._root or Path(), self.reference)
        return self._prepared

    def own(self, message: SamplesMessage | ArraysMessage | None) -> Any:
        """The same samples with the course's own numbers, as far as they are recognised."""
        if not isinstance(message, ArraysMessage) or self.prepared is None:
            return message
        return rows_of_tables.own(message, self.prepared.known(message.values, message.targets), self.prepared)

    @property
    def trainer(self) -> Trainer:
        if self._trainer is None:
            self.prepare()
            self._trainer = Trainer(self.data)
            self._trainer.stop = lambda: self.stop()
        return self._trainer

    def size(self, split: str) -> int:
        return len(self.rows(split))

    def rows(self, split: str) -> npt.NDArray[np.int32]:
        return self.data.splits(self.holdout)[split]

    def labels(self, split: str, name: str = RAW) -> npt.NDArray[Any]:
        """`name`: of the targets that a course prepares. Raises CourseError where it doesn't."""
        return (self.data.targets if name == RAW else self._named(name, targets=True).array)[self.rows(split)]

    def features(self, split: str, name: str) -> npt.NDArray[Any]:
        """The rows of `split` of a named array. Raises CourseError where the course makes none of that name."""
        return self._named(name).array[self.rows(split)]

    def rounding(self, name: str, targets: bool) -> float:
        return self._named(name, targets).rounding

    def _named(self, name: str, targets: bool = False) -> Column:
        return rows_of_tables.named(self.prepared, self.data, name, targets)

    def held(self, values: npt.NDArray[Any]) -> str:
        """The named array that all rows of `values` are rows of; '' for none."""
        columns = {} if self.prepared is None else self.prepared.features
        return next((name for name, column in columns.items() if (column.find(values) >= 0).all()), "")

    @property
    def preparations(self) -> tuple[str, ...]:
        return (*_PIXELS,) if self.prepared is None else (*self.prepared.features,)

    def evaluate(self, model: ModelDescription, split: str, prepared: str = "") -> Mapping[str, float]:
        """``loss`` and ``accuracy`` on `split`, as one of `preparations`, else as the network's training data (0 to 1 if it had none)."""
        return self.measure(model, self._samples(model, split, prepared=prepared))

    def teach(self, plan: str, settings: str, weights: str, samples: Samples, logs: Mapping[str, float]) -> None:
        """What was measured for a notebook need not be measured for a check; `weights`: their digest."""
        self._known.metrics[_key(plan, settings, weights, samples)] = dict(logs)

    def _samples(self, model: ModelDescription, split: str, most: int | None = None, prepared: str = "") -> Samples:
        plan, settings = network(model)
        columns = one_hot(plan, settings)
        if self.prepared is not None:
            return rows_of_tables.samples(model, self.rows(split)[:most], self.prepared, self.data, columns, prepared)
        told = model.fits[-1].data.lookup if model.fits and not prepared else None
        lookup = told or _PIXELS[prepared or "unit"]
        check_lookup(lookup, plan, self.data)
        if columns and not self.data.class_count <= columns <= MAX_COLUMNS:
            raise CannotRebuild(_("the labels do not fit the network's outputs"))
        return Samples(
            self.rows(split)[:most], self.labels(split)[:most], lookup, _sample_shape(model, self.data), columns,
            of=self.data.name,
        )  # fmt: skip

    def measure(self, model: ModelDescription, samples: Samples) -> Mapping[str, float]:
        plan, settings = network(model)
        key = _key(plan, settings, digest(model.weights), samples)

        def measure() -> fit_spec.Measured:
            try:
                return fit_spec.Measured(self.trainer.evaluate(plan, settings, model.weights, samples))
            except ValueError as error:
                raise CannotRebuild(_("its weights do not fit the network: {error}", error=error)) from error

        return self._metrics(key, plan, samples, measure)

    def metric(self, model: ModelDescription, split: str, metric: str, prepared: str = "") -> Mapping[str, float]:
        """scikit-learn's `metric`, by its name, of what the network answers for `split`. Raises CannotRebuild as `evaluate` does."""
        plan, settings = network(model)
        samples = self._samples(model, split, prepared=prepared)
        key = sha256(_key(plan, settings, digest(model.weights), samples) + metric)

        def measure() -> fit_spec.Measured:
            output = size(plan).output
            if len(output) != 1 or output[0] > MAX_COLUMNS:  # of all rows they are in memory together
                raise CannotRebuild(_("the labels do not fit the network's outputs"))
            answers = self.trainer.predict(plan, settings, model.weights, samples)
            found = network_metrics.score(metric, samples.targets(), answers, loss_of(settings))
            return fit_spec.Measured({metric: found})

        return self._metrics(key, plan, samples, measure)

    def meaning(self, model: ModelDescription) -> Meaning:
        """What its answers stand for. Raises CannotRebuild as `network_metrics.meaning` does, and for what the judge won't build."""
        plan, settings = network(model)
        output = size(plan).output
        aim = model.fits[-1].data.targets if model.fits else ""
        own = aim if self.prepared is not None and aim in self.prepared.targets else RAW
        targets = self.data.targets if own == RAW else self._named(own, targets=True).array
        classes = self.data.class_count if own in (RAW, ONE_HOT) else 0
        return network_metrics.meaning(output[0] if len(output) == 1 else 0, classes, targets, loss_of(settings))

    def agreement(self, model: ModelDescription, split: str, given: npt.NDArray[Any]) -> float:
        """The share of the samples of `split` of which `given`, (n,) or (n, outputs), is what the network says, as `network_metrics.chosen` reads it.

        Raises CannotRebuild as `evaluate` and `meaning` do.
        """
        plan, settings = network(model)
        meant = self.meaning(model)
        samples = self._samples(model, split)
        key = _key(plan, settings, digest([*model.weights, given]), samples)

        def measure() -> fit_spec.Measured:
            right = 0
            for start in range(0, len(samples.rows), LOOKED_AT):
                part = slice(start, start + LOOKED_AT)
                batch = replace(samples, rows=samples.rows[part], labels=samples.labels[part])
                answers = self.trainer.predict(plan, settings, model.weights, batch)
                own = network_metrics.chosen(answers, meant, loss_of(settings)[1])
                right += network_metrics.agreeing(own, given[part], meant)
            return fit_spec.Measured({"agreement": right / len(samples.rows)})

        return self._metrics(key, plan, samples, measure)["agreement"]

    def mistakes(self, model: ModelDescription, split: str, most: int) -> Sequence[Mistake]:
        """Some of the first 1,000 images of `split` that the network gets wrong, each another confusion of classes, frequent ones first.

        Raises CannotRebuild as `evaluate` does; none for a network whose answer is no class, and of a table, which can't be drawn.
        """
        return () if self.prepared is not None else self._wrong(model, split)[:most]

    def _wrong(self, model: ModelDescription, split: str) -> Sequence[Mistake]:
        """Each confusion of two classes once, the most frequent first."""
        plan, settings = network(model)
        samples, labels = self._samples(model, split, LOOKED_AT), self.labels(split)[:LOOKED_AT]
        key = _key(plan, settings, digest(model.weights), samples)

        def measure() -> fit_spec.Measured:
            answers = self.trainer.predict(plan, settings, model.weights, samples)
            found: dict[tuple[int, int], list[int]] = {}
            with suppress(CannotRebuild):
                chosen = network_metrics.chosen(answers, self.meaning(model), loss_of(settings)[1])
                for row, label, predicted in zip(samples.rows, labels, chosen, strict=True):
                    if label != predicted < (self.data.class_count or np.inf):  # of more outputs than classes
                        found.setdefault((int(label), int(predicted)), []).append(int(row))
            every = sorted(((rows[0], a, b, len(rows)) for (a, b), rows in found.items()), key=lambda one: -one[3])
            return fit_spec.Measured({}, (np.array(every, np.int64).reshape(-1, 4),))

        def look() -> tuple[Mistake, ...]:
            (rows,) = self._kept("mistakes", key, measure).variables
            return tuple(Mistake(row=row, label=a, predicted=b, count=count) for row, a, b, count in rows.tolist())

        return self._once(self.asked.mistakes, self._known.mistakes, key, _paid(plan, samples), look)

    def _metrics(
        self, key: str, plan: str, samples: Samples, measure: Callable[[], fit_spec.Measured]
    ) -> dict[str, float]:
        def look() -> dict[str, float]:
            return dict(self._kept("metrics", key, measure).logs)

        return self._once(self.asked.metrics, self._known.metrics, key, _paid(plan, samples), look)

    def _kept(self, kind: str, key: str, measure: Callable[[], fit_spec.Measured]) -> fit_spec.Measured:
        """From the memo, if this `kind` of measurement was ever made by this code; else made now."""
        if self._memo is None:
            return measure()
        return self._memo.measured(sha256(json.dumps([kind, key, code_digest(__name__)])), measure)

    def confusion(self, model: ModelDescription, split: str) -> tuple[tuple[int, ...], ...]:
        """Of the samples that `mistakes` looks at, how many of each class (rows) got which answer (columns); () if none is known to be wrong.

        It comes from the same measurement, and costs nothing more. Raises CannotRebuild as `evaluate` does.
        """
        if not self.data.class_count:
            return ()
        wrong = self._wrong(model, split)
        counts = np.diag(np.bincount(self.labels(split)[:LOOKED_AT], minlength=self.data.class_count))
        for mistake in wrong:
            counts[mistake.label, mistake.predicted] += mistake.count
            counts[mistake.label, mistake.label] -= mistake.count
        counted = bool(wrong) and all(mistake.count for mistake in wrong)  # not in what an older version measured
        return tuple(tuple(map(int, row)) for row in counts) if counted else ()

    def _once(self, asked: dict[str, T], known: dict[str, T], key: str, pay: Pay, measure: Callable[[], T]) -> T:
        """What is known under `key`, else what is measured now. A submission pays for it once, whether it is known or not."""
        if key not in asked and self.budget is not None:
            pay(self.budget)
        if key not in known:
            known[key] = measure()
        asked[key] = known[key]
        return known[key]

    def estimator_score(
        self, made: Component, split: Literal["holdout", "test"], place: str, seed: int
    ) -> Mapping[str, float]:
        """Metrics of scikit-learn's estimator that `made` describes, fitted anew: see `estimators.data` for the rows. Raises CannotRebuild."""
        data = estimators.data(self, split, place)
        key = estimators.key(made, data, seed)

        def look() -> dict[str, float]:
            measured = partial(estimators.measure, made, data, seed, apart=self.apart)
            return dict(self._kept("metrics", key, lambda: fit_spec.Measured(measured())).logs)

        return self._once(self.asked.metrics, self._known.metrics, key, Budget.estimate, look)

    def learn(self, measured: Measured) -> None:
        """Take over what was measured earlier: it need not be measured again."""
        self._known.metrics.update(measured.metrics)
        self._known.mistakes.update(measured.mistakes)

    def reference(self, place: str) -> Callable[..., Any]:
        """The function at ``path.py:name``, relative to the course's folder. Raises CourseError when there is none."""
        if place not in self._references:
            self._references[place] = references.load(self._root or Path(), place)
        return self._references[place]


def _paid(plan: str, samples: Samples) -> Pay:
    """How a measurement of a network is paid for."""
    return lambda budget: budget.decide(size(plan), len(samples.rows))


def _key(plan: str, settings: str, weights: str, samples: Samples) -> str:
    """The digest of everything that determines a measurement."""
    parts = [plan, settings, weights, samples.key(), training_code(), *versions()]
    return sha256(json.dumps(parts))


def _sample_shape(model: ModelDescription, data: DataSet) -> tuple[int, ...]:
    shape = tuple(axis or 0 for axis in (model.input_shape or ())[1:])
    if math.prod(shape) != data.values:
        raise CannotRebuild(
            _(
                "the network takes samples of shape {shape}, which are not images of {size} pixels",
                shape=shape,
                size=" x ".join(map(str, data.shape)),
            )
        )
    return shape


def data_record(samples: SamplesMessage | ArraysMessage, lab: CourseLab) -> DataRecord:
    """How many rows of each part of the data set were trained on; the test set are the rows after those for training."""
    data = lab.data

    def counts(rows: npt.NDArray[np.int32]) -> dict[str, Any]:
        part = np.zeros(len(data), np.uint8)
        part[lab.rows("holdout")] = 1
        part[data.training :] = 2
        return dict(zip(("train", "holdout", "test"), map(int, np.bincount(part[rows], minlength=3)), strict=True))

    if isinstance(samples, ArraysMessage):
        known = lab.prepared.known(samples.values, samples.targets) if lab.prepared is not None else None
        return rows_of_tables.record(samples, known, counts)
    rows = samples.rows
    return DataRecord(
        samples=len(rows),
        **counts(rows),
        distinct=len(np.unique(rows)),
        weighted=rows_of_tables.weighted(samples.weights, samples.labels),
        changed_labels=int(np.count_nonzero(data.targets[rows] != samples.labels)),
        scaling=samples.lookup.scaling,
        lookup=samples.lookup,
    )
