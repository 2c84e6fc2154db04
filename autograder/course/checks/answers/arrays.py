"""Checks on arrays: shape, range, and which part of the data set they hold."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from autograder.common.data.image_by_image import ByImage
from autograder.common.data.lookups import ByColumn, Lookup
from autograder.common.data.prepared import ONE_HOT, RAW
from autograder.common.i18n import N_, _
from autograder.common.wire.description import ArrayDescription
from autograder.course.checks.answers.functions import defines
from autograder.course.checks.base import Check, Facts, InCourse, Split, Verdict, failed, passed, show, undecided
from autograder.course.checks.in_words import number

KINDS = {"float": N_("of floats"), "integer": N_("of integers")}
KINDS_OF_ARRAY = {"float": N_("an array of floats"), "integer": N_("an array of integers")}


class ArrayCheck(Check):
    """An array's shape, kind, range, and whether it is a certain part of the data set, row by row."""

    type: Literal["array"] = "array"
    shape: tuple[Annotated[int, Field(ge=0)] | None, ...] | None = None
    kind: Literal["float", "integer"] | None = None
    minimum: float | None = None
    maximum: float | None = None
    equals: Split | Literal["all_train_labels", "train_labels", "holdout_labels", "test_labels"] | None = None
    scaling: Literal["unit", "raw"] | None = None
    prepared: str = ""
    reference: InCourse = InCourse("")
    tolerance: float = Field(default=1e-5, ge=0, lt=1)
    accepts = (ArrayDescription,)
    wanted = N_("an array")
    asks = ("shape", "kind", "minimum", "maximum", "equals", "reference")

    def missing(self, root: Path) -> str:
        return defines(self.reference, root)

    def problem(self) -> str:
        if self.reference and self.equals:
            return _("give either 'equals' or 'reference'")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            return _("minimum is {low:g}, more than maximum, {high:g}", low=self.minimum, high=self.maximum)
        if self.scaling and (self.equals is None or self.equals.endswith("_labels")):
            return _("'scaling' is of images: name them with 'equals', such as {names}", names="train, holdout")
        if self.prepared and (self.scaling or self.equals is None):
            return _(
                "'prepared' is of a table's rows: name them with 'equals', such as {names}, and leave out 'scaling'",
                names="train, holdout",
            )
        if self.scaling == "unit" and (self.kind == "integer" or (self.minimum or 0) > 0 or (self.maximum or 1) < 1):
            return _("pixels scaled to 0 to 1 have another kind or range than is asked for")
        return ""

    def describe(self) -> str:
        parts = [_("of shape {shape}", shape=self.shape)] if self.shape else []
        parts += [_(KINDS[self.kind])] if self.kind else []
        parts += (
            [_("from {low:g} to {high:g}", low=self.minimum, high=self.maximum)]
            if self.minimum is not None and self.maximum is not None
            else []
        )
        parts += (
            [_("of at least {low:g}", low=self.minimum)] if self.minimum is not None and self.maximum is None else []
        )
        parts += (
            [_("of at most {high:g}", high=self.maximum)] if self.maximum is not None and self.minimum is None else []
        )
        parts += [_("holds {part}", part=self._part)] if self.equals else []
        parts += [_("prepared as `{name}`", name=self.prepared)] if self.prepared not in ("", RAW) else []
        parts += [_("with the right numbers")] if self.reference else []
        return _("`{of}` {parts}", of=self.of, parts=", ".join(parts))

    def decide(self, value: Any, facts: Facts) -> Verdict:
        array: ArrayDescription = value
        scaling = array.lookup.scaling if array.lookup is not None else ""  # '' for what isn't images
        wanted = self._fitted(array.shape)
        if self.shape and array.shape != wanted:
            return failed(self.shape, array.shape, self._axes(array.shape, wanted))
        sorts = {"float": ("float16", "float32", "float64"), "integer": ("int8", "uint8", "int16", "uint16", "int32",
                 "uint32", "int64", "uint64")}  # fmt: skip
        if self.kind and array.dtype not in sorts[self.kind]:
            raw = self.kind == "float" and scaling == "raw"
            hint = _("Divide by 255.0: the pixels are still whole numbers.") if raw else ""
            if self.kind == "float" and self.maximum == 1 and array.maximum is not None and array.maximum <= 1:
                hint = _(
                    "Divide with / and keep the decimals: // and astype(int) leave whole numbers, 0 for nearly all pixels."
                )
            return failed(_(KINDS_OF_ARRAY[self.kind]), array.dtype, hint)
        if not array.finite:
            return failed(_("finite numbers"), _("NaN or infinity"))
        if array.minimum is None and (self.minimum, self.maximum) != (None, None):
            return failed(self.describe(), show(array))  # no number is in it, which holds for every range
        low, high = array.minimum or 0.0, array.maximum or 0.0
        if (self.minimum is not None and low < self.minimum) or (self.maximum is not None and high > self.maximum):
            ends = [_("any") if end is None else f"{end:g}" for end in (self.minimum, self.maximum)]
            unit = (self.minimum, self.maximum) == (0, 1)
            hint = scaling_hint("unit", scaling, array.lookup) if scaling and unit else ""
            if unit and low < 0 and not hint:
                hint = _("Numbers below 0 come of subtracting, as a StandardScaler does: only divide.")
            found = _("{low:g} to {high:g}", low=low, high=high)
            return failed(_("{low} to {high}", low=ends[0], high=ends[1]), found, hint)
        if self.reference:
            return self._like(array, facts)
        return (
            self._same(array, facts)
            if self.equals
            else passed(_("shape {shape}, {low:g} to {high:g}", shape=array.shape, low=low, high=high))
        )

    def _like(self, array: ArrayDescription, facts: Facts) -> Verdict:
        """Compared with what the course's own function gives, which takes no arguments."""
        wanted = np.asarray(facts.lab.reference(self.reference)())
        if array.shape != wanted.shape:
            return failed(wanted.shape, array.shape, self._axes(array.shape, wanted.shape))
        if array.data is None:
            return undecided(_("the array is too large to be compared"))
        near = np.isclose(array.data.astype(float), wanted.astype(float), rtol=self.tolerance, atol=self.tolerance)
        if near.all():
            return passed(show(array))
        return failed(_("the right numbers"), _("{share:.1%} of the numbers are right", share=float(near.mean())))

    def _fitted(self, found: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape that is asked for, with an axis of any length (null) as long as it is `found`."""
        asked = self.shape or ()
        if len(asked) != len(found):
            return asked
        return tuple(own if one is None else one for one, own in zip(asked, found, strict=True))

    def _axes(self, found: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> str:
        """Which axis differs: how many samples there are, or what one sample looks like."""
        if found[:1] != wanted[:1] and found[1:] == wanted[1:] and wanted:
            return _("The first axis counts the samples: there should be {wanted}.", wanted=number(wanted[0] or 0))
        if found[:1] == wanted[:1] and len(found) < len(wanted) and math.prod(axis or 0 for axis in found) == math.prod(axis or 0 for axis in wanted):  # fmt: skip
            return _("Each sample should keep its shape, {shape}: leave reshape() out.", shape=wanted[1:])
        if len(found) == 1 < len(wanted):
            return _(
                "One number for each sample: are these the labels? Mind the order of what the split takes and returns."
            )
        return "" if self.hint else _("Look at .shape: which axis differs?")

    @property
    def _part(self) -> str:
        assert self.equals is not None
        return _((ROWS if self.prepared else PARTS)[self.equals])

    def _same_rows(self, array: ArrayDescription, facts: Facts, title: str) -> Verdict:
        """Of a table: compared with the rows of the split, as the course itself prepares them."""
        assert self.equals is not None
        split = self.equals.removesuffix("_labels")
        wanted = (
            facts.lab.labels(split, self.prepared) if split != self.equals else facts.lab.features(split, self.prepared)
        )
        wanted = wanted.astype(np.float64)
        if array.data is None:
            return undecided(_("the array is too large to be compared"))
        given = array.data.astype(np.float64)
        if given.size != wanted.size or len(given) != len(wanted):
            if self.prepared == ONE_HOT and len(given) == len(wanted):
                return failed(title, show(array), _("Each label should be a vector with a 1 at its class, as keras.utils.to_categorical() makes it."))  # fmt: skip
            if len(given) != len(wanted) or split != self.equals:
                return failed(title, show(array), _split_hint(facts))
            if held := facts.lab.held(given):  # the right rows, of other columns
                return failed(title, _("rows prepared as `{name}`", name=held), _(NOT_PREPARED))
            return failed(title, show(array), self._axes(given.shape, wanted.shape))
        near = facts.lab.rounding(self.prepared, split != self.equals) * max(
            1e-30, float(np.abs(wanted).max(initial=0))
        )
        if np.abs(given.reshape(wanted.shape) - wanted).max(initial=0) <= near:
            return passed(title)
        if split != self.equals:
            return failed(title, _("other numbers"), _split_hint(facts))
        held = facts.lab.held(given)
        if held == self.prepared:
            return failed(title, _("other rows, or another order"), _split_hint(facts))
        if split != "train" and _scaled_by_itself(given, wanted.reshape(given.shape)):
            return failed(title, _("numbers scaled by statistics of these very rows"), _("Fit a scaler on the training split alone: fit_transform() there, and transform() for all other rows."))  # fmt: skip
        return failed(title, _("rows prepared as `{name}`", name=held) if held else _("other numbers"), _(NOT_PREPARED))

    def _same(self, array: ArrayDescription, facts: Facts) -> Verdict:
        assert self.equals is not None
        title = self._part
        if self.prepared:
            return self._same_rows(array, facts, title)
        if self.equals.endswith("_labels"):
            expected = facts.lab.labels(self.equals.removesuffix("_labels"))
            same = array.data is not None and np.array_equal(np.ravel(array.data), expected)
            if same and array.shape[0] != len(expected):  # a row of all of them, say
                hint = _("The first axis counts the samples: there should be {wanted}.", wanted=number(len(expected)))
                return failed(title, show(array), hint)
            if same:
                return passed(title)
            if array.shape[:1] == (len(expected),) and math.prod(axis or 0 for axis in array.shape[1:]) > 1:
                return failed(title, show(array), _("One number for each sample is asked for, its class: no row of to_categorical(), and no image."))  # fmt: skip
            hint = _split_hint(facts) if self.equals in ("train_labels", "holdout_labels") else ""
            ordered = array.data is not None and np.array_equal(np.sort(np.ravel(array.data)), np.sort(expected))
            return failed(title, _("the right labels in another order") if ordered else show(array), hint)
        if array.rows is None or array.lookup is None:
            return failed(title, _("other values"), _(OTHER_IMAGES))
        if self.scaling and array.lookup.scaling != self.scaling:
            return failed(
                _("pixels divided by 255") if self.scaling == "unit" else _("pixels from 0 to 255"),
                pixels_text(array.lookup.scaling, array.lookup),
                scaling_hint(self.scaling, array.lookup.scaling, array.lookup),
            )
        rows = facts.lab.rows(self.equals)
        if np.array_equal(array.rows, rows):
            return passed(title)
        ordered = len(array.rows) == len(rows) and np.array_equal(np.sort(array.rows), np.sort(rows))
        hint = _split_hint(facts) if self.equals in ("train", "holdout") else ""
        return failed(title, _("the right images in another order") if ordered else _("other images"), hint)


def _scaled_by_itself(given: Any, wanted: Any) -> bool:
    """Whether rows are the wanted ones, scaled column by column so that their own mean is 0 and spread 1, or their own ends are 0 and 1."""
    close = partial(np.allclose, atol=1e-3, rtol=0)

    def standard(rows: Any) -> Any:
        spread = rows.std(0)
        return (rows - rows.mean(0)) / np.where(spread > 0, spread, 1)

    if not len(given) or not close(*(standard(rows.reshape(len(rows), -1)) for rows in (given, wanted))):
        return False
    spread = given.std(0)
    varies = spread > 0
    centred = close(given.mean(0), 0) and close(spread[varies], 1)
    return bool(centred or (close(given.min(0), 0) and close(given.max(0)[varies], 1)))


def _split_hint(facts: Facts) -> str:
    return _(
        "Use train_test_split(..., {how}) with no other argument, one call for samples and labels, and mind the order of what it returns.",
        how=facts.lab.holdout,
    )


def pixels_text(scaling: str, lookup: Lookup | None = None) -> str:
    """The range of pixels in words. `lookup`: None where it isn't known."""
    if lookup is None:
        known = {"unit": _("pixels from 0 to 1"), "raw": _("pixels from 0 to 255")}
        return known.get(scaling, _("pixels scaled in another way"))
    if isinstance(lookup, ByImage):
        return _("pixels scaled image by image")
    if isinstance(lookup, ByColumn):
        return _("pixels scaled column by column")
    low, high = lookup.ends
    if scaling == "other" and (low, high) in ((0.0, 1.0), (0.0, 255.0)):
        return _("pixels from {low:g} to {high:g}, changed in between", low=low, high=high)
    return _("pixels from {low:g} to {high:g}", low=low, high=high)


def scaling_hint(wanted: str, found: str, lookup: Lookup | None = None) -> str:
    """What to do about pixels of another scaling. `lookup` as in `pixels_text`."""
    if isinstance(lookup, ByImage):
        if wanted == "raw":
            return _("{said}: leave the pixels as they are.", said=lookup.said)
        return _("{said}: divide all pixels by 255.0.", said=lookup.said)
    if isinstance(lookup, ByColumn):
        if wanted == "raw":
            return _("A scaler of scikit-learn scales each pixel by itself: leave the pixels as they are.")
        return _("A scaler of scikit-learn scales each pixel by itself: divide all pixels by 255.0.")
    if wanted == "raw":
        return _("Leave the pixels as they are, from 0 to 255.")
    if found == "raw":
        return _("Pixels run to 255, expected 0 to 1: divide by 255.0.")
    if lookup is None:
        return _("Divide by 255.0, once.")
    if not lookup.even:
        return _(
            "Divide every pixel by 255.0 with `/`, and do nothing else: `//`, a threshold or a root changes the shades between."
        )
    first, last = (float(lookup.numbers[end]) for end in (0, -1))
    if first == 0.0 and last > 0:
        factor = 255.0 / last
        if abs(factor - 255.0**2) < 1.0:
            return _("The pixels were divided by 255 twice: run the cells from the top, each once.")
        return _("The pixels were divided by {factor:g}, not by 255.", factor=round(factor, 3))
    if first != 0.0:
        return _("Pixels run from 0: divide by 255.0, and do nothing else to them.")
    return _("Divide by 255.0, once.")


OTHER_IMAGES = N_(
    "Are these the images, all divided by one number and only reshaped? A scaler of scikit-learn scales each pixel by "
    "itself, keras.utils.normalize each image, and reshape must not mix rows."
)
NOT_PREPARED = N_(
    "These are not the numbers that the text asks for: what a scaler or a choice of columns is made from is the training split alone, and "
    "all rows go through the same."
)
ROWS = {
    "all_train": N_("all rows for training, in order"),
    "train": N_("the rows of the training split"),
    "holdout": N_("the rows of the hold-out"),
    "test": N_("the rows of the test set"),
    "all_train_labels": N_("all targets for training, in order"),
    "train_labels": N_("the targets of the training split"),
    "holdout_labels": N_("the targets of the hold-out"),
    "test_labels": N_("the targets of the test set"),
}
PARTS = {
    "all_train": N_("all training images, in order"),
    "train": N_("the images of the training split"),
    "holdout": N_("the images of the hold-out"),
    "test": N_("the test images"),
    "all_train_labels": N_("all training labels, in order"),
    "train_labels": N_("the labels of the training split"),
    "holdout_labels": N_("the labels of the hold-out"),
    "test_labels": N_("the test labels"),
}
