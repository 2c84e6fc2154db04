"""The small parent process of all kernels of a worker: ``python -m autograder.sandbox.inside.parent SETTINGS``.

It imports once what every notebook would import (8 to 12 s of CPU), runs no TensorFlow operation (threads don't survive a
fork), and then forks a kernel for each notebook. It holds no secret, can't be looked into, and trusts nothing that a
kernel says except the few lines before student code runs.

SETTINGS is a JSON object: `channel` (a descriptor), `isolation`, `scratch`, `sockets`, `keras`,
`preload`, `nested`, `entries` (descriptors of the control group that kernels step into, if there is one). Over the channel go lines of
JSON: a request with `do`, then one answer. Requests: launch, signal, poll, spent, reset, close.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.common.machine.garbage import kept_from_collections
from autograder.sandbox.inside import resource_watch
from autograder.sandbox.inside.child import LINUX, NICE, Plan, become_kernel, hidden_prefixes, namespaces_work
from autograder.sandbox.inside.resource_watch import Broken

if LINUX:
    from autograder.sandbox.inside import linux

# Imported for the kernels' sake. Not matplotlib_inline: it looks for IPython's shell when it is imported, and kernels
# have one only after the fork.
NETWORKS = ("tensorflow", "keras")  # where the course has any
IMPORTS = (
    "numpy", "sklearn", "sklearn.model_selection", "matplotlib.pyplot",
    "matplotlib.backends.backend_agg", "IPython", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.extensions.storemagic", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger",
)  # fmt: skip
OPTIONAL = (
    "pandas",
    "seaborn",
    "tqdm",
    "PIL.Image",
    "autograder.kernel.graded.check_while_grading",
    "autograder.kernel.check",
    "autograder.kernel.graded.start",
    "jedi",
)
ROOMY_MB = 4096  # where less is left, what precomputed.py keeps ready would be in the way
KILLED = 128 + signal.SIGKILL
TICK = 0.1  # seconds between two looks at what the kernel uses
# For which a kernel's main thread may be stopped, or gone while others run: nothing answers meanwhile.
HALTED_SECONDS = 5.0


@dataclass
class Running:
    """The kernel of the moment: `pid` is our child, `init` ends everything with it, `kernel` runs student code."""

    pid: int
    limits: dict[str, Any]
    init: int = 0
    kernel: int = 0
    code: int | None = None
    broke: Broken | None = None
    halted: float = 0.0  # since when its main thread can't run
    stack: str = "0"  # where its stack began
    shared: int = 0  # the least that this machine's processes shared meanwhile
    killed: int = 0  # what the system had killed on this machine for want of memory when the kernel began


class Parent:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.channel = socket.socket(fileno=settings["channel"])
        self.hardened = settings["isolation"] == "bubblewrap"
        namespaces = self.hardened and settings["nested"] and namespaces_work()
        place = (settings["scratch"], settings["sockets"], self.hardened, namespaces, settings["keras"])
        self.plan = Plan(*place, tuple(settings["entries"]))
        self.running: Running | None = None
        self.init = 1 if self.hardened else 0

    def serve(self) -> None:
        """Answer requests until the worker goes away."""
        self.channel.sendall(json.dumps({"ready": True, "namespaces": self.plan.namespaces}).encode() + b"\n")
        received = b""
        while True:
            ready, _, _ = select.select([self.channel], [], [], TICK if self.running else None)
            self._look()
            if not ready:
                continue
            part = self.channel.recv(1 << 16)
            if not part:
                break
            *lines, received = (received + part).split(b"\n")
            for line in lines:
                try:
                    answer = self._answer(json.loads(line))
                except Exception as error:
                    answer = {"error": f"{type(error).__name__}: {error}"}
                self.channel.sendall(json.dumps(answer).encode() + b"\n")
        self._end(Broken("sandbox"))

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "launch":
                return self._launch(request)
            case "signal":
                return self._signal(int(request["number"]))
            case "poll":
                return self._state()
            case "spent":
                return self._spent()
            case "reset":
                return {"odd": self._reset()}
        return {"error": f"unknown request {request['do']!r}"}

    def _state(self) -> dict[str, Any]:
        if self.running is None:
            return {"code": 0, "broke": None}
        return {"code": self.running.code, "broke": self.running.broke}

    def _spent(self) -> dict[str, float]:
        """What the kernel waited for processors, and what all that it started, and left to its init, had of them."""
        if self.running is None:
            return {"waited": 0.0, "used": 0.0}
        everybody = {*self._processes(self.running), self.running.init} - {0}
        waited = resource_watch.waited(self.running.kernel, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
        return {"waited": waited, "used": resource_watch.used(everybody)}

    def _launch(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.running is not None:
            return {"error": "a kernel is running: reset first"}
        listening, telling = os.pipe()
        pid = os.fork()
        if not pid:
            become_kernel(self.plan, request, telling, [self.channel.detach(), listening])
        os.close(telling)
        self.running = Running(
            pid, request["limits"], shared=resource_watch.shared(), killed=resource_watch.killed_by_system()
        )
        try:
            return self._await_ready(self.running, listening, time.monotonic() + request["seconds"])
        finally:
            os.close(listening)

    def _await_ready(self, running: Running, listening: int, deadline: float) -> dict[str, Any]:
        received = b""
        while time.monotonic() < deadline:
            ready, _, _ = select.select([listening], [], [], TICK)
            self._look()
            if not ready:
                continue
            part = os.read(listening, 1 << 16)
            if not part:
                break
            *lines, received = (received + part).split(b"\n")
            for message in map(json.loads, lines):
                running.init = message.get("init", running.init)
                running.kernel = message.get("kernel", running.kernel)
                if "error" in message:
                    return {"error": message["error"]}
                if "ready" in message:
                    running.stack = resource_watch.stack(running.kernel)
                    return {"ready": True, "pid": running.kernel}
        self._look()
        return {"error": str(running.broke or "") or f"the kernel did not start (exit code {running.code})"}

    def _processes(self, running: Running) -> list[int]:
        if self.hardened:
            ours = {self.init, os.getpid()} | ({running.pid, running.init} if self.plan.namespaces else set())
            return [pid for pid in resource_watch.pids() if pid not in ours]
        return resource_watch.session(running.kernel)

    def _look(self) -> None:
        """Notice the kernel's end, and end it when its processes break a limit together."""
        running = self.running
        if running is None or running.code is not None:
            return
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(running.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                running.code = code if code >= 0 else 128 - code
                if running.code == KILLED and not running.broke and resource_watch.killed_by_system() > running.killed:
                    running.broke = Broken("machine", resource_watch.MACHINE_FLOOR_MB)
                return
        shared = resource_watch.shared()
        running.shared = min(running.shared, shared)
        broke = resource_watch.broken_limit(self._processes(running), running.limits, shared - running.shared)
        broke = broke or self._litter() or self._halted(running)
        if broke:
            self._end(broke)

    def _halted(self, running: Running) -> Broken | None:
        """A kernel that can't answer any more would be waited for as long as a cell may take."""
        if resource_watch.is_halted(running.kernel):
            running.halted = running.halted or time.monotonic()
        else:
            running.halted = 0.0
        late = running.halted and time.monotonic() - running.halted > HALTED_SECONDS
        stack = resource_watch.stack(running.kernel)
        replaced = "0" not in (stack, running.stack) and stack != running.stack
        return Broken("halted") if late or replaced else None

    def _litter(self) -> Broken | None:
        """The folder shared with the host is for sockets only; where it can't be made read-only, it is watched."""
        if not self.hardened:
            return None
        with contextlib.suppress(OSError), os.scandir(self.plan.sockets) as entries:
            for entry in entries:
                if not stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                    return Broken("files")
        return None

    def _end(self, broke: Broken) -> None:
        running = self.running
        if running is None or running.code is not None:
            return
        running.broke = broke
        self._kill(running)

    def _kill(self, running: Running) -> None:
        if running.init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.init, signal.SIGKILL)  # the kernel ends the whole namespace with its init, at once
        elif self.hardened:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for pid in {running.pid, running.kernel, *resource_watch.session(running.kernel)} - {0}:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _signal(self, number: int) -> dict[str, Any]:
        running = self.running
        if running is None or running.code is not None:
            return {}
        if number == signal.SIGKILL:
            self._kill(running)
        elif running.kernel:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(running.kernel, number)
        return {}

    def _reset(self) -> str:
        """End all that a kernel left, wipe what it wrote. Returns '' or what looks odd afterwards."""
        running, self.running = self.running, None
        if running is not None:
            self._kill(running)
        deadline = time.monotonic() + 10
        left: list[int] = []
        while time.monotonic() < deadline:
            if self.hardened:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if self.hardened:
                left = [pid for pid in resource_watch.pids() if pid not in (self.init, os.getpid())]
            else:
                left = resource_watch.session(running.kernel) if running is not None and running.kernel else []
            if not left:
                break
            time.sleep(0.005)
        if left:
            return f"{len(left)} processes could not be ended"
        return self._wipe()

    def _wipe(self) -> str:
        """Empty scratch and shared memory, but for what is mounted there: the data set, and Python where it lies in /tmp."""
        scratch = Path(self.plan.scratch)
        mounted = {scratch / ".keras", *map(Path, hidden_prefixes(self.plan.scratch))} if self.hardened else set()
        left = [
            name
            for folder in (scratch, Path("/dev/shm"))[: 2 if self.hardened else 1]
            for name in empty(folder, mounted)
        ]
        return f"files could not be removed: {', '.join(left)[:200]}" if left else ""


def empty(folder: Path, keep: set[Path]) -> list[str]:
    """Remove all in `folder` but the folders `keep`, wherever below; the names of what could not be removed."""
    left = []
    for entry in folder.iterdir():
        if entry in keep:
            continue
        if any(kept.is_relative_to(entry) for kept in keep):
            left += empty(entry, keep)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
            left += [entry.name] if entry.exists() else []
        else:
            entry.unlink(missing_ok=True)
    return left


def _harden() -> None:
    linux.prctl(linux.PR_SET_DUMPABLE, 0)  # no /proc/PID/mem, no ptrace
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def _import_all(images: Sequence[str], networks: bool) -> None:
    # ipykernel loads debugpy where it can: most of a kernel's time to start, for a debugger that nobody attaches.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    for name in (*(NETWORKS if networks else ()), *IMPORTS):
        importlib.import_module(name)
    del sys.modules["debugpy"]
    for name in OPTIONAL:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not (name == error.name or name.startswith(f"{error.name}.")):
                raise
    if not networks:
        return
    from autograder.common.data import recognised_rows
    from autograder.common.machine import requirements
    from autograder.kernel.graded import keras_itself, precomputed

    keras_itself.note()
    requirements.least("keras")  # the first question of ``from autograder import check``: 0.06 s
    for name in images:
        recognised_rows.index(name)  # forks share the arrays and the index
        if resource_watch.available_mb() > ROOMY_MB:
            precomputed.prepare(name)


def main() -> None:
    settings = json.loads(sys.argv[1])
    if LINUX and settings["isolation"] == "bubblewrap":
        _harden()
    parent = Parent(settings)
    with kept_from_collections():  # one in a fork would copy every page that it touches
        if settings["preload"]:
            _import_all(settings["images"], settings["networks"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the worker's business
    parent.serve()


if __name__ == "__main__":
    main()
