"""The data sets that a course can be on, by the names that course.yml calls them."""

from __future__ import annotations

from functools import lru_cache

from autograder.common import cifar10, fashion_mnist, mnist
from autograder.common.data import DataSet
from autograder.common.data_sources import Source

SOURCES = {source.name: source for source in (fashion_mnist.SOURCE, mnist.SOURCE, cifar10.SOURCE)}
USUAL = fashion_mnist.SOURCE.name  # of a course that names none


def source(name: str = USUAL) -> Source:
    return SOURCES[name]


def load(name: str = USUAL) -> DataSet:
    """The data set, found and read once. Raises DataError where it can't be had."""
    return _load(name)


@lru_cache(maxsize=4)
def _load(name: str) -> DataSet:
    return source(name).load()
