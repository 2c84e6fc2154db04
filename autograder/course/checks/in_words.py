"""Handed-in values in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograder.common.i18n import N_, _, known
from autograder.common.showing.nearest_name import nearest
from autograder.common.showing.readable import shorten
from autograder.common.wire.description import (
    ArrayDescription,
    Component,
    FailureDescription,
    FigureDescription,
    FunctionDescription,
    LayerDescription,
    ListDescription,
    MappingDescription,
    ModelDescription,
    ObjectDescription,
    OtherDescription,
    ScalarDescription,
    TableDescription,
    entry,
)

TRAIN_IT = N_("Train it with fit() before this cell; where fit() ended with an error, mend that first.")
FITTED = N_("Train it by model.fit(...): weights that were set otherwise, as by set_weights(), don't count.")
STEPPED = N_("its weights were trained, and not by a fit() that ended in this kernel")
MADE_AGAIN = N_(
    "A network of this name was trained, and this is another, made after that: use the one that was trained."
)


def built(value: Any) -> Any:
    """What a function without arguments gave (``builds`` asks for the call); any other value as it is."""
    results = value.results.get("()", ()) if isinstance(value, FunctionDescription) else ()
    return results[0] if results else value


def one_network(name: str, networks: Mapping[str, Any]) -> bool:
    """Whether all entries of the dictionary `name` are one object. Networks that were trained alike have equal weights, and are several."""
    if len(networks) < 2 or not all(isinstance(one, ModelDescription) for one in networks.values()):
        return False
    return len({one.same_as or entry(name, key) for key, one in networks.items()}) == 1


def shared(name: str, networks: Mapping[str, Any]) -> str:
    """What to say where the same network stands under every key of the dictionary `name`; '' where it doesn't."""
    if not one_network(name, networks):
        return ""
    return _("The same network stands under every key: make a fresh one in the loop, train it, and store it there.")


def setting_differs(key: str, found: str, wanted: str) -> str:
    """Of a layer's setting, or an object's: the name is what is written, so that the sentence is right of `filters` and `metrics` too."""
    return _("its setting `{key}` is {found}, and should be {wanted}.", key=key, found=found, wanted=wanted)


def other_keys(missing: Iterable[str], given: Iterable[str]) -> str:
    """What to say where one of the keys that are missing is among the `given` others, spelled otherwise; '' where none is."""
    others = sorted(given)
    for key in missing:
        if found := nearest(key, others, 0.7):
            return _("There is '{found}': the key is '{key}', letter by letter.", found=found, key=key)
    return ""


SPLITS = {
    "all_train": N_("the whole training set"),
    "train": N_("the training split"),
    "holdout": N_("the hold-out"),
    "test": N_("the test set"),
}


def split_name(split: str) -> str:
    return _(SPLITS[split])


def number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def made_text(made: Component, keys: Iterable[str] = ()) -> str:
    """An object as it is made: ``EarlyStopping(patience=3)``, with those of its settings that are named in `keys`."""
    settings = [(key, made.settings[key]) for key in keys if key in made.settings]
    told = [f"{key}={made_text(value) if isinstance(value, Component) else repr(value)}" for key, value in settings]
    return shorten(f"{made.type}({', '.join(told)})")


def show(value: Any) -> str:
    """A handed-in value in a few words."""
    match value:
        case ScalarDescription():
            return shorten(repr(value.value))
        case ListDescription():
            return shorten("[" + ", ".join(show(item) for item in value.items) + "]")
        case MappingDescription():
            return shorten("{" + ", ".join(f"{key!r}: {show(item)}" for key, item in value.items.items()) + "}")
        case ArrayDescription():
            return _("an array of shape {shape} and type {dtype}", shape=value.shape, dtype=value.dtype)
        case ModelDescription():
            return (
                _("a network of {layers}", layers=", ".join(layer.type for layer in value.layers))
                if value.layers
                else _("a network of no layers")
            )
        case LayerDescription():
            return _("a single layer, {type}", type=value.type)
        case FunctionDescription():
            return _("a function, {name}", name=value.name)
        case FailureDescription():
            return f"{value.error}: {shorten(value.message)}"
        case TableDescription():
            return shorten(
                _(
                    "a table of {rows} rows with the columns {columns}",
                    rows=value.rows,
                    columns=", ".join(value.columns),
                )
            )
        case FigureDescription():
            return _("a figure with {number} drawings", number=len(value.axes))
        case ObjectDescription():
            return made_text(value.made)
        case OtherDescription():
            return _("an object of type {type}", type=value.type)
        case None:
            return _("nothing")
    return shorten(repr(value))


def wrong_texts(key: str, listed: Any) -> str:
    """What is wrong with the texts of a list, which stands at `key`: one that is empty, or one that stands twice; '' for nothing."""
    texts = [one for one in listed if isinstance(one, str)] if type(listed) is tuple else []
    if not all(one.strip() for one in texts):
        return _("a text in '{key}' is empty", key=key)
    twice = next((one for one in texts if texts.count(one) > 1), "")
    return _("'{name}' stands twice in '{key}'", name=twice, key=key) if twice else ""


def no_language(name: str) -> str:
    meant = _("did you mean '{guess}'?", guess=known(name)) if known(name) else _("write it like en, ko, fr or pt-BR")
    return _("'{name}' is not the code of a language: {meant}", name=name, meant=meant)
