"""An epoch of a dataset, a generator or the like: its batches are read as Keras reads them, and recognised."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from types import GeneratorType
from typing import Any

import numpy as np

from autograder.common.data.base import MAX_ROWS, Rows
from autograder.common.errors import CannotTrainHere
from autograder.common.i18n import _
from autograder.common.wire.messages import ArraysMessage, SamplesMessage
from autograder.kernel.describing.recognised_samples import Recogniser
from autograder.kernel.graded.by_name import fed
from autograder.kernel.in_place import Call

Step = tuple[int, int, Any]  # as Keras's iterators give it: first batch, last batch, the batches


@dataclass
class EpochData:
    """What an epoch is made of. `given`: the arguments that Keras's own iterator takes; `samples`: known at once, or None.

    `ordered`: the order of the rows is the notebook's wish.
    """

    given: dict[str, Any]
    recogniser: Recogniser
    samples: SamplesMessage | ArraysMessage | None = None
    batch_size: int = 0
    ordered: bool = False

    def is_code(self) -> bool:
        """Whether Keras calls code of the notebook's for them: it then gets them as they are, and calls that itself."""
        import keras

        return isinstance(self.given["x"], (keras.utils.PyDataset, GeneratorType))


def begin(real: Any) -> Iterator[Step]:
    """An epoch of Keras's own iterator, as it begins, also of one that is judged."""
    from keras.src.trainers.epoch_iterator import EpochIterator

    EpochIterator.__iter__(real)
    return iter(real.__next__, None)


class ReadEpoch:
    """One epoch of `model` read off `real`, Keras's own iterator over what the notebook gave, to its end or to where it can't be judged.

    Iterated over, it is that epoch as `real` would have given it: what was read is given again, then comes what is left. Where `real`
    knows how many steps it has, their end is left: code of the notebook's hears of it when they are used. `ran_out` is called where Keras
    asks for one batch more than there is. `first`: the first epoch of its training. `eagerly`: as its batches are trained on; it
    stands in what is said of one that fails.
    """

    def __init__(self, model: Any, real: Any, ran_out: Callable[[], None], *, first: bool, eagerly: bool) -> None:
        self._model = model
        self._real, self._at_end, self._first, self._eagerly = real, ran_out, first, eagerly
        self._steps: list[Step] = []
        self._batches: list[Any] = []
        self._error: Exception | None = None
        self._ended = self._short = False
        self.last = -1  # step
        begin(real)

    def samples(
        self, recogniser: Recogniser, *, ordered: bool, any_sizes: bool
    ) -> Generator[Call, Any, tuple[SamplesMessage | ArraysMessage, int] | None]:
        """Yields the calls of `real`, and returns the samples of the epoch, and the size of its batches; in the usual order of these images, unless it is `ordered`.

        None where the data ran out in an epoch before.

        Raises CannotTrainHere for batches that are not all of a size, but for a smaller one (`any_sizes`: that doesn't matter), and
        for what isn't recognised: after the first batch, where that shows.
        """
        if (yield from self._more()) or self._batches:
            recogniser.samples(*self._parts(self._batches[:1]))
        while (yield from self._more()):
            if _size(self._batches[0]) * len(self._batches) > MAX_ROWS:
                raise CannotTrainHere(_("an epoch has more than {number:,} samples", number=MAX_ROWS))
        if self._error is not None:
            raise CannotTrainHere(_("the data could not be read to their end"))
        if not self._batches and not self._first:
            return None
        sizes = sorted(map(_size, self._batches))
        if not sizes or not (any_sizes or sizes[1:] == sizes[-1:] * len(sizes[1:])):
            raise CannotTrainHere(_("the batches are not all of the same size"))
        found = recogniser.samples(*self._parts(self._batches))
        if ordered:
            return found, sizes[-1]
        if isinstance(found, ArraysMessage):
            return _sorted(found), sizes[-1]
        return in_usual_order(found, recogniser.index.orders), sizes[-1]

    def __iter__(self) -> Iterator[Step]:
        return chain.from_iterable(self._given())

    def _given(self) -> Iterator[Iterable[Step]]:
        if (
            self._error is None and not self._steps and self._first and self._ended
        ):  # Keras begins again, and says what is wrong
            self._real.reset()
            yield begin(self._real)
            return
        again = self._again()
        yield [(first, last, again) for first, last, _batches in self._steps]
        self.used()
        if self._error is not None:
            raise self._error
        yield self.left()

    @property
    def failed_at_once(self) -> bool:
        """Whether not even one batch could be read."""
        return self._error is not None and not self._steps

    def left(self) -> Iterable[Step]:
        """What has not been read."""
        return () if self._ended else iter(self._real.__next__, None)

    def _again(self) -> Iterator[Any]:
        """The batches that were read, in an iterator like Keras's own: its functions are traced for that kind."""
        import tensorflow as tf

        spec = self._real._distributed_dataset.element_spec
        return iter(tf.data.Dataset.from_generator(lambda: iter(self._batches), output_signature=spec))

    def used(self) -> None:
        """What was read has been trained on."""
        if self._short:
            self._at_end()

    def _more(self) -> Generator[Call, Any, bool]:
        """Read the next step."""
        known = self._real.num_batches
        if self._ended or (known and self.last + 1 >= known):
            return False
        step = yield partial(next, self._real, None)  # a sequence of the notebook's hears here that an epoch begins
        if step is None:
            self._ended = True
            return False
        first, last, iterator = step
        batches: list[Any] = []
        try:
            with self._real.catch_stop_iteration():
                for _number in range(self._real.steps_per_execution):
                    batches.extend(self._one_more(iterator, bool(batches)))
        except Exception as error:  # the notebook's own, maybe: it comes again when the batches before it are used
            self._error = error
        self._short = not batches
        self._ended = self._short or self._error is not None
        if batches:
            self._steps.append((first, last, batches))
            self._batches.extend(batches)
            self.last = last
        return not self._ended

    def _one_more(self, iterator: Any, begun: bool) -> list[Any]:
        """The next batch; none where the data end within a step of several batches that has `begun`."""
        from tensorflow.errors import OutOfRangeError

        try:
            return [iterator.get_next() if self._eagerly else _next()(iterator)]
        except OutOfRangeError:
            if begun:
                return []
            raise

    def _parts(self, batches: list[Any]) -> tuple[Any, Any, Any]:
        """Images, labels and weights of the batches, one array each."""
        from keras.src.trainers.data_adapters.data_adapter_utils import unpack_x_y_sample_weight

        parts = [[*map(_array, fed(self._model, unpack_x_y_sample_weight(batch)))] for batch in batches]
        x, y, weights = ([part[place] for part in parts] for place in range(3))
        whole = [None if any(one is None for one in arrays) else np.concatenate(arrays) for arrays in (x, y, weights)]
        return whole[0], whole[1], whole[2]


@lru_cache(maxsize=1)
def _next() -> Any:
    """The next batch of a TensorFlow iterator, in a graph of the name that Keras's has: it stands in what a failing one says."""
    import tensorflow as tf

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def multi_step_on_iterator(iterator: Any) -> Any:
        return iterator.get_next()

    return tf.function(multi_step_on_iterator, reduce_retracing=True)


def _array(value: Any) -> Any:
    while isinstance(value, (list, tuple)) and len(value) == 1:
        (value,) = value
    if value is None:
        return None
    array = np.asarray(value)
    if not array.ndim or array.dtype.kind not in "uif":
        raise CannotTrainHere(_("the data are not arrays"))
    return array


def _size(batch: Any) -> int:
    import keras

    return int(keras.tree.flatten(batch)[0].shape[0])


def _sorted(samples: ArraysMessage) -> ArraysMessage:
    """The same samples by their numbers, as far as the notebook can tell: which rows they are is the judge's to know."""
    count = len(samples)
    by = np.lexsort(np.column_stack([samples.targets.reshape(count, -1), samples.values.reshape(count, -1)]).T)
    weights = None if samples.weights is None else samples.weights[by]
    return samples.model_copy(update={"values": samples.values[by], "targets": samples.targets[by], "weights": weights})


def in_usual_order(samples: SamplesMessage, orders: Iterable[Rows]) -> SamplesMessage:
    """The same samples in the order in which arrays of these images usually come: by their rows, or as the course splits them.

    A dataset shuffles as it likes; so the same images are the same training, whatever way they took.
    """
    by = np.lexsort((samples.labels, samples.rows))
    rows = samples.rows[by]
    for order in orders:
        if len(order) == len(rows) and np.array_equal(np.sort(order), rows):
            by = by[np.argsort(np.argsort(order))]
    weights = None if samples.weights is None else samples.weights[by]
    return samples.model_copy(update={"rows": samples.rows[by], "labels": samples.labels[by], "weights": weights})
