"""A submitted notebook: whose, for which assignment, and where the file lies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 200 << 20  # far above what `read` accepts: a larger file is not even hashed


@dataclass(frozen=True)
class Submission:
    """A submitted notebook: `path` is ``submitted/<student>/<assignment>/<assignment>.ipynb``."""

    student: str
    assignment: str
    path: Path

    def digest(self) -> str:
        """SHA-256 of the file; '' when there is no regular file of a size worth reading."""
        try:
            if self.path.is_symlink() or not self.path.is_file() or self.path.stat().st_size > MAX_BYTES:
                return ""
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return ""
