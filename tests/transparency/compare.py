"""The same cells beside plain Keras and in a graded kernel: `differences` says in what kind of thing they differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.worker.judge_process import Bench
from tests.conftest import ROOT
from tests.transparency.cells import PRELUDE


def facts_of(cells: Mapping[str, str], bench: Bench, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the cells left in a plain kernel and in a graded one; both processes run at the same time."""
    with tempfile.TemporaryDirectory() as short:  # a socket's path has 107 bytes at most
        address = Path(short) / "judge"
        bench.begin("two_layer", address, "en")
        running = []
        for mode in ("plain", "graded"):
            place = folder / mode
            place.mkdir(parents=True)
            (place / "cells.json").write_text(json.dumps({"prelude": PRELUDE, "cells": dict(cells)}), "utf-8")
            environment = {
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "CUDA_VISIBLE_DEVICES": "-1",
                "PYTHONHASHSEED": "0",
            }
            environment.pop("AUTOGRADER_COURSE", None)
            if mode == "graded":
                environment["AUTOGRADER_JUDGE"] = str(address)
            command = [sys.executable, "-m", "tests.transparency.kernel", mode, "cells.json", "facts.json"]
            log = (place / "log.txt").open("w")
            running.append((place, log, subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)))
        found = []
        for place, log, process in running:
            assert process.wait() == 0, (place / "log.txt").read_text("utf-8", "replace")[-3000:]
            log.close()
            found.append(json.loads((place / "facts.json").read_text("utf-8")))
        bench.end("en")
    return found[0], found[1]


def differences(plain: Any, graded: Any, place: str = "") -> Iterator[str]:
    """Each place where the two differ, with both sides; who trained is no such place."""
    if isinstance(plain, dict) and isinstance(graded, dict):
        for key in sorted({*plain, *graded} - {"left to Keras"}):
            if key in plain and key in graded:
                yield from differences(plain[key], graded[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}: only {'beside plain Keras' if key in plain else 'while grading'}"
    elif isinstance(plain, list) and isinstance(graded, list) and len(plain) == len(graded):
        for number, (one, other) in enumerate(zip(plain, graded, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif plain != graded:
        yield f"{place}: {str(plain)[:400]!r} beside plain Keras, {str(graded)[:400]!r} while grading"
