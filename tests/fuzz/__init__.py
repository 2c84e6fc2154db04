"""What parses what strangers wrote, on input that is bent at random. Each file says its oracle.

In CI some seconds each. For a long run: ``AUTOGRADER_FUZZ=200 pytest tests/fuzz`` tries 200 times as many inputs, new ones each time;
what it finds becomes an @example.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("AUTOGRADER_FUZZ") or 1)


def fuzz(examples: int) -> settings:
    return settings(
        max_examples=examples * TIMES, deadline=None, database=None, derandomize=TIMES == 1, print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip


@contextmanager
def bounded(seconds: float = 10, megabytes: int = 300) -> Iterator[None]:
    """The same bounds for every input: of processor time, and of memory beyond the most that this process ever had."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    took = time.process_time() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    assert took < seconds, f"it took {took:.1f} s"
    assert grown < megabytes, f"it took {grown} MB"
