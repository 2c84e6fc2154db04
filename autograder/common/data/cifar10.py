"""CIFAR-10: its archive, as Keras downloads it, its sizes and classes. Source of the digest: ``keras.datasets.cifar10``."""

from __future__ import annotations

import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data.base import DataSet
from autograder.common.data.sources import Source
from autograder.common.i18n import N_

TITLE = N_("CIFAR-10")
CLASSES = (
    N_("airplane"), N_("automobile"), N_("bird"), N_("cat"), N_("deer"),
    N_("dog"), N_("frog"), N_("horse"), N_("ship"), N_("truck"),
)  # fmt: skip
FILE = "cifar-10-batches-py-target_archive"  # a tar.gz
PARTS = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
SHAPE = (32, 32, 3)
_ARRAYS = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class _Arrays(pickle.Unpickler):
    """Of the archive's parts: arrays, and nothing else that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise ValueError(f"{module}.{name} has no place in CIFAR-10")
        return super().find_class(module, name)


def _part(archive: tarfile.TarFile, name: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Images (n, 32, 32, 3) and labels (n,) of a part: its rows hold the red, then the green, then the blue pixels."""
    file = archive.extractfile(f"cifar-10-batches-py/{name}")
    if file is None:
        raise ValueError(f"{name} is no file")
    found = _Arrays(file, encoding="bytes").load()
    images = np.asarray(found[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, np.asarray(found[b"labels"], np.uint8)


def read(folder: Path) -> DataSet:
    """2 s. Raises OSError, ValueError or KeyError for a file that isn't this."""
    try:
        with tarfile.open(folder / FILE) as archive:
            parts = [_part(archive, name) for name in PARTS]
    except (tarfile.TarError, pickle.UnpicklingError) as error:
        raise ValueError(str(error)) from error
    images, labels = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return DataSet("cifar10", TITLE, images, labels, len(labels) - len(parts[-1][1]), CLASSES, column=True)


SOURCE = Source(
    "cifar10", TITLE, "datasets", {FILE: "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"},
    SHAPE, CLASSES, read,
)  # fmt: skip
