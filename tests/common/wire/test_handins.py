"""What was handed in is kept exactly, once for the whole class, and is never believed unread."""

import math
import os
import pickle
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.classroom.grading.handin_store import Store
from autograder.common.digests import sha256
from autograder.common.errors import AutograderError, ProtocolError
from autograder.common.results import Status
from autograder.common.showing.exhibits import Mistake
from autograder.common.wire import handins, protocol
from autograder.common.wire.description import ArrayDescription, FunctionDescription, digest
from autograder.common.wire.handins import Circumstances, HandIns, Kept, Measured, annotated, pack, unpack
from autograder.common.wire.messages import HandIn, dump
from autograder.course.course import load
from autograder.judge.session import Session
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from autograder.worker.judge_process import JudgeProcess
from tests.hand_built import dense, fit, listed, mapping, model, scalar

ROWS = np.arange(48_000, dtype=np.int32)

MEASURED = Measured(
    metrics={"0": {"loss": math.nan, "accuracy": 0.1 + 0.2}},
    mistakes={"0": (Mistake(row=60_001, label=6, predicted=0),)},
)


def kept(**fields):
    """Two questions about one network, and an array."""
    network = model(dense(100, "sigmoid"), dense(10, "softmax", inputs=100), fits=(fit(),))
    array = ArrayDescription(dtype="float64", shape=(48_000, 784), minimum=0, maximum=1, rows=ROWS)
    train, arrays = handins.answer({"": network, "rate": scalar(math.nan)}, {})
    other, more = handins.answer({"model": network, "train_input": array}, {"f": {"given": "0" * 64}})
    course = b'{"seed": 42}'
    facts = {
        "assignment": "deep",
        "course": sha256(course),
        "measured": MEASURED,
    }
    document = HandIns(answers={"train": train, "other": other}, **{**facts, **fields})
    return Kept(document, {**arrays, **more, sha256(course): course})


def same(one, two):
    return pack(one) == pack(two)


def test_what_was_packed_is_unpacked_to_the_last_bit():
    before = kept(circumstances=Circumstances(errors={"train": ("ValueError", "a\ud7ff\x00 \u2028")}))
    after = unpack(pack(before))
    assert same(before, after)
    values = after.values("train")
    network = before.values("train")[""]
    assert digest(values[""].weights) == digest(network.weights)
    assert values[""].fits == network.fits
    assert math.isnan(values["rate"].value)
    assert np.array_equal(after.values("other")["train_input"].rows, ROWS)
    assert math.isnan(after.document.measured.metrics["0"]["loss"])
    assert after.document.measured.metrics["0"]["accuracy"] == 0.1 + 0.2
    assert after.course() == {"seed": 42}


MISSING = Circumstances(missing={"train": ("why \ud7ff", "a hint")})
FACTS = {"code": "c" * 64, "circumstances": MISSING.model_dump(mode="json"), "course": sha256(b"{}"), "language": "ko"}


def test_what_the_worker_knows_is_added_without_opening_what_the_judge_packed():
    packed = pack(kept())
    noted = annotated(packed, FACTS, {sha256(b"{}"): b"{}"})
    assert noted.endswith(packed)
    assert same(unpack(noted), kept().changed({sha256(b"{}"): b"{}"}, **{**FACTS, "circumstances": MISSING}))


@pytest.mark.parametrize("place", [0, 5, 9, -1, -5_000, -100_000])
def test_a_changed_bit_of_what_was_added_to_is_noticed(place):
    content = bytearray(annotated(pack(kept()), FACTS, {sha256(b"{}"): b"{}"}))
    content[place] ^= 1
    with pytest.raises(ProtocolError):
        unpack(bytes(content))


values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(2**62), 2**62), st.floats(), st.none(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    ).map(scalar),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: listed(*items)),
        st.dictionaries(st.text("abc", max_size=3), inner, max_size=3).map(lambda items: mapping(**items)),
        st.lists(inner, max_size=3).map(lambda items: FunctionDescription(name="f", results={"given": tuple(items)})),
    ),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=5).filter(str.isprintable), values, max_size=4))
def test_any_values_come_back_as_they_were(handed):
    answer, arrays = handins.answer(handed, {})
    after = unpack(pack(Kept(HandIns(answers={"q": answer}), arrays)))
    assert repr(after.values("q")) == repr(handed)


@pytest.mark.parametrize("place", [0, 5, 9, -1, -5_000, -100_000])
def test_a_changed_bit_of_the_head_or_of_an_array_is_noticed(place):
    content = bytearray(pack(kept()))
    content[place] ^= 1
    with pytest.raises(ProtocolError):
        unpack(bytes(content))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"AGH1", b"\0" * 12, pickle.dumps({"a": 1}), pack(kept())[:-1], pack(kept()) + b"\0",
        b"AGH1" + b"\xff" * 8 + b"{}", pack(Kept(HandIns(answers=kept().document.answers), {})),
        annotated(b"", FACTS, {}), annotated(pack(kept()), FACTS, {}), annotated(pack(kept()), {"more": 1}, {}),
        annotated(annotated(pack(kept()), {}, {}), {}, {}), pack(kept(version=handins.VERSION + 1)), b"AGH1\x02\0\0\0\x02\0\0\0{}[[1,2]]"[:18],
    ],
)  # fmt: skip
def test_what_is_no_hand_in_is_refused(content):
    with pytest.raises(ProtocolError):
        unpack(content)


def test_values_of_an_unknown_kind_are_refused():
    before = kept()
    answer = before.document.answers["train"].model_copy(
        update={"values": '{"x": {"kind": "pickle", "data": "gASVBQ=="}}'}
    )
    with pytest.raises(ProtocolError, match="malformed"):
        before.changed(answers={"train": answer}).values("train")


def test_too_much_is_dropped_with_the_reason(monkeypatch):
    large = kept()
    monkeypatch.setattr(handins, "MAX_ARRAYS", 1000)
    with pytest.raises(handins.TooLarge):  # before anything is copied
        kept()
    capped = large.capped()
    assert (capped.document.dropped, capped.arrays) == (handins.TOO_LARGE, {})
    assert unpack(pack(capped)).document.assignment == "deep"


# ---- the store


def test_the_class_keeps_an_array_once(tmp_path):
    store = Store(tmp_path)
    for student in ("ada", "bob"):
        store.keep(student, "deep", pack(kept(submission=sha256(student.encode()))))
    arrays = list((tmp_path / "reports" / ".handins" / "arrays").iterdir())
    assert len(arrays) == len(kept().document.digests())
    assert same(store.of("bob", "deep"), kept(submission=sha256(b"bob")))
    assert store.of("carl", "deep") is None
    assert not list(tmp_path.rglob("*.part"))


def test_damaged_and_lost_arrays_are_noticed_and_mended_when_they_are_kept_again(tmp_path):
    store, content = Store(tmp_path), pack(kept())
    store.keep("ada", "deep", content)
    largest = max((tmp_path / "reports" / ".handins" / "arrays").iterdir(), key=lambda path: path.stat().st_size)
    for damage in (
        lambda: largest.write_bytes(b""),
        largest.unlink,
        lambda: store.entry("ada", "deep").write_text("{"),
    ):
        damage()
        assert store.of("ada", "deep") is None
        store.keep("ada", "deep", content)
        assert same(store.of("ada", "deep"), kept())
    largest.write_bytes(b"\1" * largest.stat().st_size)
    assert store.of("ada", "deep") is None


def test_nothing_kept_removes_what_was_there(tmp_path):
    store = Store(tmp_path)
    store.keep("ada", "deep", pack(kept()))
    store.keep("ada", "deep", b"")
    assert store.of("ada", "deep") is None


def test_sweeping_removes_what_nobody_needs_and_spares_what_is_young(tmp_path):
    store = Store(tmp_path)
    store.keep("ada", "deep", pack(kept()))
    answer, arrays = handins.answer({"": scalar(1)}, {})
    store.keep("bob", "deep", pack(Kept(HandIns(answers={"q": answer}), arrays)))
    store.keep("ada", "deep", pack(Kept(HandIns(answers={"q": answer}), arrays)))
    assert store.sweep() == 0  # another process may just be writing the entry that needs them
    long_ago = time.time() - 7200
    for path in (tmp_path / "reports" / ".handins" / "arrays").iterdir():
        os.utime(path, (long_ago, long_ago))
    assert store.sweep() == len(kept().document.digests())
    assert store.of("bob", "deep") is not None


# ---- what the judge keeps


class Lab(CourseLab):
    """Without a trainer: whatever asks for one fails the test."""

    @property
    def trainer(self):
        raise AssertionError("TensorFlow was asked for")


@pytest.fixture(scope="module")
def session(course):
    def make():
        return Session(course, "two_layer", Lab(course.data, course.root), Memo(None))

    return make


def hand(session, question, answered=False, **given):
    """Hand in, past the socket; `unnamed` is a value without a name."""
    values = {"" if name == "unnamed" else name: value for name, value in given.items()}
    request = HandIn(type="hand_in", question=f"two_layer.{question}", values=values, answered=answered)
    assert session._hand_in(request)[0] == {"type": "taken"}


def test_the_judge_keeps_values_under_the_names_that_they_came_with(session):
    one = session()
    hand(one, "steps", steps_default=scalar(1500), steps_full=scalar(2))
    hand(one, "model", unnamed=model(dense(100, "sigmoid"), dense(10, "softmax", inputs=100)), dense1=dense(100))
    assert [result.points for result in one.results("en")] == [2.5, 0.5]
    found = unpack(pack(one.keep()))
    assert list(found.document.answers) == ["steps", "model"]
    assert found.values("steps")["steps_full"].value == 2
    assert set(found.values("model")) == {"", "dense1"}


def test_the_judge_keeps_what_functions_were_called_on(session):
    one = session()
    function = FunctionDescription(
        name="f", results={"given": (scalar(78500), scalar(1010)), "unseen": (scalar(1),) * 6}
    )
    hand(one, "formula", answered=True, unnamed=function)
    assert one.results("en")[0].outcomes[0].status is Status.PASSED
    calls = one.keep().document.answers["formula"].calls
    assert set(calls) == {""}
    assert set(calls[""]) == {"given", "unseen"}
    again = session()
    hand(again, "formula", answered=True, unnamed=function)
    assert same(again.keep(), one.keep())


def test_the_course_that_determines_a_report_is_the_one_whose_digest_it_carries():
    course = load()
    assert set(course.document("deep")) == {
        "course",
        "data",
        "seed",
        "limits",
        "sandbox_training",
        "assignment",
        "files",
    }
    used = {name: set(course.files(name)) for name in ("two_layer", "deep", "flatten_relu", "optimizers")}
    assert used == {name: {"solutions/references.py"} for name in used}


@pytest.fixture
def judge(course_file, importing_no_tensorflow):
    """A judge process of its own that can't import TensorFlow, and the address of its socket."""
    with tempfile.TemporaryDirectory() as short, JudgeProcess(course_file, None) as bench:
        yield bench, Path(short) / "judge"


def test_what_a_kernel_hands_in_reaches_the_worker_and_can_be_judged_again(judge):
    bench, address = judge
    bench.begin("two_layer", address, "ko")
    network = model(dense(100, "sigmoid"), dense(10, "softmax", inputs=100))
    layers = {"dense1": dense(100), "dense2": dense(10, "softmax", inputs=100)}
    for question, named in (("compile", {"": network}), ("model", {"": network, **layers})):
        request = HandIn(type="hand_in", question=f"two_layer.{question}", values=named)
        assert protocol.ask(str(address), *dump(request))[0] == {"type": "taken"}
    decided = bench.end("ko")
    found = unpack(decided.handins)
    assert list(found.document.answers) == ["compile", "model"]
    assert digest(found.values("model")[""].weights) == digest(network.weights)
    assert len(found.arrays) == len({digest([array]) for array in network.weights})
    again = bench.rejudge(pack(found.changed(language="ko")))
    assert again.questions == decided.questions
    assert again.cannot == {}
    with pytest.raises(AutograderError, match="hand-ins"):
        bench.rejudge(pack(found)[:-1])
    assert bench.rejudge(pack(found)).questions[0].title == "The network"  # it is up, and speaks English
