"""One submission, with a judge and a sandbox of its own: what a worker keeps for hundreds, started and ended for one."""

from __future__ import annotations

from pathlib import Path

from autograder.common import data
from autograder.common.digests import sha256
from autograder.course.course import Course, Isolation
from autograder.sandbox.host import Sandbox
from autograder.worker import submission
from autograder.worker.judge_process import Bench
from autograder.worker.submission import Graded
from autograder.worker.task import Task


def grade_alone(
    course: Course,
    file: Path,
    assignment: str,
    content: bytes,
    *,
    student: str,
    isolation: Isolation,
    memo: Path | None,
    language: str = "",
) -> Graded:
    """Grade `content`, a notebook's file, under the course in `file` (its course.yml).

    Raises DataError, SandboxError and whatever keeps the judge from starting; what the notebook does raises nothing.
    """
    task = Task(student, assignment, sha256(content), course, isolation, language)
    with Bench(file, memo) as bench, Sandbox(isolation, course.limits, data.find()) as sandbox:
        bench.start()  # both import TensorFlow, at the same time
        sandbox.start()
        bench.wait()
        return submission.grade(task, content, bench, sandbox)
