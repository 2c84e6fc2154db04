"""Attacks on secrets and on other people's files: reading what grades, writing where results go, the network."""

from tests.attacks.attack import Attack


def tries(name: str, code: str, **others) -> Attack:
    return Attack(name, before={"collapse-answer": code}, tried=True, looks=True, **others)


FILES = """
import os, sys
words = ["unseen_" + "images", "references.py:" + "collapse", "W2 @ " + "W1, W2 @ b1 + b2"]
names = ("course.yml", "checks.yml", "gradebook.db", "references.py", "solutions", "submitted", "autograded", "feedback", "reports",
         "two_layer.ipynb", "nbgrader_config.py", "journal", ".git")
package = os.path.dirname(os.path.dirname(__import__("autograder").__file__))
here = os.path.abspath(os.curdir)
folders = {package, here, sys.prefix, os.path.dirname(sys.prefix), os.path.dirname(os.path.dirname(sys.prefix)), "/", "/root", "/home", "/tmp",
           "/srv", "/opt", "/var", "/mnt", "/media", "/etc", "/run", "/run/kernel", "/proc/self/cwd", "/proc/self/root", "/proc/1/root", "/proc/1/cwd"}
for line in open("/proc/self/mountinfo"):
    fields = line.split()
    folders |= {fields[3], fields[4], os.path.dirname(fields[3])}
for folder in folders:
    for name in names:
        if os.path.lexists(os.path.join(folder, name)):
            print("STOLEN", folder, name)
seen = 0
for top in ("/tmp", "/run", "/home", "/root", "/srv", "/mnt", "/media", "/var", "/etc", "/opt", package + "/autograder", os.path.dirname(sys.prefix)):
    for folder, below, files in os.walk(top):
        if folder.startswith((sys.prefix, sys.base_prefix)): below.clear(); continue
        for file in files:
            try:
                with open(os.path.join(folder, file), "rb") as stream: content = stream.read(2_000_000)
            except OSError: continue
            seen += 1
            if file.endswith((".ipynb", ".db", ".fit")) or any(word.encode() in content for word in words):
                print("STOLEN", folder, file)
print("TRIED", seen)
"""

MEMORY = r"""
import ctypes, gc, importlib, os, sys
rooms = tuple("autograder." + room for room in ("checks", "course", "judge", "networks", "classroom", "worker", "authoring", "cli", "kernel.home"))
for room in (*rooms, "autograder.course.checks.base", "autograder.course.course", "autograder.judge.session", "autograder.networks.lab"):
    try: importlib.import_module(room); print("STOLEN", room)
    except ModuleNotFoundError: pass
for thing in gc.get_objects():
    if str(getattr(type(thing), "__module__", "")).startswith(rooms): print("STOLEN", type(thing))
for name in list(sys.modules):
    if name.startswith(rooms): print("STOLEN", name)
needles = [b"".join(parts) for parts in ([b"unseen_", b"images"], [b"references.py:", b"collapse"])]
buffer = bytearray(1 << 24)
first = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
total = 0
with open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in open("/proc/self/maps"):
        area, rights, _, _, _, *path = line.split()
        start, end = (int(number, 16) for number in area.split("-"))
        if "rw" not in rights or (path and path != ["[heap]"]): continue
        at = start
        while at < end:
            memory.seek(at)
            try: count = memory.readinto(memoryview(buffer)[: min(len(buffer), end - at)])
            except OSError: break
            if not count: break
            total += count
            for needle in needles:
                place = buffer.find(needle, 0, count)
                while place >= 0:
                    address = at + place
                    mine = any(0 <= address - id(n) < 200 for n in needles) or 0 <= address - first < len(buffer)
                    if not mine: print("STOLEN", hex(address), bytes(buffer[place : place + 60]))
                    place = buffer.find(needle, place + 1, count)
            at += count
print("TRIED" if total > 100_000_000 else "", total)
"""

ENVIRONMENT = """
import os, sys
text = repr(dict(os.environ)) + open("/proc/self/environ").read() + repr(sys.argv) + repr(sys.path) + repr(sys.orig_argv) + repr(sys._xoptions)
for word in ("course.yml", "solutions", "gradebook", "submitted", "AUTOGRADER_COURSE", "MEMO", "SECRET", "TOKEN", "SSH", "PYTEST"):
    if word in text: print("STOLEN", word)
shell = get_ipython()
place = open(shell.kernel.config["IPKernelApp"]["connection_file"] if "IPKernelApp" in shell.kernel.config and "connection_file" in shell.kernel.config["IPKernelApp"] else "/tmp/connection.json").read()
for word in ("student", "submitted", "two_layer"):
    if word in place.replace("/run/sockets", ""): print("STOLEN", word)
print("TRIED")
"""

FRAMES = """
import gc, sys, threading
words = ("hidden", "at_least", "reference", "equals", "points")
for frame in sys._current_frames().values():
    while frame:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if isinstance(value, dict) and {"checks", "points"} <= set(map(str, value)): print("STOLEN", name)
        frame = frame.f_back
for thing in gc.get_objects():
    if type(thing) is dict and "equals" in thing and "points" in thing: print("STOLEN", list(thing)[:9])
from autograder.kernel import check as student
def home():
    from autograder.kernel.home.check_at_home import HomeStudent
    return HomeStudent().course
def released():
    from autograder.course.released_checks import locate
    return locate(__import__("pathlib").Path("/"))
for call in (lambda: student._student.course, lambda: student._student.lab.reference("solutions/references.py:collapse"), home, released):
    try: print("STOLEN", call())
    except (AttributeError, ImportError): pass
print("TRIED")
"""

NOTEBOOK = """
import json, os
shell = get_ipython()
history = json.dumps([list(map(str, item)) for item in shell.history_manager.get_range(raw=True)]) + json.dumps(list(map(str, shell.user_ns.get("In", []))))
parent = {**shell.kernel.get_parent(), "content": None}
for word in ("grade_id", "nbgrader", "points", "hidden", "student", "submitted", "two_layer"):
    if word in json.dumps(parent, default=str): print("STOLEN", word, parent)
for name in ("checks.yml", "two_layer.ipynb", ".ipynb_checkpoints"):
    if os.path.exists(name): print("STOLEN", name)
print("TRIED")
"""

WRITING = """
import glob, os, sys
package = os.path.dirname(__import__("autograder").__file__)
places = [package, package + "/kernel", package + "/common/wire", os.path.dirname(package), sys.prefix, os.path.dirname(np.__file__), os.path.dirname(keras.__file__),
          sys.base_prefix, os.path.dirname(os.__file__), "/", "/etc", "/usr", "/usr/bin", "/bin", "/run", "/run/kernel", "/dev", "/proc/sys/kernel", "/sys",
          os.path.dirname(sys.prefix), os.path.expanduser("~root"), "/var/tmp", "/opt", "/opt/keras", "/tmp/.keras", "/tmp/.keras/datasets/fashion-mnist"]
if os.path.dirname(sys.prefix).startswith("/tmp/"): places.remove(os.path.dirname(sys.prefix))  # a clone in /tmp: the sandbox's own scratch
for line in open("/proc/self/mountinfo"): places.append(line.split()[4])
for place in set(places) - {"/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts", "/dev/console"}:
    for name in ("gradebook.db", "sitecustomize.py", "x.pth", "written"):
        path = os.path.join(place, name)
        try: open(path, "w").close(); print("STOLEN", path)
        except OSError: pass
for path in [package + "/kernel/graded/check_while_grading.py", package + "/common/wire/messages.py", keras.__file__, np.__file__, os.__file__, sys.executable, *glob.glob("/tmp/.keras/datasets/*/*"), "/etc/passwd", *glob.glob(package + "/**/__pycache__/*", recursive=True)]:
    for call in (lambda: open(path, "r+b").close(), lambda: os.unlink(path), lambda: os.rename(path, path + "x"), lambda: os.chmod(path, 0o777), lambda: os.utime(path)):
        try: call(); print("STOLEN", path)
        except OSError: pass
for folder in ("submitted", "reports", "autograded", "memo"):
    os.makedirs(folder + "/alice/two_layer", exist_ok=True); open(folder + "/alice/two_layer/two_layer.ipynb", "w").write("{}")
print("TRIED")
"""

NETWORK = """
import os, socket, subprocess, urllib.request
calls = {
    "tcp": lambda: socket.create_connection(("1.1.1.1", 80), timeout=1),
    "dns": lambda: socket.getaddrinfo("example.com", 80),
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53)),
    "tcp6": lambda: socket.create_connection(("2606:4700:4700::1111", 80), timeout=1),
    "http": lambda: urllib.request.urlopen("http://93.184.216.34/", timeout=1),
    "metadata": lambda: urllib.request.urlopen("http://169.254.169.254/", timeout=1),
    "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).sendto(b"x" * 16, ("8.8.8.8", 0)),
    "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "vsock": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 5000)),
    "bluetooth": lambda: socket.socket(31, socket.SOCK_RAW, 1).bind((0,)),
    "dbus": lambda: socket.socket(socket.AF_UNIX).connect("/run/dbus/system_bus_socket"),
    "docker": lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"),
    "x11": lambda: socket.socket(socket.AF_UNIX).connect("\\0/tmp/.X11-unix/X0"),
    "download": lambda: subprocess.run(["pip", "download", "six"], check=True, capture_output=True, timeout=20),
}
calls.pop("download")
for name, call in calls.items():
    try: call(); print("STOLEN", name)
    except (OSError, subprocess.SubprocessError, AttributeError): pass
abstract = [line.split()[-1] for line in open("/proc/net/unix") if "@" in line]
for name in abstract:
    try: socket.socket(socket.AF_UNIX).connect("\\0" + name[1:]); print("STOLEN", name)
    except OSError: pass
devices = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
print("TRIED" if devices in (["lo"], []) else "STOLEN", devices)
"""

ATTACKS = (  # what memory is searched for stands in the code of the next one
    tries("memory: objects of the grader, and all readable pages", MEMORY),
    tries("files: solutions, course.yml, other submissions, anything by walking", FILES),
    tries("environment, arguments and the connection file", ENVIRONMENT),
    tries("frames, gc and the package's own state", FRAMES),
    tries("the notebook's metadata as the kernel sees them", NOTEBOOK),
    tries("writing: package, virtualenv, system, data set, gradebook and memo", WRITING),
    tries("network of every sort", NETWORK),
    Attack("links out of the scratch folder in place of answers", before={"collapse-answer": """
import os, sys
for name, target in {"a": "/proc/1/root", "b": "../../../../../../root", "c": "/run/kernel/../../root", "d": "/proc/self/cwd/../../root", "e": "/proc/self/root/.."}.items():
    os.symlink(target, name)
    try: print("STOLEN", os.listdir(name)) if set(os.listdir(name)) - set(os.listdir("/")) - set(sys.base_prefix.split("/")) else None
    except OSError: pass
print("TRIED")
"""}, tried=True, looks=True),
    Attack("hidden inputs of a function told to the report", edits={"formula-answer": """
told = []
def dense_parameters(inputs, units):
    told.append((inputs, units))
    return 0
"""}, earns={"formula": 0.0}, says=()),
)  # fmt: skip
