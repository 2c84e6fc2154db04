"""The judge, as a real process: what a kernel may ask of it, what it believes, and what it refuses."""

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from autograder.common.data.lookups import UNIT_PIXELS
from autograder.common.errors import AutograderError, ProtocolError
from autograder.common.results import Status
from autograder.common.wire import protocol
from autograder.common.wire.description import (
    Component,
    DataRecord,
    FailureDescription,
    FunctionDescription,
    decode,
    digest,
)
from autograder.common.wire.messages import Evaluate, Fit, HandIn, SamplesMessage, TrainedHere, dump, optimizer_digest
from autograder.judge import process as judge_module
from autograder.judge.session import Session
from autograder.networks.budget import BACKWARD, COMPILED, STEP, UPDATE
from autograder.networks.build import architecture
from autograder.networks.memo import Memo
from autograder.networks.size import size
from autograder.worker.judge_process import JudgeDied, JudgeProcess
from tests.hand_built import compiled, dense, layer, model, scalar, with_weights


@pytest.fixture
def address():
    with tempfile.TemporaryDirectory() as folder:  # short: a socket's path has 107 bytes at most
        yield Path(folder) / "judge"


class Kernel:
    """What a kernel would send, sent from here."""

    def __init__(self, address, lab):
        self.address, self.lab = str(address), lab

    def ask(self, request):
        return protocol.ask(self.address, *dump(request))

    def samples(self, rows, shape=(784,), labels=None, lookup=UNIT_PIXELS):
        labels = self.lab.data.targets[rows] if labels is None else labels
        return SamplesMessage(rows=rows, labels=labels, lookup=lookup, shape=shape)

    def fit(self, network, rows, epochs=1, **fields):
        """Weights, by layer, that the judge's training gave, and its answer."""
        request = Fit(
            type="fit",
            model=network.without_weights(),
            samples=self.samples(rows),
            epochs=epochs,
            batch_size=32,
            **fields,
        )
        answer, frames = self.ask(request)
        if answer["type"] != "trained":
            return None, answer
        arrays = [np.frombuffer(frame, np.float32) for frame in frames[: answer["weights"]]]
        shaped = [a.reshape(b.shape) for a, b in zip(arrays, network.weights, strict=True)]
        answer["optimizer"] = frames[answer["weights"] : len(answer["dtypes"])]
        return with_weights(network, shaped), answer

    def evaluate(self, network, rows):
        """Loss and accuracy, as ``evaluate`` returns them."""
        accuracy = (Component(type="SparseCategoricalAccuracy"),)
        answer, (row,) = self.ask(
            Evaluate(
                type="evaluate",
                model=network.without_weights(),
                weights=digest(network.weights),
                samples=self.samples(rows),
                metrics=accuracy,
            )
        )
        assert answer["type"] == "evaluated"
        loss, samples, total, count = np.frombuffer(row)
        return float(loss / samples), float(total / count)

    def hand_in(self, question, value=None, **values):
        values = {"": value, **values} if value is not None else values
        return self.ask(HandIn(type="hand_in", question=question, values=values))


@pytest.fixture
def kernel(bench, address, lab):
    """A kernel in the middle of grading a submission of `two_layer`."""
    bench.begin("two_layer", address, "en")
    return Kernel(address, lab)


def outcomes(bench, question, language="en"):
    """By check: the outcomes of a question; ends the submission."""
    results = bench.end(language).questions
    (found,) = [result for result in results if result.question == question]
    return {outcome.check: outcome for outcome in found.outcomes}


SMALL = model(dense(10, "softmax"))
SMALL_SIZE = size(architecture(SMALL))


# ---- trainings


def test_a_network_that_the_judge_trained_earns_full_marks(bench, kernel, trained, splits):
    known = trained("two_layer")
    plain = known.description.model_copy(update={"fits": ()})
    fitted, answer = kernel.fit(plain, splits["train"], epochs=5)
    assert digest(fitted.weights) == digest(known.result.weights)
    assert (answer["epochs"], answer["validated"]) == (5, 0)
    for question in ("model", "compile", "train", "accuracy"):
        named = {f"dense{n}": layer for n, layer in enumerate(fitted.layers, 1)} if question == "model" else {}
        again = fitted
        if named:
            same = tuple(layer.model_copy(update={"same_as": f"dense{n}"}) for n, layer in enumerate(fitted.layers, 1))
            again = fitted.model_copy(update={"layers": same})
        if question == "accuracy":
            loss, accuracy = kernel.evaluate(fitted, splits["holdout"])
            named = {"val_loss": scalar(loss), "val_accuracy": scalar(accuracy)}
        assert kernel.hand_in(f"two_layer.{question}", again, **named)[0] == {"type": "taken"}
    decided = bench.end("en")
    results = decided.questions
    assert [result.question for result in results] == ["model", "compile", "train", "accuracy"]
    for result in results:
        assert (result.points, result.status) == (result.out_of, Status.PASSED), result
    assert decided.fits == 1


def test_the_same_training_gives_the_same_bits(kernel, lab):
    rows = lab.rows("train")[:200]
    first, answer = kernel.fit(SMALL, rows, epochs=2)
    second, again = kernel.fit(SMALL, rows, epochs=2)
    assert digest(first.weights) == digest(second.weights) and answer == again


def test_results_come_in_the_language_asked_for(bench, kernel):
    kernel.hand_in("two_layer.compile", SMALL)
    found = outcomes(bench, "compile", "ko")
    assert found["loss"].status is Status.PASSED
    bench.begin("two_layer", Path(kernel.address), "en")
    kernel.hand_in("two_layer.steps", steps_default=scalar(1), steps_full=scalar(1))
    assert outcomes(bench, "steps", "ko")["batches_of_32"].title == "기본 배치 크기일 때의 스텝 수"


def test_a_later_training_goes_on_from_an_earlier_one(bench, address, lab):
    bench.begin("deep", address, "en")
    kernel = Kernel(address, lab)
    rows = lab.rows("train")[:200]
    first, answer = kernel.fit(SMALL, rows)
    assert len(answer["optimizer"]) > 2  # iterations, learning rate, and what RMSprop remembers of each weight
    second, _ = kernel.fit(SMALL, rows, start=digest(first.weights))
    assert digest(second.weights) != digest(first.weights)
    kernel.hand_in("deep.train", second)
    found = outcomes(bench, "train")
    assert found["fresh"].status is Status.FAILED  # with a new optimizer: compile() was called in between
    assert found["fresh"].actual == "2 trainings, one after another (RMSprop, RMSprop)"
    assert found["epochs"].actual == "2 (1 + 1, in 2 calls of fit)"


def state_of(answer):
    """The digest of the optimizer's state in an answer to a training with RMSprop."""
    dtypes = answer["dtypes"][answer["weights"] :]
    return [np.frombuffer(frame, dtype) for frame, dtype in zip(answer["optimizer"], dtypes, strict=True)]


def optimizer_of(network, answer):
    shapes = [(), (), *(array.shape for array in network.weights)]
    return optimizer_digest([a.reshape(shape) for a, shape in zip(state_of(answer), shapes, strict=True)], True)


def test_one_epoch_after_another_is_the_same_training_as_one_call(bench, address, lab):
    bench.begin("deep", address, "en")
    kernel = Kernel(address, lab)
    rows = lab.rows("train")[:200]
    fitted, answer = kernel.fit(SMALL, rows)
    for _ in range(4):
        fitted, answer = kernel.fit(
            SMALL, rows, start=digest(fitted.weights), optimizer_start=optimizer_of(SMALL, answer)
        )
    whole, _ = kernel.fit(SMALL, rows, epochs=5)
    assert digest(fitted.weights) == digest(whole.weights)
    again, answer = kernel.fit(SMALL, rows)
    for _ in range(4):
        again, answer = kernel.fit(
            SMALL, rows, start=digest(again.weights), optimizer_start=optimizer_of(SMALL, answer)
        )
    kernel.hand_in("deep.train", again)
    found = outcomes(bench, "train")
    assert found["fresh"].status is found["epochs"].status is Status.PASSED


def test_the_best_weights_with_a_later_optimizer_are_the_same_training(kernel, lab):
    rows = lab.rows("train")[:200]
    best, first = kernel.fit(SMALL, rows)
    last, second = kernel.fit(SMALL, rows, start=digest(best.weights), optimizer_start=optimizer_of(SMALL, first))
    mixed, answer = kernel.fit(SMALL, rows, start=digest(best.weights), optimizer_start=optimizer_of(SMALL, second))
    assert answer["type"] == "trained" and digest(mixed.weights) != digest(last.weights)
    _, third = kernel.fit(model(dense(10, "softmax"), shape=(None, 784)), rows[:100])
    _, answer = kernel.fit(SMALL, rows, start=digest(best.weights), optimizer_start=optimizer_of(SMALL, third))
    assert answer["type"] == "cannot" and "optimizer's state does not come from the training" in answer["reason"]


def test_a_learning_rate_that_changes_is_the_same_training_and_is_known(bench, kernel, lab):
    rows = lab.rows("train")[:200]
    slower = SMALL.model_copy(update={"compiled": compiled("RMSprop", {"learning_rate": 0.0001})})
    first, answer = kernel.fit(SMALL, rows)
    kernel.fit(slower, rows, start=digest(first.weights), optimizer_start=optimizer_of(SMALL, answer), first=False)
    fitted, _ = kernel.fit(slower, rows, start=digest(first.weights), optimizer_start=optimizer_of(SMALL, answer))
    kernel.hand_in("two_layer.train", fitted)
    found = outcomes(bench, "train")
    assert found["epochs"].actual == "2 (in 2 calls of fit)"


def test_what_a_training_cannot_start_from_is_said(kernel, lab):
    rows = lab.rows("train")[:200]
    _, answer = kernel.fit(SMALL, rows, start="a" * 64)
    assert answer["type"] == "cannot" and "the weights do not come from a training" in answer["reason"]
    _, answer = kernel.fit(SMALL, rows, optimizer_start="a" * 64)
    assert answer["type"] == "cannot" and "optimizer was used before" in answer["reason"]


def test_samples_of_another_shape_are_left_to_the_kernel(kernel, lab):
    samples = kernel.samples(lab.rows("train")[:200], shape=(28, 28))
    request = Fit(type="fit", model=SMALL.without_weights(), samples=samples, epochs=1, batch_size=32)
    answer, _ = kernel.ask(request)
    assert answer["type"] == "cannot" and "another shape than (28, 28)" in answer["reason"]


@pytest.mark.parametrize(("given", "taken"), [((28, 28), (28, 28, 1)), ((28, 28, 1), (28, 28))])
def test_an_image_is_given_the_axis_of_its_channel_as_keras_does(kernel, lab, given, taken):
    asked = model(layer("Flatten"), dense(10, "softmax"), shape=(None, *taken), compiled=SMALL.compiled)
    samples = kernel.samples(lab.rows("train")[:200], shape=given)
    request = Fit(type="fit", model=asked.without_weights(), samples=samples, epochs=1, batch_size=32)
    answer, _ = kernel.ask(request)
    assert answer["type"] == "trained"


def test_trainings_beyond_the_courses_limits_are_left_to_the_kernel(kernel, lab):
    rows = lab.rows("train")[:200]
    _, answer = kernel.fit(SMALL, rows, epochs=101)
    assert answer == {"type": "cannot", "reason": "101 epochs, and the grader trains a network for up to 100"}
    huge = model(dense(7_000, "relu"), dense(10, "softmax", inputs=7_000))
    _, answer = kernel.fit(huge, rows)
    assert answer["type"] == "cannot"
    assert answer["reason"] == "the network has 5,565,010 parameters, and the grader trains up to 5,000,000"


def test_work_is_limited_and_not_the_number_of_trainings(course, lab):
    session = Session(course, "two_layer", lab, Memo(None))
    rows = lab.rows("train")[:100]
    samples = SamplesMessage(rows=rows, labels=lab.data.targets[rows], lookup=UNIT_PIXELS, shape=(784,))
    request = Fit(type="fit", model=SMALL.without_weights(), samples=samples, epochs=1, batch_size=32)
    once = BACKWARD * SMALL_SIZE.cost * len(rows) + 4 * (UPDATE * SMALL_SIZE.parameters + STEP)  # in four batches
    session.trainings.budget.training = COMPILED + 70 * once
    kinds = [session.answer(*wired(request))[0]["type"] for _ in range(72)]  # known by the memo or not: all the same
    assert kinds == ["trained"] * 70 + ["cannot"] * 2


def wired(request):
    document, frames = dump(request)
    return document, [np.ascontiguousarray(frame).tobytes() for frame in frames]


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (model(dense(10, "softmax", type="MyDense", custom="MyDense is not one of Keras's layers")), "MyDense"),
        (model(dense(10, "softmax", type="Lambda", config={})), "does not know the layer Lambda"),
        (model(dense(10, "custom:mine")), "layer dense (Dense): activation is 'custom:mine'"),
        (model(topology="graph"), "not a chain of layers"),
        (model(compiled=None), "compile() has not run to its end"),
        (model(compiled=compiled("MyOptimizer")), "optimizer is MyOptimizer"),
        (model(compiled=compiled(loss="mine")), "loss is mine, which the grader does not rebuild"),
        (model(compiled=compiled(loss="mean_squared_error")), "the labels do not fit the network's outputs"),
        (model(dense(5, "softmax")), "the labels do not fit the network's outputs"),
    ],
)
def test_what_the_judge_cannot_rebuild_it_leaves_to_the_kernel(kernel, lab, network, reason):
    _, answer = kernel.fit(network, lab.rows("train")[:200])
    assert answer["type"] == "cannot" and reason in answer["reason"]


def test_labels_and_rows_must_be_as_many(kernel, lab):
    samples = kernel.samples(lab.rows("train")[:200])
    for wrong in ({"labels": np.zeros(199, np.uint8)}, {"weights": np.ones(201, np.float32)}):
        request = Fit(type="fit", model=SMALL.without_weights(), samples=samples, epochs=1, batch_size=32)
        request = request.model_copy(update={"samples": samples.model_copy(update=wrong)})
        with pytest.raises(ProtocolError, match="not as many labels and weights as rows"):
            kernel.ask(request)


# ---- evaluation


def test_known_weights_are_evaluated_and_others_are_not(kernel, lab):
    fitted, _ = kernel.fit(SMALL, lab.rows("train")[:200])
    rows = lab.rows("holdout")[:500]
    request = Evaluate(
        type="evaluate", model=SMALL.without_weights(), weights=digest(fitted.weights), samples=kernel.samples(rows)
    )
    answer, (row,) = kernel.ask(request)
    kernel_weights, bias = fitted.weights
    logits = lab.data.features[rows].reshape(-1, 784) / 255.0 @ kernel_weights + bias
    expected = np.mean(np.argmax(logits, 1) == lab.data.targets[rows])
    accuracy = Component(type="SparseCategoricalAccuracy")
    answer, (row,) = kernel.ask(request.model_copy(update={"metrics": (accuracy,)}))
    _loss, of, total, count = np.frombuffer(row)
    assert of == count == 500 and total / count == pytest.approx(expected, abs=0.005)
    answer, _ = kernel.ask(request.model_copy(update={"weights": "b" * 64}))
    assert answer["type"] == "cannot" and "do not come from a training" in answer["reason"]


# ---- provenance


def test_weights_set_by_hand_fail_whatever_the_kernel_says_of_them(bench, kernel, trained):
    known = trained("two_layer").description
    by_hand = with_weights(known, [array + np.float32(1e-3) for array in known.weights])
    assert by_hand.fits and not by_hand.origin  # forged: "five epochs on the training split, by the judge"
    kernel.hand_in("two_layer.train", by_hand)
    kernel.hand_in("two_layer.accuracy", by_hand, val_loss=scalar(0.35), val_accuracy=scalar(0.88))
    results = bench.end("en").questions
    assert [len(result.outcomes) for result in results] == [3, 4]
    for result in results:
        assert result.points == 0.0
        for outcome in result.outcomes:
            assert outcome.status is Status.FAILED
            assert outcome.actual == "weights that do not come out of fit() in this notebook"


def test_weights_that_another_submission_trained_are_unknown(bench, kernel, trained):
    kernel.hand_in("two_layer.accuracy", trained("two_layer").description)
    found = outcomes(bench, "accuracy")
    assert {outcome.status for outcome in found.values()} == {Status.FAILED}


def test_a_network_that_was_never_trained_fails(bench, kernel):
    kernel.hand_in("two_layer.train", model())
    assert {outcome.actual for outcome in outcomes(bench, "train").values()} == {
        "fit() has not run to its end on this network"
    }


@pytest.mark.parametrize("by_name", [False, True])
def test_a_network_that_was_made_again_is_told_from_one_that_was_never_trained(bench, kernel, splits, by_name):
    """However a check cell hands it in."""
    (first, _answer), again = kernel.fit(SMALL, splits["train"][:320]), model()
    kernel.hand_in("two_layer.train", *(() if by_name else (first,)), **({"model": first} if by_name else {}))
    kernel.hand_in("two_layer.accuracy", again, val_loss=scalar(0.35), val_accuracy=scalar(0.88))
    found = outcomes(bench, "accuracy").values()
    assert all("A network of this name was trained, and this is another" in outcome.hint for outcome in found)


SOFTMAX, SCALED = layer("Softmax", (None, 10), axis=-1), layer("Rescaling", (None, 784), scale=1.0, offset=0.0)


@pytest.mark.parametrize(
    ("others", "known"),
    [
        (lambda own: (*own, SOFTMAX), True),
        (lambda own: (*own, SOFTMAX, SOFTMAX), True),
        (lambda own: (SCALED, *own), False),
        (lambda own: (own[0].model_copy(update={"config": {**own[0].config, "activation": "tanh"}}), SOFTMAX), False),
    ],
    ids=["one behind", "two behind", "one in front", "one for another"],
)
def test_only_layers_behind_a_trained_network_leave_it_trained(bench, kernel, splits, others, known):
    """As a Softmax behind a network of logits, in a network of both; without weights, since these must be the trained ones."""
    fitted, _ = kernel.fit(SMALL, splits["train"][:320])
    kernel.hand_in("two_layer.train", fitted.model_copy(update={"layers": others(fitted.layers)}))
    found = outcomes(bench, "train")["trained_on"].actual
    assert found == ("320 training images" if known else "weights that were trained in another network")


def test_a_network_trained_in_the_kernel_is_undecided_and_earns_nothing(bench, kernel, trained):
    known = trained("two_layer").description
    elsewhere = with_weights(known, [array + np.float32(1e-3) for array in known.weights])
    claim = TrainedHere(
        type="trained_here",
        weights=digest(elsewhere.weights),
        reason="fit() was called with callbacks",
        fit=known.fits[0],
    )
    assert kernel.ask(claim)[0] == {"type": "noted"}
    kernel.hand_in("two_layer.train", elsewhere)
    for outcome in outcomes(bench, "train").values():
        assert (outcome.status, outcome.points) == (Status.UNDECIDED, 0.0)
        assert outcome.actual == "this network was not trained by the grader: fit() was called with callbacks"


@pytest.mark.parametrize(
    ("custom", "status"), [("Own is not one of Keras's layers", Status.UNDECIDED), ("", Status.FAILED)]
)
def test_weights_of_an_epoch_between_of_what_only_a_kernel_can_train_wait_for_a_person(
    bench, kernel, trained, custom, status
):
    known = trained("two_layer").description
    odd = known.model_copy(update={"layers": tuple(one.model_copy(update={"custom": custom}) for one in known.layers)})
    last, between = (with_weights(odd, [array + np.float32(by) for array in odd.weights]) for by in (4e-3, 5e-3))
    record = known.fits[0].model_copy(update={"compiled": odd.compiled})
    kernel.ask(TrainedHere(type="trained_here", weights=digest(last.weights), reason="its layer", fit=record))
    kernel.hand_in("two_layer.train", between)
    found = {(outcome.status, outcome.points) for outcome in outcomes(bench, "train").values()}
    assert found == {(status, 0.0)}


def test_a_network_trained_in_the_kernel_on_other_data_fails_that_check_and_what_it_reached_is_not_looked_at(
    bench, kernel, trained
):
    known = trained("two_layer").description
    elsewhere = with_weights(known, [array + np.float32(2e-3) for array in known.weights])
    record = known.fits[0].model_copy(update={"data": DataRecord(samples=784)})
    kernel.ask(TrainedHere(type="trained_here", weights=digest(elsewhere.weights), reason="other data", fit=record))
    for question in ("train", "accuracy"):
        kernel.hand_in(f"two_layer.{question}", elsewhere)
    found = {outcome.check: outcome for result in bench.end("en").questions for outcome in result.outcomes}
    assert (found["trained_on"].status, found["trained_on"].actual) == (Status.FAILED, "784 samples of other data")
    assert found["accuracy"].status is Status.SKIPPED
    assert found["accuracy"].actual == "not looked at, because the network was trained on other data"
    # They may well be right, and only the kernel says so.
    assert found["epochs"].status is found["batch_size"].status is Status.UNDECIDED


def test_where_any_data_will_do_what_it_was_trained_on_waits_for_a_person(bench, kernel, trained):
    known = trained("two_layer").description
    elsewhere = with_weights(known, [array + np.float32(3e-3) for array in known.weights])
    record = known.fits[0].model_copy(update={"data": DataRecord(samples=784)})
    kernel.ask(TrainedHere(type="trained_here", weights=digest(elsewhere.weights), reason="other data", fit=record))
    kernel.hand_in("two_layer.accuracy", elsewhere)  # no check that says what data was handed in
    assert outcomes(bench, "accuracy")["accuracy"].status is Status.UNDECIDED


def test_training_on_hold_out_rows_is_known_by_number(bench, kernel, lab):
    rows = np.concatenate([lab.rows("train")[:200], lab.rows("holdout")[:100], lab.rows("test")[:7]]).astype(np.int32)
    fitted, _ = kernel.fit(SMALL, rows)
    kernel.hand_in("two_layer.train", fitted)
    kernel.hand_in("two_layer.accuracy", fitted)
    results = bench.end("en").questions
    found = {outcome.check: outcome for result in results for outcome in result.outcomes}
    assert found["trained_on"].actual == "200 training images and 100 hold-out images and 7 test images"
    assert found["accuracy"].status is Status.FAILED
    assert found["accuracy"].actual == "trained on 100 images of the hold-out"
    assert found["unseen_images"].status is Status.FAILED and found["unseen_images"].expected == ""


def test_changed_labels_and_unscaled_pixels_are_noticed(bench, kernel, lab):
    rows = lab.rows("train")
    labels = lab.data.targets[rows].copy()
    labels[:5] = (labels[:5] + 1) % 10
    samples = kernel.samples(rows, labels=labels)
    request = Fit(type="fit", model=SMALL.without_weights(), samples=samples, epochs=1, batch_size=4_000)
    _, frames = kernel.ask(request)
    arrays = [np.frombuffer(f, np.float32).reshape(w.shape) for f, w in zip(frames[:2], SMALL.weights, strict=True)]
    kernel.hand_in("two_layer.train", with_weights(SMALL, arrays))
    found = outcomes(bench, "train")
    assert found["trained_on"].actual == "5 changed labels"
    assert (found["batch_size"].expected, found["batch_size"].actual) == ("32", "4000")


# ---- questions


def test_functions_are_asked_what_they_return(bench, kernel):
    def answered(arguments, wrong=False):
        values = decode(arguments[0]["arguments"], arguments[1])
        results = {}
        for name, check, _, keys in arguments[0]["calls"]:
            assert name == "dense_parameters"
            inputs, units = (values[key].value for key in keys)
            results.setdefault(check, []).append(scalar(inputs * units + units + wrong))
        return FunctionDescription(name="f", results={check: tuple(found) for check, found in results.items()})

    asked = kernel.hand_in("two_layer.formula", FunctionDescription(name="f"))
    assert asked[0]["type"] == "call" and len(asked[0]["calls"]) == 2 + 6

    def finish(value):
        return kernel.ask(HandIn(type="hand_in", question="two_layer.formula", values={"": value}, answered=True))

    assert finish(answered(asked))[0] == {"type": "taken"}
    found = outcomes(bench, "formula")
    assert {outcome.status for outcome in found.values()} == {Status.PASSED}

    bench.begin("two_layer", Path(kernel.address), "en")
    finish(answered(asked, wrong=True))
    found = outcomes(bench, "formula")
    assert {outcome.status for outcome in found.values()} == {Status.FAILED} and found["unseen"].expected == ""

    bench.begin("two_layer", Path(kernel.address), "en")
    finish(FunctionDescription(name="f"))
    found = outcomes(bench, "formula")
    assert found["given"].hint == "The function did not answer every call."


def test_the_last_hand_in_of_a_question_counts(bench, kernel):
    kernel.hand_in("two_layer.steps", steps_default=scalar(1), steps_full=scalar(2))
    kernel.hand_in("two_layer.steps", steps_default=scalar(1500), steps_full=scalar(1))
    found = outcomes(bench, "steps")
    assert {outcome.status for outcome in found.values()} == {Status.PASSED}


def test_an_exception_can_be_handed_in(bench, kernel):
    kernel.hand_in("two_layer.model", FailureDescription(error="NameError", message="name 'model' is not defined"))
    found = outcomes(bench, "model")
    assert {outcome.status for outcome in found.values()} == {Status.FAILED}
    assert "`model` does not exist (yet)" in found["layers"].hint


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("deep.network", "not a question of the assignment 'two_layer'"),
        ("two_layer", "not a question of the assignment 'two_layer'"),
        ("two_layer.modle", "did you mean 'two_layer.model'?"),
        ("../two_layer.model", "not a question"),
    ],
)
def test_other_questions_are_refused(kernel, question, reason):
    with pytest.raises(ProtocolError, match="question") as caught:
        kernel.hand_in(question, scalar(1))
    assert reason in str(caught.value)


def test_nothing_handed_in_gives_no_results(bench, kernel):
    assert bench.end("en").questions == []


# ---- messages that no kernel of ours would send


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/this-must-never-run",)


def _message(text, frames=b"", magic=protocol.MAGIC):
    return protocol.HEAD.pack(magic, len(text), len(frames)) + text + frames


BAD = {
    "noise": b"\x00" * 64,
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: judge\r\n\r\n",
    "a pickle": pickle.dumps(Bomb()),
    "a pickle as document": _message(pickle.dumps(Bomb())),
    "not an object": _message(b"[1, 2]"),
    "deep nesting": _message(b"[" * 100_000),
    "a huge number": _message(b'{"type": ' + b"9" * 10_000 + b"}"),
    "bytes that are no text": _message(b"\xff\xfe{}"),
    "an unknown request": _message(b'{"type": "shutdown"}'),
    "no type": _message(b"{}"),
    "too large a document": protocol.HEAD.pack(protocol.MAGIC, protocol.MAX_JSON + 1, 0),
    "too large a frame": protocol.HEAD.pack(protocol.MAGIC, 2, protocol.MAX_FRAMES + 1),
    "frames of other sizes": _message(b'{"frames": [5]}', b"1234"),
    "a negative frame": _message(b'{"frames": [-4, 8]}', b"1234"),
    "too many frames": _message(json.dumps({"frames": [0] * 3000}).encode()),
    "cut off": _message(b'{"type": "hand_in"}')[:-5],
    "nothing": b"",
    "an object array": _message(
        json.dumps({
            "type": "hand_in", "question": "two_layer.model", "frames": [8],
            "values": {"": {"kind": "array", "dtype": "object", "shape": [1], "data": {"frame": 0, "dtype": "|O", "shape": [1]}}},
        }).encode(), b"\x00" * 8,
    ),
    "an array larger than its frame": _message(
        json.dumps({
            "type": "hand_in", "question": "two_layer.model", "frames": [8],
            "values": {"": {"kind": "array", "dtype": "f", "shape": [1], "data": {"frame": 0, "dtype": "<f8", "shape": [10**9]}}},
        }).encode(), b"\x00" * 8,
    ),
    "an unknown key": _message(b'{"type": "trained_here", "weights": "", "reason": "", "points": 100}'),
    "rows that do not exist": _message(
        json.dumps({
            "type": "evaluate", "weights": "", "model": {}, "frames": [4, 1, 2048],
            "samples": {
                "rows": {"frame": 0, "dtype": "<i4", "shape": [1]}, "labels": {"frame": 1, "dtype": "|u1", "shape": [1]},
                "lookup": {"frame": 2, "dtype": "<f8", "shape": [256]}, "shape": [784],
            },
        }).encode(), np.int32(70_000).tobytes() + b"\x00" * 2049,
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD.values(), ids=BAD)
def test_bad_messages_are_refused_and_the_next_good_one_is_answered(kernel, message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.connect(kernel.address)
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        answer, frames = protocol.receive(connection)
    assert answer["type"] == "refused" and answer["reason"] and frames == []
    assert kernel.hand_in("two_layer.compile", SMALL)[0] == {"type": "taken"}
    assert not Path("/tmp/this-must-never-run").exists()


def test_a_kernel_that_does_not_wait_for_its_answer_harms_nothing(kernel):
    for _ in range(3):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(kernel.address)
            protocol.send(connection, {"type": "nonsense"})
    assert kernel.hand_in("two_layer.compile", SMALL)[0] == {"type": "taken"}


def test_a_message_is_waited_for_as_long_as_its_notebook_runs(course, address, monkeypatch):
    """However slow the machine is: no time costs a hand-in. Once the worker speaks up, the notebook has ended."""
    monkeypatch.setattr(protocol, "LOOK_SECONDS", 0.01)
    judge = judge_module.Judge(course, Memo(None))
    judge.begin("two_layer", address, "en")
    message, looks = _message(b'{"type": "hand_in"}'), []
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(address))
            connection.sendall(message[:10])
            judge.lab.stop = lambda: looks.append(1) or len(looks) > 100  # where nobody spoke up, as often as that
            judge.serve_one()
            answer, _ = protocol.receive(connection)
        assert answer == {"type": "refused", "reason": "a message was cut off"} and len(looks) == 101
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(address))
            connection.sendall(message[:10])
            judge.lab.stop = lambda: bool(looks.append(1) or (len(looks) == 150 and connection.sendall(message[10:])))
            judge.serve_one()
            answer, _ = protocol.receive(connection)
        assert answer["type"] == "refused" and "cut off" not in answer["reason"]  # it came, whole, and was looked at
        judge.lab.stop = lambda: False
        server = threading.Thread(target=judge.serve_one)
        server.start()
        answer, _ = protocol.ask(str(address), *dump(HandIn(type="hand_in", question="two_layer.model", values={})))
        server.join()
        assert answer == {"type": "taken"}
    finally:
        judge.close()
    assert not address.exists()


def test_a_notebook_may_not_ask_for_ever(course, address, monkeypatch):
    monkeypatch.setattr("autograder.judge.session.MAX_REQUESTS", 2)
    judge = judge_module.Judge(course, Memo(None))
    judge.begin("two_layer", address, "en")
    request = dump(HandIn(type="hand_in", question="two_layer.model", values={}))
    try:
        for _ in range(2):
            assert judge.session.answer(*request)[0] == {"type": "taken"}
        with pytest.raises(ProtocolError, match="2 times at most"):
            judge.session.answer(*request)
    finally:
        judge.close()


def test_a_fault_of_the_judge_is_answered_not_fatal(course, address, monkeypatch, caplog):
    judge = judge_module.Judge(course, Memo(None))
    judge.begin("two_layer", address, "en")
    monkeypatch.setattr(judge.session, "answer", lambda *_: 1 / 0)
    try:
        server = threading.Thread(target=judge.serve_one)
        server.start()
        answer, _ = protocol.ask(str(address), {"type": "anything"})
        server.join()
    finally:
        judge.close()
    assert answer == {"type": "cannot", "reason": "the grader failed: ZeroDivisionError"}
    assert "division by zero" in caplog.text


# ---- the worker's side


def test_an_unknown_assignment_is_the_callers_error_and_the_judge_lives_on(bench, address):
    with pytest.raises(AutograderError, match="no assignment 'tow_layer'") as caught:
        bench.begin("tow_layer", address, "en")
    assert "did you mean 'two_layer'?" in caught.value.remedy
    bench.begin("two_layer", address, "en")
    assert bench.end("en").questions == []


def test_the_socket_is_gone_after_the_submission(bench, kernel):
    bench.end("en")
    assert not Path(kernel.address).exists()
    with pytest.raises(ProtocolError, match="does not answer"):
        kernel.hand_in("two_layer.model", SMALL)


def test_a_submission_that_was_not_begun_can_not_end(bench, kernel):
    bench.end("en")
    with pytest.raises(AutograderError, match="no submission was begun"):
        bench.end("en")


def test_a_judge_that_cannot_start_says_why_in_its_log(tmp_path, address):
    (tmp_path / "course.yml").write_text("seed: many")
    with (
        JudgeProcess(tmp_path / "course.yml", None) as bench,
        pytest.raises(JudgeDied, match="the judge died") as caught,
    ):
        bench.begin("two_layer", address, "en")
    assert "seed: should be a whole number" in bench.log()
    assert "whole number" not in str(caught.value)  # which a student's report may quote


# ---- a notebook that is being graded, in a process of its own

NOTEBOOK = """
import contextlib, io, json, sys
from autograder.kernel.graded.start import prepare
prepare()
import keras, numpy as np
keras.utils.set_random_seed(42)  # before every cell, in a notebook
from autograder import check

(x, y), _ = keras.datasets.fashion_mnist.load_data()
assert x.shape == (60000, 28, 28) and x.dtype == np.uint8 and not x.flags.writeable
small, labels = x[:1000].reshape(-1, 784) / 255.0, y[:1000]
facts = {}
print_nothing = lambda *_, **__: None

def network():
    model = keras.Sequential([keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["acc"])
    return model

model = network()
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    history = model.fit(small, labels, epochs=2, validation_split=0.2)
facts["printed"] = printed.getvalue()
facts["history"] = {name: len(values) for name, values in history.history.items()}
facts["epoch"] = history.epoch
facts["iterations"] = [int(model.optimizer.iterations)]
after_first = [np.asarray(w) for w in model.weights]
momentum = float(np.abs(np.asarray(model.optimizer.variables[2])).sum())
more = model.fit(small[:800], labels[:800], epochs=1, verbose=0)
facts["iterations"].append(int(model.optimizer.iterations))
facts["moved"] = float(np.abs(np.asarray(model.weights[0]) - after_first[0]).max())
facts["momentum"] = momentum
facts["losses"] = history.history["loss"] + more.history["loss"]

original = keras.Model.evaluate.__wrapped__
facts["evaluated"] = [float(v) for v in model.evaluate(small, labels, verbose=0)]
facts["by_keras"] = [float(v) for v in original(model, small, labels, verbose=0)]
with contextlib.redirect_stdout(io.StringIO()) as printed:
    predicted = model.predict(small)
facts["predict_printed"] = printed.getvalue()
facts["predicted"] = [float(np.abs(predicted - other).max()) for other in (
    keras.Model.predict.__wrapped__(model, small, verbose=0), model.predict(small, 100, 0), model.predict(keras.ops.array(small), verbose=0))]
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x
doubled = keras.Sequential([keras.Input((784,)), Doubled()])
pair = keras.Model(inputs := keras.Input((784,)), [inputs, keras.layers.Dense(3)(inputs)])
facts["of_own_layers"] = float(np.abs(doubled.predict(small[:9], verbose=0) - 2 * small[:9]).max())
facts["of_two_outputs"] = [list(part.shape) for part in pair.predict(small[:9], verbose=0)]
facts["type"] = f"{type(predicted).__name__} {predicted.dtype}"
try:
    model.predict(small[:, :5], verbose=0)
except Exception as error:
    facts["of_a_wrong_shape"] = type(error).__name__
try:
    keras.Model.predict.__wrapped__(model, small[:, :5], verbose=0)
except Exception as error:
    facts["of_a_wrong_shape_by_keras"] = type(error).__name__
facts["named"] = sorted(model.evaluate(small, labels, verbose=0, return_dict=True))
with contextlib.redirect_stdout(io.StringIO()) as printed:
    check("two_layer.train", model)
facts["handed_in"] = printed.getvalue()

own = network()
own.fit(small, labels, epochs=1, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=print_nothing)])
val_loss, val_accuracy = own.evaluate(small, labels, verbose=0)
check("two_layer.accuracy", own, val_loss=val_loss, val_accuracy=val_accuracy)

best = network()
best.fit(small, labels, epochs=2, verbose=0, validation_split=0.2, callbacks=keras.callbacks.ModelCheckpoint("best.keras"))
facts["loaded"] = [float(v) for v in keras.models.load_model("best.keras").evaluate(small, labels, verbose=0)]
facts["saved"] = [float(v) for v in best.evaluate(small, labels, verbose=0)]

by_hand = network()
by_hand.build((None, 784))
by_hand.set_weights([w + 1 for w in by_hand.get_weights()])
check("two_layer.compile", by_hand)

facts["long"] = len(network().fit(small[:64], labels[:64], epochs=101, verbose=0).epoch)
with contextlib.redirect_stdout(io.StringIO()) as printed:
    facts["wrong"] = check("deep.network", model)
facts["wrong_text"] = printed.getvalue()

def formula(inputs, units):
    return inputs * units + units
check("two_layer.formula", formula)
dense1, dense2 = keras.layers.Dense(100, "sigmoid"), keras.layers.Dense(10, "softmax")
check("two_layer.model", keras.Sequential([keras.Input((784,)), dense1, dense2]), dense1=dense1, dense2=dense2)
json.dump(facts, open(sys.argv[1], "w"))
"""


@pytest.fixture(scope="module")
def graded(bench, tmp_path_factory):
    """A notebook's cells as a script, run beside the judge: what it saw, and its results."""
    folder = tmp_path_factory.mktemp("graded")
    with tempfile.TemporaryDirectory() as short:
        address = Path(short) / "judge"
        bench.begin("two_layer", address, "en")
        environment = {**os.environ, "AUTOGRADER_JUDGE": str(address)}
        environment.pop("AUTOGRADER_COURSE", None)  # a kernel has no course file
        (folder / "notebook.py").write_text(textwrap.dedent(NOTEBOOK))
        finished = subprocess.run(
            [sys.executable, "notebook.py", "facts.json"], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        decided = bench.end("en")
    questions = {result.question: {o.check: o for o in result.outcomes} for result in decided.questions}
    return json.loads((folder / "facts.json").read_text()), questions, decided


def test_a_notebook_sees_what_keras_would_have_left(graded):
    facts, _, _ = graded
    assert facts["history"] == {"acc": 2, "loss": 2, "val_acc": 2, "val_loss": 2}
    assert facts["epoch"] == [0, 1]
    assert "Epoch 1/2" in facts["printed"] and "25/25" in facts["printed"] and "val_acc" in facts["printed"]
    assert facts["named"] == ["acc", "loss"]


def test_a_second_fit_continues_weights_and_optimizer(graded):
    facts, _, _ = graded
    assert facts["iterations"] == [50, 75]
    assert facts["momentum"] > 0 and facts["moved"] > 0
    assert facts["losses"] == sorted(facts["losses"], reverse=True)


def test_evaluate_gives_what_keras_computes(graded):
    facts, _, _ = graded
    assert facts["evaluated"] == pytest.approx(facts["by_keras"], abs=1e-4)


def test_predict_gives_what_keras_predicts_and_prints_its_number_of_batches(graded):
    facts, _, _ = graded
    assert facts["predicted"] == pytest.approx([0, 0, 0], abs=1e-6)
    assert "32/32" in facts["predict_printed"]
    assert facts["of_own_layers"] == pytest.approx(0, abs=1e-6)
    assert facts["of_two_outputs"] == [[9, 784], [9, 3]]
    assert facts["type"] == "ndarray float32"
    assert facts["of_a_wrong_shape"] == facts["of_a_wrong_shape_by_keras"]


def test_both_fits_are_in_the_networks_record(graded):
    _, questions, _ = graded
    assert questions["train"]["epochs"].actual == "3 (in 2 calls of fit)"  # on the same rows: the split left them
    assert questions["train"]["trained_on"].status is Status.FAILED
    assert questions["train"]["batch_size"].status is Status.PASSED


def test_a_fit_whose_callbacks_see_batches_runs_in_the_kernel_and_is_undecided(graded):
    _, questions, _ = graded
    assert set(questions["accuracy"]) == {"accuracy", "loss", "measured", "unseen_images"}
    for outcome in questions["accuracy"].values():
        assert outcome.status is Status.UNDECIDED and "callback" in outcome.actual


def test_a_network_that_was_saved_while_it_trained_is_known(graded):
    facts, _, _ = graded
    assert facts["loaded"] == facts["saved"]


def test_a_training_beyond_the_limits_runs_and_a_refused_question_is_explained_in_the_notebook(graded):
    facts, _, _ = graded
    assert facts["long"] == 101
    assert (
        facts["wrong"] is None
        and "This could not be handed in: 'deep.network' is not a question" in facts["wrong_text"]
    )
    assert facts["handed_in"] == "Handed in: two_layer.train\n"


def test_functions_and_layer_objects_reach_the_judge(graded):
    _, questions, _ = graded
    for question in ("formula", "model"):
        assert {outcome.status for outcome in questions[question].values()} == {Status.PASSED}, questions[question]


# ---- last, because they end the shared process


def test_a_judge_that_is_killed_at_work_is_noticed_and_replaced(bench, kernel, address, lab):
    """It says of which network it died; for what is as large nothing is done when it is asked so, and all else is done."""
    process, work, rows = bench._process, bench._file("work"), lab.rows("train")

    def train():
        with contextlib.suppress(ProtocolError):
            kernel.fit(SMALL, rows, epochs=90)

    training = threading.Thread(target=train)
    training.start()
    while training.is_alive() and not (work.is_file() and json.loads(work.read_text() or "[]")):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGSTOP)  # so that the order is still unanswered when the process ends
    killer = threading.Timer(0.5, os.kill, (process.pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(JudgeDied, match="the judge died") as died:
        bench.end("en")
    killer.join()
    process.wait()
    training.join()
    assert died.value.of == (SMALL_SIZE.parameters, SMALL_SIZE.values)
    bench.begin("two_layer", address, "en", [died.value.of])
    assert bench._process is not process
    assert "died of this network" in kernel.fit(SMALL, rows[:200])[1]["reason"]
    smaller = model(dense(5, "relu"), dense(10, "softmax", inputs=5))
    assert kernel.fit(smaller, rows[:200])[1]["type"] == "trained"
    assert json.loads(work.read_text()) == []
    assert kernel.hand_in("two_layer.compile", SMALL)[0] == {"type": "taken"}
    assert outcomes(bench, "compile")["loss"].status is Status.PASSED


def test_the_process_ends_by_itself_with_its_bench(bench, kernel):
    process = bench._process
    bench.close()
    assert process.returncode == 0
    bench.close()  # a second time does nothing
