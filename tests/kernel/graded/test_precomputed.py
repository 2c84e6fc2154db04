"""A split that waits in every kernel: the bits, types and errors of what a student's own line computes, and no memory in common."""

from __future__ import annotations

import copy
import os

import numpy as np
import pytest
import sklearn.model_selection

from autograder.common.data.fashion_mnist import TRAINING
from autograder.kernel.describing import recognised_samples
from autograder.kernel.graded import precomputed, untouched

sklearns_own = sklearn.model_selection.train_test_split
USUAL = {"test_size": 0.2, "random_state": 42}


@pytest.fixture(scope="module")
def computed():
    return precomputed.compute()


@pytest.fixture
def ready(computed, monkeypatch):
    """This process as a kernel finds itself: nothing was handed out yet."""
    for one in (computed.train, computed.holdout):
        monkeypatch.setattr(one, "given", False)
    monkeypatch.setattr(precomputed, "_prepared", {"fashion_mnist": computed})
    monkeypatch.setattr(recognised_samples.shared, "likely", recognised_samples.shared.likely)
    monkeypatch.setattr(sklearn.model_selection, "train_test_split", sklearns_own)
    precomputed.install_split()
    return computed


@pytest.fixture
def images(ready, data):
    """What ``load_data()`` gives a notebook."""
    return data.features[:TRAINING].copy()


@pytest.fixture(scope="module")
def plain(data):
    """The same as an ordinary array."""
    return data.features[:TRAINING].copy()


@pytest.fixture(scope="module")
def labels(data):
    return data.targets[:TRAINING]


FLAGS = ("WRITEABLE", "OWNDATA", "C_CONTIGUOUS", "ALIGNED")


def same(one, other):
    """The same bits and the same type."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert np.array_equal(one, other)


def test_what_is_loaded_are_the_arrays_of_keras():
    """Those of Fashion-MNIST can't be written to: a cell that tries fails beside plain Keras too."""
    from keras.src.datasets.fashion_mnist import load_data

    from autograder.kernel.graded.start import _load_data

    for ours, keras_own in zip(_load_data("fashion_mnist"), load_data(), strict=True):
        for one, other in zip(ours, keras_own, strict=True):
            same(one, other)
            assert [one.flags[name] for name in FLAGS] == [other.flags[name] for name in FLAGS]
            assert (one.base is None) == (other.base is None)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1)])
def test_the_courses_split_is_there_already(images, plain, labels, ready, shape):
    split = sklearn.model_selection.train_test_split
    found = split(images.reshape(-1, *shape) / 255.0, labels, **USUAL)
    expected = sklearns_own(plain.reshape(-1, *shape) / 255.0, labels, **USUAL)
    assert type(found) is list and len(found) == 4
    for one, other in zip(found, expected, strict=True):
        same(one, other)
    assert np.shares_memory(found[0], ready.train.array) and np.shares_memory(found[1], ready.holdout.array)


def test_defaults_may_be_written_out_and_labels_may_be_a_list(images, labels, ready):
    split = sklearn.model_selection.train_test_split
    found = split(images / 255.0, labels.tolist(), shuffle=True, stratify=None, train_size=None, **USUAL)
    assert np.shares_memory(found[0], ready.train.array)
    assert found[3] == sklearns_own(labels.tolist(), **USUAL)[1]


ELSEWHERE = {
    "another share": (lambda x, y: (x, y), {"test_size": 0.25, "random_state": 42}),
    "another seed": (lambda x, y: (x, y), {"test_size": 0.2, "random_state": 7}),
    "a generator": (lambda x, y: (x, y), {"test_size": 0.2, "random_state": np.random.RandomState(42)}),
    "in order": (lambda x, y: (x, y), {"test_size": 0.2, "shuffle": False}),
    "stratified": (lambda x, y: (x, y), {**USUAL, "stratify": np.arange(TRAINING) % 10}),
    "images alone": (lambda x, y: (x,), USUAL),
    "labels first": (lambda x, y: (y, x), USUAL),
    "some": (lambda x, y: (x[:1000], y[:1000]), USUAL),
    "fewer columns": (lambda x, y: (x.reshape(-1, 784)[:, :10], y), USUAL),
    "turned": (lambda x, y: (x.transpose(0, 2, 1), y), USUAL),
    "float32": (lambda x, y: (x.astype("float32"), y), USUAL),
}


@pytest.mark.parametrize(("choose", "options"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_any_other_split_is_scikit_learns_own(images, labels, ready, choose, options):
    arrays = choose(images / 255.0, labels)
    found = sklearn.model_selection.train_test_split(*arrays, **copy.deepcopy(options))
    expected = sklearns_own(*arrays, **copy.deepcopy(options))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        same(one, other)
    assert not ready.train.given and not ready.holdout.given


def test_a_split_of_scaled_images_that_were_changed_is_scikit_learns_own(images, labels, ready):
    scaled = images / 255.0
    before = scaled[7, 14, 14]
    scaled[7, 14, 14] = 0.123
    try:
        found = sklearn.model_selection.train_test_split(scaled, labels, **USUAL)
        same(found[0], sklearns_own(scaled, labels, **USUAL)[0])
    finally:
        scaled[7, 14, 14] = before
    assert not ready.train.given


@pytest.mark.parametrize("wrong", [{"test_size": 7.5}, {"random_state": "42"}, {"size": 0.2}])
def test_wrong_arguments_raise_what_scikit_learn_raises(images, labels, wrong):
    scaled = images / 255.0
    with pytest.raises(Exception) as theirs:
        sklearns_own(scaled, labels, **{**USUAL, **wrong})
    with pytest.raises(type(theirs.value)) as ours:
        sklearn.model_selection.train_test_split(scaled, labels, **{**USUAL, **wrong})
    assert str(ours.value) == str(theirs.value)


def test_labels_of_another_length_raise_what_scikit_learn_raises(images, labels, ready):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        sklearn.model_selection.train_test_split(images / 255.0, labels[:-1], **USUAL)
    assert not ready.train.given


def test_a_second_split_shares_nothing_with_the_first(images, labels):
    scaled = images / 255.0
    first = sklearn.model_selection.train_test_split(scaled, labels, **USUAL)
    second = sklearn.model_selection.train_test_split(scaled, labels, **USUAL)
    same(first[0], second[0])
    assert not any(np.shares_memory(one, other) for one in first[:2] for other in [*second[:2], scaled])


def test_what_was_handed_out_is_recognised_at_once_and_no_longer_when_it_was_changed(
    images, labels, ready, monkeypatch
):
    scaled = images.reshape(-1, 784) / 255.0
    train, holdout, *_ = sklearn.model_selection.train_test_split(scaled, labels, **USUAL)
    monkeypatch.setattr(recognised_samples, "index_of", lambda data: pytest.fail("looked up"))
    for array, one in ((train, ready.train), (holdout, ready.holdout)):
        found = recognised_samples.shared.rows(array)
        assert np.array_equal(found.rows, one.rows) and found.lookup.scaling == "unit"
    monkeypatch.undo()
    before = holdout[3].copy()
    holdout[3] = 0.5
    try:
        assert recognised_samples.shared.rows(holdout) is None
    finally:
        holdout[3] = before


def test_a_process_without_them_splits_as_ever(monkeypatch):
    monkeypatch.setattr(precomputed, "_prepared", {})
    monkeypatch.setattr(sklearn.model_selection, "train_test_split", sklearns_own)
    precomputed.install_split()
    assert sklearn.model_selection.train_test_split is sklearns_own
    assert precomputed.nbytes() == 0


def test_the_images_over_255_are_compared_once_as_long_as_they_stay(images, labels, ready, monkeypatch):
    compared = []
    equals = precomputed.Prepared._equals
    monkeypatch.setattr(precomputed.Prepared, "_equals", lambda self, array: compared.append(1) or equals(self, array))
    unit = images.reshape(-1, 784) / 255.0
    found = recognised_samples.shared.rows(unit)
    assert np.array_equal(found.rows, np.arange(TRAINING)) and np.array_equal(
        found.lookup.numbers, np.arange(256) / 255.0
    )
    sklearn.model_selection.train_test_split(unit, labels, **USUAL)
    assert compared == [1] and ready.train.given
    ready.train.given = False
    unit[7, 300] += 1.0
    sklearn.model_selection.train_test_split(unit, labels, **USUAL)
    assert len(compared) == 2 and not ready.train.given


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 784), (784, 1)])
def test_what_is_recognised_by_comparing_is_what_is_looked_up(images, ready, shape):
    unit = images.reshape(-1, *shape) / 255.0
    found, looked_up = ready.recognised(unit), recognised_samples.shared.index.recognise(unit)
    assert (found is None) == (looked_up is None)
    if found is not None:
        assert found.rows.dtype == looked_up.rows.dtype and np.array_equal(found.rows, looked_up.rows)
        assert found.lookup.numbers.dtype == looked_up.lookup.numbers.dtype
        assert np.array_equal(found.lookup.numbers, looked_up.lookup.numbers)


def test_an_array_that_waited_is_not_read_again_until_somebody_writes_to_it(plain, monkeypatch):
    rows = np.arange(1_000, dtype=np.int32)
    array = untouched.filled(lambda memory: np.divide(plain[:1_000].reshape(-1, 784), 255.0, out=memory), (1_000, 784))
    one = precomputed.Ready(array, rows, recognised_samples.shared.index).give((784,))
    read = []
    monkeypatch.setattr(
        recognised_samples, "checksum", lambda array, own=recognised_samples.checksum: read.append(array) or own(array)
    )
    for _fit in range(3):
        assert recognised_samples.shared.rows(one).rows is rows
    assert not read
    one[500, 300] += 0.123
    assert recognised_samples.shared.rows(one) is None and read


@pytest.mark.parametrize("at", [0, 1_000_003, -1])
def test_the_system_tells_of_every_number_that_was_written(at):
    array = untouched.filled(lambda memory: memory.fill(1.0), (1_500, 784))
    assert untouched.is_untouched(array) and array.sum() == array.size and untouched.is_untouched(array)
    child = os.fork()
    if not child:
        array.reshape(-1)[at] = 2.0
        os._exit(untouched.is_untouched(array))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert untouched.is_untouched(array) and array.sum() == array.size
    array.reshape(-1)[at] = 1.0  # the same value is written, too
    assert not untouched.is_untouched(array)


def test_where_there_is_no_such_memory_arrays_are_ordinary(monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    array = untouched.filled(lambda memory: memory.fill(1.0), (10, 784))
    assert array.flags.owndata and not untouched.is_untouched(array)
