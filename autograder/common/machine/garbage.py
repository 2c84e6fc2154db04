"""Imports without collections of garbage.

What thousands of modules make while they are imported stays as long as their process. The garbage collector finds nothing among it, but looks at
all of it again and again: a fifth of the time that TensorFlow's import takes, and a tenth of what a judge does afterwards.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_from_collections() -> Iterator[None]:
    """Nothing is collected meanwhile, and what is there at the end is never looked at again (``gc.freeze``)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
