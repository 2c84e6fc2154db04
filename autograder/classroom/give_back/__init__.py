"""Feedback on its way back: the archives and worksheets in which learning platforms take it."""

from autograder.classroom.give_back.archives import PLATFORMS, archives
from autograder.classroom.give_back.worksheet import fill

__all__ = ["PLATFORMS", "archives", "fill"]
