"""What a sandbox sees of the machine: looked at from inside, with the real bubblewrap, but without a parent and its kernels."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograder
from autograder.common.errors import SandboxError
from autograder.sandbox import bound_folders, bubblewrap


def looked(folder: Path, code: str) -> str:
    """What `code` prints in a sandbox with every mount."""
    empty = folder / "empty"
    empty.mkdir()
    for name in bubblewrap.IDENTITY:
        (empty / name).touch()
    command = bubblewrap.command(
        run=empty, sockets=empty, data={}, identity=empty, scratch_mb=8, env=bubblewrap.environment(), lifeline=False
    )
    done = subprocess.run([*command, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bound() -> list[Path]:
    return [path for path, link in bound_folders.folders().items() if link is None]


# ---- this package


@pytest.mark.parametrize("place", ["lib/python3.11/site-packages", "lib/python3/dist-packages", "lib"])
def test_a_package_that_is_installed_where_python_is_is_hidden_there(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a wheel in the virtual environment, or in the Python below it."""
    installed = tmp_path / "python" / place / "autograder"
    shutil.copytree(Path(autograder.__file__).parent, installed)
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path / "python"))
    if place == "lib":  # found by where the running package is
        monkeypatch.setattr(autograder, "__file__", str(installed / "__init__.py"))
    code = f"import os, autograder.common.data.base; print(os.listdir({str(installed)!r}), autograder.__file__)"
    assert looked(tmp_path, code) == "[] /opt/autograder-package/autograder/__init__.py"


# ---- a course that lies where Python or the system is


def test_no_prefix_is_bound_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither /usr nor what Python calls its prefix, which may be ``/`` (/bin/python3) or a home directory (--prefix=$HOME)."""
    monkeypatch.setattr(sys, "base_prefix", "/")
    monkeypatch.setattr(sys, "base_exec_prefix", str(Path.home()))
    whole = {
        Path("/"),
        Path("/usr"),
        Path("/usr/local"),
        Path("/usr/share"),
        Path("/home"),
        Path("/root"),
        Path.home(),
        Path(sys.prefix),
    }
    assert not whole & set(bound_folders.folders())


def test_what_is_kept_beside_the_programs_of_a_prefix_is_not_in_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment made in the course's folder; /usr/src/app with the Python of /usr/local is of the same kind."""
    course = tmp_path / "course"
    for part in ("bin", "lib", "share/fonts", "solutions", "submitted/ada", "share/course"):
        (course / part).mkdir(parents=True)
    for file in ("course.yml", "gradebook.db", "pyvenv.cfg"):
        (course / file).touch()
    monkeypatch.setattr(sys, "base_exec_prefix", str(course))
    bound_folders.keep_apart([course, course / "solutions", course / "submitted", course / "gradebook.db"])
    code = (
        f"import os\nprint(sorted(os.listdir({str(course)!r})), os.listdir({str(course / 'share')!r}), os.listdir('/usr'))\n"
        f"for path in ('/tmp/written', '{course}/written', '{course}/bin/written', '{tmp_path}/written'):\n"
        "    try: open(path, 'w').close(); print(path)\n"
        "    except OSError: pass"
    )
    seen, *written = looked(tmp_path, code).splitlines()
    assert seen.startswith("['bin', 'lib', 'pyvenv.cfg', 'share'] ['fonts'] ") and "src" not in seen
    assert written == ["/tmp/written", *([f"{tmp_path}/written"] if tmp_path.is_relative_to("/tmp") else [])]


@pytest.mark.parametrize("place", ["{}", "{}/course", "{}/deep/below/course", "{}/../{name}/course"])
def test_a_course_below_anything_that_is_bound_is_refused(place: str) -> None:
    for folder in filter(Path.is_dir, bound()):
        course = Path(place.format(folder, name=folder.name))
        with pytest.raises(SandboxError, match="can be read by every notebook") as caught:
            bound_folders.keep_apart([Path("/nowhere"), course])
        assert "Move it out of" in caught.value.remedy


def test_a_link_to_what_is_bound_is_refused_and_what_only_looks_alike_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "lib"
    library.mkdir()
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path))
    (tmp_path / "submitted").symlink_to(library / "submitted")
    bound_folders.keep_apart(
        [tmp_path, tmp_path / "library", tmp_path / "lib2", Path("/usr/src/app"), Path("/usr/libelle")]
    )
    with pytest.raises(SandboxError):
        bound_folders.keep_apart([tmp_path / "submitted"])


def test_a_worker_whose_own_files_would_be_in_sight_starts_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.sandbox.host import Sandbox
    from tests.sandbox.conftest import LIMITS

    (tmp_path / "lib" / "tmp").mkdir(parents=True)
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "lib" / "tmp"))
    with Sandbox("bubblewrap", LIMITS) as sandbox, pytest.raises(SandboxError, match="can be read by every notebook"):
        sandbox.start()
