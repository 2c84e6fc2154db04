"""Honest notebooks run as they do at home."""

from __future__ import annotations

import asyncio

import pytest

from autograder.common.errors import SandboxError
from autograder.common.i18n import speaking
from autograder.sandbox import provisioner
from autograder.sandbox.host import Sandbox
from autograder.sandbox.run_notebook import run_notebook, run_notebook_async
from tests.sandbox.conftest import LIMITS, Try, notebook, printed


def test_cells_share_one_namespace_and_show_their_output(attempt: Try) -> None:
    tried = attempt("x = 20", "print('hello')\nx + 1", "1 / 0", "x += 1; print(x)")
    assert tried.shown == ["", "hello\n\n21", "ZeroDivisionError: division by zero", "21"]
    assert tried.run.breaks == () and tried.run.finished and tried.run.executed == 4
    assert [cell.execution_count for cell in tried.nb.cells] == [1, 2, 3, 4]


def test_a_network_is_trained_on_the_data_set(attempt: Try) -> None:
    tried = attempt(
        "import keras\n(x, y), _ = keras.datasets.fashion_mnist.load_data()\nx.shape",
        "model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)])\n"
        "model.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"
        "history = model.fit(x[:256] / 255.0, y[:256], verbose=0)\nsorted(history.history)",
    )
    assert tried.shown == ["(60000, 28, 28)", "['loss']"]


LOADED = """
import keras
from sklearn.model_selection import train_test_split
(x, y), _ = keras.datasets.fashion_mnist.load_data()
scaled = x.reshape(-1, 784) / 255.0
parts = train_test_split(scaled, y, test_size=0.2, random_state=42)
"""


def test_what_a_notebook_does_to_its_data_no_other_notebook_sees(attempt: Try) -> None:
    shared = (  # what every kernel's parent holds; the split waits only where the machine has room for it
        "from autograder.common.data.data_sets import load\nfrom autograder.kernel.graded import precomputed\n"
        "waiting = precomputed._prepared.get('fashion_mnist')\n"
        "arrays = [load().features, load().targets]\n"
        "arrays += [waiting.all, waiting.train.array, waiting.holdout.array] if waiting else []"
    )
    spoil = (
        "for array in (x, scaled, *parts, *arrays):\n"
        "    while not array.flags.writeable:\n        whole = array\n"
        "        while isinstance(whole.base, type(array)) and not whole.base.flags.writeable:\n            whole = whole.base\n"
        "        whole.setflags(write=True)\n"
        "    array[:] = 7\n"
        "print({int(array.max()) for array in (x, scaled, *parts, *arrays)})"
    )
    look = "print(*[float(array.sum()) for array in (x, scaled, *parts, *arrays)])"
    before = attempt(LOADED, shared, look)
    assert attempt(LOADED, shared, spoil).shown[2] == "{7}"
    assert attempt(LOADED, shared, look).shown == before.shown
    assert before.shown[2].count(" ") in (7, 10)


def test_arrays_that_wait_are_no_memory_that_a_notebook_uses(attempt: Try) -> None:
    tried = attempt(LOADED, f"import numpy as np\nones = np.ones({LIMITS.memory_mb - 1000} * 2**17)\nprint(len(ones))")
    assert tried.limits == [] and tried.shown[1] == str((LIMITS.memory_mb - 1000) * 2**17)


def test_what_no_notebook_can_hold_is_left_out_and_the_cell_goes_on(attempt: Try) -> None:
    odd = attempt(
        "class Odd:\n    def _repr_mimebundle_(self, **kinds): return {'text/plain': 5, 'text/html': None}\n"
        "display(Odd()); display({'text/plain': {}}, raw=True, display_id='a'); display({'text/plain': [1]}, raw=True, display_id='a', update=True)\n"
        "print('on')",
        "print('and on')",
    )
    assert odd.shown == ["on", "and on"] and odd.run.finished


def test_plots_are_shown_inline(attempt: Try) -> None:
    tried = attempt("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    assert "image/png" in tried.nb.cells[0].outputs[0].data


def test_each_kernel_has_its_own_environment_and_nothing_of_the_workers(
    attempt: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_WORKER", "1")
    show = (
        "import os; from autograder.common.environment import said\n"
        "print(said('AUTOGRADER_TOLD') or None, 'A_SECRET_OF_THE_WORKER' in os.environ)\n"
        "print([name for name in os.environ if 'GRADER' in name.upper()])\n!env | grep -i grader_"
    )
    assert attempt(show, environment={"AUTOGRADER_TOLD": "a word"}).shown == ["a word False\n[]"]
    assert attempt(show).shown == ["None False\n[]"]


def test_random_numbers_differ_between_kernels(attempt: Try) -> None:
    draw = "import random, uuid, tempfile; print(random.SystemRandom().random(), uuid.uuid4(), tempfile.mktemp())"
    assert attempt(draw).shown != attempt(draw).shown


def test_the_worker_hears_of_each_cell_before_it_runs(attempt: Try) -> None:
    cells: list[int] = []
    attempt("1", "", "2", on_cell=cells.append)
    assert cells == [0, 2]


def test_it_works_under_a_running_event_loop(sandbox: Sandbox) -> None:
    nb, other = notebook("1 + 1"), notebook("2 + 2")

    async def both() -> None:
        run_notebook(nb, sandbox)
        await run_notebook_async(other, sandbox, environment={}, cell_seconds=90, notebook_seconds=90, output_bytes=99)

    asyncio.run(both())
    assert printed(nb.cells[0]) == "2" and printed(other.cells[0]) == "4"


def test_under_a_running_event_loop_the_same_language_is_spoken(sandbox: Sandbox) -> None:
    async def stopped() -> str:
        with speaking("ko"):
            return run_notebook(notebook("import time\ntime.sleep(9)"), sandbox, cell_seconds=0.5).breaks[0].sentence

    assert "셀" in asyncio.run(stopped())


def test_one_parent_serves_all_notebooks(sandbox: Sandbox, attempt: Try) -> None:
    attempt("1")
    attempt("2")
    assert sandbox.starts == 1


def test_nbclient_can_use_it_by_kernel_name(flat: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import KernelProvisionerFactory
    from nbclient import NotebookClient

    def by_name(self: object, kernel_id: str, kernel_spec: object, parent: object) -> provisioner.SandboxProvisioner:
        return provisioner.SandboxProvisioner(kernel_id=kernel_id, kernel_spec=kernel_spec, parent=parent)

    monkeypatch.setattr(KernelProvisionerFactory, "create_provisioner_instance", by_name)
    monkeypatch.setattr(AsyncKernelManager, "kernel_spec", property(lambda self: provisioner.kernel_spec()))
    provisioner.use(flat)
    try:
        nb = notebook("import os; os.getcwd()")
        NotebookClient(nb, kernel_name=provisioner.NAME).execute()
    finally:
        provisioner.use(None)
    assert printed(nb.cells[0]) == "'/tmp/work'"


def test_without_isolation_the_same_notebook_runs() -> None:
    with Sandbox("none", LIMITS, preload=False) as sandbox:
        nb = notebook("import os; print(6 * 7); open('left', 'w').close(); os.getcwd()", "import os; os._exit(4)")
        run = run_notebook(nb, sandbox)
        assert printed(nb.cells[0]).startswith("42") and run.died
        again = notebook("import os; print(os.listdir())")
        run_notebook(again, sandbox)
        assert printed(again.cells[0]) == "[]"
        assert sandbox.starts == 1


def test_a_parent_that_can_not_start_is_the_sandboxs_fault_and_says_why(tmp_path: object) -> None:
    environment = {"PYTHONHOME": "/nowhere"}
    with Sandbox("bubblewrap", LIMITS, environment=environment) as sandbox, pytest.raises(SandboxError) as caught:
        sandbox.start()
    assert "did not start" in str(caught.value) and "encodings" in str(caught.value)


def test_a_parent_is_replaced_after_its_share_of_kernels() -> None:
    with Sandbox("bubblewrap", LIMITS, preload=False, max_kernels=1) as sandbox:
        for _ in range(2):
            run_notebook(notebook("1"), sandbox)
        assert sandbox.starts == 2


def test_a_kernel_that_can_not_start_says_why_and_costs_the_next_one_nothing(sandbox: Sandbox, attempt: Try) -> None:
    connection = {"transport": "ipc", "ip": "/nowhere/k", "shell_port": 1, "key": "", "signature_scheme": "hmac-sha256"}
    with pytest.raises(SandboxError, match=r"a kernel did not start: ZMQError: No such file"):
        sandbox.launch(connection, {})
    assert attempt("1 + 1").shown == ["2"]


def test_signals_do_what_they_do_in_every_python(attempt_flat: Try) -> None:
    """A write to what nobody reads any more is an error to catch: it ended the kernel, also where the judge refused what it need not read."""
    tried = attempt_flat(
        "import signal\nprint(sorted(n.name for n in signal.Signals if signal.getsignal(n) == signal.SIG_IGN), signal.getsignal(2) is signal.default_int_handler)",
        "import os\nreading, writing = os.pipe(); os.close(reading); os.write(writing, b'x')",
        "import socket\none, other = socket.socketpair(); other.close(); one.sendall(b'x')",
    )
    assert tried.shown == ["['SIGPIPE', 'SIGXFSZ'] True", *["BrokenPipeError: [Errno 32] Broken pipe"] * 2]
