"""Compiled training gives what Keras's own `fit` gives, is repeatable, and is known by everything that determines it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from autograder.common.data.lookups import RAW_PIXELS, UNIT_PIXELS, ByShade
from autograder.common.errors import CannotRebuild
from autograder.common.keras_tables import allowed
from autograder.common.machine import determinism
from autograder.common.wire.description import Component, digest
from autograder.kernel.describing.describe import describe
from autograder.kernel.describing.describe_compile import scalar_settings
from autograder.networks.build import architecture, build, compile_model, compile_settings, without_rate
from autograder.networks.fit_spec import FitSpec, Measured, Samples, State
from autograder.networks.lab import CourseLab
from autograder.networks.train import Rig, Trainer
from tests.hand_built import compiled, dense, layer, model
from tests.later import keras, tf

ROWS, EPOCHS, BATCH = 1_000, 2, 32  # 31 batches and a partial one of 8


@pytest.fixture(autouse=True)
def everything_is_compiled(monkeypatch):
    """The networks here are small; what is tested is what large ones go through."""
    monkeypatch.setattr("autograder.networks.train.SMALL", 0)


def test_a_process_that_has_run_an_op_is_not_taken_for_one_that_trains_like_a_judge(monkeypatch):
    tf.constant(1) + 1
    determinism.settle(tf)  # it was, before its first op: nothing to do
    monkeypatch.setattr(determinism, "_settled", False)
    with pytest.raises(RuntimeError, match="run an op in this process before"):
        determinism.settle(tf)


D = keras.layers.Dense
OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(),
    "SGD(momentum, nesterov)": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "Adagrad": lambda: keras.optimizers.Adagrad(0.01),
    "RMSprop": lambda: keras.optimizers.RMSprop(),
    "Adam": lambda: keras.optimizers.Adam(),
    "restarts": lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecayRestarts(0.1, 10)),
    "pieces": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.PiecewiseConstantDecay([5, 40], [0.1, 0.01, 0.001])
    ),
}


def network(optimizer="sgd", *layers, shape=(784,), names=("hidden", "output"), logits=False):
    layers = layers or (D(12, "sigmoid", name=names[0]), D(10, None if logits else "softmax", name=names[1]))
    made = keras.Sequential([keras.Input(shape), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    made.compile(optimizer, loss, metrics=["accuracy"])
    return made


def plans(made):
    described = describe(made)
    return architecture(described), compile_settings(described.compiled)


@pytest.fixture(scope="module")
def samples(data, splits):
    rows = splits["train"][:ROWS]
    return Samples(rows, data.targets[rows], UNIT_PIXELS, (784,))


@pytest.fixture(scope="module")
def held_out(data, splits):
    rows = splits["holdout"][:300]
    return Samples(rows, data.targets[rows], UNIT_PIXELS, (784,))


@pytest.fixture
def spec(samples):
    return FitSpec(*plans(network()), samples, EPOCHS, BATCH, False, 42)


def by_keras(spec, data, **fit):
    """The same training by Keras's own loop: same starting weights, same order."""
    made = build(spec.plan, spec.seed)
    compile_model(made, spec.settings)
    images, labels = spec.samples.images(data), spec.samples.labels.astype(np.int32)
    history = made.fit(images, labels, epochs=spec.epochs, batch_size=spec.batch_size, shuffle=False, verbose=0, **fit)
    return made, history.history


def assert_same(result, made, history):
    for ours, theirs in zip(result.weights, made.get_weights(), strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=2e-5)
    assert set(result.history) == set(history)
    for name, values in history.items():
        assert result.history[name] == pytest.approx(values, rel=1e-3, abs=2e-3), name


# ---- against Keras


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_compiled_training_gives_keras_own_result(trainer, data, samples, optimizer):
    spec = FitSpec(*plans(network(optimizer())), samples, EPOCHS, BATCH, False, 42)
    result = trainer.fit(spec)
    made, history = by_keras(spec, data)
    assert_same(result, made, history)
    assert int(result.optimizer_state[0]) == EPOCHS * 32  # the partial batch is a step too
    for ours, theirs in zip(result.optimizer_state, made.optimizer.variables, strict=True):
        assert np.allclose(ours, np.asarray(theirs), rtol=1e-3, atol=1e-5)


def test_validation_and_logits_give_keras_own_result(trainer, data, samples, held_out):
    spec = FitSpec(*plans(network("adam", logits=True)), samples, EPOCHS, BATCH, False, 42, validation=held_out)
    result = trainer.fit(spec)
    validation = (held_out.images(data), held_out.labels.astype(np.int32))
    made, history = by_keras(spec, data, validation_data=validation)
    assert set(result.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert_same(result, made, history)


def test_images_through_flatten_and_normalisation_give_keras_own_result(trainer, data, samples):
    layers = keras.layers.Flatten(), D(8, "relu"), keras.layers.BatchNormalization(), D(10, "softmax")
    images = replace(samples, shape=(28, 28))
    spec = FitSpec(*plans(network("sgd", *layers, shape=(28, 28))), images, 1, BATCH, False, 42)
    assert_same(trainer.fit(spec), *by_keras(spec, data))


def test_evaluation_gives_keras_own_numbers(trainer, data, held_out, spec):
    result = trainer.fit(spec)
    measured = trainer.evaluate(spec.plan, spec.settings, result.weights, held_out)
    made = build(spec.plan, 0)
    compile_model(made, spec.settings)
    made.set_weights(list(result.weights))
    expected = made.evaluate(
        held_out.images(data), held_out.labels.astype(np.int32), verbose=0, return_dict=True, batch_size=100
    )
    assert measured == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_over_seeds_validation_accuracy_is_distributed_as_keras_own(trainer, data, spec, held_out):
    """Other seeds, other weights and other orders: no single training is the same, the distribution is."""
    images, labels = spec.samples.images(data), spec.samples.labels.astype(np.int32)
    validation = held_out.images(data), held_out.labels.astype(np.int32)
    ours, theirs, too_short = [], [], []
    for seed in range(10):
        shuffled = replace(spec, **dict(zip(("plan", "settings"), plans(network("adam")), strict=True)), shuffle=True)
        history = trainer.fit(replace(shuffled, seed=seed, validation=held_out)).history["val_accuracy"]
        ours.append(history[-1])
        too_short.append(history[0])
        keras.utils.set_random_seed(1000 + seed)
        made = network("adam")
        made.fit(images, labels, epochs=EPOCHS, batch_size=BATCH, verbose=0)
        theirs.append(made.evaluate(*validation, verbose=0)[1])
    keras.utils.set_random_seed(42)
    assert mannwhitneyu(ours, theirs).pvalue > 0.01
    assert mannwhitneyu(too_short, theirs).pvalue < 0.001  # one epoch less would be noticed


# ---- order, start, repetition


def test_the_same_training_twice_gives_the_same_bits(trainer, data, spec):
    shuffled = replace(spec, shuffle=True)
    first, again = trainer.fit(shuffled), trainer.fit(shuffled)
    fresh = Trainer(data).fit(shuffled)
    for other in (again, fresh):
        assert digest(first.weights) == digest(other.weights)
        assert digest(first.optimizer_state) == digest(other.optimizer_state)
        assert first.history == other.history


def test_one_compiled_network_serves_all_seeds_with_the_bits_that_a_new_one_gives(data, samples):
    made = network("adam", D(12, "relu"), keras.layers.Dropout(0.5), D(10, "softmax"))
    specs = [FitSpec(*plans(made), samples, 1, BATCH, True, seed) for seed in (42, 7, 42)]
    shared = Trainer(data)
    first, other, again = (shared.fit(one) for one in specs)
    assert len(shared._rigs) == 1
    assert digest(first.weights) == digest(again.weights) != digest(other.weights)
    alone = Trainer(data).fit(specs[1])
    assert digest(alone.weights) == digest(other.weights) and alone.history == other.history


def test_shuffling_changes_the_order(trainer, spec):
    plain, shuffled = trainer.fit(spec), trainer.fit(replace(spec, shuffle=True))
    assert digest(plain.weights) != digest(shuffled.weights)
    assert np.allclose(plain.weights[0], shuffled.weights[0], atol=0.2)  # another order of the same images


@pytest.mark.parametrize(
    "optimizer", [OPTIMIZERS["SGD(momentum, nesterov)"], OPTIMIZERS["Adam"]], ids=["momentum", "Adam"]
)
def test_going_on_from_weights_and_optimizer_state_equals_one_longer_training(trainer, samples, optimizer):
    long = FitSpec(*plans(network(optimizer())), samples, 3, BATCH, False, 42)
    whole = trainer.fit(long)
    first = trainer.fit(replace(long, epochs=1))
    rest = trainer.fit(replace(long, epochs=2, start=first.state))
    assert digest(rest.weights) == digest(whole.weights) and rest.state.key == whole.state.key
    assert first.history["loss"] + rest.history["loss"] == whole.history["loss"]
    forgetful = trainer.fit(replace(long, epochs=2, start=first.state, keeps_optimizer=False))
    assert digest(forgetful.weights) != digest(whole.weights) and forgetful.state.key != whole.state.key


def test_a_training_epoch_by_epoch_is_the_same_training_with_dropout_and_another_order_in_each(trainer, samples):
    made = network("adam", D(12, "relu"), keras.layers.Dropout(0.5), D(10, "softmax"))
    spec = FitSpec(*plans(made), samples, 3, BATCH, True, 42)
    whole, state = trainer.fit(spec), None
    for number in range(3):
        state = trainer.fit(replace(spec, epochs=1, start=state)).state
        assert state.key == spec.keys()[number]
    assert digest(state.weights) == digest(whole.weights) and state.trail == whole.state.trail
    orders = [spec.order(number) for number in range(3)]
    assert all(sorted(order) == list(range(ROWS)) for order in orders)
    assert len({order.tobytes() for order in orders}) == 3


def test_one_compiled_network_serves_all_learning_rates(data, samples):
    specs = [FitSpec(*plans(network(keras.optimizers.SGD(rate))), samples, 1, BATCH, False, 42) for rate in (0.1, 0.01)]
    shared = Trainer(data)
    first, second = map(shared.fit, specs)
    assert len(shared._rigs) == 1
    alone = Trainer(data).fit(specs[1])
    assert digest(second.weights) == digest(alone.weights) != digest(first.weights)


ONE_HOT = {
    "categorical_crossentropy": ("softmax", [keras.metrics.CategoricalAccuracy, keras.metrics.AUC]),
    "binary_crossentropy": ("sigmoid", [keras.metrics.BinaryAccuracy]),
    "mean_squared_error": ("linear", [keras.metrics.MeanAbsoluteError]),
    "mean_absolute_error": ("linear", []),
}
LOSSES = sorted(allowed.LOSSES.keys() - {"sparse_categorical_crossentropy"})


@pytest.mark.parametrize("loss", LOSSES)
def test_one_hot_labels_weights_and_other_metrics_give_keras_own_result(trainer, data, samples, loss):
    activation, metrics = ONE_HOT.get(loss, ("sigmoid", []))
    made = keras.Sequential([keras.Input((784,)), D(10, activation)])
    made.compile("sgd", loss, metrics=[kind() for kind in metrics])
    described = describe(made)
    measured = [Component(type=kind.__name__, settings=scalar_settings(kind().get_config())) for kind in metrics]
    weights = np.linspace(0.5, 1.5, ROWS, dtype=np.float32)
    settings = compile_settings(described.compiled, measured)
    labels = replace(samples, one_hot=10, weights=weights)
    spec = FitSpec(architecture(described), settings, labels, EPOCHS, BATCH, False, 42)
    result = trainer.fit(spec)
    theirs = build(spec.plan, spec.seed)
    compile_model(theirs, settings)
    history = theirs.fit(
        labels.images(data), np.eye(10)[labels.labels], epochs=EPOCHS, batch_size=BATCH, shuffle=False, verbose=0,
        sample_weight=weights,
    ).history  # fmt: skip
    assert_same(result, theirs, history)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_known_with_all_that_it_was_made_with(loss):
    odd = {"number": 0.3, "flag": True}
    settings = {key: odd[kind] for key, kind in allowed.LOSSES[loss].items() if kind in odd}
    given = getattr(keras.losses, allowed.LOSS_CLASSES[loss])(**settings)
    made = keras.Sequential([keras.Input((784,)), D(10, "sigmoid")])
    made.compile("sgd", given)
    compile_model(made, compile_settings(describe(made).compiled, ()))
    draw = np.random.default_rng(0)
    targets, answers = draw.uniform(0.1, 0.9, (2, 6, 10)).astype(np.float32)
    assert made.loss is not given and float(made.loss(targets, answers)) == float(given(targets, answers))


def test_double_precision_is_kept(trainer, samples):
    layers = D(12, "relu", dtype="float64"), D(10, "softmax", dtype="float64")
    result = trainer.fit(FitSpec(*plans(network("sgd", *layers)), samples, 1, BATCH, False, 42))
    assert {array.dtype for array in result.weights} == {np.dtype("float64")}


def test_a_training_leaves_nothing_behind_for_the_next(trainer, spec):
    first = trainer.fit(spec)
    trainer.fit(replace(spec, start=replace(first.state, weights=tuple(array + 1 for array in first.weights))))
    assert digest(trainer.fit(spec).weights) == digest(first.weights)


def test_dropout_is_repeatable(trainer, samples):
    layers = D(16, "relu"), keras.layers.Dropout(0.5), D(10, "softmax")
    spec = FitSpec(*plans(network("sgd", *layers)), samples, EPOCHS, BATCH, True, 42)
    first, again = trainer.fit(spec), trainer.fit(spec)
    assert digest(first.weights) == digest(again.weights)
    assert [array.shape for array in first.weights] == [(784, 16), (16,), (16, 10), (10,)]  # no seeds among the weights
    without = FitSpec(*plans(network("sgd", layers[0], layers[2])), samples, EPOCHS, BATCH, True, 42)
    assert digest(trainer.fit(without).weights) != digest(first.weights)


def test_frozen_layers_stay_as_they_were(trainer, samples):
    layers = D(12, "relu", trainable=False), D(10, "softmax")
    spec = FitSpec(*plans(network("sgd", *layers)), samples, 1, BATCH, True, 42)
    result, drawn = trainer.fit(spec), build(spec.plan, spec.seed).get_weights()
    assert np.array_equal(result.weights[0], drawn[0]) and not np.array_equal(result.weights[2], drawn[2])


def test_one_batch_may_hold_everything(trainer, data, spec):
    whole = replace(spec, batch_size=48_000, epochs=1)
    result = trainer.fit(whole)
    assert int(result.optimizer_state[0]) == 1
    assert_same(result, *by_keras(whole, data))


def test_scaled_pixels_are_what_the_network_sees(data, samples):
    raw = replace(samples, lookup=RAW_PIXELS, shape=(28, 28, 1))
    images = raw.images(data)
    assert images.shape == (ROWS, 28, 28, 1) and images.dtype == np.float32
    assert np.array_equal(images[..., 0], data.features[samples.rows])
    assert np.allclose(samples.images(data), data.features[samples.rows].reshape(-1, 784) / 255.0, atol=1e-7)


# ---- what a training is known by


def test_a_training_is_known_by_everything_that_determines_it(spec, samples, held_out):
    weights = tuple(np.zeros_like(array) for array in build(spec.plan, 0).get_weights())
    labels = samples.labels.copy()
    labels[0] = (labels[0] + 1) % 10
    others = [
        replace(spec, epochs=3),
        replace(spec, batch_size=64),
        replace(spec, shuffle=True),
        replace(spec, seed=43),
        replace(spec, start=State("a" * 64, weights)),
        replace(spec, start=State("b" * 64, weights)),
        replace(spec, start=State("a" * 64, weights), keeps_optimizer=False),
        replace(spec, start=State("a" * 64, weights, trail=(Measured({}),))),
        replace(spec, samples=replace(samples, one_hot=10)),
        replace(spec, samples=replace(samples, weights=np.ones(ROWS, np.float32))),
        replace(spec, samples=replace(samples, rows=samples.rows[::-1].copy())),
        replace(spec, samples=replace(samples, labels=labels)),
        replace(spec, samples=replace(samples, lookup=ByShade(samples.lookup.numbers * 2))),
        replace(spec, samples=replace(samples, shape=(28, 28))),
        replace(spec, plan=plans(network("sgd", D(12, "relu"), D(10, "softmax")))[0]),
        replace(spec, settings=plans(network("adam"))[1]),
        replace(spec, settings=plans(network(keras.optimizers.SGD(0.02)))[1]),
        replace(spec, settings=plans(network(logits=True))[1]),
    ]
    keys = [spec.key(), *(other.key() for other in others)]
    assert len(set(keys)) == len(keys) and all(len(key) == 64 for key in keys)


def test_validation_is_no_part_of_it_and_a_longer_training_begins_with_a_shorter_one(spec, samples, held_out):
    assert replace(spec, validation=held_out).keys() == spec.keys()
    assert replace(spec, epochs=5).keys()[:EPOCHS] == spec.keys()


def test_a_small_training_is_not_compiled_and_gives_the_same_numbers(data, spec, monkeypatch):
    compiled = Trainer(data).fit(spec)
    monkeypatch.setattr("autograder.networks.train.SMALL", 10**12)
    trainer = Trainer(data)
    result = trainer.fit(spec)
    assert {sort for rig in trainer._rigs.values() for sort, _batch in rig._functions} == {"train steps"}
    for one, other in zip(result.weights, compiled.weights, strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=2e-5)


def test_convolutions_are_not_compiled(data):
    """XLA takes 3 to 20 times longer for their gradients."""
    layers = [keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 5, strides=5), keras.layers.Flatten(), D(10, "softmax")]
    made = keras.Sequential(layers)
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = np.arange(64, dtype=np.int32)
    samples = Samples(rows, data.targets[rows], UNIT_PIXELS, (28, 28, 1))
    trainer = Trainer(data)
    trainer.fit(FitSpec(*plans(made), samples, 1, 32, False, 42))
    assert {sort for rig in trainer._rigs.values() for sort, _batch in rig._functions} == {"train steps"}


def test_names_of_layers_do_not_change_what_a_training_is_known_by(spec, samples):
    renamed = FitSpec(*plans(network(names=("a", "b"))), samples, EPOCHS, BATCH, False, 42)
    assert renamed.key() == spec.key()


def test_library_versions_and_our_own_code_are_part_of_it(spec, monkeypatch):
    before = spec.key()
    monkeypatch.setattr("autograder.networks.fit_spec.versions", lambda: ("tensorflow 9",))
    changed = spec.key()
    monkeypatch.undo()
    monkeypatch.setattr("autograder.networks.fit_spec.training_code", lambda: "0" * 64)
    assert len({before, changed, spec.key()}) == 3


# ---- what doesn't fit


def test_weights_of_another_network_are_refused(trainer, spec, held_out):
    good = build(spec.plan, 0).get_weights()
    for weights in ((), tuple(good[:-1]), (*good, good[0]), (good[0].T, *good[1:])):
        with pytest.raises(ValueError, match="do not fit the network"):
            trainer.fit(replace(spec, start=State("a" * 64, weights)))
        with pytest.raises(ValueError, match="do not fit the network"):
            trainer.evaluate(spec.plan, spec.settings, weights, held_out)
    with pytest.raises(ValueError, match="do not fit the network"):
        trainer.fit(replace(spec, start=State("a" * 64, tuple(good), (np.zeros(3),))))


def test_a_network_that_xla_cannot_compile_is_trained_all_the_same(spec, samples, data, monkeypatch, caplog):
    import tensorflow as tf

    rig = Rig(spec.plan, spec.settings, spec.seed)
    original = rig._function

    def refuse(*_):
        raise tf.errors.UnimplementedError(None, None, "no such op")

    monkeypatch.setattr(
        rig, "_function", lambda sort, batch, compiled=True: refuse if compiled else original(sort, batch, False)
    )
    trainer = Trainer(data)
    trainer._rigs[(spec.plan, without_rate(spec.settings))] = rig
    assert_same(trainer.fit(spec), *by_keras(spec, data))
    assert "training without XLA" in caplog.text


def test_compiled_networks_and_tensors_are_kept_within_bounds(data, samples, spec):
    trainer = Trainer(data, rigs=2)
    settings = [spec.settings, *(plans(network(kind))[1] for kind in ("adam", "rmsprop"))]
    kept = [trainer.rig(spec.plan, one) for one in settings]
    assert trainer.rig(spec.plan, settings[2]) is kept[2]
    assert trainer.rig(spec.plan, settings[0]) is not kept[0]
    tensors = [trainer.tensors(replace(samples, lookup=ByShade(samples.lookup.numbers * n))) for n in range(6)]
    assert trainer.tensors(replace(samples, lookup=ByShade(samples.lookup.numbers * 5)))[0] is tensors[5][0]
    assert len(trainer._tensors) == 4


# ---- the lab


def test_the_lab_scales_as_the_training_did(lab, trained):
    value = trained("two_layer").description
    fit = value.fits[0]
    raw = fit.model_copy(update={"data": fit.data.model_copy(update={"lookup": RAW_PIXELS})})
    as_trained = lab.evaluate(value, "test")["accuracy"]
    unscaled = lab.evaluate(value.model_copy(update={"fits": (raw,)}), "test")["accuracy"]
    unknown = lab.evaluate(value.model_copy(update={"fits": ()}), "test")["accuracy"]
    assert as_trained > 0.8 and unscaled != as_trained and unknown == as_trained


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (model(compiled=None), "compile() has not run to its end"),
        (model(dense(10, inputs=100), shape=(None, 100)), "samples of shape (100,)"),
        (model(dense(10, weights=())), "its weights do not fit the network"),
        (model(layer("Lambda"), dense(10)), "does not know the layer Lambda"),
        (model(compiled=compiled(loss="mine")), "loss is mine, which the grader does not rebuild"),
    ],
)
def test_what_the_lab_cannot_evaluate_it_says(lab, wrong, reason):
    with pytest.raises(CannotRebuild) as caught:
        lab.evaluate(wrong, "holdout")
    assert reason in str(caught.value)


def test_reference_functions_are_found_beside_the_course(lab, tmp_path):
    from autograder.common.errors import CourseError

    assert lab.reference("solutions/references.py:dense_parameters")(784, 100) == 78_500
    with pytest.raises(CourseError, match="has no function 'nothing'"):
        lab.reference("solutions/references.py:nothing")
    with pytest.raises(CourseError, match="do not exist"):
        CourseLab(root=tmp_path).reference("solutions/references.py:relu")
