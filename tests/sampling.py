"""A share of the slow tests, where there isn't the time for all (`.ci/run` on a slow machine)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any


def sample(items: Sequence[Any], share: float, seed: str) -> list[Any]:
    """Of each file's tests a `share` (0 to 1) that `seed` draws: of few tests now one more, now one less, so that in time each comes.

    Those of one assignment stay together, since one fixture proves it.
    """
    cases: dict[Any, dict[str, None]] = {}
    for item in items:
        cases.setdefault(item.path, {})[_case(item)] = None
    drawn = set()
    for path, found in cases.items():
        in_order = sorted(found, key=lambda case: _number(seed, path.name, case))
        drawn.update((path, case) for case in in_order[: int(share * len(found) + _number(seed, path.name))])
    return [item for item in items if (item.path, _case(item)) in drawn]


def _number(*texts: str) -> float:
    """From 0 to 1, as good as drawn."""
    return int.from_bytes(sha256(" ".join(texts).encode()).digest()[:6], "big") / 2**48


def _case(item: Any) -> str:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    named: str = parameters.get("assignment", item.name)
    return named
