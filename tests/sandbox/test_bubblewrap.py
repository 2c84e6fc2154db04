"""The command that is built, and what a user reads where it can't work."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.common.data import data_sets
from autograder.common.errors import SandboxError
from autograder.common.i18n import speaking
from autograder.sandbox import bubblewrap, unroot
from autograder.sandbox.host import Sandbox
from autograder.sandbox.inside import resource_watch
from autograder.sandbox.inside.parent import Parent, Running
from autograder.sandbox.layout import Layout
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


KERAS = ("/opt/keras/datasets", "/tmp/.keras/datasets")


def test_what_is_tried_is_what_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option of grading's sandboxes, with every mount, is in the sandbox that says whether sandboxes work here."""
    tried: list[list[str]] = []
    run = subprocess.run

    def noted(command: list[str], **settings: object) -> object:
        tried.append(command)
        return run(command, **settings)

    monkeypatch.setattr(subprocess, "run", noted)
    assert bubblewrap.available() == ""
    layout = Layout("bubblewrap", tmp_path, (data_sets.USUAL,), {})
    used = layout.command(3, 64, {})
    own = str(tmp_path)

    def shape(command: list[str]) -> list[str]:
        """The options, and what is mounted from where that is not this sandbox's own; of a data set's files one stands for all."""
        end = command.index("--") if "--" in command else len(command)
        words, bound, left = command[command.index("--unshare-user") : end], set(), set()
        for at, word in enumerate(words):
            if folder := next((folder for folder in KERAS if word.startswith(folder)), ""):
                left |= {at - 2, at - 1, at} if folder in bound else {at - 1, at}
                bound.add(folder)
        words = [word for at, word in enumerate(words[: words.index("--setenv")]) if at not in left]
        ours = (own, f"{tempfile.gettempdir()}/autograder-")
        return [word for word in words if not word.startswith(ours) and not word.isdigit()]

    monkeypatch.undo()
    assert shape(tried[-1]) == shape(used)


def test_an_old_bubblewrap_is_found_out_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.6, as Ubuntu 22.04 has it, knows no --size: it is said by what grading asks first, and by doctor."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # where another user can run it
    try:
        folder.chmod(0o755)
        old = folder / "bwrap"
        old.write_text(
            '#!/bin/sh\nfor word; do [ "$word" = --size ] && { echo "bwrap: Unknown option --size" >&2; exit 1; }; done\n'
            f'exec {shutil.which("bwrap")} "$@"\n'
        )
        old.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        said = bubblewrap.available()
    finally:
        shutil.rmtree(folder)
    assert "too old (bwrap: Unknown option --size): version 0.7 or newer" in said and "isolation: none" in said


def test_everything_that_is_bound_from_the_host_is_read_only_but_the_sockets(tmp_path: Path) -> None:
    command = bubblewrap.command(
        run=tmp_path / "run", sockets=tmp_path / "sockets", data={"datasets/x": tmp_path / "x"}, identity=tmp_path / "etc",
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
        "--ro-bind",
        "/usrdata/venv",
        "/usrdata/venv",
    ]
    changed, pairs = unroot.staged(arguments)
    assert pairs == [("/root/venv", "0"), ("/tmp/x", "1"), ("/usrdata/venv", "2")]
    assert changed[2:4] == ["/usr", "/usr"] and changed[5:7] == ["0", "/root/venv"] and changed[8:10] == ["1", "/run/x"]


def test_a_machine_without_memory_left_ends_a_large_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_watch, "available_mb", lambda: 10)
    mine = resource_watch.stat(os.getpid())
    size = int(mine[21]) * resource_watch.PAGE // resource_watch.MB
    allowed = {"processes": 10_000, "open_files": 10_000, "memory_mb": 2 * size}
    broken = resource_watch.broken_limit([os.getpid()], allowed)
    assert broken is not None and broken.limit == "machine" and 10 < broken.number <= resource_watch.MACHINE_FLOOR_MB
    assert resource_watch.broken_limit([os.getpid()], {**allowed, "memory_mb": 100 * size}) is None
    assert resource_watch.broken_limit([2**22 + 1], allowed) is None


@pytest.mark.parametrize("killed", [0, 1])
def test_a_kernel_that_the_system_killed_for_want_of_memory_was_not_at_fault(
    monkeypatch: pytest.MonkeyPatch, killed: int
) -> None:
    """Whoever filled the machine: its notebook is tried again when others are done. Who kills itself is told so."""
    child = subprocess.Popen(["sleep", "50"])
    parent = Parent.__new__(Parent)
    parent.running = Running(child.pid, {}, killed=resource_watch.killed_by_system())
    now = resource_watch.killed_by_system() + killed
    monkeypatch.setattr(resource_watch, "killed_by_system", lambda: now)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    parent._look()
    assert parent.running.code == 137
    assert parent.running.broke == (
        resource_watch.Broken("machine", resource_watch.MACHINE_FLOOR_MB) if killed else None
    )
    child.wait()


@pytest.mark.parametrize("limit", resource_watch.SAID)
def test_a_broken_limit_is_a_value_until_it_is_said(limit: str) -> None:
    sent = resource_watch.Broken(*json.loads(json.dumps(resource_watch.Broken(limit, 17))))
    assert sent == resource_watch.Broken(limit, 17)
    with speaking("en"):
        english = str(sent)
    with speaking("ko"):
        assert str(sent) != english and "{" not in str(sent)
