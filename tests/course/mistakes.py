"""One mistake in a right course.yml, at every place: for `test_one_mistake`, and for long runs (``python -m tests.course.mistakes 2000``)."""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from autograder.common.errors import CourseError
from autograder.course.course import load
from autograder.course.meant import get, places, put
from tests.course.checks.test_registry import EVERY_TYPE

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "tests" / "course" / "course_files"
RIGHT = [
    ROOT / "course.yml",
    *sorted((ROOT / "examples").glob("*/course.yml")),
    FILES / "00_right.yml",
    FILES / "39_layer_key_filters.yml",
]
REFERENCES = "def double(x):\n    return 2 * x\n\n\ndef table():\n    return {}\n\n\ndef prepare(features, targets, train):\n    return {}\n"
Place = tuple[int | str, ...]


def _head(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "assignments"}


def _one(head: dict[str, Any], assignment: dict[str, Any], question: dict[str, Any]) -> dict[str, Any]:
    return {**head, "assignments": {"a": {**assignment, "questions": {"q": question}}}}


def right() -> Iterator[tuple[Path | None, dict[str, Any]]]:
    """Right courses of one question each, and the folder whose files they name (None: that of `REFERENCES`)."""
    for path in RIGHT:
        document = yaml.safe_load(path.read_text("utf-8"))
        for assignment in document["assignments"].values():
            for question in assignment["questions"].values():
                yield path.parent, _one(_head(document), assignment, question)
    head = {
        "course": {"id": "c", "title": "C", "languages": ["en"]},
        "limits": {"cell_seconds": 60, "epochs": 200}, "late": {"per_day": 0.1, "grace_minutes": 30},
        "seed": 3, "packages": ["xgboost>=2"],
    }  # fmt: skip
    assignment = {"title": "A", "due": "2030-01-31T23:59:00+00:00"}
    for kind, keys in {**EVERY_TYPE, **MORE}.items():
        declared = {"type": kind.split("/")[0], "of": "x", "points": 1, **keys}
        data = {"data": {"name": "wine", "prepare": "references.py:prepare"}} if declared["type"] == "score" else {}
        if declared["type"] == "score":
            declared["split"] = "holdout"
        yield (
            None,
            _one({**head, **data}, assignment, {"title": "Q", "points": 1, "hints": ["Look."], "checks": [declared]}),
        )
    by_hand = {"title": "Q", "points": 2, "manual": True, "rubric": [{"points": 2, "says": "Why"}]}
    yield None, _one(head, assignment, by_hand)


MORE: dict[str, dict[str, Any]] = {
    "object/callback": {"equals": "ReduceLROnPlateau", "settings": {"monitor": "val_loss", "patience": 3, "factor": 0.5, "mode": "min"}},
    "object/stop": {"equals": "EarlyStopping", "settings": {"patience": {"at_least": 2}, "restore_best_weights": True}},
    "object/pipeline": {"equals": "Pipeline", "settings": {"ridge": {"type": "Ridge", "alpha": 0.1}}, "fitted": True},
    "object/forest": {"equals": "RandomForestClassifier", "settings": {"n_estimators": 100, "max_depth": 3, "criterion": "gini"}},
    "optimizer/schedule": {"equals": "Adam", "settings": {"learning_rate": {"type": "ExponentialDecay", "decay_steps": 100}, "beta_1": 0.9}},
    "layers/range": {"match": "any_order", "layers": [
        {"type": "Conv2D", "filters": {"any_of": [16, 32]}, "kernel_size": 3, "padding": "same", "times": {"at_least": 2}},
        {"type": "Conv3D", "filters": 4, "kernel_size": [3, 3, 3]}, {"type": "GaussianNoise", "stddev": 0.1}]},
    "function/cases": {"cases": [{"args": [[-1, 2]], "returns": [0, 2]}], "tolerance": 0.001},
    "value/bounds": {"at_least": 1, "at_most": 2},
    "value/several": {"any_of": ["L2", "l2"]},
    "callbacks/one": {"includes": [{"any_of": [{"type": "EarlyStopping", "patience": 3}, {"type": "ReduceLROnPlateau"}]}]},
    "metric/bounds": {"metric": "accuracy", "at_least": 0.8, "split": "test"},
}  # fmt: skip


def _typo(text: str) -> str:
    return text[:-2] + text[-1] if len(text) > 3 else text + "q"


def mistakes(old: Any) -> Iterator[tuple[str, Any]]:
    """What fingers, guesses and habits make of a value: a name for each, and the value."""
    yield from (
        ("null", None),
        ("an empty text", ""),
        ("an empty list", []),
        ("an empty mapping", {}),
        ("a list in a list", [[old]]),
    )
    if isinstance(old, bool):
        yield from (("a word", "maybe"), ("a number", 2), ("a list", [old]))
    elif isinstance(old, (int, float)):
        yield from (
            ("a word", "three"),
            ("negative", -abs(old) - 1),
            ("zero", 0),
            ("true", True),
            ("a list", [old]),
            ("huge", 10**30),
            ("nan", float("nan")),
            ("infinite", float("inf")),
        )
        yield from (("a half more", old + 0.5),) if isinstance(old, int) else (("a hundred times", old * 100),)
    elif isinstance(old, str):
        yield from (
            ("a typo", _typo(old)),
            ("a number", 7),
            ("true", True),
            ("a list", [old]),
            ("blank", "  "),
            ("a mapping", {"a": old}),
        )
    elif isinstance(old, list):
        yield from (
            ("a scalar", old[0] if old else 1),
            ("a word", "three"),
            ("nothing in it", [None]),
            ("twice", [*old, *old[-1:]]),
            ("a mapping", {"a": old}),
        )
    elif isinstance(old, dict):
        yield from (("a word", "three"), ("a list", [old]))
        for key in old:
            rest = {one: value for one, value in old.items() if one != key}
            yield f"{key} mistyped", {**rest, _typo(str(key)): old[key]}
            yield f"without {key}", rest
        yield "another key", {**old, "colour": "red"}


def tried(document: dict[str, Any], folder: Path) -> str | None:
    """What `load` says of a document that is written there; None where it takes it. Anything but a CourseError is raised."""
    path = folder / "course.yml"
    path.unlink(missing_ok=True)  # it may be a link
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")
    try:
        load(path)
    except CourseError as error:
        return str(error)
    return None


def folder_like(source: Path | None, under: Path) -> Path:
    """A folder of its own with what the courses of `source` name."""
    folder = under / ("own" if source is None else source.name)
    folder.mkdir(exist_ok=True)
    if source is None:
        (folder / "references.py").write_text(REFERENCES)
    for one in source.iterdir() if source else ():
        if one.name != "course.yml" and not (folder / one.name).exists():
            (folder / one.name).symlink_to(one)
    return folder


def every(seed: int = 0) -> Iterator[tuple[Path | None, dict[str, Any], Place, str, Any]]:
    """Every mistake in every right course, in an order by `seed`: the same value at the same kind of place once."""
    seen = set()
    cases = []
    for source, document in right():
        for place in places(document):
            kind = tuple("#" if isinstance(part, int) else part for part in place)
            old = get(document, place)
            owner = get(document, place[:6]).get("type") if len(place) > 6 and place[4] == "checks" else ""
            inner = get(document, place[:-1])
            inner = inner.get("type") or inner.get("equals") if isinstance(inner, dict) else ""
            if (key := (kind, owner, inner if isinstance(inner, str) else "", repr(old)[:40])) not in seen:
                seen.add(key)
                cases.append((source, document, place))
    random.Random(seed).shuffle(cases)
    for source, document, place in cases:
        for name, value in mistakes(get(document, place)):
            yield source, document, place, name, value


if __name__ == "__main__":
    most, survivors, count = int(sys.argv[1]), Counter(), 0
    with tempfile.TemporaryDirectory() as scratch:
        for source, document, place, name, value in every(int(([*sys.argv, "0"])[2])):
            count += 1
            if count > most:
                break
            said = tried(put(document, place, value), folder_like(source, Path(scratch)))
            owner = get(document, place[:6]).get("type") if len(place) > 6 and place[4] == "checks" else ""
            if said is None:
                print(
                    "TAKEN",
                    owner,
                    ".".join(map(str, place[4 if owner else 0 :])),
                    "|",
                    name,
                    "|",
                    repr(get(document, place))[:50],
                    "->",
                    repr(value)[:50],
                )
    print(count)
