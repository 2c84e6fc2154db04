from autograder.course.checks.base import Check, Facts, Lab, Verdict, failed, passed, undecided
from autograder.course.checks.registry import TYPES, decide, parse

__all__ = ["TYPES", "Check", "Facts", "Lab", "Verdict", "decide", "failed", "parse", "passed", "undecided"]
