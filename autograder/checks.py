"""For packages that bring check types of their own: see CONTRIBUTING, "Adding a check type", and the entry points `autograder.checks`."""

from autograder.course.checks.base import Check, Facts, InCourse, Verdict, failed, passed, undecided
from autograder.course.checks.networks.model_check import ModelCheck

__all__ = ["Check", "Facts", "InCourse", "ModelCheck", "Verdict", "failed", "passed", "undecided"]
