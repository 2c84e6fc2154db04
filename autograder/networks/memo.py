"""The same epoch once: states of trainings and what was measured, on disk, by the digest of everything that determines them (fit_spec.py: `FitSpec.keys`).

A training is the chain of its epochs, each an entry: it goes on from the last epoch that somebody has trained already.
Only judges write here. An entry is written to a temporary file and renamed, carries its own checksum, and is computed by one
process while others that want it wait. A damaged entry is thrown away and trained again, which is logged.
"""

from __future__ import annotations

import io
import json
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from autograder.common.digests import sha256
from autograder.common.files import bytes_of, cache_folder, put
from autograder.networks.fit_spec import FitResult, FitSpec, Measured, Samples, State, measure_key
from autograder.networks.train import Trainer

log = logging.getLogger(__name__)
DEFAULT_LIMIT = 2 << 30  # bytes
LARGE = 16 << 20  # bytes: of states larger than this, only the last of a training is kept
RECENT = 256 << 20  # bytes of states that this process holds


def default_folder() -> Path:
    return Path(os.environ.get("AUTOGRADER_MEMO") or cache_folder() / "memo")


@dataclass
class Memo:
    """`folder` None: nothing is kept between processes, only in this one."""

    folder: Path | None
    limit: int = DEFAULT_LIMIT
    hits: int = 0  # trainings of which every epoch was known
    misses: int = 0  # epochs that had to be trained
    _recent: OrderedDict[str, State] = field(default_factory=OrderedDict, repr=False)
    _held: int = 0
    _written: int = 0

    def __post_init__(self) -> None:
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                os.scandir(self.folder).close()  # it may be somebody else's
            except OSError as error:
                log.warning("nothing will be kept: %s", error)
                self.folder = None

    def fit(self, spec: FitSpec, trainer: Callable[[], Trainer]) -> FitResult:
        """What ``Trainer.fit`` gives: from disk as far as it is known. `trainer` is asked for only when something isn't.

        Raises ValueError when a state doesn't fit the network, CannotTrainHere when told to stop.
        """
        keys, misses = spec.keys(), self.misses
        measured = []
        if spec.validation is None:
            state = self._after(spec, trainer, keys, len(keys))
        else:
            for number in range(len(keys)):  # forwards: each is measured right after it was trained
                measured.append(self._measured(spec, trainer, keys, number, spec.validation))
            state = self._after(spec, trainer, keys, len(keys))
        assert state is not None
        self.hits += self.misses == misses
        return FitResult(state, state.trail[spec.before :], tuple(measured))

    def _after(self, spec: FitSpec, trainer: Callable[[], Trainer], keys: list[str], epochs: int) -> State | None:
        """The state after some `epochs` of `spec`, going on from the last one that is known."""
        known = next((at for at in range(epochs, 0, -1) if self._has(keys[at - 1])), 0)
        state = spec.start

        def train(number: int, start: State | None) -> State:
            if number and start is None:  # what seemed to be known is damaged, or gone by now
                start = self._after(spec, trainer, keys, number)
            self.misses += 1
            return trainer().epoch(spec, number, start, keys[number])

        for number in range(max(0, known - 1), epochs):
            start = state if number != known - 1 else None if number else spec.start
            state = self.state(keys[number], partial(train, number, start), number == len(keys) - 1)
        return state

    def _measured(
        self, spec: FitSpec, trainer: Callable[[], Trainer], keys: list[str], number: int, samples: Samples
    ) -> Measured:
        def measure() -> Measured:
            state = self._after(spec, trainer, keys, number + 1)
            assert state is not None
            return trainer().measure(spec.plan, spec.settings, state.weights, samples)

        return self.measured(measure_key(keys[number], spec.settings, samples), measure)

    def state(self, key: str, make: Callable[[], State], last: bool = True) -> State:
        """The state under `key`, from disk or made now. Large ones are kept only if they are the `last` of a training."""
        return self._get(key, make, lambda state: last or state.nbytes <= LARGE)

    def measured(self, key: str, make: Callable[[], Measured]) -> Measured:
        """What was measured under `key`, from disk or now."""
        return self._get(key, lambda: State(key, trail=(make(),)), lambda _: True).trail[0]

    def find(self, key: str) -> State | None:
        """The state under `key`, if it is known."""
        return self._read(key) if self.folder is not None else None

    def _has(self, key: str) -> bool:
        return (key in self._recent) if self.folder is None else os.path.exists(self._path(key))

    def _get(self, key: str, make: Callable[[], State], worth: Callable[[State], bool]) -> State:
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._recent[key]
        found = None
        if self.folder is None:
            found = make()
        else:
            found = self._read(key)
            if found is None:
                with self._alone(key):
                    found = self._read(key)  # another worker may have made it while this one waited
                    if found is None:
                        found = make()
                        if worth(found):
                            self._write(key, found)
        self._recent[key] = found
        self._held += found.nbytes
        while len(self._recent) > 1 and (self._held > RECENT or len(self._recent) > 1000):
            self._held -= self._recent.popitem(last=False)[1].nbytes
        return found

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.fit"

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        import fcntl  # not on Windows, where a notebook's check() works all the same

        path = self._path(key).with_suffix(".lock")
        try:
            stream = path.open("a+")  # not "w", which waits for the other end of a pipe
        except OSError as error:  # a full disk or a lost folder: train all the same
            log.warning("memo can't be locked: %s", error)
            yield
            return
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # released by the system if this process dies
            try:
                yield
            finally:
                _remove(path)

    def _read(self, key: str) -> State | None:
        path = self._path(key)
        try:
            raw = bytes_of(path)
        except OSError:
            return None
        if len(raw) < 32 or sha256(raw[32:]) != raw[:32].hex():
            log.warning("memo entry %s is damaged: training again", path.name)
            _remove(path)
            return None
        with suppress(OSError):  # another worker may have removed it by now
            os.utime(path)  # least recently used goes first
        with np.load(io.BytesIO(raw[32:]), allow_pickle=False) as arrays:
            document = json.loads(arrays["document"].tobytes().decode())
            stored = iter([arrays[f"a{number}"] for number in range(sum(document["counts"]))])
        weights, optimizer_state, seeds, *rest = (tuple(islice(stored, count)) for count in document["counts"])
        trail = tuple(Measured(logs, part) for logs, part in zip(document["logs"], rest, strict=True))
        return State(key, weights, optimizer_state, seeds, trail)

    def _write(self, key: str, state: State) -> None:
        parts = [state.weights, state.optimizer_state, state.seeds, *(one.variables for one in state.trail)]
        document = {"counts": [len(part) for part in parts], "logs": [one.logs for one in state.trail]}
        arrays = {f"a{number}": array for number, array in enumerate(chain.from_iterable(parts))}
        buffer = io.BytesIO()
        np.savez(buffer, document=np.frombuffer(json.dumps(document).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
        body = buffer.getvalue()
        try:
            put(self._path(key), bytes.fromhex(sha256(body)) + body, swept=True)
        except OSError as error:  # a full disk must not cost a student anything
            log.warning("memo entry could not be written: %s", error)
        self._written += len(body)
        if self._written > self.limit // 64:  # looking at all entries takes longer than writing one
            self._written = 0
            self._evict()

    @property
    def is_new(self) -> bool:
        """Whether its folder holds nothing yet: whatever is asked for first has to be trained."""
        return self.folder is not None and next(self.folder.glob("*.fit"), None) is None

    def entries(self) -> list[tuple[Path, int, float]]:
        """(path, bytes, time of last use), least recently used first."""
        found = []
        for path in self.folder.glob("*.fit") if self.folder else ():
            try:
                status = path.stat()
            except OSError:
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
            _remove(path)
            total -= size

    def clear(self) -> int:
        """Remove all entries; how many there were."""
        entries = self.entries()
        for path, _, _ in entries:
            path.unlink(missing_ok=True)
        return len(entries)


def _remove(path: Path) -> None:
    """Where it can be: what is kept is no condition of anything."""
    with suppress(OSError):
        path.unlink()
