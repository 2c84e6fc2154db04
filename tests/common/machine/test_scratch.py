"""Temporary folders: gone with their process, and what a killed one left with the next process that makes one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.common.machine import scratch

HOLDING = """
import os, sys, tempfile
from autograder.common.machine import scratch
scratch.settle()
print(scratch.make(), tempfile.mkdtemp(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def holding() -> tuple[subprocess.Popen[str], list[Path]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, [Path(text) for text in process.stdout.readline().split()]


def test_all_temporary_files_of_a_process_go_when_it_ends(base: Path) -> None:
    process, (made, library) = holding()
    assert made.is_dir() and library.is_dir() and made.parent == library.parent != base
    process.communicate()
    assert list(base.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_and_what_others_hold_stays(base: Path) -> None:
    killed, alive = holding(), holding()
    killed[0].send_signal(signal.SIGKILL)
    killed[0].communicate()
    assert killed[1][0].is_dir()
    mine = scratch.make()
    assert not killed[1][0].parent.exists()
    assert alive[1][0].is_dir() and mine.is_dir()
    scratch.make()  # a process doesn't sweep its own
    assert mine.is_dir()
    alive[0].communicate()
    scratch.remove(mine)


def test_what_is_nobodys_litter_is_left_alone(base: Path) -> None:
    others = [
        base / "autograder-tmp-a-file",
        base / "autograder-tmp-a-link",
        base / "autograder-other",
        base / ".autograder-tmp-young",
    ]
    others[0].touch()
    (base / "elsewhere").mkdir()
    others[1].symlink_to(base / "elsewhere")
    others[2].mkdir()
    others[3].mkdir()  # is being made, and has no lock yet
    old = base / ".autograder-tmp-old"
    old.mkdir()
    os.utime(old, (0, 0))
    scratch.remove(scratch.make())
    assert all(path.exists() for path in (*others, base / "elsewhere")) and not old.exists()


def test_a_long_path_is_no_place_for_sockets(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = base / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    short = scratch.make(short=True)
    assert len(str(short)) <= scratch.LONGEST + 24 and not list(long.iterdir())
    scratch.remove(short)
    assert not short.exists()
