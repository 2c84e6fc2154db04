"""A graded kernel can't be told from plain Keras: the same cells leave the same kinds of things, and say the same."""

import os

import pytest

from tests.transparency.asked import SEQUENCES
from tests.transparency.cells import CELLS
from tests.transparency.compare import differences, facts_of
from tests.transparency.sequences import programs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]  # a fixture runs all cells, in two kernels at the same time
# Whose training is no longer the judge's, wholly or from some epoch on; all other cells that train, the judge does.
LEFT = {
    "a dataset with an odd batch within", "a dataset of noise", "an empty dataset", "noise", "a batch size of zero", "own loss", "own metric",
    "a rate that explodes", "terminate on nan that comes", "batches", "weights changed between epochs", "train on batch",
    "weights back to the first", "a class that says a wrong shape",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts(bench, tmp_path_factory, request):
    """Of the cells that this run asks for (``-k``)."""
    asked = {item.callspec.params.get("cell") for item in request.session.items if hasattr(item, "callspec")}
    return facts_of({name: CELLS[name] for name in CELLS if name in asked}, bench, tmp_path_factory.mktemp("cells"))


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_leaves_what_it_leaves_beside_plain_keras(facts, cell):
    plain, graded = (found[cell] for found in facts)
    assert [*differences(plain, graded)] == []
    assert graded["shows the grader"] == []
    assert bool(graded["left to Keras"]) == (cell in LEFT), graded["left to Keras"]


def test_random_sequences_leave_what_they_leave_beside_plain_keras(bench, tmp_path):
    """A few each time; for a long run set AUTOGRADER_SEQUENCES, and AUTOGRADER_SEQUENCES_SEED to go on elsewhere."""
    count, seed = (int(os.environ.get(f"AUTOGRADER_SEQUENCES{name}", n)) for name, n in (("", SEQUENCES), ("_SEED", 0)))
    cells = programs(count, seed)
    plain, graded = facts_of(cells, bench, tmp_path)
    found = {name: [*differences(plain[name], graded[name])] for name in cells}
    wrong = "\n\n".join(f"{name}\n{cells[name]}\n{chr(10).join(parts)}" for name, parts in found.items() if parts)
    assert not wrong, wrong
