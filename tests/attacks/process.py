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
mine = {int(os.readlink("/proc/self"))}  # /proc belongs to an outer namespace
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
    survives("a file larger than allowed", """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("/tmp/large", "wb") as file: file.truncate(1 << 40)
    print("STOLEN")
except OSError as error: print("TRIED", error)
"""),
    survives("all descriptors taken", """
import os
taken = []
try:
    while True: taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error: reason = error
for number in taken: os.close(number)
print("TRIED" if len(taken) < 256 else "STOLEN", reason)
"""),
    Attack("output flood", {"steps-answer": "while True: print('x' * 10_000)"}, earns={}, says=("was stopped because it printed without end",),
           dangerous=True),
    ends("output flood that can't be interrupted", """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try: sys.stdout.write("x" * 4_000_000); sys.stdout.flush()
    except MemoryError: pass
""", "printed without end", cell_seconds=4),
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
    ends("endless loop in C", "sum(range(10 ** 14))", "could not be interrupted", cell_seconds=2),
    ends("endless loop that ignores interrupts", "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
         "while True: time.sleep(0.01)", "could not be interrupted", cell_seconds=2),
    ends("a stopped kernel", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "could not be interrupted", cell_seconds=2),
    Attack("input", edits={"parameters-answer": "dense1_parameters = input('How many? ')"}, earns={"parameters": 0.0}, undecided=True,
           says=("nobody answers questions",)),
    Attack("input through getpass and stdin", edits={"parameters-answer": "import getpass, sys\nsys.stdin.readline()\ndense1_parameters = getpass.getpass()"},
           earns={"parameters": 0.0}, undecided=True, says=("nobody answers questions",)),
    survives("things left for the next student", LEAVE, dangerous=True),
    survives("things looked for that another student left", LOOK),
    survives("namespaces, mounts, devices and privileges", NAMESPACES),
    survives("parent: memory, descriptors, ptrace, signals, priorities", PARENT, dangerous=True),
    survives("descriptors inherited", DESCRIPTORS),
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
""".replace(', lambda p: os.chmod(p, 0)', '')),
)  # fmt: skip
