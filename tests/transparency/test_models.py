"""Networks, compiling, keeping, what public notebooks do and what fails: a graded kernel can't be told from plain Keras there either."""

import pytest

from tests.transparency import cells_of_customs, cells_of_errors, cells_of_models, cells_of_notebooks, cells_of_traces
from tests.transparency.compare import differences, facts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
MODULES = {
    "models": cells_of_models,
    "traces": cells_of_traces,
    "errors": cells_of_errors,
    "notebooks": cells_of_notebooks,
    "customs": cells_of_customs,
}


@pytest.fixture(scope="module")
def facts(bench, tmp_path_factory, request):
    """Of the cells that this run asks for (``-k``), in two kernels for all."""
    asked = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    cells = {f"{name}: {cell}": code for name in MODULES if name in asked for cell, code in MODULES[name].CELLS.items()}
    return facts_of(cells, bench, tmp_path_factory.mktemp("cells"))


@pytest.mark.parametrize("name", MODULES)
def test_cells_leave_what_they_leave_beside_plain_keras(facts, name):
    plain, graded = ({cell: found[f"{name}: {cell}"] for cell in MODULES[name].CELLS} for found in facts)
    assert {cell: found for cell in plain if (found := [*differences(plain[cell], graded[cell])])} == {}
    assert {cell for cell in graded if graded[cell]["left to Keras"]} == MODULES[name].LEFT
    assert {cell: found["shows the grader"] for cell, found in graded.items() if found["shows the grader"]} == {}
