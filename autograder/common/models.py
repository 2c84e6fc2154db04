"""What every model of data derives from. What one of them does otherwise is said in its class line: ``class A(Frozen, ser_json_...)``."""

from __future__ import annotations

from pydantic import BaseModel


class Frozen(BaseModel, frozen=True, extra="forbid", strict=True):
    """A value that a program wrote: immutable, no unknown fields, exact types."""


class Written(Frozen, strict=False):
    """A value that people write, in YAML or as arguments: a list is a tuple there, and 1 is 1.0."""
