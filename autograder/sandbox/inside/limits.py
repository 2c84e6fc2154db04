"""How much the processes of a kernel use together, read from /proc. RLIMIT_* only ever bound one process.

TensorFlow maps far more address space than it uses, so RLIMIT_AS is no use: resident memory is what counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from autograder.common.i18n import N_, _

PAGE = os.sysconf("SC_PAGE_SIZE")
MB = 1 << 20
MACHINE_FLOOR_MB = 512  # for a kernel that holds all that it may; for others as much less as they hold less
SAID = {  # what ends a kernel
    "processes": N_("processes: more than {number}"),
    "memory": N_("memory: more than {number} MB"),
    "machine": N_("memory: the machine had less than {number} MB left"),
    "sockets": N_("sockets: more than {number}"),
    "files": N_("files: a file was written outside the scratch folder"),
    "sandbox": N_("the sandbox died under this notebook"),
}
NOT_THE_NOTEBOOKS = ("machine", "sandbox")  # or not for certain
LARGE_MB = 32
MANY = 24  # more large processes are not measured one by one: that takes 10 ms each, and a fork bomb leaves no time


class Broken(NamedTuple):
    """Which limit of `SAID` a kernel broke, and what the limit is; its text is in the language that is spoken."""

    limit: str
    number: int = 0

    def __str__(self) -> str:
        return _(SAID.get(self.limit, self.limit), number=self.number)


def pids() -> list[int]:
    """All processes that are visible; none where there is no /proc."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on, or [] when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name before may hold anything


def session(leader: int) -> list[int]:
    """The processes of `leader`'s session."""
    return [pid for pid in pids() if (fields := stat(pid)) and fields[3] == str(leader)]


def _proportional(pid: int, otherwise: int) -> int:
    """Bytes, pages shared with k processes counted as 1/k: forks share most of what the parent imported."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # a process that hides its map is charged with all that it shows
    return otherwise


def _sockets(processes: Iterable[int], each: int) -> int:
    """How many they hold together, those that were inherited once. What waits in them is memory that no process's size shows.

    `each`: what a process is charged with that hides its own.
    """
    found: set[str] = set()
    hidden = 0
    for pid in processes:
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                links = [os.readlink(entry.path) for entry in entries]
        except PermissionError:
            hidden += 1
        except OSError:
            continue  # it, or one of them, is gone by now: the next look counts them
        else:
            found |= {link for link in links if link.startswith("socket:")}
    return len(found) + hidden * each


def available_mb() -> int:
    """What the whole machine has left, or a large number where that is unknown."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    except OSError:
        pass
    return 1 << 30


def broken_limit(processes: Iterable[int], limits: dict[str, Any]) -> Broken | None:
    """Which limit `processes` break together, if any."""
    count = 0
    sizes: dict[int, int] = {}
    for pid in processes:
        fields = stat(pid)
        if fields:
            count += int(fields[17])  # threads count, as they do for RLIMIT_NPROC
            sizes[pid] = int(fields[21]) * PAGE
    if count > limits["processes"]:
        return Broken("processes", limits["processes"])
    allowed = limits["memory_mb"] * MB
    large = [pid for pid, size in sizes.items() if size > LARGE_MB * MB]
    if sum(sizes.values()) > allowed and (
        len(large) > MANY or sum(_proportional(pid, sizes[pid]) for pid in large) > allowed
    ):
        return Broken("memory", limits["memory_mb"])
    alive = [pid for pid, size in sizes.items() if size]  # one that is ending holds nothing, and shows nothing
    if _sockets(alive, limits["open_files"] // 8) > limits["open_files"]:
        return Broken("sockets", limits["open_files"])
    # No sandbox sees another one. As the floor rises with what a kernel holds, the one that holds most is the first to reach it.
    floor = min(MACHINE_FLOOR_MB, MACHINE_FLOOR_MB * sum(sizes.values()) // allowed)
    if sum(sizes.values()) > allowed // 4 and available_mb() < floor:
        return Broken("machine", floor)
    return None
