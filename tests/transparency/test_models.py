"""Networks, compiling, keeping, what public notebooks do and what fails: a graded kernel can't be told from plain Keras there either."""

import pytest

from tests.transparency.asked import MODULES, WATCHED
from tests.transparency.compare import differences, facts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def facts(bench, tmp_path_factory, request):
    """Of the cells that this run asks for (``-k``), in two kernels for all."""
    asked = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    cells = {f"{name}: {cell}": code for name in MODULES if name in asked for cell, code in MODULES[name].CELLS.items()}
    watched = [name for name in cells if name.partition(":")[0] in WATCHED]
    return facts_of(cells, bench, tmp_path_factory.mktemp("cells"), watched)


@pytest.mark.parametrize("name", MODULES)
def test_cells_leave_what_they_leave_beside_plain_keras(facts, name):
    plain, graded = ({cell: found[f"{name}: {cell}"] for cell in MODULES[name].CELLS} for found in facts)
    assert {cell: found for cell in plain if (found := [*differences(plain[cell], graded[cell])])} == {}
    assert {cell for cell in graded if graded[cell]["left to Keras"]} == MODULES[name].LEFT
    assert {cell: found["shows the grader"] for cell, found in graded.items() if found["shows the grader"]} == {}


@pytest.mark.parametrize("name", sorted(WATCHED))
def test_every_relation_is_looked_for(facts, name):
    """Beside plain Keras, which shows that it holds there, and while grading."""
    for graded, found in enumerate(facts):
        counted = [found[cell]["relations"] for cell in found if cell.startswith(name)]
        never = {relation for relation in counted[0] if not any(one[relation] for one in counted)}
        assert never <= (set() if graded else {"epochs_one_by_one_are_the_epochs_at_once"})
