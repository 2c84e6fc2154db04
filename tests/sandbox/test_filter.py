"""The filter on system calls: its numbers against the system's own, and its answers to every call, computed as Linux does, and given by Linux."""

from __future__ import annotations

import errno
import platform
import re
import struct
from pathlib import Path

import pytest

from autograder.sandbox.inside import system_calls
from tests.sandbox.conftest import Try

ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
# The kernel's headers, where a C compiler is installed; ARM's numbers are those of the generic table.
HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")),
    "aarch64": (Path("/usr/include/aarch64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h")),
}
TABLE = Path(__file__).with_name("system_calls.txt")
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_* of linux/audit.h
machines = pytest.mark.parametrize("machine", list(ARCHITECTURE))


def committed(machine: str) -> dict[str, int]:
    column = list(ARCHITECTURE).index(machine) + 1
    rows = (line.split() for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def of_the_system(machine: str) -> dict[str, int]:
    """The numbers in this machine's headers; the committed ones where there are none."""
    for header in HEADERS[machine]:
        if header.is_file():
            found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)\b", header.read_text())
            return {"newfstatat" if name == "fstatat" else name: int(number) for name, number in found}
    return committed(machine)


def filtered(machine: str) -> dict[str, int]:
    """Every call that the filter names."""
    column = list(ARCHITECTURE).index(machine)
    both = {"clone3": (system_calls.CLONE3,) * 2, "close_range": (system_calls.CLOSE_RANGE,) * 2}
    calls = {**system_calls.ALLOWED, **system_calls.SOCKETS, "clone": system_calls.CLONE, **both}
    return {name: number for name, numbers in calls.items() if (number := numbers[column]) is not None}


def answer(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What classic BPF returns for ``struct seccomp_data``."""
    data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    place = loaded = 0
    while True:
        code, yes, no, value = struct.unpack_from("=HBBI", program, 8 * place)
        place += 1
        match code:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, value)
            case 0x15:
                place += yes if loaded == value else no
            case 0x35:
                place += yes if loaded >= value else no
            case 0x45:
                place += yes if loaded & value else no
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(code)


@machines
def test_the_filters_numbers_are_the_systems(machine: str) -> None:
    system, named = of_the_system(machine), filtered(machine)
    newer = {name for name in named if name not in system}
    assert {name: number for name, number in named.items() if name not in newer} == {
        name: system[name] for name in named if name not in newer
    }
    assert all(named[name] > max(system.values()) for name in newer)  # of a Linux after these headers


@machines
def test_the_filters_numbers_are_those_of_the_committed_table(machine: str) -> None:
    table, named = committed(machine), filtered(machine)
    assert named == {name: table[name] for name in named}
    assert max(table.values()) == system_calls.NEWEST


@machines
def test_of_all_calls_those_that_are_named_are_allowed_and_no_other(machine: str) -> None:
    program, numbers = system_calls.program(machine), filtered(machine)
    by_arguments = {numbers[name] for name in ("socket", "socketpair", "clone", "clone3", "close_range")}
    for number in range(1024):
        wanted = ALLOW if number in set(numbers.values()) else ERROR | errno.EPERM
        if number > system_calls.NEWEST:
            wanted = ERROR | errno.ENOSYS
        if number not in by_arguments:
            assert answer(program, ARCHITECTURE[machine], number) == wanted, number
    assert answer(program, ARCHITECTURE[machine], numbers["clone3"]) == ERROR | errno.ENOSYS
    for number in (0x40000000 + 41, 0x40000000, 0x7FFFFFFF):  # x32's table
        assert answer(program, ARCHITECTURE[machine], number) == ERROR | errno.ENOSYS
    for architecture in (0x40000003, 0x40000028, 0):  # i386 and 32-bit ARM number their calls in another way
        assert answer(program, architecture, 41) == KILL


@machines
def test_what_would_harm_is_not_among_them(machine: str) -> None:
    """By what a call is named for, in the whole table: a new one of these families is not let in by its number."""
    sort = re.compile(
        r"mount|^fs(open|config|pick)|memfd|^(shm|msg|sem|mq_)|io_uring|^io_|notify|^bpf|perf_|ptrace|process_|landlock|keyctl|_key$|module"
        r"|kexec|^unshare|setns|chroot|pivot|reboot|swap|quota|userfault|handle_at|vmsplice|getfd|kcmp|^set(domain|host)name|settime|adjtime|acct"
        r"|personality|^syslog|xattrat$|^sync(fs)?$|iopl|ioperm|ldt|move_pages|migrate|seccomp|^capset|setgroups|vhangup|cookie"
    )
    refused = {name for name in committed(machine) if sort.search(name)} - {"timerfd_settime", "timer_settime"}
    assert len(refused) > 80 and not refused & set(filtered(machine))


@machines
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_of_all_families_of_sockets_four_are_allowed(machine: str, call: str) -> None:
    program, number = system_calls.program(machine), filtered(machine)[call]
    answers = {family: answer(program, ARCHITECTURE[machine], number, family) for family in (*range(64), 0xFFFFFFFF)}
    assert {family for family, found in answers.items() if found == ALLOW} == {1, 2, 10, 16}
    assert set(answers.values()) == {ALLOW, ERROR | errno.EAFNOSUPPORT}
    high = 1 << 32  # Linux takes the low half
    assert answer(program, ARCHITECTURE[machine], number, high | 40) == ERROR | errno.EAFNOSUPPORT


@machines
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_of_all_protocols_of_sockets_those_that_every_system_has_are_allowed(machine: str, call: str) -> None:
    program, number = system_calls.program(machine), filtered(machine)[call]
    for family in (1, 2, 10, 16):
        found = {it: answer(program, ARCHITECTURE[machine], number, family, 1, it) for it in range(300)}
        assert {it for it, was in found.items() if was == ALLOW} == {0, 1, 6, 17}
        assert set(found.values()) == {ALLOW, ERROR | errno.EPROTONOSUPPORT}


@machines
def test_of_all_flags_of_clone_those_for_namespaces_are_refused(machine: str) -> None:
    program, number = system_calls.program(machine), filtered(machine)["clone"]
    namespaces = {1 << bit for bit in (17, 25, 26, 27, 28, 29, 30)}  # ns, cgroup, uts, ipc, user, pid, net
    for bit in range(32):
        wanted = ERROR | errno.EPERM if 1 << bit in namespaces else ALLOW
        assert answer(program, ARCHITECTURE[machine], number, 1 << bit | system_calls.CLONE_FILES) == wanted


@machines
def test_a_thread_shares_its_files_with_its_process(machine: str) -> None:
    program, number = system_calls.program(machine), filtered(machine)["clone"]
    thread = 0x003D0F00  # what glibc's pthread_create passes
    assert answer(program, ARCHITECTURE[machine], number, thread) == ALLOW
    assert answer(program, ARCHITECTURE[machine], number, thread & ~system_calls.CLONE_FILES) == ERROR | errno.EPERM
    assert answer(program, ARCHITECTURE[machine], number, 0x01200011) == ALLOW  # fork
    for flags in range(8):  # a thread that closes "its" descriptors first gets some of its own
        wanted = ERROR | errno.EPERM if flags & system_calls.CLOSE_RANGE_UNSHARE else ALLOW
        assert answer(program, ARCHITECTURE[machine], filtered(machine)["close_range"], 3, 9, flags) == wanted


def test_a_notebook_gets_sockets_of_these_families_and_of_no_other(attempt_flat: Try) -> None:
    tried = attempt_flat("""
import errno, socket
found, reasons = [], set()
for family in range(64):
    for call in (socket.socket, socket.socketpair):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                call(family, kind); found.append(family)
            except OSError as error:
                if family not in (1, 2, 10, 16): reasons.add(error.errno)
print(set(found) <= {1, 2, 10, 16}, 1 in found, 2 in found, reasons == {errno.EAFNOSUPPORT})
""")
    assert tried.shown == ["True True True True"]


def test_linux_refuses_what_the_filter_refuses(attempt_flat: Try) -> None:
    """Every number that isn't named, asked with arguments that no call takes."""
    machine = platform.machine()
    tracing = {335, 336}  # uretprobe, uprobe: no filter is asked, and who calls them without being probed gets a signal
    asked = sorted(set(range(1024)) - set(filtered(machine).values()) - tracing)
    tried = attempt_flat(f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
wrong = ctypes.c_ulong(2 ** 64 - 1)
reasons = {{}}
for number in {asked}:
    ctypes.set_errno(0)
    result = libc.syscall(number, *[wrong] * 6)
    reasons.setdefault((result, ctypes.get_errno()), []).append(number)
print({{key: len(numbers) for key, numbers in reasons.items()}} if len(reasons) < 3 else reasons)
print(libc.syscall({system_calls.CLOSE_RANGE}, 900, 901, 2), libc.syscall({system_calls.CLOSE_RANGE}, 900, 901, 0))
print(libc.syscall({system_calls.CLONE3}, 0, 0), ctypes.get_errno() == errno.ENOSYS)
""")
    known = sum(number <= system_calls.NEWEST for number in asked)
    wanted = {(-1, errno.EPERM): known, (-1, errno.ENOSYS): len(asked) - known}
    assert tried.shown == [f"{wanted}\n-1 0\n-1 True"]


@pytest.mark.slow
def test_what_notebooks_ask_of_the_system_is_there(attempt: Try) -> None:
    """Processes, threads, shared memory, pipes, databases, archives, terminals: as on a student's machine."""
    tried = attempt(
        """
import subprocess
print(subprocess.run("set -e; touch -d yesterday a; cp -a a b; ln -s a c; tar cf t.tar a b c; gzip t.tar; nice true; mkfifo f; ls -laR . > /dev/null; "
                     "(sleep 0.01 &) ; df . > /dev/null; stat a > /dev/null", shell=True, capture_output=True))
""",
        """
import multiprocessing, operator
from multiprocessing import shared_memory
for how in ("fork", "spawn", "forkserver"):
    with multiprocessing.get_context(how).Pool(2) as pool:
        print(pool.map(operator.neg, range(3)))
block = shared_memory.SharedMemory(create=True, size=4096); block.close(); block.unlink()
manager = multiprocessing.Manager(); print(len(manager.dict(a=1))); manager.shutdown()
""",
        """
import concurrent.futures, joblib, operator, os, psutil
print(psutil.Process().pid == os.getpid())
print(joblib.Parallel(n_jobs=2)(joblib.delayed(operator.neg)(i) for i in range(3)))
with concurrent.futures.ThreadPoolExecutor(4) as threads: print(list(threads.map(operator.neg, range(3))))
""",
        """
import asyncio, mmap, os, pty, select, shutil, signal, socket, sqlite3, tempfile, threading, time
async def main():
    process = await asyncio.create_subprocess_exec("true"); print(await process.wait())
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()); print(await reader.read()); server.close()
await main()
base = sqlite3.connect("a.db"); base.execute("pragma journal_mode=wal"); base.execute("create table t(x)"); base.commit(); base.close()
child, terminal = pty.fork()
if not child: os._exit(0)
print(os.waitpid(child, 0)[1])
with tempfile.TemporaryFile() as file:
    file.truncate(8192)
    with mmap.mmap(file.fileno(), 8192) as memory: memory[:2] = b"ab"; memory.flush()
shutil.copytree(".", "/tmp/copied", symlinks=True, ignore=shutil.ignore_patterns("f")); shutil.rmtree("/tmp/copied")
one, other = socket.socketpair(); socket.send_fds(one, [b"x"], [0]); print(len(socket.recv_fds(other, 1, 1)[1]))
signal.setitimer(signal.ITIMER_REAL, 60); signal.alarm(0); handle = os.pidfd_open(os.getpid()); os.close(handle)
print(socket.getaddrinfo("127.0.0.1", 80)[0][4], socket.if_nameindex()[0][1], os.times().user > 0, len(os.sched_getaffinity(0)) > 0)
""",
        """
import matplotlib.pyplot as plt, numpy as np, pandas as pd, tensorflow as tf
plt.plot([1, 2]); [plt.savefig(f"x.{kind}") for kind in ("png", "pdf", "svg", "jpg")]; plt.close()
pd.DataFrame({"a": range(9)}).to_csv("x.csv"); array = np.memmap("m", mode="w+", shape=(9,)); array.flush()
print(len(pd.read_csv("x.csv")), float(tf.function(lambda a: tf.reduce_sum(a @ a), jit_compile=True)(tf.ones((3, 3)))))
print(len(list(tf.data.Dataset.range(9).shuffle(3).cache("cached").prefetch(1).map(lambda x: x, num_parallel_calls=2))))
""",
    )
    assert tried.shown[0].endswith("returncode=0, stdout=b'', stderr=b'')"), tried.shown
    assert tried.shown[1:] == [
        "\n".join(["[0, -1, -2]"] * 3 + ["1"]),
        "\n".join(["True"] + ["[0, -1, -2]"] * 2),
        "0\nb''\n0\n1\n('127.0.0.1', 80) lo True True",
        "9 27.0\n9",
    ]
