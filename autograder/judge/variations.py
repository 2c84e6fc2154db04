"""What `autograder calibrate` trains: each graded network, accepted variations of it, and typical wrong ones.

Nothing is listed by hand: the networks are what the solution trained and handed in for checks on what they reach. A change counts as
*caught* by the checks that lose their pass when the changed network is handed in instead: such a variation is not free, and
such a mistake costs points whatever its accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.common.data.lookups import RAW_PIXELS
from autograder.common.data.prepared import RAW, Prepared
from autograder.common.errors import CannotRebuild
from autograder.common.i18n import N_, _
from autograder.common.results import Status
from autograder.common.wire.description import (
    Component,
    FitRecord,
    LayerDescription,
    ModelDescription,
    digest,
)
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide
from autograder.judge.session import Session
from autograder.judge.trial_documents import Trial, trial_document
from autograder.networks.build import architecture, compile_settings, loss_of
from autograder.networks.fit_spec import FitSpec
from autograder.networks.lab import CourseLab

BATCH_SIZES = (32, 64)  # Keras's default, and the next one that students try
_ACTIVATIONS = {"Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"}  # layers that do nothing but bend
_OF_ANOTHER_TASK = {
    "sigmoid": ("softmax", N_("softmax where each answer says yes or no")),
    "linear": ("sigmoid", N_("answers from 0 to 1 for any number")),
}
_DEFAULT_RATE = 0.001  # of Adam and RMSprop in Keras


def trials(model: ModelDescription, fits: Sequence[FitSpec], named: Prepared | None = None) -> list[Trial]:
    """The reference, and what can be made of it. `model` carries the `FitRecord` of each of `fits`; `named`: of a table."""
    reference = Trial("reference", "reference", N_("the solution"), model, tuple(fits), model.fits[-1].data)
    made = [reference]
    unprepared = _unscaled if named is None else partial(_raw, named)
    changes = (
        _other_batch_size,
        _other_optimizer,
        _in_order,
        _untrained,
        _one_epoch,
        unprepared,
        _linear,
        _other_output,
    )
    for change in (*changes, *((_mismatched,) if named is not None else ())):
        try:
            trial = change(reference)
        except CannotRebuild:
            continue
        if trial is not None:
            made.append(replace(trial, data=(trial.model.fits or model.fits)[-1].data))
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
    fits = tuple(
        replace(
            fit,
            samples=replace(fit.samples, lookup=RAW_PIXELS),
            validation=replace(fit.validation, lookup=RAW_PIXELS) if fit.validation else None,
        )
        for fit in reference.fits
    )
    seen = {"scaling": RAW_PIXELS.scaling, "lookup": RAW_PIXELS}
    model = _with_fits(reference.model, lambda fit: fit.model_copy(update={"data": fit.data.model_copy(update=seen)}))
    return Trial("unscaled", "wrong", N_("pixels up to 255"), model, fits)


def _raw(named: Prepared, reference: Trial) -> Trial | None:
    """The features as they are, where they should have been prepared."""
    raw, fits = named.features[RAW], []
    for fit in reference.fits:
        known = named.known(fit.samples.values, fit.samples.labels) if fit.samples.values is not None else None
        if known is None or known.features == RAW or raw.width != named.features[known.features].width:
            return None
        values = raw.array[known.rows].reshape(len(known.rows), *fit.samples.shape)
        fits.append(replace(fit, samples=replace(fit.samples, values=values), validation=None))
    seen = {"prepared": RAW}
    model = _with_fits(reference.model, lambda fit: fit.model_copy(update={"data": fit.data.model_copy(update=seen)}))
    return Trial("raw", "wrong", N_("features as they are"), model, tuple(fits))


def _mismatched(reference: Trial) -> Trial:
    """Targets that belong to other rows, as where features and targets are shuffled one by one."""
    fits = tuple(
        replace(fit, samples=replace(fit.samples, labels=np.random.default_rng(0).permutation(fit.samples.labels)))
        for fit in reference.fits
    )

    def told(fit: FitRecord) -> FitRecord:
        return fit.model_copy(update={"data": fit.data.model_copy(update={"changed_labels": fit.data.samples})})

    return Trial("mismatched", "wrong", N_("targets of other rows"), _with_fits(reference.model, told), fits)


def _other_output(reference: Trial) -> Trial | None:
    """The output's activation of another task: it can be trained with the same loss, and can't answer."""
    *before, last = reference.model.layers
    name = last.config.get("activation", "")
    loss, logits = loss_of(reference.spec.settings)
    if name not in _OF_ANOTHER_TASK or logits or "categorical" in loss:
        return None
    other, about = _OF_ANOTHER_TASK[name]
    layer = last.model_copy(update={"config": {**last.config, "activation": other}})
    model = reference.model.model_copy(update={"layers": (*before, layer)})
    fits = tuple(replace(fit, plan=architecture(model)) for fit in reference.fits)
    return Trial(f"{other}_output", "wrong", about, model, fits)


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
    """A lab that measures nothing: whether a mistake is caught must not depend on the number that is being judged."""

    def __init__(self, lab: CourseLab) -> None:
        self._lab = lab

    def evaluate(self, model: ModelDescription, split: str, prepared: str = "") -> Mapping[str, float]:
        raise CannotRebuild(_("what it reaches is not looked at here"))

    def metric(self, model: ModelDescription, split: str, metric: str, prepared: str = "") -> Mapping[str, float]:
        raise CannotRebuild(_("what it reaches is not looked at here"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lab, name)


def examine(session: Session) -> list[dict[str, Any]]:
    """What was handed in to checks with thresholds: for each network the checks and all its trials, or the `problem` with it."""
    networks: dict[str, dict[str, Any]] = {}
    for key, check in session.course.assignment(session.assignment).measured():
        place = {"question": key, "check": check.id, "split": check.aim().key}
        value = session.values.get(key, {}).get(check.of)
        name = digest(value.weights) if isinstance(value, ModelDescription) else ""
        if (
            not isinstance(value, ModelDescription)
            or _problem(value)
            or (lineage := session.lineage(value, name)) is None
        ):
            networks[f"{key}.{check.id}"] = {"checks": [place], "trials": [], "problem": _problem(value)}
            continue
        if name not in networks:
            made = trials(value, lineage.specs, session.lab.prepared)
            documents = [trial_document(trial, caught(session, value, trial.model)) for trial in made]
            networks[name] = {"checks": [], "trials": documents, "problem": ""}
        networks[name]["checks"].append(place)
    return list(networks.values())


def _problem(value: Any) -> str:
    if value is None:
        return "nothing was handed in"
    if not isinstance(value, ModelDescription):
        return "what was handed in is not a network"
    if not value.fits:
        return value.origin or "the network was not trained by the grader"
    return "" if all(fit.data.recognised for fit in value.fits) else "what it was trained on could not be recognised"


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
