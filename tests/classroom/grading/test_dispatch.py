"""Which submission goes where, and when it is given up: decided without a cluster, by a twin of the crew."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.classroom.grading import dispatch
from autograder.classroom.grading.dispatch import Finished, Stop, work
from autograder.classroom.grading.workers import Answer, Crew, Job, Member
from autograder.common.digests import sha256
from autograder.common.errors import CourseError, EngineError, SubmissionError
from autograder.common.submission import Submission, SubmissionFile
from autograder.course.course import load
from autograder.worker import bundle as bundles
from autograder.worker.service import NOT_ADMITTED, Setup
from tests.tiny_course import tiny_course

GOOD = (json.dumps({"fits": 2, "trained": 1, "seconds": 0.5, "stages": {}, "log": []}), "report", "notebook", b"")
Behaviour = Callable[[Job], Any]  # parts, or a sentence: the worker was lost


class Twin:
    """A crew of `count` workers that answer at once, in order."""

    def __init__(self, behave: Behaviour, count: int = 2) -> None:
        self.members = {str(number): Member(str(number), str(number), "ready") for number in range(count)}
        self.refused: dict[str, str] = {}
        self.scheduler = ""
        self.behave = behave
        self.given: list[str] = []
        self.most = 0

    def idle(self) -> list[Member]:
        return [member for member in self.members.values() if member.job is None]

    def busy(self) -> list[Member]:
        return [member for member in self.members.values() if member.job is not None]

    def hopeful(self) -> bool:
        return bool(self.members)

    def give(self, member: Member, job: Job) -> None:
        member.job = job
        self.given.append(job.submission.student)
        self.most = max(self.most, len(self.busy()))

    def next(self, seconds: float) -> Answer | None:
        for member in self.busy():
            job, member.job = member.job, None
            assert job is not None
            made = self.behave(job)
            if isinstance(made, str):
                return Answer(job, None, made)
            return Answer(job, made[1:], header=json.loads(made[0]))
        return None


def run(twin: Twin, names: Iterable[str], stop: Stop | None = None, most_seconds: float = 1000) -> list[Finished]:
    def read(submission: Submission) -> SubmissionFile:
        if submission.student == "gone":
            raise SubmissionError("The file can't be read.")
        return SubmissionFile(submission, submission.student.encode())

    submissions = [Submission(name, "first", Path(name)) for name in names]
    return list(work(twin, submissions, read, stop or Stop(), most_seconds=most_seconds))  # type: ignore[arg-type]


def error(reason: str) -> tuple[str, str, str, bytes]:
    return json.dumps({"error": reason}), "", "", b""


def test_each_worker_has_one_submission_and_all_are_finished() -> None:
    twin = Twin(lambda job: GOOD, count=3)
    finished = run(twin, [f"s{number}" for number in range(50)])
    assert sorted(one.submission.student for one in finished) == sorted(f"s{number}" for number in range(50))
    assert twin.most == 3
    assert finished[0].result is not None
    assert (finished[0].result.fits, finished[0].result.trained, finished[0].digest) == (2, 1, sha256(b"s0"))


def test_a_submission_whose_worker_was_lost_is_tried_again_after_the_others() -> None:
    lost = ["its worker was lost", "its worker was lost"]
    twin = Twin(lambda job: lost.pop() if job.submission.student == "a" and lost else GOOD, count=1)
    finished = run(twin, ["a", "b", "c"])
    assert twin.given == ["a", "b", "c", "a", "a"]
    assert [one.submission.student for one in finished] == ["b", "c", "a"]
    assert all(one.result for one in finished)


def test_one_that_ends_its_worker_every_time_is_undecided_and_costs_the_others_nothing() -> None:
    twin = Twin(lambda job: "its worker was lost" if job.submission.student == "killer" else GOOD)
    finished = {one.submission.student: one for one in run(twin, ["killer", "b", "c"])}
    assert twin.given.count("killer") == dispatch.ATTEMPTS
    assert finished["killer"].result is None
    assert finished["killer"].why == "its worker was lost, 3 times"
    assert finished["b"].result and finished["c"].result


def test_a_worker_that_was_restarted_unnoticed_costs_no_attempt() -> None:
    odd = [error(NOT_ADMITTED)] * 5
    twin = Twin(lambda job: odd.pop() if odd else GOOD)
    assert [one.result is not None for one in run(twin, ["a"])] == [True]


def test_the_same_failure_of_every_submission_stops_the_run_with_its_reason() -> None:
    twin = Twin(lambda job: error("OSError: [Errno 28] No space left on device"))
    with pytest.raises(EngineError, match=r"fail on every submission: OSError: .* No space left") as caught:
        run(twin, [f"s{number}" for number in range(100)])
    assert len(twin.given) <= dispatch.SAME_IN_A_ROW + 1
    assert "what was graded is kept" in caught.value.remedy


def test_a_machine_that_is_low_for_a_while_costs_nobody_anything() -> None:
    """Also where one notebook after another meets it: they are tried again, last, and it is no failure of the workers."""
    low = (json.dumps({"error": "the machine had less than 300 MB left", "machine": True, "log": []}), "", "", b"")
    tries: dict[str, int] = {}

    def behave(job: Job) -> Any:
        student = job.submission.student
        tries[student] = tries.get(student, 0) + 1
        return low if tries[student] < dispatch.ATTEMPTS else GOOD

    finished = run(Twin(behave), [f"s{number}" for number in range(3 * dispatch.SAME_IN_A_ROW)])
    assert all(one.result is not None for one in finished)


def test_a_submission_is_tried_again_within_one_budget_of_time() -> None:
    """Who starves itself isn't waited for three times as long as its limits allow; what ends early is tried as often as ever."""
    low = (json.dumps({"error": "the machine was too busy", "machine": True, "log": []}), "", "", b"")

    def behave(job: Job) -> Any:
        job.given -= 70 if job.submission.student == "slow" else 20
        return low

    twin = Twin(behave)
    finished = {one.submission.student: one.why for one in run(twin, ["slow", "quick"], most_seconds=100)}
    assert finished == {
        "slow": "it took 140 s and was not run again (the machine was too busy)", "quick": "the machine was too busy, 3 times",
    }  # fmt: skip
    assert (twin.given.count("slow"), twin.given.count("quick")) == (2, 3)


def test_a_failure_of_one_submission_makes_it_undecided() -> None:
    twin = Twin(lambda job: error("ValueError: odd") if job.submission.student == "odd" else GOOD)
    finished = {one.submission.student: one for one in run(twin, ["odd", *"abcdefgh"])}
    assert finished["odd"].why == "ValueError: odd, 3 times"
    assert sum(one.result is not None for one in finished.values()) == 8


def test_a_file_that_went_away_meanwhile_is_said_to_be_unreadable() -> None:
    finished = {one.submission.student: one for one in run(Twin(lambda job: GOOD), ["a", "gone", "b"])}
    assert isinstance(finished["gone"].unreadable, SubmissionError)
    assert finished["a"].result and finished["b"].result


def test_asked_once_to_stop_it_finishes_what_runs_and_begins_nothing() -> None:
    stop = Stop()

    def behave(job: Job) -> Any:
        stop.asked = 1
        return GOOD

    twin = Twin(behave)
    finished = run(twin, "abcdefgh", stop)
    assert [one.submission.student for one in finished] == ["a", "b"]
    assert twin.given == ["a", "b"]


def test_ctrl_c_counts_and_the_second_one_and_sigterm_stop_at_once() -> None:
    asked = []
    before = signal.getsignal(signal.SIGINT)
    with Stop().heard(lambda: asked.append(1)) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert (stop.asked, asked) == (1, [1])
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with Stop().heard(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before  # whoever runs the tests in the background has it ignored


def test_without_a_worker_that_fits_the_reasons_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Twin(lambda job: GOOD, count=0)
    twin.refused = {"node1": "its libraries are not those of the machine that asks (keras 3.0, keras 3.1)"}
    with pytest.raises(EngineError, match="no worker can grade this course:\n  node1: its libraries"):
        run(twin, ["a"])
    twin.refused = {}
    monkeypatch.setattr(dispatch, "PATIENCE", -1.0)
    with pytest.raises(EngineError, match="no worker was there") as caught:
        run(twin, ["a"])
    assert "dask worker" in caught.value.remedy


# ---- the course on its way to a worker


def test_the_course_travels_without_solutions_and_without_the_gradebooks_password(tmp_path: Path) -> None:
    url = 'gradebook: "postgresql://me:hunter2@host/grades"'
    course = tiny_course(tmp_path / "course", url)
    (course.root / "solutions" / "helpers").mkdir()
    (course.root / "solutions" / "helpers" / "more.py").write_text("X = 1\n")
    packed = bundles.pack(course, course.root / "course.yml")
    assert packed == bundles.pack(course, course.root / "course.yml")
    path = bundles.unpack(packed, tmp_path / "there")
    there = load(path)
    assert there.digest("first") == course.digest("first")
    names = {found.relative_to(path.parent).as_posix() for found in path.parent.rglob("*") if found.is_file()}
    assert {"course.yml", "assignments/en/first/first.ipynb"} <= names
    # Files of solutions/ travel where a check names or uses them (tests/course/test_used_files.py): what decides is in the digest.
    assert {name for name in names if name.startswith("solutions/")} == set(course.files("first"))
    assert "hunter2" not in path.read_text()


def test_a_course_that_was_damaged_on_the_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="damaged on its way"):
        bundles.unpack(bundles.Bundle("0" * 64, b"something else"), tmp_path)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.classroom.grading.workers.CONNECT_SECONDS", 1)
    setup = Setup(
        bundle="", courses={}, isolation="none", language="en", memo=None, package="", versions=(),
    )  # fmt: skip
    with pytest.raises(EngineError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'") as caught:
        Crew(setup, bundles.Bundle("", b""), 1, "tcp://127.0.0.1:1").__enter__()
    assert "leave --scheduler out" in caught.value.remedy


def test_a_dashboard_without_bokeh_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    setup = Setup(bundle="", courses={}, isolation="none", language="en", memo=None, package="", versions=())
    with pytest.raises(EngineError, match="needs Bokeh") as caught:
        Crew(setup, bundles.Bundle("", b""), 1, dashboard=True).__enter__()
    assert caught.value.remedy == "`pip install bokeh`"


def test_grading_listens_on_this_machine_alone_and_takes_no_port_that_is_known_for_something() -> None:
    """Dask serves HTTP, also without a dashboard: at 8787 on every address, where others' programs wait."""

    def listening() -> set[tuple[str, int]]:
        found = psutil.Process().net_connections("inet")
        return {tuple(one.laddr) for one in found if one.status == psutil.CONN_LISTEN}

    before = listening()
    setup = Setup(bundle="", courses={}, isolation="none", language="en", memo=None, package="", versions=())
    with Crew(setup, bundles.Bundle("", b""), 0):
        opened = listening() - before
    assert opened and {address for address, _port in opened} == {"127.0.0.1"}
    assert not {port for _address, port in opened} & {8786, 8787}
