"""Kernels from the sandbox, for everything that speaks Jupyter: a kernel provisioner called ``autograder-sandbox``.

The client and the kernel see the same sockets under different paths: the connection info that Jupyter keeps names the
host's, and the one that the kernel gets names the sandbox's.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerBase

from autograder.common.errors import SandboxError
from autograder.common.i18n import _
from autograder.sandbox import bound_folders
from autograder.sandbox.host import Kernel, Sandbox

NAME = "autograder-sandbox"
SPEC_FOLDER = Path(__file__).parent / "kernelspec"

_numbers = itertools.count(1)
_current: Sandbox | None = None


def use(sandbox: Sandbox | None) -> None:
    """Make `sandbox` the one that kernels started by name run in."""
    global _current
    _current = sandbox


def current() -> Sandbox:
    """The sandbox of this process; made from the course's settings when nobody chose one (plain nbgrader)."""
    global _current
    if _current is None:
        import atexit

        from autograder.common.errors import CourseError
        from autograder.course import course

        try:
            settings = course.load()
            if settings.isolation == "bubblewrap":
                bound_folders.keep_apart([settings.root])
            _current = Sandbox.of(settings)
        except CourseError as error:
            raise SandboxError(_("the sandbox has no settings: {error}", error=error), error.remedy) from error
        atexit.register(_current.close)
    return _current


def kernel_spec() -> KernelSpec:
    return KernelSpec(resource_dir=str(SPEC_FOLDER), **json.loads((SPEC_FOLDER / "kernel.json").read_text("utf-8")))


class SandboxProvisioner(KernelProvisionerBase):  # type: ignore[misc]
    """jupyter_client's view of one kernel of a Sandbox. `environment` is all that the kernel gets from outside."""

    def __init__(
        self, *, sandbox: Sandbox | None = None, environment: dict[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sandbox = sandbox or current()
        self.environment = environment or {}
        self.kernel: Kernel | None = None

    @property
    def has_process(self) -> bool:
        return self.kernel is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose the sockets' paths. The worker's environment, which Jupyter would pass on, is left behind."""
        manager = self.parent
        name = f"k{next(_numbers)}"
        manager.cache_ports = False
        manager.transport, manager.ip = "ipc", str(self.sandbox.socket_folder / name)
        manager.connection_file = str(self.sandbox.private_folder / f"{name}.json")
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        self.inner_prefix = f"{self.sandbox.inner_socket_folder}/{name}"
        return {"cmd": [], "env": {}}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        inner = {**self.connection_info, "ip": self.inner_prefix}
        inner["key"] = bytes(inner["key"]).decode()
        # Forking and initialising takes half a second, the first parent ten: the event loop must go on meanwhile.
        self.kernel = await asyncio.to_thread(self.sandbox.launch, inner, self.environment)
        return self.connection_info

    async def poll(self) -> int | None:
        return 0 if self.kernel is None else self.kernel.poll()

    async def wait(self) -> int | None:
        code: int | None = 0
        while self.kernel is not None and (code := self.kernel.poll()) is None:
            await asyncio.sleep(0.02)
        self.kernel = None
        return code

    async def send_signal(self, signum: int) -> None:
        if self.kernel is not None:
            self.kernel.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        if self.kernel is not None:
            self.kernel.kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)  # student code may ignore SIGTERM, so there is nothing to gain from asking

    async def cleanup(self, restart: bool = False) -> None:
        self.kernel = None
        await asyncio.to_thread(self.sandbox.reset)
