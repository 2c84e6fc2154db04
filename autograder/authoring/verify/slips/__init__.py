"""Single mistakes, as students make them. What each costs is said by `requirements`, not by the checks."""

from autograder.authoring.verify.slips.mistakes import MISTAKES

__all__ = ["MISTAKES"]
