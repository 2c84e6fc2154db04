"""Files that are there whole or not at all."""

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.common.errors import GradebookError
from autograder.common.files import make, move, overwrite, put, unwritable


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_written_with_its_folders_and_replaces_what_was_there(tmp_path, durable):
    path = tmp_path / "build" / "pages" / "a.html"
    put(path, "한국어", durable=durable)
    put(path, b"later", durable=durable)
    assert path.read_bytes() == b"later"
    assert [each.name for each in path.parent.iterdir()] == ["a.html"]


def test_a_text_is_written_in_utf_8(tmp_path):
    put(tmp_path / "a", "한국어\n")
    assert (tmp_path / "a").read_bytes() == "한국어\n".encode()


@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, trouble):
    put(tmp_path / "a", "old")

    def fails(_handle):
        raise trouble

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(type(trouble)):
        put(tmp_path / "a", "new", durable=True)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_durable_syncs_the_file_and_every_name_that_is_new(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def noting(handle):
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    put(tmp_path / "a" / "b" / "c", "x", durable=True)
    *folders, part, last = [os.path.relpath(path, tmp_path) for path in synced]
    assert folders == [".", "a"] and part.startswith("a/b/.c.") and last == "a/b"


def test_without_durable_nothing_waits_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", None)
    put(tmp_path / "a" / "b", "x")
    make(tmp_path / "c")
    move(tmp_path / "a" / "b", tmp_path / "c" / "b")
    assert (tmp_path / "c" / "b").read_text() == "x"


@pytest.mark.parametrize("make_trouble", [
    lambda path, patch: (path / "in it").mkdir(parents=True),
    lambda path, patch: patch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))),
    lambda path, patch: patch.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full", "x.part"))),
])  # fmt: skip
def test_what_cannot_be_written_is_called_by_its_own_name(tmp_path, monkeypatch, make_trouble):
    make_trouble(tmp_path / "a", monkeypatch)
    with pytest.raises(OSError) as raised:
        put(tmp_path / "a", "new", durable=True)
    assert raised.value.filename == str(tmp_path / "a") and ".part" not in str(raised.value)


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        (errno.ENOSPC, "Free some space. Then."), (errno.EDQUOT, "Free some space. Then."), (errno.EROFS, "Make the folder writable for you. Then."),
        (errno.EACCES, "Make the folder writable for you. Then."), (errno.EISDIR, "Move away what stands in its place. Then."),
        (errno.ENOTDIR, "Move away what stands in its place. Then."), (errno.EIO, "Then."),
    ],
)  # fmt: skip
def test_what_the_system_says_decides_what_to_do_about_a_file_that_can_not_be_written(trouble, remedy):
    said = unwritable("marks.csv", OSError(trouble, "no"), "Then.", GradebookError)
    assert type(said) is GradebookError and str(said) == "marks.csv can't be written: no" and said.remedy == remedy
    assert str(unwritable("marks.csv", OSError(trouble, "no", "other.csv"))) == "other.csv can't be written: no"


def test_a_file_is_written_over_where_there_is_room_for_no_other(tmp_path):
    (tmp_path / "a").write_text("long and old")
    number = (tmp_path / "a").stat().st_ino
    overwrite(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_text() == "new" and (tmp_path / "a").stat().st_ino == number
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "none"):
        with pytest.raises(OSError):
            overwrite(tmp_path / name, b"x")


@pytest.mark.parametrize("seed", range(10))
def test_what_killed_processes_left_of_a_file_goes_with_the_next_one_and_nothing_else_does(tmp_path, seed):
    """Names of files, of processes that are there or gone, and what only looks like either; files and folders."""
    command = [sys.executable, "-ISc", "import os; print(os.getpid())"]
    gone, *others = (int(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(4))
    draw = random.Random(seed)
    left = set()
    for _ in range(40):
        name = draw.choice(["a.json", "a", "a.json.b", "b.json", "*", "[a].json", "", f"a.json.{gone}"])
        process = draw.choice([gone, os.getppid(), 1, "", "x", "-", f"0x{gone:x}", "9" * 40, f"{gone}.{gone}"])
        path = tmp_path / (draw.choice([".", "", ".."]) + f"{name}.{process}" + draw.choice([".part", ".part2", ""]))
        if not path.exists():
            path.mkdir() if draw.random() < 0.2 else path.write_text("half")
        left.add(path)
    swept = tmp_path / f".a.json.{gone}.part"
    if not swept.exists():
        swept.mkdir()
    killed = [tmp_path / f".a.json.{process}.part" for process in others]
    for path in killed:
        path.write_text("half")
    put(tmp_path / "a.json", "whole")
    assert swept.is_dir() or not swept.exists()
    assert not any(path.exists() for path in killed)
    assert all(path.exists() for path in left - {swept})
    assert (tmp_path / "a.json").read_text() == "whole"
    put(tmp_path / "b.json", "whole", swept=True)
    assert all(path.exists() for path in left - {swept, tmp_path / "b.json"})
