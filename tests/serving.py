"""A Jupyter server for tests that look at it in a browser."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest


@contextmanager
def jupyter(application, root, log, environment, *options):
    """The address of `application` (``jupyterlab``, ``jupyter_server``) over the folder `root`; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", application, "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
             "--IdentityProvider.token=", f"--ServerApp.root_dir={root}", *options],
            cwd=root, env=environment, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(120)


def _wait(address, server, log):
    for _ in range(3000):
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{address}/api/status", timeout=2) as answer:
                json.load(answer)
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the Jupyter server did not start:\n{log.read_text()[-3000:]}")
