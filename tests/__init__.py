"""The tests of the package and of the course; `conftest.py` has what they share."""

from autograder.common.machine import no_grammars  # noqa: F401
