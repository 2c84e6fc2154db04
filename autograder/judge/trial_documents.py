"""A trial, one way to train one network, as text: from the judge to those who train it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograder.common.data import lookups
from autograder.common.digests import sha256
from autograder.common.machine.versions import versions
from autograder.common.wire.description import DataRecord, ModelDescription
from autograder.networks.fit_spec import FitSpec, Samples

Kind = Literal["reference", "variation", "wrong"]


@dataclass(frozen=True)
class Trial:
    """One way to train one network. `fits` are repeated one after another, unless `model` tells of none. `data`: what it takes."""

    name: str
    kind: Kind
    about: str
    model: ModelDescription
    fits: tuple[FitSpec, ...]
    data: DataRecord | None = None

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


def trial_document(trial: Trial, caught_by: tuple[str, ...]) -> dict[str, Any]:
    fits = [_fit_document(fit) for fit in trial.fits]
    return {
        "name": trial.name, "kind": trial.kind, "about": trial.about, "digest": trial.digest(),
        "trained": trial.trained, "caught_by": list(caught_by), "fits": fits,
        "prepared": trial.data.prepared if trial.data else "", "targets": trial.data.targets if trial.data else "",
    }  # fmt: skip


def _fit_document(fit: FitSpec) -> dict[str, Any]:
    plain = {key: getattr(fit, key) for key in ("plan", "settings", "epochs", "batch_size", "shuffle")}
    return {
        **plain, "samples": _samples_document(fit.samples),
        "goes_on": fit.start is not None, "keeps_optimizer": fit.start is not None and fit.keeps_optimizer,
    }  # fmt: skip


def _samples_document(samples: Samples) -> dict[str, Any]:
    buffer = io.BytesIO()
    lookup = None if samples.lookup is None else samples.lookup.numbers
    others = {"lookup": lookup, "weights": samples.weights, "values": samples.values}
    given: Any = {name: array for name, array in others.items() if array is not None}
    np.savez_compressed(buffer, rows=samples.rows, labels=samples.labels, **given)
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
        lookup = lookups.parsed(arrays["lookup"]) if "lookup" in arrays else None
        return Samples(
            arrays["rows"], arrays["labels"], lookup, tuple(document["shape"]), document["one_hot"],
            arrays.get("weights"), document["of"], arrays.get("values"),
        )  # fmt: skip
