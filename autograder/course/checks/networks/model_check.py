"""What every check on a network is derived from."""

from __future__ import annotations

from typing import ClassVar

from autograder.common.i18n import N_, _
from autograder.common.wire.description import ModelDescription
from autograder.course.checks.base import Check, Facts, Verdict, failed, undecided


class ModelCheck(Check):
    """A check on a network. `needs_weights`: it can say nothing of a network that was not built yet.

    `own`: it must not be a network that the question already has under another name.
    """

    own: bool = False

    accepts = (ModelDescription,)
    wanted = N_("a Keras network")
    needs_weights: ClassVar[bool] = False

    def __call__(self, facts: Facts) -> Verdict:
        value = facts.of(self.of)
        if self.own and isinstance(value, ModelDescription) and value.same_as:
            same = _("the same network as `{name}`", name=value.same_as)
            return failed(_("a network of its own"), same, _("`b = a` only gives a network a second name: make another network."))  # fmt: skip
        if self.needs_weights and isinstance(value, ModelDescription) and value.topology == "unbuilt":
            if value.custom:
                return undecided(value.custom)
            if not value.layers:
                return failed(_("a network that knows its input"), _("no layers"), _("The network has no layers yet: give them to this very network."))  # fmt: skip
            return failed(
                _("a network that knows its input"),
                _("the network has no weights yet"),
                _("Put keras.Input(shape=...) first, or give the first layer an input_shape."),
            )
        return super().__call__(facts)
