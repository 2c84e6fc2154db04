"""Which system calls a student's kernel and its children may make, and the filter that refuses all others.

The list holds what Python, TensorFlow, the scientific libraries, shells and their tools were seen to ask for, and what default profiles of
container runtimes allow, but for: memory that no process's size shows (memfd, System V and POSIX queues, pages in pipes, Landlock's rules), what all
programs of a user or a machine share (watches of inotify, contexts of AIO, writing out all disks), reaching into other processes,
administration, and what has a record of kernel bugs. Whoever asks for these is told what a user without privileges is told (EPERM); a
call that is newer than this list doesn't exist (ENOSYS), so that the C library falls back on older ones. Nobody is killed for asking.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping

# By name: the numbers on x86_64 and on aarch64, None where it has no such call. tests/sandbox compares them with the system's headers.
ALLOWED: Mapping[str, tuple[int | None, int | None]] = {
    # Files and folders. Not sync and syncfs, which write out what the whole machine holds.
    "open": (2, None), "openat": (257, 56), "openat2": (437, 437), "creat": (85, None), "close": (3, 57),
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "lseek": (8, 62), "sendfile": (40, 71), "copy_file_range": (326, 285), "splice": (275, 76), "tee": (276, 77),
    "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47), "fadvise64": (221, 223),
    "readahead": (187, 213), "fsync": (74, 82), "fdatasync": (75, 83), "sync_file_range": (277, 84),
    "flock": (73, 32), "fcntl": (72, 25), "stat": (4, None), "fstat": (5, 80), "lstat": (6, None),
    "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "getdents": (78, None), "getdents64": (217, 61),
    "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "mkdir": (83, None), "mkdirat": (258, 34),
    "rmdir": (84, None), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "link": (86, None),
    "linkat": (265, 37), "unlink": (87, None), "unlinkat": (263, 35), "symlink": (88, None), "symlinkat": (266, 36),
    "readlink": (89, None), "readlinkat": (267, 78), "mknod": (133, None), "mknodat": (259, 33), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "umask": (95, 166), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "getxattr": (191, 8), "lgetxattr": (192, 9),
    "fgetxattr": (193, 10), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "ioctl": (16, 29),
    # Descriptors, and waiting for them.
    "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59), "poll": (7, None),
    "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "eventfd": (284, None), "eventfd2": (290, 19), "signalfd": (282, None),
    "signalfd4": (289, 74), "timerfd_create": (283, 85), "timerfd_settime": (286, 86), "timerfd_gettime": (287, 87),
    # Memory of the process's own.
    "brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mremap": (25, 216), "mprotect": (10, 226),
    "madvise": (28, 233), "msync": (26, 227), "mincore": (27, 232), "mlock": (149, 228), "mlock2": (325, 284),
    "munlock": (150, 229), "mlockall": (151, 230), "munlockall": (152, 231), "membarrier": (324, 283),
    "pkey_alloc": (330, 289), "pkey_free": (331, 290), "pkey_mprotect": (329, 288), "mseal": (462, 462),
    "map_shadow_stack": (453, 453),
    # Processes and threads.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "exit": (60, 93),
    "exit_group": (231, 94), "wait4": (61, 260), "waitid": (247, 95), "set_tid_address": (218, 96),
    "set_robust_list": (273, 99), "get_robust_list": (274, 100), "rseq": (334, 293), "futex": (202, 98),
    "futex_waitv": (449, 449), "futex_wake": (454, 454), "futex_wait": (455, 455), "futex_requeue": (456, 456),
    "prctl": (157, 167), "arch_prctl": (158, None), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424),
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getpgid": (121, 155), "setpgid": (109, 154),
    "getpgrp": (111, None), "setsid": (112, 157), "getsid": (124, 156), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150),
    "getgroups": (115, 158), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145),
    "setregid": (114, 143), "setresuid": (117, 147), "setresgid": (119, 149), "capget": (125, 90),
    "getrlimit": (97, 163), "setrlimit": (160, 164), "prlimit64": (302, 261), "getrusage": (98, 165),
    "getpriority": (140, 141), "setpriority": (141, 140), "ioprio_get": (252, 31), "ioprio_set": (251, 30),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "sched_setaffinity": (203, 122),
    "sched_getscheduler": (145, 120), "sched_setscheduler": (144, 119), "sched_getparam": (143, 121),
    "sched_setparam": (142, 118), "sched_getattr": (315, 275), "sched_setattr": (314, 274),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "sched_rr_get_interval": (148, 127),
    "getcpu": (309, 168), "uname": (63, 160), "sysinfo": (99, 179), "times": (100, 153), "getrandom": (318, 278),
    "get_mempolicy": (239, 236), "set_mempolicy": (238, 237), "mbind": (237, 235),
    # Signals and time.
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigpending": (127, 136), "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "restart_syscall": (219, 128), "pause": (34, None),
    "alarm": (37, None), "getitimer": (36, 102), "setitimer": (38, 103), "time": (201, None),
    "gettimeofday": (96, 169), "clock_gettime": (228, 113), "clock_getres": (229, 114), "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115), "timer_create": (222, 107), "timer_settime": (223, 110),
    "timer_gettime": (224, 108), "timer_getoverrun": (225, 109), "timer_delete": (226, 111),
    # Sockets that there are.
    "bind": (49, 200), "connect": (42, 203), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    "sendto": (44, 206), "recvfrom": (45, 207), "sendmsg": (46, 211), "recvmsg": (47, 212), "sendmmsg": (307, 269),
    "recvmmsg": (299, 243), "shutdown": (48, 210), "getsockname": (51, 204), "getpeername": (52, 205),
    "setsockopt": (54, 208), "getsockopt": (55, 209),
}  # fmt: skip
NEWEST = 467  # of the calls of Linux 6.17; numbers are the same on all processors since 424
# Families of sockets: of this machine only, and of the network that the sandbox has none of. Others belong to no network
# namespace (VSOCK reaches the hypervisor), or to modules with a record of bugs (ALG, PACKET, TIPC, CAN ...). Protocols, for the same
# reason (SCTP, DCCP, MPTCP are modules): a family's own, ICMP, TCP and UDP.
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
PROTOCOLS = {"default": 0, "ICMP": 1, "TCP": 6, "UDP": 17}
SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
CLONE = (56, 220)
CLONE3 = 435
CLOSE_RANGE = 436
CLOSE_RANGE_UNSHARE = 2
CLONE_FILES = 0x00000400
CLONE_THREAD = 0x00010000
_ANY_NAMESPACE = 0x7E020000  # ns, cgroup, uts, ipc, user, pid, net
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_ARGUMENTS = (16, 24, 32)  # where the low halves of the first three lie: flags and families are 32 bits to Linux


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _error(number: int) -> bytes:
    return _instruction(_ANSWER, 0x00050000 | number)


_ALLOW, _KILL = _instruction(_ANSWER, 0x7FFF0000), _instruction(_ANSWER, 0x80000000)
_REFUSE, _MISSING = _error(errno.EPERM), _error(errno.ENOSYS)


def _when(number: int, *body: bytes) -> list[bytes]:
    """`body`, which ends with an answer, for that call; otherwise the number is still loaded."""
    return [_instruction(_EQUAL, number, 0, len(body)), *body]


def _one_of(argument: int, values: Mapping[str, int], error: int) -> list[bytes]:
    """Go on where that argument is one of `values`, or answer `error`."""
    found = [_instruction(_EQUAL, value, len(values) - place, 0) for place, value in enumerate(values.values())]
    return [_instruction(_LOAD, _ARGUMENTS[argument]), *found, _error(error)]


def program(machine: str) -> bytes:
    """The filter as classic BPF, for seccomp: `ALLOWED` calls, and some others by their arguments."""
    column, architecture = ARCHITECTURES[machine]
    lines = [_instruction(_LOAD, 4), _instruction(_EQUAL, architecture, 1, 0), _KILL, _instruction(_LOAD, 0)]
    # clone3 passes its flags in memory, which a filter can't read; without it, the C library uses clone.
    lines += _when(CLONE3, _MISSING)
    known = [*_one_of(0, FAMILIES, errno.EAFNOSUPPORT), *_one_of(2, PROTOCOLS, errno.EPROTONOSUPPORT), _ALLOW]
    for numbers in SOCKETS.values():
        lines += _when(numbers[column], *known)
    # A thread with descriptors of its own would hold sockets that nobody counts: by clone, or by closing "its" descriptors.
    lines += _when(
        CLONE[column],
        _instruction(_LOAD, _ARGUMENTS[0]),
        _instruction(_ANY_BIT, _ANY_NAMESPACE, 2, 0),
        _instruction(_ANY_BIT, CLONE_THREAD, 0, 2),
        _instruction(_ANY_BIT, CLONE_FILES, 1, 0),
        _REFUSE,
        _ALLOW,
    )
    lines += _when(
        CLOSE_RANGE,
        _instruction(_LOAD, _ARGUMENTS[2]),
        _instruction(_ANY_BIT, CLOSE_RANGE_UNSHARE, 0, 1),
        _REFUSE,
        _ALLOW,
    )
    allowed = {number for numbers in ALLOWED.values() if (number := numbers[column]) is not None}
    # From the lowest number up, where the answer changes. On x86_64 a number with bit 30 set is the x32 call of another table.
    answer = [_ALLOW if number in allowed else _REFUSE for number in range(NEWEST + 1)] + [_MISSING]
    for number in range(1, len(answer)):
        if answer[number] != answer[number - 1]:
            lines += [_instruction(_AT_LEAST, number, 1, 0), answer[number - 1]]
    return b"".join([*lines, answer[-1]])
