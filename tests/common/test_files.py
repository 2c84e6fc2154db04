"""Files that are there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from autograder.common.files import make, move, overwrite, put


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
