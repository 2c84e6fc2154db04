"""Checks on which layers a network is made of: by their names, or the very objects."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from autograder.common.i18n import _
from autograder.common.wire.description import LayerDescription
from autograder.course.checks.base import Facts, Verdict, failed, passed, undecided
from autograder.course.checks.networks.effective_layers import without_activations
from autograder.course.checks.networks.model_check import ModelCheck


class LayerNames(ModelCheck):
    """The names of the layers, in order; or, with `default`, that no layer was given a name."""

    type: Literal["layer_names"] = "layer_names"
    names_: tuple[str, ...] = Field(default=(), alias="names")
    default: bool = False
    asks = ("names_", "default")

    def describe(self) -> str:
        if self.default:
            return _("Layers without names of their own")
        return _("Layer names: {names}", names=", ".join(self.names_))

    def problem(self) -> str:
        twice = sorted({name for name in self.names_ if self.names_.count(name) > 1})
        return _("two layers can't both be called '{name}'", name=twice[0]) if twice else ""

    def decide(self, value: Any, facts: Facts) -> Verdict:
        layers = [layer for layer in value.layers if layer.name]  # operations have none
        others = [layer for layer in without_activations(value) if layer.name]
        names = [layer.name for layer in others]
        if self.default:
            if not names:  # nothing is named, and nothing was made
                return undecided(value.custom) if value.custom else failed(_("names that Keras makes up"), _("none"))
            named = [layer.name for layer in others if not made_up(layer)]
            if not named:
                return passed(", ".join(names))
            return failed(_("names that Keras makes up"), ", ".join(named), _("Leave name=... out."))
        if list(self.names_) in (names, [layer.name for layer in layers]):
            return passed(", ".join(self.names_))
        if value.custom and sorted(names) == sorted(self.names_):
            return undecided(value.custom)
        return failed(", ".join(self.names_), ", ".join(names) or _("none"), self._which(others))

    def _which(self, layers: list[LayerDescription]) -> str:
        """A hint that names the layer whose name differs, where the student gave the names."""
        given = [layer.name for layer in layers]
        if not any(made_up(layer) for layer in layers):
            missing = [name for name in self.names_ if name not in given]
            if len(given) == len(self.names_):
                found, wanted, number = next(
                    (one, other, n) for n, (one, other) in enumerate(zip(given, self.names_, strict=True), 1) if one != other
                )  # fmt: skip
                hint = _("it is called {found}, and should be called {wanted}.", found=found, wanted=wanted)
                return _("Layer {place}: {hint}", place=number, hint=hint)
            if missing and given:
                return _("No layer is called {names}.", names=", ".join(missing))
        example = self.names_[0]
        return _("Give each layer its name when you make it: keras.layers.Dense(..., name='{name}').", name=example)


def made_up(layer: LayerDescription) -> bool:
    """Whether a layer has a name as Keras makes it up: its class in snake case, and a counter from the second on."""
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", layer.type)))
    return re.fullmatch(rf"{snake.lower()}(_[1-9]\d*)?", layer.name) is not None


class SameLayers(ModelCheck):
    """The network is made of the very layer objects that were handed in under these names."""

    type: Literal["same_layers"] = "same_layers"
    layers: tuple[str, ...]
    asks = ("layers",)
    values_named = ("layers",)

    def describe(self) -> str:
        return _("Made of the layer objects {layers}", layers=", ".join(self.layers))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        same = [layer.same_as for layer in value.layers if layer.same_as]
        if same == list(self.layers):
            return passed(", ".join(same))
        if value.custom and sorted(same) == sorted(self.layers):
            return undecided(value.custom)
        return failed(
            _("a network of the objects {layers}", layers=", ".join(self.layers)),
            _("it uses {same}", same=", ".join(same)) if same else _("it uses none of them"),
            _(
                "Make {layers} first, then keras.Sequential([..., {list}]).",
                layers=_(" and ").join(self.layers),
                list=", ".join(self.layers),
            ),
        )
