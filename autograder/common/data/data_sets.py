"""The data sets that a course can be on, by the names that course.yml calls them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from autograder.common.data import cifar10, fashion_mnist, mnist, own_images, tables
from autograder.common.data.base import DataSet
from autograder.common.data.sources import Source, keras_home

SOURCES = {source.name: source for source in (fashion_mnist.SOURCE, mnist.SOURCE, cifar10.SOURCE)}  # of images
USUAL = fashion_mnist.SOURCE.name  # of a course that names none
NAMES = (*SOURCES, *tables.BUNDLED)


def has_images(name: str) -> bool:
    """Whether its samples are images, which are recognised whatever their scaling; otherwise they are rows of a table."""
    return name in SOURCES or is_own(name)


def is_own(name: str) -> bool:
    """Whether it is a course's own file of images."""
    return name.partition("/")[0] == own_images.IMAGES


def source(name: str = USUAL) -> Source:
    """Of a data set of Keras's."""
    return SOURCES[name]


def places(*images: str | Path) -> dict[str, Path]:
    """The files of data sets of images, by their place below Keras's home; a table has none. `images`: as `called` takes them.

    Raises DataError where they can't be had.
    """
    own = {called(one): one for one in images if isinstance(one, Path)}
    return {
        place: path for name in images if name in SOURCES for place, path in source(str(name)).places().items()
    } | own


def called(images: str | Path) -> str:
    """The name under which a sandbox has a data set of Keras's, which is its own, or a course's file of images. Raises DataError."""
    return own_images.called(images) if isinstance(images, Path) else images


def load(name: str = USUAL) -> DataSet:
    """The data set, found and read once; a course's own file of images where a sandbox has it. Raises DataError where it can't be had."""
    return _load(name)


@lru_cache(maxsize=4)
def _load(name: str) -> DataSet:
    if is_own(name):
        return own_images.ImageFile(keras_home() / name).read()
    return source(name).load() if has_images(name) else tables.bundled(name)
