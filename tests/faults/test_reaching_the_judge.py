"""A kernel reaches its judge whatever the umask of who grades, or a person looks: what could not be handed in is not the student's loss."""

import os

import pytest

from autograder.common.results import Status
from autograder.common.submission import Submission
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.tiny_course import tiny_course, tiny_submission

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grade(tmp_path_factory):
    """Grade an answer that is half right, with a judge and a sandbox that are made for it."""
    course = tiny_course(tmp_path_factory.mktemp("umask") / "course")
    submission = Submission("ada", "first", tiny_submission(course, "ada", "add = 5", "name = 'eva'"))

    def make():
        with JudgeProcess(course.root / "course.yml", None) as bench, Sandbox.of(course, "bubblewrap") as sandbox:
            return grade_submission(submission, course, bench, sandbox).report

    return make


def test_a_report_is_the_same_whatever_the_umask(grade):
    usual = os.umask(0o022)
    made = {}
    try:
        for mask in (0o022, 0o027, 0o077):
            os.umask(mask)
            made[mask] = grade().to_json()
    finally:
        os.umask(usual)
    assert '"passed"' in made[0o022] and len(set(made.values())) == 1


def test_a_judge_that_a_kernel_can_not_reach_is_no_students_loss(grade, monkeypatch):
    begin = JudgeProcess.begin

    def unreachable(self, assignment, socket, *others):
        begin(self, assignment, socket, *others)
        socket.unlink()

    monkeypatch.setattr(JudgeProcess, "begin", unreachable)
    outcomes = [outcome for question in grade().questions for outcome in question.outcomes]
    assert {outcome.status for outcome in outcomes} == {Status.UNDECIDED}
