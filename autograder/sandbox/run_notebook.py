"""Execute one notebook in a sandbox: ``run_notebook(nb, sandbox, ...) -> Run``.

Whatever the notebook does, this returns in time, with the outputs so far and a sentence for the student about each limit
that was broken. Only a broken sandbox raises (SandboxError), because that is not the student's fault.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import zmq
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder.common.errors import MachineLow, SandboxError
from autograder.common.i18n import N_, _
from autograder.sandbox import listener_memory, outputs, provisioner
from autograder.sandbox.client import Client
from autograder.sandbox.granted_time import Given, of_process, require_some
from autograder.sandbox.host import Sandbox
from autograder.sandbox.inside import resource_watch

READY_SECONDS = 30.0  # how long a fresh kernel may take to answer
ANSWER_SECONDS = 5.0  # of what it is given: how long an interrupted kernel may take to answer again
MESSAGE_BYTES = 256 << 20  # of one part
MESSAGES = 8  # that may wait for this process; the others wait in the kernel's memory, which is limited

STOPPED = N_("cell {number} was stopped after {seconds:g} s")
NOTEBOOK_STOPPED = N_("the notebook was stopped in cell {number}, because it took longer than {seconds:g} s in all")
UNRESPONSIVE = N_("cell {number} could not be interrupted after {seconds:g} s, so the notebook ended there")
CUT = N_("the output of cell {number} was cut: the notebook printed more than {kilobytes} KB")
FLOODED = N_("cell {number} was stopped because it printed without end")
DIED_ALONE = N_("the kernel ended in cell {number} (exit code {code}), so the cells after it were not run")
BROKE = N_("cell {number} broke a limit ({reason}), so the notebook ended there")
UNREADABLE = N_("cell {number} made the kernel send messages that can't be read, so the notebook ended there")


@dataclass(frozen=True)
class Break:
    """One broken limit: `cell` is the cell's index in the notebook; `limit` one of cell_seconds, notebook_seconds,
    output, memory, processes, sockets, files, kernel (it ended by itself), messages; `sentence` is for the student."""

    cell: int
    limit: str
    sentence: str
    stops: bool = True  # the cell, which may raise for it; an output that was cut stops nothing


@dataclass(frozen=True)
class Run:
    """How a notebook went. `executed`: code cells that ran to their end. `died`: the kernel ended by itself.

    `finished`: every cell was run (cells stopped by an interrupt included). `seconds`: from the first to the last moment,
    the first `start_seconds` of them until the kernel answered.
    """

    breaks: tuple[Break, ...] = ()
    executed: int = 0
    died: bool = False
    finished: bool = True
    seconds: float = 0.0
    start_seconds: float = 0.0
    code: int | None = None  # the exit code of a kernel that died by itself; 137 when somebody killed it


def run_notebook(
    nb: NotebookNode,
    sandbox: Sandbox,
    *,
    environment: Mapping[str, str] | None = None,
    cell_seconds: float | None = None,
    notebook_seconds: float | None = None,
    output_bytes: int | None = None,
    on_cell: Callable[[int], None] | None = None,
    helper: int = 0,
) -> Run:
    """Execute `nb` in place; the limits default to the sandbox's. `on_cell(index)` is called before each code cell.

    Limits in seconds are of what the machine gives the kernel, and the process `helper`, which it waits for: see `granted_time`.

    Call it from any thread, also under a running event loop. The sandbox is reset afterwards.
    """
    sandbox.start()  # here, because bwrap's lifeline is tied to the thread that starts it
    limits = sandbox.limits
    job = run_notebook_async(
        nb, sandbox,
        environment=environment or {},
        cell_seconds=limits.cell_seconds if cell_seconds is None else cell_seconds,
        notebook_seconds=limits.notebook_seconds if notebook_seconds is None else notebook_seconds,
        output_bytes=limits.output_kb * 1024 if output_bytes is None else output_bytes,
        on_cell=on_cell, helper=helper,
    )  # fmt: skip
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(job)
    done: list[Run | BaseException] = []

    def in_own_loop() -> None:
        try:
            done.append(asyncio.run(job))
        except BaseException as error:
            done.append(error)

    # In a copy of this context: the language that is spoken here is spoken there.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(in_own_loop,))
    thread.start()
    thread.join()
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


async def run_notebook_async(
    nb: NotebookNode,
    sandbox: Sandbox,
    *,
    environment: Mapping[str, str],
    cell_seconds: float,
    notebook_seconds: float,
    output_bytes: int,
    on_cell: Callable[[int], None] | None = None,
    helper: int = 0,
) -> Run:
    """`run_notebook` for those who have an event loop."""
    started = time.monotonic()
    manager = AsyncKernelManager(kernel_name=provisioner.NAME)
    manager._kernel_spec = provisioner.kernel_spec()
    manager.provisioner = provisioner.SandboxProvisioner(
        sandbox=sandbox, environment=dict(environment), parent=manager, kernel_spec=manager._kernel_spec
    )
    manager.context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)  # for the sockets made from now on
    manager.context.setsockopt(zmq.RCVHWM, MESSAGES)
    manager.context.setsockopt(
        zmq.SNDTIMEO, 0
    )  # of a kernel that broke its connections nothing takes what is sent, ever
    client = Client(nb, km=manager, allow_errors=True, store_widget_state=False, coalesce_streams=False)
    client.record_timing = False  # the same submission gives the same executed notebook
    client.log.setLevel("CRITICAL")
    client.allowance, client.shown = output_bytes, Counter()
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    execution = _Execution(client, sandbox, cell_seconds, notebook_seconds, output_bytes, on_cell)
    try:
        await _open(client)
        client.given = Given(manager.provisioner.kernel.spent, *([partial(of_process, helper)] if helper else []))
        with listener_memory.watched(manager.provisioner.kernel.kill) as execution.memory:
            return await execution.run(started)
    finally:
        await _close(client)


async def _open(client: Client) -> None:
    await client.async_start_new_kernel()
    try:
        client.kc = client.km.client(context=client.km.context)
        client.kc.allow_stdin = False
        outputs.read_little(client.kc.session, 2 * client.allowance)
        client.kc.start_channels(stdin=False, hb=False)
        await asyncio.wait_for(_answering(client.kc), READY_SECONDS)
    except (RuntimeError, TimeoutError) as error:
        why = str(error) or f"{READY_SECONDS:g} s"
        raise SandboxError(_("a kernel started and does not answer: {error}", error=why)) from error


async def _answering(channels: Any) -> None:
    """Returns once an answer came over the shell and was announced on iopub, so that nothing printed later is missed.

    jupyter_client's ``wait_for_ready`` then goes on to wait 0.2 s for messages that don't come.
    """
    while True:
        asked = channels.kernel_info()
        try:
            await channels.shell_channel.get_msg(timeout=1)
            while True:
                message = await channels.iopub_channel.get_msg(timeout=0.2)
                if (
                    message["parent_header"].get("msg_id") == asked
                    and message["content"].get("execution_state") == "idle"
                ):
                    return
        except queue.Empty:
            if not await channels.parent.is_alive():
                raise RuntimeError("the kernel has died") from None


async def _close(client: Client) -> None:
    if client.kc is not None:
        client.kc.stop_channels()
    await client.km.provisioner.kill()
    await client.km._async_cleanup_resources()


@dataclass
class _Execution:
    client: Client
    sandbox: Sandbox
    cell_seconds: float
    notebook_seconds: float
    output_bytes: int
    on_cell: Callable[[int], None] | None
    memory: listener_memory.Watch = field(default_factory=listener_memory.Watch)
    code: int | None = None

    def __post_init__(self) -> None:
        self.breaks: list[Break] = []
        self.executed, self.died = 0, False

    async def run(self, started: float) -> Run:
        finished = True
        ready = time.monotonic() - started
        deadline = started + self.notebook_seconds
        for index, cell in enumerate(self.client.nb.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            if self.on_cell is not None:
                self.on_cell(index)
            goes_on = await self._cell(index, cell, deadline)
            outputs.tidy(cell)
            if self.client.cut_at == index:
                self._broke(index, cell, "output", CUT, stops=False, kilobytes=self.output_bytes // 1024)
            if self.client.flooding:
                self._broke(index, cell, "output", FLOODED)
                self.client.flooding, self.client.used = False, self.client.allowance
            if not goes_on:
                finished = False
                break
        took = time.monotonic() - started
        return Run(tuple(self.breaks), self.executed, self.died, finished, took, ready, self.code)

    def _broke(
        self, index: int, cell: NotebookNode, limit: str, template: str, stops: bool = True, **values: Any
    ) -> None:
        sentence = _(template, number=index + 1, **values)
        self.breaks.append(Break(index, limit, sentence, stops))
        outputs.note(cell, sentence)

    async def _cell(self, index: int, cell: NotebookNode, deadline: float) -> bool:
        """Run one cell. False when the notebook can't go on."""
        require_some(self.client.given.withheld, self.notebook_seconds)
        left = deadline + self.client.given.withheld - time.monotonic()
        self.client.cell_timeout = max(0.1, min(self.cell_seconds, left))
        self.client.idle = False
        kernel = self.client.km.provisioner.kernel
        before = self.client.used
        try:
            await self.client.async_execute_cell(cell, index, execution_count=self.client.code_cells_executed + 1)
            self.executed += 1
            if not self.client.idle and self.client.cut_at is None:
                self.client.cut_at = index
            return True
        except CellTimeoutError:
            if left < self.cell_seconds:
                self._broke(index, cell, "notebook_seconds", NOTEBOOK_STOPPED, seconds=self.notebook_seconds)
                return False
            # A cell that prints without end is said to do so, whichever limit this machine's speed lets it reach first.
            self.client.flooding |= self.client.used > max(before, self.client.allowance)
            if await self._interrupted():
                if not self.client.flooding:
                    self._broke(index, cell, "cell_seconds", STOPPED, seconds=self.cell_seconds)
                return True
            broke = kernel.ended()
            if not broke and self.client.flooding:
                return False
            if not broke:
                self._broke(index, cell, "cell_seconds", UNRESPONSIVE, seconds=self.cell_seconds)
                return False
        except DeadKernelError:
            broke = kernel.ended()
        except MachineLow:
            raise
        except Exception:  # an unsigned, unpackable, incomplete or forged message: only student code can have sent it
            self._broke(index, cell, "messages", UNREADABLE)
            return False
        if broke and broke.limit in resource_watch.NOT_THE_NOTEBOOKS:
            kind = MachineLow if broke.limit == "machine" else SandboxError
            raise kind(str(broke), _("Run the command again; if it happens again, look at the notebook by hand."))
        if broke:
            self._broke(index, cell, broke.limit, BROKE, reason=broke)
        elif self.memory.over:
            self._broke(index, cell, "messages", UNREADABLE)
        else:
            self.died, self.code = True, kernel.poll()
            self._broke(index, cell, "kernel", DIED_ALONE, code=kernel.poll())
        return False

    async def _interrupted(self) -> bool:
        """Interrupt the running cell: does the kernel answer again?"""
        await self.client.km.interrupt_kernel()
        return await self.client.answers(ANSWER_SECONDS)
