"""Checks on a network's layers: which they are, what they are called, and whether they are the student's own objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from autograder.common.i18n import N_, _
from autograder.common.results import Status
from autograder.common.wire.description import Component, ModelDescription
from autograder.course.checks.base import Facts, Verdict, failed, passed, undecided
from autograder.course.checks.in_words import setting_differs
from autograder.course.checks.networks import graphs
from autograder.course.checks.networks.effective_layers import (
    CUSTOM,
    Effective,
    asked,
    chain,
    effective,
    gathered,
    wiring,
)
from autograder.course.checks.networks.layer_specs import (
    ONCE,
    SOME,
    LayerSpec,
    same_setting,
    shown,
    taking,
    unplaced,
    value_text,
)
from autograder.course.checks.networks.model_check import ModelCheck

SHOWN = ("units", "filters", "kernel_size", "pool_size", "activation", "rate")  # of a layer's settings, in this order


class Layers(ModelCheck):
    """The layers in order; or, with `match`, layers that are among the network's. Input layers don't count; activations may be
    strings, functions or layers of their own. In a graph each layer comes after those that it takes, in whatever order, and
    ``in_order`` is along the way that the data take."""

    type: Literal["layers"] = "layers"
    layers: tuple[LayerSpec, ...]
    match: Literal["all", "in_order", "any_order"] = "all"
    asks = ("layers",)

    def describe(self) -> str:
        texts = {
            "all": N_("Layers: {layers}"),
            "in_order": N_("Among its layers, in this order: {layers}"),
            "any_order": N_("Among its layers: {layers}"),
        }
        return _(texts[self.match], layers=self._listed)

    def problem(self) -> str:
        for place, spec in enumerate(self.layers, 1):
            if spec.takes is None:
                continue
            if self.match != "all" or spec.times is not None:
                return _(
                    "'takes' is of a layer that stands there once, among all layers: leave out 'times' and 'match'"
                )
            if max(spec.takes) >= place:
                said = N_("layer {place} takes {wanted}, and can take those before it, from 1, and the input, 0")
                return _(said, place=place, wanted=", ".join(map(str, spec.takes)))
        return ""

    @property
    def _listed(self) -> str:
        """What is asked for; with their places where some layers name others by them."""
        return listed(list(map(str, self.layers)), any(spec.takes is not None for spec in self.layers))

    @property
    def _shown(self) -> tuple[str, ...]:
        """Which settings of the layers that are there are told: usual ones, and those that are asked for."""
        return tuple(dict.fromkeys((*SHOWN, *(key for spec in self.layers for key in spec.settings))))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        found, wanted = effective(value), asked(self.layers)
        verdict = self._decided(value, found, wanted)
        if verdict.status is Status.FAILED and self.match == "all" and wiring(value) is not None:
            fewer, others = gathered(found), gathered(wanted)
            if (len(fewer), len(others)) != (len(found), len(wanted)):
                again = self._decided(value, fewer, others)
                return again if again.status is not Status.FAILED else verdict
        return verdict

    def _decided(self, model: ModelDescription, found: list[Effective], wanted: list[Effective]) -> Verdict:
        expected, hung = self._listed, wiring(model)
        graph = hung is not None and (model.topology == "graph" or any(spec.takes for spec in self.layers))
        actual = _drawn(found, graph, self._shown) or _("no layers")
        if model.custom:
            return undecided(model.custom)
        if not found and self.match != "all":  # what is asked not to be there isn't in an empty network either
            return failed(expected, actual, _("The network has no layers yet."))
        if hung is None and self.match != "any_order":
            return undecided(model.beyond or _("the network is not a chain of layers ({actual})", actual=actual))
        if graph and self.match == "all":
            return self._as_graph(found, wanted, expected, actual)
        if self.match != "all" or any(layer.times for layer in wanted):
            verdict = self._several(found, wanted, expected, actual)
            odd = hung is None and verdict.status is Status.FAILED  # which activation ends which layer isn't told
            return undecided(_("the network is not a chain of layers ({actual})", actual=actual)) if odd else verdict
        doubts = [layer.doubt for layer in found if layer.doubt]
        if len(found) != len(wanted):
            if doubts:
                return undecided(doubts[0])
            return failed(
                expected,
                actual,
                _("The network should have {wanted} layers, and has {found}.", wanted=len(wanted), found=len(found)),
            )
        for place, (one, own) in enumerate(zip(wanted, found, strict=True), 1):
            if own.doubt:
                continue
            hint, doubt = difference(one, own)
            if hint:
                return failed(expected, actual, _("Layer {place}: {hint}", place=place, hint=hint))
            doubts += [_("layer {place}: {why}", place=place, why=doubt)] if doubt else []
        return undecided(doubts[0]) if doubts else passed(actual)

    def _several(self, found: list[Effective], wanted: list[Effective], expected: str, actual: str) -> Verdict:
        """Where layers may stand in any number, or others between them."""
        doubts = [layer.doubt for layer in found if layer.doubt]
        fits: list[list[bool]] = []
        for one in wanted:
            differing = [difference(one, own) if not own.doubt else ("?", "") for own in found]
            doubts += [doubt for _hint, doubt in differing if doubt]
            fits.append([not hint and not doubt for hint, doubt in differing])
        amounts = [one.times or (SOME if self.match == "any_order" else ONCE) for one in wanted]
        counts = [sum(row) for row in fits]
        if self.match == "any_order":
            missed = [
                at
                for at, (count, amount) in enumerate(zip(counts, amounts, strict=True))
                if not amount.holds(count, int.__eq__)
            ]
        else:
            taken = [layer.takes or () for layer in found]
            chained = taken == chain(len(found))
            missed = (
                unplaced(fits, amounts, others=self.match == "in_order")
                if chained
                else graphs.unplaced(fits, taken, amounts)
            )
        if not missed and not (doubts and any(amount.at_most is not None or amount.any_of for amount in amounts)):
            return passed(actual)
        if doubts:
            return undecided(doubts[0])
        spec, count = wanted[missed[0]], counts[missed[0]]
        hint = _(
            "Look for {layer}: {number} layers are like it, and not where it is asked for.",
            layer=_name(spec, self._shown),
            number=count,
        )
        if not count:
            hint = _("No layer is like {layer}.", layer=_name(spec, self._shown))
        elif self.match == "any_order":
            hint = _(
                "{number} layers are like {layer}, and there should be {times}.",
                number=count,
                layer=_name(spec, self._shown),
                times=amounts[missed[0]],
            )
        return failed(expected, actual, hint)

    def _as_graph(self, found: list[Effective], wanted: list[Effective], expected: str, actual: str) -> Verdict:
        """All layers, where several may take one or one several."""
        doubts = [layer.doubt for layer in found if layer.doubt]
        fits: list[list[bool]] = []
        for one in wanted:
            differing = [("", layer.doubt) if layer.doubt else difference(one, layer) for layer in found]
            doubts += [doubt for _hint, doubt in differing if doubt]
            fits.append([not hint for hint, _doubt in differing])
        amounts = [one.times or ONCE for one in wanted]
        try:
            right = graphs.placed(fits, [layer.takes or () for layer in found], [one.takes for one in wanted], amounts)
        except graphs.TooMany:
            return undecided(_("there are too many ways to look at the network ({actual})", actual=actual))
        if right:
            return undecided(doubts[0]) if doubts else passed(actual)
        lacking, others = graphs.alone(fits)
        for number, place in ((number, place) for number in lacking for place in others):
            if found[place].type == wanted[number].type:
                hint = difference(wanted[number], found[place])[0]
                return failed(expected, actual, _("Layer {place}: {hint}", place=place + 1, hint=hint))
        if lacking:
            return failed(
                expected, actual, _("No layer is like {layer}.", layer=_name(wanted[lacking[0]], self._shown))
            )
        if others and not any(one.times for one in wanted):
            hint = _("The network should have {wanted} layers, and has {found}.", wanted=len(wanted), found=len(found))
            return failed(expected, actual, hint)
        return failed(expected, actual, _("The layers are there, and hang together in another way: which takes which?"))


def listed(texts: list[str], numbered: bool) -> str:
    return ", ".join(f"{place}: {text}" for place, text in enumerate(texts, 1)) if numbered else ", ".join(texts)


def _drawn(found: list[Effective], graph: bool, keys: Iterable[str]) -> str:
    """The layers in words; those of a graph with their places, and which they take where that isn't the one before them."""
    texts = []
    for place, layer in enumerate(found):
        takes = layer.takes if graph and layer.takes != (place - 1,) else None
        texts.append(taking(_name(layer, keys), None if takes is None else [one + 1 for one in takes]))
    return listed(texts, graph)


def _name(layer: Effective, keys: Iterable[str] = SHOWN) -> str:
    settings = {key: layer.settings[key] for key in keys if layer.settings.get(key) not in (None, "linear")}
    return shown(layer.type, settings)


def difference(wanted: Effective, found: Effective) -> tuple[str, str]:
    """What differs, in words for a student; and what can't be told, for the teacher."""
    if found.type != wanted.type:
        return _("it is {found}, and should be {wanted}.", found=found.type, wanted=wanted.type), ""
    doubt = ""
    for key, value in wanted.settings.items():
        given = found.settings.get(key)
        if same_setting(given, value, key):
            continue
        if key == "activation":
            if str(given).startswith(CUSTOM):
                doubt = _("its activation is a function of its own, {name}", name=str(given).removeprefix(CUSTOM))
                continue
            return _activation_differs(str(given), str(value)), ""
        if isinstance(given, Component) and given.custom:
            doubt = _("its setting `{key}` is {type}: {why}", key=key, type=given.type, why=given.custom)
            continue
        return _setting_differs(key, given, value), ""
    return "", doubt


def _activation_differs(given: str, wanted: str) -> str:
    if given in ("linear", "None"):
        return _("it has no activation, and should have {wanted}.", wanted=wanted)
    return _("its activation is {found}, and should be {wanted}.", found=given, wanted=wanted)


def _setting_differs(key: str, given: Any, wanted: Any) -> str:
    if key == "units":
        return _("it has {found} units, and should have {wanted}.", found=given, wanted=wanted)
    return setting_differs(key, value_text(given), value_text(wanted))
