"""The data sets that a course can be on, by the names that course.yml calls them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from autograder.common.data import cifar10, fashion_mnist, mnist, tables
from autograder.common.data.base import DataSet
from autograder.common.data.sources import Source

SOURCES = {source.name: source for source in (fashion_mnist.SOURCE, mnist.SOURCE, cifar10.SOURCE)}  # of images
USUAL = fashion_mnist.SOURCE.name  # of a course that names none
NAMES = (*SOURCES, *tables.BUNDLED)


def has_images(name: str) -> bool:
    """Whether its samples are images, which are recognised whatever their scaling; otherwise they are rows of a table."""
    return name in SOURCES


def source(name: str = USUAL) -> Source:
    """Of a data set of images."""
    return SOURCES[name]


def places(*names: str) -> dict[str, Path]:
    """The files of data sets of images, by their place below Keras's home; a table has none. Raises DataError where they can't be had."""
    return {place: path for name in filter(has_images, names) for place, path in source(name).places().items()}


def load(name: str = USUAL) -> DataSet:
    """The data set, found and read once. Raises DataError where it can't be had."""
    return _load(name)


@lru_cache(maxsize=4)
def _load(name: str) -> DataSet:
    return source(name).load() if has_images(name) else tables.bundled(name)
