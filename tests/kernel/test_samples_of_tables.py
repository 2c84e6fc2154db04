"""Samples of a table as they leave a kernel: numbers alone, few enough, and what else is left to Keras with its reason."""

import numpy as np
import pytest

from autograder.common.data.base import MAX_NUMBERS, MAX_ROWS
from autograder.common.data.prepared import of
from autograder.common.data.tables import Table
from autograder.common.errors import CannotTrainHere, DataError, OtherData
from autograder.common.wire.description import decode, encode
from autograder.kernel.describing.describe import describe_array
from autograder.kernel.describing.recognised_samples import Recogniser, as_numbers
from autograder.kernel.graded.epoch_data import _sorted

X, Y = np.random.default_rng(1).normal(size=(20, 3)), np.arange(20.0)


def test_numbers_travel_in_single_precision_and_a_column_of_targets_is_a_list():
    for targets, dtype in ((Y, "<f4"), (Y[:, None], "<f4"), (np.arange(20), "<i4"), (np.arange(20) > 3, "<i4")):
        sent = as_numbers(X, targets, np.ones(20))
        assert (sent.values.dtype.str, sent.targets.dtype.str, sent.targets.shape) == ("<f4", dtype, (20,))
        assert (len(sent), sent.shape, sent.one_hot) == (20, (3,), 0)
    assert as_numbers(X, np.eye(20), None).one_hot == 20


LEFT = {
    "NaN": (np.full((20, 3), np.nan), Y, None),
    "infinity": (X, np.full(20, np.inf), None),
    "large numbers": (X * 1e12, Y, None),
    "objects": (X.astype(object), Y, None),
    "texts": (X, Y.astype(str), None),
    "complex numbers": (X + 1j, Y, None),
    "one number a sample": (X[:, 0], Y, None),
    "no columns": (X[:, :0], Y, None),
    "targets in three axes": (X, Y[:, None, None], None),
    "too many columns of targets": (X, np.zeros((20, 101)), None),
    "weights for some": (X, Y, np.ones(3)),
    "weights that are no numbers": (X, Y, np.full(20, np.nan)),
    "too many numbers": (np.zeros((20, MAX_NUMBERS // 16)), Y, None),
}


@pytest.mark.parametrize("left", LEFT)
def test_anything_else_is_left_to_keras(left):
    with pytest.raises(CannotTrainHere) as raised:
        as_numbers(*LEFT[left])
    assert str(raised.value)


def test_data_that_are_merely_too_many_are_other_data():
    with pytest.raises(OtherData) as raised:
        as_numbers(*LEFT["too many numbers"])
    assert raised.value.samples == 20


@pytest.mark.parametrize("columns", [1, 4, 768, MAX_NUMBERS // 2])
@pytest.mark.parametrize("dtype", ["float64", "uint8"])
def test_the_largest_table_that_a_course_may_have_is_handed_in_whole_and_trained_on(tmp_path, columns, dtype):
    rows = min(MAX_ROWS, MAX_NUMBERS // columns)
    values = (np.arange(rows * columns).reshape(rows, columns) % 200).astype(dtype)
    np.savez(tmp_path / "own.npz", features=values, targets=np.arange(rows) % 5)
    data = Table(tmp_path / "own.npz").read()
    prepared = of(data, np.arange(rows, dtype=np.int32), {"halves": values / 2.0})
    for part in (values, values / 2.0):
        document, frames = encode({"value": describe_array(part)})
        assert np.array_equal(decode(document, [frame.tobytes() for frame in frames])["value"].data, part)
        for targets in (data.targets, np.eye(5)[data.targets][: MAX_NUMBERS // 5]):
            assert len(as_numbers(part[: len(targets)], targets, None)) == len(targets)
    assert prepared.features["halves"].width == columns
    with pytest.raises(ValueError, match="524,288 are the most"):
        of(data, np.arange(rows, dtype=np.int32), {"more": np.zeros((rows, MAX_NUMBERS // rows + 1))})
    np.savez(tmp_path / "larger.npz", features=np.vstack([values, values[:1]]), targets=np.zeros(rows + 1))
    with pytest.raises(DataError, match="rows of"):
        Table(tmp_path / "larger.npz").read()


def test_a_kernel_of_a_table_looks_for_no_images():
    recogniser = Recogniser()
    recogniser.name = lambda: "diabetes"
    assert recogniser.rows(X) is None
    assert np.array_equal(recogniser.samples(X, Y).values, X.astype(np.float32))


def test_samples_in_any_order_are_the_same_training():
    by = np.random.default_rng(2).permutation(20)
    one, other = (_sorted(as_numbers(X[order], Y[order], None)) for order in (np.arange(20), by))
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.targets, other.targets)
