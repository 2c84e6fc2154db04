"""Which versions of others this package asks for: said once, in pyproject.toml."""

import tomllib

from autograder.common.machine.requirements import least, recent
from tests.conftest import ROOT


def test_versions_are_compared_by_their_numbers():
    found = ("3.10.9", "3.11", "3.11.0", "3.15.1rc0", "4", "x", "2.15.0")
    assert [recent("keras", version) for version in found] == [False, True, True, True, True, False, False]
    assert recent("numpydoc", "0.1") and least("numpydoc") == ""  # nothing is asked for


def test_the_versions_that_are_asked_for_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["grading"], *extras["tensorflow"]]
    for name in ("keras", "tensorflow", "nbgrader"):
        assert f"{name}>={least(name)}" in asked
