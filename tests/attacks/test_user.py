"""The same attacks with an ordinary user as the worker: the walls must not depend on root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.common.data import data_sets
from tests.conftest import ROOT

USER = 60111  # belongs to nobody
SUBSET = (
    "fork bomb", "files: solutions", "parent: memory", "things left for the next", "things looked for",
    "disk filled", "SIGKILL to everybody", "forged provenance: trainings claimed", "after all of them an honest notebook is graded as before",
)  # fmt: skip


def make_reachable(paths: list[Path]) -> None:
    """In a mount namespace of our own: whatever folder of root's hides Python from others is replaced by one that doesn't."""
    from autograder.sandbox.inside import linux

    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    for path in paths:
        hidden = next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)
        if hidden is None:
            continue
        handle = os.open(path, os.O_PATH)
        linux.mount("tmpfs", str(hidden), "tmpfs", 0, "mode=755")
        path.mkdir(parents=True)
        linux.mount(f"/proc/self/fd/{handle}", str(path), "", linux.MS_BIND | linux.MS_REC)
        os.close(handle)


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is an ordinary user's already")
@pytest.mark.slow
def test_the_attacks_earn_nothing_where_the_worker_is_an_ordinary_user() -> None:
    folder = Path(tempfile.mkdtemp(prefix="attacks-"))
    try:
        for name in ("autograder", "tests", "solutions", "assignments"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("course.yml", "nbgrader_config.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(data_sets.source().find(), folder / "keras" / "datasets" / "fashion-mnist")
        for name in ("memo", "tmp"):
            (folder / name).mkdir()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER, USER)
        prefixes = sorted(
            {Path(sys.base_prefix).resolve(), Path(sys.executable).resolve().parents[1], Path(sys.prefix).resolve()}
        )

        def become_user() -> None:
            make_reachable(prefixes)
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)

        chosen = " or ".join(
            f"({' and '.join(word for word in name.replace(':', '').replace(',', '').split())})" for name in SUBSET
        )
        environment = {
            "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "KERAS_HOME": str(folder / "keras"),
            "AUTOGRADER_MEMO": str(folder / "memo"), "TMPDIR": str(folder / "tmp"), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "tests/attacks/test_attacks.py",
            "-k",
            chosen,
        ]
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            preexec_fn=become_user,
            capture_output=True,
            text=True,
            timeout=850,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-4000:], done.stderr[-2000:])
        assert f"{len(SUBSET)} passed" in done.stdout, done.stdout[-500:]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
