"""Every limit ends what breaks it, is explained to the student, and costs the next notebook nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from autograder.common.machine.confined import in_use
from autograder.sandbox import client, listener_memory, outputs, run_notebook
from autograder.sandbox.inside import resource_watch
from autograder.sandbox.outputs import as_shown
from tests.sandbox.conftest import LIMITS, Try

pytestmark = pytest.mark.slow  # attacks on a real sandbox
NEXT = "print('next')"
FIRST_THREAD_ENDS = (
    "import ctypes, os, platform, threading, time\n"
    "def rest(work):\n"
    "    threading.Thread(target=work, args=(60,)).start()\n"
    "    ctypes.CDLL(None).syscall({'x86_64': 60}.get(platform.machine(), 93), 0)\n"
)


@pytest.fixture(autouse=True)
def _still_well(request: pytest.FixtureRequest, sandbox: object) -> object:
    starts = sandbox.starts  # type: ignore[attr-defined]
    yield
    assert sandbox.starts == starts  # type: ignore[attr-defined]


def test_a_slow_cell_is_stopped_and_the_next_one_runs(attempt: Try) -> None:
    tried = attempt("print('before')\nimport time; time.sleep(60)", NEXT, cell_seconds=1)
    assert [broken.sentence for broken in tried.run.breaks] == ["cell 1 was stopped after 1 s"]
    assert tried.run.breaks[0].cell == 0 and tried.run.finished and not tried.run.died
    assert "before" in tried.shown[0] and "was stopped after 1 s" in tried.shown[0] and tried.shown[1] == "next"


@pytest.mark.parametrize(
    "loop",
    [
        "sum(range(10**12))",
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True:\n    try: time.sleep(9)\n    except BaseException: pass",
    ],
)
def test_what_ignores_an_interrupt_is_killed(attempt: Try, monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    monkeypatch.setattr(run_notebook, "ANSWER_SECONDS", 1.0)
    tried = attempt(loop, NEXT, cell_seconds=1)
    assert tried.limits == ["cell_seconds"] and not tried.run.finished and tried.shown[1] == ""


LOSSY = "session = get_ipython().kernel.session\nsend = session.send\nsession.send = lambda stream, kind, *a, **k: None if {} else send(stream, kind, *a, **k)"


@pytest.mark.parametrize(
    ("code", "limits", "shown"),
    [
        (LOSSY.format("kind == 'execute_reply'"), [], "next"),
        (LOSSY.format("kind.endswith('_reply')"), ["messages"], ""),
        ("get_ipython().kernel.shell_handlers['execute_request'] = lambda *_: None", [], ""),
        ("kernel = get_ipython().kernel\nkernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, parent=kernel.get_parent())\n"
         "import time\ntime.sleep(50)", ["messages"], ""),
        (LOSSY.format("kind in ('execute_reply', 'status')"), ["output"], "next"),
        ("import os\nos.execv('/bin/sleep', ['sleep', '60'])", ["halted"], ""),
        ("import ctypes, platform\nctypes.CDLL(None).syscall({'x86_64': 60}.get(platform.machine(), 93), 0)", ["halted"], ""),  # exit, of this thread alone
    ],
    ids=["a reply lost", "all replies lost", "cells not run", "an end that was none", "neither reply nor end", "another program", "no main thread"],
)  # fmt: skip
def test_what_can_not_come_any_more_is_not_waited_for(
    attempt: Try, monkeypatch: pytest.MonkeyPatch, code: str, limits: list[str], shown: str
) -> None:
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.2)
    monkeypatch.setattr(client, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(client, "ASK_SECONDS", 0.5)
    monkeypatch.setattr(client, "OUTPUT_SECONDS", 0.5)
    tried = attempt(code, NEXT, NEXT)
    assert tried.limits == limits and tried.shown[2] == shown  # and no cell took all its time


def test_a_kernel_that_stops_between_the_reply_to_a_cell_and_its_end_is_halted(
    attempt: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last cell nothing else would tell it from one that shows nothing."""
    monkeypatch.setattr(client, "OUTPUT_SECONDS", 0.5)
    stop = (
        "import os, signal\nkernel = get_ipython().kernel\n"
        "kernel._publish_status = lambda status, *a, **k: status == 'idle' and os.kill(os.getpid(), signal.SIGSTOP)"
    )
    assert attempt(stop).limits == ["halted"]


@pytest.mark.parametrize(
    "lost", ["stream is get_ipython().kernel.iopub_socket", "kind in ('execute_reply', 'status', 'stream')"]
)
def test_a_kernel_that_shows_nothing_any_more_is_soon_not_listened_to(
    attempt: Try, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(client, "OUTPUT_SECONDS", 1.5)  # for each cell it would be more than the notebook has
    monkeypatch.setattr(client, "QUIET_SECONDS", 0.02)
    monkeypatch.setattr(client, "ASK_SECONDS", 0.5)
    tried = attempt(LOSSY.format(lost), *[NEXT] * 60, notebook_seconds=60)
    assert tried.limits == ["output"] and tried.run.finished


def test_a_regular_expression_without_end_is_stopped(attempt: Try) -> None:
    tried = attempt("import re; re.match('(a+)+b', 'a' * 50)", NEXT, cell_seconds=1)
    assert tried.limits == ["cell_seconds"] and tried.shown[1] == "next"


def test_the_notebook_as_a_whole_has_a_deadline(attempt: Try) -> None:
    tried = attempt("import time; time.sleep(2)", "time.sleep(60)", NEXT, cell_seconds=30, notebook_seconds=5)
    assert tried.limits == ["notebook_seconds"] and tried.run.breaks[0].cell == 1
    assert "longer than 5 s in all" in tried.shown[1] and tried.shown[2] == "" and not tried.run.finished


def test_a_fork_bomb_is_ended(attempt: Try) -> None:
    tried = attempt("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass", NEXT)
    assert tried.limits[0] in {"processes", "memory"} and tried.shown[1] == ""


def test_too_many_small_processes_are_ended(attempt: Try) -> None:
    bomb = "import subprocess, time\nkept = [subprocess.Popen(['sleep', '50']) for _ in range(200)]\ntime.sleep(50)"
    tried = attempt(bomb, NEXT)
    assert tried.limits == ["processes"]
    assert tried.run.breaks[0].sentence.startswith(f"cell 1 broke a limit (processes: more than {LIMITS.processes})")


def test_too_many_threads_end_the_kernel(attempt: Try) -> None:
    tried = attempt(
        "import threading, time\nfor _ in range(200):\n    threading.Thread(target=time.sleep, args=(100,)).start()\n"
        "time.sleep(60)"
    )
    assert tried.limits == ["processes"]


def test_one_process_can_not_take_more_memory(attempt: Try) -> None:
    tried = attempt("import numpy as np\nx = np.ones((2000, 1000, 1000))", NEXT)
    assert "MemoryError" in tried.shown[0] or "Unable to allocate" in tried.shown[0]
    assert tried.shown[1] == "next"


@pytest.mark.parametrize(
    "bomb",
    [
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (700 << 20)\n"
        "        time.sleep(60)\ntime.sleep(60)",
        "import mmap\nkept = []\nwhile True:\n    kept.append(mmap.mmap(-1, 1 << 26)); kept[-1].write(b'x' * (1 << 26))",
        "import mmap, os, time\nsize = 250 << 20\nplace = mmap.mmap(-1, 12 * size)\nfor n in range(12):\n    if os.fork() == 0:\n"
        "        place[n * size : (n + 1) * size] = b'x' * size\n        os._exit(0)\n    os.wait()\ntime.sleep(60)",
        f"{FIRST_THREAD_ENDS}for _ in range(6):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (700 << 20)\n"
        "        rest(time.sleep)\ntime.sleep(60)",
        "import ctypes, mmap\nlibc, size = ctypes.CDLL(None), 4 << 40\nlibc.mmap.restype = ctypes.c_void_p\n"
        "place = libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, 0x4022, -1, 0)\n"
        "for at in range(place, place + size, 2 << 20):\n    ctypes.string_at(at, 1)",
    ],
    ids=[
        "processes together",
        "shared memory",
        "shared memory that ended processes filled",
        "processes whose first thread has ended",
        "page tables",
    ],
)
def test_memory_is_counted_over_all_processes(attempt: Try, bomb: str) -> None:
    tried = attempt(bomb, NEXT)
    assert tried.limits == ["memory"]
    assert f"memory: more than {LIMITS.memory_mb} MB" in tried.shown[0]


def test_memory_that_forks_share_is_counted_once(attempt: Try) -> None:
    tried = attempt(
        "import os, time\nchildren = []\nfor _ in range(12):\n    pid = os.fork()\n    if pid == 0:\n"
        "        time.sleep(2); os._exit(0)\n    children.append(pid)\n"
        "[os.waitpid(pid, 0) for pid in children]\nprint('done')"
    )
    assert tried.run.breaks == () and tried.shown == ["done"]


def test_a_process_that_has_ended_is_charged_with_nothing() -> None:
    """Whichever of its files in /proc is read at that moment: forks that ended together were charged in full once."""
    child = subprocess.Popen(
        [sys.executable, "-c", "x = bytearray(b'x') * (99 << 20); print(flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None and child.stdout.readline()
    folder, bounds = f"/proc/{child.pid}", {"processes": 9, "memory_mb": 64, "open_files": 64}
    assert resource_watch.broken_limit([child.pid], bounds) == resource_watch.Broken("memory", 64)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet taken note of
    for _ in range(2):
        assert resource_watch._proportional(folder) == 0 and resource_watch._sockets([folder], each=8) == 0
        assert resource_watch.broken_limit([child.pid], bounds) is None
        child.wait()


def test_the_disk_can_not_be_filled(attempt: Try) -> None:
    tried = attempt(
        "for i in range(9):\n    open(f'/tmp/{i}', 'wb').write(bytes(20 << 20))",
        "for i in range(9):\n    open(f'/dev/shm/{i}', 'wb').write(bytes(20 << 20))",
        "for i in range(10**6):\n    open(f'/tmp/home/{i}', 'w').close()",
        "open('/tmp/home/0', 'wb').write(bytes(60 << 20))",
        NEXT,
    )
    assert all(shown.startswith("OSError") for shown in tried.shown[:4]), tried.shown
    assert tried.shown[4] == "next"


@pytest.mark.parametrize(
    "flood",
    [
        "while True: print('flood' * 100)",
        "import os\nwhile True: os.write(1, b'z' * 10000)",
        "from IPython.display import HTML, display\nwhile True: display(HTML('x' * 50000))",
    ],
    ids=["print", "descriptor", "display"],
)
def test_a_flood_of_output_is_cut_and_stopped(attempt: Try, flood: str) -> None:
    tried = attempt(flood, NEXT, cell_seconds=20)
    assert tried.limits[0] == "output" and "printed without end" in tried.shown[0]
    size = sum(len(str(output)) for output in tried.nb.cells[0].outputs)
    assert size < 2 * LIMITS.output_kb * 1024
    assert tried.run.finished


def test_one_gigantic_output_is_cut(attempt: Try) -> None:
    tried = attempt("print('y' * 100_000_000)", "1 + 1", "raise KeyError('z' * 5_000_000)", NEXT)
    assert "output" in tried.limits and "yyyyyy" in tried.shown[0] and len(tried.shown[0]) < 2 * LIMITS.output_kb * 1024
    assert tried.shown[1] == "" and tried.shown[2].startswith("KeyError")  # nothing more is shown but that it raised


@pytest.mark.parametrize("size", [10, outputs.WHOLE])
def test_of_a_large_error_its_name_is_read_and_that_it_is_one(size: int) -> None:
    """Also on the channel of replies, where a message without a status is none."""
    content = {"status": "error", "traceback": ["z" * size, '"ename": "Other"'], "ename": "KeyError", "evalue": "z"}
    session = SimpleNamespace(unpack=json.loads)
    outputs.read_little(session, 1000)
    read = session.unpack(json.dumps(content).encode())
    assert (read["status"], read["ename"]) == ("error", "KeyError")
    assert (read == content) == (size == 10) and len(read.get("text", "")) <= outputs.WHOLE


@pytest.mark.timeout(60)  # in quadratic time they would take hours
def test_long_lines_and_progress_bars_take_linear_time() -> None:
    assert as_shown("x" * 5_000_000) == "x" * 5_000_000
    assert as_shown("1%\r2%\r\n" * 100_000) == "2%\n" * 100_000
    assert as_shown("ab\b\bc\n") == "c\n"


def test_input_is_refused(attempt: Try) -> None:
    tried = attempt("input('name? ')", NEXT)
    assert tried.shown[0].startswith("StdinNotImplementedError") and tried.shown[1] == "next"


def test_sys_exit_is_only_an_exception_and_os_exit_ends_the_notebook(attempt: Try) -> None:
    tried = attempt("import sys; sys.exit(3)", NEXT, "import os; os._exit(3)", NEXT)
    assert tried.shown[1] == "next" and tried.shown[3] == ""
    assert tried.run.died and not tried.run.finished and tried.limits == ["kernel"]
    assert (
        tried.run.breaks[0].sentence == "the kernel ended in cell 3 (exit code 3), so the cells after it were not run"
    )


def test_messages_that_can_not_be_read_end_the_notebook(attempt: Try) -> None:
    tried = attempt(
        "kernel = get_ipython().kernel\n"
        "kernel.iopub_thread.send_multipart([b'<IDS|MSG>', b'forged', b'{', b'{', b'{', b'{'])\n"
        "import time; time.sleep(1)",
        NEXT,
    )
    assert tried.limits == ["messages"] and not tried.run.finished


@pytest.mark.parametrize(
    ("parts", "most_mb"),
    [("[bytes(64 << 20)] * 35", 1900), ("[b'[' + b'[],' * (10 << 20) + b'[]]']", 300)],
    ids=["a message of many parts", "a large document"],
)
def test_what_a_kernel_sends_takes_little_of_this_process(
    attempt: Try, monkeypatch: pytest.MonkeyPatch, parts: str, most_mb: int
) -> None:
    """ZeroMQ keeps all parts of a message until its last; a document becomes 25 times as large as Python's objects."""
    sizes = []

    def looked(name: str = "VmSize") -> int:
        sizes.append(in_use(name))
        return sizes[-1]

    monkeypatch.setattr(listener_memory, "in_use", looked)
    tried = attempt(
        f"kernel, parts = get_ipython().kernel, {parts}\nheads = kernel.session.serialize(kernel.session.msg('status'))[2:5]\n"
        "sign = kernel.session.sign([*heads, parts[0]])\nimport time\n"
        "kernel.iopub_thread.send_multipart([b'<IDS|MSG>', sign, *heads, *parts])\ntime.sleep(2)",
        NEXT,
    )
    assert set(tried.limits) <= {"messages", "output"}
    assert max(sizes) - sizes[0] < most_mb << 20


def test_outputs_that_are_no_notebook_outputs_are_dropped(attempt: Try) -> None:
    tried = attempt(
        "kernel = get_ipython().kernel\n"
        "kernel.session.send(kernel.iopub_socket, 'stream', {'name': 5, 'text': ['a']}, parent=kernel.get_parent())\n"
        "print('kept')"
    )
    assert "kept" in tried.shown[0] or tried.limits == ["messages"]


HOARD = (
    "import os, socket, time\n"
    "def hoard(seconds):\n"
    "    kept = []\n"
    "    while True:\n"
    "        try: kept.append(socket.socketpair())\n"
    "        except OSError: time.sleep(seconds)\n"
)
QUEUES = HOARD.replace("socket.socketpair()", "select.epoll()").replace("socket", "select")
IN_FORTY = "for _ in range(40):\n    if os.fork() == 0:\n        {}\ntime.sleep(50)"
BUSY = "threading.Thread(target=lambda: [os.close(os.dup(1)) for _ in iter(int, 1)]).start()\n        "


@pytest.mark.parametrize(
    "hoard",
    [
        HOARD + IN_FORTY.format("hoard(50)"),
        FIRST_THREAD_ENDS + HOARD + IN_FORTY.format("rest(hoard)"),
        "import threading\n" + HOARD + IN_FORTY.format(BUSY + "hoard(50)"),
        QUEUES + IN_FORTY.format("hoard(50)"),
    ],
    ids=["plainly", "in threads that outlive the first", "while descriptors come and go", "queues"],
)
def test_sockets_of_many_processes_are_counted_together(attempt: Try, hoard: str) -> None:
    """What waits in them is memory of nobody's: each process alone stays below its limit."""
    tried = attempt(hoard, NEXT)
    assert tried.limits == ["sockets"] and tried.shown[1] == ""
    assert "sockets and event queues: more than" in tried.run.breaks[0].sentence
