"""The time that a kernel is given: what passes while others have the processors it asks for is no time of its notebook's.

A limit in seconds that stops a cell, or a wait after which an output counts as lost, would otherwise cost a student what the machine did.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from autograder.common.errors import MachineLow
from autograder.common.i18n import _
from autograder.sandbox.inside import resource_watch

MOST_TIMES = 4  # as long as a wait, and all runs of a submission, may last by the clock: a machine that gives less than that share is too busy

LATE_SECONDS = 1.0  # by which any program may be late


def require_some(withheld: float, of: float) -> None:
    """Raises MachineLow where so many seconds were withheld in a time of `of` seconds that it would last longer than `MOST_TIMES` as long."""
    if withheld > (MOST_TIMES - 1) * of:
        raise MachineLow(
            _("the machine was too busy with other things"), _("Run the command again when it is less so.")
        )


class Spent(NamedTuple):
    """Seconds until now: `waited`, of threads that were ready and had no processor; `used`, of processors."""

    waited: float = 0.0
    used: float = 0.0


def of_process(pid: int) -> Spent:
    """Of one process that this one started."""
    return Spent(resource_watch.waited(pid, os.getpriority(os.PRIO_PROCESS, 0)), resource_watch.used([pid]))


class Given:
    """`withheld`: the seconds in which those that `spent` tells of (the kernel, the judge) waited for a processor, as of the last `look`.

    Who keeps a whole processor busy was withheld nothing: its threads and processes wait for each other.
    """

    def __init__(self, *spent: Callable[[], Spent]) -> None:
        self._spent = spent
        self.withheld = 0.0
        self._looked, self._before = time.monotonic(), [one() for one in spent]

    def late(self, seconds: float) -> None:
        """Who looks stood still itself for so long (stopped, say), and heard nothing of what it looks at."""
        if seconds > LATE_SECONDS:
            self.withheld += seconds + LATE_SECONDS  # in which it hears what was said meanwhile

    def look(self) -> None:
        """Add what happened since the last look."""
        now, spent = time.monotonic(), [one() for one in self._spent]
        passed = now - self._looked
        waited = sum(
            max(0.0, min(there.waited - then.waited, passed - max(0.0, there.used - then.used)))
            for there, then in zip(spent, self._before, strict=True)
        )
        self.withheld += min(passed, waited)
        self._looked, self._before = now, spent
