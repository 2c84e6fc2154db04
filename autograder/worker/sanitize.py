"""Outputs of a notebook that ran, without what could run in the browser of whoever reads them, and in a time that we choose.

nbconvert's sanitiser takes time that grows with the square of some inputs: it works within limits, cell by cell where it doesn't end on the
whole, and what it can't do is left out, with a sentence in its place.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.common.i18n import N_, _
from autograder.common.machine.confined import OverLimit, confined

SECONDS = 10  # of processor time for a notebook; those of the course take 0.05
CELL_SECONDS = 2
MEGABYTES = 512
ANSWER_MB = 64
LEFT_OUT = N_("What this cell showed is left out: it could not be made safe to look at")
_TAG = re.compile(r"<\s*[a-zA-Z!/?]")
_ATTACHED = re.compile(r"(attachment):([^\s()<>\"']{0,200})")
_SCRIPT_LINK = re.compile(r"(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)


def harmless(notebook: NotebookNode) -> NotebookNode:
    """The notebook without anything that runs in the browser of who looks at it: scripts, handlers, active images.

    nbconvert's own sanitiser, for outputs and for what text holds HTML tags; other text stays as it is. Never raises for what is
    in the notebook.
    """
    import nbconvert.preprocessors.sanitize  # noqa: F401 - here, once, and not anew in every child

    try:
        notebook.cells = _within(notebook.cells, SECONDS)
    except OverLimit:
        most = _children_used() + 2 * SECONDS
        notebook.cells = [_cell_or_sentence(one, late=_children_used() > most) for one in notebook.cells]
    return notebook


def _children_used() -> float:
    """Seconds of processor time of children that have ended: a busy machine leaves nobody's output out."""
    used = os.times()
    return used.children_user + used.children_system


def _within(cells: list[NotebookNode], seconds: int) -> list[NotebookNode]:
    answer = confined(_sanitised(cells), seconds=seconds, megabytes=MEGABYTES, answer_mb=ANSWER_MB)
    return [nbformat.from_dict(cell) for cell in answer]


def _cell_or_sentence(cell: NotebookNode, late: bool) -> NotebookNode:
    try:
        if not late:
            return _within([cell], CELL_SECONDS)[0]
    except OverLimit:
        pass
    sentence = _(LEFT_OUT)
    if cell.cell_type == "code":
        cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text=f"[autograder] {sentence}.\n")]
    else:
        cell.source = f"{sentence}."
    return cell


def _sanitised(cells: list[NotebookNode]) -> Callable[[], Any]:
    def work() -> list[NotebookNode]:
        from nbconvert.preprocessors.sanitize import SanitizeHTML

        sanitizer = SanitizeHTML()
        return [_sanitised_cell(sanitizer, cell, index) for index, cell in enumerate(cells)]

    return work


def _sanitised_cell(sanitizer: Any, cell: NotebookNode, index: int) -> NotebookNode:
    for output in cell.get("outputs", []):
        if "text/markdown" in output.get("data", {}):
            output.data["text/markdown"] = _without_script_links(str(output.data["text/markdown"]))
    if cell.cell_type != "code":
        kept = cell.get("attachments", {})  # nbconvert makes no page of a notebook that lacks one
        cell.source = _ATTACHED.sub(
            lambda one: one[0] if one[2] in kept else f"{one[1]}-{one[2]}", _without_script_links(cell.source)
        )
    if cell.cell_type == "code" or _TAG.search(cell.source):
        cell, _resources = sanitizer.preprocess_cell(cell, {}, index)
    return cell


def _without_script_links(text: str) -> str:
    """Markdown links may be scripts too, and be written with character references."""
    decoded = html.unescape(text)
    return _SCRIPT_LINK.sub("script-", decoded) if _SCRIPT_LINK.search(decoded) else text
