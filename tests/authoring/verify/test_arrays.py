"""What is kept of arrays while many notebooks are tried: the solution's stays, and no key outlives an object that it names."""

import numpy as np
import pytest

from autograder.authoring.verify.bench import arrays as module
from autograder.authoring.verify.bench.arrays import Arrays

SIZE = 200_000  # numbers of 8 bytes


@pytest.fixture
def arrays(monkeypatch):
    """Room for the solution's two arrays and one more."""
    monkeypatch.setattr(module, "MOST", 3 * 8 * SIZE)
    arrays = Arrays()
    images = {"images": np.zeros(SIZE)}
    arrays.keep("images = load()", {}, images)
    arrays.keep("scaled = images / 255", images, {"scaled": np.zeros(SIZE)})
    arrays.stay()
    return arrays


def test_the_solutions_own_stay_however_many_come_after_them_and_are_used(arrays):
    images = arrays.found("images = load()", {})
    for number in range(5):
        assert arrays.found("scaled = images / 255", images) is not None  # used last, and so at the end
        arrays.keep(f"scaled = images / {number}", images, {"scaled": np.zeros(SIZE)})
    kept = [number for number in range(5) if arrays.found(f"scaled = images / {number}", images)]
    assert kept == [4]
    assert arrays.found("images = load()", {}) is images


def test_with_an_array_goes_what_was_made_of_it(arrays):
    other = {"images": np.ones(SIZE)}
    arrays.keep("images = load() + 1", {}, other)
    arrays.keep("few = images[:3]", other, {"few": other["images"][:3]})
    assert arrays.found("few = images[:3]", other)
    arrays.keep("images = load() + 2", {}, {"images": np.ones(SIZE)})
    assert arrays.found("few = images[:3]", other) is None and arrays.found("images = load() + 1", {}) is None


def test_what_a_statement_met_is_held_so_that_no_other_object_gets_its_id(arrays):
    class Met:
        pass

    arrays.keep("x = thing.array()", {"thing": Met()}, {"x": np.zeros(3)})
    assert all(arrays.found("x = thing.array()", {"thing": Met()}) is None for _ in range(100))


def test_an_array_that_is_kept_is_looked_at_once_and_any_other_each_time(arrays):
    looks = []
    scaled = arrays.found("scaled = images / 255", arrays.found("images = load()", {}))["scaled"]
    for array in (scaled, scaled, np.zeros(3), np.zeros(3)):
        assert arrays.look(array, "size", lambda array=array: looks.append(array.size) or array.size) == array.size
    assert looks == [SIZE, 3, 3]
