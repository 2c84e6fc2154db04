"""A control group (version 2) for the kernels of one sandbox, where this machine lets us have one.

What /proc shows of processes misses memory that the system holds for them: what waits in sockets and pipes, maps, locks, files in memory.
In a group all of it counts, the system itself ends what goes beyond, with all its processes, and a group's threads share processors
with other groups as one. The worker makes the group and hands its entry to the sandbox; each kernel steps in before it runs a line of the student's.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import time
from pathlib import Path

from autograder.common.i18n import _
from autograder.course.course import Limits
from autograder.sandbox import bubblewrap
from autograder.sandbox.inside.child import SHARED_MEMORY_MB

MOUNTS = Path("/proc/self/mountinfo")
OWN = Path("/proc/self/cgroup")
NEEDED = {"memory", "pids"}
SHARES = "cpu"  # is taken where it can be had
ROOM_MB = (
    256  # for all that the watcher doesn't count (inside/resource_watch.py), which is quicker to explain what it does
)
EXTRA = 32  # processes: those around a kernel, and those that the watcher says something about
PREFIX = "autograder-"
GONE_SECONDS = 2.0
_numbers = itertools.count(1)


def place() -> tuple[Path | None, str]:
    """The group that ours can be made in, or why there is none. It is our own one or one above it."""
    root = _root()
    if root is None:
        return None, _("this system has no control groups of version 2")
    lines = [line.split(":", 2)[2] for line in OWN.read_text("utf-8").splitlines() if line.startswith("0::")]
    own = Path(os.path.normpath(root / lines[0].lstrip("/"))) if lines else root
    for folder in (own, *own.parents):
        if folder.is_relative_to(root) and os.access(folder / "cgroup.procs", os.W_OK) and _controls(folder):
            return folder, ""
    return None, _("no control group here may be divided by this user")


@functools.cache
def usable() -> tuple[Path | None, str]:
    """`place`, where a sandbox's kernels can really step into a group that is made there: tried with the options of every sandbox."""
    above, why = place()
    if above is None:
        return None, why
    try:
        group = Group(above, Limits())
    except OSError as error:
        return None, _("a control group can't be made in {folder} ({error})", folder=above, error=error)
    try:
        problem = bubblewrap.attempt(entry=group.entry)
    finally:
        group.close()
    return (above, "") if not problem else (None, _("a control group can't be entered ({error})", error=problem))


def _root() -> Path | None:
    """Where the unified hierarchy is mounted with the controllers that we need."""
    try:
        for line in MOUNTS.read_text("utf-8", "replace").splitlines():
            before, _dash, after = line.partition(" - ")
            if after.startswith("cgroup2 "):
                root = Path(before.split()[4])
                if set((root / "cgroup.controllers").read_text().split()) >= NEEDED:
                    return root
    except (OSError, IndexError):
        pass
    return None


def _controls(folder: Path) -> bool:
    """Whether groups below `folder` can be limited; it is asked for where that is allowed."""
    switches = folder / "cgroup.subtree_control"
    for wanted in ({SHARES}, NEEDED):
        with contextlib.suppress(OSError):  # a group that holds processes can't be divided
            if not set(switches.read_text().split()) >= wanted:
                switches.write_text(" ".join(f"+{name}" for name in sorted(wanted)))
    try:
        return set(switches.read_text().split()) >= NEEDED
    except OSError:
        return False


class Group:
    """`entry` is a descriptor: a process that writes ``0`` to it steps into the group. Raises OSError."""

    def __init__(self, above: Path, limits: Limits) -> None:
        _sweep(above)
        self.folder = above / f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        self.folder.mkdir()
        try:
            memory = limits.memory_mb + limits.scratch_mb + SHARED_MEMORY_MB + ROOM_MB
            self._write("memory.max", memory << 20)
            self._write("pids.max", limits.processes + EXTRA)
            with contextlib.suppress(OSError):  # a system without swap has no such file
                self._write("memory.swap.max", 0)
            self._write("memory.oom.group", 1)  # one process of a notebook alone is never ended
            self.entry = os.open(self.folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self.folder.rmdir()
            raise

    def _write(self, name: str, value: int) -> None:
        (self.folder / name).write_text(str(value))

    def ended(self) -> int:
        """How often the system ended what was in here, because it held too much."""
        with contextlib.suppress(OSError, ValueError):
            for line in (self.folder / "memory.events").read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        return 0

    def close(self) -> None:
        """Remove it; what is still in here has been killed, and may take a moment to be gone."""
        os.close(self.entry)
        deadline = time.monotonic() + GONE_SECONDS
        while not _removed(self.folder) and time.monotonic() < deadline:
            time.sleep(0.02)


def _sweep(above: Path) -> None:
    """Remove the groups of workers that died."""
    for folder in above.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            _removed(folder)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return not folder.exists()
    return True
