"""Fashion-MNIST: its files, its sizes, and what its classes are called. Nothing else here knows them.

Source of the digests: SHA-256 of the files that Keras downloads, which Debian's dataset-fashion-mnist ships unchanged.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autograder.common.data.base import DataSet
from autograder.common.data.sources import Source
from autograder.common.i18n import N_

DIGESTS = {
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}
CLASSES = (
    N_("T-shirt/top"), N_("Trouser"), N_("Pullover"), N_("Dress"), N_("Coat"),
    N_("Sandal"), N_("Shirt"), N_("Sneaker"), N_("Bag"), N_("Ankle boot"),
)  # fmt: skip
TITLE = N_("Fashion-MNIST")
SHAPE = (28, 28)
TRAINING, IMAGES = 60_000, 70_000


def _read(path: Path, header: int) -> npt.NDArray[np.uint8]:
    with gzip.open(path, "rb") as stream:
        return np.frombuffer(stream.read(), np.uint8, offset=header)


def read(folder: Path) -> DataSet:
    """0.5 s. Raises OSError, EOFError or ValueError for files that aren't these."""
    parts = [_read(folder / name, 16 if "images" in name else 8) for name in DIGESTS]
    images = np.concatenate([parts[0], parts[2]]).reshape(IMAGES, *SHAPE)
    labels = np.concatenate([parts[1], parts[3]])
    return DataSet("fashion_mnist", TITLE, images, labels, TRAINING, CLASSES, given_read_only=True)


SOURCE = Source(
    "fashion_mnist", TITLE, "datasets/fashion-mnist", DIGESTS, SHAPE, CLASSES, read,
    (Path("/usr/share/datasets/fashion-mnist"),), "dataset-fashion-mnist",
)  # fmt: skip
