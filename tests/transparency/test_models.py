"""Networks, compiling, keeping and what stands around: a graded kernel can't be told from plain Keras there either."""

import pytest

from tests.transparency.cells_of_models import CELLS
from tests.transparency.compare import differences, facts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
# Whose training is not the judge's.
LEFT = {
    "averages of weights",
    "a list of callbacks",
    "penalties",
    "constraints",
    "a lambda",
    "normalisation that is adapted",
    "weights of a layer",
    "a layer added after training",
    "a network in a network",
    "a graph with a way around",
    "two outputs",
    "outputs by name",
    "a training step of one's own",
    "fit of one's own",
    "metrics of one's own class",
    "a loss added in a call",
    "a tape",
    "weighted metrics",
    "loss weights",
    "gradients collected",
    "a schedule of one's own",
    "an optimizer saved and loaded",
    "many of Keras's optimizers",
    "a network with more inputs than data",
}


def test_cells_leave_what_they_leave_beside_plain_keras(bench, tmp_path):
    plain, graded = facts_of(CELLS, bench, tmp_path)
    assert {name: found for name in CELLS if (found := [*differences(plain[name], graded[name])])} == {}
    assert {name for name in CELLS if graded[name]["left to Keras"]} == LEFT
    assert not any(facts.get("shows the grader") for facts in graded.values())
