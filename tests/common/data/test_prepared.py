"""Which rows of a table an array holds, in the form that the course prepares: exactly those, or none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from autograder.common.data import data_sets, prepared
from autograder.common.data.base import DataSet
from autograder.common.data.prepared import ONE_HOT, RAW

DIABETES, DIGITS, IRIS = (data_sets.load(name) for name in ("diabetes", "digits", "iris"))


def split(data):
    parts = data.splits()
    return parts, np.concatenate([parts["train"], parts["holdout"], parts["test"]])


def made(data, **others):
    parts, order = split(data)
    scaler = StandardScaler().fit(data.features[parts["train"]])
    ours = {"standardised": scaler.transform(data.features), "bmi": data.features[:, [2]], **others}
    return prepared.of(data, order, ours)


OURS = {data.name: made(data) for data in (DIABETES, DIGITS, IRIS)}
PARTS = {data.name: split(data)[0] for data in (DIABETES, DIGITS, IRIS)}


@pytest.mark.parametrize("data", [DIABETES, DIGITS, IRIS], ids=lambda data: data.name)
@pytest.mark.parametrize("part", ["train", "holdout", "all_train"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_split_is_known_however_its_numbers_came_about(data, part, kind):
    rows = PARTS[data.name][part]
    train = PARTS[data.name]["train"]
    mean, spread = data.features[train].mean(0), data.features[train].std(0)
    own = (
        (data.features[rows].astype(kind) - mean.astype(kind)) / np.where(spread == 0, 1, spread).astype(kind)
    ).astype(np.float32)
    known = OURS[data.name].known(own, data.targets[rows].astype(np.float32))
    assert (known.features, known.targets, known.changed) == ("standardised", RAW, 0)
    assert np.array_equal(data.features[known.rows], data.features[rows])  # iris has a flower twice
    assert np.array_equal(np.unique(known.rows), np.unique(rows)) or part == "holdout"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 441), min_size=1, max_size=60), st.sampled_from(["raw", "standardised", "bmi"]))
def test_any_rows_in_any_order_are_known_with_their_targets(rows, form):
    values = OURS["diabetes"].features[form].array[rows]
    known = OURS["diabetes"].known(values, DIABETES.targets[rows])
    assert known.changed == 0
    assert np.array_equal(DIABETES.targets[known.rows], DIABETES.targets[rows])
    assert np.allclose(DIABETES.features[known.rows][:, 2], DIABETES.features[rows][:, 2])


def test_rows_alike_in_one_column_are_told_apart_by_their_targets():
    train = PARTS["diabetes"]["train"]
    bmi = DIABETES.features[:, [2]]
    assert len(np.unique(bmi)) < 200
    known = OURS["diabetes"].known(bmi[train], DIABETES.targets[train])
    assert sorted(known.rows) == sorted(train)


@pytest.mark.parametrize("shape", [(60_000, 4), (30_000, 12, 1), (2_000, 24, 3), (400, 8)], ids=str)
@pytest.mark.parametrize("middle", [0.0, 50.0])
def test_many_rows_scaled_in_single_precision_are_known(shape, middle):
    """NumPy's sums of float32 are off by the more, the more rows there are; who fits a scaler to all rows is off by more."""
    draw = np.random.default_rng(len(str(shape)) + int(middle))
    seasons = np.sin(np.arange(shape[0]) / shape[0] * 5).reshape(-1, *[1] * (len(shape) - 1))
    features = draw.normal(middle, 8, shape) + 3 * seasons
    targets = features.reshape(shape[0], -1)[:, 0] * 2
    table = DataSet("rows", "Rows", features, targets, shape[0], ())
    parts, order = split(table)
    train, axes = parts["train"], tuple(range(len(shape) - 1))

    def standard(rows, of, kind=np.float64):
        rows, of = rows.astype(kind), of.astype(kind)
        return (rows - of.mean(axes)) / of.std(axes)

    own = prepared.of(
        table,
        order,
        {
            "standardised": standard(features, features[train]),
            "targets": {"own": (targets - targets[train].mean()) / targets[train].std()},
        },
    )
    single = targets.astype(np.float32)
    known = own.known(
        standard(features[train], features[train], np.float32),
        (single[train] - single[train].mean()) / single[train].std(),
    )
    assert (known.features, known.targets, known.changed) == ("standardised", "own", 0)
    assert np.array_equal(np.sort(known.rows), np.sort(train))
    assert own.known(standard(features, features)[train].astype(np.float32), targets[train]) is None
    assert own.known(standard(features[train], features[train]) * 1.001, targets[train]) is None


LIES = {
    "a number more": lambda x, y: (x + 1e-3, y),
    "one number of one row": lambda x, y: (np.where(np.arange(x.size).reshape(x.shape) == 77, x + 0.01, x), y),
    "scaled once more": lambda x, y: (x * 1.001, y),
    "columns in another order": lambda x, y: (x[:, ::-1], y),
    "a scaler of its own": lambda x, y: (MinMaxScaler().fit_transform(x), y),
    "a scaler that saw the hold-out": lambda x, y: (
        StandardScaler().fit_transform(DIABETES.features)[PARTS["diabetes"]["train"]],
        y,
    ),
    "a column less": lambda x, y: (x[:, 1:], y),
    "noise": lambda x, y: (np.random.default_rng(1).normal(size=x.shape), y),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_only_looks_like_the_courses_rows_is_other_data(lie):
    train = PARTS["diabetes"]["train"]
    values, targets = LIES[lie](OURS["diabetes"].features["standardised"].array[train], DIABETES.targets[train])
    assert OURS["diabetes"].known(values, targets) is None


def test_shuffled_targets_are_counted():
    train = PARTS["diabetes"]["train"]
    values = OURS["diabetes"].features["standardised"].array[train]
    known = OURS["diabetes"].known(values, np.random.default_rng(3).permutation(DIABETES.targets[train]))
    assert known.changed > 300
    assert np.array_equal(known.rows, train)
    known = OURS["diabetes"].known(values, DIABETES.targets[PARTS["diabetes"]["holdout"]].repeat(4)[: len(train)])
    assert known.changed > 300


def test_classes_are_known_as_numbers_and_as_vectors():
    rows = PARTS["iris"]["holdout"]
    for targets, name in ((IRIS.targets[rows], RAW), (np.eye(3)[IRIS.targets[rows]], ONE_HOT)):
        known = OURS["iris"].known(IRIS.features[rows], targets)
        assert (known.targets, known.changed) == (name, 0)
    wrong = OURS["iris"].known(IRIS.features[rows], np.roll(np.eye(3), 1, axis=0)[IRIS.targets[rows]])
    assert wrong.changed == len(rows)


def test_images_of_digits_are_known_in_any_shape():
    known = OURS["digits"].known(DIGITS.features[:50].reshape(50, 8, 8, 1), DIGITS.targets[:50])
    assert known.rows.tolist() == list(range(50))


def test_targets_that_the_course_prepares_have_their_name():
    ours = made(DIABETES, targets={"thousands": DIABETES.targets[:, None] / 1000})
    known = ours.known(DIABETES.features[:9], DIABETES.targets[:9] / 1000)
    assert (known.targets, known.changed) == ("thousands", 0)


def test_the_file_says_the_same():
    ours = made(DIABETES, targets={"thousands": DIABETES.targets / 1000})
    assert ours.content() == made(DIABETES, targets={"thousands": DIABETES.targets / 1000}).content()
    again = prepared.of(DIABETES, ours.order, prepared.read(ours.content()))
    assert again.features.keys() == ours.features.keys()
    assert again.targets.keys() == ours.targets.keys()
    rows = PARTS["diabetes"]["train"]
    assert np.array_equal(again.known(ours.features["standardised"].array[rows], DIABETES.targets[rows]).rows, rows)


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        (np.ones(3), "gives ndarray"),
        ({"a": np.ones((3, 2))}, "442 rows"),
        ({"a": np.full((442, 2), np.nan)}, "without a number"),
        ({"a": np.full((442, 2), 1e30)}, "too large"),
        ({"a": np.array([None] * 442)}, "object"),
        ({"a": 3}, "442 rows"),
        ({3: np.ones((442, 2))}, "no name"),
        ({"raw": np.ones((442, 2))}, "own numbers"),
        ({"targets": np.ones(442)}, "gives dict"),
        ({"targets": {"raw": np.ones(442)}}, "own numbers"),
    ],
)
def test_a_preparation_that_makes_something_else_is_refused(gives, says):
    with pytest.raises(ValueError, match=says):
        prepared.of(DIABETES, split(DIABETES)[1], gives)
