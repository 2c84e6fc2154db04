"""10,000 bad inputs for what parses what a stranger wrote: always an answer or a clear error of ours, no crash, no hang."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.common.data.base import DataSet
from autograder.common.errors import AutograderError, CannotRebuild, ProtocolError, SubmissionError
from autograder.common.wire import protocol
from autograder.common.wire.description import decode, encode
from autograder.common.wire.messages import Evaluate, Fit, HandIn, SamplesMessage, TrainedHere, dump, parse
from autograder.common.wire.submitted_notebook import read, restore
from autograder.course.course import Course
from autograder.course.released_notebook import released_notebook
from autograder.judge.session import Session
from autograder.networks.fit_spec import Measured, State
from autograder.networks.memo import Memo
from tests.fuzz import fuzz
from tests.hand_built import FakeLab, fit, layer, listed, mapping, model, scalar

# ---- valid messages, to be bent


class Lab(FakeLab):
    """Trains nothing: what is fuzzed is everything around it."""

    trainer = SimpleNamespace(
        epoch=lambda spec, number, start, key: State(key, trail=(Measured({"loss": 1.0}, (np.zeros(()),)),)),
        measure=lambda *arguments: Measured({"loss": 1.0}, (np.zeros(()),)),
    )
    data = DataSet(
        "nothing", "Nothing", np.zeros((70_000, 28, 28), np.uint8), np.zeros(70_000, np.uint8), 60_000, ("",) * 10
    )

    def rows(self, split: str) -> np.ndarray:
        return np.arange(10, dtype=np.int32)

    def teach(self, *arguments: object) -> None:
        pass

    def measure(self, description: object, samples: object) -> dict[str, float]:
        return {"loss": 1.0, "accuracy": 0.5}

    def evaluate(self, description: object, split: str, prepared: str = "") -> dict[str, float]:
        raise CannotRebuild("not here")

    def reference(self, place: str):
        return lambda *arguments: 1.0


pytestmark = pytest.mark.slow
SAMPLES = SamplesMessage(
    rows=np.arange(4, dtype=np.int32), labels=np.zeros(4, np.uint8), lookup=np.arange(256) / 255.0, shape=(784,)
)
NETWORK = model()
MESSAGES = [
    dump(request)
    for request in (
        HandIn(type="hand_in", question="two_layer.model", values={"": NETWORK, "dense1": NETWORK.layers[0]}),
        HandIn(type="hand_in", question="two_layer.steps", values={"steps_default": scalar(1500), "steps_full": listed(1, 2.5, "x", None)}),
        HandIn(type="hand_in", question="two_layer.scale", values={"": mapping(a=1, b=listed(1))}),
        HandIn(type="hand_in", question="two_layer.train", values={"": NETWORK.model_copy(update={"fits": (fit(),)})}),
        HandIn(type="hand_in", question="two_layer.accuracy", values={"": model(layer("Flatten"), layer("Dense", (None, 10), units=10))}),
        Fit(type="fit", model=NETWORK.without_weights(), samples=SAMPLES, epochs=1, batch_size=2),
        Evaluate(type="evaluate", model=NETWORK.without_weights(), weights="", samples=SAMPLES),
        TrainedHere(type="trained_here", weights="a" * 64, reason="callbacks", fit=fit()),
    )
]  # fmt: skip
MESSAGES = [(document, [np.ascontiguousarray(frame).tobytes() for frame in frames]) for document, frames in MESSAGES]
ODD = (
    None, True, -1, 0, 2**31, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "x" * 5000, "\ud800", "\x00", "../..", "__class__", [], {}, [[]],
    {"kind": "model"}, {"kind": "function", "results": {"given": []}}, {"frame": 0, "dtype": "<f8", "shape": [1]}, {"frame": 10**9, "dtype": "|O", "shape": [-1]},
    {"kind": "scalar", "value": 10**300}, {"kind": "array", "dtype": "float64", "shape": [None, 784]}, "Dense", "hand_in", "fit", "<f4", [1] * 20,
)  # fmt: skip


def places(value: object, path: tuple = ()) -> list[tuple]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def bent(seed: int) -> tuple[dict, list[bytes]]:
    """A valid message with one to four things changed, dropped, doubled or moved."""
    chance = random.Random(seed)
    document, frames = MESSAGES[chance.randrange(len(MESSAGES))]
    document, frames = json.loads(json.dumps(document)), list(frames)
    for _ in range(chance.randint(1, 4)):
        everywhere = places(document)
        if not everywhere:
            break
        *path, key = chance.choice(everywhere)
        target = document
        for step in path:
            target = target[step]
        change = chance.randrange(5)
        if change == 0:
            target[key] = json.loads(json.dumps(chance.choice(ODD)))
        elif change == 1 and isinstance(target, dict):
            del target[key]
        elif change == 2 and isinstance(target, dict):
            target[chance.choice(("x", "", "kind", "type", "points", "frames"))] = target[key]
        elif change == 3 and isinstance(target, list):
            target.append(target[key])
        elif frames:
            number = chance.randrange(len(frames))
            frames[number] = chance.choice(
                (
                    b"",
                    frames[number][:-1],
                    frames[number] * 2,
                    bytes(len(frames[number])),
                    b"\xff" * len(frames[number]),
                )
            )
    return document, frames


@pytest.fixture(scope="module")
def open_session(course: Course):
    def make() -> Session:
        return Session(course, "two_layer", Lab(), Memo(None))

    return make


@fuzz(4000)
@given(st.integers(0, 2**32))
def test_bent_requests_are_answered_or_refused(open_session, seed: int) -> None:
    session = open_session()
    document, frames = bent(seed)
    try:
        answer, arrays = session.answer(document, frames)
        assert answer["type"] in {"taken", "call", "trained", "cannot", "limit", "evaluated", "noted"}
        json.dumps(answer)
        list(arrays)
    except AutograderError as error:
        assert str(error) and len(str(error)) < 1000
    for result in session.results("en"):  # and whatever was taken can be judged and written down
        assert result.model_dump_json().encode("utf-8")
        assert 0 <= result.points <= result.out_of
        for outcome in result.outcomes:
            assert not outcome.actual.startswith("the grader failed on this check"), outcome.actual


KEYS = st.text(max_size=5) | st.sampled_from(
    ("type", "kind", "values", "value", "items", "model", "layers", "frames", "fit", "question")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(ODD[:20]),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)  # fmt: skip


@fuzz(1500)
@given(VALUES, st.lists(st.binary(max_size=64), max_size=3))
def test_documents_of_any_shape_are_refused(document: object, frames: list[bytes]) -> None:
    for parser in (parse, decode):
        try:
            parser(document, frames)
        except ProtocolError as error:
            assert str(error)


def received(data: bytes) -> str:
    here, there = socket.socketpair()
    with here, there:
        there.settimeout(60)
        here.sendall(data)
        here.shutdown(socket.SHUT_WR)
        try:
            protocol.receive(there)
        except ProtocolError as error:
            return str(error)
    return ""


@fuzz(1500)
@given(st.binary(max_size=200), st.booleans(), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_bytes_of_any_sort_are_refused(data: bytes, framed: bool, text: int, frames: int) -> None:
    head = (
        protocol.HEAD.pack(protocol.MAGIC, text % 300 if text % 3 else text, frames % 300 if frames % 3 else frames)
        if framed
        else b""
    )
    assert received(head + data)


@fuzz(1500)
@given(st.integers(0, 2**32), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_messages_with_bytes_changed_are_refused_or_read(seed: int, place: int, noise: bytes) -> None:
    document, frames = MESSAGES[1]
    text = json.dumps({**document, "frames": [len(frame) for frame in frames]}).encode()
    whole = bytearray(protocol.HEAD.pack(protocol.MAGIC, len(text), 0) + text)
    at = place % len(whole)
    whole[at : at + len(noise)] = noise
    received(bytes(whole))


# ---- notebooks


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def released(course: Course) -> nbformat.NotebookNode:
    return released_notebook(course, "two_layer")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "two_layer.ipynb"


CELLS = st.fixed_dictionaries(
    {}, optional={
        "cell_type": st.sampled_from(("code", "markdown", "raw", "heading", "html", "x", None, 7)),
        "source": st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=3) | VALUES,
        "input": st.text(max_size=10), "id": st.text(max_size=70) | VALUES, "outputs": VALUES,
        "metadata": st.fixed_dictionaries({}, optional={"nbgrader": st.fixed_dictionaries({}, optional={
            "grade_id": st.sampled_from(("scale", "scale-answer", "split", "model", "train-answer", "accuracy", "nothing", "")) | VALUES,
            "points": VALUES, "solution": VALUES, "locked": VALUES})}) | VALUES,
    },
)  # fmt: skip
NOTEBOOKS = st.fixed_dictionaries(
    {}, optional={"nbformat": st.sampled_from((3, 4, 4, 4, 4, 5, "4", None, 1e9)), "cells": st.lists(CELLS, max_size=8) | VALUES,
                  "metadata": VALUES, "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELLS, max_size=3)}), max_size=2) | VALUES},
)  # fmt: skip


def read_and_restored(path: Path, released: nbformat.NotebookNode) -> bool:
    try:
        notebook = read(path, 1)
    except SubmissionError as error:
        assert str(error) and error.remedy
        return False
    restored, notes = restore(notebook, released)
    nbformat.validate(restored)
    nbformat.writes(restored).encode("utf-8")
    assert all(note and note.isprintable() for note in notes)
    graded = [cell.metadata.nbgrader for cell in restored.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    wanted = [cell.metadata.nbgrader for cell in released.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert sorted(graded, key=str) == sorted(wanted, key=str)
    return True


@fuzz(800)
@given(NOTEBOOKS)
def test_notebooks_of_any_shape_are_restored_or_refused(file: Path, released, document: dict) -> None:
    read_and_restored(written(file, json.dumps(document).encode("utf-8", "surrogatepass")), released)


@fuzz(640)
@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_files_of_any_bytes_are_refused(file: Path, released, content: bytes) -> None:
    read_and_restored(written(file, content), released)


@fuzz(60)
@given(st.randoms(use_true_random=False))
def test_releases_with_cells_shuffled_doubled_and_dropped_are_restored(
    file: Path, released, chance: random.Random
) -> None:
    notebook = json.loads(nbformat.writes(released))
    cells = [cell for cell in notebook["cells"] * chance.choice((1, 1, 2)) if chance.random() < 0.8]
    chance.shuffle(cells)
    assert read_and_restored(written(file, json.dumps({**notebook, "cells": cells}).encode()), released)


def test_values_survive_the_way_there_and_back() -> None:
    document, frames = encode({"a": NETWORK, "b": listed(1, None, "x")})
    assert decode(json.loads(json.dumps(document)), [frame.tobytes() for frame in frames])["b"] == listed(1, None, "x")
