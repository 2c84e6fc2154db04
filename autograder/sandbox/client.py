"""nbclient for kernels that may send anything: what comes is counted, and as much of it kept as a notebook may hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.sandbox import outputs

FLOOD = 20  # a cell that prints this many times the notebook's whole allowance is interrupted


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
