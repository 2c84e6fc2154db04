"""What of a network's trainings explains its numbers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from autograder.common.data.image_by_image import ByImage
from autograder.common.data.lookups import ByShade
from autograder.common.data.prepared import RAW
from autograder.common.i18n import N_, _
from autograder.common.wire.description import DataRecord, FitRecord, ModelDescription
from autograder.course.checks.answers.arrays import scaling_hint
from autograder.course.checks.base import number
from autograder.course.checks.networks.effective_layers import applied_by, effective

_PASSING = ("Flatten", "Reshape", "Permute", "Dropout")  # numbers stay as large as they are
_NORMALISING = ("BatchNormalization", "LayerNormalization", "Normalization")
_NO_PROBABILITIES = ("linear", "relu", "tanh")  # activations that give none
FEW_SHADES = 8  # of pixels: images of fewer have lost what they show
FAINT = 0.1  # pixels that differ by less hardly move a network in a few epochs


def torn(trained_on: Iterable[DataRecord]) -> str:
    """What to say where samples were trained on with the targets of others; '' where they weren't."""
    changed = [data for data in trained_on if data.changed_labels]
    if any(data.prepared for data in changed):
        return _("Each target must belong to the row of its own sample: split both in one call.")
    return _("Labels and images no longer belong together: split both in one call.") if changed else ""


def on_other_data(model: ModelDescription) -> tuple[FitRecord, ...]:
    """Its trainings on other data than the course's, as the kernel tells of them where the judge has no part in them."""
    return tuple(fit for fit in model.fits if model.origin and fit.data.samples and not fit.data.recognised)


def scale_in_front(model: ModelDescription) -> float:
    """By what the Rescaling layers before a network's first weights multiply its input."""
    scale = 1.0
    for layer in effective(model):
        if layer.type == "Rescaling" and isinstance(layer.settings.get("scale"), (int, float)):
            scale *= abs(layer.settings["scale"])
        elif layer.type not in _PASSING:
            return 1.0 if layer.type in _NORMALISING else scale
    return scale


def why_low(model: ModelDescription, samples: int) -> str:
    """What to say where a network learned too little. `samples`: how many there are to train on."""
    fits = model.fits
    if any(fit.data.prepared for fit in fits) and (said := torn(fit.data for fit in fits)):
        return said
    scaled_within = any(layer.type in _NORMALISING for layer in effective(model))
    if any(fit.data.prepared == RAW for fit in fits) and not scaled_within:
        return _("The features were not scaled: those with large numbers drown the others.")
    scale = scale_in_front(model)
    if said := _no_probabilities(model):
        return said
    for fit in fits:
        lookup = fit.data.lookup
        spread = 0.0 if lookup is None else float(np.ptp(lookup.ends))
        if 0 < spread * scale < FAINT <= spread:
            return _(
                "The network's own Rescaling layer makes images fainter that are scaled before: leave one of the two out, the layer or the "
                "scaling."
            )
        if fit.data.scaling == "raw" and scale > 2 / 255:
            return _("The pixels were not scaled: they run to 255, expected 0 to 1. Divide by 255.0.")
        faint = 0 < spread * scale < FAINT or (isinstance(lookup, ByImage) and lookup.faint)
        if faint or (isinstance(lookup, ByShade) and 1 < np.unique(lookup.numbers).size < FEW_SHADES):
            return scaling_hint("unit", fit.data.scaling, lookup)
    if said := torn(fit.data for fit in fits):
        return said
    most = max((fit.data.samples for fit in fits), default=0)
    if 0 < most < samples / 2:
        said = N_("It was trained on {number} samples alone, and the training split has {every}: train on all of them.")
        return _(said, number=number(most), every=number(samples))
    return _(
        "It has learned less than is asked for: look at the layers, the optimizer with its learning rate and the number of epochs."
    )


def _no_probabilities(model: ModelDescription) -> str:
    """What to say where a loss that takes probabilities of classes gets other numbers; '' where it doesn't."""
    loss = model.compiled.loss.type if model.compiled else ""
    layers = effective(model)
    last = layers[-1].settings.get("activation") if layers else None
    if applied_by(loss) != "softmax" or "categorical_crossentropy" not in loss or last not in _NO_PROBABILITIES:
        return ""
    found = _("no activation") if last == "linear" else last
    return _(
        "The last layer has {found}, and the loss {loss} takes probabilities: give it softmax.", found=found, loss=loss
    )
