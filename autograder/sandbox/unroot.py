"""Start bubblewrap as an ordinary user when the worker is root: ``python -m autograder.sandbox.unroot bwrap ARGUMENTS``.

A sandbox started by root is root to the host: its files in /proc/sys can be written (so the machine can be taken over
through kernel.core_pattern), and RLIMIT_NPROC does not bind it. Another user can't read root's folders, though, where
Python and the virtualenv may lie. So: in a mount namespace of our own, bind each folder that the sandbox shall see
to a place that everybody can reach, point bwrap's arguments there, become `USER`, and only then run bwrap.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

USER = 60739  # belongs to nobody: above ordinary users, below systemd's dynamic ones
_STAGES = ("/mnt", "/media", "/srv", "/opt")
_BINDS = {"--bind", "--ro-bind", "--ro-bind-try"}
_OPEN = ("/usr", "/etc", "/bin", "/lib", "/sbin", "/proc")  # readable by all as they are


def staged(arguments: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """`arguments` with the sources of binds replaced, and the (source, place) pairs to be bound for it."""
    result = list(arguments)
    pairs: list[tuple[str, str]] = []
    for position, argument in enumerate(arguments):
        if argument in _BINDS and not any(map(Path(arguments[position + 1]).is_relative_to, _OPEN)):
            pairs.append((arguments[position + 1], str(len(pairs))))
            result[position + 1] = pairs[-1][1]
    return result, pairs


def _stage(pairs: list[tuple[str, str]]) -> str:
    from autograder.sandbox.inside import linux

    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    handles = [(os.open(source, os.O_PATH), name) for source, name in pairs]  # before anything is mounted over them
    stage = next(folder for folder in _STAGES if Path(folder).is_dir())
    linux.mount("tmpfs", stage, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    for handle, name in handles:
        target = Path(stage) / name
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            target.mkdir()
        else:
            target.touch()
        linux.mount(f"/proc/self/fd/{handle}", str(target), "", linux.MS_BIND | linux.MS_REC)
        os.close(handle)
    return stage


def main() -> None:
    command = sys.argv[1:]
    end = command.index("--") if "--" in command else len(command)
    arguments, pairs = staged(command[:end])
    stage = _stage(pairs)
    for position, argument in enumerate(command[:end]):
        if arguments[position] != argument:
            arguments[position] = f"{stage}/{arguments[position]}"
    os.chdir("/")
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.execv(command[0], [*arguments, *command[end:]])


if __name__ == "__main__":
    main()
