"""What checks on a network's training ask for, stated a second time: what the very calls of ``fit`` got."""

from __future__ import annotations

import contextlib
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.authoring.verify.bench.stand_in import StandIns, Training

Objects = Mapping[str, Any]
Statement = Callable[[Any, Objects, StandIns], Any]


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: float(value) if isinstance(value, (int, float)) else value
        for key, value in config.items()
        if key != "name"
    }


def each(statement: Statement) -> Statement:
    """The same of each network of a dictionary, where a check names its `entries`."""

    def seen(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
        if check.entries is None:
            return statement(check, objects, stand_ins)
        one, networks = check.model_copy(update={"entries": None}), objects[check.of]
        trained = [key for key in check.entries if key in networks and stand_ins.trainings[id(networks[key])]]
        keys = trained if check.enough and len(trained) >= check.enough else check.entries
        found = [statement(one, {**objects, check.of: networks[key]}, stand_ins) for key in keys]
        return [said for number, said in enumerate(found) if said not in found[:number]] if check.enough else found

    return seen


def trainings(check: Any, objects: Objects, stand_ins: StandIns) -> list[Training]:
    network = objects[getattr(check, "model", check.of)]
    return stand_ins.trainings[id(network)]


def trained_on(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    if check.part:
        return all(_of_split(one.x, one.y, check.split, stand_ins) for one in trainings(check, objects, stand_ins))
    prints: list[Any] = []
    for one in trainings(check, objects, stand_ins):
        own = fingerprint(one.x, one.y)
        prints += [own] * (own not in prints)
    return prints


def _of_split(images: Any, labels: Any, split: str, stand_ins: StandIns) -> bool:
    """Whether every image, scaled however, is one of the split, with its label."""
    return _looks(images, labels) <= _looks_of_split(stand_ins.student.lab, split)


@lru_cache(maxsize=4)  # every slip asks for the same
def _looks_of_split(lab: Any, split: str) -> frozenset[bytes]:
    return _looks(lab.data.features[lab.rows(split)], lab.data.targets[lab.rows(split)])


def _looks(images: Any, labels: Any) -> frozenset[bytes]:
    rows = np.asarray(images).reshape(len(images), -1)[:, ::7].astype(np.float32)
    pixels = np.rint(rows * (255 / rows.max())).astype(np.uint8)
    columns = np.asarray(labels).reshape(len(rows), -1)
    named = (columns.argmax(axis=1) if columns.shape[1] > 1 else columns[:, 0]).astype(np.float32)
    return frozenset(row.tobytes() + label.tobytes() for row, label in zip(pixels, named, strict=True))


_fingerprints: OrderedDict[tuple[int, int], tuple[Any, Any, Any]] = OrderedDict()  # no array lives longer for it
MOST_FINGERPRINTS = 16


def fingerprint(x: Any, y: Any) -> Any:
    """Of images and labels together: shapes, range, and two sums that another row, scale or label changes."""
    key = (id(x), id(y))
    if (known := _fingerprints.get(key)) and known[0]() is x and known[1]() is y:
        return known[2]
    images, labels = np.asarray(x), np.asarray(y).astype(float)
    means = images.reshape(len(images), -1)[:, ::7].mean(axis=1, dtype=np.float64)
    columns = labels.reshape(len(labels), -1)  # one of classes, whether as numbers or as a column of them, or several
    numbered = columns @ np.arange(1, columns.shape[1] + 1)
    found = (np.shape(x), float(images.max()), float(means.sum()), float((means * numbered).sum()))
    with contextlib.suppress(TypeError):  # of a list there is no weak reference
        _fingerprints[key] = (weakref.ref(x), weakref.ref(y), found)
        while len(_fingerprints) > MOST_FINGERPRINTS:
            _fingerprints.popitem(last=False)
    return found


def epochs(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    total = sum(one.epochs for one in trainings(check, objects, stand_ins))
    if not total:
        raise ValueError("not trained")
    limits = (check.at_most is None or total <= check.at_most, check.at_least is None or total >= check.at_least)
    return limits, total if check.equals is not None else None


def batch_size(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    sizes = {one.batch_size for one in trainings(check, objects, stand_ins)}
    if check.equals is not None:
        return sizes
    low, high = check.at_least or 0, check.at_most or max(sizes)
    return len(sizes), all(low <= one <= high for one in sizes)


def fresh(check: Any, objects: Objects, stand_ins: StandIns) -> Any:
    """How many trainings: calls of ``fit`` that go on with the very optimizer, on the same data in the same way, are one."""
    ways = [(one.life, one.batch_size, fingerprint(one.x, one.y)) for one in trainings(check, objects, stand_ins)]
    return sum(before is None or before != way for before, way in zip([None, *ways], ways, strict=False))


def predictions(check: Any, objects: Objects, stand_ins: StandIns) -> bool:
    """Whether they are what this network answers for the very images, scaled as those that it was trained on: how, other questions ask."""
    network, given, lab = objects[check.model], np.asarray(objects[check.of]), stand_ins.student.lab
    if not stand_ins.trainings.get(id(network)):
        raise ValueError("not trained")
    last = stand_ins.trainings[id(network)][-1].x
    if lab.prepared is None:
        scale = 255.0 / float(np.max(last))
        samples = (lab.data.features[lab.rows(check.split)] / scale).reshape(-1, *np.shape(last)[1:])
    else:
        samples = lab.features(check.split, lab.held(np.asarray(last, np.float32)))
    said = stand_ins.predict(network, samples)
    aims = np.reshape(lab.labels(check.split), (len(said), -1))
    if not lab.data.class_count and aims.shape == said.shape and not (aims.sum(1) == 1).all():  # labels, or numbers
        own = said > 0.5 if np.isin(aims, (0, 1)).all() else said
        return given.size == own.size and bool(np.allclose(given.reshape(own.shape), own, rtol=1e-3))
    own = np.argmax(said, axis=1) if said.shape[1] > 1 else (said[:, 0] > 0.5).astype(int)
    return bool(given.size == own.size and float(np.mean(given.ravel() != own)) <= check.tolerance)
