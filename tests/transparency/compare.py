"""The same cells beside plain Keras and in a graded kernel: `differences` says in what kind of thing they differ."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder.kernel.graded.stand_ins import write_no_summaries
from autograder.worker.judge_process import JudgeProcess
from tests.conftest import ROOT
from tests.transparency.asked import asked
from tests.transparency.cells import PRELUDE

NOT_COMPARED = {"left to Keras", "relations"}  # who trained, and what could be looked for


def facts_of(
    cells: Mapping[str, str], bench: JudgeProcess, folder: Path, watched: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the cells left in a plain kernel and in a graded one; both processes run at the same time.

    While grading all calls of Keras are held against `relations`, beside plain Keras those of the cells that are `watched`.
    """
    watched = {*watched}
    kept = Kept()
    unknown = {name: code for name, code in cells.items() if kept.of(code, name in watched) is None}
    with tempfile.TemporaryDirectory() as short:  # a socket's path has 107 bytes at most
        address = Path(short) / "judge"
        bench.begin("two_layer", address, "en")
        asked = _begin("graded", cells, folder / "graded", watched, address)
        plain = _left(_begin("plain", unknown, folder / "plain", watched)) if unknown else {}
        graded = _left(asked)
        bench.end("en")
    others = {name: cells[name] for name in cells if name not in unknown}
    same = {name for name, code in others.items() if kept.of(code, name in watched) == digest_of(graded[name])}
    again = {name: code for name, code in others.items() if name not in same}
    if again:  # for what exactly differs, and where, if at all
        plain |= _left(_begin("plain", again, folder / "again", watched))
    if kept.keeping() and plain:
        backwards = _left(
            _begin("plain", {name: cells[name] for name in reversed(plain)}, folder / "backwards", watched)
        )
        shared = {name: found for name in plain if (found := [*differences(plain[name], backwards[name])])}
        assert shared == {}, f"depends on the cells that ran before: see kernel.of_process. {shared}"
    kept.keep({cells[name]: (name in watched, facts) for name, facts in plain.items()})
    return {name: plain.get(name) or graded[name] for name in cells}, graded


def _begin(mode: str, cells: Mapping[str, str], place: Path, watched: set[str], judge: Path | None = None) -> Any:
    """A process that runs the cells, and where it leaves what they left."""
    place.mkdir(parents=True)
    document = {"prelude": PRELUDE, "cells": dict(cells), "watched": [*watched]}
    (place / "cells.json").write_text(json.dumps(document), "utf-8")
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONHASHSEED": "0",
    }  # fmt: skip
    environment.pop("AUTOGRADER_COURSE", None)
    if judge is not None:
        environment["AUTOGRADER_JUDGE"] = str(judge)
    command = [
        sys.executable,
        "-X",
        "faulthandler",
        "-m",
        "tests.transparency.kernel",
        mode,
        "cells.json",
        "facts.json",
    ]
    with (place / "log.txt").open("w") as log:
        return place, subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)


def _left(running: Any) -> dict[str, Any]:
    place, process = running
    assert process.wait() == 0, (place / "log.txt").read_text("utf-8", "replace")[-3000:]
    found: dict[str, Any] = json.loads((place / "facts.json").read_text("utf-8"))
    return found


class Kept:
    """Digests of what cells left beside plain Keras, in ``plain.json``: where a graded kernel leaves the same, plain Keras isn't asked again.

    They hold for these versions of all that takes part, and for this text of cell, prelude and harness; of anything else none is known.
    A digest that isn't the graded kernel's decides nothing: the cell then runs beside plain Keras too. With AUTOGRADER_PLAIN=keep what
    ran there is kept if it left the same with all cells in the opposite order, and nothing of a cell that the suite doesn't run.
    """

    file = Path(__file__).with_name("plain.json")

    def __init__(self) -> None:
        document = json.loads(self.file.read_text("utf-8")) if self.file.exists() else {}
        self.known: dict[str, str] = document["cells"] if document.get("basis") == basis() else {}

    @staticmethod
    def keeping() -> bool:
        return os.environ.get("AUTOGRADER_PLAIN") == "keep"

    @staticmethod
    def _key(code: str, watched: bool) -> str:
        how = _code("watch", "relations", "replays") if watched else ""
        return hashlib.sha256(f"{code}\n{how}".encode()).hexdigest()[:20]

    def of(self, code: str, watched: bool) -> str | None:
        return self.known.get(self._key(code, watched))

    def keep(self, ran: Mapping[str, tuple[bool, dict[str, Any]]]) -> None:
        if self.keeping():
            known = {**Kept().known, **{self._key(code, seen): digest_of(facts) for code, (seen, facts) in ran.items()}}
            wanted = {self._key(code, seen) for code, seen in asked()}
            document = {"basis": basis(), "cells": {key: known[key] for key in sorted(wanted & known.keys())}}
            self.file.write_text(json.dumps(document, indent=0) + "\n", "utf-8")


def digest_of(facts: dict[str, Any]) -> str:
    """Of all that `differences` compares."""
    compared = {key: value for key, value in facts.items() if key not in NOT_COMPARED}
    return hashlib.sha256(json.dumps(compared, sort_keys=True).encode()).hexdigest()[:32]


@cache
def basis() -> str:
    """Of all that a plain kernel's facts come from, but for the cell: `watch` only looks, and counts where it is asked to say something."""
    texts = [PRELUDE, _code("kernel"), inspect.getsource(write_no_summaries)]
    versions = [
        f"{name} {version(name)}"
        for name in ("keras", "tensorflow", "numpy", "ipython", "ipykernel", "pandas", "scikit-learn", "scipy", "h5py")
    ]
    return hashlib.sha256(
        "\n".join([platform.python_version(), platform.machine(), *versions, *texts]).encode()
    ).hexdigest()


@cache
def _code(*names: str) -> str:
    """Of files beside this one, without comments and layout."""
    return "\n".join(
        ast.unparse(ast.parse(Path(__file__).with_name(f"{name}.py").read_text("utf-8"))) for name in names
    )


def differences(plain: Any, graded: Any, place: str = "") -> Iterator[str]:
    """Each place where the two differ, with both sides."""
    if isinstance(plain, dict) and isinstance(graded, dict):
        for key in sorted({*plain, *graded} - NOT_COMPARED):
            if key in plain and key in graded:
                yield from differences(plain[key], graded[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}: only {'beside plain Keras' if key in plain else 'while grading'}"
    elif isinstance(plain, list) and isinstance(graded, list) and len(plain) == len(graded):
        for number, (one, other) in enumerate(zip(plain, graded, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif plain != graded:
        yield f"{place}: {str(plain)[:400]!r} beside plain Keras, {str(graded)[:400]!r} while grading"
