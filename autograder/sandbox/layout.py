"""Where things lie for the parent and its kernels, and the command that starts the parent, for either isolation."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import autograder
from autograder.common.data import data_sets
from autograder.common.errors import SandboxError
from autograder.common.i18n import _
from autograder.course.course import Isolation, Limits
from autograder.sandbox import bound_folders, bubblewrap, cgroups, unroot

# One thread for BLAS: its pools don't survive a fork. The rest is for quiet and equal numbers everywhere.
_FIXED = {
    "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
}  # fmt: skip
_IDENTITY = {
    "passwd": "student:x:1000:1000:student:/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "group": "student:x:1000:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


class Layout:
    """The folders of one sandbox below `private`, a folder of the worker's own."""

    def __init__(
        self, isolation: Isolation, private: Path, images: Sequence[str | Path], extra: Mapping[str, str]
    ) -> None:
        self.walled = isolation == "bubblewrap"
        self.isolation = isolation
        self.private = private
        self.run = private / "run"  # for the judge's socket; kernels can't write here
        self.sockets = private / "sockets"  # for the kernels' own
        self.scratch = private / "scratch"  # without bubblewrap only
        self._images = tuple(images)
        self._extra = dict(extra)
        for folder in (self.run, self.sockets, self.scratch):
            folder.mkdir()
            folder.chmod(0o755)  # kernels may be another user, whatever the umask is of who grades

    def inside(self, folder: Path) -> str:
        """`run` or `sockets` as kernels see it."""
        if not self.walled:
            return str(folder)
        return bubblewrap.RUN if folder == self.run else bubblewrap.SOCKETS

    def environment(self) -> dict[str, str]:
        """All of the parent's environment, nothing of the worker's but where programs are."""
        if self.walled:
            place = bubblewrap.environment()
        else:
            keras = self.private / "keras"
            for name, file in self._files().items():
                if not (keras / name).exists():
                    (keras / name).parent.mkdir(parents=True, exist_ok=True)
                    (keras / name).symlink_to(file)
            paths = [str(Path(autograder.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
            place = {
                "PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                "HOME": str(self.scratch / "home"), "TMPDIR": str(self.scratch), "KERAS_HOME": str(keras),
            }  # fmt: skip
        return {**_FIXED, **place, "MPLCONFIGDIR": f"{place['HOME']}/.matplotlib", **self._extra}

    def _files(self) -> dict[str, Path]:
        """Of the data sets, by their place below Keras's home."""
        return data_sets.places(*self._images)

    def group(self, limits: Limits) -> cgroups.Group | None:
        """A control group for the kernels, where there can be one; without it they are watched alone (inside/resource_watch.py)."""
        above, _why = cgroups.usable() if self.walled else (None, "")
        try:
            return cgroups.Group(above, limits) if above is not None else None
        except OSError as error:
            raise SandboxError(
                _("a control group can't be made in {folder} ({error})", folder=above, error=error)
            ) from error

    def command(self, channel: int, scratch_mb: int, choices: Mapping[str, Any]) -> list[str]:
        """The parent's command line. Raises SandboxError where it can't be walled in."""
        settings = {
            "channel": channel, "isolation": self.isolation, "images": [data_sets.called(one) for one in self._images], **choices,
            "scratch": bubblewrap.SCRATCH if self.walled else str(self.scratch),
            "sockets": self.inside(self.sockets), "keras": bubblewrap.KERAS if self.walled else "",
        }  # fmt: skip
        program = [sys.executable, "-m", "autograder.sandbox.inside.parent", json.dumps(settings)]
        if not self.walled:
            return program
        problem = bubblewrap.available()
        if problem:
            raise SandboxError(_("student code can't be isolated here"), problem)
        # Where workers unpack courses and submissions.
        bound_folders.keep_apart([self.private, Path(tempfile.gettempdir())])
        if bubblewrap.leaves_root():
            os.chown(self.sockets, unroot.USER, unroot.USER)
        identity = self.private / "etc"
        identity.mkdir(exist_ok=True)
        identity.chmod(0o755)
        for name, text in _IDENTITY.items():
            (identity / name).write_text(text)
            (identity / name).chmod(0o644)
        # The lifeline is tied to the thread that starts bwrap, not to the process: only the main thread lasts.
        lifeline = threading.current_thread() is threading.main_thread()
        around = bubblewrap.command(
            run=self.run, sockets=self.sockets, data=self._files(), identity=identity,
            scratch_mb=scratch_mb, env=self.environment(), lifeline=lifeline,
        )  # fmt: skip
        return around + program

    def clear(self) -> None:
        """Remove what kernels wrote into the host's folders."""
        for folder in (self.sockets, self.scratch):
            for entry in folder.iterdir() if folder.exists() else ():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)
