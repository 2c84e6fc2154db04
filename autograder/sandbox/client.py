"""nbclient for kernels that may send anything: what comes is counted, and as much of it kept as a notebook may hold."""

from __future__ import annotations

import asyncio
import queue
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import nbformat
import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode

from autograder.sandbox import outputs
from autograder.sandbox.granted_time import Given, require_some

FLOOD = 20  # a cell that prints this many times the notebook's whole allowance is interrupted
# All seconds below are of what the kernel is given (granted_time.py).
PLAIN_SECONDS = 1.0  # for which nobody looks how much that is
SLICE_SECONDS = 5.0  # after which one looks whether this process itself stood still
LOOK_SECONDS = 0.5  # between two looks whether a reply has come
ASK_SECONDS = 5.0  # after which a kernel that is silent about a cell is asked something that it answers after it
# How long after the end of a cell its reply may come: a kernel sends it before it says that the cell has ended.
REPLY_SECONDS = 1.0
# How long a kernel that has ended a cell may take to answer: a thread of the notebook's may keep it busy.
ANSWER_SECONDS = 30.0
OUTPUT_SECONDS = 4.0  # how long after a cell's reply, or after the last of its outputs, the next one may come
QUIET = 2  # cells in a row whose end nobody heard of: what would show it has probably ended
QUIET_SECONDS = 0.5  # how long is waited for what it would say from then on


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
    given: Given
    received = 0  # messages
    _quiet = 0

    async def within(self, seconds: float, *what: asyncio.Future[Any]) -> bool:
        """Wait for one of `what` until the kernel has been given so many seconds. Did it come? Raises MachineLow."""
        started, before = time.monotonic(), self.given.withheld
        if await self._slice(min(PLAIN_SECONDS, seconds), what):
            return True
        stood = self.given.withheld - before
        self.given.look()  # what others had before this wait is none of its own
        withheld = self.given.withheld - stood
        while (until := started + seconds + self.given.withheld - withheld) > time.monotonic():
            while (left := until - time.monotonic()) > 0:
                if await self._slice(min(left, SLICE_SECONDS), what):
                    return True
            self.given.look()
            require_some(self.given.withheld - withheld - PLAIN_SECONDS, seconds)
        return False

    async def _slice(self, seconds: float, what: Sequence[asyncio.Future[Any]]) -> bool:
        """Wait so long. Where more passes, and this process wasn't busy, it stood still: what the kernel said meanwhile is yet to be read."""
        began, used = time.monotonic(), time.process_time()
        done = (await asyncio.wait(what, timeout=seconds, return_when=asyncio.FIRST_COMPLETED))[0]
        self.given.late(time.monotonic() - began - max(seconds, time.process_time() - used))
        return bool(done)

    async def _async_poll_for_reply(
        self, msg_id: str, cell: NotebookNode, timeout: float, outputs: asyncio.Future[Any], alive: asyncio.Future[Any]
    ) -> dict[str, Any]:
        """nbclient's, which would wait for the whole time of a cell for a reply that can't come any more, and not as long as outputs come.

        Raises CellTimeoutError, NoReply, MachineLow.
        """
        patience = ASK_SECONDS if self._quiet < QUIET else QUIET_SECONDS
        asked: list[str] = []
        reply = asyncio.ensure_future(self.answer(msg_id, asked))
        try:
            if not await self.within(min(patience, timeout), reply, outputs) and timeout > patience:
                asked.append(self.kc.kernel_info())
                await self.within(timeout - patience, reply, outputs)
            if not (reply.done() or outputs.done()):
                await self._async_check_alive()
                raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", timeout, cell)
            if outputs.done():
                outputs.result()
            if not reply.done() and not await self.within(REPLY_SECONDS, reply):
                asked.append(self.kc.kernel_info())
                if not await self.within(ANSWER_SECONDS, reply):
                    raise NoReply
            await self._rest(outputs)
            # One that has stopped here is not one that shows nothing. Where it is ended meanwhile, nbclient ends this.
            if not (self.idle or await self.answers(ANSWER_SECONDS)):
                raise NoReply
        finally:
            reply.cancel()
            alive.cancel()
        self._quiet = 0 if self.idle else self._quiet + 1
        return reply.result()

    async def answers(self, seconds: float) -> bool:
        """Does the kernel answer a question before it was given so many seconds?"""
        try:
            asked = self.kc.kernel_info()
        except zmq.Again:
            return False
        answer = asyncio.ensure_future(self.answer("", [asked]))
        try:
            return await self.within(seconds, answer) and answer.exception() is None
        finally:
            answer.cancel()

    async def answer(self, msg_id: str, asked: list[str]) -> dict[str, Any]:
        """The reply to a cell; an empty one where the kernel, which answers in order, answers a later question, one of those in `asked`."""
        while True:
            try:  # again and again: a question that is sent meanwhile may swallow the sign that something came
                message: dict[str, Any] = await self.kc.shell_channel.get_msg(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            parent = message["parent_header"].get("msg_id")
            if parent == msg_id:
                return message
            if parent in asked:
                return {"content": {"status": "ok"}}

    async def _rest(self, outputs: asyncio.Future[Any]) -> None:
        """Wait for what a cell has yet to show, as long as something comes; who ends no cell is soon not waited for."""
        patience, rest = (OUTPUT_SECONDS, ANSWER_SECONDS) if self._quiet < QUIET else (QUIET_SECONDS, QUIET_SECONDS)
        until, seen = time.monotonic() + rest - self.given.withheld, -1
        while not outputs.done() and seen != self.received and time.monotonic() - self.given.withheld < until:
            seen = self.received
            await self.within(patience, outputs)
        if outputs.done():
            outputs.result()
        outputs.cancel()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        self.received += 1
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
        try:
            return super().process_message(msg, cell, cell_index)
        except nbformat.ValidationError:  # no notebook can hold it: {"text/plain": 5}, say, which Jupyter shows anyhow
            return None

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
