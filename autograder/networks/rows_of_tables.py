"""Samples of a table as the lab needs them: what the course prepares, what a training was on, and what a network is measured on."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from autograder.common.data import prepared
from autograder.common.data.base import DataSet, Rows
from autograder.common.data.prepared import ONE_HOT, RAW, Prepared
from autograder.common.errors import CannotRebuild, CourseError
from autograder.common.files import bytes_of
from autograder.common.i18n import _
from autograder.common.wire.description import DataRecord, ModelDescription
from autograder.common.wire.messages import ArraysMessage
from autograder.course.released_checks import TAKE_AGAIN
from autograder.course.settings import DataSettings
from autograder.networks.fit_spec import Samples

MAX_PREPARED = 64 << 20  # bytes of the file with the named arrays


def prepare(
    settings: DataSettings, data: DataSet, root: Path, reference: Callable[[str], Callable[..., Any]]
) -> Prepared:
    """The named arrays, made by the course's own function; where that isn't, from the file that was released.

    Raises CourseError, with file and remedy, for a function that fails or makes something else.
    """
    parts = data.splits(settings.holdout.split)
    order = np.concatenate([parts["train"], parts["holdout"], parts["test"]])
    place = settings.prepare
    if not place:
        return _released(root / prepared.FILE, data, order)
    try:
        return prepared.of(
            data, order, reference(place)(data.features.copy(), data.targets.copy(), parts["train"].copy())
        )
    except CourseError:
        raise
    except Exception as error:  # whatever the course's function raises is its author's to mend
        raise CourseError(
            _("{place} can't be used ({kind}: {error})", place=place, kind=type(error).__name__, error=error),
            _(
                "prepare(features, targets, train) gets the data set and the row numbers of the training split, and gives arrays by "
                "their names, each with a row for each of the data set; those for targets in a dictionary under 'targets'."
            ),
        ) from error


def _released(file: Path, data: DataSet, order: Rows) -> Prepared:
    """Of the file with the named arrays, where there is one. Raises CourseError for one that can't be read, or belongs to other data."""
    try:
        if file.exists() and (size := file.stat().st_size) > MAX_PREPARED:
            raise ValueError(_("it has {size:,} bytes, and {most:,} are the most", size=size, most=MAX_PREPARED))
        return prepared.of(data, order, prepared.read(bytes_of(file)) if file.exists() else None)
    except Exception as error:  # whatever NumPy and zipfile raise for a damaged file
        said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise CourseError(
            _("{path} can't be read: {error}", path=file, error=said),
            _(TAKE_AGAIN),
        ) from error


def named(prepared_: Prepared | None, data: DataSet, name: str, targets: bool) -> prepared.Column:
    """An array by its name: of a table, or of images (no table: their labels alone). Raises CourseError for no such name."""
    if prepared_ is None:
        known = prepared.of_targets(data, data.class_count) if targets else {}
    else:
        known = dict(prepared_.targets if targets else prepared_.features)
    if name not in known:
        raise CourseError(_("the course prepares no '{name}': there are {known}", name=name, known=", ".join(known)))
    return known[name]


def own(message: ArraysMessage, known: prepared.Known | None, named: Prepared) -> ArraysMessage:
    """The course's own numbers in place of those that are recognised: nothing else can be hidden in them."""
    if known is None:
        return message
    values = named.features[known.features].array[known.rows].reshape(message.values.shape)
    update: dict[str, Any] = {"values": values}
    if not known.changed:
        targets = named.targets[known.targets].array[known.rows].reshape(message.targets.shape)
        update["targets"] = targets.astype(message.targets.dtype)
    return message.model_copy(update=update)


def record(
    message: ArraysMessage, known: prepared.Known | None, counts: Callable[[Rows], dict[str, Any]]
) -> DataRecord:
    """`counts`: how many of some rows are of each part of the data set."""
    classes = None if message.one_hot or message.targets.dtype.kind != "i" else message.targets
    counted = weighted(message.weights, classes)
    if known is None:
        return DataRecord(samples=len(message), weighted=counted)
    return DataRecord(
        samples=len(message), **counts(known.rows), distinct=len(np.unique(known.rows)), changed_labels=known.changed,
        weighted=counted, prepared=known.features, targets=known.targets,
    )  # fmt: skip


def weighted(weights: Any, classes: npt.NDArray[Any] | None) -> Literal["", "classes", "samples"]:
    """Whether samples count differently: by class only, which is a setting like others, or each as somebody chose."""
    if weights is None or not np.any(weights != 1.0):
        return ""
    if classes is None:
        return "samples"
    per_class = (np.unique(weights[classes == one]) for one in np.unique(classes))
    return "classes" if all(len(values) <= 1 and (values >= 0).all() for values in per_class) else "samples"


def samples(
    model: ModelDescription, rows: Rows, named: Prepared, data: DataSet, columns: int, prepared: str = ""
) -> Samples:
    """Some `rows` as a network takes them: as the array `prepared`, else as what it was trained on.

    `columns`: that its loss compares with; 0: numbers.

    Raises CannotRebuild where that isn't known.
    """
    shape = tuple(axis or 0 for axis in (model.input_shape or ())[1:])
    trained = model.fits[-1].data if model.fits else None
    if not len(rows):
        raise CannotRebuild(_("the data set has no such rows"))
    if trained is not None and not trained.recognised:
        raise CannotRebuild(_("it was trained on other data: what to measure it on isn't known"))
    width = math.prod(shape)
    fitting = [name for name, column in named.features.items() if column.width == width]
    chosen = prepared or (trained.prepared if trained is not None else next(iter(fitting), ""))
    if chosen not in fitting:
        raise CannotRebuild(
            _("the network takes samples of shape {shape}, which none of the course's data have", shape=shape)
        )
    aim = trained.targets if trained is not None else _aim(named, columns)
    if aim not in named.targets:
        raise CannotRebuild(_("the labels do not fit the network's outputs"))
    return called(chosen, aim, rows, shape, named, data)


def called(name: str, aim: str, rows: Rows, shape: tuple[int, ...], named: Prepared, data: DataSet) -> Samples:
    """Some `rows` of the array `name` and the targets `aim`, as a network takes samples of `shape`."""
    values = named.features[name].array.reshape(len(data), *shape)
    return Samples(rows, targets(named, aim, data)[rows], None, shape, of=data.name, values=values)


def _aim(named: Prepared, columns: int) -> str:
    """The targets for a network that was never trained."""
    forms = [(columns,)] if columns else [(), (1,)]
    fits = (one for one in (RAW, ONE_HOT) if one in named.targets and named.targets[one].array.shape[1:] in forms)
    return next(fits, "")


def targets(named: Prepared, name: str, data: DataSet) -> npt.NDArray[Any]:
    """int32 for numbers of classes, otherwise float32; (rows,) or (rows, columns)."""
    array = named.targets[name].array
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    return array.astype(np.int32) if name == RAW and data.targets.dtype.kind in "biu" else array
