"""Whatever the judge does for a student is bounded before it starts: by the widest layer, by work, by bytes, and by the judge's own memory."""

import contextlib
import os
import resource
import socket
import threading
import time

import numpy as np
import pytest

from autograder.common.data.lookups import UNIT_PIXELS
from autograder.common.errors import CannotRebuild, ProtocolError
from autograder.common.results import Status
from autograder.common.wire import protocol
from autograder.common.wire.arrays import DTYPES
from autograder.common.wire.description import SMALL_ARRAY, ArrayDescription, Component, FunctionDescription, decode
from autograder.common.wire.messages import Fit, SamplesMessage, dump, parse
from autograder.course.checks import registry
from autograder.course.checks.base import Facts
from autograder.judge.session import MAX_PLAIN, Session
from autograder.networks import budget as budgets
from autograder.networks.budget import Budget
from autograder.networks.build import architecture
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from autograder.networks.size import size
from autograder.worker.judge_process import JudgeDied, JudgeProcess
from tests.hand_built import GLOROT, NoLab, compiled, dense, layer, listed, mapping, model, scalar

ZEROS = Component(type="Zeros")


def conv(filters, kernel=(3, 3), strides=(1, 1), dilation=(1, 1), groups=1, padding="same", **config):
    return layer(
        "Conv2D", filters=filters, kernel_size=kernel, strides=strides, padding=padding, dilation_rate=dilation, groups=groups,
        activation="relu", use_bias=True, kernel_initializer=GLOROT, bias_initializer=ZEROS, **config,
    )  # fmt: skip


def pool(size, kind="MaxPooling2D"):
    return layer(kind, pool_size=size, strides=(1, 1), padding="same")


def grown(filters, kernel=(3, 3), strides=(1, 1), padding="same", dilation=(1, 1)):
    """A transposed convolution."""
    plain = conv(filters, kernel, strides, dilation, padding=padding)
    others = {name: value for name, value in plain.config.items() if name != "groups"}
    return layer("Conv2DTranspose", **others)


def act(kind, **config):
    return layer("Activation", activation=kind, **config)


GLOBAL = layer("GlobalAveragePooling2D", keepdims=False)
FLATTEN = layer("Flatten")
IMAGES = (None, 28, 28, 1)
LAST = dense(10, "softmax")
DEPTHWISE = {
    **{name: value for name, value in conv(1).config.items() if name not in ("filters", "groups", "kernel_initializer")},
    "depth_multiplier": 1, "depthwise_initializer": GLOROT,
}  # fmt: skip
# Networks that would take the judge's memory or hours of its time, by what is large in them.
LARGE = {
    "the widest layer": (model(dense(999_999, "relu"), LAST),),
    "the last layer": (model(dense(5_000, "linear"), compiled=compiled(loss="mean_squared_error")),),
    "all parameters": (model(dense(6_000, "relu"), dense(900, "relu"), LAST),),
    "a map of features": (model(conv(900), conv(500, (1, 1)), GLOBAL, LAST, shape=IMAGES),),
    "maps one after another": (model(*[conv(120) for _ in range(9)], GLOBAL, LAST, shape=IMAGES),),
    "the number of layers": (model(*[dense(20, "relu") for _ in range(61)], LAST),),
    "a kernel of negative size": (model(conv(10, (-1, 99_999)), GLOBAL, LAST, shape=IMAGES),),
    "a kernel beside its image": (model(conv(10, (3, 3), dilation=(90_000, 90_000)), GLOBAL, LAST, shape=IMAGES),),
    "a window beside its image": (model(pool((90_000, 90_000)), GLOBAL, LAST, shape=IMAGES),),
    "a kernel of one row": (model(conv(5, (1, 90_000)), GLOBAL, LAST, shape=IMAGES),),
    "strides of zero": (model(conv(5, strides=(0, 0)), GLOBAL, LAST, shape=IMAGES),),
    "windows as large as images": (model(conv(250, (1, 1)), *[pool((55, 55))] * 3, GLOBAL, LAST, shape=IMAGES),),
    "depthwise convolutions": (model(conv(240), *[conv(240, groups=240)] * 4, GLOBAL, LAST, shape=IMAGES),),
    "kernels between the channels": (model(conv(240), *[layer("DepthwiseConv2D", **DEPTHWISE)] * 4, GLOBAL, LAST, shape=IMAGES),),
    "strides that enlarge": (model(grown(2, strides=(90_000, 90_000)), GLOBAL, LAST, shape=IMAGES),),
    "a kernel that enlarges": (model(grown(1, (90_000, 1), padding="valid"), GLOBAL, LAST, shape=IMAGES),),
    "a kernel beside what it makes": (model(grown(1, (90_000, 1)), GLOBAL, LAST, shape=IMAGES),),
    "a gap that enlarges": (model(grown(1, dilation=(9_000, 9_000), padding="valid"), GLOBAL, LAST, shape=IMAGES),),
    "zeros that are multiplied": (model(conv(100), grown(100, (9, 9), (3, 3)), GLOBAL, LAST, shape=IMAGES),),
    "images enlarged": (model(layer("UpSampling2D", size=(300, 300)), GLOBAL, LAST, shape=IMAGES),),
    "images enlarged twice": (model(*[layer("UpSampling2D", size=(9, 9))] * 2, GLOBAL, LAST, shape=IMAGES),),
    "images in a frame": (model(layer("ZeroPadding2D", padding=(0, 90_000, 90_000, 0)), GLOBAL, LAST, shape=IMAGES),),
    "rows enlarged": (model(FLATTEN, layer("Reshape", target_shape=(784, 1)), layer("UpSampling1D", size=99_999), FLATTEN, LAST, shape=IMAGES),),
    "a vector repeated": (model(dense(100, "relu"), layer("RepeatVector", n=99_999), FLATTEN, LAST),),
    "activations alone": tuple(
        model(conv(19, (1, 1)), *[act("gelu", name=f"a{n}")] * 57, GLOBAL, LAST, shape=IMAGES) for n in range(12)
    ),
    "many networks": tuple(model(dense(units, "relu"), LAST) for units in range(100, 400)),
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
def test_what_is_measured_is_paid_for_before_it_is_built(course, lab, kind, monkeypatch):
    """A network too large says so; what fits together is measured in batches that fit into memory. Nothing here is built."""
    asked = []
    monkeypatch.setattr(lab.trainer, "evaluate", lambda plan, *rest: asked.append(size(plan)) or {"accuracy": 0.5})
    Session(course, "two_layer", lab, Memo(None))
    lab.asked = type(lab.asked)()
    monkeypatch.setattr(lab, "_known", type(lab.asked)())
    refused = 0
    for network in LARGE[kind]:
        try:
            lab.evaluate(network, "holdout")
        except CannotRebuild as error:
            assert len(str(error)) > 20
            refused += 1
    assert refused, "all of them were measured"
    assert sum(one.cost for one in asked) * lab.size("holdout") <= budgets.DECIDING
    for one in asked:
        assert one.parameters <= course.limits.parameters
        assert one.values * one.batch(budgets.MEASURED_VALUES, 1000) <= budgets.MEASURED_VALUES


# All that a lab can be asked about a network; a way that is added is here too.
WAYS = [
    name
    for name, one in vars(CourseLab).items()
    if "model" in getattr(one, "__annotations__", {}) and name[0] != "_" and name != "meaning"  # which measures nothing
]
ASKED = {
    "evaluate": lambda lab, network: lab.evaluate(network, "holdout"),
    "measure": lambda lab, network: lab.measure(network, lab._samples(network, "holdout")),
    "metric": lambda lab, network: lab.metric(network, "holdout", "accuracy_score"),
    "agreement": lambda lab, network: lab.agreement(network, "holdout", np.zeros(12_000, int)),
    "mistakes": lambda lab, network: lab.mistakes(network, "holdout", 6),
    "confusion": lambda lab, network: lab.confusion(network, "holdout"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_measuring_is_paid_for_first(lab, way, monkeypatch):
    for name in ("evaluate", "predict"):
        monkeypatch.setattr(lab.trainer, name, lambda *_: pytest.fail("it was measured and not paid for"))
    monkeypatch.setattr(lab, "asked", type(lab.asked)())
    monkeypatch.setattr(lab, "_known", type(lab.asked)())
    monkeypatch.setattr(lab, "budget", budgets.Budget(parameters=10**6, deciding=0))
    with pytest.raises(CannotRebuild, match="too long in all"):
        ASKED[way](lab, model(dense(100, "relu"), LAST))


@pytest.mark.parametrize("kind", LARGE)
def test_what_is_trained_is_paid_for_before_it_is_built(course, lab, kind, monkeypatch):
    monkeypatch.setattr(Memo, "fit", lambda *args: pytest.fail("it is trained"))
    session = Session(course, "two_layer", lab, Memo(None))
    for network in LARGE[kind][:1]:
        if kind in ("activations alone", "many networks", "the last layer"):
            continue  # one of them is not too large
        shape = network.input_shape[1:]
        rows = lab.rows("train")
        samples = SamplesMessage(rows=rows, labels=lab.data.targets[rows], lookup=UNIT_PIXELS, shape=shape)
        request = Fit(type="fit", model=network, samples=samples, epochs=30, batch_size=32)
        answer, _arrays = session.answer(*wired(request))
        assert answer["type"] == "cannot"


def wired(request):
    document, frames = dump(request)
    return document, [np.ascontiguousarray(frame).tobytes() for frame in frames]


NETWORK = size(architecture(model()))


@pytest.mark.parametrize(
    ("large", "fields"),
    [
        ("its batch", {"rows": 60_000, "batch_size": 60_000, "values": 4_000}),
        ("its rows", {"rows": 150_000, "epochs": 100, "times": 60}),
        ("its steps, each of which updates all weights", {"rows": 150_000, "batch_size": 1, "parameters": 5_000_000}),
        ("its steps alone", {"rows": 150_000, "batch_size": 1, "epochs": 100, "times": 20}),
        ("what validates it", {"rows": 32, "validated": 150_000, "epochs": 100, "times": 300}),
    ],
)
def test_a_training_is_too_large_by_each_part_of_it(large, fields):
    asked = {
        "rows": 32,
        "validated": 0,
        "epochs": 1,
        "batch_size": 32,
        "values": 110,
        "parameters": 79_510,
        "times": 1,
        **fields,
    }
    net = NETWORK._replace(**{name: asked.pop(name) for name in ("values", "parameters")})
    budget, times = Budget(5_000_000), asked.pop("times")
    with pytest.raises(CannotRebuild):
        for _ in range(times):
            budget.train(net, **asked)


def test_compiling_is_paid_for_once_for_each_program_and_by_its_convolutions():
    fifty = NETWORK._replace(convolutions=50)
    asked = {"rows": 32, "validated": 0, "epochs": 1, "batch_size": 32}

    def paid(budget, net, program):
        before = budget.training
        budget.train(net, **asked, program=program)
        return before - budget.training

    budget = Budget(5_000_000)
    training = paid(budget, NETWORK, "a") - budgets.COMPILED
    assert [paid(budget, NETWORK, "a"), paid(budget, fifty, "a")] == [training, training]
    assert paid(budget, fifty, "b") == training + budgets.COMPILED + 50 * budgets.CONVOLUTION
    for number in range(budgets.PROGRAMS):
        paid(budget, NETWORK, number)
    assert paid(budget, NETWORK, "a") == training + budgets.COMPILED  # it was thrown away
    with pytest.raises(CannotRebuild):
        for number in range(1000):
            paid(budget, fifty, f"one more {number}")


def test_the_courses_own_trainings_are_a_hundredth_of_what_a_notebook_may_ask():
    budget = Budget(5_000_000)
    budget.train(NETWORK, rows=48_000, validated=12_000, epochs=20, batch_size=32)
    assert budgets.TRAINING - budget.training < budgets.TRAINING / 80
    assert NETWORK.batch(budgets.MEASURED_VALUES, 1_000) == 1_000  # as ever: other batches give other last bits


def test_a_notebook_can_not_use_up_what_deciding_takes():
    budget = Budget(5_000_000)
    with pytest.raises(CannotRebuild):
        while True:
            budget.train(NETWORK, rows=150_000, validated=0, epochs=1, batch_size=32)
    with pytest.raises(CannotRebuild):
        while True:
            budget.evaluate(NETWORK, 10_000)
    budget.decide(NETWORK, 12_000)


# ---- arrays


LISTED = [1.0, 2.0, 3.0]
CHECKS = [  # all sorts of checks that look at an array, alone or in a list
    {"type": "value", "equals": 5},
    {"type": "value", "equals": "five"},
    {"type": "value", "equals": LISTED},
    {"type": "value", "equals": [[1, 2], [3, 4]]},
    {"type": "choice", "equals": "a", "among": ["a", "b"]},
    {"type": "array", "shape": [12_000, 10]},
    {"type": "array", "equals": "test_labels", "kind": "integer"},
    {"type": "array", "minimum": 0, "maximum": 1},
    {"type": "keys", "keys": ["a"]},
    {"type": "function", "cases": [{"args": [1], "returns": LISTED}]},
    {"type": "function", "cases": [{"args": [1], "returns": 7}]},
    {"type": "evaluation", "model": "model"},
    {"type": "evaluations", "models": "model"},
    {"type": "winner", "results": "model"},
    {"type": "parameters", "total": 5},
]
FORMS = {
    "alone": lambda array: array,
    "in a list": lambda array: listed(*[array] * 90),
    "in a dictionary": lambda array: mapping(**{f"k{n}": array for n in range(90)}),
    "of a function": lambda array: FunctionDescription(results={"check": (array,) * 90, "()": (array,)}),
}


class Labels(NoLab):
    def labels(self, split):
        return np.zeros(10_000, np.uint8)

    def rows(self, split):
        return np.zeros(10_000, np.int32)


def ones(dtype, size):
    return np.ones(size // np.dtype(dtype).itemsize, dtype)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("form", FORMS)
def test_no_check_takes_long_over_arrays_as_large_as_may_come_in(form, dtype):
    array = ones(dtype, SMALL_ARRAY)
    value = FORMS[form](
        ArrayDescription(dtype=array.dtype.name, shape=array.shape, minimum=1.0, maximum=1.0, data=array)
    )
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for declared in CHECKS:
        check = registry.parse({"id": "check", "points": 1, "of": "value", **declared})
        (outcome,) = registry.decide([check], Facts({"value": value, "model": value}, Labels()))
        assert outcome.status in (Status.FAILED, Status.PASSED), (declared, outcome.actual)
    assert time.process_time() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KB


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("name", ["data", "rows", "lookup"])
def test_an_array_larger_than_any_check_accepts_is_refused(dtype, name):
    array = ones(dtype, SMALL_ARRAY + 8)
    with pytest.raises(ProtocolError, match=r"an array has|this is no lookup"):
        decode(*described(dtype, name, array))


def described(dtype, name, array):
    told = {"frame": 0, "dtype": dtype, "shape": [len(array)]}
    return {"x": {"kind": "array", "dtype": "float32", "shape": [len(array)], name: told}}, [array.tobytes()]


@pytest.mark.parametrize(
    ("document", "most"),
    [
        ({"type": "hand_in", "question": "two_layer.parameters", "values": {}}, MAX_PLAIN),
        ({"type": "hand_in", "question": "two_layer.nothing", "values": {}}, MAX_PLAIN),
        ({"type": "hand_in", "question": ["two_layer"], "values": {}}, MAX_PLAIN),
        ({"type": "fit"}, MAX_PLAIN),
        ({"type": "evaluate"}, MAX_PLAIN),
        ({"type": "trained_here"}, MAX_PLAIN),
        ({}, MAX_PLAIN),
        ({"type": "hand_in", "question": "two_layer.model", "values": {}}, protocol.MAX_FRAMES),
    ],
)
def test_a_message_is_refused_by_its_head_before_its_arrays_are_read(course, lab, document, most):
    """Nothing of them is sent here, and the refusal comes all the same."""
    session = Session(course, "two_layer", lab, Memo(None))
    for large in (most + 1, protocol.MAX_FRAMES, 2**32 - 1):
        if large <= most:
            continue
        ours, theirs = socket.socketpair()
        text = repr({**document, "frames": [large]}).replace("'", '"').encode()
        with ours, theirs, pytest.raises(ProtocolError, match="too large"):
            ours.sendall(protocol.HEAD.pack(protocol.MAGIC, len(text), large) + text)
            protocol.receive(theirs, admit=session.admit)


def test_a_kernel_is_told_why_although_it_was_still_sending(course, lab, tmp_path):
    session = Session(course, "two_layer", lab, Memo(None))
    path = f"/tmp/bounds-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def judge():
            connection, _address = listener.accept()
            with connection:
                try:
                    protocol.receive(connection, admit=session.admit)
                except ProtocolError as error:
                    protocol.send(connection, {"type": "refused", "reason": str(error)})

        thread = threading.Thread(target=judge)
        thread.start()
        try:
            with pytest.raises(ProtocolError, match="too large"):
                protocol.ask(
                    path, {"type": "hand_in", "question": "two_layer.parameters"}, [np.zeros(50 << 20, np.uint8)]
                )
        finally:
            thread.join()
            os.unlink(path)


def test_all_that_a_notebook_hands_in_together_is_bounded(course, lab):
    session = Session(course, "two_layer", lab, Memo(None))
    keys = [f"two_layer.{key}" for key in course.assignment("two_layer").questions]
    with pytest.raises(ProtocolError, match="too large in all"):
        for key in keys:
            session.admit({"type": "hand_in", "question": key}, protocol.MAX_JSON, 0)
    for _again in range(50):  # the same question again takes the place of what it was
        session.admit({"type": "hand_in", "question": keys[0]}, protocol.MAX_JSON, 0)


def test_documents_as_large_as_may_come_in_are_read_in_seconds():
    scalar = {"kind": "scalar", "value": 0}
    nested = {"kind": "list", "items": [{"kind": "list", "items": [scalar] * 1000}] * 240}
    for values in ({"": nested}, {"": {"kind": "mapping", "items": {"k": nested}}}, [[]] * 2_000_000):
        started = time.process_time()
        with contextlib.suppress(ProtocolError):
            parse({"type": "hand_in", "question": "a.b", "values": values}, [])
        assert time.process_time() - started < 10


# ---- the judge's own memory


@pytest.mark.slow
def test_a_judge_without_memory_fails_one_request_and_is_replaced(course, course_file, memo_folder, lab, monkeypatch):
    """Large networks and batches, each allowed, before a judge with little memory: it answers or dies, and the next one decides as ever."""
    from tests.judge.test_session import Kernel, outcomes

    monkeypatch.setenv("AUTOGRADER_JUDGE_MB", "150")
    path = memo_folder / "tight" / "judge"
    path.parent.mkdir(exist_ok=True)
    wide = model(conv(240, (1, 1)), GLOBAL, LAST, shape=IMAGES)
    samples = lab.rows("train")[:2_000]
    seen = set()
    with JudgeProcess(course_file, None) as bench:
        for _number in range(3):
            bench.begin("two_layer", path, "en")
            pid = bench._process.pid
            kernel = Kernel(path, lab)
            try:
                request = Fit(
                    type="fit", model=wide, samples=kernel.samples(samples, (28, 28, 1)), epochs=1, batch_size=1000
                )  # fmt: skip
                seen.add(kernel.ask(request)[0]["type"])
            except ProtocolError as error:
                assert "does not answer" in str(error) or "broke" in str(error) or "cut off" in str(error)
                seen.add("died")
            try:
                kernel.hand_in("two_layer.parameters", dense1_parameters=scalar(1))
                assert set(outcomes(bench, "parameters")) == {"dense1", "dense2", "total"}
            except (ProtocolError, JudgeDied):  # the worker runs the notebook again, with another judge
                bench.kill()
            assert in_use_of(pid) < 3_000 << 20
        assert seen <= {"cannot", "died"}, seen


def in_use_of(pid):
    try:
        with open(f"/proc/{pid}/status") as facts:
            return next((int(line.split()[1]) << 10 for line in facts if line.startswith("VmData")), 0)
    except OSError:
        return 0
