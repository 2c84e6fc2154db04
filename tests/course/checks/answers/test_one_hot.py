"""The labels of any classes can be asked for as vectors, of images as of tables, however many rows there are."""

import numpy as np
import pytest

from autograder.common.results import Status
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import parse
from autograder.course.settings import DataSettings
from autograder.kernel.describing.describe import describe
from autograder.networks.lab import CourseLab

CLASSES = 12


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """So many that their vectors of float64 are more than an array that is handed in."""
    draw, root = np.random.default_rng(0), tmp_path_factory.mktemp("images")
    labels = (np.arange(46_000) % CLASSES).astype(np.uint8)
    np.savez(root / "photos.npz", x_train=draw.integers(0, 256, (46_000, 4, 4), dtype=np.uint8), y_train=labels)
    return CourseLab(DataSettings.model_validate({"images": "photos.npz", "classes": list("abcdefghijkl")}), root)


@pytest.fixture(scope="module")
def digits():
    return CourseLab(DataSettings.model_validate({"name": "digits"}))


def decided(lab, split, array):
    check = parse({"type": "array", "of": "hot", "equals": f"{split}_labels", "prepared": "one_hot", "points": 1})
    return check(Facts({"hot": describe(array)}, lab))


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, bool])
@pytest.mark.parametrize("split", ["all_train", "holdout"])
@pytest.mark.parametrize("data", ["images", "digits"])
def test_vectors_of_any_kind_pass_and_nothing_else_does(request, data, split, kind):
    lab = request.getfixturevalue(data)
    labels = lab.labels(split)
    hot = np.eye(int(lab.data.targets.max()) + 1, dtype=kind)[labels]
    assert decided(lab, split, hot).status is Status.PASSED
    for wrong in (hot[::-1], np.roll(hot, 1, axis=1), hot[:-1], 1 - hot.astype(np.int8)):
        assert decided(lab, split, np.ascontiguousarray(wrong)).status is Status.FAILED
    found = decided(lab, split, labels)
    assert found.status is Status.FAILED and "to_categorical" in found.hint
