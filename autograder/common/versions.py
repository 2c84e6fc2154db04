"""What determines numbers and is not ours: the versions of the libraries, and this package's own."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def versions() -> tuple[str, ...]:
    from importlib.metadata import version

    return tuple(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))


@lru_cache(maxsize=1)
def package() -> str:
    """SHA-256 of this package's own source: two machines with the same one judge alike."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for kind in ("py", "po", "mo") for path in root.rglob(f"*.{kind}")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() + os.linesep.encode())
    return digest.hexdigest()
