"""The tests of the package and of the course; `conftest.py` has what they share."""

from autograder.common import no_grammars  # noqa: F401
