"""Home and grading agree: what check() passes at home passes when graded, or check() says what will differ.

The same calls of ``fit`` are asked about at home and in front of a judge.
"""

import contextlib

import numpy as np
import pytest

from autograder.common.data.data_sets import load
from autograder.common.errors import AutograderError, CannotTrainHere
from autograder.common.wire.description import DataRecord
from autograder.course.packages import not_promised
from autograder.judge.session import Session
from autograder.kernel.graded import judged_epochs
from autograder.kernel.graded.judged_fit import JudgeClient
from autograder.kernel.graded.keras_loops import install_loops
from autograder.kernel.home.check_at_home import HomeStudent
from autograder.kernel.home.recorder import Recorder
from autograder.kernel.home.would_train import GraderAtHome, imported
from autograder.kernel.in_place import done
from autograder.kernel.keras_methods import Trainings
from autograder.networks.lab import data_record
from tests.later import keras


class Batches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        """Acts within an epoch."""


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(10, "softmax")

    def call(self, x):
        return self.dense(x)


class Named(keras.layers.Dense):
    """Keras's, under another name."""


class Layer(keras.layers.Dense):
    """A layer of one's own."""

    def call(self, inputs):
        return super().call(inputs)


def net(*layers, loss="sparse_categorical_crossentropy", **settings):
    model = keras.Sequential([keras.Input((784,)), *(layers or (keras.layers.Dense(10, "softmax"),))])
    model.compile("sgd", loss, metrics=["accuracy"], **settings)
    return model


def own():
    model = Own()
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


CELLS = {
    "plain": (net, {}), "a split": (net, {"validation_split": 0.2}), "batches of 100": (net, {"batch_size": 100}),
    "early stopping": (net, {"callbacks": lambda: [keras.callbacks.EarlyStopping("loss")]}),
    "a checkpoint": (net, {"callbacks": lambda: [keras.callbacks.ModelCheckpoint("unused.keras", monitor="loss", mode="min", initial_value_threshold=-1.0, save_best_only=True)]}),
    "a callback for batches": (net, {"callbacks": lambda: [Batches()]}),
    "a class of one's own": (own, {}), "a layer of one's own": (lambda: net(Layer(10, activation="softmax")), {}),
    "a layer of another name": (lambda: net(Named(10, activation="softmax")), {}),
    "some steps": (net, {"steps_per_epoch": 1, "batch_size": 32}), "validation on noise": (net, {"validation_data": (np.random.default_rng(0).random((9, 784)), np.zeros(9))}),
    "noise": (net, {"x": np.random.default_rng(0).random((64, 784)), "y": np.zeros(64)}),
    "a loss of one's own": (lambda: net(loss=lambda a, b: keras.losses.sparse_categorical_crossentropy(a, b)), {}),
    "too many epochs": (net, {"epochs": 101}), "too large": (lambda: net(keras.layers.Dense(7000), keras.layers.Dense(10, "softmax")), {}),
    "weights of losses": (lambda: net(loss_weights=[2.0]), {}),
    "weights of samples": (net, {"sample_weight": np.linspace(0.5, 1.5, 64)}),
    "dropout": (lambda: net(keras.layers.Dropout(0.5), keras.layers.Dense(10, "softmax")), {}),
}  # fmt: skip
UNLIKE_PLAIN = {"a callback for batches", "a layer of one's own", "noise", "a loss of one's own", "too many epochs",
                "too large", "weights of losses"}  # fmt: skip


def call_of(model, given):
    data = load()
    x, y = data.features[:64].reshape(-1, 784) / 255.0, data.targets[:64]
    given = {name: value() if callable(value) else value for name, value in given.items()}
    named = {"x": x, "y": y, "verbose": 0, **given}
    named["y"] = named["y"][: len(named["x"])]
    return Trainings().arguments(keras.Model.fit, model, (), named)


def graded(model, call, course, lab, memo):
    """What the judge says to the client of a graded kernel: '' if it trains."""
    session = Session(course, "two_layer", lab, memo)

    class Client(JudgeClient):
        def _ask(self, request):
            request.first or pytest.fail("one epoch at a time is enough")
            session.trainings.memo = Untrained()
            answer, frames = session.answer(*_document(request))
            if answer["type"] == "cannot":
                raise CannotTrainHere(answer["reason"])
            return answer, frames

    try:
        training = Client("")._training(model, call)
        if training.data.samples is not None:
            training.judge()
    except Trained:
        return ""
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


class Trained(Exception):
    """The judge would have trained."""


class Untrained:
    misses = 0

    def fit(self, spec, trainer):
        raise Trained


def _document(request):
    from autograder.common.wire.messages import dump

    document, frames = dump(request)
    return document, [bytes(memoryview(frame).cast("B")) if not isinstance(frame, bytes) else frame for frame in frames]


@pytest.mark.parametrize("cell", CELLS)
def test_home_says_beforehand_what_the_judge_will_say(cell, course, lab, memo, course_file, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", str(course_file))
    make, given = CELLS[cell]
    home = HomeStudent()
    model = make()
    at_home = GraderAtHome(home._would_train).refusal(model, call_of(model, given))
    other = make()
    there = graded(other, call_of(other, given), course, lab, memo)
    assert at_home == there and bool(at_home) == (cell in UNLIKE_PLAIN)


def test_a_layer_that_the_grader_lacks_is_the_reason_and_not_what_was_done_to_its_weights(
    monkeypatch, course, lab, memo
):
    monkeypatch.setattr(judged_epochs, "is_fresh", lambda model: False)  # as after adapt()
    lacking, known = net(keras.layers.GroupNormalization(groups=1), keras.layers.Dense(10, "softmax")), net()
    said = [graded(model, call_of(model, {}), course, lab, memo) for model in (lacking, known)]
    assert "GroupNormalization" in said[0] and "set by hand" in said[1]


def test_a_refusal_never_spoils_a_training():
    def broken(request):
        raise AutograderError("no course")

    model = net()
    assert "no course" in GraderAtHome(broken).refusal(model, call_of(model, {}))


def test_what_students_are_promised_is_not_warned_of():
    promised = [
        "numpy",
        "keras",
        "tensorflow",
        "sklearn",
        "matplotlib",
        "pandas",
        "seaborn",
        "tqdm",
        "scipy",
        "PIL",
        "math",
        "autograder",
        "IPython",
    ]
    assert not_promised(promised, ()) == []
    assert not_promised(["playwright", "helper", "json"], ()) == ["playwright", "helper"]
    assert not_promised(["playwright"], ("playwright>=1",)) == []


def test_modules_are_found_by_the_names_of_a_notebook():
    import json as renamed
    from fractions import Fraction

    space = {"renamed": renamed, "Fraction": Fraction, "np": np, "x": np.ones(2), "_hidden": pytest, "net": net}
    assert set(imported(space)) == {"json", "fractions", "numpy", "tests"}


def sets(x, y, *weights):
    from tensorflow.data import Dataset

    return Dataset.from_tensor_slices((x, y, *weights))


RAW = "raw pixels, scaled on the way"
# What ``fit`` is given for images and labels (64 of each), and whether home can know what an epoch is made of.
FORMS = {
    "arrays": (lambda x, y: {"x": x, "y": y}, True), "batches of 16": (lambda x, y: {"x": x, "y": y, "batch_size": 16}, True),
    "weights": (lambda x, y: {"x": x, "y": y, "sample_weight": np.linspace(0.5, 1.5, 64)}, True),
    "classes": (lambda x, y: {"x": x, "y": y, "class_weight": {0: 2.0}}, True),
    "steps for all": (lambda x, y: {"x": x, "y": y, "steps_per_epoch": 4}, True),
    "the half of the steps": (lambda x, y: {"x": x, "y": y, "batch_size": 16, "steps_per_epoch": 2}, False),
    "noise": (lambda x, y: {"x": np.random.default_rng(0).random((64, 784)), "y": y}, False),
    "a dataset": (lambda x, y: {"x": sets(x, y).batch(16)}, True),
    "one that shuffles": (lambda x, y: {"x": sets(x, y).shuffle(64).batch(8).prefetch(1)}, True),
    "one with weights": (lambda x, y: {"x": sets(x, y, np.linspace(0.5, 1.5, 64)).batch(32)}, True),
    "one that repeats": (lambda x, y: {"x": sets(x, y).batch(16).repeat(2)}, True),
    "one that drops a rest": (lambda x, y: {"x": sets(x, y).batch(48, drop_remainder=True)}, True),
    RAW: (lambda x, y: {"x": sets(x, y).map(lambda image, label: (image / 255, label)).batch(16)}, True),
    "one of noise": (lambda x, y: {"x": sets(np.random.default_rng(0).random((64, 784)), y).batch(16)}, False),
    "one without an end": (lambda x, y: {"x": sets(x, y).batch(16).repeat(), "steps_per_epoch": 4}, False),
    "a generator": (lambda x, y: {"x": ((x[start:start + 16], y[start:start + 16]) for start in (0, 16, 32, 48))}, False),
}  # fmt: skip


class Reader(JudgeClient):
    """A graded kernel's client, with the first request to the judge."""

    asked = None

    def _ask(self, request):
        self.asked = self.asked or request
        raise CannotTrainHere("Keras does it")


@pytest.fixture
def loops(monkeypatch):
    """Keras's, as they are in a graded kernel."""
    from keras.src.backend.tensorflow import trainer

    for name in ("make_train_function", "make_test_function"):
        monkeypatch.setattr(trainer.TensorFlowTrainer, name, getattr(trainer.TensorFlowTrainer, name))
    monkeypatch.setattr(trainer, "TFEpochIterator", type("TFEpochIterator", (trainer.TFEpochIterator,), {}))
    install_loops()


@pytest.mark.parametrize("form", FORMS)
def test_home_knows_of_the_data_what_a_graded_kernel_knows(form, lab, loops):
    """Or nothing: then no check says that it passes."""
    make, known = FORMS[form]
    images, labels = load().features[:64].reshape(-1, 784), load().targets[:64]
    reader, home = Reader(""), Recorder(lambda samples: data_record(samples, lab))
    for side in (reader, home):
        model = net()
        side.original_fit = keras.Model.fit
        done(side.fit(model, **make(images if form == RAW else images / 255.0, labels), verbose=0))
    (record,) = home.fits(model)
    if known:
        asked = data_record(reader.asked.samples, lab), reader.asked.batch_size
        for here, there in zip((record.data, record.batch_size), asked, strict=True):
            assert repr(here) == repr(there)  # a look-up of pixels is an array
    assert record.data.recognised == known
    assert bool(record.batch_size) == known or form == "noise"


def test_every_rate_of_a_training_is_known_at_home_as_to_the_judge():
    """Not only the first and the last: a check may ask for all of them."""
    recorder = Recorder(lambda samples: DataRecord(samples=64))
    recorder.original_fit = keras.Model.fit
    model = net()
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    done(recorder.fit(model, np.zeros((64, 784)), np.zeros(64), epochs=3, verbose=0, callbacks=[falling]))
    (record,) = recorder.fits(model)
    assert record.learning_rates == (0.01, 0.005, 0.0025)


class Raising(keras.callbacks.Callback):
    """At that batch of that epoch, or at the epoch's end."""

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.at == (self.epoch, batch):
            raise ValueError

    def on_epoch_end(self, epoch, logs=None):
        if self.at == (epoch, None):
            raise ValueError


IMAGES, LABELS = np.zeros((64, 784)), np.zeros(64)
# What is given to fit on batches of 16, how many epochs it has trained then, and whether all its weights are as they were.
ENDS = {
    "no epochs": ({"epochs": 0}, 0, True),
    "labels that don't fit": ({"y": np.zeros((64, 3))}, 0, True),
    "images that don't fit": ({"x": np.zeros((64, 5))}, 0, True),
    "a validation that doesn't fit": ({"validation_data": (LABELS, IMAGES), "epochs": 3}, 1, False),
    "an error at the end of an epoch": ({"raises": (1,), "epochs": 3}, 2, False),
    "an error at an epoch's last batch": ({"raises": (1, 3), "epochs": 3}, 2, False),
    "an error within an epoch": ({"raises": (1, 2), "epochs": 3}, 0, False),
    "an epoch that changes nothing": ({"class_weight": {0: 0.0}}, 1, True),
}


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("end", ENDS)
def test_home_knows_what_a_fit_has_trained_however_it_ended(end, before):
    given, epochs, as_it_was = ENDS[end]
    callbacks = [Raising(*given["raises"])] if "raises" in given else []
    given = {"x": IMAGES, "y": LABELS, "batch_size": 16, "verbose": 0, "callbacks": callbacks} | given
    given.pop("raises", None)
    recorder = Recorder(lambda samples: DataRecord(samples=64))
    recorder.original_fit = keras.Model.fit
    model = net()
    if before:
        done(recorder.fit(model, IMAGES, LABELS, batch_size=16, verbose=0))
    with contextlib.suppress(Exception):
        done(recorder.fit(model, **given))
    assert sum(record.epochs for record in recorder.fits(model)) == before + epochs
    assert recorder.untrained(model) == (as_it_was and not before)
