"""An array is looked up once, and again when it was changed in place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from autograder.common.data.recognised_rows import index
from autograder.common.errors import CannotTrainHere, OtherData
from autograder.kernel.describing import recognised_samples
from autograder.kernel.describing.plain import of_pandas


@pytest.fixture(scope="module")
def large(data):
    """All images, scaled: 439 MB of float64."""
    return data.features.reshape(-1, 784) / 255.0


CHANGES = {
    "one image": lambda array: array.__setitem__(3_107, 0.0),
    "the last image": lambda array: array.__setitem__(-1, array[0]),
    "a column": lambda array: array.__setitem__((slice(None), 400), 0.0),
    "a border": lambda array: array.reshape(-1, 28, 28).__setitem__((slice(None), slice(None), 27), 1.0),
    "all": lambda array: np.multiply(array, 255.0, out=array),
    "the order": lambda array: array.__setitem__(slice(None), array[::-1].copy()),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("rows", [10_000, 70_000], ids=["small", "large"])
def test_a_change_in_place_is_noticed(large, change, rows):
    array = large[:rows].copy()
    before = recognised_samples.checksum(array)
    assert recognised_samples.checksum(array) == before
    CHANGES[change](array)
    assert recognised_samples.checksum(array) != before


def test_an_array_that_stays_as_it_is_is_looked_up_once(large, monkeypatch):
    asked = []
    original = index().recognise
    monkeypatch.setattr(index(), "recognise", lambda array: asked.append(len(array)) or original(array))
    recogniser = recognised_samples.Recogniser()
    array = large[:48_000]
    first = recogniser.rows(array)
    assert first is not None and recogniser.rows(array) is first
    assert asked == [48_000]
    changed = array.copy()
    changed[17] *= 0.5
    assert recogniser.rows(changed) is None and asked == [48_000, 48_000]
    changed[17] = array[17]
    again = recogniser.rows(changed)
    assert again is not None and np.array_equal(again.rows, first.rows)


NO_IMAGES = {
    "transposed": lambda images: images.reshape(784, -1).T / 255.0,
    "whole numbers": lambda images: images.reshape(-1, 784) // 255,
    "rotated": lambda images: np.rot90(images, axes=(1, 2)) / 255.0,
    "with noise": lambda images: images.reshape(-1, 784) / 255.0 + np.arange(784) / 1e3,
    "cut": lambda images: images[:, 4:24, 4:24] / 255.0,
    "with a column more": lambda images: np.hstack([images.reshape(-1, 784) / 255.0, np.ones((len(images), 1))]),
    "rows that were moved": lambda images: np.roll(images.reshape(-1, 784), 1, axis=1) / 255.0,
}
PERHAPS = {
    "rows of rows": lambda images: images.reshape(-1, 1, 784) / 255.0,
    "an axis at the end": lambda images: images.reshape(-1, 784, 1) / 255.0,
    "of a type that isn't known": lambda images: images.reshape(-1, 784).astype(complex),
}


@pytest.mark.parametrize("change", NO_IMAGES)
def test_data_that_are_not_the_images_any_more_are_told_as_that(data, change):
    images = NO_IMAGES[change](data.features[:300])
    with pytest.raises(OtherData) as raised:
        recognised_samples.shared.samples(images, data.targets[:300])
    assert raised.value.samples == len(images)


@pytest.mark.parametrize("change", PERHAPS)
def test_data_that_may_be_the_images_in_another_form_are_left_open(data, change):
    with pytest.raises(CannotTrainHere) as raised:
        recognised_samples.shared.samples(PERHAPS[change](data.features[:300]), data.targets[:300])
    assert not isinstance(raised.value, OtherData)


def test_a_table_of_pandas_is_an_array_in_every_version(data):
    x, y = pd.DataFrame(data.features[:300].reshape(-1, 784) / 255.0), pd.Series(data.targets[:300])
    assert recognised_samples.shared.samples(x, y).rows.tolist() == list(range(300))
    for module in ("pandas", "pandas.core.frame"):
        kind = type("DataFrame", (), {"__module__": module, "to_numpy": lambda self: None})
        assert of_pandas(kind()) and not of_pandas(type("Own", (), {"__module__": "pandastic"})())
