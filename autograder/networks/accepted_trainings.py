"""Which trainings the judge takes on: asked by the judge before it trains, and at home before somebody relies on it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data import data_sets
from autograder.common.data.base import DataSet
from autograder.common.data.lookups import Lookup
from autograder.common.errors import CannotRebuild, ProtocolError
from autograder.common.i18n import _
from autograder.common.wire.description import Component, ModelDescription
from autograder.common.wire.messages import ArraysMessage, Evaluate, Fit, SamplesMessage
from autograder.networks.budget import Budget
from autograder.networks.build import architecture, check_targets, compile_settings, without_rate
from autograder.networks.fit_spec import Samples
from autograder.networks.size import check_numbers, size


def network(model: ModelDescription, metrics: Sequence[Component] = ()) -> tuple[str, str]:
    """A network's plan and what it is compiled with. Raises CannotRebuild for what the judge doesn't build."""
    if model.compiled is None:
        raise CannotRebuild(_("compile() has not run to its end on this network"))
    return architecture(model), compile_settings(model.compiled, metrics)


def check_rows(request: Fit | Evaluate, data: DataSet) -> None:
    """Raises ProtocolError for rows or classes that `data` doesn't have, and for samples in the form of another kind of data."""
    kind = SamplesMessage if data_sets.has_images(data.name) else ArraysMessage
    for message in (request.samples, getattr(request, "validation", None)):
        if message is not None and (
            not isinstance(message, kind)
            or (
                isinstance(message, SamplesMessage)
                and (int(message.rows.max()) >= len(data) or int(message.labels.max()) >= data.class_count)
            )
        ):
            raise ProtocolError(_("{title} has no such rows or classes", title=_(data.title)))


def samples_for(
    message: SamplesMessage | ArraysMessage, model: ModelDescription, plan: str, settings: str, data: DataSet
) -> Samples:
    """The samples of a request, if they are for this network. Raises CannotRebuild."""
    # Keras gives a sample a last axis of one, or takes it away, where a network begins otherwise.
    shapes = [message.shape, (*message.shape, 1)] + [message.shape[:-1]] * (message.shape[-1:] == (1,))
    shape = next((one for one in shapes if one == (model.input_shape or ())[1:]), None)
    of_images = isinstance(message, SamplesMessage)
    if shape is None or (of_images and math.prod(message.shape) != data.values):
        raise CannotRebuild(_("the network takes samples of another shape than {shape}", shape=message.shape))
    if isinstance(message, ArraysMessage):
        check_targets(plan, settings, _classes(message.targets), message.one_hot)
        rows = np.arange(len(message), dtype=np.int32)
        samples = Samples(
            rows,
            message.targets,
            None,
            shape,
            0,
            message.weights,
            data.name,
            message.values.reshape(len(rows), *shape),
        )
        check_numbers(plan, *samples.span)
        return samples
    check_targets(plan, settings, int(message.labels.max()) + 1, message.one_hot)
    check_lookup(message.lookup, plan, data)
    return Samples(message.rows, message.labels, message.lookup, shape, message.one_hot, message.weights, data.name)


def check_lookup(lookup: Lookup, plan: str, data: DataSet) -> None:
    """Raises CannotRebuild for one of other columns or axes than the data have, and of numbers that the network doesn't take."""
    if not lookup.fits(data.shape):
        raise CannotRebuild(_("the images have other pixels than were scaled"))
    check_numbers(plan, *lookup.ends)


def _classes(targets: npt.NDArray[Any]) -> int:
    """How many classes numbers from 0 stand for; more than any network has for other numbers."""
    whole = targets.ndim == 1 and targets.min() >= 0 and np.array_equal(targets, np.rint(targets))
    return int(targets.max()) + 1 if whole else sys.maxsize


def asked_for(request: Fit, data: DataSet) -> tuple[str, str, Samples, Samples | None]:
    """Plan, settings, samples and validation of a training. Raises CannotRebuild for what the judge doesn't train."""
    plan, settings = network(request.model, request.metrics)
    samples = samples_for(request.samples, request.model, plan, settings, data)
    if request.validation is None:
        return plan, settings, samples, None
    return plan, settings, samples, samples_for(request.validation, request.model, plan, settings, data)


def pay(budget: Budget, request: Fit, plan: str, settings: str) -> None:
    """Raises CannotRebuild for a training that is too large for what is left of `budget`."""
    budget.train(
        size(plan), rows=len(request.samples), validated=len(request.validation) if request.validation else 0,
        epochs=request.epochs, batch_size=request.batch_size,
        program=(plan, without_rate(settings), request.batch_size, len(request.samples)),
    )  # fmt: skip


def within(epochs: int, allowed: int) -> None:
    """Raises CannotRebuild for more epochs, of one network in all, than the course allows."""
    if epochs > allowed:
        raise CannotRebuild(
            _("{epochs} epochs, and the grader trains a network for up to {allowed}", epochs=epochs, allowed=allowed)
        )
