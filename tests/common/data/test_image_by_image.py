"""Images that were scaled each by itself: any way, axes, type, layout and subset of them; and nothing but such a way."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import sklearn.preprocessing

from autograder.common.data import image_by_image, lookups
from autograder.common.data.base import DataSet
from autograder.common.data.image_by_image import ByImage
from autograder.common.data.recognised_rows import Index, index
from autograder.common.errors import CannotRebuild
from autograder.common.wire.messages import SamplesMessage
from autograder.course.checks.answers.arrays import pixels_text, scaling_hint
from autograder.networks.accepted_trainings import check_lookup, samples_for
from autograder.networks.build import architecture, compile_settings
from tests.hand_built import dense, model
from tests.later import keras, tf

ALL = (1, 2)


def _over(values, by):
    return np.divide(values, by, out=np.zeros_like(values), where=by != 0)


def by_largest(x, axes):
    return _over(x, x.max(axis=axes, keepdims=True))


def between_its_ends(x, axes):
    low = x.min(axis=axes, keepdims=True)
    return _over(x - low, x.max(axis=axes, keepdims=True) - low)


def standardised(x, axes):
    return _over(x - x.mean(axis=axes, keepdims=True), x.std(axis=axes, keepdims=True))


def in_numpy(way, x):
    """As students write it: along which axes, over what."""
    return way(x, (1,)), way(x, (2,)), way(x, ALL)


WAYS = {
    "keras, axis=1": lambda x: keras.utils.normalize(x, axis=1),
    "keras, last axis": lambda x: keras.utils.normalize(x),
    "keras, flat": lambda x: keras.utils.normalize(x.reshape(len(x), -1)),
    "keras, by sums": lambda x: keras.utils.normalize(x, axis=2, order=1),
    "tensorflow": lambda x: tf.image.per_image_standardization(x[..., None]).numpy(),
    "scikit-learn, l2": lambda x: sklearn.preprocessing.normalize(x.reshape(len(x), -1)),
    "scikit-learn, l1": lambda x: sklearn.preprocessing.normalize(x.reshape(len(x), -1), norm="l1"),
    "scikit-learn, max": lambda x: sklearn.preprocessing.normalize(x.reshape(len(x), -1), norm="max"),
    "scikit-learn, scale": lambda x: sklearn.preprocessing.scale(x.reshape(len(x), -1), axis=1),
    "scikit-learn, minmax_scale": lambda x: sklearn.preprocessing.minmax_scale(x.reshape(len(x), -1), axis=1),
    "an epsilon": lambda x: (x - x.mean(axis=ALL, keepdims=True)) / (x.std(axis=ALL, keepdims=True) + 1e-7),
    "over one less": lambda x: (x - x.mean(axis=ALL, keepdims=True)) / x.std(axis=ALL, keepdims=True, ddof=1),
    "from -1 to 1": lambda x: between_its_ends(x, ALL) * 2 - 1,
    "its mean taken away": lambda x: (x - x.mean(axis=ALL, keepdims=True)) / 255,
    **{
        f"{way.__name__}, {axes}": lambda x, way=way, axes=axes: way(x, axes)
        for way, axes in itertools.product([by_largest, between_its_ends, standardised], [(1,), (2,), ALL])
    },
}
BEFORE = {"raw": 1.0, "over 255": 255.0}
TYPES = ("float32", "float64")
LAYOUTS = ((784,), (28, 28), (28, 28, 1))


@pytest.fixture(scope="module")
def known():
    return index()


def drawn(seed, data, splits):
    """Some images, in a subset and order drawn by `seed`: their rows, and what they are scaled from, in a drawn type."""
    draw = np.random.default_rng(seed)
    of = splits["train"], splits["holdout"], np.arange(70_000), draw.integers(0, 70_000, 400)
    rows = of[seed % 4][draw.integers(0, 200) :][: draw.integers(1, 300)].astype(np.int32)
    rows = draw.permutation(rows) if seed % 3 else rows
    images = data.features[rows].astype(TYPES[draw.integers(2)]) / list(BEFORE.values())[draw.integers(2)]
    return rows, images, LAYOUTS[draw.integers(3)], (*TYPES, "float16")[draw.integers(3)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(2))
def test_images_scaled_each_by_itself_are_recognised(known, data, splits, way, seed):
    rows, images, layout, kind = drawn(seed + 3 * list(WAYS).index(way), data, splits)
    values = WAYS[way](images).reshape(-1, *layout)
    kind = kind if np.abs(values).max() > 0.5 else "float32"  # of a sum, half precision leaves two digits
    values = values.astype(kind)
    found = known.recognise(values)
    assert found is not None and np.array_equal(found.rows, rows)
    assert found.lookup.scaling == "other" or np.allclose(
        values, data.features[rows].reshape(values.shape) / 255, atol=1e-3
    )
    again = found.lookup.seen(data.features[rows]).reshape(values.shape)
    near = 3e-3 if kind == "float16" else 1e-4
    assert np.allclose(again, values.astype(float), rtol=near, atol=near * np.abs(values).max())


@pytest.mark.parametrize("seed", range(6))
def test_images_in_colour_are_recognised_by_rows_columns_and_channels(seed):
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 256, (60, 6, 5, 3), np.uint8)
    known = Index(DataSet("nothing", "Nothing", images, np.zeros(60, np.uint8), 50, ()))
    rows = draw.permutation(60)[: draw.integers(2, 60)]
    for axes in ((1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)):
        for way in (by_largest, between_its_ends, standardised):
            values = way(images[rows].astype("float32"), axes)
            found = known.recognise(values)
            assert found is not None and np.array_equal(found.rows, rows), (way, axes)
            assert np.allclose(found.lookup.seen(images[found.rows]), values, atol=1e-4)


def test_a_single_pixel_that_differs_is_noticed(known, data):
    for axes, way in (((1,), by_largest), ((2,), standardised), (ALL, between_its_ends)):
        images = way(data.features[:260].astype(float), axes)
        images[255, 14, 14] += 0.004
        assert known.recognise(images) is None


def labelled(x, labels):
    return by_largest(x, ALL) * (1 + labels[:, None, None] / 1000)


OTHERS = {
    "each by its label": labelled,
    "half of them otherwise": lambda x, labels: np.concatenate([by_largest(x[:255], ALL), standardised(x[255:], ALL)]),
    "by another image's numbers": lambda x, labels: x / np.roll(x.max(axis=ALL, keepdims=True), 1, 0),
    "the label in a pixel": lambda x, labels: np.where(np.arange(784).reshape(28, 28) == 0, labels[:, None, None], by_largest(x, ALL)),
    "no numbers where a row is black": lambda x, labels: np.where(x.max(axis=2, keepdims=True), by_largest(x, (2,)), np.nan),
    "infinite": lambda x, labels: by_largest(x, ALL) * np.inf,
    "large": lambda x, labels: by_largest(x, ALL) * 1e300,
    "upside down": lambda x, labels: by_largest(x, ALL)[:, ::-1],
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.filterwarnings("error:::autograder")
def test_only_what_one_way_makes_of_all_images_is_recognised(known, data, other):
    with np.errstate(all="ignore"):
        values = OTHERS[other](data.features[:260].astype(float), data.targets[:260])
    assert known.recognise(values) is None


def test_of_other_data_no_more_than_the_first_image_is_looked_up(known, monkeypatch):
    numbers, original = [], image_by_image.keys
    known.recognise(np.random.default_rng(0).random((3, 784)))  # what it takes once
    monkeypatch.setattr(
        image_by_image, "keys", lambda images, axis: numbers.append(len(images)) or original(images, axis)
    )
    assert known.recognise(np.random.default_rng(0).random((5000, 784))) is None
    assert numbers and set(numbers) == {1}


WRONG = [
    (0, 0, 1),
    (8, 0, 1),
    (1, 0, 0),
    (1, 0, 2),
    (1, 0, 3),
    (1, 3, 1),
    (1, 0, 6),
    (-1, 0, 1),
    (1.5, 0, 1),
    (1, -1, 1),
    (1, 0, np.nan),
]


@pytest.mark.parametrize("wrong", [*((*one, 0, 1) for one in WRONG), (1, 0, 1, np.inf, 1), (1, 0, 1, 0, np.nan)])
def test_a_way_that_there_is_not_does_not_travel(wrong):
    assert lookups.parsed(np.array(wrong, float)) is None
    assert lookups.parsed(np.array((1, 0, 1, 0, 1), float)) == ByImage(1, 0, 1)


HINTS = {
    "keras, axis=1": "Each column of each image was scaled by itself, by its length, as keras.utils.normalize does it",
    "keras, last axis": "Each row of each image was scaled by itself, by its length, as keras.utils.normalize does it",
    "keras, flat": "Each image was scaled by itself, by its length, as keras.utils.normalize does it",
    "scikit-learn, l1": "Each image was scaled by itself, by its sum",
    "by_largest, (1, 2)": "Each image was scaled by itself, by its largest pixel",
    "between_its_ends, (2,)": "Each row of each image was scaled by itself, by its smallest and largest pixel",
    "tensorflow": "Each image was scaled by itself, by its mean and spread",
    "its mean taken away": "Each image was scaled by itself, by its mean",
}


@pytest.mark.parametrize("way", HINTS)
def test_the_hint_says_what_was_scaled_by_what(known, data, way):
    lookup = known.recognise(WAYS[way](data.features[:300].astype("float32")).reshape(300, 784)).lookup
    assert scaling_hint("unit", "other", lookup) == f"{HINTS[way]}: divide all pixels by 255.0."
    assert scaling_hint("raw", "other", lookup) == f"{HINTS[way]}: leave the pixels as they are."
    assert pixels_text("other", lookup) == "pixels scaled image by image"
    assert lookup.ends == (-np.inf, np.inf)


def test_the_judge_trains_on_what_the_network_saw(data):
    rows = np.arange(60, dtype=np.int32)
    lookup = ByImage(axes=3, taken=2, divided=3, shift=1.0, factor=2.0)
    network = model(dense(10, "softmax"))
    message = SamplesMessage(rows=rows, labels=data.targets[rows], lookup=lookup, shape=(784,))
    samples = samples_for(message, network, architecture(network), compile_settings(network.compiled), data)
    images = data.features[rows].reshape(60, 784).astype(float)
    wanted = 1 + 2 * (images - images.mean(axis=1, keepdims=True)) / images.std(axis=1, keepdims=True)
    assert samples.images(data).dtype == np.float32 and np.allclose(samples.images(data), wanted, atol=1e-5)
    assert samples.key() != replace(samples, lookup=ByImage(3, 0, 1)).key()
    with pytest.raises(CannotRebuild, match="other pixels"):
        check_lookup(ByImage(axes=4, taken=0, divided=1), architecture(network), data)
