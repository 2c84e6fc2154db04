"""Grades for other systems: one `Sheet`, written in several formats. See `registry` for the list."""

from autograder.report.export.grades import Entry, Person, Sheet
from autograder.report.export.registry import FORMATS, Format

__all__ = ["FORMATS", "Entry", "Format", "Person", "Sheet"]
