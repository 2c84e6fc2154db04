"""Autograders that other systems run by themselves."""

from autograder.authoring.containers.gradescope import archive

__all__ = ["archive"]
