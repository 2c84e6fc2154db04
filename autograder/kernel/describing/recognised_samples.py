"""From the arguments of ``fit`` and ``evaluate`` to rows of the data set. Runs where student code runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from autograder.common.data import data_sets
from autograder.common.data.base import MAX_NUMBERS, DataSet, Rows
from autograder.common.data.recognised_rows import Index, Recognised, index_of
from autograder.common.errors import CannotTrainHere, OtherData
from autograder.common.i18n import _
from autograder.common.wire.messages import MAX_COLUMNS, MOST, ArraysMessage, SamplesMessage
from autograder.kernel.describing.plain import loaded_keras, of_pandas
from autograder.kernel.object_notes import Notes

SAMPLED = 4096
Checksum = tuple[int, bytes]


def checksum(array: np.ndarray[Any, Any]) -> Checksum:
    """Tells whether an array was changed in place: the sum of all its words, and a sample of them for their order.

    Reading 300 MB takes about 0.05 s.
    """
    if not array.flags.c_contiguous or array.nbytes % 8 or not array.size:
        return hash(array.tobytes()), b""
    words = array.reshape(-1).view(np.uint64)
    return int(np.add.reduce(words)), words[:: max(1, len(words) // SAMPLED)].tobytes()


class _Known(NamedTuple):
    check: Checksum
    found: Recognised | None
    untouched: Callable[[], bool] | None


def _nothing(_array: np.ndarray[Any, Any]) -> None:
    return None


class Recogniser:
    """Remembers the arrays that it has recognised, for as long as they live and stay as they are. `name`: of the data set."""

    def __init__(self) -> None:
        self.name: Callable[[], str] = lambda: data_sets.USUAL
        self.load: Callable[[str], DataSet] = data_sets.load
        self.orders: Callable[[], Iterable[Rows]] = tuple  # in which rows of the data set are likely to come
        self._known: Notes[_Known] = Notes()
        self.likely: Callable[[np.ndarray[Any, Any]], Recognised | None] = _nothing  # asked before it is looked up

    @property
    def data(self) -> DataSet:
        return self.load(self.name())

    @property
    def index(self) -> Index:
        index = index_of(self.data)
        if len(index.orders) == 1:
            index.expect(self.orders())
        return index

    @property
    def images(self) -> bool:
        """Whether the data are images: the judge itself looks what rows of a table are."""
        return data_sets.has_images(self.name())

    def rows(self, array: np.ndarray[Any, Any]) -> Recognised | None:
        """The images that `array` is made of, or None; looked up only once for an array that stays as it is."""
        if not self.images:
            return None
        known, check = self._still(array)
        if known is not None:
            return known.found
        found = self.likely(array) or self.index.recognise(array)
        self.know(array, check or checksum(array), found)
        return found

    def known(self, array: np.ndarray[Any, Any]) -> Recognised | None:
        """What `array` was recognised as, if it was and still is as it was then."""
        known, _check = self._still(array)
        return known.found if known is not None else None

    def _still(self, array: np.ndarray[Any, Any]) -> tuple[_Known | None, Checksum | None]:
        """What is known of `array`, if it is as it was; its checksum, if that had to be made."""
        known = self._known.get(array)
        if known is None:
            return None, None
        if known.untouched is not None and known.untouched():
            return known, None
        check = checksum(array)
        return (known if known.check == check else None), check

    def know(
        self,
        array: np.ndarray[Any, Any],
        check: Checksum,
        found: Recognised | None,
        untouched: Callable[[], bool] | None = None,
    ) -> None:
        """Remember that `array` is `found`, for as long as it is `untouched`, or its checksum is `check`."""
        self._known.set(array, _Known(check, found, untouched))

    def _reshaped(self, images: np.ndarray[Any, Any]) -> bool:
        """Whether these may still be the images, in a form that networks of ours don't take."""
        if images.dtype.kind not in "biuf":
            return True
        rows = np.asarray(images).reshape(len(images), -1) if len(images) else images
        return bool(self.index.recognise(rows))

    def samples(self, x: Any, y: Any, weights: Any = None) -> SamplesMessage | ArraysMessage:
        """`y`: numbers of classes, or one-hot vectors; of a table any numbers. `weights`: a number for each sample.

        Raises CannotTrainHere, with the reason, for anything but images of the data set with a class each, or numbers for the judge to
        look at.
        """
        images, labels, weights = array(x), array(y), array(weights)
        if images is None or labels is None:
            raise CannotTrainHere(_("the data are not arrays"))
        if len(images) != len(labels):
            raise CannotTrainHere(_("there are not as many labels as images"))
        if not self.images:
            return as_numbers(images, labels, weights)
        found = self.rows(images)
        if found is None:
            reason = _("the data are not images of {title} as they are or only scaled", title=_(self.data.title))
            raise CannotTrainHere(reason) if self._reshaped(images) else OtherData(reason, len(images))
        columns = labels.shape[1] if labels.ndim == 2 and 1 < labels.shape[1] <= MAX_COLUMNS else 0
        if columns:
            labels = _classes(labels)
        elif labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.ndim != 1 or labels.dtype.kind not in "buif" or not np.array_equal(labels, labels.astype(np.uint8)):
            raise CannotTrainHere(_("the labels are not whole numbers, one for each image"))
        if labels.max() > (last := self.data.class_count - 1):
            raise CannotTrainHere(_("the labels are not numbers from 0 to {last}", last=last))
        if weights is not None and (weights.shape != labels.shape or weights.dtype.kind not in "uif"):
            raise CannotTrainHere(_("the weights of the samples are not one number for each"))
        return SamplesMessage(
            rows=found.rows, labels=labels.astype(np.uint8), lookup=found.lookup, shape=tuple(images.shape[1:]),
            one_hot=columns, weights=None if weights is None else weights.astype(np.float32),
        )  # fmt: skip


shared = Recogniser()


def _classes(vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The numbers of classes that one-hot `vectors` (n, columns) stand for. Raises CannotTrainHere for other vectors."""
    classes: np.ndarray[Any, Any] = vectors.argmax(1)
    ones = np.count_nonzero(vectors, axis=1) == 1
    if not ones.all() or not (vectors[np.arange(len(vectors)), classes] == 1).all():
        raise CannotTrainHere(_("the labels are vectors, and not one-hot"))
    return classes


def as_numbers(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], weights: Any) -> ArraysMessage:
    """Raises CannotTrainHere for what isn't numbers, and for more of them than travel."""
    given = [one for one in (x, y, weights) if one is not None]
    if any(one.dtype.kind not in "biuf" for one in given) or x.ndim < 2 or not x.size:
        raise CannotTrainHere(_("the data are not arrays"))
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim > 2 or (y.ndim == 2 and not 1 < y.shape[1] <= MAX_COLUMNS):
        raise CannotTrainHere(_("the targets are not a number or a row of numbers for each sample"))
    if weights is not None and weights.shape != (len(x),):
        raise CannotTrainHere(_("the weights of the samples are not one number for each"))
    if max(x.size, y.size) > MAX_NUMBERS:
        raise OtherData(_("the data are more than {most:,} numbers", most=MAX_NUMBERS), len(x))
    if not all(np.isfinite(one).all() and np.abs(one.astype(np.float64)).max() < MOST for one in given):
        raise OtherData(_("the data hold NaN, infinity or very large numbers"), len(x))
    targets = y.astype(np.float32 if y.dtype.kind == "f" else np.int32)
    return ArraysMessage(
        values=x.astype(np.float32), targets=targets, weights=None if weights is None else weights.astype(np.float32)
    )


def array(value: Any) -> Any:
    """An array in a form that Keras takes as one: a tensor, a list that holds one array, a Series or DataFrame of pandas.

    None stays None. Raises CannotTrainHere for anything else.
    """
    if value is None or type(value) is np.ndarray:
        return value
    if type(value) in (list, tuple) and len(value) == 1 and hasattr(value[0], "shape"):
        return array(value[0])
    keras = loaded_keras()
    if of_pandas(value) or (keras and keras.ops.is_tensor(value)):
        return np.asarray(value)
    raise CannotTrainHere(_("the data are not arrays"))
