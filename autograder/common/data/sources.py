"""Where the files of a data set lie that Keras downloads: in its cache, elsewhere on this machine, or nowhere yet."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.common.data.base import DataSet
from autograder.common.digests import of_file
from autograder.common.errors import DataError
from autograder.common.files import home
from autograder.common.i18n import _


def keras_home() -> Path:
    """Where Keras keeps what it downloads: ``$KERAS_HOME`` or ``~/.keras``."""
    return Path(os.environ.get("KERAS_HOME") or home() / ".keras")


@dataclass(frozen=True)
class Source:
    """A data set of ``keras.datasets``, by its `name` there.

    `folder`: below Keras's home, where ``load_data()`` looks for its files; `digests`: their SHA-256 by name. `elsewhere`: other
    folders that may have them, `package`: Debian's that puts them into one. `read`: from a folder that has them.
    """

    name: str
    title: str
    folder: str
    digests: Mapping[str, str]
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    read: Callable[[Path], DataSet]
    elsewhere: tuple[Path, ...] = ()
    package: str = ""

    @property
    def cache(self) -> Path:
        """The folder in Keras's own cache."""
        return keras_home() / self.folder

    def places(self) -> dict[str, Path]:
        """By their place below Keras's home, where the verified files lie. Raises DataError as `find` does."""
        found = self.find()
        return {f"{self.folder}/{name}": found / name for name in self.digests}

    def find(self, *, download: bool = True) -> Path:
        """The folder with the verified files: Keras's cache, then what is elsewhere, then Keras's own download.

        Raises DataError with all remedies when there is none, or when a file is damaged.
        """
        tried = []
        for folder in (self.cache, *self.elsewhere):
            if self._sound(folder):
                self._verify(folder)
                return folder
            tried.append(str(folder))
        failure = _("not tried")
        if download:
            try:
                importlib.import_module(f"keras.datasets.{self.name}").load_data()
            except Exception as error:
                failure = f"{type(error).__name__}: {error}"
            if self._sound(self.cache):
                self._verify(self.cache)
                return self.cache
        raise DataError(
            _(
                "{title} was not found in {tried}, and Keras could not download it ({failure})",
                title=_(self.title),
                tried=_(" or ").join(tried),
                failure=failure,
            ),
            self._remedy(),
        )

    def _remedy(self) -> str:
        if self.package:
            return _(
                "One of these helps: connect to the internet and run the command again; or `apt-get install "
                "{package}` (Debian, Ubuntu); or copy the files {files} to {cache}.",
                package=self.package,
                files=", ".join(self.digests),
                cache=self.cache,
            )
        return _(
            "Connect to the internet and run the command again; or copy {files} to {cache}.",
            files=", ".join(self.digests),
            cache=self.cache,
        )

    def install(self) -> Path:
        """Put the files where ``load_data()`` finds them; return that folder."""
        source, target = self.find(), self.cache
        if source != target:
            target.mkdir(parents=True, exist_ok=True)
            for name in self.digests:
                part = target / f"{name}.part"
                shutil.copyfile(source / name, part)
                part.replace(target / name)
        return target

    def load(self, *, download: bool = True) -> DataSet:
        """Find and read the data set; raises DataError where it can't be had or read."""
        folder = self.find(download=download)
        try:
            return self.read(folder)
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise DataError(
                _("{folder} can't be read: {error}", folder=folder, error=error),
                _("Delete {path} and run the command again.", path=folder),
            ) from error

    def _sound(self, folder: Path) -> bool:
        return all((folder / name).is_file() for name in self.digests)

    def _verify(self, folder: Path) -> None:
        for name, expected in self.digests.items():
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
