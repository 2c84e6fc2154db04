"""nbclient for kernels that may send anything: what comes is counted, and as much of it kept as a notebook may hold."""

from __future__ import annotations

import asyncio
import queue
import time
from collections import Counter
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.sandbox import outputs

FLOOD = 20  # a cell that prints this many times the notebook's whole allowance is interrupted
REPLY_SECONDS = (
    1.0  # how long after the end of a cell its reply may come: a kernel sends it before it says that the cell has ended
)
ANSWER_SECONDS = (
    30.0  # how long a kernel that has ended a cell may take to answer: a thread of the notebook's may keep it busy
)
OUTPUT_SECONDS = 4.0  # how long after a cell's reply its outputs may come
QUIET = 2  # cells in a row whose end nobody heard of: what would show it has probably ended
QUIET_SECONDS = 0.5  # how long is waited for outputs from then on


class NoReply(Exception):
    """A kernel said that a cell was done, and sent no reply, nor any to what it was asked then."""


class Client(NotebookClient):  # type: ignore[misc]
    """nbclient without widgets, and with an allowance for output. What comes from a kernel may be anything."""

    allowance = 0
    used = 0
    cut_at: int | None = None
    flooding = False
    shown: Counter[int]  # outputs, by cell
    idle = False  # did the kernel say that the cell was done? Not when a message was too large to come in

    def _get_timeout(self, cell: NotebookNode | None) -> float | None:
        # nbclient's own takes whole seconds only, and none for "no limit at all".
        return self.cell_timeout

    cell_timeout: float = 1.0
    _quiet = 0

    @property
    def iopub_timeout(self) -> float:
        return OUTPUT_SECONDS if self._quiet < QUIET else QUIET_SECONDS

    async def _async_poll_for_reply(
        self, msg_id: str, cell: NotebookNode, timeout: float | None, outputs: Any, alive: Any
    ) -> dict[str, Any]:
        """nbclient's, which would wait for the whole time of a cell for a reply, and after each for outputs, that can't come any more.

        Raises NoReply.
        """
        reply = asyncio.ensure_future(super()._async_poll_for_reply(msg_id, cell, timeout, outputs, alive))
        try:
            await asyncio.wait({reply, outputs}, return_when=asyncio.FIRST_COMPLETED)
            if self.idle:
                await asyncio.wait({reply}, timeout=REPLY_SECONDS)
            if self.idle and not reply.done():
                reply.cancel()
                await asyncio.wait({reply})
                return await self._reply_or_none(msg_id)
            found: dict[str, Any] = await reply
        finally:
            reply.cancel()
            alive.cancel()
        self._quiet = 0 if self.idle else self._quiet + 1
        return found

    async def _reply_or_none(self, msg_id: str) -> dict[str, Any]:
        """The reply to a cell that is said to have ended; an empty one where the kernel, which answers in order, answers a later question."""
        asked = self.kc.kernel_info()
        deadline = time.monotonic() + ANSWER_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                message: dict[str, Any] = await self.kc.shell_channel.get_msg(timeout=left)
            except queue.Empty:
                break
            if message["parent_header"].get("msg_id") in (msg_id, asked):
                return message if message["parent_header"]["msg_id"] == msg_id else {"content": {"status": "ok"}}
        raise NoReply

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        kind = msg["msg_type"]
        if kind.startswith("comm"):
            return None
        if kind == "status":
            self.idle = self.idle or msg["content"].get("execution_state") == "idle"
        if kind == "execute_input":
            return None
        msg["content"].pop("execution_count", None)  # in whatever message: it is set by us, from our own counting
        if kind in outputs.COUNTED:
            size = min(outputs.size(msg["content"]), self.allowance + 1)  # one large message is cut, and is no flood
            self.used += size
            self.shown[cell_index] += kind not in ("stream", "error")
            many = self.shown[cell_index] > outputs.MOST
            if many:
                self.used += self.allowance // outputs.MOST  # also who shows nothing, without end, is stopped
            if many or self.used > self.allowance:
                if self.cut_at is None:
                    self.cut_at = cell_index
                    self._keep_start(msg, cell, size - (self.used - self.allowance))
                if self.used > FLOOD * self.allowance and not self.flooding:
                    self.flooding = True
                    self.km.provisioner.kernel.interrupt()
                if kind == "error":  # a cell raises once, and its error explains the questions that depend on it
                    cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
                    cell.outputs.append(outputs.short_error(msg["content"]))
                return None
            if kind == "execute_result":
                msg["content"]["execution_count"] = self.code_cells_executed
        return super().process_message(msg, cell, cell_index)

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], *place: Any) -> NotebookNode | None:
        printed = NotebookNode({**msg["content"], "output_type": msg["msg_type"]})
        if not outputs.is_printed(printed) or self.clear_before_next_output:
            return super().output(outs, msg, *place)  # which validates it
        outs.append(printed)
        return printed

    def _keep_start(self, msg: dict[str, Any], cell: NotebookNode, room: int) -> None:
        text = msg["content"].get("text")
        if msg["msg_type"] == "stream" and isinstance(text, str):
            cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text[: max(0, room)]))
