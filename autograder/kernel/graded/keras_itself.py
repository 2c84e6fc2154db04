"""Whether Keras is still as it came, and what it calls of TensorFlow: what a notebook puts into their classes and modules, a training
runs, and the judge doesn't."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from autograder.kernel.describing.structure import CALLED

# What an epoch runs is in these parts of Keras, and in what TensorFlow offers.
_PARTS = (
    *(
        f"keras.src.{part}."
        for part in (
            "activations", "backend", "constraints", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers",
            "random", "regularizers", "trainers", "tree", "callbacks",
        )
    ),
    *(f"tensorflow._api.v2.{part}." for part in ("nn", "math", "linalg", "image", "random", "data", "raw_ops")),
    "tensorflow.python.data.ops.dataset_ops.",
)  # fmt: skip
_MISSING: Any = object()


_kept: list[tuple[Any, dict[str, Any]]] = []


def note() -> None:
    """Keras's functions and classes are Keras's own as they are now.

    The first time costs 30 ms: the parent of all kernels does it, and in each only what was put in their places since is noted.
    """
    if not _kept:
        _kept[:] = [(place, dict(vars(place))) for place in _places()]
    for place, before in _kept:
        now = vars(place)
        if len(now) != len(before) or any(now.get(name, _MISSING) is not value for name, value in before.items()):
            before.clear()
            before.update(now)


def changed() -> str:
    """The name of something that an epoch may run and that isn't Keras's any more; '' where there is none. Takes 2 ms."""
    for place, before in _kept:
        now = vars(place)
        for name, value in before.items():
            if now.get(name, _MISSING) is not value and _counts(place, name, value):
                return f"{_named(place)}.{name}"
        if len(now) > len(before) and isinstance(place, type):
            for name in [*now]:
                above = next((vars(base)[name] for base in place.__mro__[1:] if name in vars(base)), now[name])
                if name not in before and now[name] is not above and _counts(place, name, now[name]):
                    return f"{_named(place)}.{name}"
    return ""


def _named(place: Any) -> str:
    """As notebooks call it."""
    name: str = place.__name__
    return name.replace("._api.v2", "")


def _places() -> Iterator[Any]:
    """Modules and the classes that they define."""
    for name, module in [*sys.modules.items()]:
        if name == "tensorflow" or f"{name}.".startswith(_PARTS):
            yield module
            yield from (one for one in [*vars(module).values()] if isinstance(one, type) and one.__module__ == name)


def _counts(place: Any, name: str, value: Any) -> bool:
    """Whether an epoch may run that; of a callback it runs what hears of batches."""
    runs = callable(value) or hasattr(type(value), "__get__")
    between = isinstance(place, type) and place.__module__.startswith("keras.src.callbacks.") and "batch" not in name
    return runs and not between and name not in CALLED
