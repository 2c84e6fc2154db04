"""Tricks of a notebook against its kernel, its client and the grader's own parts in it: code that stands in an answer cell, and files as they are handed in.

None of them knows the secret, so none earns its point and a half; whatever they break is their own.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

SEND = "k = get_ipython().kernel\nsend = lambda kind, **content: k.session.send(k.iopub_socket, kind, content, parent=k.get_parent())\n"

CODE = {
    # what cells show
    "every kind of message, flooding": SEND + """
for n in range(400):
    for kind in ("stream", "display_data", "update_display_data", "execute_result", "execute_input", "error", "status", "clear_output", "comm_open",
                 "comm_msg", "comm_close", "debug_event", "shutdown_reply", "execute_reply", "no_such_kind", "", "a" * 300):
        send(kind, name="stdout", text="x", data={"text/plain": "x"}, metadata={}, transient={"display_id": "d"}, ename="E", evalue="", traceback=[],
             execution_state="idle", wait=True, comm_id="c", target_name="t", code="1", execution_count=n)
""",
    "contents of the wrong shape": SEND + """
for kind in ("stream", "display_data", "update_display_data", "execute_result", "error", "status", "clear_output"):
    for bad in (None, 1, [], "x", {"a": {}}, [[["x"]]], 1e400, -0.0, 10 ** 400):
        try: send(kind, name=bad, text=bad, data=bad, metadata=bad, transient=bad, ename=bad, evalue=bad, traceback=bad, execution_state=bad, wait=bad)
        except Exception: pass
""",
    "a display updated ten thousand times, before it is there": """
from IPython.display import display, update_display, publish_display_data
for n in range(10_000):
    publish_display_data({"text/html": "<b>" * 30}, transient={"display_id": "x"}, update=True)
display("x", display_id="x"); update_display({"a": "b"}, display_id="x")
""",
    "comms without end": SEND + "for n in range(30_000): send('comm_open', comm_id=str(n), target_name='jupyter.widget', data={'x': 'y' * 50}, metadata={})\n",
    "metadata without end": """
from IPython.display import publish_display_data
deep = x = {}
for n in range(900): x["a"] = x = {}
publish_display_data({"text/plain": "x"}, metadata={"text/plain": deep, "x": "y" * 3_000_000})
""",
    "JSON as deep as it goes": """
from IPython.display import publish_display_data
deep = "x"
for n in range(950): deep = [deep]
publish_display_data({"application/json": deep, "application/vnd.x+json": deep, "text/plain": "x"})
""",
    "NaN, infinities and numbers without end": """
from IPython.display import publish_display_data
publish_display_data({"application/json": {"a": float("nan"), "b": float("inf"), "c": 10 ** 4000, "d": -1e-320}, "text/plain": "x"})
""",
    "half characters everywhere": """
import sys
from IPython.display import publish_display_data
half = "\\ud800 \\udfff \\udc00" * 10
for write in (lambda: print(half), lambda: sys.stderr.write(half), lambda: publish_display_data({half: half, "text/html": half})):
    try: write()
    except Exception: pass
try: exec("class E(Exception): pass\\nE.__name__ = 'E'\\nraise E(%r)" % half)
except Exception as error: raise ValueError(half) from error
""",
    "escapes that move, erase, link and ask": """
print("\\x1b[2J\\x1b[H\\x1b]0;title\\x07\\x1b]8;;http://x\\x1b\\\\here\\x1b]8;;\\x1b\\\\\\x1b[6n\\x1bP+q544e\\x1b\\\\\\x9b31m\\u202e\\u2066abc\\r\\b\\b\\x00\\x7f")
raise ValueError("\\x1b[" + "1;" * 50_000 + "m" + "\\r" * 50_000)
""",
    "HTML that is quadratic, and pictures that are none": """
from IPython.display import publish_display_data
for text in ("<a>" * 9_000, "<table>" * 2_000 + "<b>", "<svg><foreignObject>" * 2_000, "<!--" * 20_000, "<p " + "a=b " * 20_000, "&" * 90_000, "<font><li>" * 6_000):
    publish_display_data({"text/html": text, "text/markdown": "[" * 9_000, "text/latex": "$" * 9_000, "image/svg+xml": text, "image/png": "A" * 5, "image/jpeg": "%"})
""",
    "lines that are rewritten without end": "print('\\r'.join('x' * 50 for _ in range(60_000)) + '\\b' * 200_000)\nprint('\\x1b[A' * 90_000)\n",
    # the kernel itself
    "answers for a cell that is over": SEND + """
import threading, time
parent = k.get_parent()
def late():
    for n in range(300):
        k.session.send(k.iopub_socket, "stream", {"name": "stdout", "text": "late"}, parent=parent)
        k.session.send(k.iopub_socket, "error", {"ename": "Late", "evalue": "", "traceback": ["late"]}, parent=parent)
        k.session.send(k.iopub_socket, "status", {"execution_state": "idle"}, parent=parent); time.sleep(0.002)
threading.Thread(target=late).start()
""",
    "a daemon of a daemon, that prints and answers": """
import os, time
for n in range(8):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            import signal
            for s in range(1, 64):
                try: signal.signal(s, signal.SIG_IGN)
                except (OSError, ValueError): pass
            try:
                while True: os.write(1, b"daemon\\n"); time.sleep(0.01)
            except OSError: time.sleep(1000)
        os._exit(0)
""",
    "without its first three files": "import os\nfor n in (0, 1, 2): os.close(n)\n",
    "without any of its files": "import os\nos.closerange(0, 4096)\n",
    "files in others' places": "import os, socket\na, b = socket.socketpair()\nfor n in range(3, 60):\n    try: os.dup2(a.fileno(), n)\n    except OSError: pass\n",
    "noise in every file that it holds": """
import os
for n in range(3, 300):
    for noise in (b'{"points": 1}\\n', b"\\n", b"\\0" * 50):
        try: os.write(n, noise)
        except OSError: pass
""",
    "an end to what it hears, and to what it says": """
import os, socket
for n in range(3, 300):
    try: socket.socket(fileno=os.dup(n)).shutdown(socket.SHUT_RD if n % 2 else socket.SHUT_RDWR)
    except OSError: pass
""",
    "sys.modules emptied": "import sys\nfor name in [*sys.modules]:\n    if name not in ('sys', 'builtins'): sys.modules[name] = None\n",
    "json, struct and zmq bent": """
import json, struct, zmq, builtins, socket
json.dumps = lambda *a, **k: '{"type": "taken"}'; json.loads = lambda *a, **k: {"type": "taken"}
struct.Struct.unpack = None if False else None
""",
    "sockets that say what is wanted": """
import socket
class Taken(socket.socket):
    def recv_into(self, *a): return 0
    def send(self, data, *a): return len(data)
    sendall = send
socket.socket = Taken
""",
    "looking for the grader's objects": """
import gc, sys
for one in gc.get_objects():
    try:
        name = type(one).__module__
        if name.startswith("autograder") or (isinstance(one, dict) and "AUTOGRADER_JUDGE" in one):
            for other in gc.get_referrers(one):
                if isinstance(other, dict): other.update({"points": 99, "status": "passed", "equals": total if "total" in globals() else 0})
    except Exception: pass
""",
    "every frame traced and bent": """
import sys, threading
def trace(frame, event, argument):
    if "autograder" in frame.f_code.co_filename:
        for name in list(frame.f_locals): frame.f_locals[name] = 987654
        return trace
sys.settrace(trace); sys.setprofile(lambda frame, event, argument: trace(frame, event, argument)); threading.settrace_all_threads(trace)
""",
    "monitoring of every line": """
import sys
m = sys.monitoring
for tool in range(6):
    try: m.use_tool_id(tool, "x"); m.set_events(tool, m.events.LINE | m.events.CALL); m.register_callback(tool, m.events.LINE, lambda *a: 1 / 0)
    except Exception: pass
""",
    "handlers of every signal, and an alarm": """
import signal, os
def again(*a): signal.setitimer(signal.ITIMER_REAL, 0.001)
for s in range(1, 65):
    try: signal.signal(s, again)
    except (OSError, ValueError): pass
signal.setitimer(signal.ITIMER_REAL, 0.001); signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
""",
    "at the end, for ever": "import atexit, threading, time\natexit.register(time.sleep, 1000)\nthreading._register_atexit(time.sleep, 1000)\n",
    "an end within a finaliser": "import os\nclass D:\n    def __del__(self): os._exit(0)\nd = D(); d = None\n",
    "an audit hook that ends everything": "import sys, os\nsys.addaudithook(lambda event, a: os._exit(7) if event.startswith(('socket', 'json')) else None)\n",
    "an audit hook that raises": "import sys\ndef hook(event, a):\n    if event == 'socket.connect': raise KeyboardInterrupt\nsys.addaudithook(hook)\n",
    "fault handlers and stack dumps": "import faulthandler, ctypes\nfaulthandler.dump_traceback_later(0.01, repeat=True)\nfaulthandler.enable()\n",
    "bytes of its own memory": """
import ctypes, sys
number = 987654
for value in (5, 4, 0): ctypes.memmove(id(value) + 24, id(number) + 24, 4)
""",
    "its own memory as a file": """
import os
for path in ("/proc/self/mem", "/proc/1/mem", f"/proc/{os.getppid()}/mem", "/proc/1/environ", "/proc/1/root/etc/passwd"):
    try:
        with open(path, "r+b", buffering=0) as f:
            for place in range(0, 1 << 47, 1 << 41):
                try: f.seek(place); f.write(b"x")
                except OSError: pass
    except OSError: pass
""",
    "system calls of late years": """
import ctypes
call = ctypes.CDLL(None, use_errno=True).syscall
for number in [*range(424, 470), 319, 323, 298, 321, 310, 311, 317, 272, 308, 165, 155, 161, 246, 250, 175]:  # io_uring, memfd, userfaultfd, perf, bpf, ...
    for a in (0, 1, 2):
        try: call(number, a, 0, 0, 0, 0, 0) if number not in (435, 436, 434, 424, 448) else None
        except Exception: pass
""",
    "memory by memfd, not mapped": """
import os
kept = []
try:
    for n in range(400):
        f = os.memfd_create("x"); os.ftruncate(f, 1 << 30); kept.append(f)
        for place in range(0, 1 << 24, 1 << 20): os.pwrite(f, b"x" * (1 << 20), place)
except (OSError, AttributeError): pass
""",
    "a check of its own, under our name": """
import sys, types
fake = types.ModuleType("autograder"); fake.check = lambda *a, **k: 3.0
sys.modules["autograder"] = fake; check = fake.check
get_ipython().events.register("pre_run_cell", lambda *a: get_ipython().user_ns.update(check=fake.check))
""",
    "an integer that is everything": """
class All(int):
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __reduce_ex__(self, n): return int, (987654,)
    def __index__(self): return 987654
add = All(5)
import builtins; builtins.type = lambda *a: int
""",
    "a hand-in whose look never ends": """
class Slow:
    def __getattribute__(self, name):
        while True: pass
add = Slow()
""",
    "stack and recursion gone": "import sys, threading\nsys.setrecursionlimit(10**7)\nthreading.stack_size(1 << 30)\n",
    "a namespace that lies": """
class Lies(dict):
    def __getitem__(self, name): raise SystemExit
    def get(self, *a): raise GeneratorExit
get_ipython().user_ns = Lies(); get_ipython().user_global_ns
""",
}  # fmt: skip


def _deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = {"a": found}
    return found


def _cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["cells"]  # type: ignore[no-any-return]


def _with(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        document = copy.deepcopy(json.loads(content))
        change(document)
        return json.dumps(document).encode()

    return changed


# What stands around answers that are wrong: of the file that is handed in.
FILES: dict[str, Callable[[bytes], bytes]] = {
    "metadata as deep as it goes": _with(lambda d: d["metadata"].update(x=_deep(900))),
    "metadata of a thousand keys in every cell": _with(lambda d: [c["metadata"].update({f"k{n}": "y" * 99 for n in range(1000)}) for c in _cells(d)]),
    "NaN and infinity as values": lambda content: content.replace(b'"execution_count": null', b'"execution_count": NaN', 1).replace(b'"metadata": {', b'"metadata": {"x": -Infinity,', 1),
    "a number of five thousand digits": lambda content: content.replace(b'"metadata": {', b'"metadata": {"x": ' + b"9" * 5000 + b",", 1),
    "half characters as escapes": lambda content: content.replace(b'"metadata": {', b'"metadata": {"\\ud800": "\\udfff",', 1),
    "attachments of a megabyte": _with(lambda d: [c.update(attachments={"x.png": {"image/png": "A" * 1_000_000}}) for c in _cells(d)[:1]]),
    "ids that are one, none, and no text": _with(lambda d: [c.update(id=[None, "", 7, "same", "same"][n % 5]) for n, c in enumerate(_cells(d))]),
    "tags of ours on every cell": _with(lambda d: [c["metadata"].update(tags=["illustration", "en", "ko", "skip", "hidden", {"a": 1}]) for c in _cells(d)]),
    "points, ids and schema bent": _with(lambda d: [c["metadata"].setdefault("nbgrader", {}).update(points=1e308, schema_version=[3], grade=True, locked="no") for c in _cells(d)]),
    "outputs that say full marks": _with(lambda d: [c.update(outputs=[{"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}]) for c in _cells(d) if c["cell_type"] == "code"]),
    "cells of kinds that there are none of": _with(lambda d: _cells(d).extend({"cell_type": kind, "source": "x", "metadata": {}} for kind in ("", "raw", "heading", "CODE", None, 7))),
    "keys twice": lambda content: content.rstrip()[:-1] + b', "cells": [], "nbformat": 3}',
    "a format of tomorrow": _with(lambda d: d.update(nbformat_minor=99)),
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "sources in ten thousand pieces": _with(lambda d: [c.update(source=[*c["source"]] if isinstance(c["source"], str) else [piece for line in c["source"] for piece in line]) for c in _cells(d)]),
}  # fmt: skip
