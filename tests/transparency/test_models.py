"""Networks, compiling, keeping and what stands around: a graded kernel can't be told from plain Keras there either."""

import pytest

from tests.transparency import cells_of_models, cells_of_traces
from tests.transparency.compare import differences, facts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("module", [cells_of_models, cells_of_traces], ids=["models", "traces"])
def test_cells_leave_what_they_leave_beside_plain_keras(module, bench, tmp_path):
    cells = module.CELLS
    plain, graded = facts_of(cells, bench, tmp_path)
    assert {name: found for name in cells if (found := [*differences(plain[name], graded[name])])} == {}
    assert {name for name in cells if graded[name]["left to Keras"]} == module.LEFT
    assert not any(facts.get("shows the grader") for facts in graded.values())
