"""Data sets beside Fashion-MNIST: read from files as Keras keeps them (small stand-ins here), and recognised row by row in any form."""

import io
import json
import struct
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from autograder.common.data import cifar10, data_sets, mnist
from autograder.common.data.base import DataSet
from autograder.common.data.recognised_rows import Index
from autograder.common.digests import of_file
from autograder.common.errors import DataError

TRAINING, TEST = 50, 10


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def drawn(shape):
    draw = np.random.default_rng(3)
    return draw.integers(0, 256, (TRAINING + TEST, *shape), np.uint8), draw.integers(0, 10, TRAINING + TEST).astype(
        np.uint8
    )


def standing_in(source, path):
    """`source` with the digest of the stand-in at `path`."""
    return replace(source, digests={path.name: of_file(path)})


def a_mnist(folder):
    images, labels = drawn((28, 28))
    parts = {"x_train": images[:TRAINING], "y_train": labels[:TRAINING], "x_test": images[TRAINING:], "y_test": labels[TRAINING:]}  # fmt: skip
    np.savez(folder / mnist.FILE, **parts)
    return standing_in(mnist.SOURCE, folder / mnist.FILE), images, labels


def pickled(pixels, labels):
    """As the archive's parts were written, by Python 2: {'data': array, 'labels': list}."""
    made = (
        b"(dU\x04datacnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01btR(I1\n(I%d\nI%d\ntcnumpy\ndtype\n"
        b"(U\x02u1I0\nI1\ntR(I3\nU\x01|NNNI-1\nI-1\nI0\ntbI00\nT" % pixels.shape
    )
    made += struct.pack("<i", pixels.nbytes) + pixels.tobytes() + b"tbsU\x06labels("
    return made + b"".join(b"I%d\n" % label for label in labels) + b"ls."


def a_cifar10(folder, part=pickled):
    images, labels = drawn(cifar10.SHAPE)
    with tarfile.open(folder / cifar10.FILE, "w:gz") as archive:
        for number, name in enumerate(cifar10.PARTS):
            rows = slice(10 * number, 10 * number + 10)
            content = part(images[rows].transpose(0, 3, 1, 2).reshape(10, -1), labels[rows])
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return standing_in(cifar10.SOURCE, folder / cifar10.FILE), images, labels


@pytest.mark.parametrize("made", [a_mnist, a_cifar10])
def test_a_data_set_is_read_from_keras_cache(keras_home, made):
    source, images, labels = made(keras_home)
    data = source.load(download=False)
    assert np.array_equal(data.features, images) and np.array_equal(data.targets, labels)
    assert data.training == TRAINING and data.shape == source.shape and len(data.classes) == 10
    assert source.places() == {f"datasets/{name}": keras_home / name for name in source.digests}
    with pytest.raises(ValueError, match="read-only"):
        data.features[0] = 0


@pytest.mark.parametrize("source", [mnist.SOURCE, cifar10.SOURCE])
def test_another_file_under_its_name_is_not_read(keras_home, source):
    (name,) = source.digests
    (keras_home / name).write_bytes(b"something else")
    with pytest.raises(DataError, match="is damaged"):
        source.load(download=False)


def test_an_archive_runs_nothing(keras_home):
    source, *_data = a_cifar10(keras_home, lambda pixels, labels: b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DataError, match="has no place in CIFAR-10"):
        source.load(download=False)


def test_what_a_notebook_loads_has_the_shapes_of_keras(keras_home, monkeypatch):
    from autograder.kernel.graded.start import _load_data

    for made in (a_mnist, a_cifar10):
        source, images, labels = made(keras_home)
        monkeypatch.setitem(data_sets.SOURCES, source.name, source)
        data_sets._load.cache_clear()
        (train, train_labels), (test, test_labels) = _load_data(source.name)
        assert np.array_equal(np.concatenate([train, test]), images)
        column = (1,) if source.name == "cifar10" else ()
        assert train_labels.shape == (TRAINING, *column) and test_labels.shape == (TEST, *column)
        assert np.array_equal(np.concatenate([train_labels, test_labels]).ravel(), labels)
    data_sets._load.cache_clear()


def colours(twins=0):
    images, labels = drawn((32, 32, 3))
    images[TRAINING : TRAINING + twins] = images[:twins]
    return DataSet("colours", "Colours", images, labels, TRAINING, tuple("0123456789"))


@pytest.mark.parametrize("form", [lambda x: x, lambda x: x.reshape(len(x), -1), lambda x: x[..., None]])
@pytest.mark.parametrize("scale", [lambda x: x / 255.0, lambda x: x.astype("float32"), lambda x: x / 127.5 - 1])
def test_images_of_three_colours_are_recognised_in_any_form(form, scale):
    data = colours()
    rows = np.random.default_rng(1).permutation(len(data)).astype(np.int32)
    assert np.array_equal(Index(data).recognise(form(scale(data.features[rows]))).rows, rows)


def test_images_that_are_there_twice_are_each_found_once():
    """Else whoever trains on all of the training split, in another order, would have trained on some twice and on others never."""
    index = Index(data := colours(twins=7))
    rows = np.random.default_rng(1).permutation(len(data))
    found = index.recognise(data.features[rows]).rows
    assert sorted(found) == list(range(len(data)))
    assert np.array_equal(data.features[found], data.features[rows])
    assert np.array_equal(index.recognise(data.features[:TRAINING]).rows, np.arange(TRAINING))


def test_one_changed_value_of_a_twin_is_noticed():
    index = Index(data := colours(twins=7))
    changed = data.features.copy()
    changed[3, 0, 0, 0] ^= 1
    assert index.recognise(changed) is None


def test_course_yml_names_its_data_set(course_file, tmp_path):
    import yaml

    from autograder.common.errors import CourseError
    from autograder.course.course import load

    document = yaml.safe_load(course_file.read_text("utf-8"))
    for folder in ("solutions",):
        (tmp_path / folder).symlink_to(course_file.parent / folder)
    for name, known in (("mnist", True), ("cifar10", True), ("imagenet", False)):
        (tmp_path / "course.yml").write_text(json.dumps({**document, "data": {"name": name}}, default=str), "utf-8")
        if known:
            assert load(tmp_path / "course.yml").data.name == name
        else:
            with pytest.raises(CourseError, match="there is no data set 'imagenet' here"):
                load(tmp_path / "course.yml")
