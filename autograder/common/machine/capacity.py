"""What this machine has for workers."""

from __future__ import annotations

import os

WORKER_GB = 3  # what a worker needs: judge, sandbox and a kernel


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gigabytes() -> float | None:
    """Its memory; None where nobody knows."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        return None


def default_workers() -> int:
    """One for each core, as far as memory allows; 8 GB where nobody knows."""
    return max(1, min(cores(), int((gigabytes() or 8.0) // WORKER_GB)))
