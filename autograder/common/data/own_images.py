"""A course's own images: an ``.npz`` of NumPy whose arrays are called as in Keras's ``mnist.npz``. Nothing in it can run: no pickles are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data.base import MAX_CLASSES, MAX_ROWS, DataSet
from autograder.common.data.tables import content_of
from autograder.common.digests import of_file, sha256
from autograder.common.errors import DataError
from autograder.common.files import right_to
from autograder.common.i18n import _
from autograder.common.showing.nearest_name import nearest

# What such a data set is called in course.yml; and the folder below Keras's home where a sandbox has it.
IMAGES = "images"
KIND = ".npz"
TRAINING, TEST = ("x_train", "y_train"), ("x_test", "y_test")  # images and their labels; there need be no test set
MOST = 60_000 * 32 * 32 * 3  # numbers of all images, as many as CIFAR-10 has
CHANNELS = (1, 3)  # the last of four axes: what a page can show
_REMEDY_KEYS = "np.savez_compressed(..., x_train=..., y_train=..., x_test=..., y_test=...)"
Array = npt.NDArray[Any]


def called(path: Path) -> str:
    """What the data set in that file is called, as it is now: also its place below Keras's home in a sandbox. Raises DataError."""
    try:
        found = path.stat()
        return _called(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise DataError(_("{path} can't be read: {error}", path=path, error=error.strerror), right_to(error)) from error


@lru_cache(maxsize=16)
def _called(path: Path, _size: int, _changed: int) -> str:
    return _name(path, of_file(path))


def _name(path: Path, digest: str) -> str:
    return f"{IMAGES}/{digest[:32]}/{path.name}"


@dataclass(frozen=True)
class ImageFile:
    """A file with images. `classes`: what the numbers of its labels stand for, if anything; `digest`: its SHA-256, if it is known."""

    path: Path
    classes: tuple[str, ...] = ()
    digest: str = ""

    def read(self) -> DataSet:
        """Raises DataError, with array and remedy, for a file that isn't there, isn't the one that was declared, or holds no such images."""
        content = content_of(self.path, self.digest, 2 * MOST)
        try:
            found = _arrays(content)
            parts = [_part(found, names) for names in (TRAINING, TEST) if names[0] in found]
            if len({images.shape[1:] for images, _labels in parts}) > 1:
                raise DataError(
                    _("the images of x_train are of shape {one}, and those of x_test of {other}", one=parts[0][0].shape[1:], other=parts[1][0].shape[1:]),
                    _("Give all images one shape."),
                )  # fmt: skip
            images, labels = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
            training = len(parts[0][0])
            _require_sound(images, labels, training, self.classes)
        except DataError as error:
            raise DataError(f"{self.path.name}: {error}", error.remedy) from None
        except (ValueError, OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
            raise DataError(
                _("{path} can't be read: {error}", path=self.path.name, error=error),
                _("Images are saved by {call}.", call=_REMEDY_KEYS),
            ) from error
        if images.shape[3:] == (1,):
            images = images[..., 0]  # students may have it either way
        return DataSet(_name(self.path, sha256(content)), self.path.name, images, labels, training, self.classes)


def _arrays(content: bytes) -> dict[str, Array]:
    """Those that belong there, by name; none is read before all names and sizes are known. Raises DataError."""
    known = [*TRAINING, *TEST]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {member.filename.removesuffix(".npy"): member.file_size for member in archive.infolist()}
    for name in sizes:
        if name not in known:
            guess = nearest(name, known)
            meant = _("did you mean '{guess}'?", guess=guess) + " " if guess else ""
            raise DataError(
                _("there is an array '{name}', and images have {known}", name=name, known=", ".join(known)),
                meant + _("Save it by {call}; what the classes are called stands in course.yml, as `classes`.", call=_REMEDY_KEYS),
            )  # fmt: skip
    wanted = known if sizes.keys() & set(TEST) else TRAINING
    for name in wanted:
        if name not in sizes:
            raise DataError(_("there is no array '{name}'", name=name), _("Save it by {call}.", call=_REMEDY_KEYS))
    if (size := sum(sizes.values())) > MOST + (1 << 22):  # labels, and heads of the arrays
        raise DataError(
            _("its arrays have {size:,} bytes ({largest} alone {own:,}), and {most:,} are the most", size=size, largest=max(sizes, key=sizes.__getitem__), own=max(sizes.values()), most=MOST),
            _("Take fewer or smaller images; and uint8 has one byte for a number: images.astype(\"uint8\")."),
        )  # fmt: skip
    found = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        for name in wanted:
            try:
                found[name] = file[name]
            except ValueError as error:
                said = _("'{name}' holds objects, and not numbers", name=name) if "pickle" in str(error) else str(error)
                raise DataError(
                    said, _("Give all images one shape, and save them as one array: np.stack(images).astype(\"uint8\").")
                ) from error  # fmt: skip
    return found


def _part(found: dict[str, Array], names: Sequence[str]) -> tuple[Array, Array]:
    """Images uint8 (n, height, width[, channels]) and their labels uint8 (n,). Raises DataError."""
    images, labels = (found[name] for name in names)
    return _images(names[0], images), _labels(names[1], labels, len(images))


def _images(name: str, images: Array) -> Array:
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in CHANNELS) or 0 in images.shape:
        raise DataError(
            _("'{name}' is of shape {shape}", name=name, shape=images.shape),
            _("Images are an array of rows x height x width, or rows x height x width x channels with 1 channel or 3: `np.transpose(images, (0, 2, 3, 1))` puts channels last."),
        )  # fmt: skip
    whole = images.dtype.kind in "iu"
    if not whole or images.min() < 0 or images.max() > 255:
        unit = images.dtype.kind == "f" and images.min() >= 0 and images.max() <= 1
        raise DataError(
            _("'{name}' holds {dtype} from {low:g} to {high:g}, and pixels are whole numbers from 0 to 255", name=name, dtype=images.dtype, low=float(images.min()), high=float(images.max()))
            if images.dtype.kind in "iuf"
            else _("'{name}' holds {dtype}, and pixels are whole numbers from 0 to 255", name=name, dtype=images.dtype),
            _("Save the pixels as they were before they were scaled: np.rint(images * 255).astype(\"uint8\"). Scaling is the students' work.")
            if unit
            else _("Save the pixels as uint8, as they were before they were scaled."),
        )  # fmt: skip
    return images.astype(np.uint8, copy=False)


def _labels(name: str, labels: Array, rows: int) -> Array:
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (rows,):
        raise DataError(
            _("'{name}' is of shape {shape}, and there are {rows:,} images", name=name, shape=labels.shape, rows=rows),
            _("Labels are one number for each image; of one-hot vectors take labels.argmax(axis=1)."),
        )
    if labels.dtype.kind not in "iufb" or not np.isin(labels, np.arange(MAX_CLASSES)).all():
        odd = next(
            iter(labels if labels.dtype.kind not in "iufb" else labels[~np.isin(labels, np.arange(MAX_CLASSES))])
        )
        raise DataError(
            _("'{name}' holds {odd}, and labels are whole numbers from 0 to {last}", name=name, odd=repr(getattr(odd, "item", lambda: odd)())[:40], last=MAX_CLASSES - 1),
            _("Number the classes from 0; what they are called stands in course.yml, as `classes`."),
        )  # fmt: skip
    return labels.astype(np.uint8)


def _require_sound(images: Array, labels: Array, training: int, classes: Sequence[str]) -> None:
    """Raises DataError for too few or too many rows, two that are the same image, and labels of no class."""
    if training < 2 or len(images) > MAX_ROWS:
        raise DataError(
            _("there are {training:,} images for training and {rows:,} in all", training=training, rows=len(images)),
            _("At least two are for training, and {most:,} are the most in all.", most=MAX_ROWS),
        )
    if classes and labels.max() >= len(classes):
        raise DataError(
            _("the labels of {count} classes are 0 to {last}, and there is a {odd}", count=len(classes), last=len(classes) - 1, odd=int(labels.max())),
            _("Name all classes in course.yml, in the order of their numbers."),
        )  # fmt: skip
    first: dict[str, int] = {}
    for row, image in enumerate(images):
        earlier = first.setdefault(sha256(np.ascontiguousarray(image).data), row)
        if earlier != row:
            raise DataError(
                _("{one} and {other} are the same image", one=_place(earlier, training), other=_place(row, training)),
                _("The grader tells by an image whether it is for training, so each can be there once: `np.unique(images, axis=0, return_index=True)[1]` are the rows to keep."),
            )  # fmt: skip


def _place(row: int, training: int) -> str:
    """As NumPy writes it."""
    return f"x_train[{row}]" if row < training else f"x_test[{row - training}]"
