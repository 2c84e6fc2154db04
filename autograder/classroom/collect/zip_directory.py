"""The directory of a zip, as zipfile may read it: of so many files at the most, whatever it lists.

zipfile makes an object of each entry before anybody can count them: a million are minutes and a gigabyte. Where that lies and how large it is,
zipfile finds out by itself: a second reader of the end records could be led to another one. So entries are left out of what zipfile reads there:
first what no student means, then the folder that is too full, and only an archive in which none stands out is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from autograder.classroom.collect.file_quota import fullest
from autograder.classroom.collect.names import is_noise
from autograder.common.i18n import _

LARGEST = 128 << 20  # bytes of a directory that is looked into: more than a million files
_ENTRY_BYTES = 5_000  # of the directory for one file that may be kept: nine of ten may be what an environment or a cache consists of
_TAIL_BYTES = 65_536 + 22  # the longest comment and the end record, where zipfile looks for that
_HEADER = struct.Struct("<4s4B4HL2L5H2L")
_ENTRY = b"PK\1\2"
_FLAGS, _UTF8 = 9, 0x08  # the byte of an entry in which it says that its name is UTF-8
_FOLDER = b"/"  # the name of an entry that is nobody's
_PADDING = 65_000  # bytes of an entry: its comment may have 65,535


class Refused(Exception):
    """Why a file is not read, as the end of a sentence that begins with its name."""


class _Entry(NamedTuple):
    path: str  # its bytes as Latin-1: what encoding they are in is not known yet
    start: int
    end: int


class Directory:
    """A zip's bytes, for zipfile. `left_out`: folders of which it sees nothing, by their names' bytes, and how many files they hold; `noise`: how
    many files besides."""

    def __init__(self, stream: BinaryIO, most: int, thin: bool = True) -> None:
        self.stream, self.most, self.thin = stream, most, thin
        self.seek, self.tell = stream.seek, stream.tell
        self.left_out: dict[bytes, int] = {}
        self.noise = 0

    def read(self, size: int = -1) -> bytes:
        if size > max(_TAIL_BYTES, min(LARGEST, self.most * _ENTRY_BYTES)):
            raise self._refused()
        found = self.stream.read(size)
        return _named(found if found.count(_ENTRY) <= self.most else self._thinned(found))

    def _refused(self) -> Refused:
        return Refused(_("it holds more than {number:,} files", number=self.most))

    def _thinned(self, directory: bytes) -> bytes:
        entries = list(_entries(directory)) if self.thin else []
        if not entries or entries[-1].end != len(directory):
            raise self._refused()
        kept = [entry for entry in entries if not is_noise(entry.path)]
        self.noise = len(entries) - len(kept)
        while len(kept) > self.most:
            folder, holds = fullest([entry.path for entry in kept], self.most)
            if not folder:
                raise self._refused()
            self.left_out[folder.encode("latin-1")] = holds
            kept = [entry for entry in kept if not entry.path.startswith(f"{folder}/")]
        whole = b"".join(directory[entry.start : entry.end] for entry in kept)
        return whole + b"".join(_padding(len(directory) - len(whole)))


def _named(directory: bytes) -> bytes:
    """`directory`, where names that aren't UTF-8 don't claim to be: zipfile gives up all of an archive for one of them."""
    plain = bytearray(directory)
    for entry in _entries(directory):
        if plain[entry.start + _FLAGS] & _UTF8 and not _is_utf8(entry.path.encode("latin-1")):
            plain[entry.start + _FLAGS] &= ~_UTF8
    return bytes(plain)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _entries(directory: bytes) -> Iterator[_Entry]:
    """The entries from the first, as far as they are some."""
    start = 0
    while start + _HEADER.size <= len(directory):
        header = _HEADER.unpack_from(directory, start)
        name = start + _HEADER.size
        if header[0] != _ENTRY:
            return
        end = name + sum(header[12:15])
        yield _Entry(directory[name : name + header[12]].decode("latin-1").replace("\\", "/"), start, end)
        start = end


def _padding(size: int) -> Iterator[bytes]:
    """Entries of nobody's that are so many bytes long: zipfile reads as much as the archive says."""
    least = _HEADER.size + len(_FOLDER)
    while size:
        part = size if size <= _PADDING else min(_PADDING, size - least)
        far = 0xFFFFFFFE  # behind all others, which would seem to reach into it
        yield (
            _HEADER.pack(_ENTRY, *[0] * 11, len(_FOLDER), 0, part - least, 0, 0, 0, far) + _FOLDER + bytes(part - least)
        )
        size -= part
