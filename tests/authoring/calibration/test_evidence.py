"""The evidence that is committed: it is of this course, it is enough, and it earns every threshold."""

import pytest

from autograder.authoring.calibration.evidence import read
from autograder.authoring.calibration.thresholds import examine
from autograder.common.machine.versions import versions
from tests.conftest import ROOT

PICTURE = ROOT / "docs" / "images" / "calibration.svg"


@pytest.mark.parametrize("assignment", ["two_layer", "deep", "flatten_relu", "optimizers"])
def test_every_threshold_of_the_course_is_earned(course, assignment):
    thresholds = examine(course, assignment)
    assert len(thresholds) == 2
    for threshold in thresholds:
        assert threshold.problems == ()
        assert threshold.margin >= 4 and threshold.reference.summary.n >= 30
        kinds = [rate.kind for rate in threshold.rates]
        assert kinds.count("wrong") == 4 and kinds.count("variation") >= 2


def test_the_evidence_names_the_versions_that_made_it(course):
    names = {version.split(" ")[0] for version in versions()}
    for assignment in read(course).assignments.values():
        assert set(assignment.versions) == names


def test_the_picture_shows_the_thresholds_of_the_course(course):
    picture = PICTURE.read_text("utf-8")
    for name in course.assignments:
        for threshold in examine(course, name):
            assert f"{name}.{threshold.place}" in picture and f">{threshold.aim.at_least:g}<" in picture
