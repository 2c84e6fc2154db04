"""Hand-ins on disk, beside the reports, each array once for the whole class."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from autograder.classroom.folder import Folder
from autograder.common.digests import sha256
from autograder.common.errors import ProtocolError
from autograder.common.files import bytes_of, put
from autograder.common.wire.handins import Kept, parse_document, unpack

_YOUNG = 3600.0  # seconds: an array that nobody names may belong to an entry that is just being written


class Store:
    """The hand-ins of the course in `root`. Losing it costs time only: `grade` runs again."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root).handins

    def _array(self, digest: str) -> Path:
        return self.folder / "arrays" / digest

    def entry(self, student: str, assignment: str) -> Path:
        return self.folder / "entries" / student / f"{assignment}.json"

    def keep(self, student: str, assignment: str, content: bytes) -> str:
        """Keep what `pack` made (b"": nothing was kept, and what is there goes); the digest of the entry, or ''.

        Arrays first, the entry last, each written beside its place and renamed. Raises OSError if the disk refuses, and
        ProtocolError if `content` is damaged.
        """
        path = self.entry(student, assignment)
        if not content:
            path.unlink(missing_ok=True)
            return ""
        kept = unpack(content)
        for digest, array in kept.arrays.items():
            there = self._array(digest)
            try:
                size = there.stat().st_size
                os.utime(there)  # young again: not swept before the entry is there
            except OSError:
                size = -1
            if size != len(array):  # missing, or cut off by a power failure
                put(there, array, durable=True)
        text = kept.document.model_dump_json(indent=1).encode()
        put(path, text, durable=True)
        return sha256(text)

    def of(self, student: str, assignment: str) -> Kept | None:
        """What is kept of a submission; None if nothing is, or if it is damaged."""
        try:
            document = parse_document(bytes_of(self.entry(student, assignment)))
            arrays = {digest: bytes_of(self._array(digest)) for digest in document.digests()}
        except (OSError, ProtocolError):
            return None
        if any(sha256(content) != digest for digest, content in arrays.items()):
            return None
        return Kept(document, arrays)

    def course_of(self, student: str, assignment: str) -> dict[str, Any] | None:
        """The document of the course that a submission was graded with (`course_document`), or None."""
        try:
            document = parse_document(bytes_of(self.entry(student, assignment)))
            content = bytes_of(self._array(document.course)) if document.course else b""
            return dict(json.loads(content)) if sha256(content) == document.course else None
        except (OSError, ProtocolError, ValueError):
            return None

    def sweep(self) -> int:
        """Remove arrays that no entry names, and half-written files; how many. Young ones stay: they may be needed yet."""
        used: set[str] = set()
        for path in self.folder.glob("entries/*/*.json"):
            with suppress(OSError, ProtocolError):
                used |= parse_document(bytes_of(path)).digests()
        removed = 0
        for path in [*self.folder.glob("arrays/*"), *self.folder.glob("*/*/.*.part")]:
            with suppress(OSError):  # somebody else was faster
                if path.name not in used and time.time() - path.stat().st_mtime > _YOUNG:
                    path.unlink()
                    removed += 1
        return removed
