"""MNIST: its file, as Keras downloads it, its sizes and classes. Source of the digest: ``keras.datasets.mnist``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autograder.common.data.base import DataSet
from autograder.common.data.sources import Source
from autograder.common.i18n import N_

TITLE = N_("MNIST")
CLASSES = tuple("0123456789")
FILE = "mnist.npz"


def read(folder: Path) -> DataSet:
    """Raises OSError, ValueError or KeyError for a file that isn't this."""
    with np.load(folder / FILE, allow_pickle=False) as file:
        images, labels = (np.concatenate([file[f"{kind}_train"], file[f"{kind}_test"]]) for kind in "xy")
        return DataSet("mnist", TITLE, images, labels.astype(np.uint8), len(file["y_train"]), CLASSES)


SOURCE = Source(
    "mnist", TITLE, "datasets", {FILE: "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
    (28, 28), CLASSES, read,
)  # fmt: skip
