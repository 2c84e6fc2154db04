"""What was handed in for other questions, where it says what a number of this one may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograder.common.wire.description import MappingDescription, ModelDescription, entry

MOST = 12  # networks: each may be measured on every split


def networks(handed_in: Iterable[Mapping[str, Any]]) -> dict[str, ModelDescription]:
    """The trained networks of all these answers by their names, those of dictionaries as ``models['adam']``; no more than `MOST`."""
    found: dict[str, ModelDescription] = {}
    for values in handed_in:
        for name, value in values.items():
            several = isinstance(value, MappingDescription)
            items = {entry(name, key): one for key, one in value.items.items()} if several else {name: value}
            found |= {
                said: one
                for said, one in items.items()
                if isinstance(one, ModelDescription) and one.fits and not one.origin
            }
    return dict(list(found.items())[:MOST])
