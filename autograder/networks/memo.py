"""The same training once: results of `Trainer.fit` on disk, by the digest of everything that determines them.

Only judges write here. An entry is written to a temporary file and renamed, carries its own checksum, and is computed by one
process while others that want it wait. A damaged entry is thrown away and trained again, which is logged.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.networks.train import FitResult

log = logging.getLogger(__name__)
DEFAULT_LIMIT = 2 << 30  # bytes


def default_folder() -> Path:
    root = (
        os.environ.get("AUTOGRADER_MEMO")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autograder" / "memo"
    )
    return Path(root)


@dataclass
class Memo:
    """`folder` None: nothing is kept between processes, only in this one."""

    folder: Path | None
    limit: int = DEFAULT_LIMIT
    hits: int = 0
    misses: int = 0

    def __post_init__(self) -> None:
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                log.warning("nothing will be kept: %s", error)
                self.folder = None

    def fit(self, key: str, train: Callable[[], FitResult]) -> FitResult:
        """The result under `key`, from disk or by training now."""
        if self.folder is None:
            self.misses += 1
            return train()
        found = self._read(key)
        if found is None:
            with self._alone(key):
                found = self._read(key)  # another worker may have made it while this one waited
                if found is None:
                    self.misses += 1
                    found = train()
                    self._write(key, found)
                    return found
        self.hits += 1
        return found

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.fit"

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        import fcntl  # not on Windows, where a notebook's check() works all the same

        path = self._path(key).with_suffix(".lock")
        try:
            stream = path.open("w")
        except OSError as error:  # a full disk or a lost folder: train all the same
            log.warning("memo can't be locked: %s", error)
            yield
            return
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # released by the system if this process dies
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def _read(self, key: str) -> FitResult | None:
        path = self._path(key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        if len(raw) < 32 or hashlib.sha256(raw[32:]).digest() != raw[:32]:
            log.warning("memo entry %s is damaged: training again", path.name)
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # another worker may have removed it by now
            os.utime(path)  # least recently used goes first
        with np.load(io.BytesIO(raw[32:]), allow_pickle=False) as arrays:
            counts = [int(n) for n in arrays["counts"]]
            stored = [arrays[f"a{number}"] for number in range(sum(counts))]
            history = json.loads(arrays["history"].tobytes().decode())
        return FitResult(tuple(stored[: counts[0]]), tuple(stored[counts[0] :]), history)

    def _write(self, key: str, result: FitResult) -> None:
        buffer = io.BytesIO()
        arrays = {f"a{number}": array for number, array in enumerate((*result.weights, *result.optimizer_state))}
        np.savez(
            buffer,
            counts=np.array([len(result.weights), len(result.optimizer_state)]),
            history=np.frombuffer(json.dumps(result.history).encode(), np.uint8),
            **arrays,  # type: ignore[arg-type]
        )
        body = buffer.getvalue()
        part = self._path(key).with_suffix(f".{os.getpid()}.part")
        try:
            part.write_bytes(hashlib.sha256(body).digest() + body)
            part.replace(self._path(key))
        except OSError as error:  # a full disk must not cost a student anything
            log.warning("memo entry could not be written: %s", error)
            part.unlink(missing_ok=True)
        self._evict()

    def entries(self) -> list[tuple[Path, int, float]]:
        """(path, bytes, time of last use), least recently used first."""
        found = []
        for path in self.folder.glob("*.fit") if self.folder else ():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((path, status.st_size, status.st_mtime))
        return sorted(found, key=lambda entry: (entry[2], entry[0].name))

    def _evict(self) -> None:
        entries = self.entries()
        total = sum(size for _, size, _ in entries)
        for part in self.folder.glob("*.part") if self.folder else ():
            with suppress(OSError):  # of a judge that was killed while it wrote
                if time.time() - part.stat().st_mtime > 3600:
                    part.unlink()
        for path, size, _ in entries:
            if total <= self.limit:
                break
            path.unlink(missing_ok=True)
            total -= size

    def clear(self) -> int:
        """Remove all entries; how many there were."""
        entries = self.entries()
        for path, _, _ in entries:
            path.unlink(missing_ok=True)
        return len(entries)
