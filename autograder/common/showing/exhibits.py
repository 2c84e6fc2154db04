"""What a report shows beside its outcomes: networks, learning curves, images that were got wrong. Plain, small, bounded data.

Everything here is for people to look at: nothing in it earns a point. It holds what the student handed in, and what checks
that are not hidden ask for; of a hidden check it holds nothing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from autograder.common.models import Frozen, Said

Word = Annotated[Said, Field(max_length=200)]
MOST_LAYERS = 24  # of a network; the others are counted
MOST_NETWORKS = 12  # of a question
MOST_EPOCHS = 200  # of a learning curve
MOST_MISTAKES = 6
MOST_CLASSES = 100  # of a confusion matrix


class Layer(Frozen):
    """A layer as it is drawn. None and '' stand for "anything" in a network that is asked for.

    `output_shape` begins with the batch axis, None. `differs`: not what the question asks for.
    """

    type: Word
    name: Word = ""
    units: int | None = None
    activation: Word = ""
    rate: float | None = None
    output_shape: tuple[int | None, ...] | None = None
    parameters: int | None = None
    differs: bool = False


class Network(Frozen):
    """A network that was handed in, or that is asked for (`parameters` None). `more`: layers left out of `layers`."""

    name: Word
    layers: tuple[Layer, ...] = ()
    input_shape: tuple[int | None, ...] | None = None
    parameters: int | None = None
    more: int = 0


class Curve(Frozen):
    """One training. `history` as Keras has it, by epoch, to four decimals; None where a number was not finite."""

    network: Word
    optimizer: Word
    epochs: int
    history: dict[Word, tuple[float | None, ...]] = Field(default={})


class Accuracy(Frozen):
    """A measured accuracy, and what the question asks for."""

    network: Word
    split: Word
    measured: float
    at_least: float


class Mistake(Frozen):
    """An image that a network got wrong: its row among the 70,000 of the data set, its class and the network's answer.

    `count`: how many of the images that were looked at it stands for; 0 where that was not counted yet.
    """

    row: int
    label: int
    predicted: int
    count: int = Field(default=0, ge=0)


class Confusion(Frozen):
    """What `network` took images of `split` for: `counts` by their class, then by the network's answer."""

    network: Word
    split: Word
    counts: tuple[tuple[int, ...], ...] = Field(max_length=MOST_CLASSES)


class Exhibit(Frozen):
    """What belongs to a question: `expected` networks have the names of those in `networks` that they are asked of."""

    networks: tuple[Network, ...] = ()
    expected: tuple[Network, ...] = ()
    curves: tuple[Curve, ...] = ()
    accuracies: tuple[Accuracy, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    confusion: Confusion | None = None
