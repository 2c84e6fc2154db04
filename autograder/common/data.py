"""Fashion-MNIST: find the four files, verify them, read them, split them.

Source of the digests: SHA-256 of the files that Keras downloads, which Debian's dataset-fashion-mnist ships unchanged.
"""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autograder.common.digests import of_file
from autograder.common.errors import DataError
from autograder.common.files import home
from autograder.common.i18n import _

DIGESTS = {
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}
CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
TRAINING = 60_000
IMAGES = 70_000
TEST_SIZE, RANDOM_STATE = 0.2, 42  # of the usual hold-out, as the lecture calls train_test_split
DEBIAN = Path("/usr/share/datasets/fashion-mnist")

Rows = npt.NDArray[np.int32]


def cache() -> Path:
    """Where Keras keeps the data set: ``$KERAS_HOME`` or ``~/.keras``."""
    return Path(os.environ.get("KERAS_HOME") or home() / ".keras") / "datasets" / "fashion-mnist"


@dataclass(frozen=True)
class FashionMnist:
    """All 70,000 images, training rows first: `images` uint8 (70000, 28, 28), `labels` uint8 (70000,); both read-only."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


def _sound(folder: Path) -> bool:
    return all((folder / name).is_file() for name in DIGESTS)


def _verify(folder: Path) -> None:
    for name, expected in DIGESTS.items():
        actual = of_file(folder / name)
        if actual != expected:
            raise DataError(
                _(
                    "{file} is damaged: its SHA-256 is {actual}..., expected {expected}...",
                    file=folder / name,
                    actual=actual[:12],
                    expected=expected[:12],
                ),
                _("Delete {path} and run the command again.", path=folder / name),
            )


def find(*, download: bool = True) -> Path:
    """The folder with the four verified files: Keras's cache, then Debian's package, then Keras's own download.

    Raises DataError with all remedies when there is none, or when a file is damaged.
    """
    tried = []
    for folder in (cache(), DEBIAN):
        if _sound(folder):
            _verify(folder)
            return folder
        tried.append(str(folder))
    failure = _("not tried")
    if download:
        try:
            import keras

            keras.datasets.fashion_mnist.load_data()
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        if _sound(cache()):
            _verify(cache())
            return cache()
    raise DataError(
        _(
            "Fashion-MNIST was not found in {tried}, and Keras could not download it ({failure})",
            tried=_(" or ").join(tried),
            failure=failure,
        ),
        _(
            "One of these helps: connect to the internet and run the command again; or `apt-get install "
            "dataset-fashion-mnist` (Debian, Ubuntu); or copy the four .gz files of the data set to "
            "{cache}.",
            cache=cache(),
        ),
    )


def install() -> Path:
    """Put the files where ``keras.datasets.fashion_mnist.load_data()`` finds them; return that folder."""
    source, target = find(), cache()
    if source != target:
        target.mkdir(parents=True, exist_ok=True)
        for name in DIGESTS:
            part = target / f"{name}.part"
            shutil.copyfile(source / name, part)
            part.replace(target / name)
    return target


def _read(path: Path, header: int) -> npt.NDArray[np.uint8]:
    with gzip.open(path, "rb") as stream:
        return np.frombuffer(stream.read(), np.uint8, offset=header)


@lru_cache(maxsize=1)
def load(folder: Path | None = None) -> FashionMnist:
    """Read the data set (0.5 s); the same arrays on every call."""
    folder = folder or find()
    try:
        parts = [_read(folder / name, 16 if "images" in name else 8) for name in DIGESTS]
    except (OSError, EOFError) as error:
        raise DataError(
            _("{folder} can't be read: {error}", folder=folder, error=error),
            _("Delete {path} and run the command again.", path=folder),
        ) from error
    images = np.concatenate([parts[0], parts[2]]).reshape(IMAGES, 28, 28)
    labels = np.concatenate([parts[1], parts[3]])
    images.setflags(write=False)
    labels.setflags(write=False)
    return FashionMnist(images, labels)


@lru_cache(maxsize=4)
def splits(test_size: float, random_state: int) -> dict[str, Rows]:
    """Row numbers of every named part: ``all_train`` and ``test`` as loaded; ``train`` and ``holdout`` of the course.

    The split is scikit-learn's ``train_test_split`` on the 60,000 training rows, as the lecture calls it.
    """
    from sklearn.model_selection import train_test_split

    train, holdout = train_test_split(
        np.arange(TRAINING, dtype=np.int32), test_size=test_size, random_state=random_state
    )
    return {
        "all_train": np.arange(TRAINING, dtype=np.int32),
        "train": train,
        "holdout": holdout,
        "test": np.arange(TRAINING, IMAGES, dtype=np.int32),
    }
