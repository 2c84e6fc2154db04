"""Writes autograder/common/keras_names.json: every name that the installed Keras takes, and what it stands for: ``make names``.

The grader's side never imports Keras to know these; a test compares the file with the Keras that is installed.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
TARGET = Path(__file__).resolve().parent.parent / "autograder" / "common" / "keras_names.json"


def names() -> dict[str, Any]:
    """``aliases`` by kind, from each name to the canonical one; ``settings`` by kind and class, with their defaults.

    A setting is ``[default]``, or ``[]`` when it can't be left out.
    """
    import keras
    from keras.src import activations, initializers, losses, metrics, optimizers, regularizers
    from keras.src.utils.naming import to_snake_case

    own = {"losses": losses, "metrics": metrics, "optimizers": optimizers, "activations": activations,
           "initializers": initializers, "regularizers": regularizers}  # fmt: skip
    aliases = {kind: dict(module.ALL_OBJECTS_DICT) for kind, module in own.items()}
    # What can be given as an object or a function only, such as keras.optimizers.Lamb.
    for kind, known in aliases.items():
        for name, thing in vars(getattr(keras, kind)).items():
            if callable(thing) and name not in ("get", "serialize", "deserialize"):
                known.setdefault(name.lower() if kind == "optimizers" else name, thing)
    aliases["layers"] = _classes(keras.layers, keras.layers.Layer)
    canonical: dict[str, Callable[[Any], str]] = {
        "losses": lambda thing: _function_of(thing, "fn") or to_snake_case(thing.__name__),
        "metrics": lambda thing: _metric(thing, to_snake_case),
    }
    classes = {"layers": aliases["layers"], "optimizers": _classes(keras.optimizers, keras.optimizers.Optimizer)}
    return {
        "aliases": {
            kind: {name: canonical.get(kind, _name)(thing) for name, thing in sorted(known.items())}
            for kind, known in aliases.items()
        },
        "settings": {
            kind: {thing.__name__: _settings(thing) for _, thing in sorted(found.items())}
            for kind, found in classes.items()
        },
    }


def _classes(module: Any, base: type) -> dict[str, type]:
    return {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, base) and thing is not base
    }


def _name(thing: Any) -> str:
    return str(thing.__name__)


def _function_of(thing: Any, attribute: str) -> str:
    """The name of the function that an object of this class calls, where it is one of Keras's."""
    if not inspect.isclass(thing):
        return ""
    try:
        return str(getattr(getattr(thing(), attribute, None), "__name__", ""))
    except TypeError:  # a class that can't be made without settings
        return ""


def _metric(thing: Any, to_snake_case: Callable[[str], str]) -> str:
    if not inspect.isclass(thing):
        return str(thing.__name__)
    own = _function_of(thing, "_fn")
    if thing.__name__ == "Accuracy":
        return "Accuracy"  # compares labels with the outputs themselves: not what the name `accuracy` stands for
    return own if own in (to_snake_case(thing.__name__), thing.__name__) else to_snake_case(thing.__name__)


def _settings(thing: Any) -> dict[str, Any]:
    """What a class can be made with, and the value of each when it is left out ("required": it can't be)."""
    found = {}
    for name, parameter in inspect.signature(thing.__init__).parameters.items():
        if name in ("self", "name", "dtype") or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        found[name] = [] if parameter.default is parameter.empty else [_plain(parameter.default)]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def text() -> str:
    """One line a kind of names, and one a class."""
    found = names()
    aliases = [f"{_json(kind)}: {_json(known)}" for kind, known in found["aliases"].items()]
    settings = [
        f"{_json(kind)}: {{\n" + ",\n".join(f"{_json(name)}: {_json(own)}" for name, own in classes.items()) + "\n}"
        for kind, classes in found["settings"].items()
    ]
    return '{"aliases": {\n' + ",\n".join(aliases) + '\n}, "settings": {\n' + ",\n".join(settings) + "\n}}\n"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
    print(TARGET)
