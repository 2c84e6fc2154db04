"""Grades for other systems: one `Sheet`, written in several formats. See `registry` for the list."""

from autograder.classroom.export.grades import Person, Sheet
from autograder.classroom.export.registry import FORMATS, Format

__all__ = ["FORMATS", "Format", "Person", "Sheet"]
