"""One submission, with a judge and a sandbox of its own: what a worker keeps for hundreds, started and ended for one."""

from __future__ import annotations

from pathlib import Path

from autograder.common.data import data_sets
from autograder.common.submission import Submission
from autograder.course.course import Course, Isolation
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import Graded, grade_submission
from autograder.worker.judge_process import JudgeProcess


def grade_alone(
    submission: Submission, course: Course, file: Path, isolation: Isolation, memo: Path | None, language: str = ""
) -> Graded:
    """Grade a submission under the course in `file` (its course.yml).

    Raises DataError, SandboxError and whatever keeps the judge from starting; what the notebook is or does raises nothing.
    """
    data_sets.places(*course.images)  # before both look for them
    with JudgeProcess(file, memo) as bench, Sandbox.of(course, isolation) as sandbox:
        bench.start()  # both import TensorFlow, at the same time
        sandbox.start()
        bench.wait()
        return grade_submission(submission, course, bench, sandbox, language)
