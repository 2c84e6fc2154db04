"""The course itself, verified as `autograder verify` does before a release: its mutants and alternatives, graded for real."""

import pytest

from autograder.authoring.verify.environment import kinds
from autograder.authoring.verify.generated import Seeds
from autograder.authoring.verify.proof import Part
from autograder.authoring.verify.verify_course import verify
from autograder.classroom.grading.grade_class import Settings

pytestmark = [pytest.mark.slow, pytest.mark.verify]
WORKERS = 2
ASSIGNMENTS = ["two_layer", "deep", "flatten_relu", "optimizers"]
EACH = pytest.mark.parametrize("assignment", ASSIGNMENTS)
LACKED = 2  # lines that work elsewhere, of each assignment, beside the first; the command tries all (as worker/test_first_cause.py, without kernels)


@pytest.fixture(scope="session")
def asked(course, request):
    """The assignments of which this run asks for a part."""
    named = {item.callspec.params["assignment"] for item in request.session.items if hasattr(item, "callspec")}
    return [name for name in course.assignments if name in named]


@pytest.fixture(scope="session")
def proof(course, course_file, memo_folder, asked):
    settings = Settings(course_file, "bubblewrap", WORKERS, memo_folder)
    # The command tries 300 versions.
    seeds = Seeds(spellings=range(15), slips=range(15), kernels=1, lacks=LACKED)
    return verify(course, asked, settings, seeds=seeds)


@pytest.mark.timeout(2400)  # the first of these waits for all notebooks
@pytest.mark.parametrize("part", list(Part))
@EACH
def test_the_course_is_proven(proof, assignment, part):
    steps = proof.of(assignment, part)
    assert steps
    wrong = [f"{step.name}: {reason.sentence()}" for step in steps for reason in step.reasons]
    assert not wrong, "\n".join(wrong)
    if part in (Part.SPELLINGS, Part.SLIPS):
        assert not any(step.notes for step in steps)  # no check is left out


@EACH
def test_it_is_among_those_that_are_verified(proof, asked, assignment):
    assert assignment in proof.assignments == tuple(asked)


@EACH
def test_lines_that_work_elsewhere_are_tried(proof, course, assignment):
    assert {step.name for step in proof.of(assignment, Part.ENVIRONMENT)} == {*kinds(course, assignment, LACKED)}
