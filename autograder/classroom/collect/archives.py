"""Zips that students and platforms made: listed and read in memory, within limits, and never unpacked.

A path that leaves the archive, a link, an encrypted or doubled entry, a bomb: each is refused with its reason, and
costs the others nothing.
"""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.classroom.collect.zip_directory import Directory, Refused
from autograder.common.files import opened
from autograder.common.i18n import _

SOURCE_ENTRIES = 200_000  # of the archive that a platform made
ENTRIES = 50_000  # of one archive in a folder
INNER_ENTRIES = 2_000  # of an archive that a student handed in
INNER_MB = 100  # its size
RATIO = 200  # unpacked to packed; notebooks with outputs reach about 20
LONGEST = 255  # bytes of one name in a path, as file systems have it; no pattern sees a longer one
DEEPEST = 4096  # bytes of a path
NESTED = 64  # folders, one in the other
_SHOWN = 300  # characters of a path that is refused
# Archives with more than they may hold that are looked into all the same: reading the directory takes a second.
THINNED = 100
_SMALL = 1_000_000  # bytes below which a ratio says nothing
_UTF8 = 0x800
_ENCRYPTED = 0x1
_KOREAN = "cp949"


@dataclass(frozen=True)
class Member:
    path: str
    size: int
    info: zipfile.ZipInfo


class Slot:
    """Keeps one archive open at a time: reading a class opens each of its archives about once, and holds one. `thinned`: those so far that
    hold more than they may."""

    def __init__(self) -> None:
        self.holder: Archive | None = None
        self.thinned: set[Archive] = set()

    def take(self, archive: Archive) -> None:
        if self.holder is not None and self.holder is not archive:
            self.holder.close()
        self.holder = archive


class Archive:
    """A zip. `open` gives its bytes, afresh each time that it is opened again."""

    def __init__(self, open: Callable[[], BinaryIO], entries: int, slot: Slot) -> None:
        self._open = open
        self._entries = entries
        self._slot = slot
        self._kept: tuple[BinaryIO, zipfile.ZipFile] | None = None
        self.left_out: dict[str, int] = {}  # folders of which it gives nothing, and how many files they hold
        self.noise = 0  # files that it doesn't give, as no student means them

    @classmethod
    def of_file(cls, path: Path, slot: Slot, entries: int) -> Archive:
        return cls(lambda: opened(path), entries, slot)

    @classmethod
    def of_member(cls, outer: Archive, member: Member, slot: Slot) -> Archive:
        return cls(lambda: io.BytesIO(outer.read(member, INNER_MB * 1_000_000)), INNER_ENTRIES, slot)

    def members(self) -> list[tuple[Member, str]]:
        """The files in it, each with the reason why it can't be read or ''. Raises Refused if that goes for all."""
        found: dict[str, list[zipfile.ZipInfo]] = {}
        packed = self._zip().infolist()
        if sum(info.compress_size for info in packed) > self._size():
            raise Refused(_("its files lie one in the other"))  # so that a few bytes unpack to as many as one likes
        for info in packed:
            if not (name := _name(info)).endswith("/"):
                found.setdefault(name, []).append(info)
        return [
            (
                Member(name[:_SHOWN] if (reason := _problem(name, same)) else _tidy(name), same[0].file_size, same[0]),
                reason,
            )
            for name, same in found.items()
        ]

    def read(self, member: Member, limit: int) -> bytes:
        """The content of a member; Refused if it is damaged or holds more than `limit` bytes."""
        if member.size > limit:
            raise Refused(_too_large(limit))
        archive = self._zip()
        try:
            with archive.open(member.info) as stream:
                content = stream.read(limit + 1)
        except Exception as error:  # zipfile has a dozen for what a stranger can write
            raise Refused(_("it is damaged in the archive ({reason:.80})", reason=_said(error))) from None
        return within(content, limit)

    def _zip(self) -> zipfile.ZipFile:
        if self._kept is None:
            try:
                stream = self._open()
                thin = self in self._slot.thinned or len(self._slot.thinned) < THINNED
                directory = Directory(stream, self._entries, thin)
                archive = zipfile.ZipFile(directory)  # what it has will do
                archive.fp = stream
                archive.filelist = [info for info in archive.filelist if info.filename != "/"]  # of nobody's
                self.left_out = {_tidy(_decoded(name)): holds for name, holds in directory.left_out.items()}
                self.noise = directory.noise
                if self.left_out or self.noise:
                    self._slot.thinned.add(self)
                self._kept = (stream, archive)
            except OSError as error:
                raise Refused(_("it can't be read: {strerror}", strerror=error.strerror or error)) from None
            except Refused:
                raise
            except Exception as error:
                raise Refused(_("it is not a whole zip ({error!s:.80})", error=_said(error))) from None
        self._slot.take(self)
        return self._kept[1]

    def _size(self) -> int:
        self._zip()
        assert self._kept is not None
        return self._kept[0].seek(0, io.SEEK_END)

    def close(self) -> None:
        if self._kept is not None:
            for each in reversed(self._kept):
                each.close()
            self._kept = None


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def within(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise Refused(_too_large(limit))
    return content


def _too_large(limit: int) -> str:
    return _("it is larger than {megabytes:g} MB", megabytes=limit / 1_000_000)


def _name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _UTF8:
        return _plain(info.orig_filename)
    return _decoded(info.orig_filename.encode("cp437", "replace"))


def _decoded(raw: bytes) -> str:
    """A name in an archive. Without the flag for UTF-8 it may be in any encoding: tried are UTF-8, CP949 and CP437."""
    for encoding in ("utf-8", _KOREAN):
        try:
            return _plain(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _plain(raw.decode("cp437"))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("\\", "/")


def _tidy(name: str) -> str:
    return PurePosixPath(name).as_posix()  # without ./ and //


def _problem(name: str, same: list[zipfile.ZipInfo]) -> str:
    info, parts = same[0], PurePosixPath(name).parts
    if reason := too_long(name):
        return reason
    if not parts or name.startswith("/") or ".." in parts or "\0" in name or (parts and parts[0].endswith(":")):
        return _("its path leaves the archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        return _("it is a link to another file")
    if info.flag_bits & _ENCRYPTED:
        return _("it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _("it is packed in a way that takes memory as it likes")
    if len(same) > 1:
        return _("the archive holds {count} files of this name", count=len(same))
    if info.file_size > _SMALL and info.file_size > RATIO * max(1, info.compress_size):
        return _("it unpacks to more than {number} times its size, as no notebook does", number=RATIO)
    return ""


def too_long(path: str) -> str:
    """Why a path is refused before anything looks at it, or ''."""
    raw = path.encode("utf-8", "replace")
    if path.count("/") > NESTED:
        return _("it lies more than {number} folders deep", number=NESTED)
    if len(raw) > DEEPEST or any(len(name) > LONGEST for name in raw.split(b"/")):
        return _("its name is longer than {number} bytes", number=LONGEST)
    return ""
