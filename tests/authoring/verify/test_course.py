"""The course itself, verified as `autograder verify` does before a release: its mutants and alternatives, graded for real."""

import pytest

from autograder.authoring.verify.environment import LINES
from autograder.authoring.verify.generated import Seeds
from autograder.authoring.verify.proof import Part
from autograder.authoring.verify.run import verify
from autograder.classroom.grading.run import Settings

pytestmark = [pytest.mark.slow, pytest.mark.verify]
WORKERS = 2


@pytest.fixture(scope="session")
def proof(course, course_file, memo_folder):
    settings = Settings(course_file, "bubblewrap", WORKERS, memo_folder)
    # The command tries 300 versions, and every line that works elsewhere in each assignment (as worker/test_causes.py, without kernels).
    seeds = Seeds(spellings=range(15), slips=range(15), kernels=1, lacks=2)
    return verify(course, list(course.assignments), settings, seeds=seeds)


@pytest.mark.timeout(2400)  # the first of these waits for all notebooks
@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("assignment", ["two_layer", "deep", "flatten_relu", "optimizers"])
def test_the_course_is_proven(proof, assignment, part):
    steps = proof.of(assignment, part)
    assert steps
    wrong = [f"{step.name}: {reason.sentence()}" for step in steps for reason in step.reasons]
    assert not wrong, "\n".join(wrong)
    if part in (Part.SPELLINGS, Part.SLIPS):
        assert not any(step.notes for step in steps)  # no check is left out


def test_every_assignment_is_verified(proof, course):
    assert proof.assignments == tuple(course.assignments)


def test_every_line_that_works_elsewhere_is_tried(proof, course):
    tried = {name: {step.name for step in proof.of(name, Part.ENVIRONMENT)} for name in course.assignments}
    assert set().union(*tried.values()) == set(LINES) and all(len(one) == 3 for one in tried.values())
