"""Attacks on the process: ending it, flooding it, leaving things behind, reaching for its parent."""

from tests.attacks.attack import Attack, after_last

LATER = {"formula": 0.0, "output_shapes": 0.0, "compile": 0.0, "steps": 0.0}
ALL_LATER = {"parameters": 0.0, **LATER}


def ends(name: str, code: str, *says: str, **others) -> Attack:
    """In place of an answer, `code` ends the notebook: what was handed in before stays scored."""
    return Attack(name, edits={"parameters-answer": code}, earns=ALL_LATER, says=says, dangerous=True, **others)


def survives(name: str, code: str, **others) -> Attack:
    """`code`, in the notebook's first cell, costs nothing and gives nothing; it prints TRIED."""
    return Attack(name, before={"collapse-answer": code}, **{"tried": True, **others})


LEAVE = """
import builtins, os, socket, subprocess, threading, time
for folder in (".", "/tmp", "/dev/shm", "/tmp/home", os.path.expanduser("~")):
    for name in ("sitecustomize.py", "usercustomize.py", "numpy.py", "keras.py", "autograder.py", ".pythonrc.py", "left"):
        open(f"{folder}/{name}", "w").write("import os; os._exit(66)")
config = os.path.expanduser("~/.ipython/profile_default/startup")
os.makedirs(config, exist_ok=True); open(config + "/00.py", "w").write("import os; os._exit(66)")
for keras_json in ("~/.keras/keras.json", "/tmp/.keras/keras.json", "/opt/keras/keras.json"):
    try: open(os.path.expanduser(keras_json), "w").write("{}{")
    except OSError: pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import signal
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        while True:
            for folder in ("/tmp", "/dev/shm", "/run/sockets", "/run/kernel"):
                try: open(folder + "/daemon", "a").write(".")
                except OSError: pass
            time.sleep(0.01)
    os._exit(0)
subprocess.Popen(["sleep", "1000"], start_new_session=True)
threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
here = socket.socket(socket.AF_UNIX); here.bind("\\0left"); here.listen()
there = socket.create_server(("127.0.0.1", 0))
for _ in range(50):  # closed connections stay for a minute
    with socket.create_connection(there.getsockname()): there.accept()[0].close()
keras.left = np.left = builtins.left = True
print("TRIED")
"""

LOOK = """
import builtins, os
names = [n for f in (".", "/tmp", "/dev/shm", "/tmp/home", "/run/sockets") if os.path.isdir(f) for n in os.listdir(f)]
left = [n for n in names if n in ("left", "daemon", "numpy.py", "sitecustomize.py")]
commands = [open(f"/proc/{p}/cmdline").read() for p in os.listdir("/proc") if p.isdigit()]
left += [c for c in commands if "sleep" in c]
left += ["socket"] * ("@left" in open("/proc/net/unix").read())
left += ["connections"] * (len(open("/proc/net/tcp").readlines()) > 40)
left += [module for module in (builtins, np, keras) if hasattr(module, "left")]
print("STOLEN" if left else "TRIED", left)
"""

NAMESPACES = """
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x00020000, 0x10000000, 0x20000000, 0x40000000, 0x08000000):
    if libc.unshare(flag) == 0: print("STOLEN", flag)
for command in ("unshare -Ur true", "unshare -Urn ip link", "mount -t tmpfs x /mnt", "mount --bind / /mnt", "chroot / true"):
    if subprocess.run(command, shell=True, capture_output=True).returncode == 0: print("STOLEN", command)
for call in (lambda: os.setuid(0), lambda: os.chroot("/tmp"), lambda: os.memfd_create("x"), lambda: os.mknod("/tmp/d", 0o60666, 0x0801)):
    try: call(); print("STOLEN")
    except OSError: pass
print("TRIED")
"""

PARENT = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
mine = {int(os.readlink("/proc/self")), *map(int, os.listdir("/proc/self/task"))}
others = [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) not in mine]
for pid in {*others, 1, 2, 3, os.getppid()} - mine:
    for name in ("mem", "environ", "maps", "syscall", "stack", "auxv", "pagemap", "task", "fd", "fdinfo", "map_files"):
        try:
            path = f"/proc/{pid}/{name}"
            got = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(16)
            if name in ("fd", "fdinfo"):  # how many it has may be seen, not what they are
                got = [os.readlink(f"{path}/{n}") if name == "fd" else open(f"{path}/{n}").read() for n in got]
            if got and name != "task": print("STOLEN", path, got[:16])
        except OSError: pass
    for name in ("root", "cwd", "exe"):
        try: os.listdir(f"/proc/{pid}/{name}") ; print("STOLEN", pid, name)
        except OSError: pass
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, 0, 0) == 0: print("STOLEN ptrace", pid)
    buffer = ctypes.create_string_buffer(8)
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    local, remote = Vector(ctypes.addressof(buffer), 8), Vector(0x400000, 8)
    if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0: print("STOLEN vm", pid)
    try:
        handle = os.pidfd_open(pid)
        for number in range(64):
            if libc.syscall(438, handle, number, 0) >= 0: print("STOLEN pidfd_getfd", pid, number)
    except (OSError, AttributeError): pass
for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGUSR1, 63):
    for pid in (1, os.getppid()):
        try: os.kill(pid, number)
        except OSError: pass
try: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)
except OSError: pass
try: os.sched_setaffinity(1, {0}); os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))
except OSError: pass
print("TRIED")
"""

DESCRIPTORS = """
import os, socket
for number in map(int, os.listdir("/proc/self/fd")):
    try: link = os.readlink(f"/proc/self/fd/{number}")
    except OSError: continue
    if link.startswith("/") and not link.startswith(("/dev/null", "/proc/", "/tmp", "/dev/shm")):
        print("STOLEN", number, link)
    if link.startswith("socket:"):
        known = socket.socket(fileno=os.dup(number))
        # The worker's channel to the parent is one of a pair without names.
        if known.family == socket.AF_UNIX and known.type == socket.SOCK_STREAM and not known.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            if not known.getsockname():
                try: known.sendall(b'{"do": "reset"}\\n{"do": "nonsense"}\\n')
                except OSError: pass
        known.close()
print("TRIED")
"""

MESSAGES = """
import copy
from IPython.display import display
kernel = get_ipython().kernel
parent = kernel.get_parent()
def say(kind, content, parent=parent, socket=kernel.iopub_socket, **more): kernel.session.send(socket, kind, content, parent=parent, **more)
everything = {"execution_state": "idle", "name": "stdout", "text": "x", "ename": "E", "evalue": "e", "traceback": [], "data": {}, "metadata": {},
              "transient": {"display_id": "q"}, "wait": False, "status": "ok", "restart": True}
for number in range(500):
    state = {"_model_name": "OutputModel", "_model_module": "@jupyter-widgets/output", "msg_id": "x", "value": "y" * 10_000}
    say("comm_open", {"comm_id": str(number), "target_name": "jupyter.widget", "data": {"state": state, "buffer_paths": [["a"]]}}, buffers=[b"z" * 1000])
for socket in (kernel.stdin_socket, kernel.iopub_socket): say("input_request", {"prompt": "?", "password": True}, socket=socket)
for number in range(100):
    for payload in ({"source": "set_next_input", "text": "check = None", "replace": True}, {"source": "page", "data": {"text/plain": "y" * 10_000}, "start": 0}):
        get_ipython().payload_manager.write_payload(payload, single=False)
other = copy.deepcopy(parent)
for name in ("", "x", None, 5, [], {}, "0" * 100_000):
    other["header"]["msg_id"] = name
    for kind in ("status", "stream", "error", "execute_result", "clear_output", "update_display_data", "shutdown_reply", "kernel_info_reply"):
        say(kind, everything, other)
for state in ("restarting", "dead", "starting", None, 5): say("status", {"execution_state": state})
shown = [display(number, display_id=str(number % 20)) for number in range(100)]
for number in range(1500): display("y", display_id=str(number % 20), update=True)
import time
time.sleep(3)  # messages that nobody takes in time are lost, and this one must be seen
print("TRIED")
"""

BENT = """
import ctypes, os, signal, socket, sys, threading, time, warnings, gc, atexit
libc = ctypes.CDLL(None, use_errno=True)
def own_files():
    for number, arguments in ((436, (900, 901, 2)), (436, (900, 901, 6))):
        if libc.syscall(number, *arguments) == 0: print("STOLEN", arguments)
    if libc.unshare(0x400) == 0: print("STOLEN unshare")
thread = threading.Thread(target=own_files); thread.start(); thread.join()
for kind, protocol in ((1, 262), (1, 132), (5, 132), (6, 33), (2, 136), (3, 58)):  # MPTCP, SCTP, DCCP, UDPLITE, ICMP6
    for family in (2, 10):
        try: socket.socket(family, kind, protocol); print("STOLEN", family, protocol)
        except OSError: pass
flight = []
try:
    for _ in range(100):
        one, other = socket.socketpair(); sent = [os.open("/dev/null", 0) for _ in range(100)]
        socket.send_fds(one, [b"x"], sent); [os.close(number) for number in sent]; flight.append((one, other))
except OSError as error: print(error)
flight.clear()
with socket.socket(socket.AF_UNIX) as judge:
    from autograder.common import environment
    judge.connect(environment.said("AUTOGRADER_JUDGE"))
    one, other = socket.socketpair(); socket.send_fds(judge, [b"AGJ1"], [one.fileno(), judge.fileno()]); one.close(); other.close()
for name in (b"\\xff\\xfe", b"a\\nb", b"\\x1b[31m", b"-rf", b"*"): open(b"/tmp/" + name, "wb").close(); open(b"/dev/shm/" + name, "wb").close()
os.makedirs("/tmp/locked/in"); os.chmod("/tmp/locked", 0); os.mkfifo("/tmp/fifo"); os.symlink("/tmp/loop", "/tmp/loop")
try:
    for _ in range(5000): os.mkdir("d"); os.chdir("d")
except OSError as error: print(error)
os.chdir("/tmp/work")
for name in ("oom_score_adj", "clear_refs", "coredump_filter", "attr/current", "uid_map", "setgroups", "comm", "loginuid", "timens_offsets"):
    for value in ("-1000", "9", "1 1 1"):
        try: open("/proc/self/" + name, "w").write(value)
        except OSError: pass
for name in ("kcore", "kmsg", "kpageflags", "sysrq-trigger", "keys", "slabinfo", "vmallocinfo", "timer_list", "1/mem", "1/environ", "1/maps"):
    try: print("STOLEN", name) if open("/proc/" + name, "rb").read(100).strip(b"0 \\n") and name not in ("keys",) else None
    except OSError: pass
me = os.getpid()
if os.fork() == 0:
    for _ in range(5): os.kill(me, signal.SIGSTOP); time.sleep(0.05); os.kill(me, signal.SIGCONT); time.sleep(0.02)
    os._exit(0)
time.sleep(0.5)
time.time = time.monotonic = time.perf_counter = lambda: float("nan")
warnings.simplefilter("error"); np.seterr(all="raise")
for name in ("array", "ascontiguousarray", "frombuffer", "array_equal"): setattr(np, name, lambda *a, **k: None)
atexit.register(lambda: threading.Event().wait(1000)); threading.Thread(target=threading.Event().wait, args=(1000,)).start()
shell = get_ipython()
for event in ("pre_execute", "post_execute", "pre_run_cell", "post_run_cell"): shell.events.register(event, lambda *a: 1 / 0)
print("TRIED")
os.fork()  # from here on there are two of this kernel, on the same sockets
"""

VALUES = """
import decimal, fractions, functools, itertools, sys
import pandas as pd, tensorflow as tf
loop = []; loop.append(loop)
for value in (np.broadcast_to(1, (10**6, 10**6)), np.zeros((0, 10**9)), np.zeros((1,) * 32), np.array([object()] * 3, dtype=object), np.zeros(3, dtype=[("a", "i4"), ("b", "O")]),
              np.longdouble("1e4000"), np.datetime64("NaT"), complex("nan"), 10**5000, -10**5000, loop, list(range(200_000)), itertools.count(), decimal.Decimal("sNaN"),
              fractions.Fraction(3, 7), np.ma.masked, pd.NA, tf.Variable(3), tf.ragged.constant([[1], [2, 3]]), tf.sparse.eye(3), keras.Input((3,)), b"1500" * 10**6, "1500\\0", "\\ud800",
              "x" * 10**7, int, np, KeyboardInterrupt(), sys._getframe(), {(1, 2): 3, None: 4, float("nan"): 6}, memoryview(b"x"), {1500}, range(10**30),
              functools.reduce(lambda inner, _: [inner], range(5000), 0), pd.DataFrame(np.zeros((10, 10**4))), keras.Sequential(), float("inf"), -0.0):
    for question, names in (("steps", ("steps_default", "steps_full")), ("outputs", ("binary", "multiclass", "regression")), ("collapse", [])):
        try: check(f"two_layer.{question}", *[] if names else [value], **dict.fromkeys(names, value))
        except Exception as error: print(type(error))
print("TRIED")
"""

ATTACKS = (
    Attack("sys.exit", {"parameters-answer": "import sys\nsys.exit(0)"},
           {"parameters-answer": "raise SystemExit(0)"}, earns={"parameters": 0.0}, dangerous=True),
    ends("os._exit", "import os\nos._exit(0)", "the kernel ended in cell"),
    ends("a crash in C", "import ctypes\nctypes.string_at(0)", "the kernel ended in cell"),
    ends("abort, after asking to be taken for a time-out", "import os, signal\nos.kill(os.getpid(), signal.SIGALRM)", "the kernel ended in cell"),
    ends("SIGKILL to everybody", "import os, signal\n"
         "for pid in (1, os.getppid(), 0, -1):\n    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass\nos._exit(137)",
         "the kernel ended in cell"),
    ends("quit through Jupyter", "get_ipython().kernel.do_shutdown(False)\nimport os\nget_ipython().ask_exit()\nos._exit(0)"),
    ends("fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "broke a limit"),
    ends("thread bomb", "import threading, time\nfor _ in range(2000):\n    threading.Thread(target=time.sleep, args=(60,)).start()"
         , "more than 150"),
    Attack("memory bomb", edits={"parameters-answer": "hoard = []\nwhile True:\n    hoard.append(np.ones(30_000_000))"},
           earns={"parameters": 0.0}, says=("MemoryError",), dangerous=True),
    ends("memory bomb in children", "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n"
         "        x = np.ones(60_000_000)\n        time.sleep(60)\ntime.sleep(60)", "2500 MB"),
    survives("disk filled", dangerous=True, code="""
import os
written = 0
for folder in ("/tmp", "/dev/shm", "/tmp/home"):
    for number in range(40):
        try:
            with open(f"{folder}/fill{number}", "wb") as file:
                for _ in range(64): file.write(bytes(1 << 20)); file.flush(); written += 1
        except OSError as error: reason = error
for number in range(60_000):
    try: open(f"/tmp/home/n{number}", "w").close()
    except OSError: break
assert written < 400, written
print("TRIED", reason, number)
for folder in ("/tmp", "/dev/shm", "/tmp/home"):
    for name in os.listdir(folder):
        if name.startswith(("fill", "n")) and not name.startswith("nv"):
            try: os.unlink(f"{folder}/{name}")
            except OSError: pass
"""),
    Attack("output flood", {"steps-answer": "while True: print('x' * 10_000)"}, earns={}, says=("was stopped because it printed without end",),
           dangerous=True),
    ends("output flood that can't be interrupted", """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try: sys.stdout.write("x" * 4_000_000); sys.stdout.flush()
    except MemoryError: pass
""", "printed without end", cell_seconds=2, answers=False),
    Attack("flood of empty messages", edits={"steps-answer": """
import time
kernel = get_ipython().kernel
until = time.monotonic() + 3
while time.monotonic() < until:
    for _ in range(500):
        kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": ""}, parent=kernel.get_parent())
    time.sleep(0.001)
steps_default, steps_full = 1500, 1
"""}, dangerous=True),
    Attack("one line of a megabyte with carriage returns", edits=after_last("print('\\r'.join(['x'] * 120_000) + '\\b' * 10_000)")),
    Attack("endless loop", edits={"parameters-answer": "while True: pass"}, earns={"parameters": 0.0},
           says=("was stopped after 2 s",), dangerous=True, cell_seconds=2),
    Attack("a recursion limit in which no error can be shown", base="short", earns={"parameters": 0.0, "steps": 0.0}, dangerous=True,
           edits={"parameters-answer": "import sys\nsys.setrecursionlimit(45)"}, says=("Nothing was handed in.",)),
    ends("endless loop in C", "sum(range(10 ** 14))", "could not be interrupted", cell_seconds=2, answers=False),
    ends("endless loop that ignores interrupts", "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
         "while True: time.sleep(0.01)", "could not be interrupted", cell_seconds=2, answers=False),
    ends("a stopped kernel", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "the kernel itself was halted"),
    Attack("input", edits={"parameters-answer": "dense1_parameters = input('How many? ')"}, earns={"parameters": 0.0}, undecided=True,
           says=("nobody answers questions",)),
    Attack("input through getpass and stdin", edits={"parameters-answer": "import getpass, sys\nsys.stdin.readline()\ndense1_parameters = getpass.getpass()"},
           earns={"parameters": 0.0}, undecided=True, says=("nobody answers questions",)),
    survives("things left for the next student", LEAVE, dangerous=True),
    survives("things looked for that another student left", LOOK, looks=True),
    survives("namespaces, mounts, devices and privileges", NAMESPACES, looks=True),
    survives("a file larger than allowed", """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("/tmp/large", "wb") as file: file.truncate(1 << 40)
    print("STOLEN")
except OSError as error: print("TRIED", error)
""", looks=True),
    survives("all descriptors taken", """
import os
taken = []
try:
    while True: taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error: reason = error
for number in taken: os.close(number)
print("TRIED" if len(taken) < 256 else "STOLEN", reason)
""", looks=True),
    survives("parent: memory, descriptors, ptrace, signals, priorities", PARENT, dangerous=True),
    survives("descriptors inherited", DESCRIPTORS, looks=True),
    survives("messages of other cells, of widgets and of no cell", MESSAGES),
    Attack("everything bent at once: descriptors in flight, folders, clocks, hooks, two kernels in one", before={"outputs-answer": BENT},
           base="short", tried=True, dangerous=True),
    survives("values of every odd kind", VALUES, looks=True),
    survives("hands on the sockets of the next notebook", """
import os
for folder in ("/run/sockets", "/run/kernel", "/run", "/"):
    for name in (os.listdir(folder) if os.path.isdir(folder) else []):
        for call in (lambda p: os.unlink(p), lambda p: os.rename(p, "/tmp/x"), lambda p: os.chmod(p, 0)):
            path = f"{folder}/{name}"
            if folder.startswith("/run/"):
                try: call(path); print("changed", path)
                except OSError: pass
    try: os.symlink("/etc/passwd", f"{folder}/k99-1"); print("STOLEN", folder)
    except OSError: pass
print("TRIED")
""".replace(', lambda p: os.chmod(p, 0)', ''), looks=True),
)  # fmt: skip
