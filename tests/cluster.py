"""A Dask cluster for tests that grade a class."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path


class Cluster:
    """`dask scheduler` and `dask worker` as a university runs them: processes of their own, nothing shared but the address."""

    def __init__(self, folder: Path, memo: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.folder = folder
        self.environment = {**os.environ, "AUTOGRADER_MEMO": str(memo)}
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, **environment: str) -> None:
        """The scheduler, unless it runs, and workers with these names, in place of those that ended."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
            self.scheduler = self._run("scheduler", options, {})
        for name in names:
            if name not in self.workers or self.workers[name].poll() is not None:
                options = [self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name]
                options += ["--host", "127.0.0.1", "--local-directory", str(self.folder / name)]
                self.workers[name] = self._run("worker", options, environment)

    def _run(self, what: str, options: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", what, *options], cwd=self.folder, env={**self.environment, **environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        for process in [*self.workers.values(), *filter(None, [self.scheduler])]:
            process.kill()
            process.wait()
