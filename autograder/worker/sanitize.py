"""Outputs of a notebook that ran, without what could run in the browser of whoever reads them."""

from __future__ import annotations

import html
import re

from nbformat import NotebookNode

_TAG = re.compile(r"<\s*[a-zA-Z!/?]")


_SCRIPT_LINK = re.compile(r"(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)


def _without_script_links(text: str) -> str:
    """Markdown links may be scripts too, and be written with character references."""
    decoded = html.unescape(text)
    return _SCRIPT_LINK.sub("script-", decoded) if _SCRIPT_LINK.search(decoded) else text


def harmless(notebook: NotebookNode) -> NotebookNode:
    """The notebook without anything that runs in the browser of who looks at it: scripts, handlers, active images.

    nbconvert's own sanitizer, for outputs and for what text holds HTML tags; other text stays as it is.
    """
    from nbconvert.preprocessors.sanitize import SanitizeHTML

    sanitizer = SanitizeHTML()
    cells = []
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = _without_script_links(str(output.data["text/markdown"]))
        if cell.cell_type != "code":
            cell.source = _without_script_links(cell.source)
        if cell.cell_type == "code" or _TAG.search(cell.source):
            cell, _ = sanitizer.preprocess_cell(cell, {}, index)
        cells.append(cell)
    notebook.cells = cells
    return notebook
