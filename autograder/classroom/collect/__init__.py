"""Notebooks from learning platforms, archives, checkouts and exchanges, into nbgrader's layout."""

from autograder.classroom.collect.collect_class import collect
from autograder.classroom.collect.matching import Settings
from autograder.classroom.collect.platforms import PLATFORMS
from autograder.classroom.collect.results import Collected, Taken, Unmatched, What

__all__ = ["PLATFORMS", "Collected", "Settings", "Taken", "Unmatched", "What", "collect"]
