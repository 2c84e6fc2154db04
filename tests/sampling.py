"""A share of the slow tests, where there isn't the time for all (`.ci/run` on a slow machine)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any


def sample(items: Sequence[Any], share: float, seed: str) -> list[Any]:
    """Of each file's parametrised tests a `share` (0 to 1) that `seed` draws, at least one; those of one assignment stay together, since one
    fixture proves it. All other tests are in it.
    """
    cases: dict[Any, dict[str, None]] = {}
    for item in items:
        if hasattr(item, "callspec"):
            cases.setdefault(item.path, {})[_case(item)] = None
    drawn = set()
    for path, found in cases.items():
        in_order = sorted(found, key=lambda case: sha256(f"{seed} {case}".encode()).digest())
        drawn.update((path, case) for case in in_order[: max(1, round(share * len(found)))])
    return [item for item in items if not hasattr(item, "callspec") or (item.path, _case(item)) in drawn]


def _case(item: Any) -> str:
    named: str = item.callspec.params.get("assignment", item.name)
    return named
