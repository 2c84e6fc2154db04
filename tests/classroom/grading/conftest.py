"""What the tests of grading share."""

import pytest


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Commands that a test calls in its own process print 200 columns, whatever imported them before, and however wide it was then."""
    from autograder.cli import common

    for console in (common.out, common.err):
        monkeypatch.setattr(console, "_width", 200)
