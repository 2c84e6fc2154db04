import os

import pytest

from autograder.common.environment import change_to


@pytest.fixture
def begun():
    before = dict(os.environ)
    yield before
    change_to(before)


@pytest.mark.parametrize(
    "changed", [{}, {"AUTOGRADER_ADDED": "1"}, {"PATH": "/bin"}, {"AUTOGRADER_ADDED": "", "PATH": "/bin"}]
)
def test_an_environment_is_changed_by_writing_only_what_differs(begun, changed, monkeypatch):
    change_to(begun | changed)
    assert dict(os.environ) == begun | changed
    written = []
    monkeypatch.setattr(os, "putenv", lambda *pair: written.append(pair[0]))
    monkeypatch.setattr(os, "unsetenv", written.append)
    change_to(begun)
    assert dict(os.environ) == begun
    assert {os.fsdecode(name) for name in written} == set(changed)
