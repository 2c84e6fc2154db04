"""Which images are in an array: any order, subset, type, scaling and layout; and nothing that differs in one pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from autograder.common.data.base import DataSet
from autograder.common.data.lookups import ByShade
from autograder.common.data.recognised_rows import Index, index
from autograder.course.checks.answers.arrays import scaling_hint

SCALINGS = {
    "unit": (lambda x: x / 255.0, "unit"),
    "unit by a factor": (lambda x: x * (1 / 255), "unit"),
    "raw": (lambda x: x * 1.0, "raw"),
    "over 256": (lambda x: x / 256.0, "other"),
    "-1 to 1": (lambda x: x / 127.5 - 1.0, "other"),
    "-0.5 to 0.5": (lambda x: x / 255.0 - 0.5, "other"),
    "scaled twice": (lambda x: x / 255.0 / 255.0, "other"),
}
VALUE_BY_VALUE = {
    "whole numbers": lambda x: x // 255,
    "a threshold": lambda x: (x > 127).astype("float32"),
    "a root": lambda x: np.sqrt(x / 255.0),
    "a logarithm": lambda x: np.log1p(x.astype("float32")),
    "rounded": lambda x: np.round(x / 255.0, 1),
    "black for white": lambda x: 1 - x / 255.0,
}
BY_COLUMNS = {
    "mean and spread": lambda x: StandardScaler().fit_transform(x),
    "mean and spread, in single precision": lambda x: StandardScaler().fit_transform(x.astype("float32") / 255),
    "its own ends": lambda x: MinMaxScaler().fit_transform(x),
    "its largest": lambda x: x / np.maximum(x.max(axis=0), 1),
    "as usual but at the border": lambda x: x / 255.0 * np.where(np.arange(784) % 28 < 2, 2.0, 1.0),
    "a mean image taken away": lambda x: x / 255.0 - (x / 255.0).mean(axis=0),
}
LAYOUTS = {"rows": (784,), "images": (28, 28), "channel": (28, 28, 1)}


@pytest.fixture(scope="module")
def known():
    return index()


@pytest.fixture(scope="module")
def some(data):
    """500 images in no order, with repetitions, from the whole data set; uint8 (500, 28, 28), and their rows."""
    rows = np.random.default_rng(1).integers(0, 70_000, 500).astype(np.int32)
    return data.features[rows], rows


@pytest.mark.parametrize("shape", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("scale", "name"), SCALINGS.values(), ids=SCALINGS)
def test_images_are_recognised_in_any_scaling_type_and_layout(known, some, scale, name, dtype, shape):
    images, rows = some
    array = scale(images.reshape(-1, *shape).astype(dtype))
    found = known.recognise(array)
    assert found is not None and found.rows.dtype == np.int32
    assert np.array_equal(found.rows, rows)
    assert found.lookup.scaling == name
    assert np.array_equal(found.lookup.numbers[images].reshape(array.shape).astype(dtype), array)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float16])
def test_pixels_are_recognised_in_any_type(known, some, dtype):
    images, rows = some
    found = known.recognise(images.astype(dtype))
    assert np.array_equal(found.rows, rows) and found.lookup.scaling == "raw"


def test_a_standardised_set_is_recognised(known, data, splits):
    images = data.features[splits["holdout"]].reshape(-1, 784)
    found = known.recognise((images - images.mean()) / images.std())
    assert np.array_equal(found.rows, splits["holdout"]) and found.lookup.scaling == "other"


def test_the_whole_training_split_is_recognised_in_its_order(known, arrays, splits):
    found = known.recognise(arrays["train"][0])
    assert np.array_equal(found.rows, splits["train"]) and found.lookup.scaling == "unit"


def test_a_single_image_and_a_strided_view_are_recognised(known, data):
    assert known.recognise(data.features[69_999:]).rows.tolist() == [69_999]
    assert known.recognise(data.features[10:0:-3]).rows.tolist() == [10, 7, 4, 1]


@pytest.mark.parametrize("place", [(0, 0, 0), (250, 14, 14), (499, 27, 27)])
@pytest.mark.parametrize("bits", [1, 100])
def test_one_changed_pixel_is_enough_not_to_be_recognised(known, some, place, bits):
    images = some[0].copy()
    images[place] ^= np.uint8(bits)
    assert known.recognise(images) is None
    assert known.recognise(images / 255.0) is None


def test_a_change_too_small_for_a_pixel_is_noticed(known, some):
    array = some[0] / 255.0
    array[400, 3, 3] += 1e-9
    assert known.recognise(array) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1.0])
def test_other_numbers_among_the_pixels_are_noticed(known, some, value):
    array = some[0] / 255.0
    array[0, 14, 14] = value
    assert known.recognise(array) is None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 784)),
        np.zeros((5, 784)),
        np.full((5, 784), np.nan),
        np.full((5, 784), np.inf),
        np.random.default_rng(0).random((5, 28, 28)),
        np.random.default_rng(0).integers(0, 256, (5, 784), np.uint8),
        np.zeros((784,)),
        np.zeros((5, 783)),
        np.zeros((5, 28, 28, 3)),
        np.zeros((5, 784), bool),
        np.zeros((5, 784), complex),
        np.array([["a"] * 784]),
        np.array([[None] * 784]),
        [[0] * 784],
        None,
        "images",
    ],
    ids=lambda a: f"{type(a).__name__} {getattr(a, 'dtype', '')} {getattr(a, 'shape', '')}",
)
def test_other_data_is_not_recognised(known, array):
    assert known.recognise(array) is None


def test_rows_of_pixels_that_were_mixed_are_not_recognised(known, some):
    assert known.recognise(some[0].transpose(0, 2, 1).copy()) is None
    assert known.recognise(255 - some[0]) is None


def test_no_two_images_share_a_key(known):
    assert len(known.keys.sorted) == 70_000 and not known.keys.twins


def test_images_that_differ_outside_of_the_usual_pixels_are_told_apart():
    images = np.zeros((10, 28, 28), np.uint8)
    for row in range(1, 10):
        images[row, row % 3, row // 3] = 1  # outside of the pixels that the key is usually made of
    rows = np.array([3, 0, 9, 1, 8, 2])
    known = Index(DataSet("nothing", "Nothing", images, np.zeros(10, np.uint8), 8, ()))
    assert np.array_equal(known.recognise(images[rows] / 255.0).rows, rows)


def test_images_that_are_alike_are_each_taken_once():
    alike = np.zeros((10, 28, 28), np.uint8)
    rows = Index(DataSet("nothing", "Nothing", alike, np.zeros(10, np.uint8), 8, ())).recognise(alike).rows
    assert sorted(rows) == list(range(10))


@pytest.mark.parametrize(
    ("lookup", "name"),
    [
        (np.arange(256) / 255.0, "unit"),
        ((np.arange(256) / 255.0).astype(np.float32), "unit"),
        ((np.arange(256, dtype=np.float32) * np.float32(1 / 255)), "unit"),
        (np.arange(256), "raw"),
        (np.arange(256.0), "raw"),
        (np.arange(256) / 256.0, "other"),
        (np.arange(256) + 0.5, "other"),
        (np.full(256, np.nan), "other"),
    ],
)
def test_scalings_have_names(lookup, name):
    assert ByShade(lookup).scaling == name


class TestExpectedOrders:
    """An array whose rows come in an expected order is only compared; where that fails, it is looked up as any other."""

    @pytest.fixture(scope="class")
    def expecting(self, data, splits):
        index = Index(data)
        index.expect([splits["train"], splits["holdout"]])
        return index

    @pytest.fixture
    def looked_up(self, expecting, monkeypatch):
        """How many rows were looked up, one number a time."""
        numbers, original = [], expecting._look_up
        monkeypatch.setattr(expecting, "_look_up", lambda flat, *how: numbers.append(len(flat)) or original(flat, *how))
        return numbers

    @pytest.mark.parametrize(
        ("part", "start", "end"), [("train", 0, 48_000), ("holdout", 0, 12_000), ("train", 700, 2_000)]
    )
    def test_rows_of_a_split_are_compared_only(self, expecting, looked_up, data, splits, part, start, end):
        rows = splits[part][start:end]
        found = expecting.recognise(data.features[rows] / np.float32(255))
        assert np.array_equal(found.rows, rows) and found.lookup.scaling == "unit"
        assert looked_up == [1]

    def test_images_in_the_data_sets_order_are_compared_only(self, expecting, looked_up, data):
        found = expecting.recognise(data.features[60_000:])
        assert found.rows.tolist() == list(range(60_000, 70_000))
        assert set(looked_up) == {1}

    @pytest.mark.parametrize(
        ("change", "part"),
        [
            *((change, "test") for change in VALUE_BY_VALUE),
            *(("whole numbers", part) for part in ("all_train", "train", "holdout")),
        ],
    )
    def test_whole_parts_are_recognised_whatever_became_of_each_value(self, expecting, data, splits, change, part):
        images = data.features[splits[part]].reshape(-1, 784)
        array = VALUE_BY_VALUE[change](images)
        found = expecting.recognise(array)
        assert found is not None and np.array_equal(found.rows, splits[part])
        assert np.array_equal(found.lookup.numbers[images].astype(array.dtype), array)
        assert found.range() == (array.min(), array.max())
        array[len(array) // 2, 400] += 1
        assert expecting.recognise(array) is None

    @pytest.mark.parametrize(
        "change", [lambda x: x * 0.0, lambda x: np.where(x > 9, np.inf, x), lambda x: x[::-1] // 255]
    )
    def test_what_tells_no_images_apart_is_not_recognised(self, expecting, data, splits, change):
        assert expecting.recognise(change(data.features[splits["holdout"]])) is None

    @pytest.mark.parametrize("row", [0, 6_000, 11_999])
    def test_one_changed_value_is_noticed(self, expecting, data, splits, row):
        array = data.features[splits["holdout"]] / 255.0
        array[row, 27, 27] += 1e-12
        assert expecting.recognise(array) is None

    def test_two_rows_in_each_others_place_are_looked_up(self, expecting, looked_up, data, splits):
        rows = splits["holdout"].copy()
        rows[[5_000, 5_001]] = rows[[5_001, 5_000]]
        assert np.array_equal(expecting.recognise(data.features[rows]).rows, rows)
        assert len(rows) in looked_up

    def test_an_expected_beginning_that_goes_on_otherwise_is_looked_up(self, expecting, data, splits):
        rows = np.concatenate([splits["train"][47_000:], splits["holdout"][:1_000]])
        assert np.array_equal(expecting.recognise(data.features[rows] / 255.0).rows, rows)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "scale",
    [
        lambda pixels, kind: pixels.astype(kind) / 255, lambda pixels, kind: (pixels / 255).astype(kind),
        lambda pixels, kind: pixels.astype(kind) * np.array(1 / 255, kind), lambda pixels, kind: np.round(pixels / 255, 3).astype(kind),
    ],
    ids=["divided", "converted", "multiplied", "three decimals"],
)  # fmt: skip
def test_pixels_divided_by_255_are_that_in_any_precision(kind, scale):
    assert ByShade(scale(np.arange(256, dtype=np.uint8), kind).astype(float)).scaling == "unit"


@pytest.mark.parametrize("factor", [*range(240, 255), *range(256, 270), 254.5, 255.5, 255**2])
def test_no_hint_tells_apart_what_it_calls_by_the_same_number(factor):
    lookup = ByShade(np.arange(256) / factor)
    assert lookup.scaling == "other" and "by 255, not by 255" not in scaling_hint("unit", "other", lookup)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.4, 600), st.sampled_from(["float16", "float32"]), st.integers(0, 4))
def test_what_is_not_divided_by_255_is_told_another_number(factor, kind, decimals):
    lookup = ByShade(np.round((np.arange(256) / factor).astype(kind), decimals).astype(float))
    assert lookup.scaling == "unit" or "by 255, not by 255" not in scaling_hint("unit", lookup.scaling, lookup)
