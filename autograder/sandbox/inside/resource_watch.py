"""How much the processes of a kernel use together, read from /proc. RLIMIT_* only ever bound one process.

TensorFlow maps far more address space than it uses, so RLIMIT_AS is no use: resident memory is what counts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from autograder.common.i18n import N_, _

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
MB = 1 << 20
MACHINE_FLOOR_MB = 512  # for a kernel that holds all that it may; for others as much less as they hold less
SAID = {  # what ends a kernel
    "processes": N_("processes: more than {number}"),
    "memory": N_("memory: more than {number} MB"),
    "machine": N_("memory: the machine had less than {number} MB left"),
    "sockets": N_("sockets and event queues: more than {number}"),
    "halted": N_("the kernel itself was halted, or replaced by another program"),
    "files": N_("files: a file was written outside the scratch folder"),
    "sandbox": N_("the sandbox died under this notebook"),
}
NOT_THE_NOTEBOOKS = ("machine", "sandbox")  # or not for certain
ENDED = "ZX"  # the letters of a process, or a thread, that has ended and holds nothing
HALTED = "T" + ENDED  # or that somebody stopped
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


def _fields(folder: str) -> list[str]:
    """What `stat` in that folder of /proc holds from the third field on, or [] when the process is gone."""
    try:
        text = Path(f"{folder}/stat").read_text("utf-8", "replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name before may hold anything


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on, or [] when the process is gone."""
    return _fields(f"/proc/{pid}")


def _shown(pid: int) -> tuple[str, list[str]]:
    """The folder of /proc that shows what process `pid` holds, and its fields; no field when it is gone.

    A process whose first thread has ended while others go on shows nothing of its own: its memory and its files are
    seen in one of those only.
    """
    folder = f"/proc/{pid}"
    fields = _fields(folder)
    if fields and fields[0] in ENDED and int(fields[17]) > 1:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"{folder}/task"):
                those = _fields(f"{folder}/task/{thread}")
                if those and those[0] not in ENDED:
                    return f"{folder}/task/{thread}", those
    return folder, fields


def session(leader: int) -> list[int]:
    """The processes of `leader`'s session."""
    return [pid for pid in pids() if (fields := stat(pid)) and fields[3] == str(leader)]


def children(parent: int) -> list[int]:
    """The processes that `parent` started, or adopted."""
    return [pid for pid in pids() if (fields := stat(pid)) and fields[1] == str(parent)]


def _resident(folder: str) -> int:
    """Bytes that stand in memory for it now: none when it has ended, or is about to."""
    fields = _fields(folder)
    return int(fields[21]) * PAGE + _tables(folder) if fields else 0


def _named(file: str, name: str) -> int:
    """The bytes behind `name` in a file of /proc that says them in kB. Raises OSError, LookupError."""
    with open(file, "rb") as facts:
        return next(int(line.split()[1]) << 10 for line in facts if line.startswith(name.encode()))


def _tables(folder: str) -> int:
    """Bytes of page tables: a process that looks at one byte of every 2 MB of a map holds gigabytes of them, and no page."""
    try:
        return _named(f"{folder}/status", "VmPTE:")
    except (OSError, StopIteration):
        return 0


def _proportional(folder: str) -> int:
    """Bytes, pages shared with k processes counted as 1/k: forks share most of what the parent imported."""
    try:
        return _named(f"{folder}/smaps_rollup", "Pss:") + _tables(folder)
    except (OSError, StopIteration):
        return _resident(folder)  # what hides its map is charged with all that it shows


def _sockets(folders: Iterable[str], each: int) -> int:
    """How many they hold together, those that were inherited once, with their event queues (epoll), all of which have one name. What waits
    in them is memory that no process's size shows.

    `each`: what a process is charged with that hides its own.
    """
    found: set[str] = set()
    hidden = queues = 0
    for folder in folders:
        try:
            descriptors = os.listdir(f"{folder}/fd")
        except OSError:
            hidden += _resident(folder) > 0  # one that is ending hides them too, and holds none
            continue
        for descriptor in descriptors:
            with contextlib.suppress(OSError):  # closed by now; what the others are is counted all the same
                link = os.readlink(f"{folder}/fd/{descriptor}")
                if link.startswith("socket:"):
                    found.add(link)
                queues += link == "anon_inode:[eventpoll]"
    return len(found) + queues + hidden * each


def waited(pid: int, nice: int) -> float:
    """Seconds in which threads of a process were ready to run and had no processor, those of all together; 0 where no system says so.

    Those that stood back by themselves, behind `nice` or another policy than ours, waited for nobody.
    """
    nanoseconds = 0
    with contextlib.suppress(OSError):
        policy = str(os.sched_getscheduler(0)) if hasattr(os, "sched_getscheduler") else "0"
        for thread in os.listdir(f"/proc/{pid}/task"):
            folder = f"/proc/{pid}/task/{thread}"
            fields = _fields(folder)
            with contextlib.suppress(OSError, LookupError, ValueError):
                if int(fields[16]) <= nice and fields[38] == policy:
                    nanoseconds += int(Path(f"{folder}/schedstat").read_text().split()[1])
    return nanoseconds / 1e9


def used(processes: Iterable[int]) -> float:
    """Seconds of processor time of these, and of their children that have ended."""
    return sum(sum(map(int, fields[11:15])) for pid in processes if (fields := stat(pid))) / TICKS


def available_mb() -> int:
    """What the whole machine has left, or a large number where that is unknown."""
    try:
        return _named("/proc/meminfo", "MemAvailable:") >> 20
    except (OSError, StopIteration):
        return 1 << 30


def shared() -> int:
    """Bytes of memory that processes of this machine share, whoever they are; 0 where that is unknown."""
    try:
        return _named("/proc/meminfo", "Shmem:")
    except (OSError, StopIteration):
        return 0


def _may_share(folders: Iterable[str]) -> int:
    """Bytes that their maps of shared memory without a name have room for, each map once: what a child filled belongs to it as long as
    somebody has the map, and to the size of none. Of what hides its maps, everything may be expected."""
    rooms: dict[str, int] = {}
    for folder in folders:
        try:
            lines = Path(f"{folder}/maps").read_text("utf-8", "replace").splitlines()
        except OSError:
            rooms[folder] = 1 << 62 if _resident(folder) else 0
            continue
        for line in lines:
            area, rights, _offset, _device, inode, *name = line.split(maxsplit=5)
            if rights[3] == "s" and name and name[0].startswith("/dev/zero"):
                start, end = (int(place, 16) for place in area.split("-"))
                rooms[inode] = max(rooms.get(inode, 0), end - start)
    return sum(rooms.values())


def killed_by_system() -> int:
    """How many processes of this machine the system has killed for want of memory."""
    try:
        facts = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return int(facts.get("oom_kill", 0))
    except (OSError, ValueError):
        return 0


def is_halted(pid: int) -> bool:
    """Whether its main thread is stopped, or ended while others run: then nothing of it answers."""
    return "".join(stat(pid)[:1]) in tuple(HALTED)


def stack(pid: int) -> str:
    """Where its stack begins, which changes when a process becomes another program; "0" where that is hidden."""
    fields = stat(pid)
    return fields[25] if fields else "0"


def broken_limit(processes: Iterable[int], limits: dict[str, Any], shared_since: int = 0) -> Broken | None:
    """Which limit `processes` break together, if any; `shared_since`: bytes that the machine's processes share more than without them."""
    count = 0
    sizes: dict[str, int] = {}
    for pid in processes:
        folder, fields = _shown(pid)
        if fields:
            count += int(fields[17])  # threads count, as they do for RLIMIT_NPROC
            sizes[folder] = int(fields[21]) * PAGE + _tables(folder)
    if count > limits["processes"]:
        return Broken("processes", limits["processes"])
    allowed = limits["memory_mb"] * MB
    large = [folder for folder, size in sizes.items() if size > LARGE_MB * MB]
    # Twice: forks that end while they are measured leave a larger share to those that are measured after them.
    if sum(sizes.values()) > allowed and (
        len(large) > MANY or all(sum(map(_proportional, large)) > allowed for _ in range(2))
    ):
        return Broken("memory", limits["memory_mb"])
    if shared_since > allowed and _may_share(sizes) > allowed:
        return Broken("memory", limits["memory_mb"])
    if _sockets(sizes, limits["open_files"] // 8) > limits["open_files"]:
        return Broken("sockets", limits["open_files"])
    # No sandbox sees another one. As the floor rises with what a kernel holds, the one that holds most is the first to reach it.
    floor = min(MACHINE_FLOOR_MB, MACHINE_FLOOR_MB * sum(sizes.values()) // allowed)
    if sum(sizes.values()) > allowed // 4 and available_mb() < floor:
        return Broken("machine", floor)
    return None
