"""The classes whose objects a check can ask for, the settings that these tell, and what those take: without importing Keras or scikit-learn.

The table is written by ``make names`` from what is installed, and a test compares the two.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from autograder.common.files import text_of

# Their steps are settings as well, by the names that students gave them.
WITH_STEPS: Final = ("Pipeline", "ColumnTransformer")
FOUND: Final = "best_estimator_"  # by a search over settings


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    return json.loads(text_of(Path(__file__).with_suffix(".json")))  # type: ignore[no-any-return]


def objects() -> dict[str, dict[str, str]]:
    """Callbacks, optimizers, schedules and estimators: by class the settings that an object of it tells."""
    table = _table()
    return table["callbacks"] | table["keras"] | table["sklearn"]


def callbacks() -> dict[str, dict[str, str]]:
    """Keras's callbacks alone, likewise."""
    return _table()["callbacks"]


def parts() -> list[str]:
    """What may stand in a setting of those: they themselves, and what splits rows."""
    return [*objects(), *_table()["parts"]]


def settings(name: str) -> list[str] | None:
    """What an object of the class called `name` tells; None where that may be anything."""
    own = objects().get(name)
    if own is None or name in WITH_STEPS:
        return None
    return [*own, FOUND] if name.endswith("SearchCV") else [*own]


def takes(name: str, setting: str) -> str:
    """What a setting takes, as ``setting_kinds`` reads it; ``any`` where that may be anything."""
    return objects().get(name, {}).get(setting, "any")
