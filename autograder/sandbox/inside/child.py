"""What a forked process does to become a student's kernel: leave the parent, take its limits, serve ipykernel.

With namespaces of its own (`Plan.namespaces`) three processes are forked one after another::

    parent ── monitor            in the parent's process namespace; passes on how the kernel ended
                └── init         process 1 of the kernel's own namespace: when it dies, everything in there dies
                      └── kernel runs student code; can't name, signal or see a process outside

so student code can't address the parent at all, and what it leaves behind (daemons, files in /tmp and /dev/shm,
System V memory, connections) goes away with the namespaces. Where a namespace inside a namespace is not allowed, and with isolation
`none`, the kernel is a plain child, and the parent cleans up after it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from autograder.common.environment import change_to

LINUX = sys.platform == "linux"
if LINUX:
    from autograder.sandbox.inside import linux

MB = 1 << 20
SHARED_MEMORY_MB = 128
NICE = 5
SIGNALS = 1_000  # that wait, and timers: the kernel's memory, and all kernels are one user to it
INODES = 50_000  # tmpfs: 1 KB of kernel memory a file, which its size does not show


@dataclass(frozen=True)
class Plan:
    """Where a kernel lives: the same for all kernels of one parent. `hardened`: inside bubblewrap. `entries`: of its control group."""

    scratch: str
    sockets: str
    hardened: bool
    namespaces: bool
    keras: str = ""
    entries: tuple[int, ...] = ()


def become_kernel(plan: Plan, request: dict[str, Any], report: int, closing: list[int]) -> NoReturn:
    """Never returns. Lines of JSON go to the descriptor `report`: pids, then ``ready`` or ``error``."""
    code = 1
    try:
        for entry in plan.entries:
            os.write(entry, b"0")  # all that this process and its children take counts in the kernels' control group
        for descriptor in (*plan.entries, *closing):
            os.close(descriptor)
        # As in a Python that somebody starts: it ignores SIGPIPE, so that a write raises, and nothing that our starter (nohup) did.
        for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
            with contextlib.suppress(OSError):  # SIGKILL and SIGSTOP
                signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        if LINUX:
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        start = _monitor if plan.namespaces else _kernel
        code = start(plan, request, report)
    except BaseException as error:
        _say(report, error=_explained(error))
    finally:
        os._exit(code)


def _explained(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({Path(last[0].filename).name}, line {last[0].lineno})" if last else ""
    return f"{type(error).__name__}: {error}{place}"


def _say(report: int, **message: Any) -> None:
    with contextlib.suppress(OSError):
        os.write(report, json.dumps(message).encode() + b"\n")


def own_pid() -> int:
    """This process's number as the parent sees it: /proc belongs to the parent's process namespace."""
    return int(os.readlink("/proc/self")) if LINUX else os.getpid()


def enter_namespaces() -> None:
    """Own user, process, mount and IPC namespaces, for the children forked from now on. Raises OSError.

    And an own network, if the system allows it: what a kernel left there (ports in use, closed connections) the next one would find.
    """
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWPID | linux.CLONE_NEWNS | linux.CLONE_NEWIPC)
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # /proc/self/uid_map of a process that isn't dumpable belongs to root
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(text)
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    with contextlib.suppress(OSError):
        linux.unshare(linux.CLONE_NEWNET)
        linux.raise_loopback()


def namespaces_work() -> bool:
    """Can a child have namespaces of its own? Some systems forbid a namespace within a namespace."""
    pid = os.fork()
    if not pid:
        code = 1
        with contextlib.suppress(BaseException):
            enter_namespaces()
            code = 0
        os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def hidden_prefixes(scratch: str) -> list[str]:
    """Python's own folders that lie below `scratch` (a virtualenv in /tmp), outermost only."""
    found: list[str] = []
    for prefix in sorted({sys.base_prefix, sys.base_exec_prefix, sys.prefix}, key=len):
        if Path(prefix).is_relative_to(scratch) and not any(Path(prefix).is_relative_to(other) for other in found):
            found.append(prefix)
    return found


def _mount_scratch(plan: Plan, megabytes: int) -> None:
    kept = [(os.open(prefix, os.O_PATH), prefix) for prefix in hidden_prefixes(plan.scratch)]
    flags = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("tmpfs", plan.scratch, "tmpfs", flags, f"size={megabytes * MB},nr_inodes={INODES},mode=1777")
    shared = min(megabytes, SHARED_MEMORY_MB) * MB
    linux.mount("tmpfs", "/dev/shm", "tmpfs", flags, f"size={shared},nr_inodes={INODES},mode=1777")
    target = f"{plan.scratch}/.keras"
    os.mkdir(target)
    linux.mount(plan.keras, target, "", linux.MS_BIND | linux.MS_REC)
    for handle, prefix in kept:  # read-only as they were: the kernel keeps that flag for an unprivileged user
        Path(prefix).mkdir(parents=True)
        linux.mount(f"/proc/self/fd/{handle}", prefix, "", linux.MS_BIND | linux.MS_REC)
        os.close(handle)


def _own_processes() -> None:
    """A /proc with the numbers that processes have in here: psutil, and so joblib's workers, look themselves up. Where the system hides a part
    of /proc, the parent's stays."""
    with contextlib.suppress(OSError):
        linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
        linux.mount("/proc/sys", "/proc/sys", "", linux.MS_BIND | linux.MS_REC)
        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        linux.mount("", "/proc/sys", "", linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | flags)


def _monitor(plan: Plan, request: dict[str, Any], report: int) -> int:
    enter_namespaces()
    init = os.fork()
    if init:
        os.close(report)
        _, status = os.waitpid(init, 0)
        return _code(status)
    code = 1
    try:
        code = _init(plan, request, report)
    except BaseException as error:
        _say(report, error=_explained(error))
    finally:
        os._exit(code)


def _init(plan: Plan, request: dict[str, Any], report: int) -> int:
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    _mount_scratch(plan, request["limits"]["scratch_mb"])
    _say(report, init=own_pid())
    listening, telling = os.pipe()
    kernel = os.fork()
    if not kernel:
        code = 1
        try:
            os.close(report)
            os.close(listening)
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            code = _kernel(plan, request, telling)
        except BaseException as error:
            _say(telling, error=_explained(error))
        finally:
            os._exit(code)
    os.close(telling)
    with open(listening, "rb") as stream:
        for line in stream:
            if b'"ready"' in line:
                # The kernel's sockets are bound: nothing may be written to the host's folder from now on.
                flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
                linux.mount("", plan.sockets, "", flags)
                _own_processes()
                linux.drop_capabilities()
            os.write(report, line)
    os.close(report)
    while True:
        pid, status = os.wait()  # an init also reaps what others left behind
        if pid == kernel:
            return _code(status)


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _limit(limits: dict[str, int], processes: bool) -> None:
    """Resource limits for one process; what all of them use together is watched by the parent (inside/resource_watch.py)."""
    prepared = sys.modules.get("autograder.kernel.graded.precomputed")  # where the parent made it ready
    values = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits["file_mb"] * MB,
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_SIGPENDING: SIGNALS,
        resource.RLIMIT_DATA: limits["memory_mb"] * MB + (prepared.nbytes() if prepared else 0),
    }
    if processes:
        # A wall just behind the watcher, which ends a kernel before it and says why. Counted within the user
        # namespace since Linux 5.14; never applied to the host's root.
        values[resource.RLIMIT_NPROC] = limits["processes"] + 16
    for which, value in values.items():
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError):  # macOS refuses some of them
            resource.setrlimit(which, (value, value))


def _kernel(plan: Plan, request: dict[str, Any], report: int) -> int:
    os.setsid()
    _say(report, kernel=own_pid())
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.closerange(3, report)
    os.closerange(report + 1, 4096)
    _limit(request["limits"], plan.hardened)
    os.nice(NICE)  # under a flood of processes the parent still gets its turn to end them
    home = Path(plan.scratch) / "home"
    folder = Path(request.get("cwd") or f"{plan.scratch}/work")
    home.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if request.get("beside") and not request.get("cwd"):
        for name in os.listdir(request["beside"]):
            os.symlink(f"{request['beside']}/{name}", name)  # that folder can't be written from in here
    change_to(request["environment"])
    if plan.hardened:
        linux.drop_capabilities()
        linux.prctl(linux.PR_SET_DUMPABLE, 1)  # the parent may then read how much memory is really its own
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")  # first to go when the machine runs out of memory
        linux.filter_system_calls()
    return _serve(plan, request, report)


def _serve(plan: Plan, request: dict[str, Any], report: int) -> int:
    import random

    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    random.seed()
    np.random.seed()
    file = Path(plan.scratch) / "connection.json"
    file.write_text(json.dumps(request["connection"]))
    app = IPKernelApp.instance()
    app.initialize(["-f", str(file), "--HistoryManager.enabled=False", "--IPKernelApp.log_level=50"])
    app.log.setLevel(50)  # `log_level` is its handler's alone: four records a cell were made for nobody
    kernel = sys.modules.get("autograder.kernel.graded.start")  # the parent imported it, if the package has one
    if kernel is not None:
        kernel.prepare()
    sys.stdout.flush()
    sys.stderr.flush()
    _say(report, ready=True)
    os.close(report)
    app.start()
    return 0
