"""The worker's side of a sandbox: start the parent process, ask it for kernels, replace it when anything looks odd.

with Sandbox("bubblewrap", limits) as sandbox:
    kernel = sandbox.launch(connection, environment)
    ...
    sandbox.reset()
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.common.data import data_sets
from autograder.common.errors import SandboxError
from autograder.common.i18n import _
from autograder.common.machine import scratch
from autograder.common.machine.requirements import require_networks
from autograder.course.course import Course, Isolation, Limits
from autograder.sandbox import bubblewrap, cgroups
from autograder.sandbox.granted_time import Spent
from autograder.sandbox.inside import resource_watch
from autograder.sandbox.inside.resource_watch import Broken
from autograder.sandbox.layout import Layout

START_SECONDS = 180.0
LAUNCH_SECONDS = 60.0
ANSWER_SECONDS = 30.0
BESIDE = "beside"  # the folder, in `run_folder`, of what lies beside the notebook


class Kernel:
    """One launched kernel. Its methods may be called after its end, and after the sandbox was reset."""

    def __init__(self, sandbox: Sandbox, number: int, pid: int) -> None:
        self._sandbox = sandbox
        self._number = number
        self.pid = pid
        self._code: int | None = None
        self._broke: Broken | None = None

    def poll(self) -> int | None:
        """None while it runs, else its exit code (128 + n for signal n)."""
        if self._code is None:
            state = self._sandbox._kernel_state(self._number)
            self._code, self._broke = state["code"], Broken(*state["broke"]) if state["broke"] else None
        return self._code

    def spent(self) -> Spent:
        """What it waited for processors and had of them; nothing once it has ended."""
        return self._sandbox._spent(self._number)

    def signal(self, number: int) -> None:
        if self.poll() is None:
            self._sandbox._signal(self._number, number)

    def interrupt(self) -> None:
        self.signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and everything that it started."""
        self.signal(signal.SIGKILL)

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when it still runs after `seconds`."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return code

    def ended(self) -> Broken | None:
        """The limit that ended it; None while it runs or when it ended by itself."""
        self.poll()
        return self._broke


class Sandbox:
    """A parent process and at most one kernel at a time. Safe to use from several threads, one after another.

    `images`: the data sets that its kernels find in Keras's cache and have in memory, by name or as a course's file; `networks`: whether they have
    Keras at all. With isolation `none` there is no wall around the kernel; limits that need one don't hold.
    """

    def __init__(
        self,
        isolation: Isolation,
        limits: Limits,
        images: Sequence[str | Path] = (data_sets.USUAL,),
        *,
        max_kernels: int = 200,
        environment: Mapping[str, str] | None = None,
        networks: bool = True,
        preload: bool = True,
        nested: bool = True,
    ) -> None:
        self.isolation: Isolation = isolation
        self.limits = limits
        self.max_kernels = max_kernels
        self.starts = 0  # how often a parent was started: 1 unless something was odd
        self.namespaces = False
        self._choices = {"networks": networks, "preload": preload, "nested": nested}
        self._group: cgroups.Group | None = None
        self._ended = 0  # what the system had ended in the group when the kernel of the moment began
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._received = b""
        self._kernels = 0
        self._current = self._lost = 0  # the number of the kernel of the moment, and of one under which the parent died
        self._private = scratch.make(short=True)
        self._layout = Layout(isolation, self._private, images, environment or {})
        self.run_folder, self.socket_folder = self._layout.run, self._layout.sockets

    @classmethod
    def of(cls, course: Course, isolation: Isolation | None = None) -> Self:
        """As a course's notebooks need it; `isolation`: another one than the course's. Raises SandboxError where Keras is missing."""
        if course.networks:
            require_networks()
        return cls(isolation or course.isolation, course.limits, course.images, networks=course.networks)

    @property
    def inner_run_folder(self) -> str:
        """`run_folder` as kernels see it."""
        return self._layout.inside(self.run_folder)

    @property
    def inner_socket_folder(self) -> str:
        """`socket_folder` as kernels see it."""
        return self._layout.inside(self.socket_folder)

    @property
    def private_folder(self) -> Path:
        """For the worker's own files, such as connection files: kernels in bubblewrap can't see it."""
        return self._private

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the parent unless it runs. Raises SandboxError with its last words."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._stop()
            ours, theirs = socket.socketpair()
            self._group = self._layout.group(self.limits)
            entries = [self._group.entry] if self._group else []
            with theirs, (self._private / "stderr").open("wb") as errors:
                self._process = subprocess.Popen(
                    self._layout.command(theirs.fileno(), self.limits.scratch_mb, {**self._choices, "entries": entries}),
                    stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, pass_fds=[theirs.fileno(), *entries],
                    env=dict(os.environ) if self._layout.walled else self._layout.environment(),  # bwrap clears it
                    cwd=self._private, start_new_session=True,
                )  # fmt: skip
            self._channel, self._received = ours, b""
            answer = self._receive(START_SECONDS)
            if answer is None or not answer.get("ready"):
                words = self._last_words()
                self._stop()
                raise SandboxError(_("the sandbox did not start: {words}", words=words), bubblewrap.available())
            self.namespaces = answer["namespaces"]
            self.starts += 1
            self._kernels = 0

    def lay_beside(self, files: Mapping[str, Path]) -> None:
        """What kernels find beside the notebook from now on, by name, and can't change; it replaces what was there.

        Raises SandboxError if a file can't be copied.
        """
        folder = self.run_folder / BESIDE
        try:
            if folder.exists():
                shutil.rmtree(folder)
            for name, path in files.items():
                copy = folder / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                copy.chmod(0o444)
            for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())] if files else []:
                place.chmod(0o755)  # kernels may be another user
        except OSError as error:
            raise SandboxError(_("a file beside the notebook can't be copied: {error}", error=error)) from error

    def launch(self, connection: Mapping[str, Any], environment: Mapping[str, str], cwd: str | None = None) -> Kernel:
        """Fork a kernel that serves `connection` (the contents of a connection file, paths as seen inside).

        Its environment is the parent's fixed one and `environment`, nothing of the worker's. Starts the parent first if
        need be. Raises SandboxError when the kernel does not become ready.
        """
        with self._lock:
            if self._current or self._kernels >= self.max_kernels:
                self.reset()
            self.start()
            for path in self.run_folder.iterdir():
                if path.is_socket():
                    path.chmod(
                        0o666
                    )  # the judge's socket, when kernels are another user; the folder above is ours alone
            request = {
                "do": "launch", "connection": dict(connection), "cwd": cwd, "seconds": LAUNCH_SECONDS,
                "beside": f"{self.inner_run_folder}/{BESIDE}" if (self.run_folder / BESIDE).is_dir() else "",
                "environment": {**self._layout.environment(), **environment}, "limits": self.limits.model_dump(),
            }  # fmt: skip
            self._ended = self._group.ended() if self._group else 0
            answer = self._ask(request, LAUNCH_SECONDS + ANSWER_SECONDS)
            if answer is None:
                raise SandboxError(_("the sandbox died while it started a kernel"), _("Run the command again."))
            self._kernels += 1
            if "error" in answer:
                self._current = -1
                self.reset()
                raise SandboxError(_("a kernel did not start: {error}", error=answer["error"]))
            self._current = self.starts * 1_000_000 + self._kernels
            return Kernel(self, self._current, answer["pid"])

    def reset(self) -> None:
        """End all that the last kernel left, wipe its files. Whatever is odd afterwards costs the parent its life."""
        with self._lock:
            self._current = 0
            if self._process is None:
                return
            answer = self._ask({"do": "reset"}, 2 * ANSWER_SECONDS)
            if answer is None or answer.get("odd", "no answer") or self._kernels >= self.max_kernels:
                self._stop()
            self._layout.clear()

    def close(self) -> None:
        with self._lock:
            self._stop()
            scratch.remove(self._private)

    def _kernel_state(self, number: int) -> dict[str, Any]:
        with self._lock:
            if number != self._current:
                return {"code": 137, "broke": Broken("sandbox") if number == self._lost else None}
            state = self._ask({"do": "poll"}, ANSWER_SECONDS) or {"code": 137, "broke": Broken("sandbox")}
            unsaid = not state["broke"] or state["broke"][0] == "machine"
            if state["code"] and unsaid and self._group and self._group.ended() > self._ended:
                state["broke"] = Broken("memory", self.limits.memory_mb)  # the system was quicker than the parent
            return state

    def _spent(self, number: int) -> Spent:
        with self._lock:
            answer = self._ask({"do": "spent"}, ANSWER_SECONDS) if number == self._current else None
            return Spent(**answer) if answer else Spent()

    def _signal(self, number: int, signum: int) -> None:
        with self._lock:
            if number == self._current:
                self._ask({"do": "signal", "number": int(signum)}, ANSWER_SECONDS)

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The parent's answer; None when it is dead, stuck or talks nonsense, and then it is stopped for good."""
        answer = None
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.settimeout(seconds)
                self._channel.sendall(json.dumps(request).encode() + b"\n")
                answer = self._receive(seconds)
        if answer is None:
            self._lost = self._current  # whoever asks for that kernel afterwards: it didn't end by itself
            self._stop()
        return answer

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        assert self._channel is not None
        deadline = time.monotonic() + seconds
        try:
            while b"\n" not in self._received:
                self._channel.settimeout(max(0.01, deadline - time.monotonic()))
                part = self._channel.recv(1 << 16)
                if not part:
                    return None
                self._received += part
            line, self._received = self._received.split(b"\n", 1)
            answer = json.loads(line)
        except (OSError, ValueError):
            return None
        return answer if isinstance(answer, dict) else None

    def _last_words(self) -> str:
        lines = (self._private / "stderr").read_text("utf-8", "replace").strip().splitlines()
        return "\n".join(lines[-8:]) or _("it said nothing")

    def _stop(self) -> None:
        """End the parent, and with it every process of its sandbox; empty the folders."""
        if self._channel is not None:
            self._channel.close()  # tells the parent to end its kernel and leave
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(3 if self.isolation == "none" else 0.2)
            # Without bwrap, what is inside lives on, and a parent that a signal stopped doesn't see that the channel is closed.
            inside = resource_watch.children(self._process.pid) if self._process.poll() is None else []
            for pid in [self._process.pid, *inside]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
        if self._group is not None:
            self._group.close()
        self._process = self._channel = self._group = None
        self._current = 0
        self._layout.clear()
