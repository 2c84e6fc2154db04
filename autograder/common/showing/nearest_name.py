"""Mistyped names, and what they most likely mean."""

from __future__ import annotations

import difflib


def nearest(name: str, known: list[str], alike: float = 0.5) -> str:
    """The known name that a mistyped one most likely meant, whatever the capitals of either; '' when none is near."""
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    words = [word for word in name.casefold().split("_") if word]
    for fold, one in folded.items():  # lr, sparse_crossentropy, r2
        own = fold.split("_")
        if len(own) > 1 and (
            "".join(word[0] for word in own if word) == name.casefold()
            or (len(words) > 1 and set(words) <= set(own))
            or f"{name.casefold()}_score" == fold
        ):
            return one
    if len(name) > 3 and (same := [fold for fold in folded if sorted(fold) == sorted(name.casefold())]):  # Adma
        return folded[same[0]]
    close = difflib.get_close_matches(name.casefold(), list(folded), 1, alike)
    return folded[close[0]] if close else ""
