"""What a notebook can't see, reach or leave behind."""

from __future__ import annotations

import ast
import hashlib
import os
import pkgutil
import threading
import time
from pathlib import Path

import pytest

import autograder
from autograder.common.errors import SandboxError
from autograder.sandbox import bound_folders, host, unroot
from autograder.sandbox.host import Sandbox
from autograder.sandbox.inside import resource_watch
from autograder.sandbox.run_notebook import run_notebook
from tests.sandbox.conftest import Try, notebook

pytestmark = pytest.mark.slow  # attacks on a real sandbox
LEAVE = """
import os, socket, subprocess, threading, time
for folder in ('.', '/tmp', '/dev/shm', '/tmp/home'):
    open(folder + '/left', 'w').write('for the next one')
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open('/tmp/daemon', 'a').write('.')
            open('/dev/shm/daemon', 'a').write('.')
            time.sleep(0.01)
    os._exit(0)
subprocess.Popen(['sleep', '1000'], start_new_session=True)
threading.Thread(target=time.sleep, args=(1000,)).start()
here = socket.socket(socket.AF_UNIX); here.bind('\\0left'); here.listen()
import builtins, numpy; builtins.left = numpy.left = True
"""
LOOK = """
import builtins, numpy, os, subprocess
names = [n for folder in ('.', '/tmp', '/dev/shm', '/tmp/home') for n in os.listdir(folder)]
commands = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]
print([n for n in names if n in ('left', 'daemon')], [c for c in commands if 'sleep' in c],
      '@left' in open('/proc/net/unix').read(), hasattr(builtins, 'left'), hasattr(numpy, 'left'))
"""


@pytest.mark.parametrize("kind", ["attempt", "attempt_flat"])
def test_nothing_is_left_for_the_next_notebook(kind: str, request: pytest.FixtureRequest) -> None:
    attempt: Try = request.getfixturevalue(kind)
    left = attempt(LEAVE, "import os; print(os.path.exists('/tmp/daemon') or 'started')")
    assert left.run.breaks == ()
    assert attempt(LOOK).shown == ["[] [] False False False"]


@pytest.mark.parametrize("kind", ["attempt", "attempt_flat"])
def test_what_is_read_only_stays_so(kind: str, request: pytest.FixtureRequest) -> None:
    attempt: Try = request.getfixturevalue(kind)
    tried = attempt("""
import os, sys, numpy
package = os.path.dirname(__import__('autograder').__file__)
places = ['/', '/dev', '/etc', '/opt', '/run', '/run/kernel', '/usr', '/usr/lib', sys.prefix, sys.base_prefix, package,
          *(f'{package}/{room}' for room in ('common', 'kernel', 'sandbox')), f'{sys.prefix}/lib',
          os.path.dirname(numpy.__file__), '/tmp/.keras', '/tmp/.keras/datasets/fashion-mnist', '/proc/sys/kernel']
for place in places:
    try:
        open(place + '/written', 'w').close(); print('written', place)
    except OSError:
        pass
for file in ('/proc/sys/kernel/core_pattern', '/proc/sys/vm/swappiness', '/proc/sysrq-trigger', '/etc/passwd'):
    try:
        open(file, 'r+'); print('opened', file)
    except OSError:
        pass
for folder, _, files in os.walk('/proc/sys'):
    for file in files:
        try:
            os.close(os.open(f'{folder}/{file}', os.O_WRONLY)); print('opened', folder, file)
        except OSError:
            pass
for call in (os.listdir, lambda place: os.chmod(place, 0o777), lambda place: os.listdir(place + '/proc'), lambda place: os.rename(place, '/opt/seen')):
    try:
        call('/opt/unseen'); print('seen', call)
    except OSError:
        pass
for source in ('/tmp/.keras', '/tmp/.keras/datasets'):
    try:
        os.rename(source, '/tmp/moved'); print('moved', source)
    except OSError:
        pass
""")
    assert tried.shown == [""]


def test_the_network_can_not_be_reached(attempt: Try) -> None:
    tried = attempt(
        "import socket; socket.create_connection(('1.1.1.1', 53), timeout=3)",
        "import socket; socket.getaddrinfo('example.com', 80)",
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('8.8.8.8', 53))",
    )
    assert all("rror" in shown for shown in tried.shown), tried.shown


def test_the_course_the_solutions_and_the_home_are_not_there(
    attempt: Try, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "course"
    (course / "solutions").mkdir(parents=True)
    (course / "course.yml").write_text("threshold: 0.87")
    (course / "gradebook.db").write_text("grades")
    monkeypatch.chdir(course)
    root = Path(__file__).resolve().parents[2]
    asked = [course, course / "course.yml", root / "course.yml", root / "solutions", root / ".git", root / "tests"]
    asked += [Path.home() / ".ssh", Path.home() / ".keras", Path("/etc/shadow"), Path("/sys"), Path("/boot")]
    tried = attempt(f"import os; print([p for p in {[str(p) for p in asked]} if os.path.lexists(p)])")
    assert tried.shown == ["[]"]


def test_of_this_package_a_kernel_finds_what_it_needs_and_nothing_that_judges(attempt: Try) -> None:
    """By import and by walking the whole file system: no module that sandboxes don't hold, and no file with its content."""
    package = Path(autograder.__file__).resolve().parent
    every = [name for _, name, _ in pkgutil.walk_packages([str(package)], "autograder.") if "__main__" not in name]
    outside = bound_folders.outside()
    assert {
        "autograder.judge.session",
        "autograder.course.course",
        "autograder.kernel.home",
        "autograder.kernel.home.check_at_home",
    } < set(outside)
    files = [package.parent.joinpath(*name.split(".")) for name in outside]
    contents = [
        path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py" for path in files
    ]
    hidden = sorted({hashlib.sha256(text).hexdigest() for path in contents if (text := path.read_bytes())})
    tried = attempt(
        f"""
import importlib
found = []
for name in {sorted(every)}:
    try:
        importlib.import_module(name)
        found.append(name)
    except ModuleNotFoundError as error:
        assert error.name.startswith('autograder.'), error
print(found)
""",
        f"""
import hashlib, os
found, seen = [], 0
for folder, below, files in os.walk('/'):
    if folder == '/': below.remove('proc')
    parts = folder.split('/')
    if 'autograder' in parts and not folder.startswith('/opt/autograder-package/autograder'): found += files
    for file in files:
        if file.endswith('.py'):
            seen += 1
            try:
                with open(os.path.join(folder, file), 'rb') as stream: text = stream.read(60_000)
            except OSError: continue
            if hashlib.sha256(text).hexdigest() in {hidden}: found.append(os.path.join(folder, file))
        elif file.endswith('.pyc') and 'autograder' in parts and file.split('.')[0] in ('home', 'session', 'registry', 'host'): found.append(file)
print(found, seen > 5_000)
""",
    )
    assert ast.literal_eval(tried.shown[0]) == sorted(set(every) - set(outside))
    assert tried.shown[1] == "[] True"


def test_the_parent_can_not_be_read_traced_or_named(attempt: Try, sandbox: Sandbox) -> None:
    starts = sandbox.starts
    tried = attempt(
        "import os\nfor pid in os.listdir('/proc'):\n"
        "    if pid.isdigit() and os.stat(f'/proc/{pid}/fd').st_uid == 65534:\n"
        "        for name in ('mem', 'environ', 'maps', 'fd', 'root', 'cwd'):\n"
        "            try:\n"
        "                path = f'/proc/{pid}/{name}'\n"
        "                open(path, 'rb').read(1) if name not in ('fd', 'root', 'cwd') else os.listdir(path)\n"
        "                print('read', path)\n"
        "            except OSError:\n                pass",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\n[libc.ptrace(16, pid, 0, 0) for pid in (1, 2, 3, os.getppid())]",
        "import os, signal\n"
        "for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV):\n"
        "    for pid in (1, os.getppid()):\n"
        "        try:\n            os.kill(pid, number)\n        except OSError:\n            pass",
        "import os\ntry:\n    os.kill(-1, 9)\nexcept ProcessLookupError:\n    print('nobody')",
    )
    assert tried.shown == ["", "[-1, -1, -1, -1]", "", "nobody"]
    assert attempt("1 + 1").shown == ["2"] and sandbox.starts == starts


def test_no_descriptor_of_the_parent_is_inherited(attempt: Try) -> None:
    tried = attempt("import subprocess\nprint(subprocess.run('ls /proc/self/fd', shell=True, text=True, "
                    "capture_output=True, close_fds=False).stdout.split())",
                    "import os, stat\nfor fd in os.listdir('/proc/self/fd'):\n"
                    "    try:\n        link = os.readlink(f'/proc/self/fd/{fd}')\n    except OSError:\n        continue\n"
                    "    if link.startswith('socket') and not os.stat(f'/proc/self/fd/{fd}'): print(link)\n"
                    "print(len([l for l in open('/proc/net/unix') if 'sockets' not in l]) < 20)")  # fmt: skip
    assert tried.shown[0] == "['0', '1', '2', '3']" and tried.shown[1] == "True"


def test_no_capability_no_new_privilege_and_no_namespace_can_be_had(attempt: Try) -> None:
    tried = attempt(
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(*(status[name].strip() for name in ('CapEff', 'CapPrm', 'CapBnd', 'NoNewPrivs', 'Seccomp')))",
        "import subprocess\n"
        "for command in ('unshare -U true', 'unshare -Ur mount -t tmpfs x /mnt', 'mount -t tmpfs x /tmp/home'):\n"
        "    print(subprocess.run(command, shell=True, capture_output=True).returncode != 0)",
        "import os; os.memfd_create('hidden')",
    )
    zero = "0" * 16
    assert tried.shown[:2] == [f"{zero} {zero} {zero} 1 2", "True\nTrue\nTrue"]
    assert tried.shown[2].startswith("PermissionError")


def test_a_kernel_is_never_root_to_the_host(sandbox: Sandbox) -> None:
    owners: set[int] = set()
    run_notebook(notebook("1"), sandbox,
                 on_cell=lambda _: owners.update(path.stat().st_uid for path in sandbox.socket_folder.iterdir()))  # fmt: skip
    assert owners == {os.geteuid() or unroot.USER}


def test_the_judges_socket_can_be_used_and_not_replaced(attempt: Try, sandbox: Sandbox) -> None:
    import socket

    path = sandbox.run_folder / "judge"
    with socket.socket(socket.AF_UNIX) as judge:
        judge.bind(str(path))
        judge.listen()
        tried = attempt(
            "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/kernel/judge'); print('connected')",
            "import os; os.unlink('/run/kernel/judge')",
            "open('/run/sockets/written', 'w')",
        )
    path.unlink()
    assert tried.shown[0] == "connected"
    assert tried.shown[1].startswith("OSError") and tried.shown[2].startswith("OSError")


def test_a_dead_parent_is_noticed_and_replaced(flat: Sandbox, attempt_flat: Try) -> None:
    attempt_flat("1")
    starts = flat.starts
    with pytest.raises(SandboxError, match="died"):
        attempt_flat("import os; os.kill(os.getppid(), 9)", "import time; time.sleep(60)")
    assert attempt_flat("1 + 1").shown == ["2"] and flat.starts == starts + 1


def test_a_stopped_parent_is_noticed_and_replaced(
    flat: Sandbox, attempt_flat: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that it holds, also where no lifeline ties it to its worker: that of another thread than the first."""
    flat._stop()
    starting = threading.Thread(target=flat.start)
    starting.start()
    starting.join()
    attempt_flat("1")
    starts = flat.starts
    assert flat._process is not None
    inside = resource_watch.children(flat._process.pid)
    monkeypatch.setattr(host, "ANSWER_SECONDS", 1.0)
    with pytest.raises(SandboxError, match="died"):
        attempt_flat("import os, signal; os.kill(os.getppid(), signal.SIGSTOP)", "import time; time.sleep(60)")
    until = time.monotonic() + 20  # the system takes a moment to end what was killed
    while (
        left := [pid for pid in inside if resource_watch.stat(pid)[:1] not in ([], ["Z"])]
    ) and time.monotonic() < until:
        time.sleep(0.05)
    assert inside and not left
    assert attempt_flat("1 + 1").shown == ["2"] and flat.starts == starts + 1


def test_files_in_the_shared_folder_end_the_kernel(attempt_flat: Try) -> None:
    tried = attempt_flat("open('/run/sockets/written', 'w').write('x' * 1000)", "import time; time.sleep(30)")
    assert tried.limits == ["files"]
