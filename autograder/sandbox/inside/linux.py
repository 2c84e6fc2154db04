"""The few system calls that Python's standard library lacks: prctl, namespaces, mounts, capabilities, seccomp.

Only Linux has them. Everything raises OSError with the kernel's reason; nothing here decides what to do about it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_FILES = 0x00000400
CLONE_THREAD = 0x00010000
_ANY_NAMESPACE = 0x7E020000  # ns, cgroup, uts, ipc, user, pid, net

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18

# System calls that a student's notebook never needs, as (x86_64, aarch64) numbers. Four sorts: those that hold memory
# which no process's size shows (memfd, System V and POSIX queues, pages in pipes, rules of Landlock, a tmpfs in a namespace of
# one's own), those that use up what all programs of a user or of the machine share (watches of inotify, contexts of AIO),
# those that reach into other processes or show what the machine did, and those with a record of kernel bugs.
_DENIED: dict[str, tuple[int, int | None]] = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "io_setup": (206, 0),
    "vmsplice": (278, 75), "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445), "syslog": (103, 116), "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273),
}  # fmt: skip
# Families of sockets: of this machine only, and of the network that the sandbox has none of. Others belong to no network
# namespace (VSOCK reaches the hypervisor), or to modules with a record of bugs (ALG, PACKET, TIPC, CAN ...).
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
_SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
_CLONE = (56, 220)
_CLONE3 = 435
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

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


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def filter_program(machine: str) -> bytes:
    """The seccomp filter as classic BPF: all is allowed but `_DENIED`, new namespaces, threads that share no files and sockets of other `FAMILIES`."""
    column, architecture = _ARCHITECTURES[machine]
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill = _instruction(answer, 0x7FFF0000), _instruction(answer, 0x80000000)
    refuse, missing = _instruction(answer, 0x00050000 | errno.EPERM), _instruction(answer, 0x00050000 | errno.ENOSYS)
    program = [_instruction(load, 4), _instruction(equal, architecture, 1, 0), kill, _instruction(load, 0)]
    # On x86_64 a number with bit 30 set is the x32 call of another table.
    program += [_instruction(at_least, 0x40000000, 0, 1), missing]
    # clone3 passes its flags in memory, which a filter can't read; without it, the C library uses clone.
    program += [_instruction(equal, _CLONE3, 0, 1), missing]
    for numbers in _DENIED.values():
        if (number := numbers[column]) is not None:
            program += [_instruction(equal, number, 0, 1), refuse]
    # Its first argument is the family, in the low half of 64 bits, which is all that the kernel looks at.
    check = [_instruction(load, 16)]
    check += [_instruction(equal, family, len(FAMILIES) - place, 0) for place, family in enumerate(FAMILIES.values())]
    check += [_instruction(answer, 0x00050000 | errno.EAFNOSUPPORT), allow]
    for numbers in _SOCKETS.values():
        program += [_instruction(equal, numbers[column], 0, len(check)), *check]
    program += [
        _instruction(equal, _CLONE[column], 0, 5),
        _instruction(load, 16),
        _instruction(any_bit, _ANY_NAMESPACE, 2, 0),
    ]
    # A thread with descriptors of its own would hold sockets that nobody counts.
    program += [_instruction(any_bit, CLONE_THREAD, 0, 2), _instruction(any_bit, CLONE_FILES, 1, 0), refuse, allow]
    return b"".join(program)


def filter_system_calls() -> None:
    """Install the filter for this thread and all that it starts. On other processors than x86_64 and ARM: nothing."""
    if platform.machine() not in _ARCHITECTURES:
        return
    program = filter_program(platform.machine())
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    pointer = ctypes.create_string_buffer(head, len(head))
    prctl(PR_SET_SECCOMP, 2, ctypes.cast(pointer, ctypes.c_void_p))
