"""The few system calls that Python's standard library lacks: prctl, namespaces, mounts, capabilities, seccomp.

Only Linux has them. Everything raises OSError with the kernel's reason; nothing here decides what to do about it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct

from autograder.sandbox.inside import system_calls

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def prctl(option: int, value: int, pointer: ctypes.c_void_p | None = None) -> None:
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(option, ctypes.c_ulong(value), pointer or zero, zero, zero), f"prctl({option})")


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def raise_loopback() -> None:
    """Let a network of one's own have 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _checked(result, f"mount {target}")


def drop_capabilities() -> None:
    """Give up every capability of this thread, and the possibility of ever getting one back."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # EPERM: there are none to drop; EINVAL: past the last one
    header = struct.pack("=Ii", 0x20080522, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def filter_system_calls() -> None:
    """Install the filter for this thread and all that it starts. On other processors than x86_64 and ARM: nothing."""
    if platform.machine() not in system_calls.ARCHITECTURES:
        return
    program = system_calls.program(platform.machine())
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    pointer = ctypes.create_string_buffer(head, len(head))
    prctl(PR_SET_SECCOMP, 2, ctypes.cast(pointer, ctypes.c_void_p))
