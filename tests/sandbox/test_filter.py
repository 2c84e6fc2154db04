"""The filter on system calls: its numbers against the system's own, and its answers to every call, computed as Linux does."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from autograder.sandbox.inside import linux
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
            return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)\b", header.read_text())}
    return committed(machine)


def filtered(machine: str) -> dict[str, int]:
    column = list(ARCHITECTURE).index(machine)
    calls = {**linux._DENIED, **linux._SOCKETS, "clone": linux._CLONE, "clone3": (linux._CLONE3, linux._CLONE3)}
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
    system = of_the_system(machine)
    known = {
        name: number for name, number in filtered(machine).items() if name in system
    }  # older headers lack the newest
    assert known == {name: system[name] for name in known}
    assert len(known) > len(filtered(machine)) - 5


@machines
def test_the_filters_numbers_are_those_of_the_committed_table(machine: str) -> None:
    assert filtered(machine) == committed(machine)


@machines
def test_of_all_calls_only_those_that_are_named_are_refused(machine: str) -> None:
    program, numbers = linux.filter_program(machine), filtered(machine)
    conditional = {numbers[name] for name in ("socket", "socketpair", "clone")}
    wanted = {number: ERROR | errno.EPERM for name, number in numbers.items() if number not in conditional}
    wanted[numbers["clone3"]] = ERROR | errno.ENOSYS
    for number in range(600):
        if number not in conditional:
            assert answer(program, ARCHITECTURE[machine], number) == wanted.get(number, ALLOW), number
    assert answer(program, ARCHITECTURE[machine], 0x40000000 + 41) == ERROR | errno.ENOSYS  # x32's table
    for architecture in (0x40000003, 0x40000028, 0):  # i386 and 32-bit ARM number their calls in another way
        assert answer(program, architecture, 41) == KILL


@machines
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_of_all_families_of_sockets_four_are_allowed(machine: str, call: str) -> None:
    program, number = linux.filter_program(machine), filtered(machine)[call]
    answers = {family: answer(program, ARCHITECTURE[machine], number, family) for family in (*range(64), 0xFFFFFFFF)}
    assert {family for family, found in answers.items() if found == ALLOW} == {1, 2, 10, 16}
    assert set(answers.values()) == {ALLOW, ERROR | errno.EAFNOSUPPORT}
    high = 1 << 32  # Linux takes the low half
    assert answer(program, ARCHITECTURE[machine], number, high | 40) == ERROR | errno.EAFNOSUPPORT


@machines
def test_of_all_flags_of_clone_those_for_namespaces_are_refused(machine: str) -> None:
    program, number = linux.filter_program(machine), filtered(machine)["clone"]
    namespaces = {1 << bit for bit in (17, 25, 26, 27, 28, 29, 30)}  # ns, cgroup, uts, ipc, user, pid, net
    for bit in range(32):
        wanted = ERROR | errno.EPERM if 1 << bit in namespaces else ALLOW
        assert answer(program, ARCHITECTURE[machine], number, 1 << bit | linux.CLONE_FILES) == wanted


@machines
def test_a_thread_shares_its_files_with_its_process(machine: str) -> None:
    program, number = linux.filter_program(machine), filtered(machine)["clone"]
    thread = 0x003D0F00  # what glibc's pthread_create passes
    assert answer(program, ARCHITECTURE[machine], number, thread) == ALLOW
    assert answer(program, ARCHITECTURE[machine], number, thread & ~linux.CLONE_FILES) == ERROR | errno.EPERM
    assert answer(program, ARCHITECTURE[machine], number, 0x01200011) == ALLOW  # fork


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
