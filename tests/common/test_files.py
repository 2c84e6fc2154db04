"""Files that are there whole or not at all."""

import os

import pytest

from autograder.common.files import make, move, put


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
