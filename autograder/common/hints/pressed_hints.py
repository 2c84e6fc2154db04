"""Hints in steps: how one is shown, and how a notebook remembers which were: in the metadata of the output that shows it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from autograder.common.i18n import _
from autograder.common.showing.outcome_table import FRAME, rich, show

MOST = 3  # hints of a question
KEY = "autograder_hint"


def show_hint(question: str, title: str, number: int, hints: tuple[str, ...]) -> None:
    """The hint with this `number`, from 1. It is remembered in the notebook, so that a class's teacher can count what people needed."""
    head = _("Hint {number} of {most}", number=number, most=len(hints))
    table = Table(title=escape(f"{question}  {title}"), title_justify="left", title_style="bold", show_header=False)
    table.add_column(overflow="fold")
    table.add_row(escape(f"{head}: {hints[number - 1]}"))
    page = (
        f'<table style="{FRAME};border-left:4px solid #59636e" class="autograder-hint"><tbody><tr style="background:none">'
        f'<td style="text-align:left;padding:5px 10px;white-space:normal"><b>{html.escape(head)}</b> '
        f"<code>{html.escape(question)}</code><br>{rich(hints[number - 1])}</td></tr></tbody></table>"
    )
    show(page, table, {KEY: {"question": question, "number": number}})


def pressed(notebook: Mapping[str, Any]) -> dict[str, int]:
    """How many hints a notebook shows of each question. What it says is a student's, and believed for nothing but this count."""
    found: dict[str, int] = {}
    for cell in notebook.get("cells", ()):
        for output in cell.get("outputs", ()) if isinstance(cell, Mapping) else ():
            metadata = output.get("metadata") if isinstance(output, Mapping) else None
            entry = metadata.get(KEY) if isinstance(metadata, Mapping) else None
            question, number = (
                (entry.get(key) for key in ("question", "number")) if isinstance(entry, Mapping) else (None, None)
            )
            if type(question) is str and len(question) <= 82 and type(number) is int and 1 <= number <= MOST:
                found[question] = max(number, found.get(question, 0))
    return found
