"""A submitted notebook: whose, for which assignment, where the file lies, and what was in it when it was read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.common.digests import of_file, sha256

MAX_BYTES = 200 << 20  # far above what `read` accepts: a larger file is not even hashed


@dataclass(frozen=True)
class Submission:
    """A submitted notebook: `path` is ``submitted/<student>/<assignment>/<assignment>.ipynb``."""

    student: str
    assignment: str
    path: Path

    def digest(self) -> str:
        """SHA-256 of the file as it is now; '' when there is no regular file of a size worth reading."""
        try:
            return of_file(self.path, MAX_BYTES, follow=False)
        except OSError:
            return ""


@dataclass(frozen=True)
class SubmissionFile:
    """A submission and the bytes of its file, read once: whoever grades, keeps or compares it uses these."""

    submission: Submission
    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `content`, hashed once."""
        return sha256(self.content)
