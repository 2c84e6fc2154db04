"""What is made from the code and stands in the repository beside it, so that a commit may forget to make it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools import messages, reference


def stale(root: Path) -> Iterator[str]:
    """Each document of the repository that is not what the code makes now, as ``file: what to do``."""
    for command, made in (("make messages", messages.documents()), ("make docs", reference.documents())):
        for path, content in made.items():
            if not path.is_file() or path.read_bytes() != content:
                yield f"{path.relative_to(root)}: not what the code says now: run `{command}`"
