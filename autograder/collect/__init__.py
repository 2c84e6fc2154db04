"""Notebooks from learning platforms, archives, checkouts and exchanges, into nbgrader's layout."""

from autograder.collect.matching import Settings
from autograder.collect.platforms import PLATFORMS
from autograder.collect.results import Collected, Taken, Unmatched, What
from autograder.collect.run import collect

__all__ = ["PLATFORMS", "Collected", "Settings", "Taken", "Unmatched", "What", "collect"]
