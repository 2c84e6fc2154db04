"""Fashion-MNIST: where it is looked for, how it is verified, and how it is split. Nothing here uses the network."""

import gzip
import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from autograder.common.data.base import DataSet, HoldoutSplit
from autograder.common.data.data_sets import load
from autograder.common.data.fashion_mnist import CLASSES, DIGESTS, SOURCE
from autograder.common.data.sources import Source
from autograder.common.data.tables import bundled
from autograder.common.errors import DataError
from tests.later import keras


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home of Keras; its folder for the data set."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "datasets" / "fashion-mnist"


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """The folder of Debian's package, elsewhere and empty."""
    return tmp_path / "debian"


@pytest.fixture
def looked_for(debian):
    return replace(SOURCE, elsewhere=(debian,))


@pytest.fixture(scope="module")
def source():
    return SOURCE.find(download=False)


def fill(folder, source):
    folder.mkdir(parents=True)
    for name in DIGESTS:
        os.symlink(source / name, folder / name)
    return folder


def test_keras_cache_comes_before_debians_package(source, home, debian, looked_for):
    fill(debian, source)
    assert looked_for.find(download=False) == debian
    fill(home, source)
    assert looked_for.find(download=False) == home


def test_a_folder_with_a_file_missing_is_passed_over(source, home, debian, looked_for):
    fill(debian, source)
    fill(home, source)
    (home / "t10k-labels-idx1-ubyte.gz").unlink()
    assert looked_for.find(download=False) == debian


@pytest.mark.parametrize("name", DIGESTS)
def test_a_damaged_file_is_named(source, home, debian, looked_for, name):
    fill(home, source)
    (home / name).unlink()
    (home / name).write_bytes(b"damaged")
    digest = hashlib.sha256(b"damaged").hexdigest()
    with pytest.raises(DataError) as caught:
        looked_for.find(download=False)
    assert f"{home / name} is damaged" in str(caught.value)
    assert digest[:12] in str(caught.value) and DIGESTS[name][:12] in str(caught.value)
    assert caught.value.remedy == f"Delete {home / name} and run the command again."


def test_without_the_data_all_three_remedies_are_given(home, debian, looked_for, monkeypatch):
    def offline():
        raise OSError("no route to host")

    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", offline)
    with pytest.raises(DataError) as caught:
        looked_for.find()
    message, remedy = str(caught.value), caught.value.remedy
    assert str(home) in message and str(debian) in message and "OSError: no route to host" in message
    assert "connect to the internet" in remedy
    assert "apt-get install dataset-fashion-mnist" in remedy
    assert f"copy the files {', '.join(DIGESTS)} to {home}" in remedy


def test_nothing_is_downloaded_when_that_was_not_asked_for(home, debian, looked_for, monkeypatch):
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: pytest.fail("it was"))
    with pytest.raises(DataError, match="not tried"):
        looked_for.find(download=False)


def test_what_keras_downloads_is_used_and_verified(source, home, debian, looked_for, monkeypatch):
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: fill(home, source))
    assert looked_for.find() == home


def test_installing_puts_the_files_where_keras_looks(source, home, debian, looked_for):
    fill(debian, source)
    assert looked_for.install() == home
    assert {path.name for path in home.iterdir()} == set(DIGESTS)
    assert looked_for.find(download=False) == home
    assert looked_for.install() == home  # nothing to do


def test_a_file_that_is_no_gzip_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(Source, "find", lambda self, download: tmp_path)
    for name in DIGESTS:
        (tmp_path / name).write_bytes(b"no gzip")
    with pytest.raises(DataError, match="can't be read") as caught:
        SOURCE.load()
    assert str(tmp_path) in str(caught.value) and caught.value.remedy.startswith("Delete")


def test_a_file_that_ends_early_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Source, "find", lambda self, download: tmp_path)
    for name in DIGESTS:
        (tmp_path / name).write_bytes(gzip.compress(bytes(100))[:-10])
    with pytest.raises(DataError, match="can't be read"):
        SOURCE.load()


def test_the_data_set_is_as_keras_loads_it(data):
    (train, train_labels), (test, test_labels) = keras.datasets.fashion_mnist.load_data()
    assert np.array_equal(data.features, np.concatenate([train, test]))
    assert np.array_equal(data.targets, np.concatenate([train_labels, test_labels]))
    assert data.features.dtype == np.uint8 and data.features.shape == (70_000, 28, 28)
    assert len(CLASSES) == 10 and set(np.unique(data.targets)) == set(range(10))


def test_the_data_set_is_read_once_and_cannot_be_changed(data):
    assert load() is load()
    with pytest.raises(ValueError, match="read-only"):
        data.features[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        data.targets[0] = 1


def test_splits_are_those_of_train_test_split_on_the_arrays(data, splits):
    images, labels = data.features[:60_000], data.targets[:60_000]
    train, val, train_labels, val_labels = train_test_split(images, labels, test_size=0.2, random_state=42)
    assert train.shape == (48_000, 28, 28) and val.shape == (12_000, 28, 28)
    assert np.array_equal(data.features[splits["train"]], train)
    assert np.array_equal(data.features[splits["holdout"]], val)
    assert np.array_equal(data.targets[splits["train"]], train_labels)
    assert np.array_equal(data.targets[splits["holdout"]], val_labels)


def test_splits_do_not_overlap_and_leave_nothing_out(splits):
    assert sorted([*splits["train"], *splits["holdout"]]) == splits["all_train"].tolist() == list(range(60_000))
    assert splits["test"].tolist() == list(range(60_000, 70_000))


def test_another_seed_gives_another_split(data, splits):
    other = data.splits(HoldoutSplit(random_state=43))
    assert not np.array_equal(other["train"], splits["train"])
    assert len(data.splits(HoldoutSplit(0.25))["holdout"]) == 15_000


@pytest.mark.parametrize("size", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("how", [{"random_state": 7}, {"shuffle": False}, {"random_state": 7, "stratify": True}])
def test_each_way_to_split_is_scikit_learns_and_is_said_as_it_is_called(size, how):
    table = bundled("iris")
    said = HoldoutSplit(size, **how)
    parts = table.splits(said)
    called = eval(f"dict({said})", {"labels": table.targets})
    assert called.keys() - {"stratify"} == {"test_size", *how} - {"stratify"} and ("stratify" in called) == (
        "stratify" in how
    )
    train, holdout = train_test_split(np.arange(150), **called)
    assert parts["train"].tolist() == train.tolist() and parts["holdout"].tolist() == holdout.tolist()


@pytest.mark.parametrize("rows", [2, 3, 5])
def test_rows_that_cannot_be_split_so_are_told_with_the_remedy(rows):
    table = DataSet("file", "t.csv", np.zeros((rows, 1)), np.arange(rows), rows, ())
    with pytest.raises(DataError, match="stratify=labels") as caught:
        table.splits(HoldoutSplit(stratify=True))
    assert "holdout" in caught.value.remedy
