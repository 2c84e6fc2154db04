"""The command that is built, and what a user reads where it can't work."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.common.errors import SandboxError
from autograder.sandbox import bubblewrap, unroot
from autograder.sandbox.host import Sandbox
from autograder.sandbox.inside import limits, linux
from tests.sandbox.conftest import LIMITS


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    bubblewrap.available.cache_clear()
    yield
    bubblewrap.available.cache_clear()


def test_it_works_here() -> None:
    assert bubblewrap.available() == ""


def test_a_missing_program_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "apt-get install bubblewrap" in bubblewrap.available() and "isolation: none" in bubblewrap.available()
    with Sandbox("bubblewrap", LIMITS) as sandbox, pytest.raises(SandboxError) as caught:
        sandbox.start()
    assert "apt-get install bubblewrap" in caught.value.remedy


def test_another_system_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "Darwin" in bubblewrap.available() and "isolation: none" in bubblewrap.available()


def test_a_forbidden_namespace_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = subprocess.CompletedProcess([], 1, "", "bwrap: setting up uid map: Permission denied\n")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **settings: refused)
    assert "setting up uid map: Permission denied" in bubblewrap.available()
    assert "sysctl" in bubblewrap.available() or "unprivileged_userns_clone" in bubblewrap.available()


def test_everything_that_is_bound_from_the_host_is_read_only_but_the_sockets(tmp_path: Path) -> None:
    command = bubblewrap.command(
        run=tmp_path / "run", sockets=tmp_path / "sockets", data=tmp_path / "data", identity=tmp_path / "etc",
        scratch_mb=64, env={"A": "b"}, lifeline=True,
    )  # fmt: skip
    assert [command[place + 1] for place, word in enumerate(command) if word == "--bind"] == [str(tmp_path / "sockets")]
    assert {"--unshare-net", "--unshare-pid", "--unshare-user", "--clearenv", "--die-with-parent"} <= set(command)


def test_only_sources_that_another_user_may_not_reach_are_staged() -> None:
    arguments = [
        "bwrap",
        "--ro-bind",
        "/usr",
        "/usr",
        "--ro-bind",
        "/root/venv",
        "/root/venv",
        "--bind",
        "/tmp/x",
        "/run/x",
    ]
    changed, pairs = unroot.staged(arguments)
    assert pairs == [("/root/venv", "0"), ("/tmp/x", "1")]
    assert changed[2:4] == ["/usr", "/usr"] and changed[5:7] == ["0", "/root/venv"] and changed[8:] == ["1", "/run/x"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filters_jumps_stay_inside_it(machine: str) -> None:
    program = linux.filter_program(machine)
    instructions = [program[start : start + 8] for start in range(0, len(program), 8)]
    for place, instruction in enumerate(instructions):
        if instruction[0] & 7 == 5:
            assert place + 1 + max(instruction[2], instruction[3]) < len(instructions)
    assert instructions[-1] == bytes.fromhex("06000000 0000ff7f")


def test_a_machine_without_memory_left_ends_a_large_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr(limits, "available_mb", lambda: 10)
    mine = limits.stat(os.getpid())
    size = int(mine[21]) * limits.PAGE // limits.MB
    allowed = {"processes": 10_000, "memory_mb": 2 * size}
    assert "the machine had less than" in limits.broken_limit([os.getpid()], allowed)
    assert limits.broken_limit([os.getpid()], {**allowed, "memory_mb": 100 * size}) == ""
    assert limits.broken_limit([2**22 + 1], allowed) == ""
