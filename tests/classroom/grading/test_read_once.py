"""The way of a submission: its file is read once and hashed once, and its hand-ins are unpacked once."""

import hashlib
import math
from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from autograder.classroom.find_submissions import find_submissions
from autograder.classroom.grading import grade_class, handin_store
from autograder.classroom.grading.dispatch import Finished
from autograder.classroom.grading.journal import Result
from autograder.common.errors import SubmissionError
from autograder.common.submission import SubmissionFile
from autograder.common.wire import handins
from autograder.worker import grading, judge_process, service, task
from autograder.worker.answers import all_failed
from tests.tiny_course import tiny_class, tiny_course


@pytest.fixture
def counted(monkeypatch):
    """How often a file was read, and how often each run of bytes was hashed."""
    reads, hashed = Counter(), Counter()
    read, sha256 = grade_class.content, hashlib.sha256

    def counting(path, limit):
        reads[path] += 1
        return read(path, limit)

    def hashing(content=b"", **others):
        hashed[bytes(content)] += 1
        return sha256(content, **others)

    monkeypatch.setattr(grade_class, "content", counting)
    monkeypatch.setattr(hashlib, "sha256", hashing)
    return reads, hashed


def pretending(course, graded):
    """A crew's work: what is read when it is a submission's turn, and a result for each."""

    def work(crew, waiting, read, stop, on_tick, most_seconds=math.inf):
        for one in waiting:
            try:
                handed_in = one if isinstance(one, SubmissionFile) else read(one)
            except SubmissionError as error:
                yield Finished(one, unreadable=error)
                continue
            graded.append(handed_in)
            made = task.Task(handed_in.submission.student, "first", handed_in.digest, course, "none")
            packed = made.handins(handins.pack(handins.Kept(handins.HandIns(assignment="first"), {})), code="c")
            yield Finished(
                handed_in.submission,
                handed_in.digest,
                Result(made.report(all_failed(made.asked, "en", "no work")).to_json(), "{}", packed),
            )

    return work


@pytest.fixture
def grade(tmp_path, monkeypatch):
    course = tiny_course(tmp_path / "course")
    tiny_class(course, 4)
    graded = []
    crew = SimpleNamespace(link="")
    monkeypatch.setattr(grade_class, "Crew", lambda *_: nullcontext(crew))
    monkeypatch.setattr(grade_class, "work", pretending(course, graded))
    settings = grade_class.Settings(course.root / "course.yml", "none", 1, None, reference=False)

    def go():
        grade_class.grade_class(find_submissions(course.root / "submitted", course), course, settings)
        return graded

    return go


def test_a_file_is_read_once_and_hashed_once_from_the_folder_to_the_journal(grade, counted):
    reads, hashed = counted
    graded = grade()
    assert len(graded) == 4
    assert {reads[one.submission.path] for one in graded} == {1}
    different = Counter(one.content for one in graded)
    assert {content: hashed[content] for content in different} == different


def test_files_that_are_too_much_for_memory_are_read_again_in_their_turn(grade, counted, monkeypatch):
    monkeypatch.setattr(grade_class, "HELD", 0)
    reads, _ = counted
    assert {reads[one.submission.path] for one in grade()} == {2}


def test_hand_ins_are_unpacked_once_on_their_way(grade, monkeypatch):
    unpacked = []
    monkeypatch.setattr(handin_store, "unpack", lambda content: unpacked.append(content) or handins.unpack(content))
    graded = grade()
    assert len(unpacked) == len(graded)
    assert not any(hasattr(room, "unpack") for room in (grading, task, judge_process))
    assert service.unpack.__module__ == "autograder.worker.bundle"  # the course, not what was handed in
