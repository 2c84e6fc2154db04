"""What the names that Keras takes stand for: one table for checks, hints, course.yml and the judge, without importing Keras.

`canonical` resolves a name as Keras itself does: short names, classes and functions, and other capitals where Keras takes them.
The table is written by ``make names`` from the installed Keras, and a test compares the two.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from autograder.common.files import text_of
from autograder.common.showing.nearest_name import nearest

Kind = Literal["layers", "losses", "metrics", "optimizers", "activations", "initializers", "regularizers"]

# Words that compile() resolves only when it sees the labels, in any capitals.
CROSSENTROPY: Final = frozenset({"crossentropy", "ce"})
ACCURACY: Final = frozenset({"accuracy", "acc"})
METRIC_ARGUMENTS: Final = ("loss_weights", "weighted_metrics")  # of compile(), beside its list of metrics
# What `accuracy` and `crossentropy` are for each kind of labels.
ACCURACY_OF: Final = {
    "sparse_categorical_crossentropy": "sparse_categorical_accuracy",
    "categorical_crossentropy": "categorical_accuracy",
    "binary_crossentropy": "binary_accuracy",
}


class Setting(NamedTuple):
    """What a class can be made with: its default, unless it is required."""

    default: Any
    required: bool = False


@cache
def _table() -> Any:
    return json.loads(text_of(Path(__file__).with_suffix(".json")))


def canonical(kind: Kind, name: str) -> str:
    """The one name for what `name` stands for: a class for layers, optimizers, initializers and regularizers, else a function.

    '' for a name that Keras doesn't know.
    """
    known: dict[str, str] = _table()["aliases"][kind]
    if kind == "optimizers":
        return known.get(name.lower(), "")
    if kind == "metrics" and name.lower() in ACCURACY:
        return "accuracy"
    if kind == "losses" and name.lower() in CROSSENTROPY:
        return "crossentropy"
    return known.get(name, "")


def known(kind: Kind) -> list[str]:
    """All canonical names, in order."""
    found = set(_table()["aliases"][kind].values())
    return sorted(found | {"accuracy"} if kind == "metrics" else found)


def of_object(kind: Kind, name: str) -> str:
    """As `canonical`, for the name of a class or function that was given itself: no words that compile() resolves later."""
    return str(_table()["aliases"][kind].get(name, ""))


def guess(kind: Kind, name: str) -> str:
    """The spelling that a mistyped `name` most likely meant, whatever its capitals; '' when none is near."""
    found: dict[str, str] = _table()["aliases"][kind]
    words = ACCURACY if kind == "metrics" else CROSSENTROPY if kind == "losses" else ()
    return nearest(name, [*sorted(words), *found.values(), *found])


def spellings(kind: Kind) -> list[str]:
    """All names that Keras takes, in order."""
    return sorted(_table()["aliases"][kind])


def settings(kind: Literal["layers", "optimizers"], name: str) -> dict[str, Setting]:
    """The settings of a class by its canonical name; none for a class that isn't known."""
    own = _table()["settings"][kind].get(name, {})
    return {key: Setting(value[0]) if value else Setting(None, required=True) for key, value in own.items()}


def takes(layer: str, setting: str) -> str:
    """What a setting of a layer takes, as ``setting_kinds`` reads it; ``any`` where that may be anything."""
    return str(_table()["takes"]["layers"].get(layer, {}).get(setting, "any"))


# ---- activations that are layers of their own

# A rectifier by its settings (max_value, negative_slope, threshold), and the activation function that does the same.
_RECTIFIERS: Final = {
    (None, 0.0, 0.0): "relu", (6.0, 0.0, 0.0): "relu6", (None, 0.2, 0.0): "leaky_relu", (None, 1.0, 0.0): "linear",
}  # fmt: skip
ACTIVATION_LAYERS: Final = frozenset({"Activation", "Softmax", "ReLU", "LeakyReLU", "ELU"})


def activation_of(layer: str, config: dict[str, Any], rank: int | None = None) -> str:
    """The activation function that a layer of class `layer` applies; '' when it is no such layer or does something else.

    `rank`: of its output, the batch axis counted; it says which axis of a Softmax is the last one.
    """

    def setting(key: str) -> Any:
        return config.get(key, settings("layers", layer)[key].default)

    match layer:
        case "Activation":
            return str(config.get("activation") or "")
        case "Softmax":
            axis = setting("axis")
            return (
                "softmax"
                if type(axis) in (int, float) and (axis == -1 or (rank is not None and axis == rank - 1))
                else ""
            )
        case "ReLU":
            return _rectifier(setting("max_value"), setting("negative_slope"), setting("threshold"))
        case "LeakyReLU":
            return _rectifier(None, setting("negative_slope"), 0.0)
        case "ELU":
            alpha = setting("alpha")
            return "elu" if _same(alpha, 1.0) else "relu" if _same(alpha, 0.0) else ""
    return ""


def _rectifier(*given: Any) -> str:
    for wanted, name in _RECTIFIERS.items():
        if all(_same(one, other) for one, other in zip(given, wanted, strict=True)):
            return name
    return ""


def _same(given: Any, wanted: float | None) -> bool:
    if given is None or wanted is None:
        return given is wanted
    # Some layers keep their settings as float32.
    return type(given) in (int, float) and abs(given - wanted) <= 1e-6
