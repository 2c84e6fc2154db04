"""The bubblewrap command around the parent process: what a sandbox can see, and nothing else.

Read-only: the system's programs and libraries, Python, the virtualenv, this package, the data set, the folder with the
judge's socket. Writable: two tmpfs with a size cap, and a folder for the kernel's own sockets. Own user, process, network, IPC and host name; no capability.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import autograder
from autograder.common.i18n import N_, _

SCRATCH = "/tmp"
KERAS = "/opt/keras"  # kernels with namespaces of their own bind it from here
RUN = "/run/kernel"
SOCKETS = "/run/sockets"
PACKAGE = "/opt/autograder-package"
SHARED_MEMORY_MB = 128
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types")
_UNSHARE = tuple(f"--unshare-{kind}" for kind in ("user", "pid", "net", "ipc", "uts", "cgroup-try"))
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
    return _(
        "bubblewrap can't make a sandbox here ({problem}). {remedy} Inside Docker, the container "
        "needs --security-opt seccomp=unconfined --security-opt systempaths=unconfined (or "
        "--privileged). Otherwise choose `isolation: none` in course.yml (or --isolation none) if "
        "you trust every submission.",
        problem=problem,
        remedy=_remedy(),
    )


def _attempt(start: list[str]) -> str:
    """Make a small sandbox: '' or the last line of the error."""
    command = [*start, *_UNSHARE, "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    command += [*_system(), "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/env", "true"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
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
        return _("This system forbids user namespaces: as root, run `{found}`.", found="` and `".join(found))
    return _("User namespaces seem to be forbidden: see kernel.unprivileged_userns_clone and AppArmor's userns rules.")


def _system() -> list[str]:
    arguments = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            arguments += ["--ro-bind", name, name]
    for name in _ETC:
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return arguments


def _python() -> list[str]:
    """Python's own folders, outermost first, and the package when it lies outside of them (an editable install)."""
    arguments: list[str] = []
    seen: list[Path] = [Path("/usr")]
    prefixes = {Path(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix)}
    prefixes |= {Path(sys.executable).resolve().parent.parent}
    for prefix in sorted(prefixes, key=lambda path: len(path.parts)):
        if not any(prefix.is_relative_to(other) for other in seen):
            arguments += ["--ro-bind", str(prefix), str(prefix)]
            seen.append(prefix)
    package = Path(autograder.__file__).resolve().parent
    arguments += ["--ro-bind", str(package), f"{PACKAGE}/autograder"]
    return arguments


def environment() -> dict[str, str]:
    """All of the parent's environment. A kernel's own is made from it (host.py)."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": PACKAGE,
        "HOME": f"{SCRATCH}/home",
        "KERAS_HOME": f"{SCRATCH}/.keras",
        "TMPDIR": SCRATCH,
        "USER": "student",
    }


def command(
    *, run: Path, sockets: Path, data: Path, identity: Path, scratch_mb: int, env: dict[str, str], lifeline: bool
) -> list[str]:
    """bwrap and its arguments, to be followed by the program. `identity` holds made-up passwd and group files.

    Nothing outside the two tmpfs and `sockets` can be written: not even the root, /dev and /etc made for the sandbox.
    """
    arguments = [*as_user(shutil.which("bwrap") or "bwrap"), *_UNSHARE]
    arguments += ["--new-session", "--cap-drop", "ALL", "--clearenv"]
    if lifeline:
        arguments += ["--die-with-parent"]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    arguments += _system()
    for name in ("passwd", "group", "nsswitch.conf"):
        arguments += ["--ro-bind", str(identity / name), f"/etc/{name}"]
    arguments += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    arguments += ["--perms", "1777", "--size", str(SHARED_MEMORY_MB << 20), "--tmpfs", "/dev/shm"]
    arguments += ["--perms", "1777", "--size", str(scratch_mb << 20), "--tmpfs", SCRATCH]
    # Keras writes to $KERAS_HOME or, where it can't, to /tmp/.keras: so that is where it finds the data set, in a
    # read-only folder that no kernel can move away or swap for another.
    for keras in (KERAS, f"{SCRATCH}/.keras"):
        target = f"{keras}/datasets/fashion-mnist"
        arguments += ["--size", "1048576", "--tmpfs", keras, "--ro-bind", str(data), target, "--remount-ro", keras]
    arguments += _python()  # after /tmp: a virtualenv may lie in there
    arguments += ["--ro-bind", str(run), RUN, "--bind", str(sockets), SOCKETS]
    arguments += ["--chdir", SCRATCH, "--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in env.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--"]
