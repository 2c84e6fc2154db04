"""SHA-256 as everything here writes it: 64 hexadecimal digits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from autograder.common.files import LARGEST, opened

Bytes = bytes | bytearray | memoryview


def sha256(content: Bytes | str) -> str:
    """Of bytes, or of a text in UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def of_parts(parts: Iterable[Bytes | str]) -> str:
    """Of all of them in a row, never held together."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() if isinstance(part, str) else part)
    return total.hexdigest()


def of_file(path: Path, most: int = LARGEST, *, follow: bool = True) -> str:
    """Of an ordinary file. Raises OSError, as `opened`."""
    with opened(path, most=most, follow=follow) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
