"""A worker whose judge or sandbox was killed while it started is no worker that doesn't fit."""

import json
import os

import pytest

from autograder.common.errors import CourseError, SandboxError
from autograder.common.machine.versions import package, versions
from autograder.worker import service


def asked(monkeypatch, left):
    """What a worker answers that fails to start in these ways, one after the other."""

    def start(tools):
        if left:
            raise left.pop()

    monkeypatch.setattr(service, "_tools", None)
    monkeypatch.setattr(service, "_watching", True)  # no thread of its own
    monkeypatch.setattr(service._Tools, "start", start)
    setup = service.Setup(
        bundle="b", courses={}, isolation="none", language="", memo=None, package=package(), versions=versions()
    )
    return json.loads(service.admit(setup.model_dump_json(), b""))


@pytest.mark.parametrize(("failures", "admitted"), [(0, True), (1, True), (2, False)])
def test_who_fails_to_start_once_is_started_again(failures, admitted, monkeypatch):
    answer = asked(monkeypatch, [SandboxError("the sandbox did not start: it said nothing")] * failures)
    assert (answer.get("pid") == os.getpid()) == admitted
    assert ("did not start" in answer.get("refused", "")) != admitted


def test_what_is_wrong_with_the_course_is_told_without_lines_of_the_workers_copy(monkeypatch):
    wrong = CourseError("course.yml:7: data.file: houses.csv can't be read: line 15 has 8 places", "Make it whole.")
    answer = asked(monkeypatch, [wrong, wrong])
    assert answer["refused"] == "course.yml: data.file: houses.csv can't be read: line 15 has 8 places. Make it whole"
