"""A control group for the kernels, where this machine lets us have one; elsewhere notebooks run without it, and the watcher is all there is.

Where the hierarchy of version 2 has the controllers and is ours to divide (root on most systems, a delegated group), the last test is the real thing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.sandbox import cgroups
from autograder.sandbox.host import Sandbox
from tests.sandbox.conftest import LIMITS, Tried

MOUNT = "30 23 0:26 / {root} rw,nosuid - cgroup2 cgroup2 rw\n"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hierarchy made of ordinary files: user.slice/user-1000.slice/session-1.scope, where this process is."""
    root = tmp_path / "cgroup"
    leaf = root / "user.slice" / "user-1000.slice" / "session-1.scope"
    leaf.mkdir(parents=True)
    for folder in (leaf, *list(leaf.parents)[:3]):
        for name in ("cgroup.procs", "cgroup.subtree_control"):
            (folder / name).write_text("memory pids\n" if name.endswith("control") and folder != leaf else "")
        (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "mountinfo").write_text(MOUNT.format(root=root))
    (tmp_path / "own").write_text("0::/user.slice/user-1000.slice/session-1.scope\n")
    monkeypatch.setattr(cgroups, "MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(cgroups, "OWN", tmp_path / "own")
    return root


def deny(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """These folders can't be written, and switches of a group that holds processes can't be changed."""
    writable, write = os.access, Path.write_text
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).parent not in folders and writable(path, mode))

    def refusing(path: Path, text: str) -> int:
        if path.name == "cgroup.subtree_control":
            raise OSError(16, "Device or resource busy")
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", refusing)


def test_the_nearest_group_that_may_be_divided_is_taken(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = system / "user.slice" / "user-1000.slice"
    deny(monkeypatch)
    assert cgroups.place() == (user, "")  # the session's own holds processes
    deny(monkeypatch, user)
    assert cgroups.place() == (system / "user.slice", "")


def test_switches_are_turned_where_that_is_allowed(system: Path) -> None:
    session = system / "user.slice" / "user-1000.slice" / "session-1.scope"
    assert cgroups.place()[0] is None  # these files turn nothing on
    assert (session / "cgroup.subtree_control").read_text() == "+memory +pids"  # after +cpu, which a system may refuse


@pytest.mark.parametrize("own", ["0::/../elsewhere\n", "0::/\n", "4:memory:/x\n", ""])
def test_of_a_group_outside_of_what_is_mounted_nothing_is_taken(system: Path, tmp_path: Path, own: str) -> None:
    (tmp_path / "own").write_text(own)
    above, _why = cgroups.place()
    assert above in (None, system)


@pytest.mark.parametrize("controllers", ["cpu pids\n", ""])
def test_a_hierarchy_without_the_controllers_is_none(system: Path, controllers: str) -> None:
    (system / "cgroup.controllers").write_text(controllers)
    assert cgroups.place() == (None, "this system has no control groups of version 2")


def test_without_permission_the_reason_is_said(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cgroups.place() == (None, "no control group here may be divided by this user")


def test_groups_of_workers_that_died_are_removed_and_no_others(tmp_path: Path) -> None:
    for name in (f"autograder-{2**22 + 1}-1", f"autograder-{os.getpid()}-1", "autograder-x", "other-1"):
        (tmp_path / name).mkdir()
    cgroups._sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"autograder-x", f"autograder-{os.getpid()}-1", "other-1"}


BOMB = "kept = []\nfor _ in range(40):\n    kept.append(bytearray(b'x') * (10 << 20))\nprint('held')"


def test_what_the_system_ends_in_a_group_has_broken_the_limit_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a group whose limit is below the watcher's, the system is the first: the same sentence, and the next notebook goes on."""
    monkeypatch.setattr(cgroups, "ROOM_MB", -550)
    above, why = cgroups.usable()
    limits = LIMITS.model_copy(update={"memory_mb": 700})
    with Sandbox("bubblewrap", limits, preload=False) as sandbox:
        first = Tried(sandbox, ("print(open('/proc/self/cgroup').read())",), {})
        tried = Tried(sandbox, (BOMB,), {})
        after = Tried(sandbox, ("print('next')",), {})
        groups = list(above.glob("autograder-*")) if above else []
    assert after.shown == ["next"] and first.run.breaks == ()
    if above is None:
        assert why and tried.shown == ["held"] and groups == []
    else:
        assert "/autograder-" in first.shown[0] and len(groups) == 1
        assert tried.limits == ["memory"] and "memory: more than 700 MB" in tried.shown[0]
        assert not groups[0].exists()


def test_a_group_that_can_not_be_entered_is_not_used(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system that asks for the rights of who enters, and not of who opened the entry: it is tried before anything relies on it."""
    above = system / "user.slice" / "user-1000.slice"
    cgroups.usable.cache_clear()
    monkeypatch.setattr(cgroups, "place", lambda: (above, ""))
    monkeypatch.setattr(
        cgroups.Group, "__init__", lambda self, above, limits: setattr(self, "entry", os.open("/dev/full", os.O_WRONLY))
    )
    monkeypatch.setattr(cgroups.Group, "close", lambda self: os.close(self.entry))
    try:
        found, why = cgroups.usable()
    finally:
        cgroups.usable.cache_clear()
    assert found is None and "can't be entered" in why and "No space left" in why
