"""What `autograder calibrate` trains: each graded network, accepted variations of it, and typical wrong ones.

Nothing is listed by hand: the networks are what the solution trained and handed in for its accuracy checks. A change counts as
*caught* by the checks that lose their pass when the changed network is handed in instead: such a variation is not free, and
such a mistake costs points whatever its accuracy.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from autograder.common.digests import sha256
from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_
from autograder.common.results import Status
from autograder.common.versions import versions
from autograder.common.wire.description import Component, FitRecord, LayerDescription, ModelDescription, digest
from autograder.course.checks.accuracy import Accuracy
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from autograder.judge.session import Session
from autograder.networks.build import architecture, compile_settings
from autograder.networks.lab import CourseLab
from autograder.networks.states import FitSpec, Samples

Kind = Literal["reference", "variation", "wrong"]
BATCH_SIZES = (32, 64)  # Keras's default, and the next one that students try
_ACTIVATIONS = {"Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"}  # layers that do nothing but bend
_DEFAULT_RATE = 0.001  # of Adam and RMSprop in Keras


@dataclass(frozen=True)
class Trial:
    """One way to train one network. `fits` are repeated one after another, unless `model` tells of none."""

    name: str
    kind: Kind
    about: str
    model: ModelDescription
    fits: tuple[FitSpec, ...]

    @property
    def spec(self) -> FitSpec:
        return self.fits[-1]

    @property
    def trained(self) -> bool:
        return bool(self.model.fits)

    def digest(self) -> str:
        """Of what is trained, but for the seed: architecture, settings, rows, library versions. The code that trains is no part of it:
        accuracies over seeds are evidence of the network, and stay so when the same training is computed in another way."""
        ways = [
            [versions(), fit.plan, fit.settings, fit.samples.key(), fit.epochs, fit.batch_size, fit.shuffle]
            for fit in self.fits
        ]
        starts = [[fit.start is None, not fit.start or not fit.keeps_optimizer] for fit in self.fits]
        document = [self.trained, ways, starts]
        return sha256(json.dumps(document))


def trials(model: ModelDescription, fits: Sequence[FitSpec]) -> list[Trial]:
    """The reference, and what can be made of it. `model` carries the `FitRecord` of each of `fits`."""
    reference = Trial("reference", "reference", N_("the solution"), model, tuple(fits))
    made = [reference]
    for change in (_other_batch_size, _other_optimizer, _in_order, _untrained, _one_epoch, _unscaled, _linear):
        try:
            trial = change(reference)
        except CannotRebuild:
            continue
        if trial is not None:
            made.append(trial)
    return made


# ---- variations


def _other_batch_size(reference: Trial) -> Trial | None:
    size = next(size for size in BATCH_SIZES if size != reference.spec.batch_size)
    model = _with_fits(reference.model, lambda fit: fit.model_copy(update={"batch_size": size}))
    fits = tuple(replace(fit, batch_size=size) for fit in reference.fits)
    return Trial(f"batch_{size}", "variation", f"batch_size={size}", model, fits)


def _other_optimizer(reference: Trial) -> Trial | None:
    compiled = reference.model.compiled
    if compiled is None or len(reference.fits) > 1:
        return None
    kind = "RMSprop" if compiled.optimizer.type == "Adam" else "Adam"
    optimizer = Component(type=kind, settings={"learning_rate": _DEFAULT_RATE})
    compiled = compiled.model_copy(update={"optimizer": optimizer})
    model = _with_fits(reference.model, lambda fit: fit.model_copy(update={"compiled": compiled}))
    settings = compile_settings(compiled)
    fits = tuple(replace(fit, settings=settings) for fit in reference.fits)
    about = f'optimizer="{kind.lower()}"'
    return Trial(kind.lower(), "variation", about, model.model_copy(update={"compiled": compiled}), fits)


def _in_order(reference: Trial) -> Trial | None:
    if not all(fit.shuffle for fit in reference.fits):
        return None
    fits = tuple(replace(fit, shuffle=False) for fit in reference.fits)
    return Trial("in_order", "variation", "shuffle=False", reference.model, fits)


# ---- typical mistakes


def _untrained(reference: Trial) -> Trial | None:
    model = reference.model.model_copy(update={"fits": ()})
    return Trial("untrained", "wrong", N_("never trained"), model, (reference.fits[0],))


def _one_epoch(reference: Trial) -> Trial | None:
    first = reference.fits[0]
    if first.epochs == 1 and len(reference.fits) == 1:
        return None
    record = reference.model.fits[0].model_copy(update={"epochs": 1})
    model = reference.model.model_copy(update={"fits": (record,)})
    return Trial("one_epoch", "wrong", N_("one epoch only"), model, (replace(first, epochs=1),))


def _unscaled(reference: Trial) -> Trial | None:
    if any(fit.samples.span[1] > 1.0 for fit in reference.fits):
        return None  # the network scales the pixels itself
    raw = np.arange(256, dtype=np.float32)
    fits = tuple(
        replace(
            fit,
            samples=replace(fit.samples, lookup=raw),
            validation=replace(fit.validation, lookup=raw) if fit.validation else None,
        )
        for fit in reference.fits
    )
    seen = {"scaling": "raw", "lookup": raw.astype(np.float64)}
    model = _with_fits(reference.model, lambda fit: fit.model_copy(update={"data": fit.data.model_copy(update=seen)}))
    return Trial("unscaled", "wrong", N_("pixels up to 255"), model, fits)


def _linear(reference: Trial) -> Trial | None:
    """No activation in a hidden layer; the output keeps its own."""
    layers = list(reference.model.layers)
    last = max((i for i, layer in enumerate(layers) if layer.type not in _ACTIVATIONS), default=0)  # the output layer
    kept = []
    for index, layer in enumerate(layers):
        if index < last and layer.type in _ACTIVATIONS:
            continue
        if index < last and layer.config.get("activation", "linear") != "linear":
            layer = layer.model_copy(update={"config": {**layer.config, "activation": "linear"}})
        kept.append(layer)
    if kept == layers:
        return None
    model = reference.model.model_copy(update={"layers": tuple(kept)})
    plan = architecture(model)
    fits = tuple(replace(fit, plan=plan) for fit in reference.fits)
    return Trial("linear", "wrong", N_("no hidden activation"), model, fits)


def _with_fits(model: ModelDescription, change: Callable[[FitRecord], FitRecord]) -> ModelDescription:
    return model.model_copy(update={"fits": tuple(change(fit) for fit in model.fits)})


# ---- in the judge


class _Blind:
    """A lab that measures nothing: whether a mistake is caught must not depend on the accuracy that is being judged."""

    def __init__(self, lab: CourseLab) -> None:
        self._lab = lab

    def evaluate(self, model: ModelDescription, split: str, scaling: str = "") -> Mapping[str, float]:
        raise CannotRebuild("accuracy is not looked at here")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lab, name)


def examine(session: Session) -> list[dict[str, Any]]:
    """What was handed in to accuracy checks: for each network the checks and all its trials, or the `problem` with it."""
    networks: dict[str, dict[str, Any]] = {}
    for key, check in _accuracy_checks(session):
        place = {"question": key, "check": check.id, "split": check.split}
        value = session.values.get(key, {}).get(check.of)
        lineage = session.trained.get(digest(value.weights)) if isinstance(value, ModelDescription) else None
        if not isinstance(value, ModelDescription) or lineage is None or not value.fits:
            networks[f"{key}.{check.id}"] = {"checks": [place], "trials": [], "problem": _problem(value)}
            continue
        name = digest(value.weights)
        if name not in networks:
            made = trials(value, lineage.specs)
            documents = [trial_document(trial, caught(session, value, trial.model)) for trial in made]
            networks[name] = {"checks": [], "trials": documents, "problem": ""}
        networks[name]["checks"].append(place)
    return list(networks.values())


def _accuracy_checks(session: Session) -> Iterator[tuple[str, Accuracy]]:
    for key, question in session.course.assignment(session.assignment).questions.items():
        for check in question.checks:
            if isinstance(check, Accuracy):
                yield key, check


def _problem(value: Any) -> str:
    if value is None:
        return "nothing was handed in"
    if not isinstance(value, ModelDescription):
        return "what was handed in is not a network"
    return value.origin or "the network was not trained by the grader"


def caught(session: Session, original: ModelDescription, changed: ModelDescription) -> tuple[str, ...]:
    """The checks (``question.check``) that pass for `original` and no longer pass for `changed`, accuracy aside."""
    lab, lost = _Blind(session.lab), []
    for key, values in session.values.items():
        swapped = {name: _swapped(value, original, changed) for name, value in values.items()}
        if all(swapped[name] is values[name] for name in values):
            continue
        checks = session.course.assignment(session.assignment).questions[key].checks
        before, after = (
            decide(checks, Facts(handed_in, lab, seed=session.course.seed)) for handed_in in (values, swapped)
        )
        for old, new in zip(before, after, strict=True):
            if old.status is Status.PASSED and new.status in (Status.FAILED, Status.SKIPPED):
                lost.append(f"{key}.{old.check}")
    return tuple(lost)


def _swapped(value: Any, original: ModelDescription, changed: ModelDescription) -> Any:
    """`changed` in place of `original`, also where that was handed in before it was trained."""
    if not isinstance(value, ModelDescription):
        return value
    if digest(value.weights) == digest(original.weights):
        return changed
    if value.fits or [_layer(layer) for layer in value.layers] != [_layer(layer) for layer in original.layers]:
        return value
    compiled = changed.compiled if value.compiled == original.compiled else value.compiled
    own = {layer.name: layer for layer in value.layers}
    layers = tuple(own[layer.name].model_copy(update={"config": layer.config}) for layer in changed.layers)
    return value.model_copy(update={"layers": layers, "compiled": compiled})


def _layer(layer: LayerDescription) -> LayerDescription:
    return layer.model_copy(update={"weights": (), "same_as": ""})


# ---- as text, from the judge to those who train


def trial_document(trial: Trial, caught_by: tuple[str, ...]) -> dict[str, Any]:
    fits = [_fit_document(fit) for fit in trial.fits]
    return {
        "name": trial.name, "kind": trial.kind, "about": trial.about, "digest": trial.digest(),
        "trained": trial.trained, "caught_by": list(caught_by), "fits": fits,
    }  # fmt: skip


def _fit_document(fit: FitSpec) -> dict[str, Any]:
    plain = {key: getattr(fit, key) for key in ("plan", "settings", "epochs", "batch_size", "shuffle")}
    return {
        **plain, "samples": _samples_document(fit.samples),
        "goes_on": fit.start is not None, "keeps_optimizer": fit.start is not None and fit.keeps_optimizer,
    }  # fmt: skip


def _samples_document(samples: Samples) -> dict[str, Any]:
    buffer = io.BytesIO()
    weights: Any = {} if samples.weights is None else {"weights": samples.weights}
    np.savez_compressed(buffer, rows=samples.rows, labels=samples.labels, lookup=samples.lookup, **weights)
    return {
        "shape": list(samples.shape), "one_hot": samples.one_hot, "of": samples.of, "arrays": base64.b64encode(buffer.getvalue()).decode(),
    }  # fmt: skip


def read_fit(document: Mapping[str, Any], seed: int) -> FitSpec:
    """The training that `_fit_document` wrote, from `seed`. Only our own judge writes such documents."""
    names = ("plan", "settings", "epochs", "batch_size", "shuffle")
    return FitSpec(
        **{name: document[name] for name in names},
        samples=read_samples(document["samples"]),
        seed=seed,
    )


def read_samples(document: Mapping[str, Any]) -> Samples:
    with np.load(io.BytesIO(base64.b64decode(document["arrays"])), allow_pickle=False) as arrays:
        weights = arrays.get("weights")
        shape = tuple(document["shape"])
        return Samples(
            arrays["rows"], arrays["labels"], arrays["lookup"], shape, document["one_hot"], weights, document["of"]
        )
