"""The bubblewrap command around the parent process: what a sandbox can see, and nothing else.

Which folders of the system, of Python and of this package, bound_folders.py says. Read-only: these, the data set, the folder with the judge's socket. Writable: two tmpfs with a size cap, and a folder for the kernel's own sockets. Own user, process, network, IPC and host name; no capability.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.common.i18n import N_, _
from autograder.sandbox import bound_folders
from autograder.sandbox.inside.child import SHARED_MEMORY_MB

SCRATCH = "/tmp"
KERAS = "/opt/keras"  # kernels with namespaces of their own bind it from here
UNSEEN = "/opt/unseen"
RUN = "/run/kernel"
SOCKETS = "/run/sockets"
IDENTITY = ("passwd", "group", "nsswitch.conf")
_UNSHARE = tuple(f"--unshare-{kind}" for kind in ("user", "pid", "net", "ipc", "uts", "cgroup-try"))
VERSION = "0.7"  # the first with --size
_UNKNOWN = "Unknown option"
INSTALL = N_("Install it (Debian, Ubuntu: `apt-get install bubblewrap`)")
OR_NONE = N_("or choose `isolation: none` in course.yml (or --isolation none) if you trust every submission.")


@functools.cache
def available() -> str:
    """'' when bubblewrap works here, or why it doesn't, with the remedies."""
    if platform.system() != "Linux":
        return _(
            "bubblewrap needs Linux, and this is {system}. Use Linux, WSL2 or a container, {otherwise}",
            system=platform.system(),
            otherwise=_(OR_NONE),
        )
    program = shutil.which("bwrap")
    if program is None:
        return _(
            "bubblewrap (bwrap) is not installed. {install}, {otherwise}", install=_(INSTALL), otherwise=_(OR_NONE)
        )
    problem = _attempt(as_user(program))
    if not problem:
        return ""
    if _UNKNOWN in problem:
        return _(
            "This bubblewrap ({program}) is too old ({problem}): version {version} or newer is needed. Install a newer one, {otherwise}",
            program=program, problem=problem, version=VERSION, otherwise=_(OR_NONE),
        )  # fmt: skip
    return _(
        "bubblewrap can't make a sandbox here ({problem}). {remedy} Inside Docker, the container "
        "needs --security-opt seccomp=unconfined --security-opt systempaths=unconfined (or "
        "--privileged). Otherwise choose `isolation: none` in course.yml (or --isolation none) if "
        "you trust every submission.",
        problem=problem,
        remedy=_remedy(),
    )


def attempt(entry: int) -> str:
    """Make a sandbox, and let a process in there step into the control group of that entry: '' or the last line of the error."""
    return _attempt(as_user(shutil.which("bwrap") or "bwrap"), entry)


def _attempt(start: list[str], entry: int | None = None) -> str:
    """Make a sandbox with the options of every other one, and look from in there at what a kernel needs: '' or the last line of the error."""
    work = "import autograder.sandbox.inside.child" + (f", os; os.write({entry}, b'0')" if entry is not None else "")
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        empty = Path(folder)
        for name in IDENTITY:
            (empty / name).touch()
        around = command(
            run=empty,
            sockets=empty,
            data={"datasets/tried": empty / IDENTITY[0]},
            identity=empty,
            scratch_mb=1,
            env=environment(),
            lifeline=True,
            start=start,
        )
        passed = () if entry is None else (entry,)
        try:
            result = subprocess.run(
                [*around, sys.executable, "-S", "-c", work], capture_output=True, text=True, timeout=20, check=False,
                pass_fds=passed,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if result.returncode == 0:
        return ""
    return (result.stderr.strip().splitlines() or [_("exit code {returncode}", returncode=result.returncode)])[-1]


@functools.cache
def as_user(program: str) -> list[str]:
    """How to start bwrap so that the sandbox isn't root to the host, wherever that is possible.

    A container's root may lack the right to mount; it is not the host's root then, and bwrap is started directly.
    """
    if os.geteuid() != 0:
        return [program]
    through = [sys.executable, "-m", "autograder.sandbox.unroot", program]
    return [program] if _attempt(through) and not _attempt([program]) else through


def leaves_root() -> bool:
    """Does the sandbox run as another user than the worker?"""
    return len(as_user(shutil.which("bwrap") or "bwrap")) > 1


def _remedy() -> str:
    """The switches of this system that are known to forbid user namespaces."""
    switches = {
        "kernel.unprivileged_userns_clone": ("0", "1"),
        "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
        "user.max_user_namespaces": ("0", "10000"),
    }
    found = []
    for name, (bad, good) in switches.items():
        file = Path("/proc/sys") / name.replace(".", "/")
        if file.is_file() and file.read_text().strip() == bad:
            found.append(f"sysctl -w {name}={good}")
    if found:
        return _("This system forbids user namespaces: as root, run `{found}`.", found="`, `".join(found))
    return _("User namespaces seem to be forbidden: see kernel.unprivileged_userns_clone and AppArmor's userns rules.")


def environment() -> dict[str, str]:
    """All of the parent's environment. A kernel's own is made from it (host.py)."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": bound_folders.PACKAGE,
        "HOME": f"{SCRATCH}/home",
        "KERAS_HOME": f"{SCRATCH}/.keras",
        "TMPDIR": SCRATCH,
        "USER": "student",
    }


def command(
    *,
    run: Path,
    sockets: Path,
    data: Mapping[str, Path],
    identity: Path,
    scratch_mb: int,
    env: dict[str, str],
    lifeline: bool,
    start: Sequence[str] = (),
) -> list[str]:
    """bwrap and its arguments, to be followed by the program: nothing outside the two tmpfs and `sockets` can be written, not even the
    root, /dev and /etc made for the sandbox. `data`: files by their place in Keras's home. `identity` holds made-up passwd and group files.
    `start`: how bwrap is started, by default `as_user`.
    """
    arguments = [*_UNSHARE, "--new-session", "--cap-drop", "ALL", "--clearenv"]
    if lifeline:
        arguments += ["--die-with-parent"]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    arguments += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    # Linux lets a kernel mount a /proc of its own (child.py) only where a whole one is mounted: here, where nobody gets in.
    arguments += ["--perms", "0000", "--dir", UNSEEN, "--proc", f"{UNSEEN}/proc"]
    arguments += ["--perms", "1777", "--size", str(SHARED_MEMORY_MB << 20), "--tmpfs", "/dev/shm"]
    arguments += ["--perms", "1777", "--size", str(scratch_mb << 20), "--tmpfs", SCRATCH]
    # Keras writes to $KERAS_HOME or, where it can't, to /tmp/.keras: so that is where it finds the data set, in a
    # read-only folder that no kernel can move away or swap for another.
    for keras in (KERAS, f"{SCRATCH}/.keras"):
        arguments += ["--size", "1048576", "--tmpfs", keras]
        arguments += [word for name, file in data.items() for word in ("--ro-bind", str(file), f"{keras}/{name}")]
        arguments += ["--remount-ro", keras]
    arguments += bound_folders.arguments(SCRATCH)  # after /tmp: a virtualenv may lie in there
    for name in IDENTITY:
        arguments += ["--ro-bind", str(identity / name), f"/etc/{name}"]
    arguments += ["--ro-bind", str(run), RUN, "--bind", str(sockets), SOCKETS]
    arguments += ["--chdir", SCRATCH, "--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in env.items():
        arguments += ["--setenv", name, value]
    return [*(start or as_user(shutil.which("bwrap") or "bwrap")), *arguments, "--"]
