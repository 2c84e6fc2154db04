"""Data sets whose samples are rows of numbers: those that scikit-learn brings, and files of a course.

A file is a ``.csv`` with a line of names above its numbers, or an ``.npz`` of NumPy. Nothing in either can run: no pickles are read.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.common.data.base import MAX_NUMBERS, MAX_ROWS, DataSet
from autograder.common.digests import sha256
from autograder.common.errors import DataError
from autograder.common.files import bytes_of, right_to
from autograder.common.i18n import N_, _

BUNDLED = {
    "breast_cancer": N_("the breast cancer data"), "diabetes": N_("the diabetes data"), "digits": N_("the digits"),
    "iris": N_("the iris data"), "wine": N_("the wine data"),
}  # fmt: skip
OF_NUMBERS = ("diabetes",)  # of those: their targets are no classes
FILE = "file"  # what a data set is called that is a file of the course
KINDS = (".csv", ".npz")
MAX_BYTES = 32 << 20
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A file with a data set. `features`, `targets`: its columns (.csv) or one array each (.npz); () for all others, and the last.

    `classes`: what the classes are called; `test`: how many of its last rows are the test set; `digest`: its SHA-256, if it is known.
    """

    path: Path
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    test: int = 0
    digest: str = ""

    def read(self) -> DataSet:
        """Raises DataError, with the remedy, for a file that isn't there, isn't the one that was declared, or holds no such data."""
        content = content_of(self.path, self.digest, MAX_BYTES, self._or_images())
        try:
            columns = _npz(content) if self.path.suffix == ".npz" else _csv(content)
            features, targets, classes = self._parts(columns)
        except (ValueError, OSError, EOFError, zipfile.BadZipFile, csv.Error) as error:
            raise DataError(
                _("{path} can't be read: {error}", path=self.path.name, error=error),
                _(
                    "A .csv has a line of names above numbers, separated by commas; an .npz has arrays with one row for each sample."
                )
                + self._or_images(),
            ) from error
        training = len(features) - self.test
        if training < 2 or len(features) > MAX_ROWS or max(features.size, targets.size) > MAX_NUMBERS:
            raise DataError(
                _("{path} has {rows} rows of {columns} numbers, and {test} of them are the test set", path=self.path.name, rows=len(features), columns=features[0].size if len(features) else 0, test=self.test),
                _("At least two rows are for training, and {rows:,} rows and {most:,} numbers are the most.", rows=MAX_ROWS, most=MAX_NUMBERS) + self._or_images(),
            )  # fmt: skip
        return DataSet(FILE, self.path.name, features, targets, training, self.classes or classes)

    def _or_images(self) -> str:
        """More of a remedy: a table is sent as its numbers, so images are soon too many."""
        named = _("Is it of images? Declare it as `images` in place of `file`.")
        return f" {named}" if self.path.suffix == ".npz" else ""

    def _parts(
        self, columns: dict[str, npt.NDArray[np.generic]]
    ) -> tuple[Numbers, npt.NDArray[np.generic], tuple[str, ...]]:
        """Features, targets, and the names of the classes where the targets are texts. Raises ValueError."""
        named = {"features", "targets"} <= columns.keys()
        targets = self.targets or (("targets",) if named else tuple(columns)[-1:])
        features = self.features or (("features",) if named else tuple(name for name in columns if name not in targets))
        for name in (*features, *targets):
            if name not in columns:
                raise ValueError(_("there is no '{name}': there are {known}", name=name, known=", ".join(columns)))
        if not features or set(features) & set(targets):
            raise ValueError(
                _(
                    "the features are {features}, and the targets {targets}",
                    features=", ".join(features) or _("none"),
                    targets=", ".join(targets),
                )
            )
        classes: tuple[str, ...] = ()
        aims = columns[targets[0]]
        if len(targets) == 1 and aims.dtype.kind == "U":
            if not self.classes and _are_truths(list(map(str, aims))):
                aims = np.char.capitalize(aims.astype(str))  # true and True are the same to pandas
            known = self.classes or _classes(targets[0], list(map(str, aims)))
            if strange := sorted(set(map(str, aims)) - set(known)):
                raise ValueError(_("'{name}' is none of the classes {known}", name=strange[0], known=", ".join(known)))
            classes, aims = known, np.array([known.index(str(one)) for one in aims])
        elif len(targets) > 1:
            aims = _beside(columns, targets)
        elif self.classes and (others := aims[~np.isin(aims, range(len(self.classes)))]).size:
            odd = others.ravel()[0]
            said = _("the targets of {count} classes are 0 to {last}, and '{name}' holds {odd:g}", count=len(self.classes), last=len(self.classes) - 1, name=targets[0], odd=float(odd))  # fmt: skip
            raise ValueError(said)
        return _beside(columns, features), _numbers(targets[0], aims), classes


def content_of(path: Path, digest: str, most: int, smaller: str = "") -> bytes:
    """Of a file of the course's, of up to `most` bytes; `digest`: its SHA-256, if it is known. Raises DataError; `smaller`: more of its remedy for a larger one."""
    try:
        size = path.stat().st_size
        content = bytes_of(path) if size <= most else b""
    except OSError as error:
        raise DataError(
            _("{path} can't be read: {error}", path=path, error=error.strerror),
            right_to(error) or _("The file of the data lies beside the notebook, where `autograder release` puts it."),
        ) from error
    if size > most:
        raise DataError(
            _("{path} has {size:,} bytes", path=path, size=size), _("{most:,} are the most.", most=most) + smaller
        )
    if digest and sha256(content) != digest:
        raise DataError(
            _("{path} is not the file that belongs here: its content is another", path=path),
            _("Take the file again from where you got the notebook. (In course.yml: `digest` is its SHA-256.)"),
        )
    return content


def _beside(columns: dict[str, npt.NDArray[np.generic]], names: Sequence[str]) -> Numbers:
    """One array alone as it is, and columns side by side."""
    parts = [_numbers(name, columns[name]) for name in names]
    if len(parts) == 1 and parts[0].ndim > 1:
        return parts[0].astype(np.float64)
    return np.column_stack(parts).astype(np.float64)


def _numbers(name: str, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    if array.dtype.kind == "U":
        return _of_texts(name, list(map(str, array)))
    if array.dtype.kind not in "biuf":
        raise ValueError(_("'{name}' doesn't hold numbers alone: name the columns that do as `features`", name=name))
    if not np.isfinite(array).all():
        raise ValueError(_("'{name}' has places without a number", name=name))
    return array


# What pandas reads as missing; so do students, who read the file with it.
_MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TRUTHS = {"true": 1, "false": 0}


def _of_texts(name: str, texts: list[str]) -> npt.NDArray[np.generic]:
    """A column that isn't numbers alone: truth values are 1 and 0, as in pandas. Raises ValueError that names the row, from 1, of anything else."""
    if _are_truths(texts):
        return np.array([_TRUTHS[text.lower()] for text in texts])
    _require_whole(name, texts)
    row, odd = next((row, text) for row, text in enumerate(texts, 1) if not _NUMBER.fullmatch(text))
    raise ValueError(
        _("'{name}' doesn't hold numbers alone ('{odd}' in row {row}): name the columns that do as `features`; what `prepare` makes may hold the others as numbers. Where none does, write the numbers of the words into an .npz", name=name, odd=odd[:40], row=row)
    )  # fmt: skip


def _are_truths(texts: list[str]) -> bool:
    return {text.lower() for text in texts} <= _TRUTHS.keys()


def _classes(name: str, texts: list[str]) -> tuple[str, ...]:
    """The classes of a column, in the order of the alphabet. Raises ValueError for a missing one, and for a number among them."""
    _require_whole(name, texts)
    numbers = [text for text in texts if _NUMBER.fullmatch(text)]
    if numbers:
        odd = next(text for text in texts if not _NUMBER.fullmatch(text))
        said = _("'{name}' holds numbers, and '{odd}' in row {row}: mend it, or name the classes as `classes`", name=name, odd=odd[:40], row=texts.index(odd) + 1)  # fmt: skip
        raise ValueError(said)
    return tuple(sorted(set(texts)))


def _require_whole(name: str, texts: list[str]) -> None:
    for row, text in enumerate(texts, 1):
        if text in _MISSING:
            found = _(" (found {value})", value=repr(text)) if text else ""
            said = _(
                "'{name}' is missing in row {row}{found}: fill it in, or take the row out",
                name=name,
                row=row,
                found=found,
            )
            raise ValueError(said)


def _csv(content: bytes) -> dict[str, npt.NDArray[np.generic]]:
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    except UnicodeDecodeError:
        raise ValueError(_("it is not saved as UTF-8")) from None
    names, rows = (lines or [[]])[0], [line for line in lines[1:] if line]
    if len(names) == 1 and (mark := next((one for one in ";\t|" if one in names[0]), "")):
        said = _(
            "its places are separated by {mark}: save it with commas between them, and points in its numbers",
            mark=repr(mark),
        )
        raise ValueError(said)
    if len(set(names)) != len(names) or not rows:
        raise ValueError(_("it has no line of names, each another, with rows below it"))
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ValueError(
                _(
                    "line {number} has {count} places, and there are {names} names",
                    number=number,
                    count=len(row),
                    names=len(names),
                )
            )
    return {name.strip(): _column([row[place].strip() for row in rows]) for place, name in enumerate(names)}


def _column(texts: list[str]) -> npt.NDArray[np.generic]:
    """Whole numbers, numbers, or else texts, missing places and infinities among them; not Python's numbers, such as 1_000."""
    if all(map(_NUMBER.fullmatch, texts)):
        for kind in (np.int64, np.float64):
            with suppress(ValueError, OverflowError):
                return np.array([kind(text) for text in texts])
    return np.array(texts)


def arrays(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an ``.npz``. Raises ValueError for more than `MAX_BYTES` of them, and what NumPy raises."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise ValueError(_("its arrays are larger than {most:,} bytes", most=MAX_BYTES))
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _npz(content: bytes) -> dict[str, npt.NDArray[np.generic]]:
    columns = arrays(content)
    if (
        not columns
        or len({array.shape[:1] for array in columns.values()}) != 1
        or not all(a.ndim for a in columns.values())
    ):
        raise ValueError(_("its arrays don't have one row for each sample"))
    return columns


def bundled(name: str) -> DataSet:
    """What ``sklearn.datasets.load_<name>()`` returns: all its rows are for training."""
    import sklearn.datasets

    loaded = getattr(sklearn.datasets, f"load_{name}")()
    classes = tuple(map(str, loaded["target_names"])) if "target_names" in loaded else ()
    return DataSet(
        name, BUNDLED[name], loaded["data"].astype(np.float64), loaded["target"], len(loaded["target"]), classes
    )
