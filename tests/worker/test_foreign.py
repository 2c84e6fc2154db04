"""What strangers wrote is read within limits after a notebook ran, too: it costs its own submission, and counts for nobody else."""

from __future__ import annotations

import time

import nbformat
import pytest

from autograder.common.machine.confined import OverLimit
from autograder.common.results import Status
from autograder.course.course import load
from autograder.sandbox import outputs
from autograder.sandbox.run_notebook import Run
from autograder.worker import grading
from autograder.worker.grading import grade
from autograder.worker.task import Task
from tests.tiny_course import tiny_course, tiny_submission


class Nothing:
    """A judge and a sandbox that know of nothing."""

    isolation = "none"


@pytest.fixture
def task(tmp_path):
    course = load(tiny_course(tmp_path).root / "course.yml")
    return Task("ada", "first", "0" * 64, course, "none", "en")


def submitted(task, add="add = 5"):
    return tiny_submission(task.course, "ada", add).read_bytes()


def ran(monkeypatch, **changes):
    """Notebooks run in no time, and hand in nothing; then `changes` of the module's functions."""
    decided = grading.Decided([], 0, 0, {}, b"")
    monkeypatch.setattr(grading, "_run", lambda *args: (Run(), decided))
    for name, value in changes.items():
        monkeypatch.setattr(grading, name, value)


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize("stage", ["restore", "complete", "harmless", "code_digest", "_write_outputs", "first_cause"])
def test_a_failure_of_ours_over_what_was_handed_in_is_that_submissions(task, monkeypatch, stage):
    ran(monkeypatch)
    before, calls = getattr(grading, stage), iter([failing(RuntimeError("nobody foresaw that"))])
    # The first time only: the page of an undecided submission is made with them, too, of nothing that a student wrote.
    monkeypatch.setattr(grading, stage, lambda *args: next(calls, before)(*args))
    report = grade(task, submitted(task), Nothing(), Nothing()).report
    assert {outcome.status for question in report.questions for outcome in question.outcomes} == {Status.UNDECIDED}
    assert "nobody foresaw that" in report.questions[0].problem


def test_a_full_disk_is_the_machines(task, monkeypatch):
    ran(monkeypatch, harmless=failing(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        grade(task, submitted(task), Nothing(), Nothing())


SLOW_TO_FOLLOW = {
    "deep": "x = " + "-" * 9_000 + "1\nraise ValueError",
    "deep brackets": "x = " + "(" * 180 + ")" * 180,
    "many names": "\n".join(f"a{n} = a{n - 1}" for n in range(1, 5_000)),
    "one long sum": "x = " + "+".join(["1"] * 15_000),
    "attributes": "x = a" + ".b" * 20_000,
    "names and blanks": "a, " * 15_000,
    "nul": "x = '\0'",
}


@pytest.mark.parametrize("kind", SLOW_TO_FOLLOW)
def test_following_code_ends_whatever_it_is(task, monkeypatch, kind):
    ran(monkeypatch)
    started = time.process_time()
    report = grade(task, submitted(task, SLOW_TO_FOLLOW[kind]), Nothing(), Nothing()).report
    assert {question.status for question in report.questions} == {Status.FAILED}
    assert time.process_time() - started < 30


def test_code_that_can_not_be_followed_in_time_loses_its_explanations_alone(task, monkeypatch):
    ran(monkeypatch)
    confined = grading.confined

    def over(work, **limits):
        if limits.get("seconds") == grading.FOLLOW_SECONDS:
            raise OverLimit("too long")
        return confined(work, **limits)

    monkeypatch.setattr(grading, "confined", over)
    report = grade(task, submitted(task), Nothing(), Nothing()).report
    assert [question.problem for question in report.questions] == ["Nothing was handed in."] * 2


def test_many_outputs_of_every_sort_are_put_in_order_in_seconds():
    def stream(number):
        return nbformat.v4.new_output("stream", name=("stdout", "stderr")[number % 2], text=f"{number}\n")

    shown = [nbformat.v4.new_output("display_data", data={"text/plain": "x"}) for _ in range(outputs.MOST)]
    mixed = [
        one
        for pair in zip((stream(n) for n in range(15_000)), [*shown, *[None] * 13_000], strict=True)
        for one in pair
        if one
    ]
    cell = nbformat.v4.new_code_cell(outputs=mixed)
    started = time.process_time()
    outputs.tidy(cell)
    assert time.process_time() - started < 30
    texts = [one.text.split() for one in cell.outputs if one.output_type == "stream"]
    assert texts == [[str(n) for n in range(first, 15_000, 2)] for first in (0, 1)]
    assert len(cell.outputs) == outputs.MOST + 2
