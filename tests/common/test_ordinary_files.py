"""Whatever lies where a file is looked for is read or refused, and never waited for; `make lint` sees that nothing else opens files."""

import os
import socket
import threading

import pytest

from autograder.common.files import NotAFile, bytes_of, is_text, opened, text_of

SPARSE = 1 << 40


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as own:
        here = os.open(path.parent, os.O_RDONLY)
        own.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


ODD = {
    "a pipe": os.mkfifo,
    "a socket": a_socket,
    "a folder": os.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/ptmx"),
}


@pytest.mark.parametrize("made", ODD.values(), ids=ODD)
@pytest.mark.parametrize("read", [opened, bytes_of, text_of])
def test_what_is_no_file_is_an_error_at_once(made, read, tmp_path):
    made(tmp_path / "odd")
    raised = []

    def reading():
        try:
            read(tmp_path / "odd")
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=reading, daemon=True)
    thread.start()
    thread.join(20)
    assert len(raised) == 1 and raised[0].strerror
    assert isinstance(raised[0], NotAFile) or made is a_socket  # which the system itself refuses


def test_a_file_is_read_as_it_is_and_one_that_claims_any_size_is_not(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes("가\r\n나".encode())
    link.symlink_to(path)
    assert (bytes_of(link), text_of(link)) == ("가\r\n나".encode(), "가\n나")
    for read in (opened, bytes_of, text_of):
        with pytest.raises(NotAFile):
            read(link, follow=False)
    with pytest.raises(OSError):
        bytes_of(path, 3)
    os.truncate(path, SPARSE)
    with pytest.raises(OSError):
        bytes_of(path)


def test_names_that_are_no_text_are_known():
    assert is_text("학생") and not is_text(os.fsdecode(b"bad\xff"))
