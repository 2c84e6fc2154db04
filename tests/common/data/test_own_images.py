"""A course's own images: what is read, what is refused and with which remedy, and that whatever students usually make of them is known."""

import io
import zipfile

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from autograder.common.data import data_sets, own_images
from autograder.common.data.base import HoldoutSplit
from autograder.common.data.own_images import ImageFile
from autograder.common.data.recognised_rows import Index
from autograder.common.errors import DataError
from autograder.course.checks.answers.arrays import scaling_hint

SEEDS = range(12)
FACTOR = np.float32(1 / 255)


def drawn(seed):
    """The arrays of a file: grey or coloured, of any size, in all or few of the 256 greys, with borders, with or without a test set."""
    draw = np.random.default_rng(seed)
    training, test = int(draw.integers(40, 300)), int(draw.choice([0, 30]))
    height, width = (int(side) for side in draw.integers(5, 33, 2))
    shape = (height, width, *((), (1,), (3,))[seed % 3])
    low, high = sorted(int(end) for end in draw.choice(256, 2, replace=False)) if seed % 2 else (0, 255)
    images = draw.integers(low, high + 1, (training + test, *shape))
    if seed % 4 == 0:  # all that tells images apart is in a corner
        images[:, 2:, :] = low
    labels = draw.integers(0, draw.integers(2, 12), training + test)
    kind, column = draw.choice(["uint8", "int64", "int16"]), bool(draw.integers(2))
    images, labels = images.astype(kind), labels.astype(draw.choice(["uint8", "int64", "float32"]))
    images = images[np.sort(np.unique(images, axis=0, return_index=True)[1])]
    labels = labels[: len(images)].reshape(-1, 1) if column else labels[: len(images)]
    cut = len(images) - test
    found = {"x_train": images[:cut], "y_train": labels[:cut]}
    return found | ({"x_test": images[cut:], "y_test": labels[cut:]} if test else {})


def saved(folder, arrays, name="photos.npz"):
    np.savez_compressed(folder / name, **arrays)
    return folder / name


PREPARATIONS = {
    "as they are": lambda x: x,
    "over 255": lambda x: x / 255.0,
    "float32 by a factor": lambda x: x.astype("float32") * FACTOR,
    "float16": lambda x: x.astype("float16"),
    "over 256": lambda x: x.astype("float32") / 256,
    "-1 to 1": lambda x: x / 127.5 - 1,
    "over the largest": lambda x: x / x.max(),
    "between the ends": lambda x: (x - x.min()) / (float(x.max()) - float(x.min())),
    "standardised": lambda x: (x - x.mean()) / x.std(),
}
LAYOUTS = {
    "as they are": lambda x: x,
    "rows": lambda x: x.reshape(len(x), -1),
    "a channel": lambda x: x[..., None] if x.ndim == 3 else x,
    "no channel": lambda x: x[..., 0] if x.shape[3:] == (1,) else x,
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rows_of_every_usual_preparation_are_known(tmp_path, seed):
    arrays = drawn(seed)
    data = ImageFile(saved(tmp_path, arrays)).read()
    images = np.concatenate([arrays[name] for name in ("x_train", "x_test") if name in arrays])
    known, rows = Index(data), np.arange(len(images))
    how = HoldoutSplit(0.25, seed)
    train, holdout = train_test_split(rows[: data.training], test_size=0.25, random_state=seed)
    if seed % 2:
        known.expect([data.splits(how)["train"], data.splits(how)["holdout"]])
    draw = np.random.default_rng(seed + 1000)
    shares = {
        "all": rows, "shuffled": draw.permutation(rows), "train": train, "hold-out": holdout, "validation_split": rows[: -len(rows) // 5],
        "a subset": rows[3::2], "with repetitions": draw.integers(0, len(rows), 50), "one": rows[-1:],
    }  # fmt: skip
    for prepared in PREPARATIONS:
        values = PREPARATIONS[prepared](images)
        for layout, laid in LAYOUTS.items():
            for share, of in shares.items():
                found = known.recognise(laid(values[of]))
                assert found is not None, (prepared, layout, share)
                assert np.array_equal(found.rows, of), (prepared, layout, share)
    for share, of in shares.items():  # scaled by what is in that part alone
        if share != "one":
            part = images[of].astype(float)
            found = known.recognise((part - part.mean()) / part.std())
            assert found is not None and np.array_equal(found.rows, of), share


@pytest.mark.parametrize("seed", range(2))
def test_pixels_that_come_late_are_read_with_the_rounding_they_have(tmp_path, seed):
    """A grey that only the last images hold, multiplied instead of divided: not what the usual scaling gives, bit for bit."""
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 100, (6000, 5, 4), np.uint8)
    images[-300:] += np.uint8(150)
    data = ImageFile(saved(tmp_path, {"x_train": images, "y_train": np.arange(6000) % 4})).read()
    for values in (images * (1 / 255), images.astype("float32") * FACTOR, (images - images.mean()) / images.std()):
        for rows in (np.arange(6000), draw.permutation(6000), np.arange(5000, 6000)):
            found = Index(data).recognise(values[rows])
            assert found is not None and np.array_equal(found.rows, rows)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_pixels_were_divided_by_is_read_off(tmp_path, seed, kind):
    arrays = drawn(seed)
    known = Index(ImageFile(saved(tmp_path, arrays)).read())
    for part in (arrays["x_train"], arrays["x_train"][:10]):
        found = known.recognise(part.astype(kind) / part.max())
        if part.max() != 255:
            assert f"divided by {part.max()}, not by 255" in scaling_hint("unit", found.lookup.scaling, found.lookup)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_image_that_differs_in_one_pixel_is_another_one(tmp_path, seed):
    arrays = drawn(seed)
    known = Index(ImageFile(saved(tmp_path, arrays)).read())
    images = arrays["x_train"].astype(np.int64)
    images[7].ravel()[-1] += 1 if images[7].ravel()[-1] < 255 else -1
    found = known.recognise(images / 255.0)
    others = np.concatenate([arrays[name] for name in ("x_train", "x_test") if name in arrays])
    assert found is None or np.array_equal(others[found.rows], images)  # it may be the twin of another by chance


@pytest.mark.parametrize("seed", SEEDS)
def test_the_data_set_holds_the_files_rows_and_labels_in_order(tmp_path, seed):
    arrays = drawn(seed)
    data = ImageFile(saved(tmp_path, arrays)).read()
    assert data.features.dtype == np.uint8 and data.features.shape[3:] in ((), (3,))
    assert np.array_equal(data.features[: data.training].reshape(arrays["x_train"].shape), arrays["x_train"])
    assert np.array_equal(data.targets[: data.training], arrays["y_train"].ravel())
    assert len(data) - data.training == len(arrays.get("x_test", ()))
    assert data.class_count == int(data.targets.max()) + 1
    assert data_sets.has_images(data.name)


def test_what_it_is_called_tells_files_apart_by_their_content(tmp_path):
    path = saved(tmp_path, drawn(1))
    before = own_images.called(path)
    assert ImageFile(path).read().name == before and before.endswith("/photos.npz")
    saved(tmp_path, drawn(2))
    assert own_images.called(path) != before == before
    with pytest.raises(DataError, match=r"none\.npz"):
        own_images.called(tmp_path / "none.npz")


def test_a_sandbox_finds_the_file_by_that_name_below_kerass_home(tmp_path, monkeypatch):
    path = saved(tmp_path, drawn(3))
    ((place, file),) = data_sets.places(path).items()
    assert (place, file) == (data_sets.called(path), path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / place).parent.mkdir(parents=True)
    (tmp_path / "keras" / place).write_bytes(path.read_bytes())
    assert data_sets.load(place).name == place


X, Y = np.random.default_rng(0).integers(0, 256, (20, 6, 5), dtype=np.uint8), np.arange(20, dtype=np.uint8) % 3
TWICE = np.concatenate([X[:15], X[2:3], X[16:]])
REFUSED = {
    "misspelled": ({"x_train": X, "Y_trian": Y}, "there is an array 'Y_trian'", "did you mean 'y_train'?"),
    "another": ({"x_train": X, "y_train": Y, "paths": Y}, "'paths'", "`classes`"),
    "no labels": ({"x_train": X}, "there is no array 'y_train'", "np.savez_compressed"),
    "half a test set": ({"x_train": X, "y_train": Y, "y_test": Y}, "there is no array 'x_test'", "savez"),
    "from 0 to 1": ({"x_train": X / 255.0, "y_train": Y}, "'x_train' holds float64 from 0 to 1", "np.rint(images * 255)"),
    "too bright": ({"x_train": X * np.int64(2), "y_train": Y}, "int64", "uint8"),
    "truth values": ({"x_train": X > 9, "y_train": Y}, "'x_train' holds bool", "uint8"),
    "no numbers": ({"x_train": np.full(X.shape, np.nan), "y_train": Y}, "'x_train' holds float64", "uint8"),
    "flat": ({"x_train": X.reshape(20, -1), "y_train": Y}, "'x_train' is of shape (20, 30)", "rows x height x width"),
    "channels first": ({"x_train": np.stack([X] * 3, 1), "y_train": Y}, "(20, 3, 6, 5)", "np.transpose"),
    "empty": ({"x_train": X[:0], "y_train": Y[:0]}, "(0, 6, 5)", "rows x height x width"),
    "one row": ({"x_train": X[:1], "y_train": Y[:1]}, "there is 1 image for training", "At least two"),
    "one-hot": ({"x_train": X, "y_train": np.eye(3)[Y]}, "'y_train' is of shape (20, 3)", "argmax"),
    "fewer labels": ({"x_train": X, "y_train": Y[:9]}, "'y_train' is of shape (9,), and there are 20", "one number"),
    "names": ({"x_train": X, "y_train": np.array(["cat", "dog"] * 10)}, "'y_train' holds 'cat'", "Number the classes"),
    "below 0": ({"x_train": X, "y_train": Y.astype(int) - 1}, "'y_train' holds -1", "from 0"),
    "between": ({"x_train": X, "y_train": Y + 0.5}, "'y_train' holds 0.5", "from 0"),
    "too many classes": ({"x_train": X, "y_train": Y.astype(int) + 98}, "'y_train' holds 100", "from 0"),
    "more than named": ({"x_train": X, "y_train": Y + 1}, "there is a 3", "Name all classes"),
    "twice": ({"x_train": TWICE, "y_train": Y}, "x_train[2] and x_train[15] are the same image", "np.unique"),
    "in both": ({"x_train": X, "y_train": Y, "x_test": X[5:6], "y_test": Y[:1]}, "x_train[5] and x_test[0]", "unique"),
    "two shapes": ({"x_train": X, "y_train": Y, "x_test": X[:, 1:], "y_test": Y}, "(6, 5), and those of x_test of (5, 5)", "one shape"),
    "objects": ({"x_train": np.array([X[0], X[1, 1:]], object), "y_train": Y[:2]}, "'x_train' holds objects", "np.stack"),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "said", "remedy"), REFUSED.values(), ids=REFUSED)
def test_what_are_no_images_is_refused_with_file_array_and_remedy(tmp_path, arrays, said, remedy):
    with pytest.raises(DataError) as refused:
        ImageFile(saved(tmp_path, arrays), ("a", "b", "c")).read()
    assert str(refused.value).startswith("photos.npz: ") and said in str(refused.value)
    assert remedy in refused.value.remedy


def test_more_numbers_than_cifar_10_has_are_refused_before_they_are_read(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (9, 4096, 8192)})
    with zipfile.ZipFile(tmp_path / "photos.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x_train.npy", "w") as part:
            part.write(head.getvalue())
            for _row in range(9):
                part.write(bytes(4096 * 8192))
        archive.writestr("y_train.npy", b"")
    with pytest.raises(DataError, match=r"x_train alone 301,99\d,\d+\), and 184,320,000 are the most") as refused:
        ImageFile(tmp_path / "photos.npz").read()
    assert "fewer or smaller" in refused.value.remedy


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"x" * 500], ids=["empty", "cut off", "no zip"])
def test_a_damaged_file_is_told_by_its_name(tmp_path, content):
    (tmp_path / "photos.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"photos\.npz can't be read") as refused:
        ImageFile(tmp_path / "photos.npz").read()
    assert "x_train" in refused.value.remedy


def test_another_file_than_the_declared_one_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not the file that belongs here"):
        ImageFile(saved(tmp_path, drawn(1)), digest="0" * 64).read()
