"""A worker whose judge or sandbox was killed while it started is no worker that doesn't fit."""

import json
import os

import pytest

from autograder.common.errors import SandboxError
from autograder.common.versions import package, versions
from autograder.worker import service


@pytest.mark.parametrize(("failures", "admitted"), [(0, True), (1, True), (2, False)])
def test_who_fails_to_start_once_is_started_again(failures, admitted, monkeypatch):
    left = [SandboxError("the sandbox did not start: it said nothing")] * failures

    def start(tools):
        if left:
            raise left.pop()

    monkeypatch.setattr(service, "_tools", None)
    monkeypatch.setattr(service, "_watching", True)  # no thread of its own
    monkeypatch.setattr(service._Tools, "start", start)
    setup = service.Setup(
        bundle="b", courses={}, isolation="none", language="", memo=None, package=package(), versions=versions()
    )
    answer = json.loads(service.admit(setup.model_dump_json(), b""))
    assert (answer.get("pid") == os.getpid()) == admitted
    assert ("did not start" in answer.get("refused", "")) != admitted
